"""Numbers as XML documents write them."""

from __future__ import annotations

import math

from detente.interchange.understood import shown, unread


def number_of(text: str, line: int) -> float:
    """A finite number.

    Raises:
        Unread: it is none.
    """
    try:
        value = float(text) if len(text) <= 40 and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        unread(
            f'"{shown(text)}" is not a number.',
            f"«\u202f{shown(text)}\u202f» n’est pas un nombre.",
            line=line,
        )
    return value
