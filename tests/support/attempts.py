"""Attempts carried out by hand, step by step, against the model of an exchange."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tests.simulation.planning.airspace import EPOCH_US, area, box
from tests.simulation.planning.dss import Dss, No

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548 import volume_on_wire
from detente.geo import Volume4D
from detente.planning import (
    Action,
    Answer,
    Attempt,
    Conflicted,
    DeleteIntent,
    Details,
    Errand,
    ExchangeArea,
    FetchConstraint,
    FetchIntent,
    GetIntent,
    Intent,
    Neighbourhood,
    Order,
    Outcome,
    Pending,
    PlanningRules,
    PutIntent,
    QueryConstraints,
    QueryIntents,
    Refused,
    State,
)
from detente.planning.told import details_on_wire

NOW_US = EPOCH_US + 10_000_000
EVERYWHERE = "https://dss.example"


def new_id(number: int) -> str:
    return str(UUID(int=number, version=4))


def at(column: int, row: int = 0, *, slot: int = 0, width: int = 1) -> Volume4D:
    """A box of the airspace of cells."""
    return box(range(column, column + width), row, 0, range(slot, slot + 1))


def plan(
    number: int,
    *volumes: Volume4D,
    priority: int = 0,
    state: State = State.ACCEPTED,
) -> Order:
    return Order(Action.PLAN, new_id(number), state, Details(volumes, (), priority), NOW_US)


def change(
    intent: Intent,
    action: Action,
    *,
    state: State | None = None,
    volumes: Sequence[Volume4D] | None = None,
    off_nominal: Sequence[Volume4D] = (),
) -> Order:
    planned = intent.details.volumes if volumes is None else tuple(volumes)
    details = Details(planned, tuple(off_nominal), intent.details.priority)
    return Order(action, intent.id, state or intent.state, details, NOW_US, before=intent)


@dataclass
class Planner:
    """A party: what it has accepted, and what it knows."""

    name: str
    intents: dict[str, Intent] = field(default_factory=dict)
    known: Neighbourhood = field(default_factory=Neighbourhood)

    def took(self, outcome: Outcome) -> None:
        """What a node does with an outcome."""
        intent = outcome.intent
        self.intents.pop(outcome.order.id, None)
        if intent is not None and not intent.ended:
            self.intents[intent.id] = intent


Hook = Callable[[Planner, Errand], Answer | None]


class Sky:
    """Exchanges and parties, and all that was asked."""

    def __init__(self, *, two: bool = False, rules: PlanningRules | None = None) -> None:
        self.dss = {"west": Dss("west"), "east": Dss("east")}
        self.two = two
        self.rules = rules or PlanningRules()
        self.planners: dict[str, Planner] = {}
        self.now_us = NOW_US
        self.asked: list[Errand] = []
        self.hook: Hook = lambda _planner, _errand: None

    def planner(self, name: str) -> Planner:
        return self.planners.setdefault(name, Planner(name))

    def areas(self, name: str) -> list[ExchangeArea]:
        url = f"https://{name}.example"
        if not self.two:
            return [ExchangeArea("west", EVERYWHERE, f"{url}/west")]
        return [
            ExchangeArea("west", "https://1.example", f"{url}/west", (area(-10, 0),)),
            ExchangeArea("east", "https://2.example", f"{url}/east", (area(0, 10),)),
        ]

    def attempt(self, name: str, order: Order, **more: bool) -> Attempt:
        planner = self.planner(name)
        return Attempt(
            order,
            self.rules,
            self.areas(name),
            planner.known,
            own=planner.intents.get,
            now_us=self.now_us,
            **more,
        )

    def run(self, name: str, order: Order, **more: bool) -> Outcome:
        """Carry an order out, one errand after another."""
        attempt = self.attempt(name, order, **more)
        while attempt.outcome is None:
            todo = attempt.actions()
            assert todo, "an attempt waits for nothing"
            for pending in todo:
                self.answer(name, attempt, pending)
        self.planner(name).took(attempt.outcome)
        return attempt.outcome

    def answer(self, name: str, attempt: Attempt, pending: Pending) -> None:
        self.now_us = max(self.now_us + 1_000, pending.not_before_us)
        attempt.answered(pending.number, self.carry(name, pending.errand), self.now_us)

    def carry(self, name: str, errand: Errand) -> Answer:
        """What comes of an errand."""
        self.asked.append(errand)
        instead = self.hook(self.planner(name), errand)
        return instead if instead is not None else self.really(name, errand)

    def really(self, name: str, errand: Errand) -> Answer:
        """The same, whatever the hook says."""
        dss = self.dss[errand.exchange]
        try:
            match errand:
                case QueryIntents(area=where):
                    found = dss.query(name, volume_on_wire(where))
                    return wire.QueryOperationalIntentReferenceResponse(found)
                case QueryConstraints(area=where):
                    constraints = dss.query_constraints(volume_on_wire(where))
                    return wire.QueryConstraintReferencesResponse(constraints)
                case GetIntent(id=intent_id):
                    return wire.GetOperationalIntentReferenceResponse(dss.get(name, intent_id))
                case PutIntent(id=intent_id, ovn=ovn, parameters=wanted, scope=scope):
                    return dss.put(name, intent_id, ovn, wanted, scope, self.now_us)
                case DeleteIntent(id=intent_id, ovn=ovn):
                    return dss.delete(name, intent_id, ovn, self.now_us)
                case FetchIntent(exchange=exchange, reference=reference):
                    return self._details(exchange, reference)
                case FetchConstraint(reference=wanted_constraint):
                    entity = dss.constraints[wanted_constraint.id]
                    return uss.GetConstraintDetailsResponse(
                        uss.Constraint(
                            dss.constraint(entity, shown=True),
                            uss.ConstraintDetails(list(entity.extents)),
                        )
                    )
        except No as no:
            if no.status == 409:
                return Conflicted(no.intents, no.constraints, no.message)
            return Refused(no.status, no.message)

    def _details(self, exchange: str, reference: wire.OperationalIntentReference) -> Answer:
        intent = self.planner(reference.manager).intents.get(reference.id)
        filed = None if intent is None else intent.at(exchange)
        if intent is None or filed is None:
            return Refused(404, "not known")
        return wire.GetOperationalIntentDetailsResponse(
            wire.OperationalIntent(filed, details_on_wire(intent.details))
        )
