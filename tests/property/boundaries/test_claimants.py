"""Who claims a place, of all the sources, is what GEOS says of every boundary."""

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from tests.support.boundaries import exact_store

from detente.boundaries import BoundarySet, load_boundaries, shape_of

PLACES = 20_000


Floats = npt.NDArray[np.float64]


def by_geos(found: BoundarySet, lat: Floats, lng: Floats) -> list[frozenset[int]]:
    tree = shapely.STRtree(shapely.points(lng, lat))
    sets: list[set[int]] = [set() for _ in lat]
    for number, each in enumerate(found.boundaries):
        shape = shape_of(each)
        shapely.prepare(shape)
        for row in tree.query(shape, predicate="intersects").tolist():
            sets[row].add(number)
    return [frozenset(each) for each in sets]


@pytest.mark.parametrize("name", ["country-coder", "maritime-10m", "natural-earth"])
def test_on_all_of_the_earth_and_close_to_lines(name: str) -> None:
    found = load_boundaries([name], store=exact_store())
    rng = np.random.default_rng(11)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, PLACES)))
    lng = rng.uniform(-180, 180, PLACES)
    # Half of them within some hundred metres of a vertex.
    vertices = found.index.edges.xy[rng.integers(0, len(found.index.edges.xy), PLACES)]
    near = np.clip(vertices + rng.normal(0, 2e-3, vertices.shape), [-180, -90], [180, 90])
    lat, lng = np.concatenate([lat, near[:, 1]]), np.concatenate([lng, near[:, 0]])
    expected = by_geos(found, lat, lng)
    numbers = found.index.claimants(lat, lng)
    sets = found.index.sets
    wrong = [row for row in range(len(lat)) if sets[numbers[row]] != expected[row]]
    assert wrong == []
