"""The endpoints of the exchange: F3548-21's DSS API, and the auxiliary ones a pool is run by.

A table, nothing else: who may call what, what goes in, what comes out. The work is in `handlers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from detente.errors import DetenteError
from detente.exchange import refusals
from detente.exchange import service as s
from detente.exchange.answers import (
    AcceptedCertificates,
    Health,
    Pool,
    PoolInstances,
    SystemVersion,
    Version,
)
from detente.exchange.handlers import Handlers
from detente.exchange.requests import ScopeNeeded
from detente.f3548 import InvalidMember, InvalidVolume, scopes
from detente.f3548 import types as wire
from detente.http import Endpoint, Handler, QueryParameter, Scopes, any_of
from detente.record import AppendUnknown, LogUnavailable

INTENTS: Final = "/dss/v1/operational_intent_references"
CONSTRAINTS: Final = "/dss/v1/constraint_references"
SUBSCRIPTIONS: Final = "/dss/v1/subscriptions"
AVAILABILITY: Final = "/dss/v1/uss_availability"

_INTENT = any_of(scopes.STRATEGIC_COORDINATION, scopes.CONFORMANCE_MONITORING_SA)
_CONSTRAINT_READ = any_of(scopes.CONSTRAINT_MANAGEMENT, scopes.CONSTRAINT_PROCESSING)
_CONSTRAINT_WRITE = any_of(scopes.CONSTRAINT_MANAGEMENT)
_SUBSCRIPTION = any_of(scopes.CONSTRAINT_PROCESSING, scopes.STRATEGIC_COORDINATION)
_AVAILABILITY = any_of(
    scopes.AVAILABILITY_ARBITRATION,
    scopes.STRATEGIC_COORDINATION,
    scopes.CONFORMANCE_MONITORING_SA,
)

_Answers = Mapping[int, type[Struct] | None]

_MISSING: _Answers = {404: wire.ErrorResponse}
_REFUSED: _Answers = {409: wire.ErrorResponse}
_DOWN: _Answers = {412: wire.ErrorResponse}
_CONFLICT: _Answers = {409: wire.AirspaceConflictResponse, **_DOWN}


def statuses() -> dict[type[DetenteError], int]:
    """HTTP status of each refusal that can leave a handler."""
    found: dict[type[DetenteError], int] = {
        InvalidMember: 400,
        InvalidVolume: 400,
        ScopeNeeded: 403,
        s.Stopping: 503,
        s.Overloaded: 503,
        s.CommandFailed: 500,
        LogUnavailable: 503,
        AppendUnknown: 503,
    }
    todo: list[type[refusals.Refused]] = [refusals.Refused]
    while todo:
        kind = todo.pop()
        found[kind] = kind.status
        todo.extend(kind.__subclasses__())
    return found


class _Group:
    """Endpoints with the same tag."""

    def __init__(self, tag: str) -> None:
        self._tag = tag

    def __call__(
        self,
        operation: str,
        handler: Handler,
        operation_id: str,
        summary: str,
        answers: _Answers,
        allowed: Scopes,
        body: type[Struct] | None = None,
        query: Sequence[QueryParameter] = (),
    ) -> Endpoint:
        """One endpoint; `operation` is method and path."""
        method, path = operation.split()
        return Endpoint(
            method=method,
            path=path,
            handler=handler,
            operation_id=operation_id,
            summary=summary,
            responses=answers,
            scopes=allowed,
            body=body,
            query=query,
            tags=(self._tag,),
        )

    def public(
        self, path: str, handler: Handler, operation_id: str, answer: type[Struct], summary: str
    ) -> Endpoint:
        """One that needs no token."""
        return Endpoint(
            method="GET",
            path=path,
            handler=handler,
            operation_id=operation_id,
            summary=summary,
            responses={200: answer, 503: wire.ErrorResponse},
            public=True,
            tags=(self._tag,),
        )


def endpoints(do: Handlers) -> list[Endpoint]:
    """All endpoints, the busiest first."""
    return [
        *_intents(do),
        *_constraints(do),
        *_subscriptions(do),
        *_availability_and_reports(do),
        *_auxiliary(do),
    ]


def _intents(do: Handlers) -> list[Endpoint]:
    of = _Group("operational intents")
    changed = wire.ChangeOperationalIntentReferenceResponse
    return [
        of(
            f"PUT {INTENTS}/{{entityid}}",
            do.create_intent,
            "createOperationalIntentReference",
            "Announce an operational intent.",
            {201: changed, **_CONFLICT},
            _INTENT,
            wire.PutOperationalIntentReferenceParameters,
        ),
        of(
            f"PUT {INTENTS}/{{entityid}}/{{ovn}}",
            do.update_intent,
            "updateOperationalIntentReference",
            "Change an operational intent.",
            {200: changed, **_CONFLICT},
            _INTENT,
            wire.PutOperationalIntentReferenceParameters,
        ),
        of(
            f"DELETE {INTENTS}/{{entityid}}/{{ovn}}",
            do.delete_intent,
            "deleteOperationalIntentReference",
            "End an operational intent.",
            {200: changed, **_MISSING, **_REFUSED, **_DOWN},
            _INTENT,
        ),
        of(
            f"GET {INTENTS}/{{entityid}}",
            do.get_intent,
            "getOperationalIntentReference",
            "Read one operational intent reference.",
            {200: wire.GetOperationalIntentReferenceResponse, **_MISSING},
            _INTENT,
        ),
        of(
            f"POST {INTENTS}/query",
            do.query_intents,
            "queryOperationalIntentReferences",
            "Find the operational intents that are relevant to a volume.",
            {200: wire.QueryOperationalIntentReferenceResponse},
            _INTENT,
            wire.AreaQueryParameters,
        ),
    ]


def _constraints(do: Handlers) -> list[Endpoint]:
    of = _Group("constraints")
    changed = wire.ChangeConstraintReferenceResponse
    return [
        of(
            f"PUT {CONSTRAINTS}/{{entityid}}",
            do.create_constraint,
            "createConstraintReference",
            "Announce a constraint.",
            {201: changed, **_REFUSED},
            _CONSTRAINT_WRITE,
            wire.PutConstraintReferenceParameters,
        ),
        of(
            f"PUT {CONSTRAINTS}/{{entityid}}/{{ovn}}",
            do.update_constraint,
            "updateConstraintReference",
            "Change a constraint.",
            {200: changed, **_REFUSED},
            _CONSTRAINT_WRITE,
            wire.PutConstraintReferenceParameters,
        ),
        of(
            f"DELETE {CONSTRAINTS}/{{entityid}}/{{ovn}}",
            do.delete_constraint,
            "deleteConstraintReference",
            "Delete a constraint.",
            {200: changed, **_MISSING, **_REFUSED},
            _CONSTRAINT_WRITE,
        ),
        of(
            f"GET {CONSTRAINTS}/{{entityid}}",
            do.get_constraint,
            "getConstraintReference",
            "Read one constraint reference.",
            {200: wire.GetConstraintReferenceResponse, **_MISSING},
            _CONSTRAINT_READ,
        ),
        of(
            f"POST {CONSTRAINTS}/query",
            do.query_constraints,
            "queryConstraintReferences",
            "Find the constraints that are relevant to a volume.",
            {200: wire.QueryConstraintReferencesResponse},
            _CONSTRAINT_READ,
            wire.AreaQueryParameters,
        ),
    ]


def _subscriptions(do: Handlers) -> list[Endpoint]:
    of = _Group("subscriptions")
    return [
        of(
            f"PUT {SUBSCRIPTIONS}/{{subscriptionid}}",
            do.create_subscription,
            "createSubscription",
            "Subscribe to what happens in a volume.",
            {200: wire.PutSubscriptionResponse, **_REFUSED},
            _SUBSCRIPTION,
            wire.PutSubscriptionParameters,
        ),
        of(
            f"PUT {SUBSCRIPTIONS}/{{subscriptionid}}/{{version}}",
            do.update_subscription,
            "updateSubscription",
            "Change a subscription.",
            {200: wire.PutSubscriptionResponse, **_REFUSED},
            _SUBSCRIPTION,
            wire.PutSubscriptionParameters,
        ),
        of(
            f"DELETE {SUBSCRIPTIONS}/{{subscriptionid}}/{{version}}",
            do.delete_subscription,
            "deleteSubscription",
            "Delete a subscription.",
            {200: wire.DeleteSubscriptionResponse, **_MISSING, **_REFUSED},
            _SUBSCRIPTION,
        ),
        of(
            f"GET {SUBSCRIPTIONS}/{{subscriptionid}}",
            do.get_subscription,
            "getSubscription",
            "Read one of the caller's subscriptions.",
            {200: wire.GetSubscriptionResponse, **_MISSING},
            _SUBSCRIPTION,
        ),
        of(
            f"POST {SUBSCRIPTIONS}/query",
            do.query_subscriptions,
            "querySubscriptions",
            "Find the caller's subscriptions that are relevant to a volume.",
            {200: wire.QuerySubscriptionsResponse},
            _SUBSCRIPTION,
            wire.AreaQueryParameters,
        ),
    ]


def _availability_and_reports(do: Handlers) -> list[Endpoint]:
    of = _Group("availability")
    return [
        of(
            f"GET {AVAILABILITY}/{{uss_id}}",
            do.get_availability,
            "getUssAvailability",
            "Read what is known of a USS.",
            {200: wire.UssAvailabilityStatusResponse},
            _AVAILABILITY,
        ),
        of(
            f"PUT {AVAILABILITY}/{{uss_id}}",
            do.set_availability,
            "setUssAvailability",
            "Say how a USS is.",
            {200: wire.UssAvailabilityStatusResponse, **_REFUSED},
            any_of(scopes.AVAILABILITY_ARBITRATION),
            wire.SetUssAvailabilityStatusParameters,
        ),
        _Group("reports")(
            "POST /dss/v1/reports",
            do.make_report,
            "makeDssReport",
            "Report an exchange of messages that went wrong; it is kept in the log.",
            {201: wire.ErrorReport},
            any_of(*sorted(scopes.ALL)),
            wire.ErrorReport,
        ),
    ]


def _auxiliary(do: Handlers) -> list[Endpoint]:
    of = _Group("auxiliary")
    pool_read = any_of(scopes.POOL_STATUS_READ)
    return [
        of.public("/healthy", do.healthy, "getHealth", Health, "Whether it works."),
        of.public("/dss/v1/healthy", do.healthy, "getDssHealth", Health, "Whether it works."),
        of.public("/aux/v1/version", do.version, "getVersion", Version, "This software's version."),
        of.public(
            "/aux/v1/configuration/accepted_ca_certs",
            do.certificates,
            "getAcceptedCas",
            AcceptedCertificates,
            "Certificate authorities that this instance accepts from others: none.",
        ),
        of.public(
            "/aux/v1/configuration/ca_certs",
            do.certificates,
            "getInstanceCas",
            AcceptedCertificates,
            "Certificate authorities of this instance: none.",
        ),
        of(
            "GET /aux/v1/validate_oauth",
            do.validate_oauth,
            "validateOauth",
            "Whether the token is accepted and, with owner, whose it is.",
            {200: None},
            any_of(scopes.RID_READ, scopes.RID_WRITE),
            query=[QueryParameter(name="owner", help="Whom the client takes itself to be.")],
        ),
        of(
            "GET /aux/v1/pool",
            do.pool,
            "getPool",
            "Which airspace representation this instance serves.",
            {200: Pool},
            pool_read,
        ),
        of(
            "GET /aux/v1/pool/dss_instances",
            do.pool_instances,
            "getDssInstances",
            "The instances of the pool and their last signs of life.",
            {200: PoolInstances},
            pool_read,
        ),
        of(
            "PUT /aux/v1/pool/dss_instances/heartbeat",
            do.pool_heartbeat,
            "putDssInstancesHeartbeat",
            "Record a sign of life of this instance.",
            {201: PoolInstances},
            any_of(scopes.POOL_HEARTBEAT_WRITE),
            query=[
                QueryParameter(name="source", help="Who sends it.", required=True),
                QueryParameter(name="timestamp", help="When, RFC 3339; now if left out."),
                QueryParameter(
                    name="next_heartbeat_expected_before",
                    help="When the next one is due, RFC 3339.",
                ),
            ],
        ),
        of(
            "GET /versions/{system_identity}",
            do.system_version,
            "getSystemVersion",
            "The version of the system of that name.",
            {200: SystemVersion, **_MISSING},
            any_of(scopes.VERSIONS_READ),
        ),
    ]
