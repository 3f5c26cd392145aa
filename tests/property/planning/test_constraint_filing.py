"""A constraint stands at every exchange that it concerns, or at none, whatever goes wrong.

Exchanges are models: they hold one version, check the OVN, and may lose a request, lose an answer,
refuse, or answer nonsense. What is interrupted at any step is settled afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.exported import T0, volume

from detente.f3548 import time_of, volume_on_wire
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Circle, Polygon, Volume4D
from detente.planning import (
    ExchangeArea,
    NoAnswer,
    Nonsense,
    OwnConstraint,
    Refused,
    Result,
    subscribers,
)
from detente.planning.constraint_errands import (
    Answered,
    ConstraintErrand,
    ConstraintOutcome,
    DeleteConstraint,
    GetConstraint,
    PutConstraint,
    Steps,
)
from detente.planning.constraint_filing import (
    NOTICE_US,
    concerned,
    file_constraint,
    settle_constraint,
)
from detente.planning.constraints import ConstraintAction, ConstraintOrder

ID = "22222222-2222-4222-8222-222222222222"
WEST = Polygon(((46.0, 6.0), (46.0, 7.0), (47.0, 7.0), (47.0, 6.0)))
EAST = Polygon(((46.0, 7.0), (46.0, 8.0), (47.0, 8.0), (47.0, 7.0)))
AREAS = (
    ExchangeArea("east", "https://east.example", "https://a.example/east", (Volume4D(EAST),)),
    ExchangeArea("west", "https://west.example", "https://a.example/west", (Volume4D(WEST),)),
)
IN_WEST = Circle(46.5, 6.5, 1000.0)
IN_EAST = Circle(46.5, 7.5, 1000.0)
BOTH = Circle(46.5, 7.0, 1000.0)


def details(outline: Circle, high: float) -> uss.ConstraintDetails:
    """What is published."""
    return uss.ConstraintDetails([volume_on_wire(volume(outline, high=high))])


@dataclass
class ModelExchange:
    """One exchange: what it holds, and what will go wrong with it next."""

    name: str
    chance: random.Random
    faulty: float = 0.0
    held: tuple[wire.ConstraintReference, list[wire.Volume4D]] | None = None
    made: int = 0
    told: list[int] = field(default_factory=list)

    def answer(self, errand: ConstraintErrand) -> object:
        """What comes of a request."""
        fault = self.chance.random() < self.faulty
        how = self.chance.choice(("request", "answer", "refuse", "nonsense", "unsent"))
        if fault and how == "request":
            return NoAnswer("lost on the way")
        if fault and how == "unsent":
            return NoAnswer("no connection", sent=False)
        if fault and how == "refuse":
            return Refused(503, "busy")
        answer = self._do(errand)
        if fault and how == "answer":
            return NoAnswer("the answer was lost")
        if fault and how == "nonsense":
            return Nonsense("what is this?")
        return answer

    def _do(self, errand: ConstraintErrand) -> object:
        if isinstance(errand, GetConstraint):
            if self.held is None:
                return Refused(404, "nothing")
            return wire.GetConstraintReferenceResponse(self.held[0])
        if isinstance(errand, PutConstraint):
            if (self.held is not None) != bool(errand.ovn):
                return Refused(409, "exists, or does not")
            if self.held is not None and self.held[0].ovn != errand.ovn:
                return Refused(409, "another OVN")
            self.made += 1
            version = 1 if self.held is None else self.held[0].version + 1
            reference = wire.ConstraintReference(
                ID, "a", "Unknown", version, f"{self.name}-{self.made:020}",
                time_of(T0), time_of(T0 + 1), errand.parameters.uss_base_url,
            )  # fmt: skip
            self.held = (reference, errand.parameters.extents)
            return self._changed(reference)
        assert isinstance(errand, DeleteConstraint)
        if self.held is None:
            return Refused(404, "nothing")
        reference = self.held[0]
        if reference.ovn != errand.ovn:
            return Refused(409, "another OVN")
        self.held = None
        return self._changed(reference)

    def _changed(self, reference: wire.ConstraintReference) -> object:
        to = wire.SubscriberToNotify([wire.SubscriptionState("s", 1)], "https://b.example")
        return wire.ChangeConstraintReferenceResponse([to], reference)


def carry(
    steps: Steps, exchanges: dict[str, ModelExchange], most: int = 1000
) -> ConstraintOutcome | None:
    """Carry out what is asked; None: the program ended before it was over."""
    try:
        errand = next(steps)
        for done in range(1000):
            if done >= most:
                return None
            answer = exchanges[errand.exchange].answer(errand)
            errand = steps.send(Answered(answer, T0))  # type: ignore[arg-type]
    except StopIteration as end:
        outcome: ConstraintOutcome = end.value
        return outcome
    raise AssertionError("it never ends")


class World:
    """A node's knowledge of one constraint, and two exchanges."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.chance = chance
        self.exchanges = {each.name: ModelExchange(each.name, chance) for each in AREAS}
        self.known: OwnConstraint | None = None

    def faulty(self, much: float) -> None:
        """How often something goes wrong from now on."""
        for each in self.exchanges.values():
            each.faulty = much

    def order(
        self, action: ConstraintAction, wanted: uss.ConstraintDetails, most: int = 1000
    ) -> ConstraintOutcome:
        """Give an order, and settle it if it stays open, or is cut off after some requests."""
        before = self.known
        order = ConstraintOrder(action, ID, wanted, "office", T0, before)
        names = concerned(order, AREAS)
        outcome = carry(file_constraint(order, AREAS), self.exchanges, most)
        first = outcome
        if outcome is not None:
            self._state(order, outcome)
        while outcome is None or outcome.unsettled:
            if self.chance.random() < 0.3:
                self.faulty(0.0)
            again = ConstraintOrder(action, ID, wanted, "office", T0, self.known)
            outcome = carry(settle_constraint(again, names, AREAS), self.exchanges)
            assert outcome is not None
            if not outcome.unsettled:
                self._state(again, outcome)
        return first or outcome

    def _state(self, order: ConstraintOrder, outcome: ConstraintOutcome) -> None:
        never = order.action is ConstraintAction.PUBLISH and outcome.result is not Result.DONE
        if not never:
            self.known = None if outcome.constraint.ended else outcome.constraint

    def agree(self) -> None:
        """What stands at the exchanges is what the node knows, and nothing else."""
        stands = {name: each.held for name, each in self.exchanges.items() if each.held}
        if self.known is None:
            assert not stands
            return
        assert {name: held[0] for name, held in stands.items()} == dict(self.known.filed)
        for _, extents in stands.values():
            assert extents == self.known.details.volumes


