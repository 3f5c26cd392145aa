"""Watches where our aircraft are: records it, and declares what must be declared.

Positions come through the interface (`positions`). What they mean is decided in
`detente.planning.conformance`; here it is carried out, one thing at a time for each flight.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, cast

from detente.errors import DetenteError
from detente.f3548 import uss_types as uss
from detente.geo import Volume4D
from detente.node.context import NodeContext
from detente.planning import Book, Flown, Intent, Judged, Outcome, Result, State
from detente.planning import conformance as rules_of
from detente.planning.conformance import Aggregate, ConformanceRules, Step, Watched
from detente.record import format_time
from detente.words import NARROW, Words, number

from .recorder import Recorder

LOOK_EVERY_S: Final = 1.0
"""How often it is looked whether a flight has been out for too long."""
AGAIN_S: Final = 2.0
"""Until what could not be declared is tried again."""
EVALUATE_EVERY_S: Final = 600.0
SYSTEM: Final = "system"
"""Who declares: nobody."""

USUAL: Final = ConformanceRules()

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger("detente.node.uss")


class Declares(Protocol):
    """Who carries it out: the `Planner`."""

    async def declare(
        self, identity: str, state: State, off_nominal: Sequence[Volume4D], by: str
    ) -> Outcome:
        """Say that an aircraft does not fly as planned."""
        ...

    async def conform(self, identity: str, by: str) -> Outcome:
        """Say that it does again."""
        ...


@dataclass(slots=True)
class _Flight:
    watched: Watched = field(default_factory=Watched)
    last: uss.VehicleTelemetry | None = None
    heard_us: int = 0
    astray_since_us: int | None = None
    not_before_us: int = 0
    refused: Step | None = None
    at_work: asyncio.Task[None] | None = None


class ConformanceWatch:
    """Watches all flights of ours.

    Args:
        context: of the node.
        book: what flies.
        recorder: takes positions and notices.
        planner: declares.
        rules: what is done when.
    """

    def __init__(
        self,
        context: NodeContext,
        book: Book,
        recorder: Recorder,
        planner: Declares,
        rules: ConformanceRules = USUAL,
    ) -> None:
        self._context = context
        self._book = book
        self._recorder = recorder
        self._planner = planner
        self._rules = rules
        self._flights: dict[str, _Flight] = {}
        self._told_us = 0

    async def heard(
        self, intent: Intent, telemetry: Sequence[uss.VehicleTelemetry]
    ) -> tuple[Sequence[Judged], Flown]:
        """Positions of an aircraft of ours: judged, on record, and acted upon.

        Returns:
            The positions as judged, and what was counted.

        Raises:
            LogUnavailable, AppendUnknown, RecordRefused: they may not be on record.
        """
        now_us = self._now_us()
        volumes = intent.details.volumes
        judged = await asyncio.to_thread(
            lambda: [
                Judged(now_us, each, rules_of.inside(volumes, each) if volumes else None)
                for each in telemetry
            ]
        )
        flight = self._flights.setdefault(intent.id, _Flight())
        before = flight.watched
        watched, flown = rules_of.follow(before, judged, self._rules)
        flight.watched = watched
        if watched.last_us > before.last_us or not flight.heard_us:
            flight.heard_us = now_us
        if before.lost and not watched.lost:
            await self._recorder.operator_notice("GEN0405", intent.id, _found(intent), now_us)
        newest = max(telemetry, key=rules_of.measured_us, default=None)
        if newest is not None and (
            flight.last is None or rules_of.measured_us(newest) > rules_of.measured_us(flight.last)
        ):
            flight.last = newest
        self._act(intent.id)
        await self._recorder.positions(intent.id, judged, flown)
        return judged, flown

    async def run(self) -> None:
        """Look after all flights, as long as the node runs."""
        evaluated_s = -EVALUATE_EVERY_S
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for identity in list(self._book.intents):
                # Of a flight that has never told where it is, nobody but its operator can judge.
                if identity in self._flights or self._book.flight(identity) is not None:
                    await self._listen(identity)
                    self._act(identity)
            for identity in [each for each in self._flights if each not in self._book.intents]:
                self._flights.pop(identity)
            if loop.time() - evaluated_s >= EVALUATE_EVERY_S:
                evaluated_s = loop.time()
                await self._evaluate()

    async def aggregate(self) -> Aggregate:
        """How well our flights have kept to their volumes during the last days."""
        since = self._context.clock() - timedelta(days=rules_of.AGGREGATE_DAYS)
        rows = await self._context.record.query(
            "SELECT CAST(COALESCE(SUM(flown_us), 0) AS bigint), "
            "CAST(COALESCE(SUM(outside_us), 0) AS bigint), "
            "CAST(COALESCE(SUM(excursions), 0) AS bigint), "
            "CAST(COALESCE(SUM(long_excursions), 0) AS bigint) "
            "FROM plans_positions WHERE last >= ?",
            (format_time(since),),
        )
        flown, outside, excursions, long_ones = (cast(int, value) for value in rows[0])
        return Aggregate(Flown(flown, outside, excursions, long_ones))

    @property
    def flights(self) -> Mapping[str, Watched]:
        """How each flight that has told its position keeps to its volumes."""
        return {identity: each.watched for identity, each in self._flights.items()}

    async def idle(self) -> None:
        """Wait until nothing is being declared; for who ends the node."""
        at_work = [each.at_work for each in self._flights.values() if each.at_work is not None]
        await asyncio.gather(*at_work, return_exceptions=True)

    # --- inside ------------------------------------------------------------------------------

    async def _listen(self, identity: str) -> None:
        """Notice if a flight in use tells no position any more, and tell its operator (GEN0400)."""
        intent, flight = self._book.intents.get(identity), self._flight(identity)
        now_us, lost_us = self._now_us(), int(self._rules.lost_s * 1e6)
        if intent is None or intent.state is State.ACCEPTED:
            flight.heard_us = now_us
            return
        if not lost_us or flight.watched.lost or now_us - flight.heard_us < lost_us:
            return
        flight.watched = rules_of.lost(flight.watched)
        text = _lost(intent, self._rules.lost_s)
        await self._recorder.operator_notice("GEN0400", identity, text, flight.heard_us + lost_us)

    def _act(self, identity: str) -> None:
        """Begin what must be done about a flight, unless something is being done."""
        intent = self._book.intents.get(identity)
        if intent is None:
            return
        flight = self._flight(identity)
        now_us = self._now_us()
        if intent.state is not State.NONCONFORMING:
            flight.astray_since_us = None
        elif flight.astray_since_us is None:
            flight.astray_since_us = now_us
        if flight.at_work is not None or now_us < flight.not_before_us:
            return
        step = rules_of.step_due(
            intent,
            flight.watched,
            flight.last,
            now_us,
            self._rules,
            nonconforming_since_us=flight.astray_since_us,
        )
        if step is not None:
            flight.at_work = asyncio.create_task(self._carry_out(intent, flight, step))
            flight.at_work.add_done_callback(lambda task: self._done(flight, task))

    def _flight(self, identity: str) -> _Flight:
        """What is known of a flight, also of one that was under way when the node started."""
        found = self._flights.get(identity)
        if found is None:
            known = self._book.flight(identity)
            last = None if known is None or known.last is None else known.last.telemetry
            # While the node was down nobody could tell it anything.
            found = self._flights[identity] = _Flight(last=last, heard_us=self._now_us())
        return found

    def _done(self, flight: _Flight, task: asyncio.Task[None]) -> None:
        flight.at_work = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a flight could not be declared as it is", exc_info=error)

    async def _carry_out(self, intent: Intent, flight: _Flight, step: Step) -> None:
        now_us = self._now_us()
        flight.not_before_us = now_us + int(AGAIN_S * 1e6)
        try:
            if step is Step.CONFORM:
                outcome = await self._planner.conform(intent.id, SYSTEM)
            else:
                astray = step is Step.NONCONFORMING
                state = State.NONCONFORMING if astray else State.CONTINGENT
                area = rules_of.whereabouts(intent, flight.last, now_us, self._rules)
                outcome = await self._planner.declare(intent.id, state, area, SYSTEM)
        except DetenteError as error:
            _log.warning("%s of %s failed, and is tried again: %s", step, intent.id, error)
            return
        if outcome.result is not Result.DONE:
            if flight.refused is not step:  # once, however often it is tried
                flight.refused = step
                text = _refused(intent, step, outcome)
                await self._recorder.operator_notice("GEN0400", intent.id, text, now_us)
            return
        flight.refused = None
        flight.not_before_us = 0
        flight.watched = replace(flight.watched, declared_us=now_us)
        await self._tell(intent, step, now_us, lost=flight.watched.lost)

    async def _tell(self, intent: Intent, step: Step, now_us: int, *, lost: bool) -> None:
        """Tell our operator, once for each state."""
        name = intent.name or intent.id
        if step is Step.NONCONFORMING and intent.state is State.ACTIVATED and lost:
            words = Words(
                f"“{name}” tells no position any more: it is Nonconforming, and must be heard of "
                f"inside of its volumes within {self._rules.recoverable_s:.0f} s.",
                f"«{NARROW}{name}{NARROW}» ne donne plus de position{NARROW}: le vol est "
                f"Nonconforming et doit être retrouvé dans ses volumes en "
                f"{self._rules.recoverable_s:.0f} s.",
            )
            await self._recorder.operator_notice("CMSA0115", intent.id, words, now_us)
        elif step is Step.NONCONFORMING and intent.state is State.ACTIVATED:
            words = Words(
                f"“{name}” has left its volumes: it is Nonconforming, and must be back within "
                f"{self._rules.recoverable_s:.0f} s.",
                f"«{NARROW}{name}{NARROW}» a quitté ses volumes{NARROW}: le vol est Nonconforming "
                f"et doit y revenir en {self._rules.recoverable_s:.0f} s.",
            )
            await self._recorder.operator_notice("CMSA0115", intent.id, words, now_us)
        elif step is Step.CONTINGENT and intent.state is not State.CONTINGENT:
            words = Words(
                f"“{name}” did not come back in time: it is Contingent, and can only end.",
                f"«{NARROW}{name}{NARROW}» n’est pas revenu à temps{NARROW}: le vol est Contingent "
                "et ne peut plus que se terminer.",
            )
            await self._recorder.operator_notice("CMSA0300", intent.id, words, now_us)

    async def _evaluate(self) -> None:
        """Tell our operators, once a day, if flights do not keep to their volumes (ACM0010)."""
        try:
            found = await self.aggregate()
        except DetenteError as error:
            _log.warning("how well flights keep to their volumes is not known: %s", error)
            return
        now_us = self._now_us()
        if not found.counts or found.good or now_us - self._told_us < 24 * 3600 * 1_000_000:
            return
        self._told_us = now_us
        share, often = number(100 * found.conformance, 1), number(found.excursions_per_hour, 1)
        words = Words(
            f"Flights kept to their volumes {share.en} % of the time in "
            f"{rules_of.AGGREGATE_DAYS} days, and left them {often.en} times an hour.",
            f"Les vols ont tenu leurs volumes {share.fr} % du temps en "
            f"{rules_of.AGGREGATE_DAYS} jours, et les ont quittés {often.fr} fois par heure.",
        )
        await self._recorder.operator_notice("ACM0010", "", words, now_us)

    def _now_us(self) -> int:
        return (self._context.clock() - _EPOCH) // timedelta(microseconds=1)


_ASKED: Final = {
    Step.NONCONFORMING: Words("Nonconforming", "Nonconforming"),
    Step.CONTINGENT: Words("Contingent", "Contingent"),
    Step.CONFORM: Words("conforming again", "de nouveau conforme"),
}


def _refused(intent: Intent, step: Step, outcome: Outcome) -> Words:
    """That a flight could not be declared as it is; with the first reason."""
    name, asked = intent.name or intent.id, _ASKED[step]
    reasons = [each.message for each in outcome.faults]
    reasons += [each.reason for each in outcome.refusing]
    why = reasons[0] if reasons else Words("", "")
    return Words(
        f"“{name}” could not be declared {asked.en}; it is tried again. {why.en}".rstrip(),
        f"«{NARROW}{name}{NARROW}» n’a pas pu être déclaré {asked.fr}{NARROW}; un nouvel essai "
        f"suit. {why.fr}".rstrip(),
    )


def _lost(intent: Intent, after_s: float) -> Words:
    name = intent.name or intent.id
    return Words(
        f"“{name}” has told no position for {after_s:.0f} s: whether it keeps to its volumes is "
        "not known.",
        f"«{NARROW}{name}{NARROW}» n’a donné aucune position depuis {after_s:.0f} s{NARROW}: on "
        "ignore s’il tient ses volumes.",
    )


def _found(intent: Intent) -> Words:
    name = intent.name or intent.id
    return Words(
        f"“{name}” tells its position again.",
        f"«{NARROW}{name}{NARROW}» donne de nouveau sa position.",
    )
