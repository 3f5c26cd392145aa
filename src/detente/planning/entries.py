"""What the entries that planning has left in the record say. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from detente.f3548 import types as wire
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
    OrderForm,
    OwnConstraint,
    PendingForm,
    PositionsForm,
    details_of,
    us_of,
)
from detente.planning.exchanges import MessageSignature
from detente.planning.intents import (
    Action,
    Intent,
    Neighbour,
    Notice,
    Order,
    Outcome,
    PlanningRules,
)
from detente.planning.kept import unpacked
from detente.record import Payload

INTENT: Final = "operational-intent"
PENDING: Final = "operational-intent-pending"
ATTEMPT: Final = "planning-attempt"
CONSTRAINT: Final = "constraint"
EXCHANGE: Final = "uss-exchange"
NOTICE: Final = "operator-notice"
INPUT: Final = "operator-input"
POSITIONS: Final = "positions"
KINDS: Final = (INTENT, PENDING, ATTEMPT, CONSTRAINT, EXCHANGE, NOTICE, INPUT, POSITIONS)
"""Kinds of entries that planning makes."""

ReadBlob = Callable[[str], bytes]
"""Gives the bytes of a file by its hexadecimal SHA-256."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PendingOrder:
    """An order that was about to be put to exchanges.

    Attributes:
        id: of the entry.
        order: what was asked for; `before` is not in the entry: the book has it.
        exchanges: names of those that it may stand at.
    """

    id: str
    order: Order
    exchanges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttemptTold:
    """What an entry says of an attempt.

    Attributes:
        outcome: how it ended; `order.before` and `intent` are not in the entry.
        rules: that it was decided by.
        pending: id of the entry that announced it; "" if nothing was put to any exchange.
        accepted: id of the entry that states the intent as it is since; "" if nothing changed.
        before_version: our version of the intent before; 0 for none.
        unknown: references of neighbours of which no details were known.
    """

    outcome: Outcome
    rules: PlanningRules | None
    pending: str
    accepted: str
    before_version: int
    unknown: tuple[wire.OperationalIntentReference, ...] = ()


def intent_told(payload: Payload, read: ReadBlob) -> tuple[Intent, str]:
    """What an `operational-intent` says: the intent, and the id of its attempt.

    Raises:
        ValueError: it has another form.
    """
    body = _told(payload, IntentForm, read)
    intent = Intent(
        id=body.id,
        name=body.name,
        operator=body.operator,
        state=body.state,
        details=details_of(body.details),
        filed=tuple(body.filed),
        track=tuple(body.track),
        ended=body.ended,
        version=body.version,
        aircraft=body.aircraft,
    )
    return intent, body.attempt


def pending_told(payload: Payload, read: ReadBlob) -> PendingOrder:
    """What an `operational-intent-pending` says. Raises ValueError for another form."""
    body = _told(payload, PendingForm, read)
    order = _order(body.order, body.intent, body.action)
    return PendingOrder(str(payload.id), order, tuple(body.exchanges))


def attempt_told(payload: Payload, read: ReadBlob, *, details: bool = True) -> AttemptTold:
    """What a `planning-attempt` says.

    Args:
        payload: of the entry.
        read: gives the bytes of files beside it.
        details: whether neighbours' details are wanted that stand in files; `details` of those
            neighbours is None if they are not.

    Raises:
        ValueError: it has another form.
    """
    body = _told(payload, AttemptForm, read)
    order = _order(body.order, body.intent, body.action)
    outcome = Outcome(
        result=body.result,
        order=order,
        intent=None,
        conflicts=tuple(body.conflicts),
        faults=tuple(body.faults),
        neighbours=tuple(_neighbour(each, read if details else None) for each in body.neighbours),
        constraints=tuple(body.constraints),
        notices=tuple(
            Notice(
                each.exchange,
                each.uss_base_url,
                tuple(each.subscriptions),
                order.id,
                each.ended,
                us_of(each.due),
            )
            for each in body.notices
        ),
        rounds=body.rounds,
        unsettled=tuple(body.unsettled),
        began_us=us_of(body.began),
        ended_us=us_of(body.ended),
    )
    unknown = tuple(
        each.reference for each in body.neighbours if each.details is None and not each.details_blob
    )
    return AttemptTold(outcome, body.rules, body.pending, body.accepted, body.before, unknown)


