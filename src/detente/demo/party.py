"""A party as the demonstration needs it: it announces flights, and answers for them.

It does what F3548-21 asks of a USS that plans: announce, on a 409 ask the managers of what is
missing for their details, compare exactly, announce again with the OVNs as proof, and tell the
subscribers. It decides nothing: two parties that fly a day which has already been flown accept each
other's conflicts and note them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

import httpx
import msgspec

from detente.errors import DetenteError
from detente.f3548 import (
    AirspaceConflict,
    DssClient,
    PeerRefused,
    TokenSource,
    UssClient,
    scopes,
    volume_of,
    volume_on_wire,
)
from detente.f3548 import types as wire
from detente.geo import Encounter, conflicts
from detente.http import (
    Application,
    BadBody,
    Endpoint,
    Request,
    Response,
    TokenAuthenticator,
    any_of,
    build_app,
)
from detente.http import NotFound as HttpNotFound
from detente.operations import Flight

ROUNDS_MAX: Final = 20
_ASK_AGAIN_S: Final = 0.02
_ASK_TIMES: Final = 250


class AnnouncementFailed(DetenteError):
    """An intent was not accepted, although every conflict had been looked at."""

    code = "demo.announcement_failed"


class DetailsWrong(DetenteError):
    """What a party tells of its intent does not go with what the exchange tells."""

    code = "demo.details_wrong"


@dataclass(frozen=True, slots=True)
class FoundConflict:
    """Two intents of different parties that meet, as the one announced later found it.

    Attributes:
        mine: intent of the party that found it.
        other: intent of the other party.
        encounters: pairs of volumes that meet.
        told: the other party's details, the very bytes that came over the network.
    """

    mine: str
    other: str
    encounters: tuple[Encounter, ...]
    told: bytes = b""


@dataclass(slots=True)
class Tally:
    """What a party did."""

    accepted: int = 0
    refused_409: int = 0
    details_asked: int = 0
    details_known: int = 0
    notified: int = 0
    notifications: int = 0
    requests: int = 0
    conflicts: list[FoundConflict] = field(default_factory=list)


_TOLD: Final = msgspec.json.Decoder(wire.PutOperationalIntentDetailsParameters)
_ANSWER: ContextVar[bytes] = ContextVar("_ANSWER", default=b"")
"""The last answer that this task has read: see `keep_answer`."""


async def keep_answer(response: httpx.Response) -> None:
    """A response hook of httpx: the task that asked can have the answer's bytes afterwards."""
    if "/uss/v1/operational_intents/" in response.request.url.path:
        _ANSWER.set(await response.aread())


