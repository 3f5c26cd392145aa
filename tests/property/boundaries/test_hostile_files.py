"""Whatever a GeoJSON file holds, it becomes boundaries or is refused with an error of ours."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from detente.boundaries import BoundaryError, OwnStatement, exported, imported, read_boundaries
from detente.boundaries.geojson import features_of

numbers = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-200, 200)
leaves = st.none() | st.booleans() | numbers | st.text(max_size=5)
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "coordinates", "geometry", "features", "properties", "x"]),
            inner | st.sampled_from(["Polygon", "MultiPolygon", "Feature", "GeometryCollection"]),
            max_size=4,
        )
    ),
    max_leaves=20,
)
places = st.lists(numbers, max_size=3)
polygons = st.lists(st.lists(places, max_size=6), max_size=3)
documents = st.builds(
    lambda coordinates, properties: {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": coordinates},
    },
    polygons,
    anything,
)


@settings(max_examples=60)
@given(document=documents | anything)
def test_any_json_is_read_or_refused(document: object) -> None:
    with suppress(BoundaryError):
        features_of(json.dumps(document).encode(), Path("a.geojson"))


@settings(max_examples=40)
@given(document=documents)
def test_any_polygons_go_there_and_back_or_are_refused(document: object) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "a.geojson")
        path.write_text(json.dumps(document))
        statement = OwnStatement(id="x", uncertainty_m=1, claimant="A", max_change_share=1.0)
        try:
            found = read_boundaries(path, statement)
        except BoundaryError:
            return
    again = imported(exported(found.boundaries), Path("b.geojson"))
    assert [each.id for each in again.boundaries] == [each.id for each in found.boundaries]


@settings(max_examples=60)
@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 40))
def test_any_bytes_are_read_or_refused(junk: bytes, at: int, left_out: int) -> None:
    whole = json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"name": "é"},
                    "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]},
                }
            ],
        }
    ).encode()
    with suppress(BoundaryError):
        features_of(whole[:at] + junk + whole[at + left_out :], Path("a.geojson"))
