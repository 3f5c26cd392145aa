"""The declaration of an endpoint, and what its handler gets and gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from detente.http.head import PeerCertificate, RequestHead
from detente.http.streams import Stream

Body = TypeVar("Body")

Scopes = frozenset[frozenset[str]]


def any_of(*alternatives: str) -> Scopes:
    """Scope alternatives, each a space-separated set: `any_of("a", "b c")` is a, or b with c."""
    return frozenset(frozenset(alternative.split()) for alternative in alternatives)


class Caller(NamedTuple):
    """Who sent the request, as its authenticator found.

    Of a verified token, `issuer` and `sub` are the `iss` and `sub`. `expires_us` is the end of the
    token or session, microseconds since the Unix epoch (0: none is known); a stream does not
    outlast it. `session` names the session, where there are sessions; it is no secret.
    """

    sub: str
    scopes: frozenset[str]
    issuer: str
    expires_us: int
    session: str = ""


ANONYMOUS = Caller(sub="", scopes=frozenset(), issuer="", expires_us=0)
"""The caller of a public endpoint."""


class Request(Generic[Body]):
    """What a handler is given.

    Attributes:
        path: path parameters, percent-decoded once; one at the end of the path may be empty.
        query: query parameters that the endpoint declares and the client sent.
        body: the decoded body; None if the endpoint takes none.
        caller: `ANONYMOUS` at a public endpoint.
        received_us: when the request was received, microseconds since the Unix epoch.
        id: the request's name in the logs.
        headers: headers that the endpoint declares and the client sent; names in lower case.
    """

    __slots__ = ("_head", "body", "caller", "headers", "id", "path", "query", "received_us")

    def __init__(
        self,
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: Body,
        caller: Caller,
        received_us: int,
        request_id: str = "",
        headers: Mapping[str, str] | None = None,
        head: RequestHead | None = None,
    ) -> None:
        self.path = path
        self.query = query
        self.body = body
        self.caller = caller
        self.received_us = received_us
        self.id = request_id
        self.headers: Mapping[str, str] = headers if headers is not None else {}
        self._head = head

    @property
    def peer(self) -> PeerCertificate | None:
        """The certificate that the client showed, verified; None without mutual TLS."""
        return None if self._head is None else self._head.peer

    @property
    def url(self) -> str:
        """The address that was asked for, by its `Host` header, with query; "" if not known."""
        return "" if self._head is None else self._head.target_uri

    @property
    def address(self) -> str:
        """The IP address that the request came from; "" if it is not known."""
        return "" if self._head is None else self._head.address


class Response:
    """What a handler gives back.

    `body` is anything msgspec can encode as JSON, or bytes that are sent as they are. `code` is an
    error code for the log, when the handler itself builds an error answer.
    """

    __slots__ = ("body", "code", "content_type", "headers", "status")

    def __init__(
        self,
        status: int,
        body: msgspec.Struct | bytes | None = None,
        headers: Sequence[tuple[bytes, bytes]] = (),
        *,
        content_type: bytes = b"application/json",
        code: str = "",
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers
        self.content_type = content_type
        self.code = code


Handler = Callable[[Request[Any]], Awaitable[Response | Stream]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryParameter:
    """One parameter of the query string; it is text, the handler knows what it means."""

    name: str
    help: str
    required: bool = False
    example: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderParameter:
    """One header that an endpoint takes; it is text, the handler knows what it means.

    Given more than once, the values of a header are joined as RFC 9110 section 5.3 says.
    """

    name: str
    help: str
    required: bool = False
    example: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation: a method on a path, who may call it, what goes in and what comes out.

    `path` is a template such as `/dss/v1/subscriptions/{subscriptionid}`; a parameter is a whole
    segment and may be empty. `scopes` are alternatives, each of which is enough; none means that
    any valid token will do. `body` is a type for msgspec, or `bytes` for what comes as it is, which
    may be empty and need not be JSON. `responses` maps each status to the type of its body; None is
    no body, or one that is not JSON, of the type that `media` names; of an error it is the usual
    one.
    `public` endpoints need no token and are exempt from the rate and concurrency limits, but for
    those of a lane.

    `stream` is the media type of the good answer if that is a `Stream`; only such an endpoint may
    give one, and does so while one of the application's places for streams is free. `lane` names
    one of the application's `Lanes`; in it, a public endpoint counts by the client's address.
    With `digest`, the body must match the `Content-Digest` header, which must be there (RFC 9530);
    an authenticator that trusts the header thereby trusts the body.
    """

    method: str
    path: str
    handler: Handler
    operation_id: str
    summary: str
    responses: Mapping[int, type[msgspec.Struct] | None]
    scopes: Scopes = frozenset()
    body: type[Any] | None = None
    query: Sequence[QueryParameter] = ()
    tags: Sequence[str] = ()
    description: str = ""
    public: bool = False
    path_help: Mapping[str, str] = field(default_factory=dict)
    example: msgspec.Struct | None = None
    headers: Sequence[HeaderParameter] = ()
    stream: str | None = None
    lane: str = ""
    digest: bool = False
    media: Mapping[int, str] = field(default_factory=dict)

    def path_parameters(self) -> list[str]:
        """Names of the path parameters, in order."""
        return [part[1:-1] for part in self.path.split("/") if is_parameter(part)]


def is_parameter(segment: str) -> bool:
    """Whether a segment of a path template is a parameter."""
    return segment.startswith("{") and segment.endswith("}")
