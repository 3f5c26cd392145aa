"""French as it is set, and what strangers wrote as a terminal may show it."""

from __future__ import annotations

import re
from typing import Final

from detente.errors import printable
from detente.words import NARROW, Words, same

_BEFORE: Final = re.compile(r" (?=[;:!?»](?:\s|$))")


def told(en: str, fr: str) -> Words:
    """A text in both languages; the French one gets narrow spaces where it is set with them."""
    return Words(en, _BEFORE.sub(NARROW, fr).replace("« ", f"«{NARROW}"))


COLON: Final = Words(":", f"{NARROW}:")


def labelled(label: Words, value: Words) -> Words:
    """A label, a colon as each language sets it, and what it labels."""
    return Words(f"{label.en}: {value.en}", f"{label.fr}{NARROW}: {value.fr}")


def filled(template: Words, **parts: Words | str) -> Words:
    """A text with its gaps filled, in both languages."""
    both = {name: same(part) if isinstance(part, str) else part for name, part in parts.items()}
    return Words(
        template.en.format(**{name: words.en for name, words in both.items()}),
        template.fr.format(**{name: words.fr for name, words in both.items()}),
    )


def indented(text: str) -> str:
    """What strangers wrote, on lines of its own: only lines of ours begin at the margin."""
    return printable(text).replace("\n", "\n    ")