def constraint_told(payload: Payload, read: ReadBlob) -> OwnConstraint:
    """What a `constraint` says. Raises ValueError for another form."""
    body = _told(payload, ConstraintForm, read)
    return OwnConstraint(
        body.id, body.provider, tuple(body.filed), body.details, body.version, body.ended
    )


def exchange_told(payload: Payload, read: ReadBlob) -> tuple[wire.ExchangeRecord, str]:
    """What a `uss-exchange` says, with the bodies in it; and whom it was with.

    Raises:
        ValueError: it has another form.
    """
    body = _told(payload, ExchangeForm, read)
    request = _message(body.request_gzip, body.request_blob, read)
    response = _message(body.response_gzip, body.response_blob, read)
    told = body.exchange
    if request is not None:
        told = msgspec.structs.replace(told, request_body=request)
    if response is not None:
        told = msgspec.structs.replace(told, response_body=response)
    return told, body.party


def signature_told(payload: Payload) -> MessageSignature | None:
    """The signature of a peer that a `uss-exchange` holds."""
    return _told(payload, ExchangeForm, _no_blobs).signature


def about_told(payload: Payload) -> tuple[str, ...]:
    """Ids that a `uss-exchange` is found by."""
    return tuple(_told(payload, ExchangeForm, _no_blobs).about)


def notice_told(payload: Payload) -> NoticeBody:
    """What an `operator-notice` says. Raises ValueError for another form."""
    return _told(payload, NoticeBody, _no_blobs)


def input_told(payload: Payload) -> InputBody:
    """What an `operator-input` says. Raises ValueError for another form."""
    return _told(payload, InputBody, _no_blobs)


def positions_told(payload: Payload, read: ReadBlob) -> tuple[str, tuple[Judged, ...], Flown]:
    """What `positions` say: of which intent, where, how well kept. Raises ValueError as above."""
    body = _told(payload, PositionsForm, read)
    judged = tuple(Judged(us_of(p.received), p.telemetry, p.inside) for p in body.positions)
    flown = Flown(body.flown_us, body.outside_us, body.excursions, body.long_excursions)
    return body.intent, judged, flown


def _order(told: OrderForm, identity: str, action: Action) -> Order:
    return Order(
        action,
        identity,
        told.state,
        details_of(told.details),
        us_of(told.given),
        told.name,
        told.operator,
        tuple(told.track),
        aircraft=told.aircraft,
    )


def _neighbour(told: NeighbourForm, read: ReadBlob | None) -> Neighbour:
    details = None if told.details is None else details_of(told.details)
    if told.details_blob and read is not None:
        details = details_of(_details(read(told.details_blob), told.details_blob))
    return Neighbour(
        told.exchange,
        told.reference,
        details,
        told.learnt,
        us_of(told.at),
        told.source,
        told.signed_by,
        told.problem,
    )


_DETAILS: Final = msgspec.json.Decoder(wire.OperationalIntentDetails)


def _details(data: bytes, sha256: str) -> wire.OperationalIntentDetails:
    try:
        return _DETAILS.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"the file {sha256} holds no details: {error}") from None


def _message(gzip: str, blob: str, read: ReadBlob) -> str | None:
    """The body of a message in base64, if it does not stand in the standard's form."""
    if gzip:
        return b64encode(unpacked(gzip)).decode()
    return b64encode(read(blob)).decode() if blob else None


def _told(payload: Payload, form: type[T], read: ReadBlob) -> T:
    body: dict[str, object] = dict(payload.body)
    for name, value in payload.body.items():
        if isinstance(value, Mapping) and len(value) == 1:
            ((how, said),) = value.items()
            if how == "json" and isinstance(said, str):
                body[name] = msgspec.Raw(said.encode())
            elif how == "gzip" and isinstance(said, str):
                body[name] = msgspec.Raw(unpacked(said))
            elif how == "blob" and isinstance(said, str):
                body[name] = msgspec.Raw(read(said))
    try:
        return msgspec.json.decode(msgspec.json.encode(body), type=form)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"it is no {payload.kind}: {error}") from None


def _no_blobs(sha256: str) -> bytes:
    raise ValueError(f"the file {sha256} is not at hand")
