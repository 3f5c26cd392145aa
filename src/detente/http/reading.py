"""Reading a request for its endpoint: scopes, body and query, with errors that name the place."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import msgspec

from detente.http.endpoint import Caller, Endpoint
from detente.http.errors import BadBody, BadRequest, MissingScope
from detente.http.head import RequestHead
from detente.http.limits import check_depth

DecHook = Callable[[type, Any], Any]


class BoundEndpoint:
    """An endpoint with all that can be prepared before the first request."""

    __slots__ = (
        "alternatives",
        "decode",
        "endpoint",
        "handler",
        "headers",
        "query",
        "raw",
        "required",
    )

    def __init__(self, endpoint: Endpoint, dec_hook: DecHook | None) -> None:
        self.endpoint = endpoint
        self.handler = endpoint.handler
        self.alternatives = tuple(endpoint.scopes)
        self.decode: Callable[[bytes], Any] | None = None
        self.raw = endpoint.body is bytes
        if endpoint.body is not None and not self.raw:
            self.decode = msgspec.json.Decoder(endpoint.body, dec_hook=dec_hook).decode
        self.query = frozenset(parameter.name for parameter in endpoint.query)
        self.required = tuple(p.name for p in endpoint.query if p.required)
        self.headers = tuple((p.name.lower(), p.required) for p in endpoint.headers)

    def authorise(self, caller: Caller) -> None:
        """Raises MissingScope unless one of the alternatives is within the token's scopes."""
        scopes = caller.scopes
        for alternative in self.alternatives:
            if alternative <= scopes:
                return
        if self.alternatives:
            wanted = " or ".join(sorted(" with ".join(sorted(a)) for a in self.alternatives))
            raise MissingScope(f"The token's scope does not allow this; it needs {wanted}.")


_PLACE = re.compile(r"(?s)^(.*) - at `(key in )?\$\.?(.*)`$")
_MISSING = re.compile(r"^Object missing required field `(.*)`$")
_UNKNOWN_MEMBER = re.compile(r"^Object contains unknown field `(.*)`$")


def decode_body(data: bytes, decode: Callable[[bytes], Any], max_depth: int) -> Any:
    """The decoded body.

    Raises:
        BadBody: it is empty, not JSON, too deep, or not of the type; `where` is the member's path.
    """
    if not data:
        raise BadBody("A JSON body is required.")
    check_depth(data, max_depth)
    try:
        return decode(data)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBody(f"The body is not JSON: {error}.") from None


def _misfit(text: str) -> BadBody:
    """Say where and what in one line: `extents[0].volume.altitude_lower.reference: ...`."""
    message, where = text, ""
    place = _PLACE.match(text)
    if place is not None:
        message, where = place.group(1), place.group(3)
        if place.group(2):
            message = f"A member's name: {message}"
    for pattern, said in ((_MISSING, "is required"), (_UNKNOWN_MEMBER, "is not known")):
        named = pattern.match(message)
        if named is not None:
            where = f"{where}.{named.group(1)}" if where else named.group(1)
            message = said
    return BadBody(message.rstrip(".") + ".", where=where or None)


def parse_query(query_string: bytes, bound: BoundEndpoint) -> Mapping[str, str]:
    """The parameters that the endpoint declares; others are ignored.

    Raises:
        BadRequest: the text cannot be read, one is missing, or given twice.
    """
    if not bound.query:
        return _NO_QUERY
    found: dict[str, str] = {}
    try:
        pairs = parse_qsl(query_string.decode("ascii"), True, errors="strict", max_num_fields=100)
    except (ValueError, UnicodeDecodeError):
        raise BadRequest("The query string cannot be read.") from None
    for name, value in pairs:
        if name in found:
            raise BadRequest("is given more than once.", where=f"query parameter {name}")
        if name in bound.query:
            found[name] = value
    for name in bound.required:
        if not found.get(name):
            raise BadRequest("is required.", where=f"query parameter {name}")
    return found


_NO_QUERY: Mapping[str, str] = {}


def pick_headers(head: RequestHead, bound: BoundEndpoint) -> Mapping[str, str]:
    """The headers that the endpoint declares.

    Raises:
        BadRequest: one that is required is missing or empty.
    """
    sent = head.headers
    found: dict[str, str] = {}
    for name, required in bound.headers:
        value = sent.get(name)
        if value is not None:
            found[name] = value
        if required and not value:
            raise BadRequest("is required.", where=f"header {name}")
    return found


class BadDigest(BadRequest):
    """The body does not match the `Content-Digest` header, or there is none: 400."""

    code: ClassVar[str] = "http.digest"


_DIGEST = re.compile(r"\s*([a-z0-9*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):\s*")


def check_digest(header: str | None, body: bytes) -> None:
    """Compare a body with its `Content-Digest` header (RFC 9530): SHA-256, SHA-512, or both.

    Raises:
        BadDigest: there is no digest of these kinds, or one of them is not the body's.
    """
    found = 0
    for member in (header or "").split(","):
        parsed = _DIGEST.fullmatch(member)
        if parsed is None:
            raise BadDigest("A Content-Digest header is required: `sha-256=:<base64>:`.")
        name, text = parsed.groups()
        if name not in ("sha-256", "sha-512"):
            continue
        digest = hashlib.new(name.replace("-", ""), body).digest()
        if not hmac.compare_digest(base64.b64encode(digest).decode(), text):
            raise BadDigest("The body does not match its Content-Digest header.")
        found += 1
    if not found:
        raise BadDigest("The Content-Digest header has neither sha-256 nor sha-512.")
