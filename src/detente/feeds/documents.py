"""JSON documents out of a stream that is cut anywhere."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ._documents import find_documents

_PIECE: Final = 1 << 18
LONGEST: Final = 64 << 20
"""Octets of the longest document: everything that flies on earth takes some ten million."""


class Documents:
    """Objects (`{…}`) one after another, whatever stands between them.

    A document longer than the limit is dropped whole; what follows it is searched for the next.
    Memory: one unfinished document, `longest` octets at most, and 2 MiB for the piece at hand.

    Attributes:
        too_long: how many were dropped for their length.
        strays: stretches between documents that are more than spaces, commas or brackets.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self.too_long = 0
        self.strays = 0
        self._longest = longest
        self._held = bytearray()
        self._state = np.zeros(4, dtype=np.int64)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next octets; the documents that are whole now."""
        found: list[bytes] = []
        for begin in range(0, len(data), _PIECE):
            found += self._piece(data[begin : begin + _PIECE])
        return found

    def _piece(self, data: bytes) -> list[bytes]:
        ends: npt.NDArray[np.int64] = np.empty((len(data) // 2 + 1, 2), dtype=np.int64)
        count, strays = find_documents(np.frombuffer(data, dtype=np.uint8), self._state, ends)
        self.strays += strays
        found: list[bytes] = []
        for begin, end in ends[:count].tolist():
            if begin >= 0:
                found.append(data[begin:end])
            else:
                self._held += data[:end]
                found.append(bytes(self._held))
                self._held.clear()
        if self._state[0]:
            # An unfinished document began in this piece, or goes on in it.
            begin = max(int(self._state[3]), 0)
            self._held += data[begin:]
            self._state[3] = -1
            if len(self._held) > self._longest:
                self.too_long += 1
                self._restart()
        kept = [each for each in found if len(each) <= self._longest]
        self.too_long += len(found) - len(kept)
        return kept

    def close(self) -> bool:
        """Begin anew; whether a document was left unfinished."""
        unfinished = bool(self._state[0])
        self._restart()
        return unfinished

    def _restart(self) -> None:
        self._held.clear()
        self._state[:] = 0
