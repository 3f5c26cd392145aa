"""The messages between USSs, as they stand on the wire: details, telemetry, constraints, logs.

As in `types`: names are the standard's, a member that may be left out may be null with the same
meaning, what is not listed is ignored, and nothing is checked beyond form.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from detente.f3548.types import (
    Altitude,
    ConstraintReference,
    ExchangeRecord,
    OperationalIntentReference,
    SubscriptionState,
    Time,
    Volume4D,
)

HorizontalAccuracy = Literal[
    "HAUnknown",
    "HA10NMPlus",
    "HA10NM",
    "HA4NM",
    "HA2NM",
    "HA1NM",
    "HA05NM",
    "HA03NM",
    "HA01NM",
    "HA005NM",
    "HA30m",
    "HA10m",
    "HA3m",
    "HA1m",
]
VerticalAccuracy = Literal[
    "VAUnknown",
    "VA150mPlus",
    "VA150m",
    "VA45m",
    "VA25m",
    "VA10m",
    "VA3m",
    "VA1m",
]
UserNotificationEvent = Literal[
    "GEN0400",
    "GEN0405",
    "SCD0090",
    "SCD0095",
    "ACM0010",
    "CMSA0115",
    "CMSA0300",
    "CSTP0005",
    "CSTP0010",
    "CSTP0020",
    "CSTP0025",
    "CSTP0030",
    "CSTP0035",
]
UserInputEvent = Literal[
    "OPIN0040",
    "CMSA0010",
    "CMSA0025",
    "CMSA0100",
    "CMSA0105",
    "CMSA0110",
    "CMSA0200",
    "CMSA0205",
    "CMSA0210",
    "CMSA0215",
]
ZoneType = Literal[
    "COMMON",
    "CUSTOMIZED",
    "PROHIBITED",
    "REQ_AUTHORISATION",
    "CONDITIONAL",
    "NO_RESTRICTION",
]
ZoneReason = Literal[
    "AIR_TRAFFIC",
    "SENSITIVE",
    "PRIVACY",
    "POPULATION",
    "NATURE",
    "NOISE",
    "FOREIGN_TERRITORY",
    "EMERGENCY",
    "OTHER",
]

_Text200 = Annotated[str, Meta(max_length=200)]


class Position(Struct, frozen=True, omit_defaults=True):
    """Where an aircraft is; degrees WGS-84."""

    longitude: float
    latitude: float
    accuracy_h: HorizontalAccuracy | None = None
    accuracy_v: VerticalAccuracy | None = None
    extrapolated: bool = False
    altitude: Altitude | None = None


class Velocity(Struct, frozen=True, omit_defaults=True):
    """How it moves: metres per second, degrees clockwise from true north."""

    speed: float
    units_speed: Literal["MetersPerSecond"]
    track: float | None = None


class VehicleTelemetry(Struct, frozen=True, omit_defaults=True):
    """One measurement of an aircraft."""

    time_measured: Time
    position: Position | None = None
    velocity: Velocity | None = None


class GetOperationalIntentTelemetryResponse(Struct, frozen=True, omit_defaults=True):
    """Answer of U2."""

    operational_intent_id: str
    telemetry: VehicleTelemetry | None = None
    next_telemetry_opportunity: Time | None = None


class Authority(Struct, frozen=True, omit_defaults=True):
    """Whom to ask or tell about a zone (ED-269)."""

    name: _Text200 | None = None
    service: _Text200 | None = None
    contact_name: _Text200 | None = None
    site_url: _Text200 | None = None
    email: _Text200 | None = None
    phone: _Text200 | None = None
    purpose: Literal["AUTHORIZATION", "NOTIFICATION", "INFORMATION"] | None = None
    interval_before: str | None = None


class GeoZone(Struct, frozen=True, omit_defaults=True):
    """What a constraint is as a UAS geographical zone (ED-269)."""

    identifier: Annotated[str, Meta(max_length=7)]
    country: Annotated[str, Meta(min_length=3, max_length=3)]
    zone_authority: Annotated[list[Authority], Meta(min_length=1)]
    type: ZoneType
    restriction: str
    name: _Text200 | None = None
    restriction_conditions: list[str] | str | None = None
    region: Annotated[int, Meta(ge=0, le=65_535)] | None = None
    reason: Annotated[list[ZoneReason], Meta(max_length=9)] | None = None
    other_reason_info: Annotated[str, Meta(max_length=30)] | None = None
    regulation_exemption: Literal["YES", "NO"] | None = None
    u_space_class: Annotated[str, Meta(max_length=100)] | None = None
    message: _Text200 | None = None
    additional_properties: dict[str, Any] | None = None


class ConstraintDetails(Struct, frozen=True, omit_defaults=True):
    """What only the managing USS tells of a constraint."""

    volumes: Annotated[list[Volume4D], Meta(min_length=1)]
    type: str | None = None
    geozone: GeoZone | None = None


class Constraint(Struct, frozen=True):
    """A constraint as its USS hands it to a peer; the reference carries the real OVN."""

    reference: ConstraintReference
    details: ConstraintDetails


class GetConstraintDetailsResponse(Struct, frozen=True):
    """Answer of U4."""

    constraint: Constraint


class PutConstraintDetailsParameters(Struct, frozen=True, omit_defaults=True):
    """Body of U5; without `constraint` it has ended."""

    constraint_id: str
    subscriptions: Annotated[list[SubscriptionState], Meta(min_length=1)]
    constraint: Constraint | None = None


class UserNotificationRecord(Struct, frozen=True, omit_defaults=True):
    """An operator was told of something."""

    triggering_event_time: Time
    notification_time: Time
    notification_triggering_event: UserNotificationEvent
    notification_details: str | None = None


class UserInputRecord(Struct, frozen=True, omit_defaults=True):
    """An operator told something."""

    triggering_event_time: Time
    operational_intent_id: str
    input_triggering_event: UserInputEvent
    input_details: str | None = None


class OperatorAssociation(Struct, frozen=True):
    """Whose an operational intent is."""

    operational_intent_id: str
    operator_id: str


class ConstraintProviderAssociation(Struct, frozen=True):
    """Whose a constraint is."""

    constraint_id: str
    constraint_provider_id: str


class PlanningRecord(Struct, frozen=True, omit_defaults=True):
    """A planning attempt that did not succeed."""

    time: Time
    ovns: list[str]
    missing_operational_intents: list[OperationalIntentReference] | None = None
    missing_constraints: list[ConstraintReference] | None = None
    operational_intent_id: str | None = None
    problem: str | None = None


class PositionRecord(Struct, frozen=True):
    """A position that conformance was judged by."""

    time_received: Time
    telemetry: VehicleTelemetry


class OperationalIntentPositions(Struct, frozen=True):
    """The positions of one operational intent."""

    operational_intent_id: str
    positions: list[PositionRecord]


class USSLogSet(Struct, frozen=True, omit_defaults=True):
    """What a USS exports of what it did (LOG0005 ... LOG0055)."""

    messages: list[ExchangeRecord] = []
    operator_notifications: list[UserNotificationRecord] = []
    operator_inputs: list[UserInputRecord] = []
    operator_associations: list[OperatorAssociation] = []
    planning_attempts: list[PlanningRecord] = []
    operational_intent_positions: list[OperationalIntentPositions] = []
    constraint_provider_associations: list[ConstraintProviderAssociation] = []
