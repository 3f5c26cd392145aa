"""What the commands of `detente record` do with an open record."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from detente.errors import DetenteError, one_line
from detente.formats import PAYLOAD_BYTES_MAX
from detente.node.whole_files import write_whole
from detente.record import (
    Blob,
    Draft,
    Entry,
    JsonMalformed,
    JsonValue,
    NoSuchEntry,
    PartyRecord,
    Reference,
    format_proof,
    parse_json,
)

_MEDIA_TYPES = {
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".csv": "text/csv",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".mp4": "video/mp4",
    ".zip": "application/zip",
}


STATED_BY = {
    "agreement": "detente record amend",
    "receipt": "detente record import",
    "acknowledgement": "detente record acknowledge",
    "anchor": "detente record witness",
    "clock": "detente record clock",
    "key-rotation": "detente record rotate-key",
    "key-revocation": "detente record revoke-key",
    "erasure": "detente record erase",
    "gap": "detente record import",
    "withheld": "detente record import",
    "witness-refusal": "detente record witness",
    "custody": "detente record export",
    "suspension": "detente agreement suspend",
    "resumption": "detente agreement resume",
    "withdrawal": "detente agreement leave",
}
"""Kinds of the record itself, of which a form must hold, and the command that keeps to it."""


class StatementUnusable(DetenteError):
    """What is to be recorded cannot be read, or names what is not there."""

    code: ClassVar[str] = "cli.statement"


async def found(record: PartyRecord, which: str) -> Entry:
    """An entry by its index or id.

    Raises:
        NoSuchEntry: there is none.
    """
    if re.fullmatch(r"[0-9]{1,15}", which):
        return await record.entry(int(which))
    entry = await record.by_id(which)
    if entry is None:
        raise NoSuchEntry(
            "There is no entry with that id.",
            where=which,
            advice="Give an index or a whole id; `detente record search` finds both.",
        )
    return entry


def told(entry: Entry) -> str:
    """One line about an entry that was just recorded."""
    payload = entry.payload
    if payload is None:
        return f"entry {entry.index}"
    return f"entry {entry.index}  {payload.kind}  {payload.id}"


def read_body(path: Path) -> dict[str, JsonValue]:
    """The JSON object in a file.

    Raises:
        StatementUnusable: it cannot be read, or is none that can be signed.
    """
    try:
        value = parse_json(read_file(path, PAYLOAD_BYTES_MAX))
    except JsonMalformed as error:
        raise StatementUnusable(
            f"It is no JSON that can be signed: {error}", where=str(path)
        ) from None
    if not isinstance(value, dict):
        raise StatementUnusable("It is no JSON object.", where=str(path))
    return value


def read_sealed(path: Path) -> bytes:
    """An envelope in a file, as it was written.

    Raises:
        StatementUnusable: it cannot be read.
    """
    return read_file(path, 2 * PAYLOAD_BYTES_MAX).removesuffix(b"\n")


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of a file that came from elsewhere.

    Raises:
        StatementUnusable: it cannot be read, or is larger than it may be.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise StatementUnusable(f"It cannot be read: {error.strerror}.", where=str(path)) from None
    if len(data) > limit:
        raise StatementUnusable(f"It has more than {limit:,} bytes.", where=str(path))
    return data


async def draft_of(
    record: PartyRecord,
    kind: str,
    body: Path,
    to: tuple[str, ...],
    channel: str | None,
    files: tuple[Path, ...],
    refs: tuple[str, ...],
    status: str,
) -> Draft:
    """A statement from the command line; its files are kept as blobs.

    Raises:
        StatementUnusable: a file, party or entry that is named is not there, or another command
            makes statements of this kind.
    """
    how = STATED_BY.get(kind)
    if how is not None:
        raise StatementUnusable(
            f"A statement of kind {kind} is not written by hand.",
            where=kind,
            advice=f"See `{how}`.",
        )
    known = {member.id for member in record.terms.members}
    for party in to:
        if party not in known or party == record.party:
            raise StatementUnusable(
                f"{party} is no other party.",
                where="--to",
                advice="Parties: " + ", ".join(sorted(known - {record.party})) + ".",
            )
    value = read_body(body)
    references = [await _reference(record, text) for text in refs]
    return Draft(
        kind=kind,
        channel=channel or channel_of(to),
        to=to,
        body=value,
        refs=tuple(references),
        blobs=tuple(_keep(record, path) for path in files),
        status=status,
    )


def channel_of(to: tuple[str, ...]) -> str:
    """The default channel: one for each set of addressees, so that nobody meets a gap in it."""
    if not to:
        return "notes"
    names = "+".join(sorted(to))
    if len(names) > 90:  # a channel has 100 characters, and these may be the same for two sets
        names = hashlib.sha256(names.encode()).hexdigest()
    return f"to-{names}"


def acknowledgement_of(record: PartyRecord, entry: Entry, text: str | None) -> Draft:
    """An officer's acknowledgement of an entry.

    Raises:
        StatementUnusable: it is erased, or our own.
    """
    payload = entry.payload
    if payload is None:
        raise StatementUnusable("Its payload was erased.", where=f"entry {entry.index}")
    if payload.sender == record.party:
        raise StatementUnusable(
            "It is our own: only what was received is acknowledged.", where=f"entry {entry.index}"
        )
    body: dict[str, JsonValue] = {"of": str(payload.id), "payload_sha256": payload.sha256.hex()}
    if text is not None:
        body["text"] = text
    return Draft(
        kind="acknowledgement",
        channel=channel_of((payload.sender,)),
        to=(payload.sender,),
        body=body,
        refs=(Reference(payload.id, "acknowledgement", payload.sha256),),
        status=payload.status,
    )


async def write_proof(record: PartyRecord, entry: Entry, path: Path) -> None:
    """An entry's C2SP tlog-proof, to the best checkpoint that covers it.

    Raises:
        NoSuchEntry: no checkpoint covers it yet.
    """
    covering = await record.best_checkpoint(entry.index)
    if covering is None:
        raise NoSuchEntry("No checkpoint covers it yet.", where=f"entry {entry.index}")
    hashes = record.inclusion(entry.index, covering.size)
    write_whole(path, format_proof(entry.index, hashes, covering.note).encode())


async def _reference(record: PartyRecord, text: str) -> Reference:
    which, _, rel = text.partition("=")
    entry = await found(record, which)
    if entry.payload is None:
        raise StatementUnusable("Its payload was erased.", where=f"--ref {one_line(text)}")
    return Reference(UUID(str(entry.payload.id)), rel or "about", entry.payload.sha256)


def _keep(record: PartyRecord, path: Path) -> Blob:
    try:
        with path.open("rb") as file:
            sha256 = record.blobs.put(file)
            size = file.tell()
    except OSError as error:
        raise StatementUnusable(f"It cannot be read: {error.strerror}.", where=str(path)) from None
    kind = _MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
    return Blob(bytes.fromhex(sha256), size, kind)
