"""What a file holds before boundaries are made of it: outlines with properties, within limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from .errors import BoundaryTooLarge
from .model import Ring

FILE_BYTES_MAX: Final = 1 << 30
FEATURES_MAX: Final = 100_000
RINGS_MAX: Final = 1_000_000
VERTICES_MAX: Final = 50_000_000
"""Of one file: 800 MB of coordinates."""

Value = str | float | bool | None

NOT_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises when bytes are no JSON, or not of the expected shape."""


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """An outline as a file has it: not checked, not repaired.

    Attributes:
        where: its place in the file, for what is said of it.
        properties: by name; what is neither text, number nor truth is left out.
        polygons: rings of longitude and latitude of each part, the outer one first.
    """

    where: str
    properties: Mapping[str, Value]
    polygons: tuple[tuple[Ring, ...], ...]

    def text(self, name: str) -> str:
        """A property as text; empty if there is none."""
        value = self.properties.get(name)
        return "" if value is None else str(value).strip()


class Budget:
    """Counts what a file gives, and stops it before it is too much.

    Args:
        path: of the file, for what is said.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = {"features": FEATURES_MAX, "rings": RINGS_MAX, "vertices": VERTICES_MAX}

    def take(self, what: str, count: int) -> None:
        """Count some `features`, `rings` or `vertices`.

        Raises:
            BoundaryTooLarge: there are too many.
        """
        self._left[what] -= count
        if self._left[what] < 0:
            raise BoundaryTooLarge(f"It has too many {what} to be read.", where=str(self._path))


def check_size(path: Path) -> None:
    """Raise `BoundaryTooLarge` if a file has more bytes than are read; OSError if there is none."""
    size = path.stat().st_size
    if size > FILE_BYTES_MAX:
        raise BoundaryTooLarge(
            f"It has {size >> 20:,} MB; at most {FILE_BYTES_MAX >> 20:,} MB are read.",
            where=str(path),
        )


def rings_of(
    coordinates: Sequence[Sequence[Sequence[Sequence[float]]]],
) -> tuple[tuple[Ring, ...], ...]:
    """The coordinates of a GeoJSON MultiPolygon as arrays."""
    return tuple(
        tuple(np.array(ring, dtype=np.float64).reshape(-1, 2) for ring in polygon)
        for polygon in coordinates
    )
