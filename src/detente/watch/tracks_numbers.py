"""Numbers for aircraft that stay the same from batch to batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

Codes: TypeAlias = npt.NDArray[np.int32]
Present: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = npt.NDArray[np.intp]

NO_ROOM = -1


class AircraftNumbers:
    """Gives each identity a number below `most`; one that is freed goes to another identity.

    Args:
        most: how many there may be at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._number_of: dict[str, int] = {}
        self._names: list[str] = []
        self._callsigns: list[str] = []
        self._free: list[int] = []
        # of the table of names that came last: numbers, as far as they were asked for
        self._table: tuple[str, ...] = ()
        self._table_numbers: Codes = np.empty(0, dtype=np.int32)
        self._table_callsigns: tuple[str, ...] = ()
        self.identities: tuple[str, ...] = ()
        self.callsigns: tuple[str, ...] = ()

    @classmethod
    def of_table(
        cls, most: int, names: Sequence[str], callsigns: Sequence[str], free: Sequence[int]
    ) -> Self:
        """As `table` told."""
        numbers = cls(most)
        numbers._names, numbers._callsigns = list(names), list(callsigns)
        numbers._free = list(free)
        unused = set(free)
        numbers._number_of = {
            name: number for number, name in enumerate(names) if number not in unused
        }
        numbers.identities, numbers.callsigns = tuple(names), tuple(callsigns)
        return numbers

    def table(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
        """Names and callsigns by number, and the numbers that are free."""
        return tuple(self._names), tuple(self._callsigns), tuple(self._free)

    def __len__(self) -> int:
        """Numbers that were ever given."""
        return len(self._names)

    @property
    def room(self) -> int:
        """For how many aircraft more there are numbers."""
        return self._most - len(self._number_of)

    def lacking(self, identities: tuple[str, ...], present: Callable[[], Present]) -> Rows:
        """Which of a table's identities are present and have no number."""
        known = len(self._table)
        # Readers hand out one growing table: what is known of it is not looked up again.
        if identities is not self._table:
            if identities[:known] != self._table:
                known = 0
            self._table_callsigns = ()
            numbers = np.full(len(identities), NO_ROOM, dtype=np.int32)
            numbers[:known] = self._table_numbers[:known]
            self._table, self._table_numbers = identities, numbers
        unknown = np.flatnonzero(self._table_numbers == NO_ROOM)
        if not len(unknown):
            return unknown
        unknown = unknown[present()[unknown]]
        found = [self._number_of.get(identities[each], NO_ROOM) for each in unknown.tolist()]
        self._table_numbers[unknown] = found
        self._call(unknown)
        lacking: Rows = unknown[self._table_numbers[unknown] == NO_ROOM]
        return lacking

    def numbers(
        self,
        identities: tuple[str, ...],
        callsigns: tuple[str, ...],
        present: Callable[[], Present],
    ) -> Codes:
        """The number of each identity that is present; `NO_ROOM` where there is none left.

        Callsigns are noted with it; an empty one tells nothing.
        """
        lacking = self.lacking(identities, present)
        if len(lacking):
            self._table_numbers[lacking] = [
                self._number(identities[each]) for each in lacking.tolist()
            ]
            if len(self._names) != len(self.identities):
                self.identities = tuple(self._names)
                self.callsigns = tuple(self._callsigns)
        if callsigns is not self._table_callsigns:
            self._table_callsigns = callsigns
            self._call(np.arange(len(identities) if any(callsigns) else 0))
        elif len(lacking):
            self._call(lacking)
        return self._table_numbers

    def free(self, numbers: Rows) -> None:
        """Forget aircraft: their numbers go to others."""
        freed = np.zeros(len(self._names) + 1, dtype=np.bool_)
        for number in numbers.tolist():
            if self._number_of.pop(self._names[number], None) is not None:
                self._callsigns[number] = ""
                self._free.append(number)
                freed[number] = True
        # `NO_ROOM` is the last
        self._table_numbers = np.where(freed[self._table_numbers], NO_ROOM, self._table_numbers)

    def _call(self, which: Rows) -> None:
        """Note the callsigns of some identities of the table, as far as these have numbers."""
        if not self._table_callsigns:
            return
        told, numbers = self._table_callsigns, self._table_numbers
        changed = False
        for each in which.tolist():
            number, callsign = numbers[each], told[each]
            if callsign and number != NO_ROOM and self._callsigns[number] != callsign:
                self._callsigns[number] = callsign
                changed = True
        if changed:
            self.callsigns = tuple(self._callsigns)

    def _number(self, identity: str) -> int:
        number = self._number_of.get(identity)
        if number is not None:
            return number
        if self._free:
            number = self._free.pop()
            self._names[number] = identity
            # Told anew: the table has the old name at this place.
            self.identities = ()
        elif len(self._names) < self._most:
            number = len(self._names)
            self._names.append(identity)
            self._callsigns.append("")
        else:
            return NO_ROOM
        self._number_of[identity] = number
        return number
