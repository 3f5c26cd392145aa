"""Boundaries with their index: who claims a place, and how sure the line is there."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.boundaries import boundary, box, source

from detente.boundaries import Boundary, BoundarySet, BoundaryUnknown, attributions
from detente.boundaries.shares import with_shares

COARSE = replace(
    source("coarse", 500.0),
    open_uncertainty_m=9_000.0,
    uncertainty_by_length_m=((60_000.0, 100.0), (20_020_000.0, 400.0)),
)
FINE = source("fine", 5.0)


def made(*boundaries: Boundary) -> BoundarySet:
    """As a source comes from its file: who shares what is told while all of it is at hand."""
    return BoundarySet.build(with_shares(boundaries))


@pytest.fixture(scope="module")
def found() -> BoundarySet:
    return made(
        boundary("A", [box(0, 0, 1, 1)], of=COARSE),
        # Beside it half a degree of shared line, then half a degree more.
        boundary("B", [box(1, 0, 2, 1)], of=COARSE),
        # The same places from another source: nobody's neighbour in this one.
        boundary("A", [box(0, 0, 1, 1)], of=FINE),
    )


def uncertainty(found: BoundarySet, name: str, lat: float, lng: float) -> float:
    area = np.array([found.ids.index(name)], np.int32)
    edge = found.index.signed_depth(np.array([lat]), np.array([lng]), area, 200_000.0).edge
    return float(found.uncertainty_m(area, edge)[0])


def test_a_set_of_claimants_across_sources(found: BoundarySet) -> None:
    assert found.claimants_at(0.5, 0.5) == {"A"}
    assert found.claimants_at(0.5, 1.0) == {"A", "B"}
    assert found.claimants_at(5.0, 5.0) == frozenset()
    assert [each.id for each in found.sources] == ["coarse", "fine"]
    assert found.find("fine/A").source is FINE
    with pytest.raises(BoundaryUnknown):
        found.find("fine/B")


def test_shared_lines_count_by_length_open_ones_as_they_are(found: BoundarySet) -> None:
    # The shared edge is 110 km long.
    assert uncertainty(found, "coarse/A", 0.5, 0.9) == 400.0
    assert uncertainty(found, "coarse/B", 0.5, 1.1) == 400.0
    assert uncertainty(found, "coarse/A", 0.5, 0.1) == 9_000.0
    assert uncertainty(found, "fine/A", 0.5, 0.9) == 5.0


def test_short_shared_edges_are_surer() -> None:
    found = made(
        boundary("A", [[(0, 0), (1, 0), (1, 0.5), (1, 1), (0, 1), (0, 0)]], of=COARSE),
        boundary("B", [[(1, 0), (2, 0), (2, 1), (1, 1), (1, 0.5), (1, 0)]], of=COARSE),
    )
    assert uncertainty(found, "coarse/A", 0.3, 0.9) == 100.0


def test_who_shares_a_line_does_not_depend_on_what_else_is_in_the_set(found: BoundarySet) -> None:
    alone = BoundarySet.build([found.find("coarse/A")])
    assert uncertainty(alone, "coarse/A", 0.5, 0.9) == 400.0
    assert uncertainty(alone, "coarse/A", 0.5, 0.1) == 9_000.0


def test_where_nothing_is_told_of_sharing_the_worst_counts() -> None:
    found = BoundarySet.build([boundary("A", [box(0, 0, 1, 1)], of=COARSE)])
    assert uncertainty(found, "coarse/A", 0.5, 0.9) == 9_000.0


def test_where_no_line_is_near_the_worst_counts(found: BoundarySet) -> None:
    nothing = found.uncertainty_m(np.array([0, 2], np.int32), np.array([-1, -1]))
    assert nothing.tolist() == [9_000.0, 5.0]


def test_a_line_that_three_share_is_shared_for_each_of_them() -> None:
    lines = [boundary(name, [box(0, 0, 1, 1)], of=COARSE) for name in "ABC"]
    found = made(*lines)
    owners = found.index.edges.area
    assert (found.neighbours[found.index.edges.kind == 0] >= 0).all()
    assert (found.neighbours != owners).all()


def test_lines_along_the_date_line_are_nobodys_border() -> None:
    found = made(
        boundary("E", [box(170, 0, 180, 1)], of=FINE),
        boundary("W", [box(-180, 0, -170, 1)], of=FINE),
    )
    assert found.claimants_at(0.5, 180.0) == {"E", "W"}


def test_a_boundary_must_not_occur_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        made(boundary("A", [box(0, 0, 1, 1)], of=FINE), boundary("A", [box(0, 0, 1, 1)], of=FINE))


def test_whom_one_must_name_once_each() -> None:
    named = replace(FINE, attribution="© Somebody")
    assert attributions([named, COARSE, named]) == ("© Somebody", "Coarse 1 (CC0-1.0)")
