"""Tiles: a tree and its entries as files that never change (C2SP tlog-tiles).

A hash tile holds up to 256 neighbouring hashes of every eighth level; an entries tile the leaves
under a hash tile of level 0, each behind its length. What is full stays for ever; a partial tile
stays until the full one is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from detente import formats
from detente.errors import DetenteError

from .merkle import HASH_SIZE, NodeReader, node_hash

WIDTH = formats.TILE_WIDTH
HEIGHT = 8
ENTRIES = -1
"""Level of the entries tiles in a `TileRef`."""

_LEVEL_MAX = 63
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?",
    re.ASCII,
)


class TilesMalformed(DetenteError):
    """Bytes are not a tile."""

    code: ClassVar[str] = "record.tile"


@dataclass(frozen=True, slots=True, order=True)
class TileRef:
    """A tile by its place.

    Attributes:
        level: 0 for leaf hashes, 1 for roots of 256 leaves, and so on; `ENTRIES` for entries.
        index: in its level, from 0.
        width: hashes or entries in it, 1 to 256; 256 is a full tile.
    """

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is found below the log's prefix, without slash at the start."""
        if self.level == ENTRIES:
            return entries_path(self.index, self.width)
        return tile_path(self.level, self.index, self.width)

    @property
    def full(self) -> bool:
        """Whether it never changes."""
        return self.width == WIDTH

    @property
    def first(self) -> int:
        """Index in its level of the first hash or entry in it."""
        return self.index * WIDTH

    def hashes(self, read: NodeReader) -> bytes:
        """Bytes of the tile, when it is one of hashes."""
        level = HEIGHT * self.level
        return b"".join([read(level, self.first + offset) for offset in range(self.width)])


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Path of a hash tile, such as `tile/0/x001/x234/067.p/12`.

    Raises:
        ValueError: there is no such tile.
    """
    if not 0 <= level <= _LEVEL_MAX:
        raise ValueError(f"there is no tile level {level}")
    return f"tile/{level}/{_place(index, width)}"


def entries_path(index: int, width: int = WIDTH) -> str:
    """Path of an entries tile, such as `tile/entries/x001/234`.

    Raises:
        ValueError: there is no such tile.
    """
    return f"tile/entries/{_place(index, width)}"


def number_path(index: int) -> str:
    """A tile's index as path elements of three digits, such as `x001/234`.

    Raises:
        ValueError: it is negative.
    """
    if index < 0:
        raise ValueError("an index is not negative")
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03}")
    return "/".join(reversed(parts))


def parse_path(path: str) -> TileRef | None:
    """Inverse of `TileRef.path`; None for what is not the path of a tile."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level = ENTRIES if found[1] == "entries" else int(found[1])
    index = int(found[2].replace("x", "").replace("/", ""))
    width = int(found[3] or WIDTH)
    if level > _LEVEL_MAX or (found[3] is not None and width >= WIDTH):
        return None
    made = TileRef(level, index, width)
    return made if made.path == path else None


def encode_entries(bodies: Iterable[bytes]) -> bytes:
    """Bytes of an entries tile: each leaf behind its length as two bytes, big-endian.

    Raises:
        ValueError: a leaf has more than 65,535 bytes.
    """
    parts: list[bytes] = []
    for body in bodies:
        if len(body) > formats.ENTRY_BYTES_MAX:
            raise ValueError(f"a leaf has at most {formats.ENTRY_BYTES_MAX} bytes")
        parts.append(len(body).to_bytes(2, "big"))
        parts.append(body)
    return b"".join(parts)


def decode_entries(data: bytes) -> list[bytes]:
    """Inverse of `encode_entries`.

    Raises:
        TilesMalformed: it ends within an entry, or has more than 256.
    """
    bodies: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        stop = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if stop > end or at + 2 > end:
            raise TilesMalformed("It ends within an entry.", where=f"byte {at}")
        if len(bodies) == WIDTH:
            raise TilesMalformed(f"It has more than {WIDTH} entries.")
        bodies.append(data[at + 2 : stop])
        at = stop
    return bodies


