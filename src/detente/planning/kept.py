"""How members of entries are kept small: packed, or once for all entries that name them. Pure.

Details of other intents are looked at again by every attempt nearby. Large ones are files, by the
hash of their JSON: entries that name the same details share one.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import msgspec

from detente.planning.entry_forms import details_on_wire
from detente.planning.intents import Details

PACKED_BYTES_MIN: Final = 1024
"""What is shorter stands as it is: people can read it."""
UNPACKED_BYTES_MAX: Final = 64 << 20
"""Longer texts are not unpacked."""
REMEMBERED_BYTES_MAX: Final = 32 << 20
"""Details that need not be written anew when they are considered again."""

_GZIP: Final = 16 + zlib.MAX_WBITS


def packed(data: bytes) -> str:
    """Bytes as gzip (RFC 1952) in base64: the same for the same bytes."""
    # Outlines are digits: short repetitions among them are worth less than short codes for digits.
    press = zlib.compressobj(5, zlib.DEFLATED, _GZIP, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED)
    return b64encode(press.compress(data) + press.flush()).decode()


def unpacked(text: str) -> bytes:
    """What `packed` was given.

    Raises:
        ValueError: it is no such text, or what it holds is too long.
    """
    inflate = zlib.decompressobj(_GZIP)
    try:
        data = inflate.decompress(b64decode(text, validate=True), UNPACKED_BYTES_MAX)
    except zlib.error as error:
        raise ValueError(f"it is not packed with gzip: {error}") from None
    if not inflate.eof or inflate.unused_data:
        raise ValueError("it is packed with gzip, but cut off, too long, or more follows")
    return data


@dataclass(frozen=True, slots=True)
class WrittenDetails:
    """Details as they are kept.

    Attributes:
        data: JSON, as peers are told them.
        sha256: of these bytes, hexadecimal.
    """

    data: bytes
    sha256: str


class DetailsWriter:
    """Writes details, and remembers those that it wrote last: one attempt looks at what the one
    before it looked at, and gets the same objects from what is known.

    Args:
        bytes_max: how much is remembered.
    """

    def __init__(self, bytes_max: int = REMEMBERED_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        # By identity: while the details are held here, no other object has their `id`.
        self._written: OrderedDict[int, tuple[Details, WrittenDetails]] = OrderedDict()

    def write(self, details: Details) -> WrittenDetails:
        """Details as they are kept."""
        known = self._written.get(id(details))
        if known is not None:
            self._written.move_to_end(id(details))
            return known[1]
        data = msgspec.json.encode(details_on_wire(details))
        written = WrittenDetails(data, hashlib.sha256(data).hexdigest())
        self._written[id(details)] = (details, written)
        self._bytes += len(data)
        while self._bytes > self._bytes_max:
            _, (_, oldest) = self._written.popitem(last=False)
            self._bytes -= len(oldest.data)
        return written
