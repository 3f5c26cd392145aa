"""The endpoints of the exchange: F3548-21's DSS API, and the auxiliary ones a pool is run by.

A handler reads the request into a command or a question, waits for the exchange, and answers. The
codes in comments (O1 ... A2) are the operations in the order of the F3548-21 API.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from detente.errors import DetenteError
from detente.exchange import commands as c
from detente.exchange import refusals, requests, views
from detente.exchange import service as s
from detente.exchange.airspace import Airspace
from detente.exchange.requests import Acceptance, ScopeNeeded
from detente.exchange.service import Exchange
from detente.f3548 import InvalidMember, InvalidVolume, entity_id, scopes, time_of
from detente.f3548 import types as wire
from detente.http import Endpoint, QueryParameter, Request, Response, any_of
from detente.record import AppendUnknown, LogUnavailable

_INTENT = any_of(scopes.STRATEGIC_COORDINATION, scopes.CONFORMANCE_MONITORING_SA)
_CONSTRAINT_READ = any_of(scopes.CONSTRAINT_MANAGEMENT, scopes.CONSTRAINT_PROCESSING)
_CONSTRAINT_WRITE = any_of(scopes.CONSTRAINT_MANAGEMENT)
_SUBSCRIPTION = any_of(scopes.CONSTRAINT_PROCESSING, scopes.STRATEGIC_COORDINATION)
_ANY = any_of(*sorted(scopes.ALL))
_AVAILABILITY = any_of(
    scopes.AVAILABILITY_ARBITRATION,
    scopes.STRATEGIC_COORDINATION,
    scopes.CONFORMANCE_MONITORING_SA,
)

_Answers = dict[int, type[Struct] | None]

INTENTS = "/dss/v1/operational_intent_references"
CONSTRAINTS = "/dss/v1/constraint_references"
SUBSCRIPTIONS = "/dss/v1/subscriptions"


class Version(Struct, frozen=True):
    """Answer of GET /aux/v1/version."""

    version: str


class SystemVersion(Struct, frozen=True):
    """Answer of the InterUSS versioning API."""

    system_identity: str
    system_version: str


class Health(Struct, frozen=True):
    """Answer of GET /healthy: how long the log is, as far as this instance knows."""

    status: str
    entries: int


class Pool(Struct, frozen=True):
    """Answer of GET /aux/v1/pool."""

    dar_id: str


class PoolHeartbeat(Struct, frozen=True, omit_defaults=True):
    """The last sign of life of an instance."""

    timestamp: wire.Time
    source: str
    reporter: str = ""
    index: int = 0
    next_heartbeat_expected_before: wire.Time | None = None


class PoolInstance(Struct, frozen=True, omit_defaults=True):
    """An instance of the pool."""

    id: str
    public_endpoint: str
    most_recent_heartbeat: PoolHeartbeat | None = None


class PoolInstances(Struct, frozen=True):
    """Answer of the endpoints about instances."""

    dss_instances: list[PoolInstance]


class AcceptedCertificates(Struct, frozen=True):
    """Answer of the endpoints about certificate authorities: none are this exchange's own."""

    CAs: list[str]


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


