"""The messages of the F3548-21 API as they stand on the wire.

Names are the standard's. A member that may be left out may also be null with the same meaning, and
members that are not listed here are ignored. Nothing is checked here beyond form; what a volume
must fulfil is checked by `detente.geo.validate_volume`, what a command must by the exchange.

What volumes are made of can hold no cycles, and bodies hold ten thousands of them: the collector is
told to pass them over (`gc=False`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, convert

OVN_OF_ANOTHER = "Available from USS"
"""Stands in place of an OVN in answers to anybody but the entity's manager."""

NO_SUBSCRIPTION_ID = "00000000-0000-4000-8000-000000000000"
"""`subscription_id` of an operational intent that has no subscription (the schema wants one)."""

OperationalIntentState = Literal["Accepted", "Activated", "Nonconforming", "Contingent"]
UssAvailabilityState = Literal["Unknown", "Normal", "Down"]


class Time(Struct, frozen=True, gc=False):
    """An instant, RFC 3339; microseconds are kept."""

    value: Annotated[datetime, Meta(tz=True)]
    format: Literal["RFC3339"] = "RFC3339"


def parse_time(text: str) -> Time:
    """The instant that an RFC 3339 text means.

    Raises:
        ValueError: it means none, or lacks its offset from UTC.
    """
    return convert({"value": text}, Time)


class Radius(Struct, frozen=True, gc=False):
    """The radius of a circle in metres."""

    value: float
    units: Literal["M"]


class Altitude(Struct, frozen=True, gc=False):
    """A height in metres above the WGS-84 ellipsoid."""

    value: float
    reference: Literal["W84"]
    units: Literal["M"]


class LatLngPoint(Struct, frozen=True, gc=False):
    """A position in degrees, WGS-84."""

    lat: float
    lng: float


class CircleOutline(Struct, frozen=True, gc=False):
    """`outline_circle`; the schema calls both members optional, their absence is refused later."""

    center: LatLngPoint | None = None
    radius: Radius | None = None


class PolygonOutline(Struct, frozen=True, gc=False):
    """`outline_polygon`: an open ring of at least three vertices."""

    vertices: list[LatLngPoint]


class Volume3D(Struct, frozen=True, omit_defaults=True, gc=False):
    """An outline and a band of altitude."""

    outline_circle: CircleOutline | None = None
    outline_polygon: PolygonOutline | None = None
    altitude_lower: Altitude | None = None
    altitude_upper: Altitude | None = None


class Volume4D(Struct, frozen=True, omit_defaults=True, gc=False):
    """A Volume3D during a span of time."""

    volume: Volume3D
    time_start: Time | None = None
    time_end: Time | None = None


class ImplicitSubscriptionParameters(Struct, frozen=True):
    """`new_subscription` of an operational intent reference."""

    uss_base_url: str | None = None
    notify_for_constraints: bool | None = None


class PutOperationalIntentReferenceParameters(Struct, frozen=True):
    """Body of O3 and O4."""

    extents: list[Volume4D]
    state: str
    uss_base_url: str
    key: list[str] | None = None
    subscription_id: str | None = None
    new_subscription: ImplicitSubscriptionParameters | None = None
    requested_ovn_suffix: str | None = None


class OperationalIntentReference(Struct, frozen=True):
    """What the exchange tells of an operational intent; the volumes stay with its USS."""

    id: str
    manager: str
    uss_availability: UssAvailabilityState
    version: int
    state: OperationalIntentState
    ovn: str
    time_start: Time
    time_end: Time
    uss_base_url: str
    subscription_id: str


class SubscriptionState(Struct, frozen=True):
    """A subscription that was triggered, and its index by this change."""

    subscription_id: str
    notification_index: int


class SubscriberToNotify(Struct, frozen=True):
    """One USS to be told of a change, with all its subscriptions that want to know."""

    subscriptions: list[SubscriptionState]
    uss_base_url: str


class ChangeOperationalIntentReferenceResponse(Struct, frozen=True):
    """Answer of O3, O4, O5."""

    subscribers: list[SubscriberToNotify]
    operational_intent_reference: OperationalIntentReference


class GetOperationalIntentReferenceResponse(Struct, frozen=True):
    """Answer of O2."""

    operational_intent_reference: OperationalIntentReference


class AreaQueryParameters(Struct, frozen=True):
    """Body of every query (O1, C1, S1)."""

    area_of_interest: Volume4D | None = None


class QueryOperationalIntentReferenceResponse(Struct, frozen=True):
    """Answer of O1."""

    operational_intent_references: list[OperationalIntentReference]


