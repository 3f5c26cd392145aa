"""What people read, in English and in French."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

Language = Literal["en", "fr"]

NARROW: Final = "\u202f"
"""Narrow no-break space: French sets it before ; : ! ? and between groups of digits."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages. As a string it is the English one."""

    en: str
    fr: str

    def __str__(self) -> str:
        return self.en

    def __iter__(self) -> Iterator[str]:
        """The English text, then the French one."""
        return iter((self.en, self.fr))

    def to(self, language: Language) -> str:
        """The text in one language."""
        return self.en if language == "en" else self.fr


def same(text: str) -> Words:
    """A text that is the same in both: a name, an id, a hash."""
    return Words(text, text)


def bilingual(text: str | Words) -> Words:
    """A text that may be the same in both languages, such as a name, as one that has both."""
    return text if isinstance(text, Words) else same(text)


def choose(texts: Mapping[str, str]) -> Words:
    """A text that parties wrote: in each language, or in the first that there is."""
    first = next(iter(texts.values()), "")
    return Words(texts.get("en", first), texts.get("fr", first))


def number(value: float, decimals: int = 0) -> Words:
    """A number with its digits in groups of three."""
    text = f"{value:,.{decimals}f}"
    return Words(text, text.replace(",", NARROW).replace(".", ","))


def quantity(value: float, one: Words, many: Words, decimals: int = 0) -> Words:
    """A number and what it counts. French has the singular below two, English for one only."""
    shown = number(value, decimals)
    en = one.en if value == 1 else many.en
    fr = one.fr if abs(value) < 2 else many.fr
    return Words(f"{shown.en} {en}", f"{shown.fr}\u00a0{fr}")


def moment(instant: datetime) -> Words:
    """An instant, in UTC."""
    utc = instant.astimezone(UTC)
    clock = utc.strftime("%H:%M:%S") if utc.second else utc.strftime("%H:%M")
    en = f"{utc.day} {_MONTHS[utc.month - 1][0]} {utc.year}, {clock} UTC"
    day = "1er" if utc.day == 1 else str(utc.day)
    hours = utc.strftime("%H\u00a0h\u00a0%M")
    if utc.second:
        hours += utc.strftime("\u00a0min\u00a0%S\u00a0s")
    fr = f"{day} {_MONTHS[utc.month - 1][1]} {utc.year}, {hours} UTC"
    return Words(en, fr)


def listed(parts: Sequence[Words]) -> Words:
    """Several texts with commas between."""
    return Words(", ".join(part.en for part in parts), ", ".join(part.fr for part in parts))


_MONTHS: Final = (
    ("January", "janvier"),
    ("February", "février"),
    ("March", "mars"),
    ("April", "avril"),
    ("May", "mai"),
    ("June", "juin"),
    ("July", "juillet"),
    ("August", "août"),
    ("September", "septembre"),
    ("October", "octobre"),
    ("November", "novembre"),
    ("December", "décembre"),
)