def decode_hashes(data: bytes) -> list[bytes]:
    """The hashes of a tile.

    Raises:
        TilesMalformed: it is not 1 to 256 hashes of 32 bytes.
    """
    if len(data) % HASH_SIZE or not HASH_SIZE <= len(data) <= WIDTH * HASH_SIZE:
        raise TilesMalformed(f"A hash tile has 1 to {WIDTH} hashes of {HASH_SIZE} bytes.")
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


def tiles_of(size: int) -> Iterator[TileRef]:
    """All tiles of a tree: entries, then hashes from level 0 up."""
    return tiles_between(0, size)


def tiles_between(old_size: int, new_size: int) -> Iterator[TileRef]:
    """The tiles of the tree of `new_size` leaves that the tree of `old_size` has not.

    Entries come first, then hashes from level 0 up.

    Raises:
        ValueError: unless 0 <= old_size <= new_size.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError("a log only grows")
    yield from _level_between(ENTRIES, old_size, new_size)
    level = 0
    while new_size:
        yield from _level_between(level, old_size, new_size)
        old_size >>= HEIGHT
        new_size >>= HEIGHT
        level += 1


def needed_tiles(size: int, indices: Iterable[int]) -> list[TileRef]:
    """The tiles that show some entries of a tree, sorted.

    These are the entries tiles that hold them, every hash tile on the way from them to the root,
    and the last tile of each level, full or partial.

    Raises:
        ValueError: there is no such entry.
    """
    wanted: set[TileRef] = set()
    tiles = set()
    for index in indices:
        if not 0 <= index < size:
            raise ValueError(f"a tree of {size} leaves has no leaf {index}")
        tiles.add(index >> HEIGHT)
    for tile in tiles:
        wanted.add(TileRef(ENTRIES, tile, min(WIDTH, size - tile * WIDTH)))
    level, count = 0, size
    while count:
        tiles.add((count - 1) // WIDTH)
        # A way to the root that leaves the full tiles goes on along the last ones.
        tiles = {tile for tile in tiles if tile * WIDTH < count}
        wanted.update(TileRef(level, tile, min(WIDTH, count - tile * WIDTH)) for tile in tiles)
        tiles = {tile >> HEIGHT for tile in tiles}
        count >>= HEIGHT
        level += 1
    return sorted(wanted)


def reader_of_tiles(tiles: dict[TileRef, bytes]) -> NodeReader:
    """A node reader over hash tiles kept in memory; it computes the levels in between.

    The reader raises KeyError where a tile is missing; the widest tile of a place is used.
    """
    widest: dict[tuple[int, int], Sequence[bytes]] = {}
    for ref, data in sorted(tiles.items()):
        if ref.level != ENTRIES:
            widest[ref.level, ref.index] = decode_hashes(data)
    known: dict[tuple[int, int], bytes] = {}

    def read(level: int, index: int) -> bytes:
        if level % HEIGHT == 0:
            hashes = widest[level // HEIGHT, index // WIDTH]
            if index % WIDTH >= len(hashes):
                raise KeyError((level, index))
            return hashes[index % WIDTH]
        found = known.get((level, index))
        if found is None:
            found = node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))
            known[level, index] = found
        return found

    return read


def _level_between(level: int, old: int, new: int) -> Iterator[TileRef]:
    if old == new:
        return
    for index in range(old // WIDTH, new // WIDTH):
        yield TileRef(level, index)
    if new % WIDTH:
        yield TileRef(level, new // WIDTH, new % WIDTH)


def _place(index: int, width: int) -> str:
    if not 1 <= width <= WIDTH:
        raise ValueError(f"a tile is 1 to {WIDTH} wide")
    return number_path(index) + (f".p/{width}" if width < WIDTH else "")
