"""Instants as files write them, to µs since 1970 UTC. Without a zone there is no instant."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from .understood import shown, unread

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"(?:([Zz])|([+-])(\d\d):?(\d\d))",
    re.ASCII,
)
MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
YEAR_LEAST: Final = 1970
YEAR_MOST: Final = 2199


def instant_us(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """Microseconds since 1970 of a minute, UTC; 24:00 is the end of the day.

    Raises:
        ValueError: there is no such day or minute, or the year is not from 1970 to 2199.
    """
    if not YEAR_LEAST <= year <= YEAR_MOST:
        raise ValueError(f"the year {year} is not from {YEAR_LEAST} to {YEAR_MOST}")
    late = hour == 24 and minute == 0
    moment = datetime(year, month, day, 0 if late else hour, minute, tzinfo=UTC)
    return (moment - _EPOCH + (_DAY if late else timedelta())) // _MICROSECOND


def parse_moment(text: str, line: int = 0) -> int:
    """The instant of an ISO 8601 date and time with a zone; seconds may be missing.

    Raises:
        Unread: it is none, or has no zone.
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        unread(
            f'"{shown(text)}" is not a date and time with a zone.',
            f"«\u202f{shown(text)}\u202f» n’est pas une date et heure avec fuseau.",
            do_en="Write it like 2026-05-01T09:00:00Z.",
            do_fr="Écrivez-la comme 2026-05-01T09:00:00Z.",
            line=line,
        )
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    second = int(match[6] or 0)
    try:
        whole = instant_us(year, month, day, hour, minute)
        if second >= 60 or (second and hour == 24):
            raise ValueError("there is no such second")
        offset_min = 0
        if match[9]:
            if int(match[10]) > 23 or int(match[11]) > 59:
                raise ValueError("there is no such zone")
            offset_min = int(match[10]) * 60 + int(match[11])
    except ValueError as problem:
        unread(
            f'"{shown(text)}" is no instant: {problem}.',
            f"«\u202f{shown(text)}\u202f» n’est pas un instant.",
            line=line,
        )
    fraction = int((match[7] or "0").ljust(6, "0")[:6])
    sign = -1 if match[9] == "-" else 1
    return whole + second * 1_000_000 + fraction - sign * offset_min * 60_000_000


def date_of(time_us: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + timedelta(microseconds=time_us)
