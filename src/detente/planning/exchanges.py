"""One exchange of messages with another program, as this node saw it and its record keeps it.

F3548-21 has one form for it (ExchangeRecord), which is kept whole. What stands beside it says whom
the exchange was with, what it was about, and which signature the other side put on its message.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal

from detente.f3548 import types as wire

ABOUT_MAX: Final = 200
"""Entities that one exchange is found by."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Both begin the way they do for speed: a body of some MiB is gone through from hyphen to hyphen,
# with no other case to think of.
_UUID4_TAIL: Final = re.compile(
    rb"-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}"
)
_UUID4_HEAD: Final = re.compile(rb"[0-9A-Fa-f]{8}")
_HEAD_LENGTH: Final = 8
_SECRET: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_HEADER_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class MessageSignature:
    """A signature by a party of the agreement on what it sent us (RFC 9421), checked.

    Attributes:
        key: name of the key that signed.
        input, signature, digest: the headers, as they came: with the message they can be checked
            again by anybody.
    """

    key: str
    input: str
    signature: str
    digest: str


@dataclass(frozen=True, slots=True)
class ExchangeSeen:
    """One exchange of messages.

    Attributes:
        url: absolute; of requests to us as the client wrote it, as far as that is known.
        method: in capitals.
        role: `Client` if we asked.
        request_time_us, response_time_us: when the request was sent or received, and its answer;
            None if there was none.
        request_headers: `name: value` each; never a token (see `headers_of`).
        request_body, response_body: as they were.
        response_code: HTTP status; None without an answer.
        problem: what went wrong.
        party: whom it was with: the `sub` of who called, the name of the exchange or the manager of
            what was asked for; "" if that is not known.
        about: ids of entities on whose behalf it took place; those named in the messages are found
            without.
        signature: of the message that we got, if it bears a good one.
    """

    url: str
    method: str
    role: Literal["Client", "Server"]
    request_time_us: int
    response_time_us: int | None = None
    request_headers: tuple[str, ...] = ()
    request_body: bytes = b""
    response_code: int | None = None
    response_body: bytes = b""
    problem: str = ""
    party: str = ""
    about: tuple[str, ...] = ()
    signature: MessageSignature | None = None

    @property
    def entities(self) -> tuple[str, ...]:
        """Ids that it is found by: those of `about`, and every version-4 UUID in it; sorted."""
        found = {each.lower() for each in self.about}
        for text in (self.url.encode("utf-8", "replace"), self.request_body, self.response_body):
            for identity in _uuids(text):
                if len(found) >= ABOUT_MAX:
                    return tuple(sorted(found))
                found.add(identity)
        return tuple(sorted(found))

    def on_wire(self) -> wire.ExchangeRecord:
        """The standard's form."""
        return wire.ExchangeRecord(
            url=self.url,
            method=self.method,
            recorder_role=self.role,
            request_time=_time(self.request_time_us),
            headers=list(self.request_headers) or None,
            request_body=_base64(self.request_body),
            response_time=None if self.response_time_us is None else _time(self.response_time_us),
            response_body=_base64(self.response_body),
            response_code=self.response_code,
            problem=self.problem or None,
        )


def _uuids(text: bytes) -> Iterator[str]:
    """Version-4 UUIDs in a text, in lower case."""
    over = 0
    for match in _UUID4_TAIL.finditer(text):
        begin = match.start() - _HEAD_LENGTH
        if begin >= over and _UUID4_HEAD.match(text, begin):
            over = match.end()
            yield text[begin:over].decode().lower()


def headers_of(headers: Iterable[tuple[str, str]] | Mapping[str, str]) -> tuple[str, ...]:
    """Headers as they are recorded: of a bearer token its claims, of other secrets nothing.

    A token may be good for an hour; whoever reads a record must not be able to use it.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    found = []
    for name, value in pairs:
        lower = name.lower()
        if lower == "authorization":
            shown = _claims_text(value)
        else:
            shown = "(left out)" if lower in _SECRET else value
        found.append(f"{lower}: {shown[:_HEADER_MAX]}")
    return tuple(found)


def claims_of(authorization: str) -> Mapping[str, object] | None:
    """The claims of a bearer token, not verified; None if it is none."""
    scheme, _, token = authorization.partition(" ")
    parts = token.strip().split(".")
    if scheme.lower() != "bearer" or len(parts) != 3:
        return None
    try:
        found = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


@lru_cache(maxsize=256)
def _claims_text(authorization: str) -> str:
    claims = claims_of(authorization)
    if claims is None:
        return "(left out: no readable token)"
    return "claims " + json.dumps(claims, sort_keys=True, separators=(",", ":"))


def _base64(data: bytes) -> str | None:
    return b64encode(data).decode() if data else None


def _time(instant_us: int) -> wire.Time:
    return wire.Time(_EPOCH + timedelta(microseconds=instant_us))
