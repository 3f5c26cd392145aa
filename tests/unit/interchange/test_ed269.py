"""UAS zones (ED-269): read, refused by name, and written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.exported import (  # fmt: skip
    ALPS,
    DISC,
    MINUTE,
    T0,
    constraint,
    geozone,
    intent,
    same_ground,
    volume,
)

from detente.geo import Circle, Polygon
from detente.interchange import Reference, Span, Unread, Unreadable
from detente.interchange.ed269 import Zones, read_zones
from detente.interchange.ed269_times import Applicability, Hours, spans_of
from detente.interchange.feature import NotWritable, WriteOptions
from detente.interchange.writing import write

DAY = 24 * 60 * MINUTE


def zone(**more: Any) -> dict[str, Any]:
    """A zone as a file has it."""
    return {
        "identifier": "GVA01",
        "country": "CHE",
        "name": "Lake",
        "type": "COMMON",
        "restriction": "REQ_AUTHORISATION",
        "restrictionConditions": "ask",
        "reason": ["NOISE"],
        "zoneAuthority": [{"name": "Office", "siteURL": "https://x.example", "phone": None}],
        "applicability": [{"permanent": "YES"}],
        "geometry": [geometry()],
        **more,
    }


def geometry(**more: Any) -> dict[str, Any]:
    """A circle from the ground to 120 m above the sea."""
    return {
        "uomDimensions": "M",
        "lowerLimit": 0,
        "lowerVerticalReference": "AGL",
        "upperLimit": 120,
        "upperVerticalReference": "AMSL",
        "horizontalProjection": {"type": "Circle", "center": [6.2, 46.25], "radius": 500},
        **more,
    }


def drawn(**projection: Any) -> dict[str, Any]:
    """What makes a zone be drawn otherwise."""
    return {"geometry": [geometry(horizontalProjection=projection)]}


def of(*zones: Any, **more: Any) -> Zones:
    """What a file of these is understood to say."""
    return read_zones(json.dumps({"features": list(zones), **more}, indent=1).encode(), "z.json")


def problem(*zones: Any) -> str:
    """The one problem of a file."""
    found = of(*zones)
    assert not found.zones
    (only,) = found.problems
    return only.message.en


class TestReading:
    def test_a_zone(self) -> None:
        (found,) = of(zone()).zones
        assert found.geozone.identifier == "GVA01"
        assert found.geozone.restriction_conditions == "ask"
        assert found.geozone.zone_authority[0].site_url == "https://x.example"
        (only,) = found.shapes
        assert only.outline == Circle(46.25, 6.2, 500.0)
        assert only.lower.reference == Reference.SFC
        assert (only.upper.value, only.upper.reference) == (120.0, Reference.AMSL)

    def test_the_list_may_have_the_name_that_services_give_it(self) -> None:
        data = json.dumps({"formatVersion": "1.0.0", "x": [1], "UASZoneList": [zone()]})
        assert len(read_zones(data.encode(), "z").zones) == 1

    def test_a_list_of_that_name_further_down_is_none(self) -> None:
        data = json.dumps({"metadata": {"features": [1]}, "features": [zone()]})
        assert len(read_zones(data.encode(), "z").zones) == 1

    def test_numbers_may_be_texts_and_feet(self) -> None:
        feet = geometry(uomDimensions="FT", lowerLimit="100", upperLimit="400")
        (found,) = of(zone(geometry=[feet])).zones
        assert found.shapes[0].lower.metres == pytest.approx(30.48)
        assert found.shapes[0].outline == Circle(46.25, 6.2, 500 * 0.3048)

    def test_a_ring_is_closed_or_not(self) -> None:
        ring = [[6.1, 46.2], [6.2, 46.2], [6.2, 46.3]]
        for points in (ring, [*ring, ring[0]]):
            drawn = geometry(horizontalProjection={"type": "Polygon", "coordinates": [points]})
            (found,) = of(zone(geometry=[drawn])).zones
            assert found.shapes[0].outline == Polygon(((46.2, 6.1), (46.2, 6.2), (46.3, 6.2)))

    def test_a_zone_that_cannot_be_read_is_named_with_its_line(self) -> None:
        found = of(zone(), zone(identifier="TOOLONGER"), zone(identifier="GVA03"))
        assert [each.geozone.identifier for each in found.zones] == ["GVA01", "GVA03"]
        (only,) = found.problems
        text = json.dumps({"features": [zone(), zone(identifier="TOOLONGER")]}, indent=1)
        before = text[: text.index("TOOLONGER")]
        assert only.line == before[: before.rindex("{")].count("\n") + 1
        assert only.part == "TOOLONGER"

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"geometry": []}, "no geometry"),
            ({"zoneAuthority": []}, "zone_authority"),
            ({"country": "CH"}, "country"),
            ({"type": "SECRET"}, "type"),
            ({"region": -1}, "region"),
            ({"geometry": [geometry(uomDimensions="MI")]}, "uomDimensions"),
            ({"geometry": [geometry(upperVerticalReference="QNH")]}, "upperLimit"),
            ({"geometry": [geometry(upperLimit="high")]}, "upperLimit"),
            ({"geometry": [geometry(upperLimit=True)]}, "upperLimit"),
            ({"geometry": [geometry(horizontalProjection={"type": "Point"})]}, "horizontalProj"),
            (drawn(type="Circle", center=[6, 46], radius=0), "radius"),
            (drawn(type="Circle", center=[46, 186], radius=1), "no position"),
            (drawn(type="Polygon", coordinates=[[], []]), "holes"),
            ({"applicability": [{"startDateTime": "yesterday"}]}, "no time"),
            ({"applicability": [{"startDateTime": "2026-05-01T09:00:00"}]}, "no time"),
            (
                {"applicability": [{"permanent": "YES", "endDateTime": "2026-05-01T09:00:00Z"}]},
                "permanent",
            ),
            ({"applicability": [{"schedule": [{"day": ["FUN"]}]}]}, "days of the week"),
            ({"applicability": [{"schedule": [{"startTime": "25:00"}]}]}, "time of day"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_named(self, changed: Mapping[str, Any], said: str) -> None:
        assert said in problem(zone(**changed))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "{",
            "{}",
            "{" * 9,
            '{"features": {}}',
            '{"features": [{}}',
            '{"features": [] "x": 1}',
            '{"features": [],}',
            '{"features":' + "[" * 100_000,
        ],
    )
    def test_what_is_no_such_file_is_refused(self, text: str) -> None:
        with pytest.raises(Unreadable):
            read_zones(text.encode(), "z.json")


class TestTimes:
    def test_always(self) -> None:
        assert spans_of((Applicability(),), T0, T0 + DAY) == (Span(T0, T0 + DAY),)

    def test_hours_of_days_of_the_week(self) -> None:
        # 1 May 2026 is a Friday
        mornings = Hours(frozenset({4, 5}), 8 * 60 * MINUTE, 10 * 60 * MINUTE)
        midnight = T0 - 9 * 60 * MINUTE
        found = spans_of((Applicability(hours=(mornings,)),), midnight, midnight + 7 * DAY)
        assert [(each.start_us, each.end_us) for each in found] == [
            (midnight + day * DAY + 480 * MINUTE, midnight + day * DAY + 600 * MINUTE)
            for day in (0, 1)
        ]

    def test_over_midnight_and_in_another_zone(self) -> None:
        night = Hours(frozenset({3}), 22 * 60 * MINUTE, 2 * 60 * MINUTE, 2 * 60 * MINUTE)
        midnight = T0 - 9 * 60 * MINUTE  # of Friday; Thursday's night reaches into it
        (only,) = spans_of((Applicability(hours=(night,)),), midnight - DAY, midnight + DAY)
        assert (only.start_us, only.end_us) == (midnight - 240 * MINUTE, midnight)

    def test_spans_that_touch_are_joined_and_cut_to_the_window(self) -> None:
        every = (Applicability(T0 - DAY, T0 + DAY), Applicability(T0 + DAY, T0 + 2 * DAY))
        assert spans_of(every, T0, T0 + 9 * DAY) == (Span(T0, T0 + 2 * DAY),)

    def test_too_many_are_refused(self) -> None:
        with pytest.raises(ValueError, match="5000"):
            spans_of((Applicability(hours=(Hours(start_us=1, end_us=2),)),), 0, 6000 * DAY)


class TestVolumes:
    def test_heights_are_never_less_than_meant(self) -> None:
        (found,) = of(zone()).zones
        ((only,),) = found.volumes(ALPS, T0, T0 + DAY)
        assert only.altitude_upper_m == 168.0
        assert only.altitude_lower_m == -500.0

    def test_what_is_not_stated_is_not_assumed(self) -> None:
        (found,) = of(zone(geometry=[geometry(upperVerticalReference="AGL")])).zones
        with pytest.raises(Unread, match="ground"):
            found.volumes(ALPS, T0, T0 + DAY)

    def test_limits_upside_down(self) -> None:
        upside = geometry(lowerLimit=300, lowerVerticalReference="AMSL", upperLimit=100)
        (found,) = of(zone(geometry=[upside])).zones
        with pytest.raises(Unread, match="above the upper one"):
            found.volumes(ALPS, T0, T0 + DAY)


class TestWriting:
    def test_what_is_written_is_read_back_and_holds_what_was_meant(self) -> None:
        rich = geozone(
            region=7, other_reason_info="party", regulation_exemption="NO", u_space_class="X",
            message="Stay away", additional_properties={"a": [1]}, restriction_conditions=["a"],
        )  # fmt: skip
        given = constraint(volume(), volume(DISC), volume(start_us=T0 + 1), zone=rich)
        data = write([given], "ed269", WriteOptions(made_us=T0, altimetry=ALPS))
        found = read_zones(data, "z.json")
        assert not found.problems
        assert [each.geozone for each in found.zones] == [rich, rich]
        assert [len(each.shapes) for each in found.zones] == [2, 1]
        (back,) = found.zones[0].volumes(ALPS, 0, 2 * T0)
        for one, other in zip(given.volumes[:2], back, strict=True):
            assert same_ground(one.outline, other.outline)
            assert (one.time_start_us, one.time_end_us) == (other.time_start_us, other.time_end_us)
            assert one.altitude_lower_m is not None
            assert other.altitude_lower_m is not None
            assert one.altitude_upper_m is not None
            assert other.altitude_upper_m is not None
            assert one.altitude_lower_m - 2 < other.altitude_lower_m <= one.altitude_lower_m
            assert one.altitude_upper_m <= other.altitude_upper_m < one.altitude_upper_m + 2

    def test_open_bounds(self) -> None:
        data = write([constraint(volume(low=None, high=None, end_us=None))], "ed269")
        told = json.loads(data)["features"][0]
        assert told["applicability"] == [
            {"permanent": "YES", "startDateTime": "2026-05-01T09:00:00Z"}
        ]
        assert told["geometry"][0]["lowerVerticalReference"] == "AGL"
        assert told["geometry"][0]["upperLimit"] is None
        assert not read_zones(data, "z").problems

    def test_a_flight_is_no_zone(self) -> None:
        with pytest.raises(NotWritable, match="no geozone"):
            write([intent()], "ed269")
