"""The declaration of an endpoint, and what its handler gets and gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

Body = TypeVar("Body")

Scopes = frozenset[frozenset[str]]


def any_of(*alternatives: str) -> Scopes:
    """Scope alternatives, each a space-separated set: `any_of("a", "b c")` is a, or b with c."""
    return frozenset(frozenset(alternative.split()) for alternative in alternatives)


class Caller(NamedTuple):
    """Who sent the request, as the verified token says.

    `issuer` and `sub` are the token's `iss` and `sub`; `expires_us` its end, microseconds since the
    Unix epoch.
    """

    sub: str
    scopes: frozenset[str]
    issuer: str
    expires_us: int


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
    """

    __slots__ = ("body", "caller", "id", "path", "query", "received_us")

    def __init__(
        self,
        path: Mapping[str, str],
        query: Mapping[str, str],
        body: Body,
        caller: Caller,
        received_us: int,
        request_id: str = "",
    ) -> None:
        self.path = path
        self.query = query
        self.body = body
        self.caller = caller
        self.received_us = received_us
        self.id = request_id


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


Handler = Callable[[Request[Any]], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryParameter:
    """One parameter of the query string; it is text, the handler knows what it means."""

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
    may be empty and need not be JSON. `responses` maps each status to the type of its body (None:
    no body).
    `public` endpoints need no token and are exempt from the rate and concurrency limits.
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

    def path_parameters(self) -> list[str]:
        """Names of the path parameters, in order."""
        return [part[1:-1] for part in self.path.split("/") if is_parameter(part)]


def is_parameter(segment: str) -> bool:
    """Whether a segment of a path template is a parameter."""
    return segment.startswith("{") and segment.endswith("}")
