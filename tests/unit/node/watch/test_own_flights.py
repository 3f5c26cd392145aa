"""Own flights: which plans are watched, what is handed to planning, and when."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.support import planned
from tests.support.recording import recording
from tests.support.watched import T0_US, flight

from detente.errors import DetenteError
from detente.f3548 import uss_types as uss
from detente.geo import Circle, Volume4D
from detente.node.watch import own_watch
from detente.node.watch.assembly import Watching
from detente.node.watch.own_flights import OwnFlights
from detente.node.watch.own_plans import identity_of, own_volumes, standings
from detente.node.watch.own_watch import OwnWatch
from detente.node.watch.sightings import Sighting, telemetry_of
from detente.node.watch.watch_file import WatchFileUnusable
from detente.planning import Details, Intent, State
from detente.watch import (
    AlertRules,
    Alerts,
    ConformanceRules,
    Event,
    OwnVolumes,
    Proposed,
    Tracks,
)

pytestmark = pytest.mark.anyio

S = 1_000_000
PLAN = "4d2a7f01-0000-4000-8000-000000000001"
VOLUME = Volume4D(Circle(46.0, 7.0, 1_000.0), 100.0, 500.0, T0_US - 60 * S, T0_US + 3_600 * S)
INSIDE, OUTSIDE = (46.0, 7.0), (46.02, 7.0)


def plan(state: State = State.ACTIVATED, identity: str = PLAN, aircraft: str = "3C0001") -> Intent:
    volumes = [] if state is State.CONTINGENT else [VOLUME]
    found = planned.intent(identity, state=state, volumes=volumes, off_nominal=[VOLUME])
    return replace(found, aircraft=aircraft)


def watched(*intents: Intent, before: Mapping[str, OwnVolumes] = {}) -> dict[str, OwnVolumes]:
    return own_volumes(intents, "a", before)


class TestWhichPlansAreWatched:
    @pytest.mark.parametrize("state", [State.ACTIVATED, State.NONCONFORMING])
    def test_those_in_the_air_that_name_their_aircraft(self, state: State) -> None:
        own = OwnVolumes("3c0001", PLAN, (VOLUME,), "a", "survey of the pass")
        assert watched(plan(state)) == {PLAN: own}

    @pytest.mark.parametrize(
        "intent",
        [plan(State.ACCEPTED), plan(aircraft=" "), replace(plan(), ended=True)],
        ids=["not begun", "no aircraft", "ended"],
    )
    def test_others_are_not(self, intent: Intent) -> None:
        assert watched(intent) == {}

    def test_a_contingent_one_by_the_volumes_that_it_had(self) -> None:
        gone = plan(State.CONTINGENT)
        assert watched(gone) == {}
        assert watched(gone, before=watched(plan())) == watched(plan())

    def test_the_one_that_began_first_comes_first(self) -> None:
        early = replace(VOLUME, time_start_us=T0_US - 120 * S)
        second = replace(plan(identity="b" + PLAN[1:]), details=Details((early,)))
        assert list(watched(plan(), second)) == [second.id, PLAN]

    @pytest.mark.parametrize(
        ("told", "named"),
        [("4B12AF", "4b12af"), (" ~4B12AF ", "~4b12af"), ("serial:ABC1", "serial:ABC1")],
    )
    def test_addresses_are_named_as_reports_name_them(self, told: str, named: str) -> None:
        assert identity_of(told) == named

    def test_after_a_restart_flights_stand_as_they_were_declared_or_told(self) -> None:
        off, told, fine = (
            plan(State.NONCONFORMING), plan(identity="told"), plan(identity="fine"),
        )  # fmt: skip
        found = standings([off, told, fine], {"told": Proposed.CONTINGENT}, 9)
        assert {name: each.state for name, each in found.items()} == {
            PLAN: Proposed.NONCONFORMING, "told": Proposed.CONTINGENT,
        }  # fmt: skip


async def test_who_does_not_plan_cannot_declare(tmp_path: Path) -> None:
    file = tmp_path / "watch.toml"
    file.write_text("crossings = false\n[conformance]\ndeclare = true\n")
    async with recording(tmp_path) as node:
        with pytest.raises(WatchFileUnusable, match="does not plan"):
            await Watching.open(node.context, file)


def test_a_sighting_becomes_telemetry() -> None:
    seen = Sighting(PLAN, T0_US, 46.0, 7.0, 300.0, 50.0, 360.0, 185.2, 45.0, inside=True)
    told = telemetry_of(seen)
    assert told.position is not None
    assert told.velocity is not None
    assert (told.position.latitude, told.position.longitude) == (46.0, 7.0)
    assert (told.position.accuracy_h, told.position.accuracy_v) == ("HA01NM", "VA45m")
    assert told.time_measured.value.timestamp() * S == T0_US
    assert (told.velocity.speed, told.velocity.track) == (50.0, 0.0)
    bare = telemetry_of(replace(seen, altitude_m=math.nan, speed_m_s=math.nan, horizontal_m=1e6))
    assert bare.velocity is None
    assert bare.position is not None
    assert bare.position.altitude is None
    assert (bare.position.accuracy_h, bare.position.accuracy_v) == ("HA10NMPlus", "VAUnknown")


@dataclass
class Sky:
    """A node's own plans, the thread that watches, and planning that hears of positions."""

    intents: dict[str, Intent] = field(default_factory=dict)
    heard: list[tuple[str, list[tuple[float, float]]]] = field(default_factory=list)
    ended: list[Event] = field(default_factory=list)
    failing: bool = False
    tracks: Tracks = field(default_factory=Tracks)
    now_us: int = T0_US

    async def hear(self, intent: Intent, told: Sequence[uss.VehicleTelemetry]) -> None:
        if self.failing:
            raise DetenteError("the record is away")
        at = [each.time_measured.value.timestamp() - T0_US / S for each in told]
        places = [0.0 if each.position is None else each.position.latitude for each in told]
        self.heard.append((intent.id, list(zip(at, places, strict=True))))

    async def on_events(self, events: Sequence[Event]) -> None:
        self.ended += events

    def watch(self, *, declare: bool = True) -> OwnWatch:
        hear = self.hear if declare else None
        return OwnWatch(self, "a", ConformanceRules(), hear, lambda: self.now_us)

    def fly(self, monitor: OwnFlights, at_s: Sequence[float], place: tuple[float, float]) -> None:
        reports = flight([(each, *place) for each in at_s], altitude_m=300.0)
        monitor.take(self.tracks.take(reports))


