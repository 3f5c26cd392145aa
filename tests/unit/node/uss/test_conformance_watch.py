"""Positions that come in are on record, and have the flight declared as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from tests.support import planned
from tests.support.recording import Recording, recording

from detente.errors import DetenteError
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Circle, Volume4D
from detente.http import BadRequest, Caller, NotFound, Request, Response
from detente.node.uss import conformance_watch
from detente.node.uss.conformance_watch import USUAL, ConformanceWatch
from detente.node.uss.positions import (
    ConformanceView,
    PositionsBody,
    PositionsView,
    positions_endpoints,
)
from detente.planning import Action, Details, Fault, Outcome, Result, State
from detente.planning.conformance import ConformanceRules
from detente.words import Words

pytestmark = pytest.mark.anyio

START = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=planned.NOW_US + 60_000_000)
CALLER = Caller("nowak", frozenset({"plan.file"}), "session", 0)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Declaring:
    """A planner to whom everything is granted, unless it is to fail or to refuse."""

    node: Recording
    failing: bool = False
    refusing: bool = False
    done: list[tuple[str, State]] = field(default_factory=list)
    tried: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def declare(
        self, identity: str, state: State, off_nominal: Sequence[Volume4D], by: str
    ) -> Outcome:
        before = self.node.book.intents[identity]
        volumes = () if state is State.CONTINGENT else before.details.volumes
        return await self._to(identity, state, Details(volumes, tuple(off_nominal)), by)

    async def conform(self, identity: str, by: str) -> Outcome:
        before = self.node.book.intents[identity]
        return await self._to(identity, State.ACTIVATED, Details(before.details.volumes), by)

    async def _to(self, identity: str, state: State, details: Details, by: str) -> Outcome:
        self.tried += 1
        try:
            if self.failing:
                raise DetenteError("the exchange is away")
            assert by == "system"
            before = self.node.book.intents[identity]
            after = replace(before, state=state, details=details, version=before.version + 1)
            outcome = planned.accepted(after, action=Action.MODIFY, before=before)
            if self.refusing:
                why = Words("The exchange is full.", "L’échange est plein.")
                fault = Fault("plan.refused", "", why)
                return replace(outcome, result=Result.REFUSED, intent=before, faults=(fault,))
            await self.node.recorder.settled(None, outcome)
            self.done.append((identity, state))
            return outcome
        finally:
            self.changed.set()


@dataclass
class Watching:
    node: Recording
    planner: Declaring
    watch: ConformanceWatch
    clock: Clock

    async def fly(self, of: str, *places: tuple[float, float]) -> None:
        """Positions (seconds before now, latitude)."""
        told = [telemetry(self.clock.now - timedelta(seconds=ago), lat) for ago, lat in places]
        await self.watch.heard(self.node.book.intents[of], told)

    async def until(self, count: int) -> None:
        """Wait until so many declarations were tried and are over."""
        async with asyncio.timeout(10):
            while self.planner.tried < count:
                self.planner.changed.clear()
                await self.planner.changed.wait()
            await self.watch.idle()

    @property
    def states(self) -> list[State]:
        return [state for _, state in self.planner.done]


def telemetry(moment: datetime, lat: float) -> uss.VehicleTelemetry:
    return uss.VehicleTelemetry(
        wire.Time(moment), uss.Position(6.905, lat, altitude=wire.Altitude(550.0, "W84", "M"))
    )


@asynccontextmanager
async def watching(
    directory: Path, *, again: bool = False, rules: ConformanceRules = USUAL
) -> AsyncIterator[Watching]:
    clock = Clock()
    async with recording(directory, clock=clock, again=again) as node:
        planner = Declaring(node)
        watch = ConformanceWatch(node.context, node.book, node.recorder, planner, rules)
        yield Watching(node, planner, watch, clock)


async def test_out_is_nonconforming_a_minute_is_contingent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conformance_watch, "LOOK_EVERY_S", 0.001)
    async with watching(tmp_path, rules=ConformanceRules(lost_s=0)) as net:
        ours = planned.intent(state=State.ACTIVATED)
        await net.node.recorder.settled(None, planned.accepted(ours))
        await net.fly(ours.id, (2, 46.205), (1, 46.205))
        assert net.planner.tried == 0
        await net.fly(ours.id, (0, 46.22))
        await net.until(1)
        assert net.states == [State.NONCONFORMING]
        intent = net.node.book.intents[ours.id]
        assert intent.details.off_nominal_volumes
        looking = asyncio.create_task(net.watch.run())
        try:
            net.clock.go(1)
            await asyncio.sleep(0.02)
            net.clock.go(58)
            await asyncio.sleep(0.02)
            assert net.states == [State.NONCONFORMING]
            net.clock.go(2)
            await net.until(2)
        finally:
            looking.cancel()
        assert net.states == [State.NONCONFORMING, State.CONTINGENT]
        await net.node.recorder.flush()
        told = await net.node.record.query("SELECT event FROM plans_told ORDER BY position")
        assert told == [("CMSA0115",), ("CMSA0300",)]


async def test_back_is_conforming_again(tmp_path: Path) -> None:
    async with watching(tmp_path) as net:
        ours = planned.intent(state=State.ACTIVATED)
        await net.node.recorder.settled(None, planned.accepted(ours))
        await net.fly(ours.id, (0, 46.22))
        await net.until(1)
        net.clock.go(10)
        await net.fly(ours.id, (0, 46.205))
        assert net.planner.tried == 1
        net.clock.go(5)
        await net.fly(ours.id, (1, 46.205), (0, 46.205))
        await net.until(2)
        assert net.states == [State.NONCONFORMING, State.ACTIVATED]
        flight = net.node.book.flight(ours.id)
        assert flight is not None
        assert flight.flown.excursions == 1


@pytest.mark.parametrize("how", ["failing", "refusing"])
async def test_what_cannot_be_declared_is_tried_again(tmp_path: Path, how: str) -> None:
    async with watching(tmp_path) as net:
        ours = planned.intent(state=State.ACTIVATED)
        await net.node.recorder.settled(None, planned.accepted(ours))
        setattr(net.planner, how, True)
        await net.fly(ours.id, (0, 46.22))
        await net.until(1)
        net.clock.go(1)
        await net.fly(ours.id, (0, 46.22))
        assert net.planner.tried == 1
        setattr(net.planner, how, False)
        net.clock.go(2)
        await net.fly(ours.id, (0, 46.22))
        await net.until(2)
        assert net.states == [State.NONCONFORMING]


async def test_operators_are_told_once_that_an_exchange_refuses(tmp_path: Path) -> None:
    async with watching(tmp_path) as net:
        ours = planned.intent(state=State.ACTIVATED)
        await net.node.recorder.settled(None, planned.accepted(ours))
        told: list[tuple[str, Words]] = []
        net.node.recorder.told = lambda event, _, words, __: told.append((event, words))
        net.planner.refusing = True
        for tries in (1, 2, 3):
            await net.fly(ours.id, (0, 46.22))
            await net.until(tries)
            net.clock.go(2.5)
        net.planner.refusing = False
        await net.fly(ours.id, (0, 46.22))
        await net.until(4)
        net.clock.go(10)
        await net.fly(ours.id, (4, 46.205), (0, 46.205))
        await net.until(5)
        assert net.states == [State.NONCONFORMING, State.ACTIVATED]
        net.planner.refusing = True
        net.clock.go(10)
        await net.fly(ours.id, (0, 46.22))
        await net.until(6)
        assert [event for event, _ in told] == ["GEN0400", "CMSA0115", "GEN0400"]
        words = told[0][1]
        assert "could not be declared Nonconforming" in words.en
        assert words.en.endswith("The exchange is full.")
        assert words.fr.endswith("L’échange est plein.")


async def test_a_node_that_starts_again_goes_on_watching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conformance_watch, "LOOK_EVERY_S", 0.001)
    ours = planned.intent(state=State.ACTIVATED)
    async with watching(tmp_path) as net:
        await net.node.recorder.settled(None, planned.accepted(ours))
        await net.fly(ours.id, (0, 46.22))
        await net.until(1)
    async with watching(tmp_path, again=True) as net:
        net.clock.go(20)
        looking = asyncio.create_task(net.watch.run())
        try:
            await asyncio.sleep(0.02)
            net.clock.go(60)
            await net.until(1)
        finally:
            looking.cancel()
        assert net.states == [State.CONTINGENT]


@pytest.mark.parametrize("declare", [False, True], ids=["told", "declared"])
async def test_a_flight_that_tells_no_position_any_more_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, declare: bool
) -> None:
    monkeypatch.setattr(conformance_watch, "LOOK_EVERY_S", 0.001)
    rules = ConformanceRules(lost_s=20.0, declare_lost=declare)
    async with watching(tmp_path, rules=rules) as net:
        heard, silent = planned.intent(state=State.ACTIVATED), planned.intent(state=State.ACTIVATED)
        for each in (heard, silent):
            await net.node.recorder.settled(None, planned.accepted(each))
        told: list[tuple[str, str]] = []
        said = asyncio.Event()

        def hear(event: str, intent: str, text: Words, other: str) -> None:
            told.append((event, intent))
            assert text.en
            assert text.fr
            said.set()

        net.node.recorder.told = hear
        await net.fly(heard.id, (5, 46.205), (0, 46.205))
        looking = asyncio.create_task(net.watch.run())
        try:
            net.clock.go(19)
            # What is old, or known, is nothing new.
            await net.fly(heard.id, (20, 46.205), (19, 46.205))
            await _looked(net)
            assert told == []
            net.clock.go(1)
            await asyncio.wait_for(said.wait(), 10)
            assert told[0] == ("GEN0400", heard.id)
            if declare:
                await net.until(1)
                assert net.states == [State.NONCONFORMING]
                area = net.node.book.intents[heard.id].details.off_nominal_volumes
                assert area[0].outline == Circle(46.205, 6.905, 300.0)
                await _looked(net)
                assert net.states == [State.NONCONFORMING], "it was inside, and is not known to be"
            for _ in range(4):
                net.clock.go(1)
                await net.fly(heard.id, (0, 46.205))
            if declare:
                await net.until(2)
                assert net.states == [State.NONCONFORMING, State.ACTIVATED]
            await _looked(net)
        finally:
            looking.cancel()
        events = ["GEN0400", "CMSA0115", "GEN0405"] if declare else ["GEN0400", "GEN0405"]
        assert told == [(event, heard.id) for event in events]
        assert net.planner.tried == (2 if declare else 0)


async def _looked(net: Watching) -> None:
    """Until it was looked after all flights once more, at least."""
    flights, looks = net.node.book.intents, asyncio.Event()
    before = type(net.watch)._listen

    async def listen(watch: ConformanceWatch, identity: str) -> None:
        await before(watch, identity)
        looks.set()

    assert flights
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(net.watch), "_listen", listen)
        for _ in range(2):
            looks.clear()
            await asyncio.wait_for(looks.wait(), 10)


# --- the interface -----------------------------------------------------------------------------


async def test_positions_come_in_and_are_told_again(tmp_path: Path) -> None:
    async with watching(tmp_path) as net:
        endpoints = positions_endpoints(net.node.context, net.node.book, net.watch)
        tell, show, aggregate = (each.handler for each in endpoints)
        ours = planned.intent(state=State.ACTIVATED)
        await net.node.recorder.settled(None, planned.accepted(ours))
        now_us = planned.NOW_US + 60_000_000
        path = {"id": ours.id}

        def body(*places: tuple[float, float]) -> PositionsBody:
            moments = [(net.clock.now - timedelta(seconds=ago), lat) for ago, lat in places]
            return PositionsBody([telemetry(*each) for each in moments])

        answer = await tell(Request(path, {}, body((3, 46.205), (2, 46.205)), CALLER, now_us))
        assert isinstance(answer, Response)
        told = answer.body
        assert isinstance(told, PositionsView)
        assert [each.inside for each in told.positions] == [True, True]
        assert (told.flown_s, told.outside_s, told.excursions) == (1.0, 0.0, 0)
        await tell(Request(path, {}, body((1, 46.22), (0, 46.22)), CALLER, now_us))
        await net.until(1)
        answer = await show(Request(path, {"limit": "3"}, None, CALLER, now_us))
        assert isinstance(answer, Response)
        shown = answer.body
        assert isinstance(shown, PositionsView)
        assert [each.inside for each in shown.positions] == [True, False, False]
        assert shown.state == "Nonconforming"
        answer = await aggregate(Request({}, {}, None, CALLER, now_us))
        assert isinstance(answer, Response)
        counted = answer.body
        assert isinstance(counted, ConformanceView)
        assert counted.hours == pytest.approx(3 / 3600)
        assert counted.conformance == pytest.approx(2 / 3)
        assert not counted.counts

        with pytest.raises(NotFound):
            unknown = {"id": "00000000-0000-4000-8000-000000000001"}
            await tell(Request(unknown, {}, body((0, 46.2)), CALLER, now_us))
        for wrong in (body((0, 91.0)), body((-60, 46.2)), _nowhere(net.clock.now)):
            with pytest.raises(BadRequest):
                await tell(Request(path, {}, wrong, CALLER, now_us))


def _nowhere(now: datetime) -> PositionsBody:
    return PositionsBody([uss.VehicleTelemetry(wire.Time(now))])


async def test_a_body_without_positions_is_none(tmp_path: Path) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"positions": []}', type=PositionsBody)
