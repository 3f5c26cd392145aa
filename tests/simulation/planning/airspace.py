"""A small airspace of cells: whether two plans meet is known without any geometry.

Volumes are boxes on a grid with wide gaps between the cells. The middle column lies on the border
between two exchanges. Cells are (column, row, level, slot of time).
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Final

from detente.geo import Polygon, Volume4D

Cell = tuple[int, int, int, int]

EPOCH_US: Final = 1_790_000_000_000_000
SLOT_US: Final = 300_000_000
_SLOT_LASTS_US: Final = 290_000_000
COLUMNS: Final = range(-4, 5)
ROWS: Final = range(2)
LEVELS: Final = range(2)
_LNG: Final = 8.0
_LAT: Final = 47.0
_STEP: Final = 0.02
_HALF: Final = 0.0075
_EDGE: Final = 1e-4
"""Degrees; of a cell, as seen by who looks whether a box covers it."""


def area(west: float, east: float) -> Volume4D:
    """The area of an exchange: between two columns, of all heights and times."""
    a, b = _LNG + _STEP * west, _LNG + _STEP * east
    return Volume4D(Polygon(((46.8, a), (46.8, b), (47.2, b), (47.2, a))))


def box(columns: range, row: int, level: int, slots: range) -> Volume4D:
    """One volume over consecutive columns and slots."""
    west, east = _LNG + _STEP * columns[0] - _HALF, _LNG + _STEP * columns[-1] + _HALF
    south, north = _LAT + _STEP * row - _HALF, _LAT + _STEP * row + _HALF
    return Volume4D(
        Polygon(((south, west), (south, east), (north, east), (north, west))),
        100.0 + 120.0 * level,
        200.0 + 120.0 * level,
        EPOCH_US + SLOT_US * slots[0],
        EPOCH_US + SLOT_US * slots[-1] + _SLOT_LASTS_US,
    )


def slot_of(now_us: int) -> int:
    """The slot of time that it is."""
    return (now_us - EPOCH_US) // SLOT_US


def cells(volumes: Iterable[Volume4D]) -> frozenset[Cell]:
    """What volumes cover."""
    found: set[Cell] = set()
    for volume in volumes:
        outline = volume.outline
        assert isinstance(outline, Polygon)
        lats = [lat for lat, _ in outline.vertices]
        lngs = [lng for _, lng in outline.vertices]
        start, end = volume.time_start_us, volume.time_end_us
        lower, upper = volume.altitude_lower_m, volume.altitude_upper_m
        assert start is not None
        assert end is not None
        assert lower is not None
        assert upper is not None
        for column in COLUMNS:
            lng = _LNG + _STEP * column
            if not (min(lngs) - _EDGE <= lng <= max(lngs) + _EDGE):
                continue
            for row in ROWS:
                if not (min(lats) - _EDGE <= _LAT + _STEP * row <= max(lats) + _EDGE):
                    continue
                for level in LEVELS:
                    if not lower <= 150.0 + 120.0 * level <= upper:
                        continue
                    found.update(
                        (column, row, level, slot)
                        for slot in range(slot_of(start), slot_of(end) + 1)
                    )
    return frozenset(found)


def some_volumes(rng: Random, now_us: int, *, flying: bool) -> tuple[Volume4D, ...]:
    """A plan by chance; `flying`: with a part that is active now."""
    first = slot_of(now_us) + (0 if flying or rng.random() < 0.4 else rng.randrange(1, 4))
    found = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        west = rng.choice(COLUMNS)
        found.append(
            box(
                range(west, min(west + rng.choice((1, 1, 2, 3)), COLUMNS.stop)),
                rng.choice(ROWS),
                rng.choice(LEVELS),
                range(first, first + rng.choice((1, 2))),
            )
        )
    return tuple(dict.fromkeys(found))
