"""The exact source and the picture: what is peculiar to their files."""

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from tests.support.boundaries import box

from detente.boundaries import (
    Assembled,
    BoundaryFileUnreadable,
    Fault,
    geo_maps,
    judges,
    shape_of,
    states,
    world_atlas,
)

MAP = Path("map.geo.json")


def maritime(**parts: list[list[tuple[float, float]]]) -> Assembled:
    features = [
        {
            "type": "Feature",
            "properties": {"A3": code},
            "geometry": {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]},
        }
        for code, rings in parts.items()
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    return geo_maps.assemble(content, MAP, states())


def test_holes_that_were_written_as_parts_are_holes() -> None:
    lesotho = box(4, 4, 6, 6)
    found = maritime(ZAF=[box(0, 0, 10, 10), lesotho], LSO=[lesotho])
    (south_africa,) = (each for each in found.boundaries if each.id == "maritime-10m/ZA")
    assert not shape_of(south_africa).intersects(shapely.Point(5, 5))
    assert [each.fault for each in found.repairs] == [Fault.ENCLAVE]


def test_a_territory_that_its_state_holds_anyway_is_left_out() -> None:
    island = box(20, 0, 22, 2)
    found = maritime(FRA=[box(0, 0, 10, 10), island], NCL=[island], GUF=[box(40, 0, 41, 1)])
    assert {each.id: each.claimant for each in found.boundaries} == {
        "maritime-10m/FR": "FR",
        "maritime-10m/GF": "FR",
    }
    assert found.left_out == ("New Caledonia (NC) lies in the area of France",)


def test_attribution_and_licence_go_with_the_lines() -> None:
    (one,) = maritime(CHE=[box(0, 0, 1, 1)]).boundaries
    assert one.source.licence == "ODbL-1.0"
    assert "OpenStreetMap contributors" in one.source.attribution
    assert one.source.uncertainty_ground.startswith("assumed")
    assert one.uncertainty_m < one.open_uncertainty_m


def topology(**more: Any) -> bytes:
    # Two countries that share the arc 0: up along 10 east.
    document = {
        "type": "Topology",
        "transform": {"scale": [0.5, 0.25], "translate": [-180.0, -90.0]},
        "arcs": [
            [[380, 400], [0, 40]],
            [[380, 440], [-20, 0], [0, -40], [20, 0]],
            [[380, 400], [20, 0], [0, 40], [-20, 0]],
        ],
        "objects": {
            "countries": {
                "type": "GeometryCollection",
                "geometries": [
                    {
                        "type": "Polygon",
                        "id": "250",
                        "properties": {"name": "France"},
                        "arcs": [[0, 1]],
                    },
                    {
                        "type": "MultiPolygon",
                        "id": "756",
                        "properties": {"name": "?"},
                        "arcs": [[[2, -1]]],
                    },
                    {"type": None, "properties": {"name": "Nowhere"}},
                ],
            }
        },
    }
    return json.dumps(document | more).encode()


def test_arcs_become_rings_forwards_and_backwards() -> None:
    found = world_atlas.assemble(topology(), states())
    bounds = {each.id: shape_of(each).bounds for each in found.boundaries}
    assert bounds == {
        "natural-earth/FR": (0.0, 10.0, 10.0, 20.0),
        "natural-earth/CH": (10.0, 10.0, 20.0, 20.0),
    }
    assert found.left_out == ("Nowhere: too small for this source",)


def test_the_picture_never_judges() -> None:
    for each in world_atlas.assemble(topology(), states()).boundaries:
        assert not judges(each, 1e9)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", topology(arcs=[]), topology(arcs=[[["a", 1]]]), topology(transform=None)],
)
def test_what_is_no_topology_is_refused(content: bytes) -> None:
    with pytest.raises(BoundaryFileUnreadable):
        world_atlas.assemble(content, states())
