"""Errors become answers in JSON: those that are meant, and those that nobody expected."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from detente.errors import DetenteError
from detente.http.endpoint import Response
from detente.http.errors import ErrorResponse, ErrorTable, HttpError, InternalError

logger = logging.getLogger(__name__)


class Refusals:
    """Answers of one application to what went wrong, each with its encoded body.

    Args:
        statuses: of errors that are no `HttpError`.
        encode: makes JSON of a struct.
    """

    def __init__(
        self, statuses: Mapping[type[DetenteError], int], encode: Callable[[Any], bytes]
    ) -> None:
        self._errors = ErrorTable(statuses)
        self._encode = encode

    def status(self, error: DetenteError) -> int | None:
        """The status that an error is answered with; None if it should not have come this far."""
        return self._errors.status(error)

    def refuse(self, error: DetenteError, request_id: str) -> tuple[Response, bytes]:
        """The answer that tells the client what it did, or must wait for."""
        status = self._errors.status(error)
        if status is None:
            return self.fail(error, request_id)
        headers: Sequence[tuple[bytes, bytes]] = ()
        if isinstance(error, HttpError):
            headers = error.headers()
        elif status in (429, 503):
            headers = ((b"retry-after", b"1"),)
        payload = self._encode(ErrorResponse(str(error), error.code))
        return Response(status, headers=headers, code=error.code), payload

    def fail(self, error: Exception, request_id: str) -> tuple[Response, bytes]:
        """The answer that tells only a request id, under which the log holds the traceback."""
        logger.error("request %s failed", request_id, exc_info=error)
        body = ErrorResponse(
            "This server made a mistake; its operator finds the cause under the request id.",
            InternalError.code,
            request_id,
        )
        return Response(500, code=body.code), self._encode(body)
