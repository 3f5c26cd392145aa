"""Clients of the F3548-21 API: of a DSS, and of another USS.

Every answer is decoded strictly into its type; whatever is no success becomes an error that carries
the status and what the other side said. Nothing is retried here: who calls knows what may be.
"""

from __future__ import annotations

from typing import Final

import httpx
import msgspec

from detente.f3548 import scopes
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548.calling import (
    SAID_MAX,
    USS_ANSWER_BYTES_MAX,
    AirspaceConflict,
    Caller,
    Http,
    Seen,
    TokenSource,
    decode,
    expect_success,
    nobody,
    segment,
)


class _Conflict(msgspec.Struct, frozen=True):
    message: str = ""
    missing_operational_intents: list[wire.OperationalIntentReference] | None = None
    missing_constraints: list[wire.ConstraintReference] | None = None


class DssClient:
    """A DSS, by its base URL (without `/dss/v1`).

    Args:
        base_url: without a final slash.
        tokens: for it.
        http: carries the requests.
        deadline_s: time for a request and the last byte of its answer; None: only what `http` says
            of single reads and writes.
        seen: told of every exchange of messages.

    Raises, in every method:
        PeerUnreachable, PeerRefused, PeerNonsense; whatever `tokens` raises.
    """

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        http: Http,
        deadline_s: float | None = None,
        seen: Seen = nobody,
    ) -> None:
        self._caller = Caller(base_url, tokens, http, deadline_s, seen)

    # --- operational intents -----------------------------------------------------------------

    async def query_operational_intents(
        self, area: wire.Volume4D, scope: str = scopes.STRATEGIC_COORDINATION
    ) -> list[wire.OperationalIntentReference]:
        """References of the operational intents relevant to a volume."""
        found = await self._caller.call(
            "POST",
            f"{_INTENTS}/query",
            scope,
            wire.QueryOperationalIntentReferenceResponse,
            wire.AreaQueryParameters(area),
        )
        return found.operational_intent_references

    async def operational_intent(
        self, identifier: str, scope: str = scopes.STRATEGIC_COORDINATION
    ) -> wire.OperationalIntentReference:
        """One reference; with its OVN if it is one's own."""
        found = await self._caller.call(
            "GET",
            f"{_INTENTS}/{segment(identifier)}",
            scope,
            wire.GetOperationalIntentReferenceResponse,
        )
        return found.operational_intent_reference

    async def put_operational_intent(
        self,
        identifier: str,
        parameters: wire.PutOperationalIntentReferenceParameters,
        ovn: str | None = None,
        scope: str = scopes.STRATEGIC_COORDINATION,
    ) -> wire.ChangeOperationalIntentReferenceResponse:
        """Create an operational intent reference, or change the one that has this OVN.

        Raises:
            AirspaceConflict: the key lacks OVNs of the entities named.
        """
        path = f"{_INTENTS}/{segment(identifier)}"
        if ovn is not None:
            path += f"/{segment(ovn)}"
        return await self._caller.ask("PUT", path, scope, _changed_intent, parameters)

    async def delete_operational_intent(
        self, identifier: str, ovn: str, scope: str = scopes.STRATEGIC_COORDINATION
    ) -> wire.ChangeOperationalIntentReferenceResponse:
        """End an operational intent reference."""
        return await self._caller.call(
            "DELETE",
            f"{_INTENTS}/{segment(identifier)}/{segment(ovn)}",
            scope,
            wire.ChangeOperationalIntentReferenceResponse,
        )

    # --- constraints -------------------------------------------------------------------------

    async def query_constraints(
        self, area: wire.Volume4D, scope: str = scopes.CONSTRAINT_PROCESSING
    ) -> list[wire.ConstraintReference]:
        """References of the constraints relevant to a volume."""
        found = await self._caller.call(
            "POST",
            f"{_CONSTRAINTS}/query",
            scope,
            wire.QueryConstraintReferencesResponse,
            wire.AreaQueryParameters(area),
        )
        return found.constraint_references

    async def constraint(
        self, identifier: str, scope: str = scopes.CONSTRAINT_PROCESSING
    ) -> wire.ConstraintReference:
        """One constraint reference; with its OVN if it is one's own."""
        found = await self._caller.call(
            "GET",
            f"{_CONSTRAINTS}/{segment(identifier)}",
            scope,
            wire.GetConstraintReferenceResponse,
        )
        return found.constraint_reference

    async def put_constraint(
        self,
        identifier: str,
        parameters: wire.PutConstraintReferenceParameters,
        ovn: str | None = None,
    ) -> wire.ChangeConstraintReferenceResponse:
        """Create a constraint reference, or change the one that has this OVN."""
        path = f"{_CONSTRAINTS}/{segment(identifier)}"
        if ovn is not None:
            path += f"/{segment(ovn)}"
        return await self._caller.call(
            "PUT",
            path,
            scopes.CONSTRAINT_MANAGEMENT,
            wire.ChangeConstraintReferenceResponse,
            parameters,
        )

    async def delete_constraint(
        self, identifier: str, ovn: str
    ) -> wire.ChangeConstraintReferenceResponse:
        """End a constraint reference."""
        return await self._caller.call(
            "DELETE",
            f"{_CONSTRAINTS}/{segment(identifier)}/{segment(ovn)}",
            scopes.CONSTRAINT_MANAGEMENT,
            wire.ChangeConstraintReferenceResponse,
        )

    # --- subscriptions -----------------------------------------------------------------------

    async def put_subscription(
        self,
        identifier: str,
        parameters: wire.PutSubscriptionParameters,
        version: str | None = None,
    ) -> wire.PutSubscriptionResponse:
        """Create a subscription, or change the one that has this version."""
        path = f"{_SUBSCRIPTIONS}/{segment(identifier)}"
        if version is not None:
            path += f"/{segment(version)}"
        return await self._caller.call(
            "PUT", path, scopes.STRATEGIC_COORDINATION, wire.PutSubscriptionResponse, parameters
        )

    async def subscription(self, identifier: str) -> wire.Subscription:
        """One of one's own subscriptions."""
        found = await self._caller.call(
            "GET",
            f"{_SUBSCRIPTIONS}/{segment(identifier)}",
            scopes.STRATEGIC_COORDINATION,
            wire.GetSubscriptionResponse,
        )
        return found.subscription

    async def delete_subscription(self, identifier: str, version: str) -> wire.Subscription:
        """End a subscription."""
        found = await self._caller.call(
            "DELETE",
            f"{_SUBSCRIPTIONS}/{segment(identifier)}/{segment(version)}",
            scopes.STRATEGIC_COORDINATION,
            wire.DeleteSubscriptionResponse,
        )
        return found.subscription

    async def query_subscriptions(self, area: wire.Volume4D) -> list[wire.Subscription]:
        """The caller's own subscriptions relevant to a volume."""
        found = await self._caller.call(
            "POST",
            f"{_SUBSCRIPTIONS}/query",
            scopes.STRATEGIC_COORDINATION,
            wire.QuerySubscriptionsResponse,
            wire.AreaQueryParameters(area),
        )
        return found.subscriptions

    # --- USSs --------------------------------------------------------------------------------

    async def uss_availability(self, uss_id: str) -> wire.UssAvailabilityStatusResponse:
        """Whether a USS is known to work."""
        return await self._caller.call(
            "GET",
            f"/dss/v1/uss_availability/{segment(uss_id)}",
            scopes.STRATEGIC_COORDINATION,
            wire.UssAvailabilityStatusResponse,
        )

    async def set_uss_availability(
        self, uss_id: str, parameters: wire.SetUssAvailabilityStatusParameters
    ) -> wire.UssAvailabilityStatusResponse:
        """Say whether a USS works; for arbitrators."""
        return await self._caller.call(
            "PUT",
            f"/dss/v1/uss_availability/{segment(uss_id)}",
            scopes.AVAILABILITY_ARBITRATION,
            wire.UssAvailabilityStatusResponse,
            parameters,
        )

    async def report(self, report: wire.ErrorReport) -> wire.ErrorReport:
        """Tell of an exchange of messages that went wrong (makeDssReport)."""
        return await self._caller.call(
            "POST", "/dss/v1/reports", scopes.STRATEGIC_COORDINATION, wire.ErrorReport, report
        )


