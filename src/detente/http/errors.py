"""What can go wrong between the socket and a handler, and how every error becomes a JSON answer.

Answers carry `{"message": ...}` (F3548-21 ErrorResponse) and, beyond the standard, the stable
`code` of the error. Handlers may raise these classes, or any other `DetenteError` for which the
application was given a status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from detente.errors import DetenteError

HeaderList = Sequence[tuple[bytes, bytes]]


class ErrorResponse(msgspec.Struct, omit_defaults=True):
    """The body of every error answer.

    `message` is for people; `code` is stable and documented; `request_id` finds the log line.
    """

    message: str
    code: str = ""
    request_id: str = ""


class HttpError(DetenteError):
    """An error that knows its own HTTP status and headers."""

    code: ClassVar[str] = "http.error"
    status: ClassVar[int] = 500

    def headers(self) -> HeaderList:
        """Headers the answer needs beside the usual ones."""
        return ()


class Unauthorized(HttpError):
    """The token is missing, malformed, unverifiable, or not valid now or here: 401."""

    code: ClassVar[str] = "auth.token"
    status: ClassVar[int] = 401

    def __init__(self, message: str, *, missing: bool = False, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self._challenge = b"Bearer" if missing else b'Bearer error="invalid_token"'

    def headers(self) -> HeaderList:
        """The challenge of RFC 6750 section 3."""
        return ((b"www-authenticate", self._challenge),)


class Forbidden(HttpError):
    """The token is good, but does not allow this: 403."""

    code: ClassVar[str] = "auth.forbidden"
    status: ClassVar[int] = 403


class MissingScope(Forbidden):
    """The token lacks every combination of scopes that would do: 403."""

    code: ClassVar[str] = "auth.scope"

    def headers(self) -> HeaderList:
        """The challenge of RFC 6750 section 3.1."""
        return ((b"www-authenticate", b'Bearer error="insufficient_scope"'),)


class NotFound(HttpError):
    """No endpoint, or nothing, at this address: 404."""

    code: ClassVar[str] = "http.not_found"
    status: ClassVar[int] = 404


class MethodNotAllowed(HttpError):
    """The address exists, the method does not: 405 with `Allow`."""

    code: ClassVar[str] = "http.method"
    status: ClassVar[int] = 405

    def __init__(self, method: str, allow: bytes) -> None:
        allowed = allow.decode("ascii")
        super().__init__(f"{method} is not offered here; use one of: {allowed}.")
        self.allow = allow

    def headers(self) -> HeaderList:
        """`Allow`, as RFC 9110 demands of a 405."""
        return ((b"allow", self.allow),)


class BodyTooLarge(HttpError):
    """The body is larger than this server takes: 413."""

    code: ClassVar[str] = "http.body_too_large"
    status: ClassVar[int] = 413

    def __init__(self, limit_bytes: int, *, close: bool) -> None:
        super().__init__(f"The body is larger than the {limit_bytes} bytes this server accepts.")
        self._close = close

    def headers(self) -> HeaderList:
        """Close the connection when the rest of the body was left unread."""
        return ((b"connection", b"close"),) if self._close else ()


class BodyTimeout(HttpError):
    """The body did not arrive in time: 408."""

    code: ClassVar[str] = "http.body_timeout"
    status: ClassVar[int] = 408

    def headers(self) -> HeaderList:
        """The connection cannot be used again: the rest of the body may still come."""
        return ((b"connection", b"close"),)


class BadRequest(HttpError):
    """A parameter or the body is not what the endpoint takes: 400."""

    code: ClassVar[str] = "http.bad_request"
    status: ClassVar[int] = 400


class BadBody(BadRequest):
    """The body is not JSON, or not JSON of the right shape: 400. `where` is the member's path."""

    code: ClassVar[str] = "http.body"


class BodyTooDeep(BadBody):
    """The body nests arrays and objects deeper than this server takes: 400."""

    code: ClassVar[str] = "http.body_too_deep"


class Busy(HttpError):
    """A refusal that says when to come again."""

    code: ClassVar[str] = "http.busy"
    status: ClassVar[int] = 503

    def __init__(self, message: str, *, retry_after_s: int = 1, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.retry_after_s = retry_after_s

    def headers(self) -> HeaderList:
        """`Retry-After` in whole seconds."""
        return ((b"retry-after", b"%d" % self.retry_after_s),)


class RateLimited(Busy):
    """This client sends more requests than its share: 429."""

    code: ClassVar[str] = "http.rate_limited"
    status: ClassVar[int] = 429


class Overloaded(Busy):
    """More requests are in work than this server takes at once: 503."""

    code: ClassVar[str] = "http.overloaded"


class HandlerTimeout(Busy):
    """The request was not answered in time; its outcome is not known: 503."""

    code: ClassVar[str] = "http.timeout"


class InternalError(HttpError):
    """A fault of this program: 500. The answer tells nothing but where to find the log line."""

    code: ClassVar[str] = "http.internal"


class ErrorTable:
    """Statuses of error classes that know nothing of HTTP; a subclass inherits its parent's."""

    def __init__(self, statuses: Mapping[type[DetenteError], int]) -> None:
        self._statuses = dict(statuses)
        self._found: dict[type[DetenteError], int | None] = {}

    def status(self, error: DetenteError) -> int | None:
        """The status for `error`, or None if the table does not know its kind."""
        if isinstance(error, HttpError):
            return error.status
        kind = type(error)
        if kind not in self._found:
            known = (self._statuses[base] for base in kind.__mro__ if base in self._statuses)
            self._found[kind] = next(known, None)
        return self._found[kind]