SHAPES: Sequence[uss.ConstraintDetails] = [
    details(outline, high) for outline in (IN_WEST, IN_EAST, BOTH) for high in (500.0, 600.0)
]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.6), st.integers(0, 12))
def test_node_and_exchanges_agree_whatever_goes_wrong(seed: int, much: float, cut: int) -> None:
    world = World(seed)
    for _ in range(6):
        world.faulty(much)
        wanted = world.chance.choice(SHAPES)
        if world.known is None:
            action = ConstraintAction.PUBLISH
        else:
            action = world.chance.choice((ConstraintAction.CHANGE, ConstraintAction.END))
        most = cut if world.chance.random() < 0.3 else 1000
        world.order(action, wanted, most)
        world.agree()


def test_in_both_or_in_none() -> None:
    world = World(1)
    done = world.order(ConstraintAction.PUBLISH, details(BOTH, 500.0))
    assert done.result is Result.DONE
    assert [name for name, _ in done.constraint.filed] == ["east", "west"]
    assert [(each.exchange, each.ended, each.due_us) for each in done.notices] == [
        ("east", False, T0 + NOTICE_US),
        ("west", False, T0 + NOTICE_US),
    ]
    world.agree()


def test_a_refusal_undoes_what_the_other_has_taken_and_nobody_is_told() -> None:
    world = World(1)
    world.exchanges["west"].held = (
        wire.ConstraintReference(
            ID, "b", "Unknown", 1, wire.OVN_OF_ANOTHER, time_of(T0), time_of(T0), "https://b"
        ),
        [],
    )
    outcome = carry(
        file_constraint(
            ConstraintOrder(ConstraintAction.PUBLISH, ID, details(BOTH, 500.0), "office", T0),
            AREAS,
        ),
        world.exchanges,
    )
    assert outcome is not None
    assert outcome.result is Result.REFUSED
    assert outcome.faults[0].code == "constraint.refused"
    assert outcome.notices == ()
    assert outcome.constraint.ended
    assert world.exchanges["east"].held is None


