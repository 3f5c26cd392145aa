"""Whole numbers in a query."""

from __future__ import annotations

import re

from detente.http import BadRequest


def whole(text: str | None, where: str, usual: int, most: int) -> int:
    """The number that a text is, from 1 to `most`; `usual` if there is none.

    Raises:
        BadRequest: it is no such number.
    """
    if text is None:
        return usual
    if not re.fullmatch(r"\d{1,19}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise BadRequest(f"It is a whole number from 1 to {most}.", where=where)
    return int(text)
