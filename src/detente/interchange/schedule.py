"""Item D of a NOTAM: when it is active between its begin and its end, as time spans.

Read (PANS-AIM, OPADD): `DAILY 0800-1600`, `H24`, `MON-FRI 0600-1000 1400-1800`,
`01-05 08 0900-1100`, `MAY 30-JUN 02 2200-0400`, `01 0600-03 1800` (without a break), groups one
after the other, and `EXC` with days. An end that is not after its begin is on the next day; an end
of 2359 means 2400. Sunrise and sunset are not reckoned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from .understood import Unread, refused, shown, unread
from .zulu import MONTHS, date_of, instant_us

DAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
DAYS_MAX: Final = 1_100
_DAY_US: Final = 86_400_000_000
_MINUTE_US: Final = 60_000_000
_TOKEN: Final = re.compile(r"\d{4}(?!\d)|\d{2}(?!\d)|[A-Z]+[0-9]*|-|[,;./]|\S")
_SUN: Final = frozenset({"SR", "SS", "HJ", "HN", "SUNRISE", "SUNSET"})
_EVERY: Final = frozenset({"DAILY", "DLY", "EVERY", "DAY"})
_JOINS: Final = frozenset({",", ";", "AND", "/", "."})

Times = tuple[int, int]
"""Begin and end of a span, minutes from the beginning of a day; the end may lie beyond it."""


@dataclass(slots=True)
class _Group:
    """Days, and the times on them."""

    every: bool = True
    weekdays: set[int] = field(default_factory=set)
    dates: set[date] = field(default_factory=set)
    times: list[Times] = field(default_factory=list)
    not_weekdays: set[int] = field(default_factory=set)
    not_dates: set[date] = field(default_factory=set)

    def holds(self, day: date) -> bool:
        if day in self.not_dates or day.weekday() in self.not_weekdays:
            return False
        return self.every or day in self.dates or day.weekday() in self.weekdays


def spans_of(text: str, begin_us: int, end_us: int) -> list[tuple[int, int]]:
    """The spans that an item D means, in order, those that touch being one.

    Raises:
        Unread: it is not understood whole, or spans more than three years.
    """
    first, last = date_of(begin_us).date(), date_of(end_us).date()
    if (last - first).days > DAYS_MAX:
        unread(
            "The schedule would run for more than three years.",
            "L’horaire durerait plus de trois ans.",
            do_en="Cut the NOTAM's validity.",
            do_fr="Réduisez la validité du NOTAM.",
        )
    parser = _Parser(text, first, last)
    parser.parse()
    spans = list(parser.continuous)
    day = first
    while day <= last:
        midnight = instant_us(day.year, day.month, day.day)
        for group in parser.groups:
            if group.holds(day):
                spans += [
                    (midnight + start * _MINUTE_US, midnight + end * _MINUTE_US)
                    for start, end in group.times
                ]
        day += timedelta(days=1)
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        begin, until = max(start, begin_us), min(end, end_us)
        if begin >= until:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((begin, until))
    if not found:
        unread(
            f'The schedule "{shown(text)}" has no time between begin and end.',
            f"L’horaire «\u202f{shown(text)}\u202f» n’a aucune heure entre début et fin.",
        )
    return found


class _Parser:
    def __init__(self, text: str, first: date, last: date) -> None:
        self.text = text
        self.tokens: list[str] = _TOKEN.findall(text.upper())
        self.at = 0
        self.first = first
        self.last = last
        self.month: tuple[int, int] | None = None
        self.groups: list[_Group] = []
        self.continuous: list[tuple[int, int]] = []

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def parse(self) -> None:
        while self.at < len(self.tokens):
            before = self.at
            while self.peek() in _JOINS:
                self.at += 1
            if self.at < len(self.tokens):
                self.group()
            if self.at == before:
                raise self.lost()
        if not self.groups and not self.continuous:
            raise self.lost()

    def lost(self) -> Unread:
        """The refusal of the token that is next."""
        token = self.peek()
        if token in _SUN:
            return refused(
                f'The schedule "{shown(self.text)}" hangs on the sun ({token}), which is not '
                "reckoned.",
                f"L’horaire «\u202f{shown(self.text)}\u202f» dépend du soleil ({token}), qui n’est "
                "pas calculé.",
                do_en="Write the times out.",
                do_fr="Écrivez les heures.",
            )
        return refused(
            f'The schedule "{shown(self.text)}" is not understood'
            + (f' at "{shown(token)}".' if token else " to its end."),
            f"L’horaire «\u202f{shown(self.text)}\u202f» n’est pas compris"
            + (f" à «\u202f{shown(token)}\u202f»." if token else " jusqu’à la fin."),
            do_en="Write it like MON-FRI 0600-1000 1400-1800, or give the times apart.",
            do_fr="Écrivez-le comme MON-FRI 0600-1000 1400-1800, ou donnez les heures à part.",
        )

    def group(self) -> None:
        group = _Group()
        weekdays: set[int] = set()
        dates: set[date] = set()
        if self.days(weekdays, dates):
            return
        if weekdays or dates:
            group.every, group.weekdays, group.dates = False, weekdays, dates
        while True:
            if self.peek() == "H24":
                self.at += 1
                group.times.append((0, 24 * 60))
            elif re.fullmatch(r"\d{4}", self.peek()) and self.peek(1) == "-":
                group.times.append(self.times())
            elif self.peek() in _JOINS and re.fullmatch(r"\d{4}", self.peek(1)):
                self.at += 1
            else:
                break
        if not group.times:
            raise self.lost()
        if self.peek() in ("EXC", "EXCEPT"):
            self.at += 1
            if self.days(group.not_weekdays, group.not_dates) or not (
                group.not_weekdays or group.not_dates
            ):
                raise self.lost()
        self.groups.append(group)

    def times(self) -> Times:
        start = self.minutes(self.take())
        self.at += 1
        if not re.fullmatch(r"\d{4}", self.peek()):
            raise self.lost()
        end = self.minutes(self.take())
        if end == 23 * 60 + 59:
            end = 24 * 60
        return start, end if end > start else end + 24 * 60

    def minutes(self, digits: str) -> int:
        hour, minute = int(digits[:2]), int(digits[2:])
        if hour > 24 or minute > 59 or (hour == 24 and minute):
            self.at -= 1
            raise self.lost()
        return hour * 60 + minute

    def days(self, weekdays: set[int], dates: set[date]) -> bool:
        """Take in days; True: it was a span without a break, and is done."""
        while True:
            word = self.peek()
            if word in _EVERY:
                self.at += 1
            elif word in DAYS:
                self.at += 1
                last = first = DAYS.index(word)
                if self.peek() == "-":
                    self.at += 1
                    if self.peek() not in DAYS:
                        raise self.lost()
                    last = DAYS.index(self.take())
                weekdays.update((first + k) % 7 for k in range((last - first) % 7 + 1))
            elif word in MONTHS:
                self.at += 1
                self.month = self.month_of(word)
            elif re.fullmatch(r"\d{2}", word):
                day = self.day()
                if re.fullmatch(r"\d{4}", self.peek()) and self.unbroken(day):
                    return True
                dates.update(self.through(day))
            elif word == "," and (self.peek(1) in DAYS or re.fullmatch(r"\d{2}", self.peek(1))):
                self.at += 1
            else:
                return False

    def through(self, day: date) -> list[date]:
        """A day, or all of a range that begins with it."""
        if self.peek() != "-":
            return [day]
        self.at += 1
        if self.peek() in MONTHS:
            self.month = self.month_of(self.take())
        if not re.fullmatch(r"\d{2}", self.peek()):
            raise self.lost()
        last = self.day()
        if not 0 <= (last - day).days <= DAYS_MAX:
            self.at -= 1
            raise self.lost()
        return [day + timedelta(days=k) for k in range((last - day).days + 1)]

    def unbroken(self, day: date) -> bool:
        """`01 0600-03 1800`: from a minute of one day to one of another."""
        ahead = 2
        if self.peek(1) != "-":
            return False
        if self.peek(ahead) in MONTHS:
            ahead += 1
        if not re.fullmatch(r"\d{2}", self.peek(ahead)) or not re.fullmatch(
            r"\d{4}", self.peek(ahead + 1)
        ):
            return False
        start = self.minutes(self.take())
        self.at += 1
        if self.peek() in MONTHS:
            self.month = self.month_of(self.take())
        last = self.day()
        end = self.minutes(self.take())
        begin_us = instant_us(day.year, day.month, day.day) + start * _MINUTE_US
        end_us = instant_us(last.year, last.month, last.day) + end * _MINUTE_US
        if end_us <= begin_us:
            self.at -= 1
            raise self.lost()
        self.continuous.append((begin_us, end_us))
        return True

    def month_of(self, token: str) -> tuple[int, int]:
        """Year and month: the first of that name from the beginning on."""
        month = MONTHS.index(token) + 1
        year = self.first.year + (month < self.first.month)
        return year, month

    def day(self) -> date:
        month = self.month
        if month is None:
            if (self.first.year, self.first.month) != (self.last.year, self.last.month):
                raise self.lost()
            month = (self.first.year, self.first.month)
        token = self.take()
        try:
            return date(*month, int(token))
        except ValueError:
            self.at -= 1
            raise self.lost() from None
