"""What the record holds of planning, in the form that F3548-21 exports (USSLogSet). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

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


@dataclass
class _Gathered:
    messages: list[wire.ExchangeRecord] = field(default_factory=list)
    notices: list[uss.UserNotificationRecord] = field(default_factory=list)
    inputs: list[uss.UserInputRecord] = field(default_factory=list)
    operators: dict[str, str] = field(default_factory=dict)
    attempts: list[uss.PlanningRecord] = field(default_factory=list)
    positions: dict[str, list[uss.PositionRecord]] = field(default_factory=dict)
    providers: dict[str, str] = field(default_factory=dict)


def log_set_of(payloads: Iterable[Payload], read: ReadBlob) -> uss.USSLogSet:
    """A log set of what these entries say; those of other kinds say nothing here.

    Attempts are told that did not succeed (LOG0045); who flies what, and where the aircraft was, of
    every intent among the entries.

    Args:
        payloads: of the party's own entries, in their order.
        read: gives the bytes of files beside them.

    Raises:
        ValueError: one has another form than its kind has.
    """
    found = _Gathered()
    for payload in payloads:
        _gather(found, payload, read)
    return uss.USSLogSet(
        messages=found.messages,
        operator_notifications=found.notices,
        operator_inputs=found.inputs,
        operator_associations=[
            uss.OperatorAssociation(intent, operator)
            for intent, operator in found.operators.items()
        ],
        planning_attempts=found.attempts,
        operational_intent_positions=[
            uss.OperationalIntentPositions(intent, positions)
            for intent, positions in found.positions.items()
        ],
        constraint_provider_associations=[
            uss.ConstraintProviderAssociation(constraint, provider)
            for constraint, provider in found.providers.items()
        ],
    )


def _gather(found: _Gathered, payload: Payload, read: ReadBlob) -> None:
    if payload.kind == EXCHANGE:
        found.messages.append(exchange_told(payload, read)[0])
    elif payload.kind == NOTICE:
        notice = notice_told(payload)
        found.notices.append(
            uss.UserNotificationRecord(
                _time(notice.triggered), _time(notice.told), notice.event, notice.text.en
            )
        )
    elif payload.kind == INPUT:
        given = input_told(payload)
        found.inputs.append(
            uss.UserInputRecord(
                _time(given.triggered), given.intent, given.event, given.text or None
            )
        )
    elif payload.kind == INTENT:
        intent, _ = intent_told(payload, read)
        found.operators[intent.id] = intent.operator
    elif payload.kind == ATTEMPT:
        told = attempt_told(payload, read, details=False)
        outcome = told.outcome
        if outcome.order.operator:
            found.operators.setdefault(outcome.order.id, outcome.order.operator)
        if outcome.result is not Result.DONE:
            found.attempts.append(_attempt(told))
    elif payload.kind == POSITIONS:
        intent_id, positions, _ = positions_told(payload, read)
        found.positions.setdefault(intent_id, []).extend(
            uss.PositionRecord(_time_of(each.received_us), each.telemetry) for each in positions
        )
    elif payload.kind == CONSTRAINT:
        constraint = constraint_told(payload, read)
        found.providers[constraint.id] = constraint.provider


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
