"""Everything that one seed decides: planners, exchanges, and what goes wrong between them.

Checks go on at each recorded outcome (`checks`); at quiet points everything is healed, must settle,
and is compared (`quiet`).
"""

from __future__ import annotations

import heapq
import zlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final
from uuid import UUID

import msgspec
from tests.simulation.planning import checks, quiet
from tests.simulation.planning.airspace import (
    EPOCH_US,
    area,
    box,
    slot_of,
    some_volumes,
)
from tests.simulation.planning.dss import Dss, No
from tests.simulation.planning.node import Node, Running

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548 import volume_on_wire
from detente.planning import (
    Action,
    Answer,
    Conflicted,
    DeleteIntent,
    Details,
    Errand,
    ExchangeArea,
    FetchConstraint,
    FetchIntent,
    GetIntent,
    Intent,
    NoAnswer,
    Nonsense,
    Notice,
    Order,
    Outcome,
    PlanningRules,
    PutIntent,
    QueryConstraints,
    QueryIntents,
    Refused,
    State,
)

TRACE_KEPT: Final = 80
QUIET_EVERY_US: Final = 150_000_000
INTENTS_MAX: Final = 5
RULES: Final = PlanningRules(same_priority_allowed=frozenset({7}))
CROOKED: Final = (
    "another id",
    "another manager",
    "a wrong OVN",
    "the exchange's OVN",
    "no volumes",
    "beyond its times",
    "an older version",
    "nonsense",
    "refusal",
    "silence",
)
"""How a peer errs or lies when asked for details: always so that it can be noticed."""


class Failure(AssertionError):
    """A violation, with all that is needed to see it again."""


@dataclass(frozen=True)
class Weather:
    """How often, for each request, something goes wrong."""

    lost: float = 0.0
    answer_lost: float = 0.0
    late: float = 0.0
    error: float = 0.0
    killed: float = 0.0
    storm: float = 0.0
    """That an exchange's neighbours change just before a change is taken."""
    slow_us: int = 40_000


CALM: Final = Weather()


def draw(rng: Random) -> Weather:
    """The weather of a world."""
    return Weather(
        lost=rng.choice((0.0, 0.02, 0.08)),
        answer_lost=rng.choice((0.0, 0.03, 0.15)),
        late=rng.choice((0.0, 0.02, 0.06)),
        error=rng.choice((0.0, 0.02)),
        killed=rng.choice((0.0, 0.01, 0.03)),
        storm=rng.choice((0.0, 0.1, 0.6)),
        slow_us=rng.choice((5_000, 40_000, 300_000)),
    )


