"""Published rules on published numbers: who was too near to which line.

The agreements are the examples; places lie at geodesic distances from their lines, measured by
geographiclib over points every few metres.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from geographiclib.geodesic import Geodesic
from tests.support.stand_off import AIRSPACE, LINE, agreement_of, flown

from detente.agreement import AircraftClass
from detente.geo import Length, Unit
from detente.watch import (
    Declarations,
    Declared,
    Event,
    Grade,
    Notice,
    StandOffMonitor,
    Tracks,
    read_declarations,
    stand_off_rules,
)

EARTH = Geodesic.WGS84
EDGE_AIRSPACE = ((45.4, 7.05), (45.8, 7.0))
"""Of the border between both parties; A is west of it, B east."""
EDGE_EAST = ((38.32, 127.9), (38.62, 128.36))
EDGE_WEST = ((37.95, 126.68), (38.12, 127.0))
NOON_US = 1_800_000_000_000_000


def beside(
    edge: tuple[tuple[float, float], tuple[float, float]], metres: float, *, left: bool
) -> tuple[float, float]:
    """A place so far from the middle of an edge, upright to it; and from the edge as a whole."""
    (lat_0, lng_0), (lat_1, lng_1) = edge
    middle = ((lat_0 + lat_1) / 2, (lng_0 + lng_1) / 2)
    on = (middle[0] + (lat_1 - lat_0) * 1e-3, middle[1] + (lng_1 - lng_0) * 1e-3)
    course = EARTH.Inverse(*middle, *on)["azi1"] + (-90 if left else 90)
    end = EARTH.Direct(*middle, course, metres)
    place = (end["lat2"], end["lon2"])
    least = min(
        EARTH.Inverse(
            *place, lat_0 + (lat_1 - lat_0) * k / 4000, lng_0 + (lng_1 - lng_0) * k / 4000
        )["s12"]
        for k in range(1200, 2801)
    )
    assert least == pytest.approx(metres, abs=2.0)
    return place


def judged(
    example: Path,
    root: Path,
    kind: str,
    place: tuple[float, float],
    *,
    party: str = "a",
    notices: tuple[Notice, ...] = (),
    change: tuple[str, str] = ("", ""),
) -> list[Event]:
    """What comes of an aircraft that stays at a place for half a minute."""
    rules = stand_off_rules(agreement_of(example, root, change))
    assert rules is not None
    declared = read_declarations(
        f'[[aircraft]]\naircraft = "4b1234"\nparty = "{party}"\nclass = "{kind}"'.encode()
    )
    monitor = StandOffMonitor(rules, Declarations(declared.aircraft, notices))
    tracked = Tracks().take(flown("4b1234", [place] * 4, begin_us=NOON_US, accuracy_m=5))
    last = {each.id: each for each in (*monitor.take(tracked), *monitor.close())}
    return list(last.values())


def rules_broken(events: list[Event]) -> set[str]:
    return {each.rule for each in events if each.grade is not Grade.REFUTED}


class TestKorea2018:
    """T14: 40 km east and 20 km west for fixed wings, 15 and 10 for unmanned, 10 and 25."""

    @pytest.mark.parametrize(
        ("kind", "edge", "km", "broken"),
        [
            ("fixed-wing-combat", EDGE_EAST, 30.0, {"stand-off/fixed-wing-east"}),
            ("fixed-wing-unarmed", EDGE_EAST, 30.0, {"stand-off/fixed-wing-east"}),
            ("fixed-wing-combat", EDGE_WEST, 30.0, set()),
            ("fixed-wing-combat", EDGE_WEST, 19.9, {"stand-off/fixed-wing-west"}),
            ("unmanned", EDGE_EAST, 12.0, {"stand-off/unmanned-east"}),
            ("unmanned", EDGE_WEST, 12.0, set()),
            ("rotary-wing-armed", EDGE_WEST, 10.1, set()),
            ("rotary-wing-unarmed", EDGE_EAST, 9.9, {"stand-off/rotary-wing"}),
            ("balloon", EDGE_WEST, 24.0, {"stand-off/balloon"}),
            ("airliner", EDGE_EAST, 1.0, set()),
        ],
    )
    @pytest.mark.parametrize("left", [True, False])
    def test_class_side_and_stretch(
        self,
        tmp_path: Path,
        kind: str,
        edge: tuple[tuple[float, float], tuple[float, float]],
        km: float,
        broken: set[str],
        left: bool,
    ) -> None:
        # the eastern stretch bends: to its south-east the middle is not the nearest place
        place = beside(edge, km * 1000, left=left)
        events = judged(LINE, tmp_path, kind, place)
        assert rules_broken(events) == broken
        for each in events:
            assert each.grade is Grade.SHOWN
            assert each.distance_m is not None
            assert each.distance_m.value == pytest.approx(km * 1000, abs=2.0)

    def test_a_stretch_reaches_beyond_its_end_as_far_as_it_is_near(self, tmp_path: Path) -> None:
        """West of the marker, nearest to the western stretch, and 33 km from the eastern one."""
        end = EARTH.Direct(38.33, 127.42, 290.0, 33_000.0)
        events = judged(LINE, tmp_path, "fixed-wing-combat", (end["lat2"], end["lon2"]))
        assert "stand-off/fixed-wing-east" in rules_broken(events)


class TestIndiaPakistan1991:
    """T15: combat aircraft 10 km, unarmed ones 1,000 m, closer only on notice."""

    @pytest.mark.parametrize(("km", "broken"), [(9.9, {"stand-off/combat"}), (10.1, set())])
    @pytest.mark.parametrize(("party", "left"), [("a", True), ("b", False)])
    def test_combat(
        self, tmp_path: Path, km: float, broken: set[str], party: str, left: bool
    ) -> None:
        place = beside(EDGE_AIRSPACE, km * 1000, left=left)
        events = judged(AIRSPACE, tmp_path, "fixed-wing-combat", place, party=party)
        assert rules_broken(events) == broken
        assert {each.claimant for each in events} <= {"a", "b"} - {party}

    def test_unarmed(self, tmp_path: Path) -> None:
        far = judged(
            AIRSPACE, tmp_path / "1", "fixed-wing-unarmed", beside(EDGE_AIRSPACE, 1100, left=True)
        )
        assert not far
        place = beside(EDGE_AIRSPACE, 900, left=True)
        (near,) = judged(AIRSPACE, tmp_path / "2", "fixed-wing-unarmed", place)
        assert near.grade is Grade.SHOWN
        assert [each.code for each in near.grounds][-1:] != ["exempt-on-notice"]

    @pytest.mark.parametrize(
        ("purpose", "given", "until", "ground", "grade"),
        [
            ("rescue", "2027-01-13T08:00:00Z", "2027-01-15T09:00:00Z",
             "exempt-on-notice", "refuted"),
            ("rescue", "2027-01-14T23:00:00Z", "2027-01-15T09:00:00Z", "notice-too-late", "shown"),
            ("rescue", "2027-01-13T08:00:00Z", "2027-01-15T08:00:01Z",
             "notice-for-another-time", "shown"),
            ("farming", "2027-01-13T08:00:00Z", "2027-01-15T09:00:00Z", "no-notice", "shown"),
        ],
    )  # fmt: skip
    def test_on_notice_only(
        self, tmp_path: Path, purpose: str, given: str, until: str, ground: str, grade: str
    ) -> None:
        # the flight is on 15 January 2027 at 08:00 UTC; a day's notice is agreed
        notices = read_declarations(
            f'[[notices]]\nid = "n-1"\naircraft = "4b1234"\npurpose = "{purpose}"\n'
            f"from = 2027-01-15T07:00:00Z\nuntil = {until}\ngiven = {given}".encode()
        ).notices
        (event,) = judged(
            AIRSPACE,
            tmp_path,
            "fixed-wing-unarmed",
            beside(EDGE_AIRSPACE, 900, left=True),
            notices=tuple(notices),
        )
        assert event.grade == grade
        assert ground in [each.code for each in event.grounds]

    def test_inside_the_other_airspace_the_distance_is_below_zero(self, tmp_path: Path) -> None:
        place = beside(EDGE_AIRSPACE, 3000, left=False)
        (event,) = judged(AIRSPACE, tmp_path, "fixed-wing-combat", place)
        assert event.grade is Grade.SHOWN
        assert event.distance_m is not None
        assert event.distance_m.value == pytest.approx(-3000, abs=2)


@pytest.mark.parametrize(
    ("unit", "km", "broken"),
    [(Unit.NAUTICAL_MILE, 24.08, False), (Unit.STATUTE_MILE, 20.92, True)],
)
def test_t13_thirteen_miles_are_inside_or_outside_twelve_by_their_unit(
    tmp_path: Path, unit: Unit, km: float, broken: bool
) -> None:
    length = Length(13, unit)
    assert length.metres / 1000 == pytest.approx(km, abs=0.005)
    events = judged(
        AIRSPACE,
        tmp_path,
        "fixed-wing-combat",
        beside(EDGE_AIRSPACE, length.metres, left=True),
        change=('{ value = 10, unit = "km" }', '{ value = 12, unit = "NM" }'),
    )
    assert bool(events) is broken


@pytest.mark.parametrize(("claim_nm", "broken"), [(10, True), (6, False)])
def test_t16_eight_miles_from_the_coast_break_one_claim_and_not_the_other(
    tmp_path: Path, claim_nm: int, broken: bool
) -> None:
    events = judged(
        AIRSPACE,
        tmp_path,
        "fixed-wing-combat",
        beside(EDGE_AIRSPACE, 8 * 1852, left=True),
        change=('{ value = 10, unit = "km" }', f'{{ value = {claim_nm}, unit = "NM" }}'),
    )
    assert bool(events) is broken


def test_who_is_not_declared_is_bound_by_nothing_and_counted(tmp_path: Path) -> None:
    rules = stand_off_rules(agreement_of(AIRSPACE, tmp_path))
    assert rules is not None
    monitor = StandOffMonitor(rules, Declarations([Declared(aircraft="4b*", party="a")]))
    place = beside(EDGE_AIRSPACE, 100, left=True)
    assert not monitor.take(Tracks().take(flown("4b1234", [place] * 4)))
    assert monitor.counts["undeclared"] == 4


def test_a_position_that_cannot_be_true_proves_no_breach(tmp_path: Path) -> None:
    """An aircraft 30 km away is said to be at the line for a moment."""
    rules = stand_off_rules(agreement_of(AIRSPACE, tmp_path))
    assert rules is not None
    kinds = Declarations([Declared(aircraft="4b1234", party="a", kind=AircraftClass.BALLOON)])
    combat = Declarations(
        [Declared(aircraft="4b1234", party="a", kind=AircraftClass.FIXED_WING_COMBAT)]
    )
    far, near = beside(EDGE_AIRSPACE, 30_000, left=True), beside(EDGE_AIRSPACE, 100, left=True)
    flight = flown("4b1234", [far] * 5 + [near] + [far] * 20)
    assert not StandOffMonitor(rules, kinds).take(Tracks().take(flight))
    monitor = StandOffMonitor(rules, combat)
    events = [*monitor.take(Tracks().take(flight)), *monitor.close()]
    assert {each.grade for each in events} == {Grade.CANNOT_BE_TOLD}
    assert events[-1].ended_us is not None
    assert "positions-inconsistent" in [each.code for each in events[-1].grounds]
