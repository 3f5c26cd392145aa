"""Boundaries for tests: made up, and the exact ones where `scripts/boundaries.sh` has put them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from detente.boundaries import Boundary, BoundarySource, BoundaryStore, Kind, Polygon, Ring

ROOT = Path(__file__).resolve().parent.parent.parent


def exact_store() -> BoundaryStore:
    """The store with maritime-10m and natural-earth; skips the test without them."""
    store = BoundaryStore(ROOT / ".cache/boundaries")
    if {"maritime-10m", "natural-earth"} - set(store.names()):
        pytest.skip("exact boundaries are not installed: scripts/boundaries.sh")
    return store


def source(name: str, uncertainty_m: float = 50.0) -> BoundarySource:
    """A made-up source."""
    return BoundarySource(name, name.title(), "1", "CC0-1.0", "00" * 32, uncertainty_m, "made up")


def boundary(
    name: str, rings: Sequence[Sequence[tuple[float, float]] | Ring], *, of: BoundarySource
) -> Boundary:
    """A made-up boundary of one polygon; closed rings of longitude and latitude."""
    polygon: Polygon = tuple(np.asarray(ring, dtype=np.float64) for ring in rings)
    return Boundary(
        f"{of.id}/{name}",
        name,
        Kind.LAND,
        name,
        of,
        (polygon,),
        uncertainty_m=of.uncertainty_m,
        open_uncertainty_m=of.uncertainty_m
        if of.open_uncertainty_m is None
        else of.open_uncertainty_m,
    )


def box(west: float, south: float, east: float, north: float) -> list[tuple[float, float]]:
    """A closed ring around a box."""
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]
