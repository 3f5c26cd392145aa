"""Drafts of the entries that planning leaves in the record. Pure.

All of them are to nobody, in channels of the party's own: `own/plans` for what it decided and what
decided it, `own/uss` for what passed between it and other programs. Members with many numbers are
`{"json": text}`, longer ones `{"gzip": base64}` of that text; if they are too large, files beside
the entry: `{"blob": SHA-256}`. Details of others that are not small are files, too.
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
from detente.planning.kept import PACKED_BYTES_MIN, DetailsWriter, packed
from detente.record import Blob, Draft, JsonValue, Reference

PLANS: Final = "own/plans"
USS: Final = "own/uss"

INLINE_BYTES_MAX: Final = 256 * 1024
"""A body that would be larger, packed, has its large members in files."""
EXCHANGE_INLINE_MAX: Final = 64 * 1024
"""Message bodies that are larger, packed and both together, stand in files."""
DETAILS_INLINE_MAX: Final = 2 * 1024
"""Details of others that are larger stand in files: once, for all attempts that look at them."""
DETAILS_FILES_MAX: Final = 500
"""Files of details that one attempt names; if there were more, they all stand in one."""

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
        intent.aircraft,
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
    writer: DetailsWriter | None = None,
) -> Made:
    """`planning-attempt`: how an attempt ended, and everything that decided it.

    Args:
        writer: remembers how details are written; a fresh one if not given.
    """
    before = outcome.order.before
    neighbours, details = _of_neighbours(outcome.neighbours, writer or DetailsWriter())
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
        neighbours=neighbours,
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
        ATTEMPT,
        PLANS,
        body,
        ("neighbours", "order", "conflicts", "notices"),
        identity,
        refs,
        details,
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
    long = {
        name: data
        for name, data in (("request", seen.request_body), ("response", seen.response_body))
        if len(data) >= PACKED_BYTES_MIN
    }
    instead = {f"{name}_gzip": packed(data) for name, data in long.items()}
    files: tuple[bytes, ...] = ()
    if sum(map(len, instead.values())) > EXCHANGE_INLINE_MAX:
        files = tuple(dict.fromkeys(long.values()))
        instead = {f"{name}_blob": _sha256(data) for name, data in long.items()}
    if long:
        told = msgspec.structs.replace(told, **{f"{name}_body": None for name in long})
    body = ExchangeForm(
        told,
        at_text(seen.request_time_us),
        seen.party,
        list(seen.entities),
        seen.signature,
        **instead,
    )
    blobs = tuple(_blob(each, _JSON) for each in files)
    draft = Draft(EXCHANGE, USS, (), msgspec.to_builtins(body), blobs=blobs, identity=identity)
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
        order.aircraft,
    )


def _of_neighbours(
    neighbours: Sequence[Neighbour], writer: DetailsWriter
) -> tuple[list[NeighbourForm], tuple[bytes, ...]]:
    """Neighbours as they stand in a body, and the files of details that it names."""
    written = [None if each.details is None else writer.write(each.details) for each in neighbours]
    files = {
        each.sha256: each.data
        for each in written
        if each is not None and len(each.data) > DETAILS_INLINE_MAX
    }
    if len(files) > DETAILS_FILES_MAX:
        files = {}
    forms = [
        _of_neighbour(each, kept.sha256 if kept is not None and kept.sha256 in files else "")
        for each, kept in zip(neighbours, written, strict=True)
    ]
    return forms, tuple(files.values())


def _of_neighbour(neighbour: Neighbour, blob: str) -> NeighbourForm:
    details = None if blob else neighbour.details
    return NeighbourForm(
        neighbour.exchange,
        neighbour.reference,
        None if details is None else details_on_wire(details),
        neighbour.learnt,
        at_text(neighbour.at_us),
        neighbour.source,
        neighbour.signed_by,
        neighbour.problem,
        blob,
    )


def _made(
    kind: str,
    channel: str,
    body: msgspec.Struct,
    heavy: Sequence[str],
    identity: UUID,
    refs: tuple[Reference, ...] = (),
    named: tuple[bytes, ...] = (),
) -> Made:
    """A draft whose `heavy` members are JSON in a text: numbers with a point are what takes long to
    write canonically, and to read so. Long ones are packed; if they are too much together they
    stand in files. `named` are files that the body names already."""
    written = {name: msgspec.json.encode(getattr(body, name)) for name in heavy}
    plain: dict[str, JsonValue] = {
        name: msgspec.to_builtins(getattr(body, name))
        for name in body.__struct_fields__
        if name not in written
    }
    said = {name: _said(data) for name, data in written.items()}
    files = named
    if sum(len(text) for _, text in said.values()) > INLINE_BYTES_MAX:
        files = tuple(dict.fromkeys((*named, *written.values())))
        said = {name: ("blob", _sha256(data)) for name, data in written.items()}
    plain |= {name: {how: text} for name, (how, text) in said.items()}
    blobs = tuple(_blob(data, _JSON) for data in files)
    return Made(Draft(kind, channel, (), plain, refs, blobs, identity=identity), files)


def _said(data: bytes) -> tuple[str, str]:
    """How a member stands in a body, and its text."""
    return ("json", data.decode()) if len(data) < PACKED_BYTES_MIN else ("gzip", packed(data))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _blob(data: bytes, media_type: str) -> Blob:
    return Blob(hashlib.sha256(data).digest(), len(data), media_type)
