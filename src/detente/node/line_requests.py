"""What requests of peers say, read and judged; pure."""

from __future__ import annotations

import re
from typing import Any, Final

from detente import line
from detente.errors import DetenteError
from detente.http import BadRequest, Request
from detente.line import Lane, lane_of
from detente.record import Envelope, Payload, read_payload

from . import line_wire as wire

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")


def payload_of(data: bytes) -> Payload | None:
    """What an envelope says; None if that cannot be read: the record says what is wrong with it."""
    try:
        return read_payload(Envelope.from_json(data))
    except DetenteError:
        return None


def not_urgent(data: bytes) -> str | None:
    """Why an envelope does not belong into the emergency lane, if it does not."""
    payload = payload_of(data)
    if payload is None or payload.kind == "receipt":
        return None
    if lane_of(payload.channel) is not Lane.EMERGENCY:
        return "Its channel is no emergency channel."
    return line.not_urgent(payload)


def sha256_of(request: Request[Any]) -> str:
    """The hash in a path; raises BadRequest."""
    text = request.path["sha256"]
    if not _SHA256.fullmatch(text):
        raise BadRequest("This is no SHA-256 in hexadecimal.")
    return text


def number_of(text: str, name: str) -> int:
    """A number from 0 on; raises BadRequest."""
    if not _NUMBER.fullmatch(text):
        raise BadRequest(f"{name} is not a whole number from 0 on.")
    return int(text)


def limit_of(request: Request[Any]) -> int:
    """How many envelopes are asked for, within bounds; raises BadRequest."""
    return min(max(1, number_of(request.query.get("limit", "200"), "limit")), wire.ENVELOPES_MAX)


def choice_of(text: str, choices: tuple[str, ...]) -> str:
    """One of some words; raises BadRequest."""
    if text not in choices:
        raise BadRequest(f"It must be one of {', '.join(choices)}.")
    return text
