"""The record for those who may read it: search, entries, proofs, checkpoints, files, checking."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from detente.http import (
    BadRequest,
    Caller,
    Endpoint,
    NotFound,
    QueryParameter,
    Request,
    Response,
    any_of,
)
from detente.record import (
    BlobUnusable,
    Entry,
    JsonValue,
    NoSuchEntry,
    PartyRecord,
    Query,
    format_proof,
)

from .context import NodeContext
from .events_api import MayHear, permissions_for
from .feed import room_of
from .jobs import Job, Jobs, JobView, NoSuchJob, Progress
from .moments import moment_of
from .operations import Operations
from .record_views import (
    CheckpointView,
    EntryPage,
    EntryView,
    checkpoint_view,
    entry_view,
)

PAGE_MAX: Final = 200
FAULTS_MAX: Final = 1000
_operation: Final = Operations(
    "record",
    {"which": "an index, or an entry's id", "sha256": "of the file, hexadecimal"},
)
READ: Final = any_of("record.read")
_EXPORT: Final = "record.export"

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,14}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_GUARDED: Final = ("security",)
"""Kinds that not everybody who may read the record may read."""


def record_endpoints(context: NodeContext, jobs: Jobs, may_hear: MayHear) -> list[Endpoint]:
    """Endpoints under /api/v1/record and /api/v1/jobs.

    Args:
        may_hear: who may know what is said in rooms: the record tells nobody more than the room.
    """
    api = _RecordApi(context.record, jobs, may_hear)
    return [
        _get(
            "/api/v1/record/entries",
            api.search,
            "searchRecord",
            "Entries that match, a page at a time.",
            EntryPage,
            query=(
                QueryParameter(name="kind", help="Kinds, separated by commas."),
                QueryParameter(name="from", help="Parties that state it, separated by commas."),
                QueryParameter(name="to", help="A party that it is addressed to by name."),
                QueryParameter(name="channel", help="A channel."),
                QueryParameter(name="status", help="actual, exercise or test."),
                QueryParameter(name="since", help="Created at or after this time (RFC 3339)."),
                QueryParameter(name="until", help="Created before this time."),
                QueryParameter(name="text", help="Occurs in a text of the body."),
                QueryParameter(name="first", help="Lowest index."),
                QueryParameter(name="last", help="Highest index."),
                QueryParameter(name="order", help="oldest (first) or newest (first)."),
                QueryParameter(name="after", help="`next` of the page before."),
                QueryParameter(name="limit", help=f"Entries at most, to {PAGE_MAX}."),
            ),
        ),
        _get(
            "/api/v1/record/entries/{which}",
            api.entry,
            "getEntry",
            "One entry, with receipts and acknowledgements of it.",
            EntryView,
        ),
        _get(
            "/api/v1/record/entries/{which}/envelope",
            api.envelope,
            "getEnvelope",
            "Its envelope as it was signed (DSSE, JSON).",
            None,
        ),
        _get(
            "/api/v1/record/entries/{which}/proof",
            api.proof,
            "getProof",
            "Its proof of inclusion (C2SP tlog-proof) in the best checkpoint that covers it.",
            None,
        ),
        _get(
            "/api/v1/record/checkpoint",
            api.checkpoint,
            "getRecordCheckpoint",
            "The newest checkpoint, or the one of a size, with its cosignatures.",
            CheckpointView,
            query=(QueryParameter(name="size", help="Number of entries."),),
        ),
        _get(
            "/api/v1/record/blobs/{sha256}",
            api.blob,
            "getRecordBlob",
            "A file that an entry names; to be saved, never shown by a browser.",
            None,
        ),
        _operation(
            "POST",
            "/api/v1/record/verify",
            api.verify,
            "verifyRecord",
            "Look at everything that is stored, and say what contradicts what.",
            READ,
            {202: JobView, 503: None},
        ),
        _get(
            "/api/v1/jobs/{job}",
            api.job,
            "getJob",
            "How a job is, and what came of it: for who began it, or who may hand evidence out.",
            JobView,
            scopes=any_of("record.read", _EXPORT),
        ),
    ]


def may_read(kind: str, caller: Caller) -> bool:
    """Whether a caller who may read the record may read an entry of that kind."""
    return kind not in _GUARDED or not caller.scopes.isdisjoint(permissions_for(kind))


async def entry_of(record: PartyRecord, which: str) -> Entry:
    """An entry by its index or id.

    Raises:
        NoSuchEntry: there is none.
    """
    if _INDEX.fullmatch(which):
        return await record.entry(int(which))
    found = await record.by_id(which)
    if found is None:
        raise NoSuchEntry("There is no entry with that id.", where=which[:60])
    return found


class _RecordApi:
    def __init__(self, record: PartyRecord, jobs: Jobs, may_hear: MayHear) -> None:
        self._record = record
        self._jobs = jobs
        self._may_hear = may_hear

    async def search(self, request: Request[None]) -> Response:
        asked = request.query
        query = Query(
            kinds=_names(asked.get("kind")),
            senders=_names(asked.get("from")),
            recipient=asked.get("to"),
            channel=asked.get("channel"),
            status=asked.get("status"),
            since=_moment(asked.get("since"), "since"),
            until=_moment(asked.get("until"), "until"),
            text=asked.get("text"),
            first=_index(asked.get("first"), "first") or 0,
            last=_index(asked.get("last"), "last"),
            newest_first=_order(asked.get("order", "oldest")),
        )
        limit = min(max(1, _index(asked.get("limit"), "limit") or PAGE_MAX), PAGE_MAX)
        after = _index(asked.get("after"), "after")
        found: list[Entry] = []
        # What is kept from the caller must not show in where a page ends.
        while True:
            page = await self._record.search(query, limit=limit - len(found), after=after)
            found += [each for each in page.entries if await self._may_read(each, request.caller)]
            after = page.next
            if after is None or len(found) == limit:
                break
        views = [entry_view(entry, await self._record.grade(entry.index)) for entry in found]
        return Response(200, EntryPage(views, after))

    async def entry(self, request: Request[None]) -> Response:
        entry = await self._readable(request)
        answers = [
            entry_view(answer, await self._record.grade(answer.index))
            for answer in await self._record.answers(entry.index)
            if await self._may_read(answer, request.caller)
        ]
        return Response(200, entry_view(entry, await self._record.grade(entry.index), answers))

    async def envelope(self, request: Request[None]) -> Response:
        entry = await self._readable(request)
        if entry.envelope is None:
            raise NotFound("Its content has been erased.", where=f"entry {entry.index}")
        return Response(200, entry.envelope.to_json())

    async def proof(self, request: Request[None]) -> Response:
        entry = await self._readable(request)
        covering = await self._record.best_checkpoint(entry.index)
        if covering is None:
            raise NotFound("No checkpoint covers it yet.", where=f"entry {entry.index}")
        hashes = await asyncio.to_thread(self._record.inclusion, entry.index, covering.size)
        text = format_proof(entry.index, hashes, covering.note)
        return Response(200, text.encode(), content_type=b"text/plain; charset=utf-8")

    async def checkpoint(self, request: Request[None]) -> Response:
        size = _index(request.query.get("size"), "size")
        if size is None:
            return Response(200, checkpoint_view(await self._record.checkpoint()))
        return Response(200, checkpoint_view(await self._record.checkpoint_at(size)))

    async def blob(self, request: Request[None]) -> Response:
        sha256 = request.path["sha256"]
        if not _SHA256.fullmatch(sha256):
            raise BadRequest("This is no SHA-256 in hexadecimal.")
        rows = await self._record.query(
            "SELECT DISTINCT e.kind, e.channel FROM party_blobs AS b JOIN party_entries AS e "
            "ON e.position = b.position WHERE b.sha256 = ?",
            (bytes.fromhex(sha256),),
        )
        for kind, channel in rows:
            if await self._may_read_in(str(kind), str(channel), request.caller):
                break
        else:
            raise NotFound("No entry names this file.")
        try:
            data = await asyncio.to_thread(self._record.blobs.read, sha256)
        except BlobUnusable:
            raise NotFound("The file is not here.") from None
        # What others have sent is saved under a name of ours, and never shown as a page.
        disposition = f'attachment; filename="{sha256[:16]}.bin"'.encode()
        return Response(
            200,
            data,
            ((b"content-disposition", disposition),),
            content_type=b"application/octet-stream",
        )

    async def verify(self, request: Request[None]) -> Response:
        async def work(job: Job, progress: Progress) -> dict[str, JsonValue]:
            faults = await self._record.verify(progress)
            return {
                "faults": len(faults),
                "first": [{"where": each.where, "what": each.what} for each in faults[:FAULTS_MAX]],
            }

        return Response(202, self._jobs.begin("verify", request.caller.sub, work).view())

    async def job(self, request: Request[None]) -> Response:
        job, caller = self._jobs.get(request.path["job"]), request.caller
        if job.by != caller.sub and _EXPORT not in caller.scopes:
            raise NoSuchJob(job.id)
        return Response(200, job.view())

    async def _readable(self, request: Request[Any]) -> Entry:
        entry = await entry_of(self._record, request.path["which"])
        if not await self._may_read(entry, request.caller):
            raise NoSuchEntry("There is no entry of that number for you.", where="entry")
        return entry

    async def _may_read(self, entry: Entry, caller: Caller) -> bool:
        said = entry.payload
        return said is None or await self._may_read_in(said.kind, said.channel, caller)

    async def _may_read_in(self, kind: str, channel: str, caller: Caller) -> bool:
        room = room_of(channel)
        return may_read(kind, caller) and (
            room is None or await self._may_hear(room, caller.sub, caller.scopes)
        )


def _get(
    path: str,
    handler: Callable[[Request[Any]], Any],
    name: str,
    summary: str,
    body: type[msgspec.Struct] | None,
    *,
    query: tuple[QueryParameter, ...] = (),
    scopes: frozenset[frozenset[str]] = READ,
) -> Endpoint:
    return _operation(
        "GET", path, handler, name, summary, scopes, {200: body, 404: None}, query=query
    )


def _names(text: str | None) -> tuple[str, ...]:
    return () if not text else tuple(part.strip() for part in text.split(",") if part.strip())


def _index(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not _INDEX.fullmatch(text):
        raise BadRequest(f"{name} is not a whole number from 0 on.", where=name)
    return int(text)


def _moment(text: str | None, name: str) -> datetime | None:
    return None if text is None else moment_of(text, name)


def _order(text: str) -> bool:
    if text not in ("oldest", "newest"):
        raise BadRequest("order is oldest or newest.", where="order")
    return text == "newest"
