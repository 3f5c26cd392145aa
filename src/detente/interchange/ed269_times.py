"""When a UAS zone applies (ED-269): always, in spans, at hours of days of the week."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any, Final

from detente.interchange.moments import EPOCH, instant
from detente.interchange.understood import Span, shown, unread

DAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
EVERY_DAY: Final = frozenset(range(7))
SPANS_MAX: Final = 5_000

_DAY_US: Final = 86_400_000_000
_US: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of days of the week. An end that is not after the start is on the next day.

    Attributes:
        days: 0 is Monday.
        start_us, end_us: since midnight; the whole day if both are 0.
        offset_us: of the zone that the hours are given in, east of UTC.
    """

    days: frozenset[int] = EVERY_DAY
    start_us: int = 0
    end_us: int = 0
    offset_us: int = 0

    @property
    def long_us(self) -> int:
        """How long each of them lasts."""
        return (self.end_us - self.start_us - 1) % _DAY_US + 1


@dataclass(frozen=True, slots=True)
class Applicability:
    """A span, and the hours within it.

    Attributes:
        start_us, end_us: None: since ever, for ever.
        hours: alternatives; none: all the time.
    """

    start_us: int | None = None
    end_us: int | None = None
    hours: tuple[Hours, ...] = ()


ALWAYS: Final = Applicability()


def read_applicability(given: Any, line: int) -> tuple[Applicability, ...]:
    """What the member `applicability` of a zone says; nothing is always.

    Raises:
        Unread: it cannot be understood.
    """
    if given is None:
        return (ALWAYS,)
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        unread(
            "applicability is a list of objects.",
            "applicability est une liste d’objets.",
            line=line,
        )
    return tuple(_one(each, line) for each in given) or (ALWAYS,)


def _one(given: dict[str, Any], line: int) -> Applicability:
    start = _moment(given.get("startDateTime"), line)
    end = _moment(given.get("endDateTime"), line)
    if given.get("permanent") in ("YES", True) and end is not None:
        unread(
            "The zone is permanent and has an end.",
            "La zone est permanente et a une fin.",
            do_en="Remove endDateTime, or write permanent: NO.",
            do_fr="Retirez endDateTime, ou écrivez permanent: NO.",
            line=line,
        )
    if start is not None and end is not None and end <= start:
        unread("The zone ends before it begins.", "La zone finit avant de commencer.", line=line)
    periods = given.get("schedule") or given.get("dailyPeriod") or []
    if not isinstance(periods, list) or not all(isinstance(each, dict) for each in periods):
        unread(
            "The daily periods are a list of objects.",
            "Les périodes journalières sont une liste d’objets.",
            line=line,
        )
    hours = tuple(_hours(each, line) for each in periods)
    if Hours() in hours:
        hours = ()
    return Applicability(start, end, hours)


def _moment(given: Any, line: int) -> int | None:
    if given is None or given == "":
        return None
    try:
        found = datetime.fromisoformat(given)
        if found.tzinfo is None:
            raise ValueError
        return (found.astimezone(UTC) - EPOCH) // _US
    except (TypeError, ValueError, OverflowError):
        unread(
            f'"{shown(str(given))}" is no time such as 2026-05-01T09:00:00Z.',
            f"«\u202f{shown(str(given))}\u202f» n’est pas une heure comme 2026-05-01T09:00:00Z.",
            do_en="Give the date, the time and the zone.",
            do_fr="Donnez la date, l’heure et le fuseau.",
            line=line,
        )


def _hours(given: dict[str, Any], line: int) -> Hours:
    said = given.get("day")
    names = [said] if isinstance(said, str) else said or []
    if not isinstance(names, list) or not all(each in (*DAYS, "ANY") for each in names):
        unread(
            f"{shown(str(said))} are no days of the week.",
            f"{shown(str(said))} ne sont pas des jours de la semaine.",
            do_en="Write MON, TUE, WED, THU, FRI, SAT, SUN, or ANY.",
            do_fr="Écrivez MON, TUE, WED, THU, FRI, SAT, SUN, ou ANY.",
            line=line,
        )
    days = EVERY_DAY if not names or "ANY" in names else frozenset(map(DAYS.index, names))
    start, offset = _clock(given.get("startTime"), line)
    end, end_offset = _clock(given.get("endTime"), line)
    if given.get("startTime") and given.get("endTime") and offset != end_offset:
        unread(
            "startTime and endTime are in different zones.",
            "startTime et endTime sont dans des fuseaux différents.",
            line=line,
        )
    return Hours(days, start, end, offset or end_offset)


def _clock(given: Any, line: int) -> tuple[int, int]:
    if given is None or given == "":
        return 0, 0
    try:
        found = time.fromisoformat(given)
    except (TypeError, ValueError):
        unread(
            f'"{shown(str(given))}" is no time of day such as 09:00:00Z.',
            f"«\u202f{shown(str(given))}\u202f» n’est pas une heure du jour comme 09:00:00Z.",
            line=line,
        )
    since = timedelta(
        hours=found.hour, minutes=found.minute, seconds=found.second, microseconds=found.microsecond
    )
    offset = found.utcoffset() or timedelta(0)
    return since // _US, offset // _US


def spans_of(every: Sequence[Applicability], start_us: int, end_us: int) -> tuple[Span, ...]:
    """When a zone applies between two moments, in order, those that touch joined.

    Raises:
        ValueError: there would be more than `SPANS_MAX`.
    """
    found: list[tuple[int, int]] = []
    for each in every:
        begin = start_us if each.start_us is None else max(start_us, each.start_us)
        end = end_us if each.end_us is None else min(end_us, each.end_us)
        if begin >= end:
            continue
        if not each.hours:
            found.append((begin, end))
        for hours in each.hours:
            for low, high in _days(hours, begin, end):
                if low < high:
                    found.append((low, high))
                if len(found) > SPANS_MAX:
                    msg = f"more than {SPANS_MAX} spans"
                    raise ValueError(msg)
    return tuple(Span(low, high) for low, high in _joined(found))


def _days(hours: Hours, begin_us: int, end_us: int) -> Iterable[tuple[int, int]]:
    zone = timezone(hours.offset_us * _US)
    day = (begin_us + hours.offset_us) // _DAY_US - 1
    while day * _DAY_US - hours.offset_us < end_us:
        low = day * _DAY_US + hours.start_us - hours.offset_us
        if instant(day * _DAY_US - hours.offset_us).astimezone(zone).weekday() in hours.days:
            yield max(begin_us, low), min(end_us, low + hours.long_us)
        day += 1


def _joined(spans: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    last: tuple[int, int] | None = None
    for low, high in sorted(spans):
        if last is not None and low <= last[1]:
            last = (last[0], max(last[1], high))
        else:
            if last is not None:
                yield last
            last = (low, high)
    if last is not None:
        yield last