_INTENTS: Final = "/dss/v1/operational_intent_references"
_CONSTRAINTS: Final = "/dss/v1/constraint_references"
_SUBSCRIPTIONS: Final = "/dss/v1/subscriptions"


def _changed_intent(response: httpx.Response) -> wire.ChangeOperationalIntentReferenceResponse:
    if response.status_code == 409:
        conflict = decode(response, _Conflict)
        if conflict.missing_operational_intents or conflict.missing_constraints:
            message = conflict.message[:SAID_MAX]
            raise AirspaceConflict(
                message,
                wire.AirspaceConflictResponse(
                    message,
                    "",
                    conflict.missing_operational_intents or [],
                    conflict.missing_constraints or [],
                ),
            )
    expect_success(response)
    return decode(response, wire.ChangeOperationalIntentReferenceResponse)


class UssClient:
    """Another USS, by the base URL that it registered.

    Args:
        base_url: as registered.
        tokens: for it.
        http: carries the requests.
        deadline_s: time for a request and the last byte of its answer; None: only what `http` says
            of single reads and writes.
        seen: told of every exchange of messages.

    Raises, in every method:
        PeerUnreachable, PeerRefused, PeerNonsense; whatever `tokens` raises.
    """

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        http: Http,
        deadline_s: float | None = None,
        seen: Seen = nobody,
    ) -> None:
        self._caller = Caller(base_url, tokens, http, deadline_s, seen, USS_ANSWER_BYTES_MAX)

    async def operational_intent(self, identifier: str) -> wire.OperationalIntent:
        """The details of an operational intent (getOperationalIntentDetails)."""
        found = await self._caller.call(
            "GET",
            f"/uss/v1/operational_intents/{segment(identifier)}",
            scopes.STRATEGIC_COORDINATION,
            wire.GetOperationalIntentDetailsResponse,
        )
        return found.operational_intent

    async def telemetry(self, identifier: str) -> uss.GetOperationalIntentTelemetryResponse:
        """Where the aircraft of an off-nominal intent is (getOperationalIntentTelemetry)."""
        return await self._caller.call(
            "GET",
            f"/uss/v1/operational_intents/{segment(identifier)}/telemetry",
            scopes.CONFORMANCE_MONITORING_SA,
            uss.GetOperationalIntentTelemetryResponse,
        )

    async def notify_operational_intent(
        self, change: wire.PutOperationalIntentDetailsParameters
    ) -> None:
        """Tell of a change (notifyOperationalIntentDetailsChanged)."""
        await self._caller.tell(
            "POST", "/uss/v1/operational_intents", scopes.STRATEGIC_COORDINATION, change
        )

    async def constraint(self, identifier: str) -> uss.Constraint:
        """The details of a constraint (getConstraintDetails)."""
        found = await self._caller.call(
            "GET",
            f"/uss/v1/constraints/{segment(identifier)}",
            scopes.CONSTRAINT_PROCESSING,
            uss.GetConstraintDetailsResponse,
        )
        return found.constraint

    async def notify_constraint(self, change: uss.PutConstraintDetailsParameters) -> None:
        """Tell of a change of a constraint (notifyConstraintDetailsChanged)."""
        await self._caller.tell("POST", "/uss/v1/constraints", scopes.CONSTRAINT_MANAGEMENT, change)

    async def report(self, report: wire.ErrorReport) -> wire.ErrorReport:
        """Tell of an exchange of messages that went wrong (makeUssReport)."""
        return await self._caller.call(
            "POST", "/uss/v1/reports", scopes.STRATEGIC_COORDINATION, wire.ErrorReport, report
        )
