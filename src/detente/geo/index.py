"""An index of extents in space, time and altitude that answers exactly what `relevant` answers."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable

import numpy as np

from detente.geo import _bulk, _rtree, _search
from detente.geo._boxes import I32, SIDES
from detente.geo._sphere import F64, I64
from detente.geo.conflict import conflicts
from detente.geo.moving import Sheet
from detente.geo.prepared import prepare
from detente.geo.relevance import Extent, covers, extent_of, gap_rad, relevant, union
from detente.geo.sight import shortest_way
from detente.geo.validate import VolumeLimits, validate_volume
from detente.geo.volume import Circle, Polygon, Volume4D

_SINCE_EVER = -(2**63)
_FOR_EVER = 2**63 - 1
_BULK_FILL = 26
"""Boxes a node after a bulk load: room for some insertions before everything splits."""
_GROWTH_MAX = 65_536
# A node has 1.4 kB: filling many with zeros at once would stop whoever inserts.
_GROWTH_MAX_NODES = 4_096
"""Arrays grow by half, but by no more rows than this: no insertion pays for millions of others."""
_CLASS = 4
"""Corners are handed out in multiples of this, so that freed room fits the next hull."""


class ExtentIndex:
    """Extents under integer keys; finds those relevant to another one.

    A five-dimensional R-tree (unit vector, time, altitude) in flat arrays proposes, the predicate
    of `relevant` decides on the spot. A query costs little more than what it finds, 0.1 to 0.3 µs
    for each relevant entry, nearly whatever the number of stored ones. An entry with 8 corners
    takes about 470 bytes; room of deleted entries is used again. Not safe for use from several
    threads at once.

    Args:
        guard_m: hulls up to this many metres apart count as meeting, as in `relevant`.
    """

    def __init__(self, guard_m: float = 1.0) -> None:
        self._gap_rad = gap_rad(guard_m)
        self._slots: dict[int, int] = {}
        self._free_slots: list[int] = []
        self._free_corners: dict[int, list[int]] = {}
        self._corners_used = 0
        self._head: I64 = np.array([0, 1, -1], np.int64)
        spare = _rtree.SPARE_NODES
        self._nodes: I32 = np.zeros((2 * spare, 3), np.int32)
        self._nodes[0] = (0, -1, 0)
        self._boxes: I32 = np.zeros((2 * spare, _rtree.FAN, SIDES), np.int32)
        self._child: I32 = np.zeros((2 * spare, _rtree.FAN), np.int32)
        self._entries: I64 = np.zeros((64, 8), np.int64)
        self._rounds: F64 = np.zeros((64, 5))
        self._corners: F64 = np.zeros((1024, 3))

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, key: object) -> bool:
        return key in self._slots

    @property
    def memory_bytes(self) -> int:
        """Bytes of the arrays (without the dictionary of keys, about 100 bytes a key)."""
        arrays = (self._nodes, self._boxes, self._child, self._entries, self._rounds, self._corners)
        return sum(a.nbytes for a in arrays)

    def insert(self, key: int, extent: Extent) -> None:
        """Store `extent` under `key`, an integer from 0 to 2^63 - 1.

        Raises:
            ValueError: the key is negative or already present.
        """
        if key in self._slots:
            raise ValueError(f"key {key} is already in the index")
        if key < 0:
            raise ValueError(f"key {key} is negative")
        row = _row(key, extent)
        slot = self._take_slot()
        first = self._take_corners((len(row) - 5) // 2)
        self._make_room_for_nodes()
        box = _rtree.put(self._entries, self._rounds, self._corners, slot, first, row)
        _rtree.hang(self._head, self._nodes, self._boxes, self._child, self._entries, slot, box)
        self._slots[key] = slot

    def delete(self, key: int) -> None:
        """Remove what is stored under `key`.

        Raises:
            KeyError: nothing is.
        """
        slot = self._slots.pop(key)
        self._make_room_for_nodes()
        _rtree.unhang(self._head, self._nodes, self._boxes, self._child, self._entries, slot)
        count = int(self._entries[slot, 6])
        if count:
            size = -(-count // _CLASS)
            self._free_corners.setdefault(size, []).append(int(self._entries[slot, 5]))
        self._entries[slot, 2] = _FOR_EVER  # a free slot has not ended
        self._free_slots.append(slot)

    def ended_before(self, instant_us: int, most: int, start: int = 0) -> list[int]:
        """Keys of up to `most` extents whose time span ends before an instant, in any order.

        `start`, any non-negative number, says where among them to begin: who asks for a few at a
        time with different numbers comes to see all.
        """
        used = len(self._slots) + len(self._free_slots)
        (slots,) = np.nonzero(self._entries[:used, 2] < instant_us)
        if len(slots) > most:
            slots = np.roll(slots, -(start % len(slots)))[:most]
        keys: list[int] = self._entries[slots, 0].tolist()
        return keys

    def query(self, extent: Extent) -> list[int]:
        """Keys, ascending, of all stored extents to which `relevant` says yes."""
        found = _search.find(
            self._head,
            self._nodes,
            self._boxes,
            self._child,
            self._entries,
            self._rounds,
            self._corners,
            _row(0, extent),
            self._gap_rad,
        )
        found.sort()
        keys: list[int] = found.tolist()
        return keys

    def bulk_load(self, items: Iterable[tuple[int, Extent]]) -> None:
        """Fill an empty index at once: far quicker than one by one, and better packed.

        Raises:
            ValueError: the index is not empty, or a key is negative or occurs twice.
        """
        if self._slots:
            raise ValueError("bulk_load needs an empty index")
        rows = array("q")
        hulls = array("q")
        slots: dict[int, int] = {}
        used = 0
        for key, e in items:
            if key < 0 or key in slots:
                raise ValueError(f"key {key} is {'negative' if key < 0 else 'given twice'}")
            slots[key] = len(slots)
            count = len(e.hull) // 2
            start, end = e.time_start_us, e.time_end_us
            lower, upper = e.altitude_lower_mm, e.altitude_upper_mm
            rows.extend(
                (
                    key,
                    _SINCE_EVER if start is None else start,
                    _FOR_EVER if end is None else end,
                    _SINCE_EVER if lower is None else lower,
                    _FOR_EVER if upper is None else upper,
                    used,
                    count,
                    0,
                )
            )
            hulls.extend(e.hull)
            if spare := -count % _CLASS:
                hulls.extend((0, 0) * spare)
            used += count + spare
        if not slots:
            return
        count = len(slots)
        leaves = -(-count // _BULK_FILL)
        room = leaves + leaves // (_BULK_FILL - 1) + 64 + 2 * _rtree.SPARE_NODES
        self._nodes = np.zeros((room, 3), np.int32)
        self._boxes = np.zeros((room, _rtree.FAN, SIDES), np.int32)
        self._child = np.zeros((room, _rtree.FAN), np.int32)
        # not a view: only an array that owns its memory can grow later
        self._entries = np.empty((count, 8), np.int64)
        self._entries[:] = np.frombuffer(rows, np.int64).reshape(count, 8)
        self._rounds = np.zeros((count, 5))
        self._corners = np.zeros((used, 3))
        self._head[:] = (0, 0, -1)
        _bulk.build(
            self._head,
            self._nodes,
            self._boxes,
            self._child,
            self._entries,
            self._rounds,
            self._corners,
            np.frombuffer(hulls, np.int64),
            _BULK_FILL,
        )
        self._slots = slots
        self._free_slots = []
        self._free_corners = {}
        self._corners_used = used

    def _take_slot(self) -> int:
        if self._free_slots:
            return self._free_slots.pop()
        slot = len(self._slots)
        if slot == len(self._entries):
            size = _grown(slot)
            # realloc moves pages, not bytes, once an array is large
            self._entries.resize((size, 8), refcheck=False)
            self._rounds.resize((size, 5), refcheck=False)
        return slot

    def _take_corners(self, count: int) -> int:
        if not count:
            return 0
        size = -(-count // _CLASS)
        if free := self._free_corners.get(size):
            return free.pop()
        first = self._corners_used
        self._corners_used += size * _CLASS
        while self._corners_used > len(self._corners):
            self._corners.resize((_grown(len(self._corners)), 3), refcheck=False)
        return first

    def _make_room_for_nodes(self) -> None:
        if self._head[1] + _rtree.SPARE_NODES > len(self._nodes):
            size = _grown(len(self._nodes), _GROWTH_MAX_NODES)
            self._nodes.resize((size, 3), refcheck=False)
            self._boxes.resize((size, _rtree.FAN, SIDES), refcheck=False)
            self._child.resize((size, _rtree.FAN), refcheck=False)


def _grown(size: int, most: int = _GROWTH_MAX) -> int:
    return size + min(size // 2 + 64, most)


def _row(key: int, extent: Extent) -> I64:
    start, end = extent.time_start_us, extent.time_end_us
    lower, upper = extent.altitude_lower_mm, extent.altitude_upper_mm
    return np.array(
        (
            key,
            _SINCE_EVER if start is None else start,
            _FOR_EVER if end is None else end,
            _SINCE_EVER if lower is None else lower,
            _FOR_EVER if upper is None else upper,
            *extent.hull,
        ),
        np.int64,
    )


def warm_up() -> None:
    """Compile or load every kernel of this package, so that no request waits for it."""
    volumes = [
        Volume4D(Circle(50.0, 8.0, 1000.0), 0.0, 100.0, 0, 1),
        Volume4D(Polygon(((50.0, 8.0), (50.0, 9.0), (51.0, 9.0))), 0.0, 100.0, 0, 1),
    ]
    extent = extent_of(volumes)
    for volume in volumes:
        validate_volume(volume, VolumeLimits(max_area_km2=math.inf))
    relevant(extent, extent_of(volumes[:1]))
    covers(extent, extent_of(volumes[:1]))
    union(extent, extent_of(volumes[:1]))
    index = ExtentIndex()
    index.insert(0, extent)
    index.query(extent)
    index.delete(0)
    index.bulk_load([(0, extent)])
    conflicts(volumes, volumes)
    one = np.zeros(1, np.int64)
    Sheet(volumes).obstructions(prepare(volumes), one, one, [0.0], 1000.0)
    place = np.zeros((1, 2))
    walls = np.zeros((1, 4))
    shortest_way(place, np.zeros(1), place + 1.0, np.zeros(1), place + 2.0, walls, walls + 9.0)
