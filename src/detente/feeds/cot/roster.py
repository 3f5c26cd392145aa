"""Who the events of one batch are of."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

NAME_LENGTH_MAX: Final = 256
NAMELESS: Final = -1
NO_TEXT: Final = -2
_ADDRESS: Final = re.compile(r"ICAO-?([0-9A-Fa-f]{6})")


@lru_cache(maxsize=65_536)
def identity_of(uid: str) -> str:
    """`ICAO-ABC123`, as receivers of ADS-B name aircraft, is the address; others are `uid:…`."""
    found = _ADDRESS.fullmatch(uid)
    return found[1].lower() if found else f"uid:{uid}"


class Roster:
    """Aircraft by number, and what they are called; each text is decoded once.

    Attributes:
        callsigns: by aircraft, "" where not told: the last one.
    """

    def __init__(self) -> None:
        self.callsigns: list[str] = []
        self._written: list[bytes] = []
        self._by_identity: dict[str, int] = {}
        self._by_uid: dict[bytes, int] = {}

    @property
    def identities(self) -> list[str]:
        """By aircraft."""
        return list(self._by_identity)

    def number(self, uid: bytes, callsign: bytes) -> int:
        """An aircraft's number; `NAMELESS` without an identifier, `NO_TEXT` if it is no UTF-8."""
        number = self._by_uid.get(uid)
        if number is None:
            number = self._by_uid[uid] = self._learn(uid)
        if callsign and number >= 0 and callsign != self._written[number]:
            try:
                self.callsigns[number] = callsign.decode()[:NAME_LENGTH_MAX]
            except UnicodeDecodeError:
                return NO_TEXT
            self._written[number] = callsign
        return number

    def _learn(self, uid: bytes) -> int:
        try:
            text = uid.decode()
        except UnicodeDecodeError:
            return NO_TEXT
        if not text or len(text) > NAME_LENGTH_MAX:
            return NAMELESS
        number = self._by_identity.setdefault(identity_of(text), len(self._by_identity))
        if number == len(self.callsigns):
            self.callsigns.append("")
            self._written.append(b"")
        return number