async def test_positions_are_handed_on_once_a_second_every_five_seconds() -> None:
    sky = Sky({PLAN: plan()})
    own = sky.watch()
    await own.look(sky.on_events, {})
    assert own.flights == 1
    sky.fly(own.monitor, [i * 0.25 for i in range(16)], INSIDE)
    await own.look(sky.on_events, {})
    assert sky.heard == []
    sky.fly(own.monitor, [4.0 + i * 0.25 for i in range(8)], INSIDE)
    await own.look(sky.on_events, {})
    ((identity, told),) = sky.heard
    assert identity == PLAN
    assert [at for at, _ in told] == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])


async def test_one_that_leaves_is_told_of_at_once_and_proposed() -> None:
    sky = Sky({PLAN: plan()})
    own = sky.watch()
    await own.look(sky.on_events, {})
    sky.fly(own.monitor, [0.0], INSIDE)
    sky.fly(own.monitor, [20.0], OUTSIDE)
    await own.look(sky.on_events, {})
    assert [len(told) for _, told in sky.heard] == [2]
    assert [each.state for each in own.monitor.proposals()] == [Proposed.NONCONFORMING]
    assert own.monitor.proposals() == []

    # Until it conforms again nothing waits; a flight that is silent is given up by the clock.
    sky.intents = {PLAN: plan(State.NONCONFORMING)}
    sky.fly(own.monitor, [40.0], INSIDE)
    await own.look(sky.on_events, {})
    assert len(sky.heard) == 2
    sky.fly(own.monitor, [41.5], INSIDE)
    await own.look(sky.on_events, {})
    assert len(sky.heard) == 3
    sky.now_us = T0_US + 81 * S
    await own.look(sky.on_events, {})
    assert [each.state for each in own.monitor.proposals()] == [Proposed.CONTINGENT]