class PutConstraintReferenceParameters(Struct, frozen=True):
    """Body of C3 and C4."""

    extents: list[Volume4D]
    uss_base_url: str


class ConstraintReference(Struct, frozen=True):
    """What the exchange tells of a constraint."""

    id: str
    manager: str
    uss_availability: UssAvailabilityState
    version: int
    ovn: str
    time_start: Time
    time_end: Time
    uss_base_url: str


class ChangeConstraintReferenceResponse(Struct, frozen=True):
    """Answer of C3, C4, C5."""

    subscribers: list[SubscriberToNotify]
    constraint_reference: ConstraintReference


class GetConstraintReferenceResponse(Struct, frozen=True):
    """Answer of C2."""

    constraint_reference: ConstraintReference


class QueryConstraintReferencesResponse(Struct, frozen=True):
    """Answer of C1."""

    constraint_references: list[ConstraintReference]


class PutSubscriptionParameters(Struct, frozen=True):
    """Body of S3 and S4. `extents` is one volume here, not a list."""

    extents: Volume4D
    uss_base_url: str
    notify_for_operational_intents: bool | None = None
    notify_for_constraints: bool | None = None


class Subscription(Struct, frozen=True):
    """A standing interest in a volume."""

    id: str
    version: str
    notification_index: int
    time_start: Time
    time_end: Time
    uss_base_url: str
    notify_for_operational_intents: bool
    notify_for_constraints: bool
    implicit_subscription: bool
    dependent_operational_intents: list[str]


class PutSubscriptionResponse(Struct, frozen=True):
    """Answer of S3 and S4: a list is there exactly when its notify flag is set."""

    subscription: Subscription
    operational_intent_references: list[OperationalIntentReference] | UnsetType = UNSET
    constraint_references: list[ConstraintReference] | UnsetType = UNSET


class GetSubscriptionResponse(Struct, frozen=True):
    """Answer of S2."""

    subscription: Subscription


class DeleteSubscriptionResponse(Struct, frozen=True):
    """Answer of S5: the subscription as it was."""

    subscription: Subscription


class QuerySubscriptionsResponse(Struct, frozen=True):
    """Answer of S1."""

    subscriptions: list[Subscription]


class UssAvailabilityStatus(Struct, frozen=True):
    """Whether a USS is known to work."""

    uss: str
    availability: UssAvailabilityState


class UssAvailabilityStatusResponse(Struct, frozen=True):
    """Answer of A1 and A2."""

    version: str
    status: UssAvailabilityStatus


class SetUssAvailabilityStatusParameters(Struct, frozen=True):
    """Body of A2; the value is matched without regard to case."""

    availability: str
    old_version: str | None = None


class ErrorResponse(Struct, frozen=True, omit_defaults=True):
    """Body of every refusal; `code` is ours and names the reason for programs."""

    message: str
    code: str = ""


class AirspaceConflictResponse(Struct, frozen=True):
    """Body of a 409 for an operational intent: what is missing in the key."""

    message: str
    code: str
    missing_operational_intents: list[OperationalIntentReference]
    missing_constraints: list[ConstraintReference]


class ExchangeRecord(Struct, frozen=True, omit_defaults=True):
    """One exchange of messages that went wrong, as a client saw it."""

    url: str
    method: str
    recorder_role: Literal["Client", "Server"]
    request_time: Time
    headers: list[str] | None = None
    request_body: str | None = None
    response_time: Time | None = None
    response_body: str | None = None
    response_code: int | None = None
    problem: str | None = None


class ErrorReport(Struct, frozen=True, omit_defaults=True):
    """Body and answer of R1 and U6."""

    exchange: ExchangeRecord
    report_id: Annotated[str, Meta(max_length=128)] | None = None


class OperationalIntentDetails(Struct, frozen=True):
    """What only the managing USS tells of an operational intent."""

    volumes: list[Volume4D] = []
    off_nominal_volumes: list[Volume4D] = []
    priority: int = 0


class OperationalIntent(Struct, frozen=True):
    """An operational intent as its USS hands it to a peer; the reference carries the real OVN."""

    reference: OperationalIntentReference
    details: OperationalIntentDetails


class GetOperationalIntentDetailsResponse(Struct, frozen=True):
    """Answer of U1."""

    operational_intent: OperationalIntent


class PutOperationalIntentDetailsParameters(Struct, frozen=True, omit_defaults=True):
    """Body of U3; without `operational_intent` the intent has ended."""

    operational_intent_id: str
    subscriptions: list[SubscriptionState]
    operational_intent: OperationalIntent | None = None
