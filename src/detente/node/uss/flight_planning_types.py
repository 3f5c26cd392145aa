"""The messages of InterUSS's flight planning interface for automated tests, version 0.7.0.

As in `detente.f3548.types`: names are the interface's, what is not listed is ignored, a member that
may be left out may also be null, and nothing is checked beyond form.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from detente.f3548 import types as wire

API_NAME = "Flight Planning Automated Testing Interface"
API_VERSION = "v0.7.0"

UsageState = Literal["Planned", "InUse", "Closed"]
UasState = Literal["Nominal", "OffNominal", "Contingent", "NotSpecified"]
ExecutionStyle = Literal["Hypothetical", "IfAllowed", "InReality"]
PlanningResult = Literal["Completed", "Rejected", "Failed", "NotSupported"]
FlightPlanStatus = Literal["NotPlanned", "Planned", "OkToFly", "OffNominal", "Closed"]
Advisories = Literal["Unknown", "AtLeastOneAdvisoryOrCondition", "NoAdvisoriesOrConditions"]
Conflicts = Literal["Unknown", "None", "Single", "Multiple"]
AltitudeReference = Literal["W84", "SFC", "Takeoff"]


class Altitude(Struct, frozen=True):
    """Metres above the ellipsoid (W84), above the ground (SFC), or above where it takes off."""

    value: float
    reference: AltitudeReference
    units: Literal["M"]


class Volume3D(Struct, frozen=True, omit_defaults=True):
    """An outline and a band of altitude."""

    outline_circle: wire.CircleOutline | None = None
    outline_polygon: wire.PolygonOutline | None = None
    altitude_lower: Altitude | None = None
    altitude_upper: Altitude | None = None


class Volume4D(Struct, frozen=True, omit_defaults=True):
    """A Volume3D during a span of time."""

    volume: Volume3D
    time_start: wire.Time | None = None
    time_end: wire.Time | None = None


class BasicInformation(Struct, frozen=True, omit_defaults=True):
    """What any user can tell of a flight; `area` is all that it may touch."""

    usage_state: UsageState
    uas_state: UasState | None = None
    area: list[Volume4D] | None = None
    description: str | None = None
    utm_id: str | None = None
    specific_session_id: str | None = None


class AstmInformation(Struct, frozen=True, omit_defaults=True):
    """What only an F3548-21 USS asks for."""

    priority: Annotated[int, Meta(ge=-(1 << 31) + 1, le=(1 << 31) - 1)] | None = None


class FlightPlan(Struct, frozen=True, omit_defaults=True):
    """A user's flight plan. What is in dictionaries is kept as sent, and not looked at."""

    basic_information: BasicInformation
    uas: dict[str, Any] | None = None
    operator: dict[str, Any] | None = None
    telemetry: dict[str, Any] | None = None
    astm_f3548_21: AstmInformation | None = None
    uspace_flight_authorisation: dict[str, Any] | None = None
    rpas_operating_rules_2_6: dict[str, Any] | None = None
    additional_information: dict[str, Any] | None = None


class UpsertFlightPlanRequest(Struct, frozen=True):
    """What a user wants of a flight plan."""

    flight_plan: FlightPlan
    execution_style: ExecutionStyle
    request_id: Annotated[str, Meta(min_length=1, max_length=1000)]


class UpsertFlightPlanResponse(Struct, frozen=True, omit_defaults=True):
    """What became of it. Without `as_planned` it was planned just as asked."""

    planning_result: PlanningResult
    flight_plan_status: FlightPlanStatus
    notes: str | None = None
    as_planned: FlightPlan | None = None
    includes_advisories: Advisories | None = None


class DeleteFlightPlanResponse(Struct, frozen=True, omit_defaults=True):
    """What became of a flight plan that was to go."""

    planning_result: PlanningResult
    flight_plan_status: FlightPlanStatus
    notes: str | None = None
    includes_advisories: Advisories | None = None


class ClearAreaRequest(Struct, frozen=True):
    """Cancel and remove every flight that touches the extent."""

    request_id: Annotated[str, Meta(min_length=1, max_length=1000)]
    extent: Volume4D


class ClearAreaOutcome(Struct, frozen=True, omit_defaults=True):
    """Whether all of them are gone."""

    success: bool
    message: str | None = None
    details: dict[str, list[str]] | None = None


class ClearAreaResponse(Struct, frozen=True):
    """Answer to `ClearAreaRequest`."""

    outcome: ClearAreaOutcome


class StatusResponse(Struct, frozen=True):
    """Whether tests may begin."""

    status: Literal["Starting", "Ready"]
    api_name: str = API_NAME
    api_version: str = API_VERSION


class UserNotification(Struct, frozen=True, omit_defaults=True):
    """Something that a user was told."""

    observed_at: wire.Time
    message: str | None = None
    conflicts: Conflicts | None = None


class QueryUserNotificationsResponse(Struct, frozen=True):
    """What users were told in a span of time."""

    user_notifications: list[UserNotification]
