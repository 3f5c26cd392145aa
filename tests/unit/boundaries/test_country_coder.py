"""The small default: what country-coder's features become."""

import msgspec
import numpy as np
import pytest
import shapely

from detente.boundaries import (
    Assembled,
    BoundaryFileUnreadable,
    BoundarySet,
    BoundaryStore,
    Kind,
    load_boundaries,
    shape_of,
)
from detente.boundaries import country_coder as source


@pytest.fixture(scope="module")
def found() -> Assembled:
    return source.assemble(source.built_in())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> BoundarySet:
    return load_boundaries(store=BoundaryStore(tmp_path_factory.mktemp("store")))


def test_every_code_in_use_and_two_more_become_boundaries(found: Assembled) -> None:
    codes = [each.id.partition("/")[2] for each in found.boundaries]
    assert len(codes) == len(set(codes)) == 251
    assert {"FR", "NC", "GI", "XK", "TW", "AQ", "Northern Cyprus"} <= set(codes)
    assert not {"FX", "IC", "EU", "UN", "Bir Tawil"} & set(codes)
    assert found.left_out == ("Bir Tawil: no state claims it",)


def test_all_of_them_are_valid_and_within_the_map(found: Assembled) -> None:
    for each in found.boundaries:
        shape = shape_of(each)
        assert shapely.is_valid(shape), each.id
        west, south, east, north = shape.bounds
        assert -180 <= west < east <= 180
        assert -90 <= south < north <= 90


def test_parts_become_one_without_lines_between_them(found: Assembled) -> None:
    by_id = {each.id: each for each in found.boundaries}
    # England, Scotland and Wales share lines; of Great Britain only the outline stays.
    britain = [p for p in by_id["country-coder/GB"].polygons if p[0][:, 1].max() > 58]
    assert len(britain) == 1
    assert by_id["country-coder/FR"].kind is Kind.LAND
    assert shape_of(by_id["country-coder/ES"]).contains(shapely.Point(-15.5, 28.1))


def test_a_territory_is_claimed_by_the_state_that_answers_for_it(found: Assembled) -> None:
    claimant = {each.id: each.claimant for each in found.boundaries}
    assert claimant["country-coder/GI"] == "GB"
    assert claimant["country-coder/NC"] == "FR"
    assert claimant["country-coder/CH"] == "CH"


@pytest.mark.parametrize(
    ("lat", "lng", "claimants"),
    [
        (45.05, 34.1, {"RU", "UA"}),
        (35.25, 33.3, {"CY", "Northern Cyprus"}),
        (42.6, 20.9, {"XK", "RS"}),
        (23.8, 121.0, {"TW", "CN"}),
        (-51.7, -59.0, {"GB", "AR"}),
        (47.0, 8.0, {"CH"}),
        (-75.0, 0.0, {"AQ"}),
        (66.0, 180.0, {"RU"}),
        (66.0, -180.0, {"RU"}),
        (-17.0, 180.0, {"FJ"}),
        (-40.0, -20.0, set()),
    ],
)
def test_who_claims_a_place_is_a_set(
    whole: BoundarySet, lat: float, lng: float, claimants: set[str]
) -> None:
    assert whole.claimants_at(lat, lng) == claimants


def test_short_edges_are_surer_than_long_ones_and_coasts_know_nothing(whole: BoundarySet) -> None:
    swiss, spanish = (whole.ids.index(f"country-coder/{code}") for code in ("CH", "ES"))
    # North of Basel; the middle of the Pyrenees; the sea south-east of the Balearic Islands.
    lat, lng = np.array([47.6, 42.7, 38.0]), np.array([7.6, 0.5, 4.5])
    area = np.array([swiss, spanish, spanish], np.int32)
    edge = whole.index.signed_depth(lat, lng, area, 500_000.0).edge
    land, ridge, sea = whole.uncertainty_m(area, edge).tolist()
    assert land == 1_250.0
    assert ridge in (1_250.0, 1_500.0, 2_300.0, 3_600.0)
    assert sea >= 100_000.0


def test_far_from_every_line_the_worst_counts(whole: BoundarySet) -> None:
    nowhere = np.array([-1], np.int64)
    assert whole.uncertainty_m(np.array([0], np.int32), nowhere)[0] == source.OPEN_UNCERTAINTY_M


def test_something_else_is_refused() -> None:
    with pytest.raises(BoundaryFileUnreadable, match="not country-coder"):
        source.assemble(msgspec.json.encode({"features": [{"properties": {}}]}))
