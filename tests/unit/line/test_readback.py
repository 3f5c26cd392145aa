"""Reading back: what is caught, how it is told, and what may be off."""

from __future__ import annotations

import json
from typing import Any

import pyproj
import pytest
from tests.support.line_messages import CIRCLE, LEVELS, NINE_KM_OFF, NOTICE, READ_BACK, TIMES
from tests.unit.line.test_forms import AREA_LINE, AREA_POLYGON, FULL

from detente.line import FORMS, Difference, FieldsUnusable, LineRules, compare, read_read_back
from detente.line.area_compare import direction, displaced, far, hausdorff_m

GEOD = pyproj.Geod(ellps="WGS84")
RULES = LineRules()


def read_back(form: str, fields: dict[str, Any], **parts: Any) -> list[Difference]:
    shape = FORMS[form]
    return compare(shape, shape.read(fields), read_read_back(parts), RULES)


def notice(**parts: Any) -> list[Difference]:
    return read_back("activity-notice", NOTICE, **{**READ_BACK, **parts})


def moved(area: dict[str, Any], bearing_deg: float, distance_m: float) -> dict[str, Any]:
    """The same area elsewhere: each position goes as far in the same direction."""

    def go(position: list[float]) -> list[float]:
        longitude, latitude, _ = GEOD.fwd(position[0], position[1], bearing_deg, distance_m)
        return [longitude, latitude]

    def walk(value: Any) -> Any:
        if isinstance(value[0], list):
            return [walk(each) for each in value]
        return go(value)

    copy: dict[str, Any] = json.loads(json.dumps(area))
    copy["geometry"]["coordinates"] = walk(copy["geometry"]["coordinates"])
    return copy


def test_what_is_read_back_as_it_was_said_is_good() -> None:
    assert notice() == []


def test_a_place_nine_kilometres_off_is_caught_and_said_where() -> None:
    (found,) = notice(area=NINE_KM_OFF)
    assert found.what == "place"
    assert found.words.en == (
        "The place read back lies 9.0 km north-east of the place in the message."
    )
    assert found.words.fr == (
        "Le lieu collationné se trouve à 9,0\u00a0km au nord-est de celui du message."
    )
    assert found.distance_m == pytest.approx(8972, abs=1)
    assert found.bearing_deg == pytest.approx(45.2, abs=0.1)
    assert found.json() == {
        "part": "area",
        "what": "place",
        "en": found.words.en,
        "fr": found.words.fr,
        "distance_m": 8972.2,
        "bearing_deg": 45.2,
    }


@pytest.mark.parametrize("area", [CIRCLE, AREA_LINE, AREA_POLYGON], ids=lambda a: str(a["shape"]))
@pytest.mark.parametrize("bearing", [0, 77, 181, 300])
def test_places_may_be_off_by_the_tolerance_and_no_more(
    area: dict[str, Any], bearing: float
) -> None:
    fields = {**NOTICE, "area": area}
    parts: dict[str, Any] = {"levels": LEVELS, "times": TIMES}
    near = read_back("activity-notice", fields, area=moved(area, bearing, 98), **parts)
    assert near == []
    # A long line that is moved along itself moves little: only its ends tell.
    (far_off,) = read_back("activity-notice", fields, area=moved(area, bearing, 9000), **parts)
    assert far_off.distance_m == pytest.approx(9000, rel=0.4)
    assert far_off.bearing_deg is not None
    assert (far_off.bearing_deg - bearing + 180) % 360 - 180 == pytest.approx(0, abs=2)


@pytest.mark.parametrize("area", [CIRCLE, AREA_LINE, AREA_POLYGON], ids=lambda a: str(a["shape"]))
def test_beyond_the_tolerance_is_beyond_it(area: dict[str, Any]) -> None:
    fields = {**NOTICE, "area": area}
    again = moved(area, 315, 104 if area is CIRCLE else 150)
    found = read_back("activity-notice", fields, area=again, levels=LEVELS, times=TIMES)
    assert [each.part for each in found] == ["area"]


def test_an_outline_says_the_same_with_other_corners_and_the_other_way_round() -> None:
    ring = AREA_POLYGON["geometry"]["coordinates"][0]
    (west, south), (east, north) = ring[0], ring[1]
    middle = GEOD.npts(west, south, east, north, 1)[0]
    again = {
        "shape": "polygon",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[ring[2], ring[1], list(middle), ring[0], ring[2]]],
        },
    }
    fields = {**NOTICE, "area": AREA_POLYGON}
    assert read_back("activity-notice", fields, area=again, levels=LEVELS, times=TIMES) == []


def test_a_dent_far_from_any_corner_is_seen() -> None:
    square = [[40.0, 35.0], [41.0, 35.0], [41.0, 36.0], [40.0, 36.0], [40.0, 35.0]]
    dented = [[40.0, 35.0], [40.5, 35.2], [41.0, 35.0], [41.0, 36.0], [40.0, 36.0], [40.0, 35.0]]
    one = {"shape": "polygon", "geometry": {"type": "Polygon", "coordinates": [square]}}
    other = {"shape": "polygon", "geometry": {"type": "Polygon", "coordinates": [dented]}}
    for said, again in ((one, other), (other, one)):
        fields = {**NOTICE, "area": said}
        (found,) = read_back("activity-notice", fields, area=again, levels=LEVELS, times=TIMES)
        assert found.what == "outline"
        assert found.distance_m == pytest.approx(22_100, rel=0.02)


