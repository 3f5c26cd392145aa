"""Boundaries: repaired, compiled and loaded; how long, and how much memory.

    python -m bench.watch_boundaries [--vertices 400000]

Naive is what people write: `shapely.make_valid` on each country as a whole. The exact source is
measured where `scripts/boundaries.sh` has put it; without it, its rows are left out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import shapely

from bench.line import load
from detente.boundaries import (
    Boundary,
    BoundarySet,
    BoundaryStore,
    Ring,
    compiled,
    installed,
    repaired,
    shape_of,
)

STORE = Path(__file__).resolve().parent.parent / ".cache/boundaries"
COARSE, EXACT = "country-coder", "maritime-10m"


def timed(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def tangled(vertices: int, loops: int) -> Ring:
    """A coast that crosses itself here and there, as simplifying makes it."""
    rng = np.random.default_rng(3)
    angle = np.linspace(0.0, 2 * np.pi, vertices, endpoint=False)
    reach = 5.0 + 0.3 * np.sin(37 * angle) + 1e-4 * rng.standard_normal(vertices).cumsum() / 100
    ring = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
    at = rng.choice(vertices - 4, loops, replace=False) + 1
    # Two vertices change places: their edges cross.
    ring[[at, at + 1]] = ring[[at + 1, at]]
    return np.concatenate([ring, ring[:1]])


def row(what: str, seconds: float, naive_s: float | None = None) -> None:
    """Print a line of the table."""
    compared = "" if naive_s is None else f"{naive_s:.2f} (x {naive_s / seconds:,.1f})"
    print(f"| {what} | {seconds:.2f} | {compared} |", flush=True)


def examined(boundaries: Sequence[Boundary]) -> None:
    """Our repair, of what needs none."""
    for each in boundaries:
        repaired(each.id, each.polygons)


def opened(name: str, store: BoundaryStore, kept: BoundaryStore) -> None:
    """What a program does when it starts."""
    compiled(installed(name, store).boundaries, kept)


def made_valid(shapes: Sequence[shapely.Geometry]) -> None:
    """The naive repair."""
    for each in shapes:
        shapely.make_valid(each)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.watch_boundaries")
    parser.add_argument("--vertices", type=int, default=400_000)
    vertices: int = parser.parse_args().vertices
    print(f"Seconds of one core; load {load()}:\n")
    print("| what | ours | naive |\n|---|---|---|")

    for loops in (10, vertices // 1000):
        ring = tangled(vertices, loops)
        found = repaired("coast", [[ring]], max_change_share=1.0)
        assert all(shapely.is_valid(shapely.Polygon(p[0], p[1:])) for p in found.polygons)
        row(
            f"a ring of {vertices:,} vertices that crosses itself near {loops} places: repaired",
            timed(partial(repaired, "coast", [[ring]], max_change_share=1.0)),
            timed(partial(made_valid, [shapely.Polygon(ring)])),
        )
    with tempfile.TemporaryDirectory() as directory:
        empty = BoundaryStore(Path(directory))
        for name, store in ((COARSE, empty), (EXACT, BoundaryStore(STORE))):
            if name != COARSE and name not in store.names():
                continue
            boundaries = installed(name, store).boundaries
            total = sum(len(ring) for each in boundaries for part in each.polygons for ring in part)
            row(
                f"{name}, {total:,} vertices: every polygon examined again",
                timed(partial(examined, boundaries)),
                timed(partial(made_valid, [shape_of(each) for each in boundaries])),
            )
            index = BoundarySet.build(boundaries)
            row(
                f"{name}: index compiled ({index.index.nbytes / 1e6:,.0f} MB)",
                timed(partial(BoundarySet.build, boundaries)),
            )
            compiled(boundaries, empty)
            row(
                f"{name}: boundaries and index read from disk",
                timed(partial(opened, name, store, empty)),
            )


if __name__ == "__main__":
    main()
