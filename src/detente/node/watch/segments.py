"""Raw tracks of a running node: every report that was taken, in segments that the record names.

The thread that watches only puts reports down; they are written from the node's own loop, in its
worker threads. What does not fit is given up, and counted in the segment's entry.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from detente.errors import DetenteError
from detente.feeds import Reports, joined
from detente.record import Clock, PartyRecord, Random, uuid7

from .pieces import Pieces
from .segment_entries import lost_draft, segment_draft
from .watch_file import TracksPart
from .watch_status import TracksStatus

LOOK_EVERY_S: Final = 1.0
PIECE_EVERY: Final = timedelta(seconds=5)
"""What a node that is killed loses at most."""
PIECE_ROWS: Final = 500_000
WAITING_ROWS_MAX: Final = 3_000_000
"""Reports that may wait to be written: 30 s at 100,000 a second, some 300 MB."""
SEGMENT_BYTES_MAX: Final = 200 << 20
"""Files of entries have at most 256 MiB."""

_log = logging.getLogger("detente.node.watch")


class Segments:
    """Keeps all reports.

    Args:
        record: where segments are recorded.
        directory: of the node.
        rules: when a segment ends.
        clock: the wall clock.
        random: for ids.
    """

    def __init__(
        self,
        record: PartyRecord,
        directory: Path,
        rules: TracksPart,
        clock: Clock,
        random: Random,
        *,
        waiting_rows_max: int = WAITING_ROWS_MAX,
    ) -> None:
        self._record = record
        self._pieces = Pieces(directory)
        self._rules = rules
        self._clock = clock
        self._random = random
        self._waiting_max = waiting_rows_max
        self._lock = threading.Lock()
        self._waiting: list[Reports] = []
        self._waiting_rows = 0
        self._shed_now = 0
        self._shed = 0
        self._segment: UUID | None = None
        self._began = datetime.min.replace(tzinfo=UTC)
        self._written = self._began
        self._numbers = self._rows = self._bytes = 0
        self._ended: dict[UUID, tuple[int, bool]] = {}
        self._sealed = 0
        self._trouble = ""

    def take(self, reports: Reports) -> None:
        """Put reports down; called on the thread that watches, and never waits for a disk."""
        with self._lock:
            if self._waiting_rows + len(reports) > self._waiting_max:
                self._shed_now += len(reports)
                self._shed += len(reports)
                return
            self._waiting.append(reports)
            self._waiting_rows += len(reports)

    def status(self) -> TracksStatus:
        """How it is; may be asked from any thread."""
        return TracksStatus(
            segments=self._sealed,
            rows=self._rows,
            waiting=self._waiting_rows,
            shed=self._shed,
            trouble=self._trouble,
        )

    async def start(self) -> None:
        """Take up what was begun before the node ended; it is recorded with the next look."""
        for each in await asyncio.to_thread(self._pieces.begun):
            self._ended.setdefault(each, (0, True))

    async def run(self) -> None:
        """Write and record, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def close(self) -> None:
        """Write and record what is there: nothing is left to be recovered, if all goes well."""
        await self.look(ending=True)

    async def look(self, *, ending: bool = False) -> None:
        """Write what waits, if it is time, and record segments that have ended."""
        self._trouble = ""
        try:
            await self._write(ending=ending)
        except OSError as error:
            self._failed(f"raw tracks cannot be written: {error}")
        if self._segment is not None and (ending or self._full()):
            with self._lock:
                shed, self._shed_now = self._shed_now, 0
            self._ended[self._segment] = (shed, False)
            self._segment, self._rows, self._bytes = None, 0, 0
        for segment, (shed, recovered) in list(self._ended.items()):
            try:
                await self._seal(segment, shed, recovered=recovered)
            except (OSError, DetenteError) as error:
                self._failed(f"a segment of raw tracks waits: {error}")
                return
            del self._ended[segment]

    async def _write(self, *, ending: bool) -> None:
        now = self._clock()
        if not self._waiting_rows:
            return
        if self._segment is None:
            segment = uuid7(int(now.timestamp() * 1000), self._random(10))
            await asyncio.to_thread(self._pieces.begin, segment)
            self._segment, self._began, self._written, self._numbers = segment, now, now, 0
        every = min(PIECE_EVERY, timedelta(seconds=self._rules.segment_s))
        due = not timedelta() <= now - self._written < every  # nor while a clock is set back
        if not (ending or due or self._waiting_rows >= self._piece_rows):
            return
        batches = self._drained()
        reports = await asyncio.to_thread(joined, batches)
        self._written = now
        try:
            size = await asyncio.to_thread(
                self._pieces.write, self._segment, self._numbers, reports
            )
        except OSError:
            with self._lock:  # they wait again, as long as there is room
                self._waiting.insert(0, reports)
                self._waiting_rows += len(reports)
            raise
        self._numbers += 1
        self._rows += len(reports)
        self._bytes += size

    @property
    def _piece_rows(self) -> int:
        return min(PIECE_ROWS, self._rules.segment_rows)

    def _drained(self) -> Sequence[Reports]:
        with self._lock:
            batches, self._waiting, self._waiting_rows = self._waiting, [], 0
        return batches

    def _full(self) -> bool:
        lasted = self._clock() - self._began
        return (
            self._rows >= self._rules.segment_rows
            or self._bytes >= SEGMENT_BYTES_MAX
            or not timedelta() <= lasted < timedelta(seconds=self._rules.segment_s)
        )

    async def _seal(self, segment: UUID, shed: int, *, recovered: bool) -> None:
        # Its entry has the same id: whoever ended in between does not record it twice.
        if not await self._recorded(segment):
            sealed = await asyncio.to_thread(self._pieces.seal, segment, self._record.blobs)
            if sealed is None:
                since = datetime.fromtimestamp((segment.int >> 80) / 1000, UTC)
                draft = lost_draft(since, identity=segment, shed=shed)
            else:
                draft = segment_draft(sealed, identity=segment, shed=shed, recovered=recovered)
            await self._record.append([(draft, None)])
            self._sealed += sealed is not None
        await asyncio.to_thread(self._pieces.forget, segment)

    async def _recorded(self, segment: UUID) -> bool:
        return await self._record.by_id(str(segment)) is not None

    def _failed(self, trouble: str) -> None:
        self._trouble = trouble
        _log.warning("%s", trouble)
