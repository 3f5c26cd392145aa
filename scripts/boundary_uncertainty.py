"""Measures how uncertain country-coder's lines are: the figures in `boundaries/country_coder.py`.

Its lines are chords: the longer an edge, the more it cuts off. For each edge that two boundaries
share, the greatest distance from the exact source's line of the same claimant is measured at nine
places; printed is what holds 95 % of the edges of each length. Over water edges are long, and
borders hardly ever where they run; that is in the figures of the long ones. Wants `maritime-10m`
installed:

    .venv/bin/detente boundary install maritime-10m
    .venv/bin/python -m scripts.boundary_uncertainty
"""

from __future__ import annotations

import numpy as np
import pyproj

from detente.boundaries import BoundarySet, load_boundaries
from detente.kernels import BORDER

LENGTHS_KM = (5, 10, 20, 30, 50, 100, 200, 20_000)
PLACES = 9
FAR_M = 300_000.0
GEOD = pyproj.Geod(ellps="WGS84")


def measured(coarse: BoundarySet, exact: BoundarySet) -> None:
    """Print the figures by length of edges."""
    number_of = {each.id.partition("/")[2]: i for i, each in enumerate(exact.boundaries)}
    same = np.array(
        [number_of.get(each.id.partition("/")[2], -1) for each in coarse.boundaries], np.int32
    )
    edges = coarse.index.edges
    picked = np.flatnonzero((edges.kind == BORDER) & (same[edges.area] >= 0))
    begin, end = edges.xy[picked], edges.xy[picked + 1]
    length_m = np.asarray(GEOD.inv(begin[:, 0], begin[:, 1], end[:, 0], end[:, 1])[2])
    away_m = np.zeros(len(picked))
    for share in (np.arange(PLACES) + 0.5) / PLACES:
        place = begin + (end - begin) * share
        depth_m = exact.index.signed_depth(
            place[:, 1], place[:, 0], same[edges.area[picked]], FAR_M
        ).depth_m
        away_m = np.maximum(away_m, np.minimum(np.abs(depth_m), FAR_M))
    shared = coarse.neighbours[picked] >= 0
    for name, rows in (("shared", shared), ("open", ~shared)):
        print(f"{name}: {rows.sum()} edges, 95 % within {np.percentile(away_m[rows], 95):,.0f} m")
        low_km = 0
        for high_km in LENGTHS_KM:
            of_length = rows & (length_m >= low_km * 1000) & (length_m < high_km * 1000)
            if of_length.any():
                median, p95 = np.percentile(away_m[of_length], [50, 95])
                print(
                    f"  {low_km:>4} to {high_km:>6} km: {of_length.sum():>6} edges, "
                    f"median {median:>9,.0f} m, 95 % within {p95:>9,.0f} m"
                )
            low_km = high_km


if __name__ == "__main__":
    measured(load_boundaries(["country-coder"]), load_boundaries(["maritime-10m"]))
