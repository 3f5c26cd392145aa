"""Clients of the F3548-21 API: of a DSS, and of another USS.

Every answer is decoded strictly into its type; whatever is no success becomes an error that carries
the status and what the other side said. Nothing is retried here: who calls knows what may be.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol, TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from detente.errors import DetenteError
from detente.f3548 import scopes
from detente.f3548 import types as wire

T = TypeVar("T")

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""More is not read: the other side may be anybody."""


class TokenSource(Protocol):
    """Gives bearer tokens; expected to remember them while they last."""

    async def token(self, audience: str, scope: str) -> str:
        """A token for a host, with one scope or several separated by spaces."""
        ...


class PeerUnreachable(DetenteError):
    """The other side did not answer, or not in time."""

    code = "peer.unreachable"


class PeerRefused(DetenteError):
    """The other side answered with an error.

    Attributes:
        status: of the HTTP answer.
    """

    code = "peer.refused"

    def __init__(self, message: str, *, status: int, where: str) -> None:
        super().__init__(message, where=where)
        self.status = status


class PeerNonsense(DetenteError):
    """The other side's answer is not what F3548-21 says."""

    code = "peer.nonsense"


class AirspaceConflict(DetenteError):
    """The DSS names entities whose OVNs the key lacks.

    Attributes:
        intents: references of operational intents, without their OVNs.
        constraints: references of constraints.
    """

    code = "peer.airspace_conflict"

    def __init__(self, message: str, found: wire.AirspaceConflictResponse) -> None:
        super().__init__(message)
        self.intents = found.missing_operational_intents
        self.constraints = found.missing_constraints


class _Conflict(msgspec.Struct, frozen=True):
    message: str = ""
    missing_operational_intents: list[wire.OperationalIntentReference] | None = None
    missing_constraints: list[wire.ConstraintReference] | None = None


