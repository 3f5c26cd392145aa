"""What people read, in English and in French."""

from __future__ import annotations

from dataclasses import dataclass
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

    def to(self, language: Language) -> str:
        """The text in one language."""
        return self.en if language == "en" else self.fr


def same(text: str) -> Words:
    """A text that is the same in both: a name, an id, a hash."""
    return Words(text, text)