def test_radius_width_and_shape() -> None:
    wider = {**CIRCLE, "radius": {"value": 5.2, "unit": "km"}}
    (found,) = notice(area=wider)
    assert found.words.en == "The radius read back is 200 m larger than in the message."
    assert found.words.fr == "Le rayon collationné a 200\u00a0m de plus que dans le message."
    same = {**CIRCLE, "radius": {"value": 5000, "unit": "m"}}
    assert notice(area=same) == []
    fields = {**NOTICE, "area": AREA_LINE}
    narrow = {**AREA_LINE, "width": {"value": 4, "unit": "km"}}
    (found,) = read_back("activity-notice", fields, area=narrow, levels=LEVELS, times=TIMES)
    assert found.words.en == "The width read back is 3.4 km smaller than in the message."
    assert found.words.fr == "La largeur collationnée a 3,4\u00a0km de moins que dans le message."
    (found,) = notice(area=AREA_POLYGON)
    assert found.words.en == "The area read back is a polygon; the message has a circle."


@pytest.mark.parametrize(
    ("upper", "what", "en"),
    [
        (
            {"value": 1900, "unit": "ft", "reference": "MSL"},
            "value",
            "The upper level read back is 1,900 ft above mean sea level; the message says "
            "19,000 ft above mean sea level.",
        ),
        (
            {"value": 5791.2, "unit": "m", "reference": "MSL"},
            "unit",
            "the same height, but in another unit; read it back as it is written.",
        ),
        ({"value": 19000, "unit": "m", "reference": "MSL"}, "unit", ": another unit."),
        (
            {"value": 19000, "unit": "ft", "reference": "W84"},
            "reference",
            ": it is measured from something else.",
        ),
    ],
)
def test_levels_are_read_back_exactly(upper: dict[str, Any], what: str, en: str) -> None:
    (found,) = notice(levels={**LEVELS, "upper": upper})
    assert found.what == what
    assert found.words.en.endswith(en)
    assert found.words.fr != found.words.en


def test_times_may_be_off_by_a_minute_and_no_more() -> None:
    assert notice(times={**TIMES, "from": "2027-01-01T06:01:00Z"}) == []
    assert notice(times={**TIMES, "until": "2027-01-01T07:29:00Z"}) == []
    (found,) = notice(times={**TIMES, "from": "2027-01-01T06:01:01Z"})
    assert found.what == "from"
    (found,) = notice(times={**TIMES, "until": "2027-01-01T09:00:00Z"})
    assert found.words.en == (
        "The end read back is 1 January 2027, 09:00 UTC: 1.5 hours later than the message says, "
        "1 January 2027, 07:30 UTC."
    )
    assert found.words.fr == (
        "La fin collationnée est le 1er janvier 2027, 09\u00a0h\u00a000 UTC\u202f: "
        "1,5\u00a0heure plus tard que ne dit le message, le 1er janvier 2027, "
        "07\u00a0h\u00a030 UTC."
    )
    later = {"from": "2027-01-02T06:00:00Z", "until": "2027-01-02T07:30:00Z"}
    assert [each.what for each in notice(times=later)] == ["from", "until"]


def test_what_is_missing_is_told() -> None:
    found = compare(
        FORMS["activity-notice"],
        FORMS["activity-notice"].read(NOTICE),
        read_read_back({"area": CIRCLE}),
        RULES,
    )
    assert [(each.part, each.what) for each in found] == [
        ("levels", "missing"),
        ("times", "missing"),
    ]
    # An incident's levels need not be read back.
    fields = FULL["incident-notice"]
    assert read_back("incident-notice", fields, area=CIRCLE, times=TIMES) == []


def test_the_agreement_says_how_exactly() -> None:
    shape = FORMS["activity-notice"]
    loose = LineRules(place_within_m=10_000, time_within_s=3600)
    late = {**TIMES, "until": "2027-01-01T08:30:00Z"}
    read = read_read_back({**READ_BACK, "area": NINE_KM_OFF, "times": late})
    assert compare(shape, shape.read(NOTICE), read, loose) == []


def test_what_has_no_form_is_refused() -> None:
    for body, where in (
        ({"area": {"shape": "circle"}}, "read_back.area"),
        ({"place": CIRCLE}, "read_back"),
        ({"times": {"from": TIMES["until"], "until": TIMES["from"]}}, "read_back.times"),
    ):
        with pytest.raises(FieldsUnusable) as caught:
            read_read_back(body)
        assert caught.value.where == where


def test_distances_do_not_mind_the_date_line_or_the_pole() -> None:
    line = [(179.9, 10.0), (-179.9, 10.0)]
    again = [(179.95, 10.0), (-179.95, 10.0)]
    assert hausdorff_m(line, line) == pytest.approx(0, abs=0.01)
    expected = GEOD.inv(179.9, 10, 179.95, 10)[2]
    assert hausdorff_m(line, again) == pytest.approx(expected, abs=2)
    polar = [(0.0, 89.9), (120.0, 89.9), (-120.0, 89.9), (0.0, 89.9)]
    turned = [(60.0, 89.9), (180.0, 89.9), (-60.0, 89.9), (60.0, 89.9)]
    assert 5_000 < hausdorff_m(polar, turned) < 6_000


@pytest.mark.parametrize(
    ("bearing", "en", "fr"),
    [
        (0, "north", "au nord"),
        (22, "north", "au nord"),
        (23, "north-east", "au nord-est"),
        (90, "east", "à l’est"),
        (-90, "west", "à l’ouest"),
        (-180, "south", "au sud"),
        (359, "north", "au nord"),
        (225, "south-west", "au sud-ouest"),
    ],
)
def test_directions_in_words(bearing: float, en: str, fr: str) -> None:
    assert direction(bearing).en == en
    assert displaced(850, bearing).fr == f"à 850\u00a0m {fr}"


def test_distances_in_words() -> None:
    assert [far(each).en for each in (0, 999.4, 999.6, 12_345)] == [
        "0 m",
        "999 m",
        "1.0 km",
        "12.3 km",
    ]
