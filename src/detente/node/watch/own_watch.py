"""Our own flights that receivers hear: followed as plans change, and declared as they fly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol

from detente.errors import DetenteError
from detente.f3548 import uss_types as uss
from detente.kernels import VolumeIndex
from detente.planning import Intent, State
from detente.watch import ConformanceRules, Event, OwnVolumes, Proposed

from .own_flights import OwnFlights
from .own_plans import own_volumes, standings
from .sightings import Sighting, telemetry_of

LOOK_EVERY_S: Final = 1.0
TELL_EVERY_US: Final = 5_000_000
"""How often positions of a flight that keeps to its volumes are handed on."""
WAITING_MAX: Final = 1000
"""Positions of a flight that could not be handed on; the oldest make room."""
_log = logging.getLogger("detente.node.watch")


class OwnPlans(Protocol):
    """What the node plans."""

    @property
    def intents(self) -> Mapping[str, Intent]:
        """Those that have not ended, by id."""
        ...


Hear = Callable[[Intent, Sequence[uss.VehicleTelemetry]], Awaitable[object]]
"""Takes positions of a flight, and declares what follows: `ConformanceWatch.heard`."""
OnEvents = Callable[[Sequence[Event]], Awaitable[None]]


class OwnWatch:
    """Keeps the monitor in step with the plans, and hands positions to planning.

    Args:
        plans: the node's book.
        party: whose node it is.
        rules: of conformance.
        hear: None: nothing is declared by the node.
        clock: µs since 1970 UTC.
    """

    def __init__(
        self,
        plans: OwnPlans,
        party: str,
        rules: ConformanceRules,
        hear: Hear | None,
        clock: Callable[[], int],
    ) -> None:
        self.monitor = OwnFlights(rules, self._found)
        self._plans = plans
        self._party = party
        self._hear = hear
        self._clock = clock
        self._own: dict[str, OwnVolumes] = {}
        self._unmeasured: dict[str, OwnVolumes] = {}
        self._waiting: dict[str, list[Sighting]] = {}
        self._outside: set[str] = set()
        self._home: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()

    @property
    def flights(self) -> int:
        """How many are watched."""
        return len(self._own)

    async def run(
        self, on_events: OnEvents, proposed: Callable[[], Mapping[str, Proposed]]
    ) -> None:
        """Look after own flights, until cancelled.

        Args:
            on_events: is given what ends because a plan does.
            proposed: what officers were told that flights are to be declared, by plan.
        """
        self._home = asyncio.get_running_loop()
        try:
            while True:
                await self.look(on_events, proposed())
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._woken.wait()
                except TimeoutError:
                    pass
                self._woken.clear()
        finally:
            self._home = None

    async def look(self, on_events: OnEvents, proposed: Mapping[str, Proposed]) -> None:
        """Once."""
        intents = self._plans.intents
        own = self._measured(own_volumes(intents.values(), self._party, self._own))
        now_us = self._clock()
        if own != self._own:
            fresh = [intents[each] for each in own if each not in self._own]
            standing = standings(fresh, proposed, now_us)
            ends = await asyncio.to_thread(self.monitor.declare, tuple(own.values()), standing)
            self._own = own
            if ends:
                await on_events(ends)
        if not own:
            return
        await asyncio.to_thread(self.monitor.look, now_us)
        for each in self.monitor.sightings():
            self._waiting.setdefault(each.plan, []).append(each)
        for plan in list(self._waiting):
            await self._tell(plan)

    def _measured(self, own: dict[str, OwnVolumes]) -> dict[str, OwnVolumes]:
        """Without flights whose volumes cannot be measured against: the others are watched."""
        before, self._unmeasured = self._unmeasured, {}
        for plan, each in own.items():
            if self._own.get(plan) == each:
                continue
            try:
                if before.get(plan) != each:
                    VolumeIndex.build(each.volumes)
                    continue
            except DetenteError as error:
                _log.warning("%s is not watched: %s", plan, error)
            self._unmeasured[plan] = each
        return {plan: each for plan, each in own.items() if plan not in self._unmeasured}

    async def _tell(self, plan: str) -> None:
        """Hand on where a flight was: at once if it does not fly as planned, or did not."""
        waiting, intent = self._waiting[plan], self._plans.intents.get(plan)
        if intent is None or self._hear is None:
            del self._waiting[plan]
            self._outside.discard(plan)
            return
        del waiting[:-WAITING_MAX]
        urgent = (
            intent.state is not State.ACTIVATED
            or plan in self._outside
            or not all(each.inside for each in waiting)
        )
        if not urgent and waiting[-1].time_us - waiting[0].time_us < TELL_EVERY_US:
            return
        try:
            await self._hear(intent, [telemetry_of(each) for each in waiting])
        except DetenteError as error:
            _log.warning("where %s is waits: %s", plan, error)
            return
        if waiting[-1].inside:
            self._outside.discard(plan)
        else:
            self._outside.add(plan)
        del self._waiting[plan]

    def _found(self) -> None:
        """On the thread that watches."""
        home = self._home
        if home is not None:
            home.call_soon_threadsafe(self._woken.set)
