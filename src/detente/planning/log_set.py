"""What the record holds of planning, in the form that F3548-21 exports (USSLogSet). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.planning.entries import (
    ATTEMPT,
    CONSTRAINT,
    EXCHANGE,
    INPUT,
    INTENT,
    NOTICE,
    POSITIONS,
    AttemptTold,
    ReadBlob,
    attempt_told,
    constraint_told,
    exchange_told,
    input_told,
    intent_told,
    notice_told,
    positions_told,
)
from detente.planning.entry_forms import instant_of, us_of
from detente.planning.intents import Neighbour, Outcome, Result
from detente.record import Payload

T = TypeVar("T")


class LogSetMaker:
    """Makes a log set of entries, one after another; those of other kinds say nothing here.

    Attempts are told that did not succeed (LOG0045); who flies what, and where the aircraft was, of
    every intent among the entries.

    Args:
        read: gives the bytes of files beside entries.
    """

    def __init__(self, read: ReadBlob) -> None:
        self._read = read
        self._size = 0
        self._messages: list[wire.ExchangeRecord] = []
        self._notices: list[uss.UserNotificationRecord] = []
        self._inputs: list[uss.UserInputRecord] = []
        self._operators: dict[str, str] = {}
        self._attempts: list[uss.PlanningRecord] = []
        self._positions: dict[str, list[uss.PositionRecord]] = {}
        self._providers: dict[str, str] = {}

    @property
    def size(self) -> int:
        """Bytes that it has so far as JSON, but for names and associations."""
        return self._size

    def add(self, payload: Payload) -> None:
        """Take in an entry of the party's own, in their order.

        Raises:
            ValueError: it has another form than its kind has.
        """
        if payload.kind == EXCHANGE:
            self._put(self._messages, exchange_told(payload, self._read)[0])
        elif payload.kind == NOTICE:
            notice = notice_told(payload)
            times = _time(notice.triggered), _time(notice.told)
            told = uss.UserNotificationRecord(*times, notice.event, notice.text.en)
            self._put(self._notices, told)
        elif payload.kind == INPUT:
            given = input_told(payload)
            at, text = _time(given.triggered), given.text or None
            self._put(self._inputs, uss.UserInputRecord(at, given.intent, given.event, text))
        elif payload.kind == INTENT:
            intent, _ = intent_told(payload, self._read)
            self._operators[intent.id] = intent.operator
        elif payload.kind == ATTEMPT:
            self._add_attempt(attempt_told(payload, self._read, details=False))
        elif payload.kind == POSITIONS:
            intent_id, positions, _ = positions_told(payload, self._read)
            track = self._positions.setdefault(intent_id, [])
            for each in positions:
                self._put(track, uss.PositionRecord(_time_of(each.received_us), each.telemetry))
        elif payload.kind == CONSTRAINT:
            constraint = constraint_told(payload, self._read)
            self._providers[constraint.id] = constraint.provider

    def made(self) -> uss.USSLogSet:
        """The log set of all that was added."""
        return uss.USSLogSet(
            messages=self._messages,
            operator_notifications=self._notices,
            operator_inputs=self._inputs,
            operator_associations=[
                uss.OperatorAssociation(intent, operator)
                for intent, operator in self._operators.items()
            ],
            planning_attempts=self._attempts,
            operational_intent_positions=[
                uss.OperationalIntentPositions(intent, positions)
                for intent, positions in self._positions.items()
            ],
            constraint_provider_associations=[
                uss.ConstraintProviderAssociation(constraint, provider)
                for constraint, provider in self._providers.items()
            ],
        )

    def _add_attempt(self, told: AttemptTold) -> None:
        outcome = told.outcome
        if outcome.order.operator:
            self._operators.setdefault(outcome.order.id, outcome.order.operator)
        if outcome.result is not Result.DONE:
            self._put(self._attempts, _attempt(told))

    def _put(self, among: list[T], one: T) -> None:
        among.append(one)
        self._size += len(msgspec.json.encode(one)) + 1


def log_set_of(payloads: Iterable[Payload], read: ReadBlob) -> uss.USSLogSet:
    """A log set of what these entries say; see `LogSetMaker`.

    Raises:
        ValueError: one has another form than its kind has.
    """
    maker = LogSetMaker(read)
    for payload in payloads:
        maker.add(payload)
    return maker.made()


def _attempt(told: AttemptTold) -> uss.PlanningRecord:
    outcome = told.outcome
    return uss.PlanningRecord(
        time=_time_of(outcome.ended_us),
        ovns=[each.reference.ovn for each in outcome.neighbours if _has_ovn(each)],
        missing_operational_intents=list(told.unknown) or None,
        operational_intent_id=outcome.order.id,
        problem=_problem(outcome),
    )


def _problem(outcome: Outcome) -> str:
    said = [each.message.en for each in outcome.faults]
    said += [
        f"{each.rule + ': ' if each.rule else ''}{each.reason.en} ({each.with_id} of "
        f"{each.manager})"
        for each in outcome.refusing
    ]
    said += [each.problem.en for each in outcome.neighbours if each.problem is not None]
    return f"{outcome.order.action} {outcome.result}: " + "; ".join(said)


def _has_ovn(neighbour: Neighbour) -> bool:
    return bool(neighbour.reference.ovn) and neighbour.reference.ovn != wire.OVN_OF_ANOTHER


def _time(text: str) -> wire.Time:
    return _time_of(us_of(text))


def _time_of(instant_us: int) -> wire.Time:
    return wire.Time(instant_of(instant_us))
