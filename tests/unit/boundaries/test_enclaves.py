"""Parts within parts: somebody else's are holes, nobody's are nothing new."""

import numpy as np
import shapely

from detente.boundaries import Fault, Ring
from detente.boundaries.enclaves import Nested, told_apart


def box(west: float, south: float, east: float, north: float) -> Ring:
    return np.array(
        [(west, south), (east, south), (east, north), (west, north), (west, south)], dtype=float
    )


def holds(nested: Nested, lng: float, lat: float) -> bool:
    place = shapely.Point(lng, lat)
    return any(shapely.Polygon(outer, holes).contains(place) for outer, *holes in nested.polygons)


def test_an_enclave_of_another_is_a_hole() -> None:
    found = told_apart({"ZA": [[box(0, 0, 10, 10)], [box(4, 4, 6, 6)]], "LS": [[box(4, 4, 6, 6)]]})
    assert not holds(found["ZA"], 5, 5)
    assert holds(found["ZA"], 1, 1)
    assert holds(found["LS"], 5, 5)
    assert [each.fault for each in found["ZA"].repairs] == [Fault.ENCLAVE]


def test_an_island_within_its_own_sea_is_left_out_and_stays_inside() -> None:
    found = told_apart({"VN": [[box(0, 0, 10, 10)], [box(4, 4, 6, 6)]]})
    assert holds(found["VN"], 5, 5)
    assert len(found["VN"].polygons) == 1
    assert [each.fault for each in found["VN"].repairs] == [Fault.REPEATED]


def test_an_enclave_within_an_enclave_comes_back() -> None:
    # As at Baarle: a Dutch field in a Belgian village in the Netherlands.
    outer, village, field = box(0, 0, 10, 10), box(4, 4, 8, 8), box(5, 5, 6, 6)
    found = told_apart({"NL": [[outer], [village], [field]], "BE": [[village], [field]]})
    assert holds(found["NL"], 5.5, 5.5)
    assert not holds(found["NL"], 7, 7)
    assert holds(found["BE"], 7, 7)
    assert not holds(found["BE"], 5.5, 5.5)


def test_the_place_that_decides_lies_in_no_smaller_part() -> None:
    # The middle of the village is the field.
    outer, village, field = box(0, 0, 10, 10), box(4, 4, 8, 8), box(5, 5, 7, 7)
    found = told_apart({"NL": [[outer], [village], [field]], "BE": [[village], [field]]})
    assert not holds(found["NL"], 4.5, 4.5)
    assert holds(found["NL"], 6, 6)
    assert holds(found["BE"], 4.5, 4.5)
    assert not holds(found["BE"], 6, 6)


def test_what_does_not_lie_within_stays_as_it_is() -> None:
    outline = [[box(0, 0, 1, 1), box(0.2, 0.2, 0.4, 0.4)[::-1]], [box(2, 0, 3, 1)]]
    found = told_apart({"A": outline})["A"]
    assert found.repairs == ()
    assert [len(polygon) for polygon in found.polygons] == [2, 1]
