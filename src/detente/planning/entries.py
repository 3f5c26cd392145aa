"""What planning leaves in the record: drafts of its entries, and what such entries say again.

All of them are to nobody, in channels of the party's own: `own/plans` for what it decided and what
decided it, `own/uss` for what passed between it and other programs. Whatever is large stands in a
file beside the entry: a member of the body is then `{"blob": SHA-256}`. Pure.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar, cast
from uuid import UUID

import msgspec

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548 import volume_of, volume_on_wire
from detente.record import (
    Blob,
    Draft,
    JsonValue,
    Payload,
    Reference,
    canonical_json,
    format_time,
    parse_json,
    parse_time,
)
from detente.words import Words

from .exchanges import ExchangeSeen, MessageSignature
from .intents import (
    Action,
    Conflict,
    Details,
    Fault,
    Filed,
    Intent,
    Learnt,
    Neighbour,
    Notice,
    Order,
    Outcome,
    PlanningRules,
    Result,
    State,
)

PLANS: Final = "own/plans"
USS: Final = "own/uss"

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

INLINE_BYTES_MAX: Final = 256 * 1024
"""A body that would be larger has its large members in files."""
EXCHANGE_INLINE_MAX: Final = 48 * 1024
"""Message bodies that are larger, both together, stand in files."""

ReadBlob = Callable[[str], bytes]
"""Gives the bytes of a file by its hexadecimal SHA-256."""

T = TypeVar("T")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Made:
    """A draft, and the files that it names: to be put in place before it is appended."""

    draft: Draft
    files: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnConstraint:
    """A constraint that this party manages, as far as every exchange concerned has accepted it.

    Attributes:
        id: UUIDv4, the same at every exchange.
        provider: who is responsible for it, as told to investigators (LOG0055).
        filed: names of exchanges, each with the reference that it answered, with our OVN.
        details: what peers are told.
        version: how often this node has changed it, from 1.
        ended: whether it is over.
    """

    id: str
    provider: str
    filed: tuple[tuple[str, wire.ConstraintReference], ...]
    details: uss.ConstraintDetails
    version: int = 1
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A position of one of our aircraft, and whether it was where the intent says.

    Attributes:
        received_us: when we had it.
        telemetry: as told.
        inside: whether it lay in a volume of the intent at that time; None if that was not judged.
    """

    received_us: int
    telemetry: uss.VehicleTelemetry
    inside: bool | None


# --- what stands in bodies ---------------------------------------------------------------------


class _IntentBody(msgspec.Struct, frozen=True):
    attempt: str
    id: str
    name: str
    operator: str
    state: State
    ended: bool
    version: int
    details: wire.OperationalIntentDetails
    filed: list[Filed]
    track: list[tuple[int, float, float, float]]


class _Order(msgspec.Struct, frozen=True):
    state: State
    given: str
    name: str
    operator: str
    details: wire.OperationalIntentDetails
    track: list[tuple[int, float, float, float]]


class _PendingBody(msgspec.Struct, frozen=True):
    intent: str
    action: Action
    order: _Order
    exchanges: list[str]


class _Neighbour(msgspec.Struct, frozen=True):
    exchange: str
    reference: wire.OperationalIntentReference
    details: wire.OperationalIntentDetails | None
    learnt: Learnt
    at: str
    source: str
    signed_by: str
    problem: Words | None


class _Notice(msgspec.Struct, frozen=True):
    exchange: str
    uss_base_url: str
    subscriptions: list[wire.SubscriptionState]
    ended: bool
    due: str


class _AttemptBody(msgspec.Struct, frozen=True):
    intent: str
    action: Action
    result: Result
    rule: str
    order: _Order
    pending: str
    accepted: str
    before: int
    rules: PlanningRules | None
    conflicts: list[Conflict]
    faults: list[Fault]
    neighbours: list[_Neighbour]
    constraints: list[str]
    notices: list[_Notice]
    rounds: int
    began: str
    ended: str