async def test_one_that_comes_back_before_it_was_declared_is_told_of_at_once() -> None:
    sky = Sky({PLAN: plan()})
    own = sky.watch()
    await own.look(sky.on_events, {})
    for at, place in ((0.0, OUTSIDE), (20.0, INSIDE), (21.0, INSIDE)):
        sky.fly(own.monitor, [at], place)
        await own.look(sky.on_events, {})
    assert [told[0][0] for _, told in sky.heard] == pytest.approx([0.0, 20.0])


async def test_within_a_second_only_what_passes_the_border_is_handed_on() -> None:
    sky = Sky({PLAN: plan()})
    own = sky.watch()
    await own.look(sky.on_events, {})
    for at, lat in ((0.0, 46.00885), (0.6, 46.00895), (0.9, 46.00905)):
        sky.fly(own.monitor, [at], (lat, 7.0))
    await own.look(sky.on_events, {})
    assert [at for _, told in sky.heard for at, _ in told] == pytest.approx([0.0, 0.9])


async def test_the_oldest_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_watch, "WAITING_MAX", 2)
    sky = Sky({PLAN: plan()}, failing=True)
    own = sky.watch()
    await own.look(sky.on_events, {})
    sky.fly(own.monitor, [0.0, 1.0, 2.0], INSIDE)
    sky.failing = False
    sky.fly(own.monitor, [10.0], INSIDE)
    await own.look(sky.on_events, {})
    assert [at for _, told in sky.heard for at, _ in told] == pytest.approx([2.0, 10.0])


async def test_what_planning_cannot_take_waits() -> None:
    sky = Sky({PLAN: plan()}, failing=True)
    own = sky.watch()
    await own.look(sky.on_events, {})
    sky.fly(own.monitor, [0.0], OUTSIDE)
    await own.look(sky.on_events, {})
    sky.failing = False
    await own.look(sky.on_events, {})
    assert sky.heard == [(PLAN, [(0.0, OUTSIDE[0])])]


async def test_without_the_switch_nothing_is_handed_on() -> None:
    sky = Sky({PLAN: plan()})
    own = sky.watch(declare=False)
    await own.look(sky.on_events, {})
    sky.fly(own.monitor, [0.0], OUTSIDE)
    await own.look(sky.on_events, {})
    assert [each.state for each in own.monitor.proposals()] == [Proposed.NONCONFORMING]
    assert own.monitor.sightings() == []


async def test_plans_are_followed_while_they_change() -> None:
    sky = Sky({PLAN: plan(State.ACCEPTED)})
    own = sky.watch()
    await own.look(sky.on_events, {})
    sky.fly(own.monitor, [0.0], OUTSIDE)
    assert (own.flights, own.monitor.proposals()) == (0, [])
    sky.intents = {PLAN: plan()}
    await own.look(sky.on_events, {})
    sky.fly(own.monitor, [1.0], OUTSIDE)
    assert [each.operation for each in own.monitor.proposals()] == [PLAN]
    sky.intents = {}
    await own.look(sky.on_events, {})
    assert [(each.rule, each.ended_us) for each in sky.ended] == [(PLAN, T0_US + S)]
    assert own.flights == 0


async def test_a_plan_that_cannot_be_measured_blinds_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wide = replace(VOLUME, outline=Circle(46.0, 7.0, 6_000_000.0))
    other = plan(identity="c" + PLAN[1:], aircraft="3c0002")
    sky = Sky({PLAN: plan(), other.id: replace(other, details=Details((wide,)))})
    own = sky.watch()
    for _ in range(2):
        await own.look(sky.on_events, {})
        assert own.flights == 1
    assert [each.getMessage().split()[0] for each in caplog.records] == [other.id], "said once"
    sky.intents[other.id] = other
    await own.look(sky.on_events, {})
    assert own.flights == 2


async def test_a_node_that_starts_again_proposes_nothing_twice() -> None:
    sky = Sky({PLAN: plan()})
    own = sky.watch()
    await own.look(sky.on_events, {PLAN: Proposed.NONCONFORMING})
    sky.fly(own.monitor, [0.0], OUTSIDE)
    alerts, told = Alerts(AlertRules()), own.monitor.proposals()
    assert alerts.take([], T0_US, told) == []
    assert alerts.proposed == {PLAN: Proposed.NONCONFORMING}, "nothing new, but known"
    for at in range(1, 6):
        sky.fly(own.monitor, [20.0 + at], INSIDE)
    assert [each.state for each in own.monitor.proposals()] == [Proposed.ACTIVATED]
