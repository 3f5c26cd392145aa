"""Evidence handed out: a bundle that anybody can check, under four eyes, as a job.

The first officer proposes an export (`POST /api/v1/approvals`, kind `export`, the action is the
body of the export without `approval`), a second one approves it, and the first begins it. Both
names stand in the custody entry. The bundle is fetched until the node stops.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from detente.evidence import ExportRequest, Ranges, Selection, export_bundle
from detente.http import BadBody, Endpoint, NotFound, Request, Response, any_of
from detente.http.streams import Stream
from detente.record import JsonValue

from .approvals import Approvals
from .context import NodeContext
from .jobs import Job, Jobs, JobView, Progress
from .moments import in_utc

DIRECTORY: Final = "exports"
_CHUNK_BYTES: Final = 256 * 1024
_RANGE: Final = re.compile(r"(0|[1-9][0-9]{0,14})(?:-(0|[1-9][0-9]{0,14}))?")


class ExportBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be shown, and why.

    Attributes:
        purpose: stands in the record.
        approval: id of the approved request for exactly this.
        items: indices with ranges, such as `3-9,12`; without any choice, the whole log.
        channels, kinds: only these; any if empty.
        since, until: created at or after, and before (RFC 3339).
        withhold: SHA-256 of files that are left out.
    """

    purpose: str
    approval: str = ""
    items: str = ""
    channels: list[str] = []
    kinds: list[str] = []
    since: datetime | None = None
    until: datetime | None = None
    withhold: list[str] = []

    def action(self) -> dict[str, JsonValue]:
        """What a second person approves: everything but the approval."""
        plain: dict[str, JsonValue] = msgspec.to_builtins(self)
        del plain["approval"]
        return plain

    def selection(self) -> Selection | None:
        """What it chooses; None for the whole log.

        Raises:
            BadRequest: the ranges are none, or a time has no zone or cannot be.
        """
        for name, moment in (("since", self.since), ("until", self.until)):
            if moment is not None:
                in_utc(moment, name)
        if not (self.items or self.channels or self.kinds or self.since or self.until):
            return None
        return Selection(
            ranges=_ranges(self.items),
            channels=frozenset(self.channels),
            kinds=frozenset(self.kinds),
            since=self.since,
            until=self.until,
        )


def exports_endpoints(
    context: NodeContext,
    approvals: Approvals,
    jobs: Jobs,
    settle: Callable[[int], Awaitable[None]],
) -> list[Endpoint]:
    """Endpoints under /api/v1/record/exports.

    Args:
        settle: has the newest checkpoint cosigned, if that is possible.
    """
    api = _Exports(context, approvals, jobs, settle)
    return [
        Endpoint(
            method="POST",
            path="/api/v1/record/exports",
            handler=api.begin,
            operation_id="exportEvidence",
            summary="Write a bundle that anybody can check (with a second person's approval).",
            responses={202: JobView, 403: None, 404: None, 409: None, 503: None},
            scopes=any_of("record.export step-up"),
            body=ExportBody,
            tags=("record",),
        ),
        Endpoint(
            method="GET",
            path="/api/v1/record/exports/{job}",
            handler=api.fetch,
            operation_id="fetchBundle",
            summary="The bundle that a job has written.",
            responses={200: None, 404: None},
            scopes=any_of("record.export"),
            stream="application/zip",
            tags=("record",),
        ),
    ]


class _Exports:
    def __init__(
        self,
        context: NodeContext,
        approvals: Approvals,
        jobs: Jobs,
        settle: Callable[[int], Awaitable[None]],
    ) -> None:
        self._context = context
        self._approvals = approvals
        self._jobs = jobs
        self._settle = settle
        self._directory = context.home.directory / DIRECTORY

    async def begin(self, request: Request[ExportBody]) -> Response:
        body, caller = request.body, request.caller
        selection = body.selection()  # what cannot be meant uses up no approval
        approval = await self._approvals.consume(caller, body.approval, "export", body.action())
        made = ExportRequest(
            by=tuple(dict.fromkeys((caller.sub, approval.decider))),
            purpose=body.purpose,
            selection=selection,
            withhold=frozenset(body.withhold),
            settle=self._settle,
        )

        async def work(job: Job, progress: Progress) -> dict[str, JsonValue]:
            target = self._target(job.id)
            await asyncio.to_thread(target.parent.mkdir, mode=0o700, exist_ok=True)
            done = await export_bundle(
                self._context.record,
                made,
                target,
                progress,
                clock=self._context.clock,
                random=secrets.token_bytes,
            )
            return {
                "sha256": done.sha256,
                "bytes": done.bytes,
                "export": done.export,
                "custody_index": done.custody_index,
                "size": done.size,
                "scope": done.scope,
                "grade": done.grade,
            }

        return Response(202, self._jobs.begin("export", caller.sub, work).view())

    async def fetch(self, request: Request[None]) -> Stream:
        job = self._jobs.get(request.path["job"])
        if job.kind != "export" or job.state != "done":
            raise NotFound("This job has written no bundle.", where=job.id)
        disposition = f'attachment; filename="evidence-{job.id}.zip"'.encode()
        return Stream(
            200,
            _chunks(self._target(job.id)),
            ((b"content-disposition", disposition),),
            content_type=b"application/zip",
        )

    def _target(self, job: str) -> Path:
        return self._directory / f"{job}.zip"


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while data := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            yield data
    finally:
        file.close()


def sweep_exports(directory: Path) -> None:
    """Remove what an earlier start of the node has written: it is fetched no more."""
    for path in (directory / DIRECTORY).glob("*.zip"):
        path.unlink(missing_ok=True)


def _ranges(text: str) -> Ranges:
    found: list[tuple[int, int]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = _RANGE.fullmatch(part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise BadBody(f"{part[:40]!r} is no index and no range such as 3-9.")
        found.append((int(match[1]), int(match[2] or match[1])))
    return tuple(sorted(found))