class Party:
    """One party: its own intents, what others told it, and its two sides of the API.

    Args:
        name: `sub` of its tokens.
        base_url: where others reach it.
        exchange: the DSS.
        tokens: its tokens.
        http: carries its requests.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        exchange: DssClient,
        tokens: TokenSource,
        http: httpx.AsyncClient,
    ) -> None:
        self.name = name
        self.base_url = base_url
        self.tally = Tally()
        self._exchange = exchange
        self._tokens = tokens
        self._http = http
        self._own: dict[str, wire.OperationalIntent] = {}
        self._told: dict[str, tuple[wire.OperationalIntent, bytes]] = {}
        self._peers: dict[str, UssClient] = {}

    @property
    def announced(self) -> list[wire.OperationalIntent]:
        """Its own intents, in the order in which the exchange accepted them."""
        return list(self._own.values())

    # -- what others ask of it ---------------------------------------------------------------

    def application(self, authenticator: TokenAuthenticator) -> Application:
        """The USS side of F3548-21: details on request (U1), and being told of changes (U3)."""
        coordination = any_of(scopes.STRATEGIC_COORDINATION)
        return build_app(
            [
                Endpoint(
                    method="GET",
                    path="/uss/v1/operational_intents/{entityid}",
                    handler=self._details,
                    operation_id="getOperationalIntentDetails",
                    summary="Details of an operational intent.",
                    responses={200: wire.GetOperationalIntentDetailsResponse},
                    scopes=coordination,
                ),
                Endpoint(
                    method="POST",
                    path="/uss/v1/operational_intents",
                    handler=self._be_told,
                    operation_id="notifyOperationalIntentDetailsChanged",
                    summary="A subscription's notification.",
                    body=msgspec.Raw,
                    responses={204: None},
                    scopes=coordination,
                ),
            ],
            authenticator=authenticator,
        )

    async def _details(self, request: Request[None]) -> Response:
        found = self._own.get(request.path["entityid"])
        if found is None:
            # Also while the exchange has not answered yet: nobody may learn of it before.
            raise HttpNotFound("there is no such operational intent")
        return Response(200, wire.GetOperationalIntentDetailsResponse(found))

    async def _be_told(self, request: Request[msgspec.Raw]) -> Response:
        # Taken as it came: what goes into a record as another's words is what the other has sent,
        # not what a decoder and an encoder have made of it.
        sent = bytes(request.body)
        try:
            told = _TOLD.decode(sent).operational_intent
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadBody(f"This is no notification: {error}.") from None
        if told is not None and told.reference.manager == request.caller.sub:
            self._told[told.reference.id] = (told, sent)
        self.tally.notified += 1
        return Response(204)

    # -- what it does ------------------------------------------------------------------------

    async def announce_all(
        self, flights: list[Flight], at_once: int, progress: Callable[[], None]
    ) -> None:
        """Announce flights, some at a time, in the order given.

        Raises:
            AnnouncementFailed, DetailsWrong, PeerUnreachable, PeerRefused, PeerNonsense.
        """
        waiting = iter(flights)

        async def work() -> None:
            for flight in waiting:
                await self.announce(flight)
                progress()

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())

    async def announce(self, flight: Flight) -> None:
        """Announce one flight, whatever it conflicts with, and note every conflict."""
        details = wire.OperationalIntentDetails([volume_on_wire(v) for v in flight.volumes])
        key: dict[str, str] = {}
        looked_at: dict[str, FoundConflict] = {}
        for _ in range(ROUNDS_MAX):
            try:
                self.tally.requests += 1
                change = await self._exchange.put_operational_intent(
                    flight.flight_id,
                    wire.PutOperationalIntentReferenceParameters(
                        extents=details.volumes,
                        state="Accepted",
                        uss_base_url=self.base_url,
                        key=list(key.values()),
                        new_subscription=wire.ImplicitSubscriptionParameters(self.base_url),
                    ),
                )
            except AirspaceConflict as conflict:
                self.tally.refused_409 += 1
                await self._look_at(flight, conflict.intents, key, looked_at)
                continue
            self._own[flight.flight_id] = wire.OperationalIntent(
                change.operational_intent_reference, details
            )
            self.tally.accepted += 1
            self.tally.conflicts += [c for c in looked_at.values() if c.encounters]
            await self._tell(change)
            return
        raise AnnouncementFailed(
            f"not accepted after {ROUNDS_MAX} rounds", where=f"flight {flight.name}"
        )

    async def _look_at(
        self,
        flight: Flight,
        references: list[wire.OperationalIntentReference],
        key: dict[str, str],
        looked_at: dict[str, FoundConflict],
    ) -> None:
        for reference in references:
            if reference.manager == self.name:
                key[reference.id] = reference.ovn
                continue
            other, received = await self._details_of(reference)
            key[reference.id] = other.reference.ovn
            volumes = [
                volume_of(volume, f"volumes[{i}]") for i, volume in enumerate(other.details.volumes)
            ]
            looked_at[reference.id] = FoundConflict(
                flight.flight_id,
                reference.id,
                tuple(conflicts(flight.volumes, volumes)),
                received,
            )

    async def _details_of(
        self, reference: wire.OperationalIntentReference
    ) -> tuple[wire.OperationalIntent, bytes]:
        """An intent of the other party, and the bytes by which it told of it."""
        told = self._told.get(reference.id)
        if told is not None and told[0].reference.version == reference.version:
            self.tally.details_known += 1
            return told
        peer = self._peer(reference.uss_base_url)
        for _ in range(_ASK_TIMES):
            self.tally.requests += 1
            try:
                found = await peer.operational_intent(reference.id)
            except PeerRefused as refused:
                if refused.status != 404:
                    raise
                # Its manager has not heard from the exchange yet, as we have.
                await asyncio.sleep(_ASK_AGAIN_S)
                continue
            if found.reference.version < reference.version:
                await asyncio.sleep(_ASK_AGAIN_S)
                continue
            self.tally.details_asked += 1
            self._check(found, reference)
            return found, _ANSWER.get()
        raise DetailsWrong(
            "its manager does not know it, though the exchange does",
            where=f"operational intent {reference.id}",
        )

    @staticmethod
    def _check(found: wire.OperationalIntent, reference: wire.OperationalIntentReference) -> None:
        if found.reference.id != reference.id or found.reference.manager != reference.manager:
            raise DetailsWrong(
                "its manager answers for another one", where=f"operational intent {reference.id}"
            )

    async def _tell(self, change: wire.ChangeOperationalIntentReferenceResponse) -> None:
        reference = change.operational_intent_reference
        intent = self._own[reference.id]
        for subscriber in change.subscribers:
            if subscriber.uss_base_url == self.base_url:
                continue
            self.tally.requests += 1
            self.tally.notifications += 1
            await self._peer(subscriber.uss_base_url).notify_operational_intent(
                wire.PutOperationalIntentDetailsParameters(
                    reference.id, subscriber.subscriptions, intent
                )
            )

    def _peer(self, base_url: str) -> UssClient:
        peer = self._peers.get(base_url)
        if peer is None:
            peer = self._peers[base_url] = UssClient(base_url, self._tokens, self._http)
        return peer