class Routes:
    """The handlers, bound to one instance of the exchange.

    Args:
        exchange: the instance.
        acceptance: what it accepts in requests.
        instance: its name in the pool.
        version: of this software, as told to who asks.
        system_identity: the name under which the versioning API knows this system.
    """

    def __init__(
        self,
        exchange: Exchange,
        acceptance: Acceptance,
        *,
        instance: str,
        version: str,
        system_identity: str = "detente.exchange",
    ) -> None:
        self._exchange = exchange
        self._acceptance = acceptance
        self._instance = instance
        self._version = version
        self._system_identity = system_identity

    # -- operational intents -----------------------------------------------------------------

    async def query_intents(self, request: Request[wire.AreaQueryParameters]) -> Response:
        """O1."""
        extent = self._acceptance.area_of_interest(request.body)
        caller = request.caller.sub

        def view(airspace: Airspace) -> list[wire.OperationalIntentReference]:
            return views.intent_references(airspace, airspace.intents.relevant(extent), caller)

        found = await self._exchange.ask(view)
        return Response(200, wire.QueryOperationalIntentReferenceResponse(found))

    async def get_intent(self, request: Request[None]) -> Response:
        """O2."""
        identifier = entity_id(request.path["entityid"], "entityid")
        caller = request.caller.sub

        def view(airspace: Airspace) -> wire.OperationalIntentReference:
            intent = airspace.intents.get(identifier)
            if intent is None:
                raise refusals.NotFound(f"there is no operational intent {identifier}")
            return views.intent_reference(airspace, intent, caller)

        found = await self._exchange.ask(view)
        return Response(200, wire.GetOperationalIntentReferenceResponse(found))

    async def create_intent(
        self, request: Request[wire.PutOperationalIntentReferenceParameters]
    ) -> Response:
        """O3."""
        return await self._put_intent(request, None, 201)

    async def update_intent(
        self, request: Request[wire.PutOperationalIntentReferenceParameters]
    ) -> Response:
        """O4."""
        return await self._put_intent(request, request.path["ovn"], 200)

    async def _put_intent(
        self,
        request: Request[wire.PutOperationalIntentReferenceParameters],
        ovn: str | None,
        status: int,
    ) -> Response:
        command = self._acceptance.put_intent(
            request.body,
            caller=request.caller.sub,
            held=request.caller.scopes,
            identifier=request.path["entityid"],
            ovn=ovn,
        )
        try:
            return await self._submit(command, status)
        except refusals.MissingOvns as refusal:
            body = wire.AirspaceConflictResponse(
                str(refusal), refusal.code, refusal.intents, refusal.constraints
            )
            return Response(409, body, code=refusal.code)

    async def delete_intent(self, request: Request[None]) -> Response:
        """O5."""
        command = requests.delete_intent(
            caller=request.caller.sub,
            identifier=request.path["entityid"],
            ovn=request.path["ovn"],
        )
        return await self._submit(command, 200)

    # -- constraints -------------------------------------------------------------------------

    async def query_constraints(self, request: Request[wire.AreaQueryParameters]) -> Response:
        """C1."""
        extent = self._acceptance.area_of_interest(request.body)
        caller = request.caller.sub

        def view(airspace: Airspace) -> list[wire.ConstraintReference]:
            return views.constraint_references(
                airspace, airspace.constraints.relevant(extent), caller
            )

        return Response(200, wire.QueryConstraintReferencesResponse(await self._exchange.ask(view)))

    async def get_constraint(self, request: Request[None]) -> Response:
        """C2."""
        identifier = entity_id(request.path["entityid"], "entityid")
        caller = request.caller.sub

        def view(airspace: Airspace) -> wire.ConstraintReference:
            constraint = airspace.constraints.get(identifier)
            if constraint is None:
                raise refusals.NotFound(f"there is no constraint {identifier}")
            return views.constraint_reference(airspace, constraint, caller)

        return Response(200, wire.GetConstraintReferenceResponse(await self._exchange.ask(view)))

    async def create_constraint(
        self, request: Request[wire.PutConstraintReferenceParameters]
    ) -> Response:
        """C3."""
        return await self._put_constraint(request, None, 201)

    async def update_constraint(
        self, request: Request[wire.PutConstraintReferenceParameters]
    ) -> Response:
        """C4."""
        return await self._put_constraint(request, request.path["ovn"], 200)

    async def _put_constraint(
        self,
        request: Request[wire.PutConstraintReferenceParameters],
        ovn: str | None,
        status: int,
    ) -> Response:
        command = self._acceptance.put_constraint(
            request.body,
            caller=request.caller.sub,
            identifier=request.path["entityid"],
            ovn=ovn,
        )
        return await self._submit(command, status)

    async def delete_constraint(self, request: Request[None]) -> Response:
        """C5."""
        command = requests.delete_constraint(
            caller=request.caller.sub,
            identifier=request.path["entityid"],
            ovn=request.path["ovn"],
        )
        return await self._submit(command, 200)

    # -- subscriptions -----------------------------------------------------------------------

    async def query_subscriptions(self, request: Request[wire.AreaQueryParameters]) -> Response:
        """S1: the caller's own that have not ended."""
        extent = self._acceptance.area_of_interest(request.body)
        caller = request.caller.sub
        now_us = self._exchange.now_us

        def view(airspace: Airspace) -> list[wire.Subscription]:
            found = [
                subscription
                for subscription in airspace.subscriptions.relevant(extent)
                if subscription.manager == caller
                and (subscription.extent.time_end_us or now_us) >= now_us
            ]
            return [
                views.subscription(airspace, subscription)
                for subscription in sorted(found, key=lambda subscription: subscription.id)
            ]

        return Response(200, wire.QuerySubscriptionsResponse(await self._exchange.ask(view)))

    async def get_subscription(self, request: Request[None]) -> Response:
        """S2."""
        identifier = entity_id(request.path["subscriptionid"], "subscriptionid")
        caller = request.caller.sub

        def view(airspace: Airspace) -> wire.Subscription:
            found = airspace.subscriptions.get(identifier)
            if found is None:
                raise refusals.NotFound(f"there is no subscription {identifier}")
            if found.manager != caller:
                raise refusals.NotManager(f"subscription {identifier} is managed by somebody else")
            return views.subscription(airspace, found)

        return Response(200, wire.GetSubscriptionResponse(await self._exchange.ask(view)))

    async def create_subscription(
        self, request: Request[wire.PutSubscriptionParameters]
    ) -> Response:
        """S3."""
        return await self._put_subscription(request, None)

    async def update_subscription(
        self, request: Request[wire.PutSubscriptionParameters]
    ) -> Response:
        """S4."""
        return await self._put_subscription(request, request.path["version"])

    async def _put_subscription(
        self, request: Request[wire.PutSubscriptionParameters], version: str | None
    ) -> Response:
        command = self._acceptance.put_subscription(
            request.body,
            caller=request.caller.sub,
            held=request.caller.scopes,
            identifier=request.path["subscriptionid"],
            version=version,
        )
        return await self._submit(command, 200)

    async def delete_subscription(self, request: Request[None]) -> Response:
        """S5."""
        command = requests.delete_subscription(
            caller=request.caller.sub,
            identifier=request.path["subscriptionid"],
            version=request.path["version"],
        )
        return await self._submit(command, 200)

    # -- availability and reports ------------------------------------------------------------

    async def get_availability(self, request: Request[None]) -> Response:
        """A1."""
        uss = request.path["uss_id"]
        if not uss:
            raise InvalidMember("must not be empty", where="uss_id")

        def view(airspace: Airspace) -> wire.UssAvailabilityStatusResponse:
            status = airspace.availability_status(uss)
            return wire.UssAvailabilityStatusResponse(
                "" if status is None else status.version,
                wire.UssAvailabilityStatus(uss, airspace.availability(uss)),
            )

        return Response(200, await self._exchange.ask(view))

    async def set_availability(
        self, request: Request[wire.SetUssAvailabilityStatusParameters]
    ) -> Response:
        """A2."""
        command = requests.set_availability(
            request.body, caller=request.caller.sub, uss=request.path["uss_id"]
        )
        return await self._submit(command, 200)

    async def make_report(self, request: Request[wire.ErrorReport]) -> Response:
        """R1."""
        text = msgspec.json.encode(request.body).decode()
        return await self._submit(c.FileReport(request.caller.sub, text), 201)

    # -- auxiliary ---------------------------------------------------------------------------

    async def healthy(self, request: Request[None]) -> Response:
        """Whether this instance could serve a client now: it reaches its log."""
        await self._exchange.ask(lambda airspace: airspace.dar_id)
        return Response(200, Health("healthy", self._exchange.head.size))

    async def version(self, request: Request[None]) -> Response:
        """The version of this software."""
        return Response(200, Version(self._version))

    async def system_version(self, request: Request[None]) -> Response:
        """The InterUSS versioning API."""
        asked = request.path["system_identity"]
        if asked != self._system_identity:
            raise refusals.NotFound(f"this is not {asked}, but {self._system_identity}")
        return Response(200, SystemVersion(asked, self._version))

    async def validate_oauth(self, request: Request[None]) -> Response:
        """Tells a client whether its token is accepted, and is whose it thinks."""
        owner = request.query.get("owner")
        if owner and owner != request.caller.sub:
            raise refusals.NotManager(f"the token is of {request.caller.sub}, not of {owner}")
        return Response(200)

    async def pool(self, request: Request[None]) -> Response:
        """Which airspace representation this instance serves."""
        return Response(200, Pool(await self._exchange.ask(lambda airspace: airspace.dar_id)))

    async def pool_instances(self, request: Request[None]) -> Response:
        """The instances of the pool and their last signs of life."""
        return Response(200, await self._exchange.ask(_pool_instances))

    async def pool_heartbeat(self, request: Request[None]) -> Response:
        """A sign of life of this instance."""
        command = requests.heartbeat(
            request.query, caller=request.caller.sub, instance=self._instance
        )
        await self._exchange.submit(command)
        return Response(201, await self._exchange.ask(_pool_instances))

    async def certificates(self, request: Request[None]) -> Response:
        """Instances meet in the database, not over certificates of their own."""
        return Response(200, AcceptedCertificates([]))

    async def _submit(self, command: c.Command, status: int) -> Response:
        return Response(status, await self._exchange.submit(command))

    # -- the list ----------------------------------------------------------------------------

    def endpoints(self) -> Sequence[Endpoint]:
        """All endpoints, the busiest first."""
        conflict: _Answers = {409: wire.AirspaceConflictResponse, 412: wire.ErrorResponse}
        refused: _Answers = {409: wire.ErrorResponse}
        missing: _Answers = {404: wire.ErrorResponse}
        gone: _Answers = {**refused, 404: wire.ErrorResponse}
        put_intent: dict[str, Any] = {
            "body": wire.PutOperationalIntentReferenceParameters,
            "scopes": _INTENT,
            "tags": ["operational intents"],
        }
        put_constraint: dict[str, Any] = {
            "body": wire.PutConstraintReferenceParameters,
            "scopes": _CONSTRAINT_WRITE,
            "tags": ["constraints"],
        }
        put_subscription: dict[str, Any] = {
            "body": wire.PutSubscriptionParameters,
            "scopes": _SUBSCRIPTION,
            "tags": ["subscriptions"],
            "responses": {200: wire.PutSubscriptionResponse, **refused},
        }
        pool_read = any_of(scopes.POOL_STATUS_READ)
        return [
            Endpoint(
                method="PUT",
                path=INTENTS + "/{entityid}",
                handler=self.create_intent,
                operation_id="createOperationalIntentReference",
                summary="Announce an operational intent.",
                responses={201: wire.ChangeOperationalIntentReferenceResponse, **conflict},
                **put_intent,
            ),
            Endpoint(
                method="PUT",
                path=INTENTS + "/{entityid}/{ovn}",
                handler=self.update_intent,
                operation_id="updateOperationalIntentReference",
                summary="Change an operational intent.",
                responses={200: wire.ChangeOperationalIntentReferenceResponse, **conflict},
                **put_intent,
            ),
            Endpoint(
                method="DELETE",
                path=INTENTS + "/{entityid}/{ovn}",
                handler=self.delete_intent,
                operation_id="deleteOperationalIntentReference",
                summary="End an operational intent.",
                responses={
                    200: wire.ChangeOperationalIntentReferenceResponse,
                    **gone,
                    412: wire.ErrorResponse,
                },
                scopes=_INTENT,
                tags=["operational intents"],
            ),
            Endpoint(
                method="GET",
                path=INTENTS + "/{entityid}",
                handler=self.get_intent,
                operation_id="getOperationalIntentReference",
                summary="Read one operational intent reference.",
                responses={200: wire.GetOperationalIntentReferenceResponse, **missing},
                scopes=_INTENT,
                tags=["operational intents"],
            ),
            Endpoint(
                method="POST",
                path=INTENTS + "/query",
                handler=self.query_intents,
                operation_id="queryOperationalIntentReferences",
                summary="Find the operational intents that are relevant to a volume.",
                body=wire.AreaQueryParameters,
                responses={200: wire.QueryOperationalIntentReferenceResponse},
                scopes=_INTENT,
                tags=["operational intents"],
            ),
            Endpoint(
                method="PUT",
                path=CONSTRAINTS + "/{entityid}",
                handler=self.create_constraint,
                operation_id="createConstraintReference",
                summary="Announce a constraint.",
                responses={201: wire.ChangeConstraintReferenceResponse, **refused},
                **put_constraint,
            ),
            Endpoint(
                method="PUT",
                path=CONSTRAINTS + "/{entityid}/{ovn}",
                handler=self.update_constraint,
                operation_id="updateConstraintReference",
                summary="Change a constraint.",
                responses={200: wire.ChangeConstraintReferenceResponse, **refused},
                **put_constraint,
            ),
            Endpoint(
                method="DELETE",
                path=CONSTRAINTS + "/{entityid}/{ovn}",
                handler=self.delete_constraint,
                operation_id="deleteConstraintReference",
                summary="Delete a constraint.",
                responses={200: wire.ChangeConstraintReferenceResponse, **gone},
                scopes=_CONSTRAINT_WRITE,
                tags=["constraints"],
            ),
            Endpoint(
                method="GET",
                path=CONSTRAINTS + "/{entityid}",
                handler=self.get_constraint,
                operation_id="getConstraintReference",
                summary="Read one constraint reference.",
                responses={200: wire.GetConstraintReferenceResponse, **missing},
                scopes=_CONSTRAINT_READ,
                tags=["constraints"],
            ),
            Endpoint(
                method="POST",
                path=CONSTRAINTS + "/query",
                handler=self.query_constraints,
                operation_id="queryConstraintReferences",
                summary="Find the constraints that are relevant to a volume.",
                body=wire.AreaQueryParameters,
                responses={200: wire.QueryConstraintReferencesResponse},
                scopes=_CONSTRAINT_READ,
                tags=["constraints"],
            ),
            Endpoint(
                method="PUT",
                path=SUBSCRIPTIONS + "/{subscriptionid}",
                handler=self.create_subscription,
                operation_id="createSubscription",
                summary="Subscribe to what happens in a volume.",
                **put_subscription,
            ),
            Endpoint(
                method="PUT",
                path=SUBSCRIPTIONS + "/{subscriptionid}/{version}",
                handler=self.update_subscription,
                operation_id="updateSubscription",
                summary="Change a subscription.",
                **put_subscription,
            ),
            Endpoint(
                method="DELETE",
                path=SUBSCRIPTIONS + "/{subscriptionid}/{version}",
                handler=self.delete_subscription,
                operation_id="deleteSubscription",
                summary="Delete a subscription.",
                responses={200: wire.DeleteSubscriptionResponse, **gone},
                scopes=_SUBSCRIPTION,
                tags=["subscriptions"],
            ),
            Endpoint(
                method="GET",
                path=SUBSCRIPTIONS + "/{subscriptionid}",
                handler=self.get_subscription,
                operation_id="getSubscription",
                summary="Read one of the caller's subscriptions.",
                responses={200: wire.GetSubscriptionResponse, **missing},
                scopes=_SUBSCRIPTION,
                tags=["subscriptions"],
            ),
            Endpoint(
                method="POST",
                path=SUBSCRIPTIONS + "/query",
                handler=self.query_subscriptions,
                operation_id="querySubscriptions",
                summary="Find the caller's subscriptions that are relevant to a volume.",
                body=wire.AreaQueryParameters,
                responses={200: wire.QuerySubscriptionsResponse},
                scopes=_SUBSCRIPTION,
                tags=["subscriptions"],
            ),
            Endpoint(
                method="GET",
                path="/dss/v1/uss_availability/{uss_id}",
                handler=self.get_availability,
                operation_id="getUssAvailability",
                summary="Read what is known of a USS.",
                responses={200: wire.UssAvailabilityStatusResponse},
                scopes=_AVAILABILITY,
                tags=["availability"],
            ),
            Endpoint(
                method="PUT",
                path="/dss/v1/uss_availability/{uss_id}",
                handler=self.set_availability,
                operation_id="setUssAvailability",
                summary="Say how a USS is.",
                body=wire.SetUssAvailabilityStatusParameters,
                responses={200: wire.UssAvailabilityStatusResponse, **refused},
                scopes=any_of(scopes.AVAILABILITY_ARBITRATION),
                tags=["availability"],
            ),
            Endpoint(
                method="POST",
                path="/dss/v1/reports",
                handler=self.make_report,
                operation_id="makeDssReport",
                summary="Report an exchange of messages that went wrong; it is kept in the log.",
                body=wire.ErrorReport,
                responses={201: wire.ErrorReport},
                scopes=_ANY,
                tags=["reports"],
            ),
            *self._public("/healthy", self.healthy, "getHealth", Health, "Whether it works."),
            *self._public(
                "/dss/v1/healthy", self.healthy, "getDssHealth", Health, "Whether it works."
            ),
            *self._public(
                "/aux/v1/version", self.version, "getVersion", Version, "This software's version."
            ),
            *self._public(
                "/aux/v1/configuration/accepted_ca_certs",
                self.certificates,
                "getAcceptedCas",
                AcceptedCertificates,
                "Certificate authorities that this instance accepts from others: none.",
            ),
            *self._public(
                "/aux/v1/configuration/ca_certs",
                self.certificates,
                "getInstanceCas",
                AcceptedCertificates,
                "Certificate authorities of this instance: none.",
            ),
            Endpoint(
                method="GET",
                path="/aux/v1/validate_oauth",
                handler=self.validate_oauth,
                operation_id="validateOauth",
                summary="Whether the token is accepted and, with owner, whose it is.",
                responses={200: None},
                scopes=any_of(scopes.RID_READ, scopes.RID_WRITE),
                query=[QueryParameter(name="owner", help="Whom the client takes itself to be.")],
                tags=["auxiliary"],
            ),
            Endpoint(
                method="GET",
                path="/aux/v1/pool",
                handler=self.pool,
                operation_id="getPool",
                summary="Which airspace representation this instance serves.",
                responses={200: Pool},
                scopes=pool_read,
                tags=["auxiliary"],
            ),
            Endpoint(
                method="GET",
                path="/aux/v1/pool/dss_instances",
                handler=self.pool_instances,
                operation_id="getDssInstances",
                summary="The instances of the pool and their last signs of life.",
                responses={200: PoolInstances},
                scopes=pool_read,
                tags=["auxiliary"],
            ),
            Endpoint(
                method="PUT",
                path="/aux/v1/pool/dss_instances/heartbeat",
                handler=self.pool_heartbeat,
                operation_id="putDssInstancesHeartbeat",
                summary="Record a sign of life of this instance.",
                responses={201: PoolInstances},
                scopes=any_of(scopes.POOL_HEARTBEAT_WRITE),
                query=[
                    QueryParameter(name="source", help="Who sends it.", required=True),
                    QueryParameter(name="timestamp", help="When, RFC 3339; now if left out."),
                    QueryParameter(
                        name="next_heartbeat_expected_before",
                        help="When the next one is due, RFC 3339.",
                    ),
                ],
                tags=["auxiliary"],
            ),
            Endpoint(
                method="GET",
                path="/versions/{system_identity}",
                handler=self.system_version,
                operation_id="getSystemVersion",
                summary="The version of the system of that name.",
                responses={200: SystemVersion, **missing},
                scopes=any_of(scopes.VERSIONS_READ),
                tags=["auxiliary"],
            ),
        ]

    @staticmethod
    def _public(
        path: str, handler: Any, operation_id: str, answer: type[Struct], summary: str
    ) -> list[Endpoint]:
        return [
            Endpoint(
                method="GET",
                path=path,
                handler=handler,
                operation_id=operation_id,
                summary=summary,
                responses={200: answer, 503: wire.ErrorResponse},
                public=True,
                tags=["auxiliary"],
            )
        ]


def _pool_instances(airspace: Airspace) -> PoolInstances:
    found = []
    for name, instance in sorted(airspace.instances.items()):
        beat = airspace.heartbeats.get(name)
        found.append(
            PoolInstance(
                name,
                instance.public_endpoint,
                None
                if beat is None
                else PoolHeartbeat(
                    time_of(beat.at_us),
                    beat.source,
                    beat.reporter,
                    beat.index,
                    None if beat.next_expected_us is None else time_of(beat.next_expected_us),
                ),
            )
        )
    return PoolInstances(found)
