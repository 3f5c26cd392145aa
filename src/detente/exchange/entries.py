"""The facts that an exchange's log is made of, and the things they are about.

An entry says what became true, with every time and every random value in it: applying it decides
nothing, so the same log gives the same state for ever, whatever later versions decide. No entry
holds a floating-point number: times are microseconds, altitudes millimetres, positions 1e-9 degree.

None of these can be part of a reference cycle, so the collector is told not to follow them (`gc`):
with a million of them in force each of its rounds would stop the exchange for seconds.
"""

from __future__ import annotations

from sys import intern

import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr

from detente.errors import DetenteError
from detente.f3548.types import OperationalIntentState, UssAvailabilityState
from detente.geo import Extent
from detente.record import canonical_struct


class OperationalIntent(Struct, frozen=True, gc=False):
    """An operational intent reference as the exchange keeps it."""

    id: str
    manager: str
    version: int
    state: OperationalIntentState
    ovn: str
    uss_base_url: str
    subscription_id: str | None
    extent: Extent


class Constraint(Struct, frozen=True, gc=False):
    """A constraint reference as the exchange keeps it."""

    id: str
    manager: str
    version: int
    ovn: str
    uss_base_url: str
    extent: Extent


class Subscription(Struct, frozen=True, gc=False):
    """A subscription as the exchange keeps it, but for its notification index."""

    id: str
    manager: str
    version: str
    uss_base_url: str
    notify_for_operational_intents: bool
    notify_for_constraints: bool
    implicit: bool
    extent: Extent


class Availability(Struct, frozen=True, gc=False):
    """What the arbitrator said last of a USS."""

    uss: str
    availability: UssAvailabilityState
    version: str


class Heartbeat(Struct, frozen=True, gc=False):
    """Sign of life of an instance of the pool."""

    instance: str
    source: str
    at_us: int
    index: int
    reporter: str
    next_expected_us: int | None = None


class Instance(Struct, frozen=True, gc=False):
    """An instance of the pool: its name, its endpoint, the key that signs its checkpoints."""

    name: str
    public_endpoint: str
    verifier_key: str


Notified = tuple[tuple[str, int], ...]
"""Subscriptions that a change triggered, each with its index from then on."""


class LogOpened(Struct, frozen=True, gc=False, tag_field="kind", tag="log-opened"):
    """The first entry: names the airspace representation that the log is about."""

    at_us: int
    dar_id: str
    format: int = 1


class InstanceJoined(Struct, frozen=True, gc=False, tag_field="kind", tag="instance-joined"):
    """An instance began to serve the pool, or changed its endpoint or key."""

    at_us: int
    instance: Instance


class HeartbeatHeard(Struct, frozen=True, gc=False, tag_field="kind", tag="heartbeat-heard"):
    """An instance, or its operator, reported that it works."""

    heartbeat: Heartbeat


class OperationalIntentPut(
    Struct, frozen=True, gc=False, tag_field="kind", tag="operational-intent-put"
):
    """An operational intent reference was created or changed.

    `subscription` is the implicit subscription that came with it or was extended for it,
    `removed_subscription` the implicit one that nothing depends on any longer.
    """

    at_us: int
    intent: OperationalIntent
    subscription: Subscription | None
    removed_subscription: str | None
    notified: Notified


class OperationalIntentDeleted(
    Struct, frozen=True, gc=False, tag_field="kind", tag="operational-intent-deleted"
):
    """An operational intent reference was deleted by its manager."""

    at_us: int
    id: str
    removed_subscription: str | None
    notified: Notified


class ConstraintPut(Struct, frozen=True, gc=False, tag_field="kind", tag="constraint-put"):
    """A constraint reference was created or changed."""

    at_us: int
    constraint: Constraint
    notified: Notified


class ConstraintDeleted(Struct, frozen=True, gc=False, tag_field="kind", tag="constraint-deleted"):
    """A constraint reference was deleted by its manager."""

    at_us: int
    id: str
    notified: Notified


class SubscriptionPut(Struct, frozen=True, gc=False, tag_field="kind", tag="subscription-put"):
    """A subscription was created or changed by its manager."""

    at_us: int
    subscription: Subscription


class SubscriptionDeleted(
    Struct, frozen=True, gc=False, tag_field="kind", tag="subscription-deleted"
):
    """A subscription was deleted by its manager."""

    at_us: int
    id: str


