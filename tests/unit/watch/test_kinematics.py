"""Claims in numbers, as they were published of incidents of 2012 to 2019."""

from datetime import UTC, datetime

import pytest
from pyproj import Geod

from detente.geo import Length, Unit
from detente.interchange.places import parse_place
from detente.watch import kinematics as k

GEOD = Geod(ellps="WGS84")

KMH_980 = k.metres_per_second(980.0)


class TestSpeeds:
    def test_eight_kilometres_in_thirty_seconds(self) -> None:
        speed = k.kilometres_per_hour(k.speed_m_s(8_000.0, 30.0))
        assert speed == pytest.approx(960.0)
        assert abs(speed - 980.0) <= 25

    def test_two_kilometres_at_that_speed(self) -> None:
        assert pytest.approx(7.35, abs=0.05) == 2_000.0 / KMH_980

    def test_two_kilometres_in_seventeen_seconds(self) -> None:
        assert k.kilometres_per_hour(k.speed_m_s(2_000.0, 17.0)) == pytest.approx(423.5, abs=5)

    def test_miles_that_do_not_say_which(self) -> None:
        statute, nautical = k.readings(1.15, 17.0)
        assert k.kilometres_per_hour(statute.speed_m_s) == pytest.approx(391.9, abs=0.5)
        assert k.kilometres_per_hour(nautical.speed_m_s) == pytest.approx(451.0, abs=0.5)
        assert {statute.length.unit, nautical.length.unit} == {
            Unit.STATUTE_MILE,
            Unit.NAUTICAL_MILE,
        }

    def test_five_minutes(self) -> None:
        way = k.back_along_the_way_m(KMH_980, 300.0)
        assert way == pytest.approx(81_700.0, abs=100)
        assert abs(way - 80_000.0) <= 2_000

    def test_seventeen_seconds(self) -> None:
        assert k.back_along_the_way_m(KMH_980, 17.0) == pytest.approx(4_628.0, abs=1)

    def test_ten_warnings_in_five_minutes(self) -> None:
        assert 300.0 / 10 == 30.0
        assert k.back_along_the_way_m(KMH_980, 300.0) == pytest.approx(81_700.0, abs=2_000)

    def test_two_kilometres_deep_in_forty_seconds_is_plausible(self) -> None:
        assert k.least_way_m(2_000.0) == 4_000.0
        least = k.kilometres_per_hour(k.least_speed_m_s(2_000.0, 40.0))
        assert least == pytest.approx(360.0)
        assert least < 980.0


class TestLengths:
    def test_miles(self) -> None:
        assert Length(1.36, Unit.STATUTE_MILE).metres == pytest.approx(2_189.0, abs=1)
        assert Length(1.36, Unit.NAUTICAL_MILE).metres == pytest.approx(2_519.0, abs=1)

    def test_altitudes_of_both_sides_agree(self) -> None:
        theirs = Length(19_000, Unit.FOOT).metres
        assert theirs == pytest.approx(5_791.2, abs=1)
        assert Length(6_000, Unit.METRE).to(Unit.FOOT).value == pytest.approx(19_685, abs=1)
        assert abs(6_000 - theirs) <= 210


class TestPlaces:
    def test_degrees_minutes_seconds(self) -> None:
        lat, lng = parse_place("36 43 4.91 N 68 51 43.96 E")
        assert GEOD.inv(lng, lat, 68.862211, 36.718031)[2] < 1.0


class TestClocks:
    @pytest.mark.parametrize(
        ("local", "zone", "utc"),
        [
            ((2015, 11, 24, 9, 24, 5), "Europe/Istanbul", (2015, 11, 24, 7, 24, 5)),
            ((2015, 11, 24, 10, 24), "Europe/Moscow", (2015, 11, 24, 7, 24)),
            ((2015, 10, 3, 12, 8), "Europe/Istanbul", (2015, 10, 3, 9, 8)),
            ((2019, 6, 20, 4, 5), "Asia/Tehran", (2019, 6, 19, 23, 35)),
        ],
    )
    def test_offset_of_that_day(
        self, local: tuple[int, ...], zone: str, utc: tuple[int, ...]
    ) -> None:
        there = datetime(*local)  # type: ignore[arg-type]  # noqa: DTZ001
        assert k.in_utc(there, zone) == datetime(*utc, tzinfo=UTC)  # type: ignore[arg-type,misc]

    def test_an_hour_that_came_twice(self) -> None:
        with pytest.raises(k.ClockUnknown, match="twice"):
            k.in_utc(datetime(2015, 10, 25, 2, 30), "Europe/Paris")  # noqa: DTZ001

    def test_no_such_zone(self) -> None:
        with pytest.raises(k.ClockUnknown, match="no time zone"):
            k.in_utc(datetime(2015, 10, 25), "Asia/Nowhere")  # noqa: DTZ001
