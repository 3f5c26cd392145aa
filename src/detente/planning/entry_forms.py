"""The forms of the bodies that planning's entries have, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548 import volume_of, volume_on_wire
from detente.planning.exchanges import MessageSignature
from detente.planning.intents import (
    Action,
    Conflict,
    Details,
    Fault,
    Filed,
    Learnt,
    Outcome,
    PlanningRules,
    Result,
    State,
)
from detente.record import format_time, parse_time
from detente.words import Words

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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


class IntentForm(msgspec.Struct, frozen=True):
    """Body of `operational-intent`."""

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
    aircraft: str = ""


class OrderForm(msgspec.Struct, frozen=True):
    """An order, in bodies."""

    state: State
    given: str
    name: str
    operator: str
    details: wire.OperationalIntentDetails
    track: list[tuple[int, float, float, float]]
    aircraft: str = ""


class PendingForm(msgspec.Struct, frozen=True):
    """Body of `operational-intent-pending`."""

    intent: str
    action: Action
    order: OrderForm
    exchanges: list[str]


class NeighbourForm(msgspec.Struct, frozen=True):
    """Another's intent, as far as it was known, in bodies.

    Attributes:
        details: None if they were not known, or are in a file.
        details_blob: SHA-256 of that file; "" if there is none.
    """

    exchange: str
    reference: wire.OperationalIntentReference
    details: wire.OperationalIntentDetails | None
    learnt: Learnt
    at: str
    source: str
    signed_by: str
    problem: Words | None
    details_blob: str = ""


class NoticeForm(msgspec.Struct, frozen=True):
    """What a subscriber was to be told, in bodies."""

    exchange: str
    uss_base_url: str
    subscriptions: list[wire.SubscriptionState]
    ended: bool
    due: str


class AttemptForm(msgspec.Struct, frozen=True):
    """Body of `planning-attempt`."""

    intent: str
    action: Action
    result: Result
    rule: str
    order: OrderForm
    pending: str
    accepted: str
    before: int
    rules: PlanningRules | None
    conflicts: list[Conflict]
    faults: list[Fault]
    neighbours: list[NeighbourForm]
    constraints: list[str]
    notices: list[NoticeForm]
    rounds: int
    unsettled: list[str]
    began: str
    ended: str


class ConstraintForm(msgspec.Struct, frozen=True):
    """Body of `constraint`."""

    id: str
    provider: str
    version: int
    ended: bool
    details: uss.ConstraintDetails
    filed: list[tuple[str, wire.ConstraintReference]]


class ExchangeForm(msgspec.Struct, frozen=True):
    """Body of `uss-exchange`.

    Attributes:
        request_gzip, response_gzip: longer bodies of messages, in place of those in `exchange`.
        request_blob, response_blob: SHA-256 of files that hold them, if they are very long.
    """

    exchange: wire.ExchangeRecord
    at: str
    party: str
    about: list[str]
    signature: MessageSignature | None
    request_gzip: str = ""
    response_gzip: str = ""
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


class PositionForm(msgspec.Struct, frozen=True):
    """A position and how it was judged, in bodies."""

    received: str
    inside: bool | None
    telemetry: uss.VehicleTelemetry


class PositionsForm(msgspec.Struct, frozen=True):
    """Body of `positions`."""

    intent: str
    first: str
    last: str
    positions: list[PositionForm]
    flown_us: int
    outside_us: int
    excursions: int
    long_excursions: int


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


def instant_of(instant_us: int) -> datetime:
    """Microseconds since 1970 as a time, UTC."""
    return _EPOCH + timedelta(microseconds=instant_us)


def at_text(instant_us: int) -> str:
    """A time as entries write it; "" for 0."""
    return format_time(instant_of(instant_us)) if instant_us else ""