class AvailabilitySet(Struct, frozen=True, gc=False, tag_field="kind", tag="availability-set"):
    """The arbitrator said how a USS is."""

    at_us: int
    status: Availability


class ReportFiled(Struct, frozen=True, gc=False, tag_field="kind", tag="report-filed"):
    """A client reported an exchange that went wrong; `report` is its text as received."""

    at_us: int
    report_id: str
    reporter: str
    report: str


class Evicted(Struct, frozen=True, gc=False, tag_field="kind", tag="evicted"):
    """Things long over were removed by the rules of retention."""

    at_us: int
    operational_intents: tuple[str, ...]
    constraints: tuple[str, ...]
    subscriptions: tuple[str, ...]
    requested_ovns_before_us: int | None = None


Entry = (
    LogOpened
    | InstanceJoined
    | HeartbeatHeard
    | OperationalIntentPut
    | OperationalIntentDeleted
    | ConstraintPut
    | ConstraintDeleted
    | SubscriptionPut
    | SubscriptionDeleted
    | AvailabilitySet
    | ReportFiled
    | Evicted
)


class ImageStart(Struct, frozen=True, gc=False, tag_field="kind", tag="image"):
    """First line of an image of the state."""

    dar_id: str
    format: int = 1


class IntentLine(Struct, frozen=True, gc=False, tag_field="kind", tag="operational-intent"):
    """Line of an image: an operational intent in force."""

    value: OperationalIntent


class ConstraintLine(Struct, frozen=True, gc=False, tag_field="kind", tag="constraint"):
    """Line of an image: a constraint in force."""

    value: Constraint


class SubscriptionLine(Struct, frozen=True, gc=False, tag_field="kind", tag="subscription"):
    """Line of an image: a subscription in force."""

    value: Subscription
    notification_index: int


class AvailabilityLine(Struct, frozen=True, gc=False, tag_field="kind", tag="availability"):
    """Line of an image: what is known of a USS."""

    value: Availability


class InstanceLine(Struct, frozen=True, gc=False, tag_field="kind", tag="instance"):
    """Line of an image: an instance of the pool."""

    value: Instance


class HeartbeatLine(Struct, frozen=True, gc=False, tag_field="kind", tag="heartbeat"):
    """Line of an image: an instance's last sign of life."""

    value: Heartbeat


class RequestedOvnLine(Struct, frozen=True, gc=False, tag_field="kind", tag="requested-ovn"):
    """Line of an image: an OVN that a client asked for and got lately."""

    ovn: str
    at_us: int


ImageLine = (
    ImageStart
    | IntentLine
    | ConstraintLine
    | SubscriptionLine
    | AvailabilityLine
    | InstanceLine
    | HeartbeatLine
    | RequestedOvnLine
)


class UnknownEntry(DetenteError):
    """An entry of the log is none that this version knows."""

    code = "exchange.unknown_entry"


_decoder: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


def encode_entry(entry: Entry) -> bytes:
    """Canonical JSON (RFC 8785) of an entry."""
    return canonical_struct(entry)


def encode_image_line(line: ImageLine) -> bytes:
    """Canonical JSON (RFC 8785) of a line of an image."""
    return canonical_struct(line)


def decode_entry(body: bytes, position: int) -> Entry:
    """The entry that stands at `position` of a log.

    Raises:
        UnknownEntry: the bytes are no entry that this version can read.
    """
    try:
        entry = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnknownEntry(
            f"this version cannot read it: {error}",
            where=f"entry {position}",
            advice="Was the log written by a newer version? Then upgrade this instance.",
        ) from error
    if isinstance(entry, OperationalIntentPut):
        share_names(entry.intent)
        if entry.subscription is not None:
            share_names(entry.subscription)
            share_extent(entry.subscription, entry.intent.extent)
    return entry


# With a million intents in force, what follows saves a gigabyte of equal texts and numbers. What
# was decoded a moment ago may be changed that way: nobody has seen it yet.


def share_names(value: OperationalIntent | Constraint | Subscription) -> None:
    """Let things that were decoded name the same manager and base URL by the same object."""
    force_setattr(value, "manager", intern(value.manager))
    force_setattr(value, "uss_base_url", intern(value.uss_base_url))


def share_extent(subscription: Subscription, extent: Extent) -> None:
    """Let a decoded subscription have that very extent, if its own is equal."""
    if subscription.extent == extent:
        force_setattr(subscription, "extent", extent)
