"""Tiles of the tree as files (C2SP tlog-tiles): which there are, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from detente.formats import ENTRY_BYTES_MAX, TILE_WIDTH

from .errors import VerifyError
from .tree import HASH, fold, next_level

ENTRIES: Final = -1
"""The level of tiles that hold the entries themselves."""

_PATH: Final = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


@dataclass(frozen=True, slots=True, order=True)
class TileRef:
    """One tile: its level (or `ENTRIES`), its index there, and how many hashes it has."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        """Where it stands."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{group_name(self.index)}{partial}"


def group_name(index: int) -> str:
    """A tile's index in groups of three digits: 1234067 is `x001/x234/067`."""
    name = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        name = f"x{index % 1000:03}/{name}"
    return name


def parse_path(path: str) -> TileRef | None:
    """Inverse of `TileRef.path`; None for every other spelling."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = ENTRIES if match[1] == "entries" else int(match[1])
    index = int(match[2].replace("x", "").replace("/", ""))
    ref = TileRef(level, index, TILE_WIDTH if match[3] is None else int(match[3]))
    # A width of 256 or more, and groups of zeros in front, have another path.
    return ref if ref.path == path and ref.width <= TILE_WIDTH and level < 64 else None


def tile_at(level: int, index: int, size: int) -> TileRef | None:
    """The tile of that place in a tree of `size` entries, None if there is none."""
    count = size >> 8 * max(level, 0)
    width = min(TILE_WIDTH, count - index * TILE_WIDTH)
    return TileRef(level, index, width) if width > 0 else None


def all_tiles(size: int) -> Iterator[TileRef]:
    """Every tile of a tree: of entries, and of hashes at each level."""
    level = ENTRIES
    while level == ENTRIES or size >> 8 * level:
        count = size >> 8 * max(level, 0)
        for index in range((count + TILE_WIDTH - 1) // TILE_WIDTH):
            yield TileRef(level, index, min(TILE_WIDTH, count - index * TILE_WIDTH))
        level += 1


def needed_tiles(size: int, indices: Iterable[int]) -> set[TileRef]:
    """The tiles of a subset: those above the given entries, and the last of each level."""
    needed: set[TileRef] = set()
    groups = {index // TILE_WIDTH for index in indices}
    level = 0
    for group in groups:
        ref = tile_at(ENTRIES, group, size)
        if ref is not None:
            needed.add(ref)
    while size >> 8 * level:
        edge = ((size >> 8 * level) - 1) // TILE_WIDTH
        for group in (*groups, edge):
            ref = tile_at(level, group, size)
            if ref is not None:
                needed.add(ref)
        groups = {group // TILE_WIDTH for group in groups}
        level += 1
    return needed


def read_entries(data: bytes, width: int, where: str) -> list[bytes]:
    """The entries of an entry tile.

    Raises:
        VerifyError: tree.tile; not exactly `width` entries, each of 1 byte or more.
    """
    entries: list[bytes] = []
    at = 0
    for _ in range(width):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if not 0 < length <= ENTRY_BYTES_MAX or len(entry) != length:
            raise VerifyError("tree.tile", where, f"fewer than {width} entries")
        entries.append(entry)
        at += 2 + length
    if at != len(data):
        raise VerifyError("tree.tile", where, f"more than {width} entries")
    return entries


def top(hashes: bytes) -> bytes:
    """The one hash over a full tile."""
    while len(hashes) > HASH:
        hashes = next_level(hashes)
    return hashes


def root_of_edge(size: int, tiles: Mapping[tuple[int, int], bytes]) -> bytes | None:
    """The root of a tree from the tiles of its right edge, None if one is missing.

    Args:
        tiles: contents by level and index.
    """
    peaks: list[bytes] = []
    for level in reversed(range((size.bit_length() + 7) // 8)):
        count = size >> 8 * level
        width = count % TILE_WIDTH
        if not width:
            continue
        hashes = tiles.get((level, count // TILE_WIDTH))
        if hashes is None:
            return None
        start = 0
        for height in reversed(range(8)):
            if width >> height & 1:
                end = start + (HASH << height)
                peaks.append(top(hashes[start:end]))
                start = end
    return fold(peaks)