def test_a_refusal_stays_one_when_an_answer_to_its_undoing_is_lost() -> None:
    order = ConstraintOrder(ConstraintAction.PUBLISH, ID, details(BOTH, 500.0), "office", T0)
    steps = file_constraint(order, AREAS)
    east = ModelExchange("east", random.Random(1))
    errand = next(steps)
    assert (errand.exchange, type(errand)) == ("east", PutConstraint)
    taken = east.answer(errand)
    assert isinstance(taken, wire.ChangeConstraintReferenceResponse)
    errand = steps.send(Answered(taken, T0))
    assert (errand.exchange, type(errand)) == ("west", PutConstraint)
    errand = steps.send(Answered(Refused(403, "no"), T0))
    assert (errand.exchange, type(errand)) == ("east", DeleteConstraint)
    errand = steps.send(Answered(NoAnswer("the answer was lost"), T0))
    assert isinstance(errand, GetConstraint)
    with pytest.raises(StopIteration) as ended:
        steps.send(Answered(Refused(404, "nothing"), T0))
    outcome: ConstraintOutcome = ended.value.value
    assert outcome.result is Result.REFUSED
    assert [each.code for each in outcome.faults] == [
        "constraint.refused",
        "constraint.subscribers_unknown",
    ]
    assert outcome.notices == ()


def test_an_exchange_does_not_make_a_node_call_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscribers, "SUBSCRIBERS_MAX", 2)
    order = ConstraintOrder(ConstraintAction.PUBLISH, ID, details(IN_WEST, 500.0), "office", T0)
    steps = file_constraint(order, AREAS)
    taken = ModelExchange("west", random.Random(1)).answer(next(steps))
    assert isinstance(taken, wire.ChangeConstraintReferenceResponse)
    many = [
        wire.SubscriberToNotify([wire.SubscriptionState("s", 1)], f"https://{number}.example")
        for number in range(4)
    ]
    with pytest.raises(StopIteration) as ended:
        steps.send(Answered(msgspec.structs.replace(taken, subscribers=many), T0))
    outcome: ConstraintOutcome = ended.value.value
    assert outcome.result is Result.DONE
    assert [each.code for each in outcome.faults] == ["constraint.subscribers_left_out"]
    assert [each.uss_base_url for each in outcome.notices] == [
        "https://0.example",
        "https://1.example",
    ]


def test_moving_out_of_an_area_ends_it_there() -> None:
    world = World(1)
    world.order(ConstraintAction.PUBLISH, details(BOTH, 500.0))
    moved = world.order(ConstraintAction.CHANGE, details(IN_WEST, 500.0))
    assert [name for name, _ in moved.constraint.filed] == ["west"]
    assert {(each.exchange, each.ended) for each in moved.notices} == {
        ("west", False),
        ("east", True),
    }
    world.agree()


def test_no_exchange_is_responsible() -> None:
    world = World(1)
    outcome = world.order(ConstraintAction.PUBLISH, details(Circle(10.0, 10.0, 1000.0), 500.0))
    assert outcome.result is Result.REFUSED
    assert outcome.faults[0].code == "plan.no_exchange"


def test_what_is_gone_at_the_exchange_is_ended() -> None:
    world = World(1)
    world.order(ConstraintAction.PUBLISH, details(IN_WEST, 500.0))
    world.exchanges["west"].held = None
    ended = world.order(ConstraintAction.END, details(IN_WEST, 500.0))
    assert ended.result is Result.DONE
    assert ended.constraint.ended