class _ConstraintBody(msgspec.Struct, frozen=True):
    id: str
    provider: str
    version: int
    ended: bool
    details: uss.ConstraintDetails
    filed: list[tuple[str, wire.ConstraintReference]]


class _ExchangeBody(msgspec.Struct, frozen=True):
    exchange: wire.ExchangeRecord
    party: str
    about: list[str]
    signature: MessageSignature | None
    request_blob: str = ""
    response_blob: str = ""


class NoticeBody(msgspec.Struct, frozen=True):
    """An operator was told of something: body of `operator-notice`.

    Attributes:
        event: of F3548-21, such as `SCD0090`.
        intent: id of the operational intent that it is about; "" if it is about none.
        text: what was told.
        triggered, told: when it happened, and when the operator was told.
        with_id: the other intent or constraint, if there is one.
    """

    event: uss.UserNotificationEvent
    intent: str
    text: Words
    triggered: str
    told: str
    with_id: str = ""


class InputBody(msgspec.Struct, frozen=True):
    """An operator told something: body of `operator-input`.

    Attributes:
        event: of F3548-21, such as `OPIN0040`.
        intent: id of the operational intent.
        text: what was said.
        triggered: when.
        by: the account, or `system`.
    """

    event: uss.UserInputEvent
    intent: str
    text: str
    triggered: str
    by: str


class _Position(msgspec.Struct, frozen=True):
    received: str
    inside: bool | None
    telemetry: uss.VehicleTelemetry


class _PositionsBody(msgspec.Struct, frozen=True):
    intent: str
    first: str
    last: str
    positions: list[_Position]
    flown_us: int
    outside_us: int
    excursions: int
    long_excursions: int


