"""What the exchange does with a request: read it into a command or a question, wait, answer.

O1 ... A2 are the operations in the order of the F3548-21 API.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeVar

import msgspec

from detente.exchange import commands as c
from detente.exchange import refusals, requests, views
from detente.exchange.airspace import Airspace
from detente.exchange.answers import (
    AcceptedCertificates,
    Health,
    Pool,
    SystemVersion,
    Version,
    pool_instances,
)
from detente.exchange.requests import Acceptance
from detente.exchange.service import Exchange
from detente.f3548 import InvalidMember, entity_id
from detente.f3548 import types as wire
from detente.geo import Extent
from detente.http import Request, Response
from detente.record import LogUnavailable

T = TypeVar("T")

HEALTH_TIMEOUT_S: Final = 3.0

INLINE_VERTICES_MAX: Final = 500
"""Volumes with more vertices are validated beside the event loop, so that nobody waits for them."""


class Handlers:
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
        self._large = asyncio.Semaphore(1)

    # -- operational intents -----------------------------------------------------------------

    async def query_intents(self, request: Request[wire.AreaQueryParameters]) -> Response:
        """O1."""
        extent = await self._area(request.body)
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
        command = await self._read(
            request.body.extents,
            partial(
                self._acceptance.put_intent,
                request.body,
                caller=request.caller.sub,
                held=request.caller.scopes,
                identifier=request.path["entityid"],
                ovn=ovn,
            ),
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
        extent = await self._area(request.body)
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
        command = await self._read(
            request.body.extents,
            partial(
                self._acceptance.put_constraint,
                request.body,
                caller=request.caller.sub,
                identifier=request.path["entityid"],
                ovn=ovn,
            ),
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
        extent = await self._area(request.body)
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
        command = await self._read(
            [request.body.extents],
            partial(
                self._acceptance.put_subscription,
                request.body,
                caller=request.caller.sub,
                held=request.caller.scopes,
                identifier=request.path["subscriptionid"],
                version=version,
            ),
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
        try:
            async with asyncio.timeout(HEALTH_TIMEOUT_S):
                await self._exchange.ask(lambda airspace: airspace.dar_id)
        except TimeoutError:
            raise LogUnavailable(f"the log did not answer within {HEALTH_TIMEOUT_S:g} s") from None
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
        return Response(200, await self._exchange.ask(pool_instances))

    async def pool_heartbeat(self, request: Request[None]) -> Response:
        """A sign of life of this instance."""
        command = requests.heartbeat(
            request.query, caller=request.caller.sub, instance=self._instance
        )
        await self._exchange.submit(command)
        return Response(201, await self._exchange.ask(pool_instances))

    async def certificates(self, request: Request[None]) -> Response:
        """Instances meet in the database, not over certificates of their own."""
        return Response(200, AcceptedCertificates([]))

    async def _area(self, body: wire.AreaQueryParameters) -> Extent:
        area = [] if body.area_of_interest is None else [body.area_of_interest]
        return await self._read(area, partial(self._acceptance.area_of_interest, body))

    async def _read(self, extents: Sequence[wire.Volume4D], read: Callable[[], T]) -> T:
        """Read a request: at once, or in a thread if its volumes are large, one after another."""
        if requests.vertices(extents) <= INLINE_VERTICES_MAX:
            return read()
        async with self._large:
            return await asyncio.to_thread(read)

    async def _submit(self, command: c.Command, status: int) -> Response:
        return Response(status, await self._exchange.submit(command))
