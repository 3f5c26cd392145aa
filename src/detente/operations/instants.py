"""Instants: RFC 3339 text as people and files write it, µs since 1970 inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def parse_instant(text: str) -> int:
    """Microseconds since 1970 UTC of an RFC 3339 date-time; digits beyond microseconds are cut.

    Raises:
        ValueError: when it is not one, or lacks its zone.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date and time with a zone, like 2026-05-01T09:00:00Z")
    digits = match.group(1)
    if digits is not None and len(digits) > 7:
        text = text.replace(digits, digits[:7], 1)
    return (datetime.fromisoformat(text.upper()) - _EPOCH) // _MICROSECOND


def format_instant(time_us: int) -> str:
    """RFC 3339 in UTC, with as many digits as the instant needs."""
    text = (_EPOCH + timedelta(microseconds=time_us)).isoformat()
    return text.removesuffix("+00:00") + "Z"


def format_clock(time_us: int, *, date: bool = False) -> str:
    """Hours, minutes and seconds UTC for people, the date before it on request."""
    instant = _EPOCH + timedelta(microseconds=time_us)
    return instant.strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")