class World:
    """One run. See the module's text."""

    def __init__(self, seed: int, steps_max: int, planners: int | None = None) -> None:
        self.seed, self.steps_max = seed, steps_max
        self.rng = Random(seed)
        names = ("a", "b", "c")[: planners or self.rng.choice((2, 3))]
        self.size = len(names)
        self.weather = draw(self.rng)
        self.calm = False
        self.rules = RULES
        self.now_us = EPOCH_US + 1_000_000
        self.steps = 0
        self.fingerprint = 0
        self.counts: Counter[str] = Counter()
        self.trace: deque[str] = deque(maxlen=TRACE_KEPT)
        self.dss = {"west": Dss("west"), "east": Dss("east")}
        self.two = self.rng.random() < 0.75
        self.processing = {name for name in names if self.rng.random() < 0.3}
        self.stormy: set[str] = set()
        self.outcomes: dict[str, Outcome] = {}
        self.versions: dict[str, list[Details]] = {}
        """Of each intent, everything that was ever ordered."""
        self.told: dict[tuple[str, str], set[str]] = {}
        self.seen: dict[tuple[str, str], int] = {}
        """How many changes of an exchange were accounted for when an intent was last recorded."""
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0
        self.nodes = {name: Node(self, name) for name in names}

    # --- running -----------------------------------------------------------------------------

    def run(self) -> None:
        """Run to the end.

        Raises:
            Failure: something was violated; says what, and how to see it again.
        """
        try:
            for node in self.nodes.values():
                node.start()
            self.at(self.now_us, self._operate)
            self.at(self.now_us, self._trouble)
            while self.steps < self.steps_max:
                self.turn(self.now_us + QUIET_EVERY_US, lambda: self.steps >= self.steps_max)
                quiet.check(self)
                self.count("quiet points")
        except Exception as error:
            raise Failure(self._account(error)) from error

    def turn(self, end_us: int, over: Callable[[], bool]) -> None:
        """Go on until a time, or until it is over."""
        while self._heap and self._heap[0][0] <= end_us and not over():
            self.now_us, _, what = heapq.heappop(self._heap)
            self.steps += 1
            what()
        if not over():
            self.now_us = max(self.now_us, end_us)

    def at(self, when_us: int, what: Callable[[], None]) -> None:
        """Do something later."""
        self._number += 1
        heapq.heappush(self._heap, (when_us, self._number, what))

    def count(self, what: str) -> None:
        self.counts[what] += 1

    def note(self, text: str) -> None:
        """Keep it for whoever has to see what went wrong."""
        self.trace.append(f"{(self.now_us - EPOCH_US) / 1e6:10.3f} {text}")
        self.fingerprint = zlib.crc32(text.encode(), self.fingerprint)

    def _account(self, error: Exception) -> str:
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        return "\n".join(
            (
                *self.trace,
                f"seed {self.seed}, step {self.steps}",
                f"{kind}{error}",
                f"again: python -m tests.simulation.planning --seed {self.seed} "
                f"--steps {self.steps_max} --planners {self.size}",
            )
        )

    def chance(self, what: str) -> bool:
        """Whether a planner is killed now."""
        happens = not self.calm and self.rng.random() < self.weather.killed
        if happens:
            self.count(what)
        return happens

    def new_id(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def areas(self, name: str) -> list[ExchangeArea]:
        """The exchanges, as a planner knows them: one everywhere, or two side by side."""
        if not self.two:
            return [ExchangeArea("west", "https://1.dss.example", f"https://{name}.example/west")]
        return [
            ExchangeArea(
                "east",
                "https://2.dss.example",
                f"https://{name}.example/east",
                (area(0, 10),),
            ),
            ExchangeArea(
                "west",
                "https://1.dss.example",
                f"https://{name}.example/west",
                (area(-10, 0),),
            ),
        ]

    # --- what happens ------------------------------------------------------------------------

    def _operate(self) -> None:
        self.at(self.now_us + int(self.rng.expovariate(1 / 400_000)), self._operate)
        if self.calm:
            return
        node = self.rng.choice(list(self.nodes.values()))
        if node.up:
            order = self.some_order(node)
            if order is not None:
                self.order(node, order)

    def order(self, node: Node, order: Order) -> None:
        """An operator's wish."""
        self.versions.setdefault(order.id, []).append(order.details)
        self.note(f"{node.name} {order.action} {order.id[:4]} to {order.state}")
        node.begin(order)

    def some_order(self, node: Node) -> Order | None:
        """What an operator may want next."""
        rng = self.rng
        free = [each for each in node.intents.values() if not node.busy(each.id)]
        if len(node.intents) < INTENTS_MAX and (not free or rng.random() < 0.5):
            return self.plan(node, flying=rng.random() < 0.2)
        if not free:
            return None
        return self.change(rng.choice(free))

    def plan(self, node: Node, *, flying: bool = False, priority: int | None = None) -> Order:
        details = Details(
            some_volumes(self.rng, self.now_us, flying=flying),
            (),
            self.rng.choice((0, 0, 0, 7, 10)) if priority is None else priority,
        )
        state = State.ACTIVATED if flying else State.ACCEPTED
        return Order(Action.PLAN, self.new_id(), state, details, self.now_us)

    def change(self, intent: Intent) -> Order:
        """An order for an intent that stands."""
        rng, details, state = self.rng, intent.details, intent.state
        now = slot_of(self.now_us)
        over = max(each.time_end_us or 0 for each in details.all_volumes) <= self.now_us
        action = Action.END
        if not over and rng.random() < 0.8:
            action = rng.choice(_WISHES[state])
        flies = action in (Action.ACTIVATE, Action.CONFORM) or state is not State.ACCEPTED
        if action is Action.MODIFY and state.nominal:
            priority = rng.choice((details.priority, details.priority, 0, 10))
            volumes = some_volumes(rng, self.now_us, flying=flies)
            details = Details(volumes, (), priority)
        elif action in (Action.ACTIVATE, Action.CONFORM):
            state = State.ACTIVATED
            volumes = details.volumes
            if rng.random() < 0.4:
                volumes = some_volumes(rng, self.now_us, flying=True)
            details = replace(details, volumes=volumes, off_nominal_volumes=())
        elif action is not Action.END:
            if action is not Action.MODIFY:
                state = _DECLARED[action]
            column = rng.choice((-3, -1, 0, 1, 3))
            strayed = (box(range(column, column + 1), 0, 1, range(now, now + 2)),)
            planned = details.volumes if state is State.NONCONFORMING else ()
            details = replace(details, volumes=planned, off_nominal_volumes=strayed)
        return Order(action, intent.id, state, details, self.now_us, before=intent)

    def _trouble(self) -> None:
        """A planner dies or lies, an exchange is told that one is down, a constraint appears."""
        self.at(self.now_us + int(self.rng.expovariate(1 / 6_000_000)), self._trouble)
        if self.calm:
            return
        node = self.rng.choice(list(self.nodes.values()))
        what = self.rng.random()
        if what < 0.15 and self.weather.killed:
            self.count("killed at any time")
            self.kill(node)
        elif what < 0.4:
            node.crooked = self.rng.choice(CROOKED)
            self.at(self.now_us + 8_000_000, lambda: setattr(node, "crooked", ""))
        elif what < 0.6:
            self.stormy = {self.rng.choice(list(self.dss))}
        else:
            self.new_constraint()

    def new_constraint(self) -> None:
        dss = self.rng.choice(list(self.dss.values()))
        known = list(dss.constraints)
        entity = self.rng.choice(known) if len(known) > 1 else self.new_id()
        volumes = some_volumes(self.rng, self.now_us, flying=False)
        dss.put_constraint(
            "authority", entity, "https://z.example", [volume_on_wire(v) for v in volumes]
        )

    def kill(self, node: Node) -> None:
        """It stops; some seconds later it is started again."""
        if not node.up:
            return
        self.note(f"{node.name} is killed")
        node.crash()
        life = node.life

        def start() -> None:
            if node.life == life:
                self.note(f"{node.name} starts")
                node.start()

        self.at(self.now_us + self.rng.choice((200_000, 2_000_000, 20_000_000)), start)

    # --- messages ----------------------------------------------------------------------------

    def carry(self, node: Node, errand: Errand, answered: Callable[[Answer], None]) -> None:
        """Carry a message, and its answer back, or lose either."""
        rng, weather = self.rng, CALM if self.calm else self.weather

        def pause(longest_us: int = weather.slow_us) -> int:
            return 1_000 + rng.randrange(longest_us)

        if rng.random() < weather.lost:
            self.count("request lost")
            return
        arrival = self.now_us + pause()
        if rng.random() < weather.late:
            self.count("request late")
            arrival = self.now_us + rng.randrange(3_000_000, 9_000_000)
        error = rng.random() < weather.error
        before = rng.random() < 0.5
        lost = rng.random() < weather.answer_lost

        def arrive() -> None:
            if error and before:
                self.count("error before it was done")
                answer: Answer = Refused(503, "overloaded")
            else:
                answer = self._asked(node, errand)
                if error:
                    self.count("error after it was done")
                    answer = rng.choice((Refused(502, "gateway"), Nonsense("half an answer")))
            self.note(f"{node.name} {_short(errand)}: {_short(answer)}")
            if lost:
                self.count("answer lost")
                return
            self.at(self.now_us + pause(), lambda: answered(answer))

        self.at(arrival, arrive)

    def _asked(self, node: Node, errand: Errand) -> Answer:
        caller = node.name
        try:
            match errand:
                case QueryIntents(exchange=exchange, area=where):
                    return wire.QueryOperationalIntentReferenceResponse(
                        self.dss[exchange].query(caller, volume_on_wire(where))
                    )
                case QueryConstraints(exchange=exchange, area=where):
                    return wire.QueryConstraintReferencesResponse(
                        self.dss[exchange].query_constraints(volume_on_wire(where))
                    )
                case GetIntent(exchange=exchange, id=intent_id):
                    return wire.GetOperationalIntentReferenceResponse(
                        self.dss[exchange].get(caller, intent_id)
                    )
                case PutIntent(exchange=exchange):
                    return self._put(caller, errand)
                case DeleteIntent(exchange=exchange, id=intent_id, ovn=ovn):
                    return self.dss[exchange].delete(caller, intent_id, ovn, self.now_us)
                case FetchIntent(exchange=exchange, reference=reference):
                    return self._fetched(exchange, reference)
                case FetchConstraint(exchange=exchange, reference=wanted):
                    entity = self.dss[exchange].constraints[wanted.id]
                    return uss.GetConstraintDetailsResponse(
                        uss.Constraint(
                            self.dss[exchange].constraint(entity, shown=True),
                            uss.ConstraintDetails(list(entity.extents)),
                        )
                    )
        except No as no:
            if no.status == 409:
                return Conflicted(no.intents, no.constraints, no.message)
            return Refused(no.status, no.message)

    def _put(self, caller: str, errand: PutIntent) -> Answer:
        dss = self.dss[errand.exchange]
        if not self.calm and errand.exchange in self.stormy:
            # Others change what is near, just before: OVNs are out of date when they arrive.
            for entity in list(dss.constraints.values()):
                if self.rng.random() < self.weather.storm:
                    dss.put_constraint("authority", entity.id, entity.url, entity.extents)
        return dss.put(caller, errand.id, errand.ovn, errand.parameters, errand.scope, self.now_us)

    def _fetched(self, exchange: str, reference: wire.OperationalIntentReference) -> Answer:
        name = reference.uss_base_url.removeprefix("https://")[0]
        peer = self.nodes[name]
        if not peer.up:
            return NoAnswer("connection refused", sent=False)
        told = peer.details(exchange, reference.id)
        if peer.crooked and not self.calm:
            self.count(f"told {peer.crooked}")
            return _crooked(peer.crooked, told)
        if told is None:
            return Refused(404, "not known")
        checks.served(self, exchange, peer, told)
        return wire.GetOperationalIntentDetailsResponse(told)

    def send_notice(self, node: Node, notice: Notice) -> None:
        """To a subscriber, who hears it unless it is away."""
        peer = self.nodes.get(notice.uss_base_url.removeprefix("https://")[0])
        told = None if notice.ended else node.details(notice.exchange, notice.intent_id)
        if peer is None or (told is None and not notice.ended):
            return

        def arrive() -> None:
            if peer.up:
                peer.heard(notice, told)
                self.count("notices heard")

        self.at(self.now_us + 2_000, arrive)

    def recorded(self, node: Node, run: Running, outcome: Outcome, before: Intent | None) -> None:
        """An outcome is true for a planner: it must be right."""
        order = outcome.order
        kind = "settled" if run.settling else "outcome"
        codes = ",".join(sorted({fault.code for fault in outcome.faults}))
        self.count(
            f"{kind} {order.action} {outcome.result}{' (unsettled)' * bool(outcome.unsettled)}"
        )
        for code in {fault.code for fault in outcome.faults}:
            self.count(f"fault {code}")
        for conflict in outcome.conflicts:
            self.count(f"conflict {'allowed' if conflict.allowed else 'refused'} {conflict.rule}")
        self.note(
            f"{node.name} {order.id[:4]} {kind}: {outcome.result} {codes} {outcome.unsettled}"
        )
        self.outcomes[order.id] = outcome
        checks.recorded(self, node, run, outcome, before)


_WISHES: Final = {
    State.ACCEPTED: (
        Action.MODIFY,
        Action.MODIFY,
        Action.ACTIVATE,
        Action.ACTIVATE,
        Action.DECLARE_NONCONFORMING,
        Action.DECLARE_CONTINGENT,
    ),
    State.ACTIVATED: (
        Action.MODIFY,
        Action.MODIFY,
        Action.DECLARE_NONCONFORMING,
        Action.DECLARE_CONTINGENT,
    ),
    State.NONCONFORMING: (Action.CONFORM, Action.CONFORM, Action.MODIFY, Action.DECLARE_CONTINGENT),
    State.CONTINGENT: (Action.MODIFY, Action.END),
}
_DECLARED: Final = {
    Action.DECLARE_NONCONFORMING: State.NONCONFORMING,
    Action.DECLARE_CONTINGENT: State.CONTINGENT,
}


def _crooked(how: str, told: wire.OperationalIntent | None) -> Answer:
    if how == "refusal":
        return Refused(403, "not for you")
    if how == "silence":
        return NoAnswer("nothing within 5 s")
    if how == "nonsense" or told is None:
        return Nonsense("that is no JSON")
    reference, details = told.reference, told.details
    change = msgspec.structs.replace
    match how:
        case "another id":
            reference = change(reference, id=reference.id[:-4] + "0000")
        case "another manager":
            reference = change(reference, manager="nobody")
        case "a wrong OVN":
            reference = change(reference, ovn="this-is-not-the-right-ovn")
        case "the exchange's OVN":
            reference = change(reference, ovn=wire.OVN_OF_ANOTHER)
        case "no volumes":
            details = change(details, volumes=[], off_nominal_volumes=[])
        case "beyond its times":
            volumes = [
                change(each, time_end=wire.parse_time("2200-01-01T00:00:00Z"))
                for each in (*details.volumes, *details.off_nominal_volumes)
            ]
            details = change(
                details,
                volumes=volumes[: len(details.volumes)],
                off_nominal_volumes=volumes[len(details.volumes) :],
            )
        case "an older version":
            reference = change(reference, version=0)
    return wire.GetOperationalIntentDetailsResponse(wire.OperationalIntent(reference, details))


def _short(what: Errand | Answer) -> str:
    name = type(what).__name__
    match what:
        case PutIntent(exchange=exchange, id=intent_id, parameters=wanted):
            return f"puts {intent_id[:4]} {wanted.state} at {exchange}"
        case (
            DeleteIntent(exchange=exchange, id=intent_id)
            | GetIntent(exchange=exchange, id=intent_id)
        ):
            return f"{name} {intent_id[:4]} at {exchange}"
        case FetchIntent(exchange=exchange, reference=reference):
            return f"asks {reference.manager} for {reference.id[:4]} of {exchange}"
        case Conflicted(intents=intents, constraints=constraints):
            return f"lacks {[each.id[:4] for each in intents]} and {len(constraints)} constraints"
        case Refused(status=status, message=message):
            return f"refused {status} {message}"
        case wire.ChangeOperationalIntentReferenceResponse(operational_intent_reference=reference):
            return f"version {reference.version}"
    return name
