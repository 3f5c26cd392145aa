"""French as it is set, and what strangers wrote as a terminal may show it."""

from __future__ import annotations

import re
from typing import Final

from detente.errors import printable
from detente.words import NARROW, Words

_BEFORE: Final = re.compile(r" (?=[;:!?»](?:\s|$))")


def told(en: str, fr: str) -> Words:
    """A text in both languages; the French one gets narrow spaces where it is set with them."""
    return Words(en, _BEFORE.sub(NARROW, fr).replace("« ", f"«{NARROW}"))


def indented(text: str) -> str:
    """What strangers wrote, on lines of its own: only lines of ours begin at the margin."""
    return printable(text).replace("\n", "\n    ")
