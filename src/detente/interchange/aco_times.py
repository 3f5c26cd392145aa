"""Times of airspace control orders: date-time groups, the order's period, periods of measures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .understood import Span, refused, shown, unread
from .zulu import MONTHS, date_of, instant_us

_GROUP: Final = re.compile(rf"(\d{{2}})(\d{{2}})(\d{{2}})Z?({'|'.join(MONTHS)})(\d{{4}}|\d{{2}})?")
_OPEN: Final = frozenset({"UFN", "INDEF"})
_DURATION: Final = re.compile(r"(\d{1,3})\s?(DAYS?|WKS?|WEEKS?)")
_DAY_US: Final = 86_400_000_000
_SPANS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Period:
    """The time for which an order holds; its begin gives the year to times without one."""

    span: Span
    year: int
    month: int


def moment(text: str, line: int, period: Period | None, year: int | None) -> int:
    """The instant of a date-time group such as `141530ZFEB` or `141530ZFEB2026`.

    Raises:
        Unread: it is none, or nothing says the year.
    """
    match = _GROUP.fullmatch(text.upper().replace(" ", ""))
    if match is None:
        unread(
            f'"{shown(text)}" is not a date-time group.',
            f"«\u202f{shown(text)}\u202f» n’est pas un groupe date-heure.",
            do_en="Write it like 141530ZFEB2026.",
            do_fr="Écrivez-le comme 141530ZFEB2026.",
            line=line,
        )
    month = MONTHS.index(match[4]) + 1
    if match[5]:
        in_year = int(match[5]) + (2000 if len(match[5]) == 2 else 0)
    elif period is not None:
        in_year = period.year + (month < period.month)
    elif year is not None:
        in_year = year
    else:
        unread(
            f'"{shown(text)}" has no year, and the order has no PERIOD that gives it.',
            f"«\u202f{shown(text)}\u202f» n’a pas d’année, et l’ordre pas de PERIOD qui la donne.",
            do_en="Write the year after the month, or say the year of the import.",
            do_fr="Écrivez l’année après le mois, ou dites l’année de l’import.",
            line=line,
        )
    try:
        return instant_us(in_year, month, int(match[1]), int(match[2]), int(match[3]))
    except ValueError as problem:
        raise refused(
            f'"{shown(text)}" is no time: {problem}.',
            f"«\u202f{shown(text)}\u202f» n’est pas une heure.",
            line=line,
        ) from problem


def period_of(fields: tuple[str, ...], line: int, year: int | None) -> Period:
    """The order's own period: begin and end, the end possibly open.

    Raises:
        Unread: it is not two times in order.
    """
    if len(fields) < 2:
        unread(
            "The PERIOD has no begin and end.",
            "Le PERIOD n’a pas de début et de fin.",
            line=line,
        )
    begin = moment(fields[0], line, None, year)
    first = date_of(begin)
    known = Period(Span(begin, None, line), first.year, first.month)
    if fields[1].upper() in _OPEN:
        return known
    end = moment(fields[1], line, known, year)
    _after(begin, end, line)
    return Period(Span(begin, end, line), first.year, first.month)


def _after(begin: int, end: int, line: int) -> None:
    if end <= begin:
        unread(
            "The end is not after the begin.",
            "La fin n’est pas après le début.",
            line=line,
        )


def active(
    fields: tuple[str, ...], line: int, period: Period | None, year: int | None
) -> list[Span]:
    """The spans of an APERIOD: one if DISCRETE, one a day if INTERVAL and DAILY.

    Raises:
        Unread: it is another interval, or hangs on something that is not said.
    """
    mode = fields[0].upper() if fields else ""
    if mode not in ("DISCRETE", "INTERVAL") or len(fields) < 3:
        unread(
            f'The period "{shown("/".join(fields))}" is not read.',
            f"La période «\u202f{shown('/'.join(fields))}\u202f» n’est pas lue.",
            do_en="Write APERIOD/DISCRETE/141530ZFEB2026/141730ZFEB2026//.",
            do_fr="Écrivez APERIOD/DISCRETE/141530ZFEB2026/141730ZFEB2026//.",
            line=line,
        )
    begin = moment(fields[1], line, period, year)
    if mode == "DISCRETE" and fields[2].upper() in _OPEN:
        return [Span(begin, None, line)]
    end = moment(fields[2], line, period, year)
    _after(begin, end, line)
    if mode == "DISCRETE":
        return [Span(begin, end, line)]
    frequency = fields[3].upper() if len(fields) > 3 else ""
    until = fields[4].upper() if len(fields) > 4 else ""
    if frequency != "DAILY" or not until:
        unread(
            f'The interval "{shown(frequency)}" for "{shown(until)}" is not read.',
            f"L’intervalle «\u202f{shown(frequency)}\u202f» pour «\u202f{shown(until)}\u202f» "
            "n’est pas lu.",
            do_en="Write each time as an APERIOD/DISCRETE of its own, or DAILY with its end.",
            do_fr="Écrivez chaque heure comme un APERIOD/DISCRETE, ou DAILY avec sa durée.",
            line=line,
        )
    duration = _DURATION.fullmatch(until)
    if duration is not None:
        days = int(duration[1]) * (1 if duration[2].startswith("D") else 7)
        last = begin + days * _DAY_US
    else:
        last = moment(until, line, period, year)
    count = -(-(last - begin) // _DAY_US)
    if not 1 <= count <= _SPANS_MAX:
        unread(
            f"The interval would repeat {count} times; 1 to {_SPANS_MAX} are read.",
            f"L’intervalle se répéterait {count} fois\u202f; on en lit 1 à {_SPANS_MAX}.",
            line=line,
        )
    return [Span(begin + k * _DAY_US, end + k * _DAY_US, line) for k in range(count)]