class _Caller:
    """One HTTP exchange after another with one host."""

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        http: httpx.AsyncClient,
        deadline_s: float | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._deadline_s = deadline_s
        self._audience = _host(base_url)
        self._tokens = tokens
        self._http = http

    async def send(
        self, method: str, path: str, scope: str, body: msgspec.Struct | None = None
    ) -> httpx.Response:
        token = await self._tokens.token(self._audience, scope)
        headers = {"authorization": f"Bearer {token}"}
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = msgspec.json.encode(body)
        url = self._base_url + path
        try:
            async with (
                asyncio.timeout(self._deadline_s),
                self._http.stream(method, url, content=content, headers=headers) as response,
            ):
                data = await _read(response)
        except TimeoutError:
            raise PeerUnreachable(
                f"no whole answer within {self._deadline_s:g} s", where=f"{method} {url}"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            # UnicodeError: a host name that IDNA does not know.
            reason = str(error) or type(error).__name__
            raise PeerUnreachable(f"no answer: {reason}", where=f"{method} {url}") from error
        return httpx.Response(response.status_code, content=data, request=response.request)

    async def call(
        self,
        method: str,
        path: str,
        scope: str,
        answer: type[T],
        body: msgspec.Struct | None = None,
    ) -> T:
        response = await self.send(method, path, scope, body)
        if not response.is_success:
            raise refusal(response)
        return decode(response, answer)


def _host(base_url: str) -> str:
    try:
        return urlsplit(base_url).hostname or ""
    except ValueError:  # no URL at all: sending will say so
        return ""


async def _read(response: httpx.Response) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > ANSWER_BYTES_MAX:
            raise PeerNonsense(
                f"the answer is larger than {ANSWER_BYTES_MAX >> 20} MiB", where=_place(response)
            )
    return bytes(data)


def decode(response: httpx.Response, answer: type[T]) -> T:
    """The body of a response as its type.

    Raises:
        PeerNonsense: it is not of that type.
    """
    try:
        return msgspec.json.decode(response.content, type=answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PeerNonsense(
            f"the answer is no {answer.__name__}: {error}", where=_place(response)
        ) from error


def refusal(response: httpx.Response) -> PeerRefused:
    """The error that a response without success means."""
    try:
        said = msgspec.json.decode(response.content, type=wire.ErrorResponse).message
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = response.text[:200]
    return PeerRefused(
        f"answered {response.status_code}: {said}",
        status=response.status_code,
        where=_place(response),
    )


def _place(response: httpx.Response) -> str:
    return f"{response.request.method} {response.request.url}"


def _segment(text: str) -> str:
    return quote(text, safe="")


class DssClient:
    """A DSS, by its base URL (without `/dss/v1`).

    Raises, in every method:
        PeerUnreachable, PeerRefused, PeerNonsense.
    """

    def __init__(self, base_url: str, tokens: TokenSource, http: httpx.AsyncClient) -> None:
        self._caller = _Caller(base_url, tokens, http)

    async def query_operational_intents(
        self, area: wire.Volume4D
    ) -> list[wire.OperationalIntentReference]:
        """References of the operational intents relevant to a volume."""
        found = await self._caller.call(
            "POST",
            "/dss/v1/operational_intent_references/query",
            scopes.STRATEGIC_COORDINATION,
            wire.QueryOperationalIntentReferenceResponse,
            wire.AreaQueryParameters(area),
        )
        return found.operational_intent_references

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
        path = f"/dss/v1/operational_intent_references/{_segment(identifier)}"
        if ovn is not None:
            path += f"/{_segment(ovn)}"
        response = await self._caller.send("PUT", path, scope, parameters)
        if response.status_code == 409:
            conflict = decode(response, _Conflict)
            if conflict.missing_operational_intents or conflict.missing_constraints:
                raise AirspaceConflict(
                    conflict.message,
                    wire.AirspaceConflictResponse(
                        conflict.message,
                        "",
                        conflict.missing_operational_intents or [],
                        conflict.missing_constraints or [],
                    ),
                )
        if not response.is_success:
            raise refusal(response)
        return decode(response, wire.ChangeOperationalIntentReferenceResponse)

    async def delete_operational_intent(
        self, identifier: str, ovn: str
    ) -> wire.ChangeOperationalIntentReferenceResponse:
        """End an operational intent reference."""
        return await self._caller.call(
            "DELETE",
            f"/dss/v1/operational_intent_references/{_segment(identifier)}/{_segment(ovn)}",
            scopes.STRATEGIC_COORDINATION,
            wire.ChangeOperationalIntentReferenceResponse,
        )

    async def query_constraints(self, area: wire.Volume4D) -> list[wire.ConstraintReference]:
        """References of the constraints relevant to a volume."""
        found = await self._caller.call(
            "POST",
            "/dss/v1/constraint_references/query",
            scopes.CONSTRAINT_PROCESSING,
            wire.QueryConstraintReferencesResponse,
            wire.AreaQueryParameters(area),
        )
        return found.constraint_references

    async def put_subscription(
        self,
        identifier: str,
        parameters: wire.PutSubscriptionParameters,
        version: str | None = None,
    ) -> wire.PutSubscriptionResponse:
        """Create a subscription, or change the one that has this version."""
        path = f"/dss/v1/subscriptions/{_segment(identifier)}"
        if version is not None:
            path += f"/{_segment(version)}"
        return await self._caller.call(
            "PUT", path, scopes.STRATEGIC_COORDINATION, wire.PutSubscriptionResponse, parameters
        )

    async def query_subscriptions(self, area: wire.Volume4D) -> list[wire.Subscription]:
        """The caller's own subscriptions relevant to a volume."""
        found = await self._caller.call(
            "POST",
            "/dss/v1/subscriptions/query",
            scopes.STRATEGIC_COORDINATION,
            wire.QuerySubscriptionsResponse,
            wire.AreaQueryParameters(area),
        )
        return found.subscriptions


class UssClient:
    """Another USS, by the base URL that it registered.

    Args:
        base_url: as registered.
        tokens: for it.
        http: carries the requests.
        deadline_s: time for a request and the last byte of its answer; None: only what `http` says
            of single reads and writes.

    Raises, in every method:
        PeerUnreachable, PeerRefused, PeerNonsense.
    """

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        http: httpx.AsyncClient,
        deadline_s: float | None = None,
    ) -> None:
        self._caller = _Caller(base_url, tokens, http, deadline_s)

    async def operational_intent(self, identifier: str) -> wire.OperationalIntent:
        """The details of an operational intent (getOperationalIntentDetails)."""
        found = await self._caller.call(
            "GET",
            f"/uss/v1/operational_intents/{_segment(identifier)}",
            scopes.STRATEGIC_COORDINATION,
            wire.GetOperationalIntentDetailsResponse,
        )
        return found.operational_intent

    async def notify_operational_intent(
        self, change: wire.PutOperationalIntentDetailsParameters
    ) -> None:
        """Tell of a change (notifyOperationalIntentDetailsChanged)."""
        response = await self._caller.send(
            "POST", "/uss/v1/operational_intents", scopes.STRATEGIC_COORDINATION, change
        )
        if not response.is_success:
            raise refusal(response)
