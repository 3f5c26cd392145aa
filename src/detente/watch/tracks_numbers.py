"""Numbers for aircraft that stay the same from batch to batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

Codes: TypeAlias = npt.NDArray[np.int32]

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
        self._known_names: tuple[str, ...] = ()
        self._known_numbers: Codes = np.empty(0, dtype=np.int32)
        self._known_callsigns: tuple[str, ...] = ()
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

    def missing(self, identities: Sequence[str]) -> int:
        """How many numbers more than there are these identities need."""
        if len(self._names) - len(self._free) + len(identities) <= self._most:
            return 0
        new = sum(each not in self._number_of for each in dict.fromkeys(identities))
        return max(0, len(self._number_of) + new - self._most)

    def numbers(self, identities: tuple[str, ...]) -> Codes:
        """The number of each identity; `NO_ROOM` where there is none left."""
        known = len(self._known_names)
        # Readers hand out one growing table: what is known of it is not looked up again.
        if identities is not self._known_names:
            if known == 0 or identities[:known] != self._known_names:
                known = 0
            tail = [self._number(each) for each in identities[known:]]
            numbers = np.empty(len(identities), dtype=np.int32)
            numbers[:known] = self._known_numbers[:known]
            numbers[known:] = tail
            if len(self._names) != len(self.identities):
                self.identities = tuple(self._names)
                self.callsigns = tuple(self._callsigns)
            if NO_ROOM in tail:  # there may be room the next time
                return numbers
            self._known_names, self._known_numbers = identities, numbers
        return self._known_numbers

    def call(self, numbers: Codes, callsigns: tuple[str, ...]) -> None:
        """Note the callsigns of numbered aircraft; an empty one tells nothing."""
        if callsigns is self._known_callsigns:
            return
        changed = False
        for number, callsign in zip(numbers.tolist(), callsigns, strict=True):
            if callsign and number != NO_ROOM and self._callsigns[number] != callsign:
                self._callsigns[number] = callsign
                changed = True
        if changed:
            self.callsigns = tuple(self._callsigns)
        self._known_callsigns = callsigns

    def free(self, numbers: Sequence[int]) -> None:
        """Forget aircraft: their numbers go to others."""
        for number in numbers:
            if self._number_of.pop(self._names[number], None) is not None:
                self._callsigns[number] = ""
                self._free.append(number)
        self._known_names, self._known_numbers = (), np.empty(0, dtype=np.int32)
        self._known_callsigns = ()

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
