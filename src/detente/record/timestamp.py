"""Timestamps by a neutral authority (RFC 3161): a checkpoint existed at a time it did not choose.

Needs the optional package `rfc3161-client` (extra `timestamps`). The transport is the caller's: a
request is bytes that are posted, a response bytes that come back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, cast

from detente.errors import DetenteError

from .checkpoint import NoteUnverified, signature_line, split_note
from .keys import Verifier

if TYPE_CHECKING:
    from cryptography import x509
    from rfc3161_client import Accuracy, TimeStampRequest, TimeStampResponse

REQUEST_TYPE = "application/timestamp-query"
RESPONSE_TYPE = "application/timestamp-reply"
RESPONSE_BYTES_MAX = 64 * 1024

Post = Callable[[bytes], Awaitable[bytes]]
"""Sends a request (`REQUEST_TYPE`) to the authority and gives its response (`RESPONSE_TYPE`)."""


class TimestampUnusable(DetenteError):
    """A timestamp is wrong, not over these bytes, or not by an authority that is believed."""

    code: ClassVar[str] = "record.timestamp"


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A good timestamp.

    Attributes:
        token: the whole response, DER.
        time: when the authority says it saw the bytes, UTC.
        accuracy_us: how far off it may be, in microseconds; None when the authority does not say.
    """

    token: bytes
    time: datetime
    accuracy_us: int | None


def own_note(note: str, log: Verifier) -> str:
    """What is timestamped of a checkpoint: its text and the log's own signature line.

    Cosignatures come later, and must not change what the token is over.

    Raises:
        NoteMalformed: it is not a signed note.
        NoteUnverified: it has no line by the log.
    """
    text, lines = split_note(note)
    for name, identity, signature in lines:
        if (name, identity) == (log.name, log.key_id):
            return f"{text}\n{signature_line(name, identity, signature)}"
    raise NoteUnverified("The log's own signature is missing.", where=log.name)


async def request_timestamp(data: bytes, post: Post, roots_pem: bytes) -> Timestamp:
    """Have bytes timestamped, with a fresh nonce, and check what comes back.

    Args:
        data: for a checkpoint the UTF-8 of `own_note`.
        post: reaches the authority.
        roots_pem: certificates of the authorities that are believed.

    Raises:
        TimestampUnusable: the package is missing, or the response is no good.
    """
    request = _make_request(data)
    response = await post(request.as_bytes())
    return _check(response, data, roots_pem, request.nonce)


def check_timestamp(token: bytes, data: bytes, roots_pem: bytes) -> Timestamp:
    """Check a timestamp that was got earlier.

    Raises:
        TimestampUnusable: the package is missing; the token is not one, is not over these bytes, or
            no chain leads from it to a root.
    """
    return _check(token, data, roots_pem, None)


def _make_request(data: bytes) -> TimeStampRequest:
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
    except ImportError:
        raise _missing() from None
    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    return builder.nonce(nonce=True).cert_request(cert_request=True).build()


def _check(token: bytes, data: bytes, roots_pem: bytes, nonce: int | None) -> Timestamp:
    try:
        from rfc3161_client import (
            VerificationError,
            VerifierBuilder,
            decode_timestamp_response,
        )
    except ImportError:
        raise _missing() from None
    if len(token) > RESPONSE_BYTES_MAX:
        raise TimestampUnusable(f"It has more than {RESPONSE_BYTES_MAX} bytes.")
    builder = VerifierBuilder(roots=_certificates(roots_pem))
    if nonce is not None:
        builder = builder.nonce(nonce)
    try:
        response = decode_timestamp_response(token)
        builder.build().verify_message(response, data)
        return Timestamp(token, _time(response), _accuracy_us(response))
    except (VerificationError, ValueError) as error:
        raise TimestampUnusable(f"It proves nothing: {error}.") from error


def _certificates(pem: bytes) -> list[x509.Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise TimestampUnusable(f"The authority's certificates: {error}.") from error


def _time(response: TimeStampResponse) -> datetime:
    time = response.tst_info.gen_time
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _accuracy_us(response: TimeStampResponse) -> int | None:
    # The library's types say that there always is one.
    accuracy = cast("Accuracy | None", response.tst_info.accuracy)
    if accuracy is None:
        return None
    return accuracy.seconds * 1_000_000 + (accuracy.millis or 0) * 1000 + (accuracy.micros or 0)


def _missing() -> TimestampUnusable:
    return TimestampUnusable(
        "Timestamps need the package rfc3161-client.", advice="pip install 'detente[timestamps]'"
    )
