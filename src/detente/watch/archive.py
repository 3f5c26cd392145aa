"""A run over an archive: every monitor over files of any size, on all cores, to be killed at will.

The archive is read once, in the order of time, and each batch is dealt to lanes (`archive_lanes`),
one for each core. Every so often all lanes are waited for, and their states, with the number of
reports that made them, are kept as a checkpoint; a run that was killed goes on from its last one.
What comes out depends neither on the number of lanes, nor on the batches, nor on interruptions.

Memory: for each lane two batches of a million reports (130 bytes each), one that is read, the
boundaries' index, 0.5 kB for each aircraft and 0.2 kB for each event.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from msgspec.structs import replace

from detente.feeds import ArchiveOptions

from .archive_events import EventStore
from .archive_files import ArchiveFile, ArchiveUnreadable
from .archive_lanes import Lanes
from .archive_merge import OutOfOrder
from .archive_order import BATCH_ROWS, OrderedArchive, look_through
from .archive_outcome import Outcome, Progress
from .archive_work import Checkpoint, Layout, WorkFolder
from .engine_rules import WatchSetup
from .events import Event
from .interference import Jumps, annotated

CHECKPOINT_S: Final = 20.0
"""Working time between checkpoints: what a killed run loses at most."""
_AT_ONCE: Final = 10_000


class ArchiveRun:
    """Watches an archive.

    Args:
        files: of the archive.
        options: how they are read.
        setup: what is watched.
        work: where work in progress is kept.
        jobs: lanes, unless an earlier run has chosen another number.
        tell: called after every batch.
        checkpoint_s: working time between checkpoints.
        batch_rows: reports in a batch, at most.
    """

    def __init__(
        self,
        files: Sequence[ArchiveFile],
        options: ArchiveOptions,
        setup: WatchSetup,
        work: WorkFolder,
        *,
        jobs: int = 1,
        tell: Callable[[Progress], None] = lambda progress: None,
        checkpoint_s: float = CHECKPOINT_S,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._files = files
        self._options = options
        self._setup = setup
        self._work = work
        self._jobs = jobs
        self._tell = tell
        self._checkpoint_s = checkpoint_s
        self._batch_rows = batch_rows
        self._share = 0.0

    def watch(self) -> Outcome:
        """Run to the end; the events are then in the work folder's file.

        Raises:
            DetenteError: a file cannot be read, or the work folder not be written.
        """
        last = self._work.checkpoint()
        if last is not None and last.outcome is not None:
            return replace(last.outcome, resumed_at=last.rows)
        with _digested(self._files) as digests:
            layout = self._work.layout()
            try:
                return self._watched(layout or Layout(), last, digests)
            except OutOfOrder:
                if layout is not None:
                    raise ArchiveUnreadable(
                        "The files were changed while they were read.",
                        where=str(self._work.path),
                        advice="Run again when nothing writes to them.",
                    ) from None
            return self._watched(self.look_through(), None, digests)

    def look_through(self) -> Layout:
        """Find the order of files that are not in the order of time; see `archive_order`."""
        layout = look_through(self._files, self._options, self._work, self._looked)
        self._work.lay_out(layout)
        return layout

    def _watched(
        self, layout: Layout, last: Checkpoint | None, digests: Sequence[Future[str]]
    ) -> Outcome:
        own = self._jobs if last is None else last.own
        archive = OrderedArchive(
            self._files, self._options, self._work.path, layout, batch_rows=self._batch_rows
        )
        with (
            EventStore(self._work.events, 0 if last is None else last.events_bytes) as events,
            self._lanes(own) as lanes,
        ):
            done, before_s = 0, 0.0
            if last is not None:
                lanes.restore(last.lanes)
                done, before_s = last.rows, last.took_s
            rows, began_s = 0, time.monotonic()
            saved_s = began_s
            for batch in archive.reports(self._read):
                skipped = min(len(batch), max(0, done - rows))
                rows += len(batch)
                if skipped < len(batch):
                    lanes.take(batch.take(slice(skipped, None)) if skipped else batch)
                self._tell(Progress(False, self._share, rows, len(events)))
                now_s = time.monotonic()
                if rows > done and now_s - saved_s >= self._checkpoint_s:
                    self._save(lanes, events, rows, own, before_s + now_s - began_s)
                    saved_s = time.monotonic()
            events.add(lanes.close())
            call_into_question(events, lanes.jumps)
            outcome = Outcome(
                reports=rows,
                messages=archive.written.messages,
                dropped=archive.written.dropped,
                assumptions=archive.written.assumptions,
                taken_out=dict(lanes.taken_out),
                digests=tuple(each.result() for each in digests),
                in_order=not layout.files,
                resumed_at=None if last is None else done,
                took_s=before_s + time.monotonic() - began_s,
                lanes=own,
            )
            self._save(lanes, events, rows, own, outcome.took_s, outcome)
            return outcome

    def _lanes(self, own: int) -> Lanes:
        between = None if self._setup.separation is None else self._setup.engine("between")
        return Lanes([self._setup.engine("own") for _ in range(own)], between)

    def _save(
        self,
        lanes: Lanes,
        events: EventStore,
        rows: int,
        own: int,
        took_s: float,
        outcome: Outcome | None = None,
    ) -> None:
        events.add(lanes.settle())
        events.sync()
        self._work.save(
            Checkpoint(
                rows=rows,
                own=own,
                lanes=() if outcome is not None else lanes.snapshot(),
                events_bytes=events.length,
                took_s=took_s,
                outcome=outcome,
            )
        )

    def _looked(self, share: float) -> None:
        self._tell(Progress(True, share, 0, 0))

    def _read(self, share: float) -> None:
        self._share = share


def call_into_question(events: EventStore, jumps: Jumps) -> None:
    """Grade events anew that are near places where many aircraft jumped at once.

    See `annotated`; it needs the jumps of all aircraft, so it comes last.
    """
    if not len(jumps):
        return
    changed: list[Event] = []
    for some in events.some(_AT_ONCE):
        judged = annotated(some, jumps)
        changed += [new for old, new in zip(some, judged, strict=True) if new is not old]
    events.add(changed)


@contextmanager
def _digested(files: Sequence[ArchiveFile]) -> Iterator[Sequence[Future[str]]]:
    """The files' hashes, in the making; whoever leaves early does not wait for them."""
    leaving = threading.Event()
    with ThreadPoolExecutor(1) as aside:
        try:
            yield [aside.submit(each.digest, leaving.is_set) for each in files]
        finally:
            leaving.set()
