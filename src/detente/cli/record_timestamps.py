"""RFC 3161 timestamps over a checkpoint, and publishing: the parts that reach outside."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from detente.record import (
    CosignedCheckpoint,
    PartyRecord,
    Timestamp,
    TimestampUnusable,
    check_timestamp,
    own_note,
    request_timestamp,
)

_ANSWER_BYTES_MAX: Final = 64 * 1024
_FILE_BYTES_MAX: Final = 1 << 20
_TIMEOUT_S: Final = 30.0
_LOOKED_AT: Final = 100
"""Checkpoints that an answer which comes later may be over: the newest ones."""


def stamped(record: PartyRecord, checkpoint: CosignedCheckpoint) -> bytes:
    """What is stamped: the checkpoint with the log's own line, which stays the same for ever."""
    return own_note(checkpoint.note, record.keyring.log_key(record.party, checkpoint.size)).encode()


def request(note: bytes) -> bytes:
    """A timestamp request over a note, SHA-256, asking for the certificate.

    Without a nonce: the answer may come days later, on a stick, and any answer is as good.

    Raises:
        TimestampUnusable: the library is not installed.
    """
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
    except ImportError:
        raise TimestampUnusable(
            "Timestamps need the package rfc3161-client.",
            advice="Install it with the extra: pip install 'detente[timestamps]'",
        ) from None
    builder = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256)
    return bytes(builder.nonce(nonce=False).cert_request(cert_request=True).build().as_bytes())


async def ask(record: PartyRecord, url: str, roots: bytes) -> str:
    """Have an authority stamp the newest checkpoint, and keep what it answers.

    Raises:
        TimestampUnusable: there is no answer, or no good one.
    """
    import httpx

    async def post(body: bytes) -> bytes:
        headers = {"content-type": "application/timestamp-query"}
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as http:
                answer = await http.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TimestampUnusable(f"No answer: {error}", where=url) from None
        if answer.status_code != 200 or len(answer.content) > _ANSWER_BYTES_MAX:
            raise TimestampUnusable(f"It answers with {answer.status_code}.", where=url)
        return answer.content

    newest = await record.checkpoint()
    return await _keep(
        record, newest, await request_timestamp(stamped(record, newest), post, roots)
    )


async def take(record: PartyRecord, answer: bytes, roots: bytes) -> str:
    """Keep an answer with the checkpoint that it is over; says what it states.

    Raises:
        TimestampUnusable: it is no good answer over one of the record's newest checkpoints.
    """
    newest = await record.checkpoint()
    older = await record.checkpoints(max(1, newest.size - 10_000), 10_000)
    first: TimestampUnusable | None = None
    for checkpoint in (newest, *reversed(older[-_LOOKED_AT:])):
        try:
            found = check_timestamp(answer, stamped(record, checkpoint), roots)
        except TimestampUnusable as error:
            first = first or error
            continue
        return await _keep(record, checkpoint, found)
    assert first is not None  # noqa: S101 - the newest one was tried
    raise first


async def _keep(record: PartyRecord, checkpoint: CosignedCheckpoint, found: Timestamp) -> str:
    await record.add_timestamp(checkpoint.size, found.token)
    return f"{checkpoint.size} entries existed at {found.time:%Y-%m-%d %H:%M:%S}Z: token kept"


def read_roots(path: Path | None) -> bytes:
    """Certificates that are believed.

    Raises:
        TimestampUnusable: none were given.
    """
    if path is None:
        raise TimestampUnusable(
            "It is not said which authority is believed.",
            advice="Give its root certificates: --tsa PEM.",
        )
    return read_file(path)


def read_file(path: Path) -> bytes:
    """The bytes of a small file.

    Raises:
        TimestampUnusable: it cannot be read, or is not small.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise TimestampUnusable(f"It cannot be read: {error.strerror}.", where=str(path)) from None
    if len(data) > _FILE_BYTES_MAX:
        raise TimestampUnusable("It is too large.", where=str(path))
    return data
