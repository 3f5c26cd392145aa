"""Borders of agreements: how they are read, how stretches are cut out, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.agreement import Stretch
from detente.watch import BorderUnusable
from detente.watch.stand_off_lines import (
    Point,
    read_border,
    stretch_of,
    there_and_back,
    whole,
)

LINE = {"type": "LineString", "coordinates": [[10, 50], [14, 50], [14, 54], [10, 54]]}


def border(geometry: object) -> bytes:
    return json.dumps({"type": "Feature", "properties": {}, "geometry": geometry}).encode()


def cut(stretch: Stretch, geometry: object = LINE) -> list[list[list[float]]]:
    def place(marker: str) -> Point:
        return {"m": (12.0, 50.0)}[marker]

    area = stretch_of(read_border(border(geometry), "x"), stretch, place, "rule")
    return [ring.tolist() for ring in area.rings]


def test_a_stretch_is_cut_exactly_where_its_limit_is() -> None:
    assert cut(Stretch(east_of="m")) == [
        [[12, 50], [14, 50], [14, 54], [12, 54], [14, 54], [14, 50], [12, 50]]
    ]
    assert cut(Stretch(west_of=12.0)) == [
        [[10, 50], [12, 50], [10, 50]],
        [[12, 54], [10, 54], [12, 54]],
    ]
    assert cut(Stretch(east_of=11.0, west_of=13.0, south_of=52.0)) == [
        [[11, 50], [13, 50], [11, 50]]
    ]
    assert cut(Stretch(north_of=54.0)) == [[[14, 54], [10, 54], [14, 54]]]


def test_east_and_west_are_the_shorter_way_round() -> None:
    date_line = {
        "type": "MultiLineString",
        "coordinates": [[[178, 0], [180, 0]], [[-180, 0], [-178, 0]]],
    }
    assert cut(Stretch(east_of=179.0), date_line) == [
        [[179, 0], [180, 0], [179, 0]],
        [[-180, 0], [-178, 0], [-180, 0]],
    ]


def test_nothing_left_is_said() -> None:
    with pytest.raises(BorderUnusable, match="Nothing of the border lies in that stretch"):
        cut(Stretch(east_of=20.0))


def test_polygons_have_an_inside_and_lines_have_none() -> None:
    square = [[7, 46], [8, 46], [8, 47], [7, 47], [7, 46]]
    shape = read_border(border({"type": "Polygon", "coordinates": [square]}), "x")
    assert shape.bounds
    assert whole(shape).rings[0].tolist() == square
    line = read_border(border(LINE), "x")
    assert not line.bounds
    (ring,) = whole(line).rings
    assert np.array_equal(ring, ring[::-1])
    assert there_and_back([[(1, 2), (3, 4)]]).rings[0].tolist() == [[1, 2], [3, 4], [1, 2]]


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (None, "made of polygons, or of lines"),
        ({"type": "Point", "coordinates": [1, 2]}, "neither a polygon nor a line"),
        ({"type": "LineString", "coordinates": [[1, 2]]}, "fewer than two positions"),
        ({"type": "LineString", "coordinates": [[1, 2], [1]]}, "cannot be read"),
        ({"type": "LineString", "coordinates": [[1, 2], [1, 91]]}, "not on the map"),
        ({"type": "LineString", "coordinates": [[179, 2], [-179, 2]]}, "cut it at the date line"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "does not end"),
        ({"type": "LineString", "coordinates": "north"}, "cannot be read"),
        (
            {
                "type": "GeometryCollection",
                "geometries": [
                    LINE,
                    {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
                ],
            },
            "not of both",
        ),
    ],
)
def test_what_is_no_border_is_refused_by_name(geometry: object, message: str) -> None:
    with pytest.raises(BorderUnusable, match=message) as refused:
        read_border(border(geometry), "line.geojson")
    assert refused.value.where == "line.geojson"


@settings(max_examples=100)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.floats(allow_nan=False) | st.sampled_from(["Polygon", "LineString"]),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(["type", "coordinates", "geometry", "features", "geometries"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ).map(lambda tree: json.dumps(tree).encode()),
    )
)
def test_garbage_is_refused_and_breaks_nothing(data: bytes) -> None:
    try:
        read_border(data, "x")
    except BorderUnusable:
        return


def test_depth_is_bounded() -> None:
    deep = b'{"type":"GeometryCollection","geometries":[' * 5000
    with pytest.raises(BorderUnusable):
        read_border(deep + b"]}" * 5000, "x")
