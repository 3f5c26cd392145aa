"""Drafts of the entries that planning leaves in the record. Pure.

All of them are to nobody, in channels of the party's own: `own/plans` for what it decided and what
decided it, `own/uss` for what passed between it and other programs. Members with many numbers are
`{"json": text}`; if they are too large, files beside the entry: `{"blob": SHA-256}`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from detente.planning.entries import (
    ATTEMPT,
    CONSTRAINT,
    EXCHANGE,
    INPUT,
    INTENT,
    NOTICE,
    PENDING,
    POSITIONS,
)
from detente.planning.entry_forms import (
    AttemptForm,
    ConstraintForm,
    ExchangeForm,
    Flown,
    InputBody,
    IntentForm,
    Judged,
    NeighbourForm,
    NoticeBody,
    NoticeForm,
    OrderForm,
    OwnConstraint,
    PendingForm,
    PositionForm,
    PositionsForm,
    at_text,
    details_on_wire,
    rule_of,
)
from detente.planning.exchanges import ExchangeSeen
from detente.planning.intents import Intent, Neighbour, Order, Outcome, PlanningRules
from detente.record import Blob, Draft, JsonValue, Reference

PLANS: Final = "own/plans"
USS: Final = "own/uss"

INLINE_BYTES_MAX: Final = 256 * 1024
"""A body that would be larger has its large members in files."""
EXCHANGE_INLINE_MAX: Final = 48 * 1024
"""Message bodies that are larger, both together, stand in files."""

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Made:
    """A draft, and the files that it names: to be put in place before it is appended.

    Attributes:
        draft, files: see above.
        size: bytes of the messages that it holds, in itself or in files.
    """

    draft: Draft
    files: tuple[bytes, ...] = ()
    size: int = 0


def intent_draft(intent: Intent, *, attempt: str, identity: UUID) -> Made:
    """`operational-intent`: an intent as every exchange concerned has accepted it."""
    body = IntentForm(
        attempt,
        intent.id,
        intent.name,
        intent.operator,
        intent.state,
        intent.ended,
        intent.version,
        details_on_wire(intent.details),
        list(intent.filed),
        list(intent.track),
    )
    return _made(INTENT, PLANS, body, ("details", "track"), identity)


def pending_draft(order: Order, exchanges: Sequence[str], *, identity: UUID) -> Made:
    """`operational-intent-pending`: an order about to be put to exchanges."""
    body = PendingForm(order.id, order.action, _of_order(order), list(exchanges))
    return _made(PENDING, PLANS, body, ("order",), identity)


def attempt_draft(
    outcome: Outcome,
    rules: PlanningRules | None,
    *,
    identity: UUID,
    pending: Reference | None = None,
    accepted: str = "",
) -> Made:
    """`planning-attempt`: how an attempt ended, and everything that decided it."""
    before = outcome.order.before
    body = AttemptForm(
        intent=outcome.order.id,
        action=outcome.order.action,
        result=outcome.result,
        rule=rule_of(outcome),
        order=_of_order(outcome.order),
        pending="" if pending is None else str(pending.id),
        accepted=accepted,
        before=0 if before is None else before.version,
        rules=rules,
        conflicts=list(outcome.conflicts),
        faults=list(outcome.faults),
        neighbours=[_of_neighbour(each) for each in outcome.neighbours],
        constraints=list(outcome.constraints),
        notices=[
            NoticeForm(
                each.exchange,
                each.uss_base_url,
                list(each.subscriptions),
                each.ended,
                at_text(each.due_us),
            )
            for each in outcome.notices
        ],
        rounds=outcome.rounds,
        unsettled=list(outcome.unsettled),
        began=at_text(outcome.began_us),
        ended=at_text(outcome.ended_us),
    )
    refs = () if pending is None else (pending,)
    return _made(
        ATTEMPT, PLANS, body, ("neighbours", "order", "conflicts", "notices"), identity, refs
    )


def constraint_draft(constraint: OwnConstraint, *, identity: UUID) -> Made:
    """`constraint`: a constraint of ours as every exchange concerned has accepted it."""
    body = ConstraintForm(
        constraint.id,
        constraint.provider,
        constraint.version,
        constraint.ended,
        constraint.details,
        list(constraint.filed),
    )
    return _made(CONSTRAINT, PLANS, body, ("details",), identity)


def exchange_draft(seen: ExchangeSeen, *, identity: UUID) -> Made:
    """`uss-exchange`: one exchange of messages."""
    told = seen.on_wire()
    request_blob = response_blob = ""
    files: tuple[bytes, ...] = ()
    blobs: list[Blob] = []
    if len(seen.request_body) + len(seen.response_body) > EXCHANGE_INLINE_MAX:
        told = msgspec.structs.replace(told, request_body=None, response_body=None)
        kept = [each for each in (seen.request_body, seen.response_body) if each]
        files = tuple(dict.fromkeys(kept))
        blobs = [_blob(each, _JSON) for each in files]
        request_blob = _sha256(seen.request_body) if seen.request_body else ""
        response_blob = _sha256(seen.response_body) if seen.response_body else ""
    body = ExchangeForm(
        told,
        at_text(seen.request_time_us),
        seen.party,
        list(seen.entities),
        seen.signature,
        request_blob,
        response_blob,
    )
    draft = Draft(
        EXCHANGE, USS, (), msgspec.to_builtins(body), blobs=tuple(blobs), identity=identity
    )
    return Made(draft, files, len(seen.request_body) + len(seen.response_body))


def notice_draft(body: NoticeBody, *, identity: UUID) -> Made:
    """`operator-notice`: an operator was told of something."""
    return _made(NOTICE, PLANS, body, (), identity)


def input_draft(body: InputBody, *, identity: UUID) -> Made:
    """`operator-input`: an operator told something."""
    return _made(INPUT, PLANS, body, (), identity)


def positions_draft(
    intent_id: str, positions: Sequence[Judged], flown: Flown, *, identity: UUID
) -> Made:
    """`positions`: some positions of an aircraft, and how they were judged."""
    received = [each.received_us for each in positions]
    body = PositionsForm(
        intent_id,
        at_text(min(received, default=0)),
        at_text(max(received, default=0)),
        [
            PositionForm(at_text(each.received_us), each.inside, each.telemetry)
            for each in positions
        ],
        flown.flown_us,
        flown.outside_us,
        flown.excursions,
        flown.long_excursions,
    )
    return _made(POSITIONS, USS, body, ("positions",), identity)


def _of_order(order: Order) -> OrderForm:
    return OrderForm(
        order.state,
        at_text(order.given_us),
        order.name,
        order.operator,
        details_on_wire(order.details),
        list(order.track),
    )


def _of_neighbour(neighbour: Neighbour) -> NeighbourForm:
    return NeighbourForm(
        neighbour.exchange,
        neighbour.reference,
        None if neighbour.details is None else details_on_wire(neighbour.details),
        neighbour.learnt,
        at_text(neighbour.at_us),
        neighbour.source,
        neighbour.signed_by,
        neighbour.problem,
    )


def _made(
    kind: str,
    channel: str,
    body: msgspec.Struct,
    heavy: Sequence[str],
    identity: UUID,
    refs: tuple[Reference, ...] = (),
) -> Made:
    """A draft whose `heavy` members are JSON in a text: numbers with a point are what takes long to
    write canonically, and to read so. If they are too much together they stand in files."""
    written = {name: msgspec.json.encode(getattr(body, name)) for name in heavy}
    plain: dict[str, JsonValue] = {
        name: msgspec.to_builtins(getattr(body, name))
        for name in body.__struct_fields__
        if name not in written
    }
    files: tuple[bytes, ...] = ()
    if sum(map(len, written.values())) > INLINE_BYTES_MAX:
        files = tuple(dict.fromkeys(written.values()))
        plain |= {name: {"blob": _sha256(data)} for name, data in written.items()}
    else:
        plain |= {name: {"json": data.decode()} for name, data in written.items()}
    blobs = tuple(_blob(data, _JSON) for data in files)
    return Made(Draft(kind, channel, (), plain, refs, blobs, identity=identity), files)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _blob(data: bytes, media_type: str) -> Blob:
    return Blob(hashlib.sha256(data).digest(), len(data), media_type)
