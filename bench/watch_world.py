"""A made-up world: countries that share ragged borders, and volumes over them. Seeded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from detente.geo import Polygon, Volume4D, projection
from detente.kernels import Area

Floats = npt.NDArray[np.float64]
WEST, SOUTH, EAST, NORTH = -10.0, 34.0, 45.0, 62.0
DAY_US = 86_400_000_000


def ragged(one: Floats, other: Floats, halvings: int, rng: np.random.Generator) -> Floats:
    """A line between two points, each half bent aside again and again; without its last point."""
    line = np.stack((one, other))
    for _ in range(halvings):
        along = line[1:] - line[:-1]
        aside = np.column_stack((-along[:, 1], along[:, 0])) * rng.normal(0, 0.12, (len(along), 1))
        woven = np.empty((2 * len(line) - 1, 2))
        woven[::2] = line
        woven[1::2] = (line[1:] + line[:-1]) / 2 + aside
        line = woven
    return line[:-1]


def countries(columns: int, rows: int, halvings: int) -> list[Area]:
    """As many countries as `columns * rows`, with four borders of `2**halvings` edges each."""
    rng = np.random.default_rng(columns)
    x, y = np.meshgrid(np.linspace(-179, 179, columns + 1), np.linspace(-70, 75, rows + 1))
    corner = np.stack((x, y), axis=-1)
    room = np.array((358 / columns, 145 / rows))
    corner[1:-1, 1:-1] += rng.uniform(-0.25, 0.25, corner[1:-1, 1:-1].shape) * room
    across = {
        (i, j): ragged(corner[j, i], corner[j, i + 1], halvings, rng)
        for j in range(rows + 1)
        for i in range(columns)
    }
    up = {
        (i, j): ragged(corner[j, i], corner[j + 1, i], halvings, rng)
        for j in range(rows)
        for i in range(columns + 1)
    }
    areas = []
    for j in range(rows):
        for i in range(columns):
            back = np.concatenate((across[i, j + 1], corner[j + 1, i + 1][None]))[:0:-1]
            down = np.concatenate((up[i, j], corner[j + 1, i][None]))[:0:-1]
            ring = np.concatenate((across[i, j], up[i + 1, j], back, down))
            ring = np.clip(ring, (-180.0, -90.0), (180.0, 90.0))
            areas.append(Area((np.concatenate((ring, ring[:1])),)))
    return areas


def volumes(count: int) -> list[Volume4D]:
    """Polygons of 16 corners, 1 to 30 km, 300 to 3,000 m high, for one to four hours of a day."""
    rng = np.random.default_rng(count)
    lat, lng = rng.uniform(SOUTH, NORTH, count), rng.uniform(WEST, EAST, count)
    reach = rng.uniform(1_000, 30_000, count)
    turn = np.tile(np.linspace(0, 360, 16, endpoint=False), count)
    lats, lngs = projection.direct(
        np.repeat(lat, 16), np.repeat(lng, 16), turn,
        np.repeat(reach, 16) * rng.uniform(0.7, 1.0, 16 * count),
    )  # fmt: skip
    corners = np.column_stack((lats, lngs)).reshape(count, 16, 2).tolist()
    lower, height = rng.uniform(0, 9_000, count), rng.uniform(300, 3_000, count)
    begin = rng.integers(0, DAY_US, count)
    lasts = rng.integers(DAY_US // 24, DAY_US // 6, count)
    return [
        Volume4D(
            Polygon(tuple((a, b) for a, b in corners[k])), low, low + high, start, start + long
        )
        for k, (low, high, start, long) in enumerate(
            zip(lower.tolist(), height.tolist(), begin.tolist(), lasts.tolist(), strict=True)
        )
    ]


def anywhere(count: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Latitudes and longitudes in Europe."""
    rng = np.random.default_rng(seed)
    return rng.uniform(SOUTH, NORTH, count), rng.uniform(WEST, EAST, count)


def moved(volume: Volume4D, lat: float, lng: float) -> Volume4D:
    """A volume of this world at another place, in degrees: not quite the same shape."""
    assert isinstance(volume.outline, Polygon)
    corners = np.array(volume.outline.vertices)
    corners += np.array((lat, lng)) - corners.mean(axis=0)
    return replace(volume, outline=Polygon(tuple((a, b) for a, b in corners.tolist())))