@dataclass(frozen=True, slots=True)
class Flown:
    """How well a flight kept to its volumes during a batch of positions.

    Attributes:
        flown_us, outside_us: time flown, and of it outside of all volumes.
        excursions: how often it left them.
        long_excursions: how many of them became longer than 10 s (OiMaxDurationPerExcursion).
    """

    flown_us: int = 0
    outside_us: int = 0
    excursions: int = 0
    long_excursions: int = 0

    def __add__(self, other: Flown) -> Flown:
        return Flown(
            self.flown_us + other.flown_us,
            self.outside_us + other.outside_us,
            self.excursions + other.excursions,
            self.long_excursions + other.long_excursions,
        )


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
    """

    outcome: Outcome
    rules: PlanningRules | None
    pending: str
    accepted: str
    before_version: int


# --- drafts ------------------------------------------------------------------------------------


def intent_draft(intent: Intent, *, attempt: str, identity: UUID) -> Made:
    """`operational-intent`: an intent as every exchange concerned has accepted it."""
    body = _IntentBody(
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
    body = _PendingBody(order.id, order.action, _of_order(order), list(exchanges))
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
    body = _AttemptBody(
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
            _Notice(
                each.exchange,
                each.uss_base_url,
                list(each.subscriptions),
                each.ended,
                _at(each.due_us),
            )
            for each in outcome.notices
        ],
        rounds=outcome.rounds,
        began=_at(outcome.began_us),
        ended=_at(outcome.ended_us),
    )
    refs = () if pending is None else (pending,)
    return _made(ATTEMPT, PLANS, body, ("neighbours", "order", "conflicts"), identity, refs)


def constraint_draft(constraint: OwnConstraint, *, identity: UUID) -> Made:
    """`constraint`: a constraint of ours as every exchange concerned has accepted it."""
    body = _ConstraintBody(
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
    body = _ExchangeBody(
        told, seen.party, list(seen.entities), seen.signature, request_blob, response_blob
    )
    draft = Draft(EXCHANGE, USS, (), _plain(body), blobs=tuple(blobs), identity=identity)
    return Made(draft, files)


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
    body = _PositionsBody(
        intent_id,
        _at(min(received, default=0)),
        _at(max(received, default=0)),
        [_Position(_at(each.received_us), each.inside, each.telemetry) for each in positions],
        flown.flown_us,
        flown.outside_us,
        flown.excursions,
        flown.long_excursions,
    )
    return _made(POSITIONS, USS, body, ("positions",), identity)


# --- what entries say --------------------------------------------------------------------------


def intent_told(payload: Payload, read: ReadBlob) -> tuple[Intent, str]:
    """What an `operational-intent` says: the intent, and the id of its attempt.

    Raises:
        ValueError: it has another form.
    """
    body = _told(payload, _IntentBody, read)
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
    )
    return intent, body.attempt


def pending_told(payload: Payload, read: ReadBlob) -> PendingOrder:
    """What an `operational-intent-pending` says. Raises ValueError for another form."""
    body = _told(payload, _PendingBody, read)
    order = _order(body.order, body.intent, body.action)
    return PendingOrder(str(payload.id), order, tuple(body.exchanges))


def attempt_told(payload: Payload, read: ReadBlob) -> AttemptTold:
    """What a `planning-attempt` says. Raises ValueError for another form."""
    body = _told(payload, _AttemptBody, read)
    order = _order(body.order, body.intent, body.action)
    outcome = Outcome(
        result=body.result,
        order=order,
        intent=None,
        conflicts=tuple(body.conflicts),
        faults=tuple(body.faults),
        neighbours=tuple(_neighbour(each) for each in body.neighbours),
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
        began_us=us_of(body.began),
        ended_us=us_of(body.ended),
    )
    return AttemptTold(outcome, body.rules, body.pending, body.accepted, body.before)


def constraint_told(payload: Payload, read: ReadBlob) -> OwnConstraint:
    """What a `constraint` says. Raises ValueError for another form."""
    body = _told(payload, _ConstraintBody, read)
    return OwnConstraint(
        body.id, body.provider, tuple(body.filed), body.details, body.version, body.ended
    )


def exchange_told(payload: Payload, read: ReadBlob) -> tuple[wire.ExchangeRecord, str]:
    """What a `uss-exchange` says, with the bodies in it; and whom it was with.

    Raises:
        ValueError: it has another form.
    """
    body = _told(payload, _ExchangeBody, read)
    told = body.exchange
    if body.request_blob:
        told = msgspec.structs.replace(
            told, request_body=b64encode(read(body.request_blob)).decode()
        )
    if body.response_blob:
        told = msgspec.structs.replace(
            told, response_body=b64encode(read(body.response_blob)).decode()
        )
    return told, body.party


def signature_told(payload: Payload) -> MessageSignature | None:
    """The signature of a peer that a `uss-exchange` holds."""
    return _told(payload, _ExchangeBody, _no_blobs).signature


def about_told(payload: Payload) -> tuple[str, ...]:
    """Ids that a `uss-exchange` is found by."""
    return tuple(_told(payload, _ExchangeBody, _no_blobs).about)


def notice_told(payload: Payload) -> NoticeBody:
    """What an `operator-notice` says. Raises ValueError for another form."""
    return _told(payload, NoticeBody, _no_blobs)


def input_told(payload: Payload) -> InputBody:
    """What an `operator-input` says. Raises ValueError for another form."""
    return _told(payload, InputBody, _no_blobs)


def positions_told(payload: Payload, read: ReadBlob) -> tuple[str, tuple[Judged, ...], Flown]:
    """What `positions` say: of which intent, where, how well kept. Raises ValueError as above."""
    body = _told(payload, _PositionsBody, read)
    judged = tuple(Judged(us_of(p.received), p.telemetry, p.inside) for p in body.positions)
    flown = Flown(body.flown_us, body.outside_us, body.excursions, body.long_excursions)
    return body.intent, judged, flown


# --- between the wire and what we reckon with -----------------------------------------------------


def details_on_wire(details: Details) -> wire.OperationalIntentDetails:
    """Details as peers are told them."""
    return wire.OperationalIntentDetails(
        volumes=[volume_on_wire(each) for each in details.volumes],
        off_nominal_volumes=[volume_on_wire(each) for each in details.off_nominal_volumes],
        priority=details.priority,
    )


def details_of(told: wire.OperationalIntentDetails) -> Details:
    """Details as a peer tells them; not validated.

    Raises:
        InvalidMember: a volume has no outline, or two.
    """
    return Details(
        tuple(volume_of(each, f"volumes[{i}]") for i, each in enumerate(told.volumes)),
        tuple(
            volume_of(each, f"off_nominal_volumes[{i}]")
            for i, each in enumerate(told.off_nominal_volumes)
        ),
        told.priority,
    )


def rule_of(outcome: Outcome) -> str:
    """The requirement that decided against an order; "" if none did."""
    rules = [each.rule for each in outcome.refusing] + [each.rule for each in outcome.faults]
    return next((rule for rule in rules if rule), "")


def us_of(text: str) -> int:
    """Microseconds since 1970 of a time as entries write it; 0 for none."""
    if not text:
        return 0
    return (parse_time(text) - _EPOCH) // timedelta(microseconds=1)


def _at(instant_us: int) -> str:
    return format_time(_EPOCH + timedelta(microseconds=instant_us)) if instant_us else ""


def at_text(instant_us: int) -> str:
    """A time as entries write it; "" for 0."""
    return _at(instant_us)


# --- inside ------------------------------------------------------------------------------------


def _of_order(order: Order) -> _Order:
    return _Order(
        order.state,
        _at(order.given_us),
        order.name,
        order.operator,
        details_on_wire(order.details),
        list(order.track),
    )


def _order(told: _Order, identity: str, action: Action) -> Order:
    return Order(
        action,
        identity,
        told.state,
        details_of(told.details),
        us_of(told.given),
        told.name,
        told.operator,
        tuple(told.track),
    )


def _of_neighbour(neighbour: Neighbour) -> _Neighbour:
    return _Neighbour(
        neighbour.exchange,
        neighbour.reference,
        None if neighbour.details is None else details_on_wire(neighbour.details),
        neighbour.learnt,
        _at(neighbour.at_us),
        neighbour.source,
        neighbour.signed_by,
        neighbour.problem,
    )


def _neighbour(told: _Neighbour) -> Neighbour:
    return Neighbour(
        told.exchange,
        told.reference,
        None if told.details is None else details_of(told.details),
        told.learnt,
        us_of(told.at),
        told.source,
        told.signed_by,
        told.problem,
    )


def _made(
    kind: str,
    channel: str,
    body: msgspec.Struct,
    heavy: Sequence[str],
    identity: UUID,
    refs: tuple[Reference, ...] = (),
) -> Made:
    plain = _plain(body)
    files: list[bytes] = []
    if heavy and len(canonical_json(plain)) > INLINE_BYTES_MAX:
        for name in heavy:
            data = canonical_json(plain[name])
            files.append(data)
            plain[name] = {"blob": _sha256(data)}
    blobs = tuple(_blob(data, _JSON) for data in dict.fromkeys(files))
    return Made(Draft(kind, channel, (), plain, refs, blobs, identity=identity), tuple(files))


def _plain(body: msgspec.Struct) -> dict[str, JsonValue]:
    return cast("dict[str, JsonValue]", msgspec.to_builtins(body))


def _told(payload: Payload, form: type[T], read: ReadBlob) -> T:
    body = dict(payload.body)
    for name, value in payload.body.items():
        if isinstance(value, Mapping) and set(value) == {"blob"}:
            body[name] = parse_json(read(str(value["blob"])), bytes_max=1 << 28)
    try:
        return msgspec.convert(body, form)
    except msgspec.ValidationError as error:
        raise ValueError(f"it is no {payload.kind}: {error}") from None


def _no_blobs(sha256: str) -> bytes:
    raise ValueError(f"the file {sha256} is not at hand")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _blob(data: bytes, media_type: str) -> Blob:
    return Blob(hashlib.sha256(data).digest(), len(data), media_type)
