"""A run over an archive: every monitor over files of any size, on all cores, to be killed at will.

The archive is read in the order of time (`archive_order`) by lanes (`archive_lanes`), one for each
core, among which aircraft are dealt; at the end their events are put together. A run that was
killed goes on from the last checkpoint of each lane. What comes out depends neither on the number
of lanes, nor on the batches, nor on interruptions.

Memory of each lane: some batches of 524,288 reports (130 bytes each), the boundaries' index, 0.5 kB
for each aircraft and 0.2 kB for each event.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Final

import msgspec

from detente.feeds import ArchiveOptions

from .archive_events import EventStore
from .archive_files import ArchiveFile, ArchiveUnreadable
from .archive_lanes import Lane
from .archive_merge import OutOfOrder
from .archive_order import BATCH_ROWS, look_through
from .archive_outcome import Outcome, Progress
from .archive_processes import in_processes
from .archive_work import LaneOutcome, Layout, WorkFolder
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
        jobs: processes; if it is one, no other is begun.
        lanes: among how many aircraft are dealt; as many as processes if it is not given. What an
            earlier run has chosen stands.
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
        lanes: int | None = None,
        tell: Callable[[Progress], None] = lambda progress: None,
        checkpoint_s: float = CHECKPOINT_S,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._files = files
        self._options = options
        self._setup = setup
        self._work = work
        self._jobs = jobs
        self._lanes = lanes or jobs
        self._tell = tell
        self._checkpoint_s = checkpoint_s
        self._batch_rows = batch_rows

    def watch(self) -> Outcome:
        """Run to the end; the events are then in the work folder's file.

        Raises:
            DetenteError: a file cannot be read or was changed meanwhile, or the work folder not be
                written.
        """
        outcome = self._work.outcome()
        if outcome is not None:
            return msgspec.structs.replace(outcome, resumed_at=outcome.reports)
        began_s = time.monotonic()
        with _digested(self._files) as digests:
            layout = self._work.layout()
            try:
                outcome = self._watched(layout or Layout())
            except OutOfOrder:
                if layout is not None:
                    raise ArchiveUnreadable(
                        "The files were changed while they were read.",
                        where=str(self._work.path),
                        advice="Run again when nothing writes to them.",
                    ) from None
                outcome = self._watched(self.look_through())
            before_s = outcome.took_s if outcome.resumed_at is not None else 0.0
            outcome = msgspec.structs.replace(
                outcome,
                digests=tuple(each.result() for each in digests),
                took_s=max(before_s, time.monotonic() - began_s),
            )
        # Something may have been read before it was changed, and something after.
        for each in self._files:
            each.same()
        self._work.finish(outcome)
        return outcome

    def look_through(self) -> Layout:
        """Find the order of files that are not in the order of time; see `archive_order`."""
        layout = look_through(self._files, self._options, self._work, self._looked)
        self._work.lay_out(layout)
        return layout

    def _watched(self, layout: Layout) -> Outcome:
        of = self._work.pieces() or self._lanes
        self._work.cut(of)
        compares = of > 1 and self._setup.separation is not None
        lanes = [
            Lane(
                tuple(self._files),
                dataclasses.replace(self._options, columns=dict(self._options.columns)),
                layout,
                self._work.path,
                number,
                of,
                self._batch_rows,
                self._checkpoint_s,
            )
            for number in range(of + compares)
        ]
        told = _Together(len(lanes), self._tell)
        if self._jobs == 1:
            done = [
                lane.watch(self._setup, partial(told.tell, number))
                for number, lane in enumerate(lanes)
            ]
        else:
            done = in_processes(lanes, self._setup, told.tell)
        try:
            return self._together(lanes, done, layout)
        except OSError as error:
            raise self._work.unusable(error) from None

    def _together(
        self, lanes: Sequence[Lane], done: Sequence[LaneOutcome], layout: Layout
    ) -> Outcome:
        jumps = Jumps()
        taken_out: Counter[str] = Counter()
        with EventStore(self._work.events) as events:
            for lane, each in zip(lanes, done, strict=True):
                with EventStore(lane.events, None) as its:
                    events.add_all(its)
                if each.jumps:
                    jumps = jumps.merged(Jumps.restored(each.jumps))
                taken_out.update(each.taken_out)
            call_into_question(events, jumps)
            events.sync()
        first = done[0]
        resumed = [each.resumed_at for each in done if each.resumed_at is not None]
        return Outcome(
            reports=first.reports,
            messages=first.written.messages,
            dropped=first.written.dropped,
            assumptions=first.written.assumptions,
            taken_out=dict(taken_out),
            in_order=not layout.files,
            resumed_at=min(resumed, default=None),
            took_s=max(each.took_s for each in done),
            lanes=lanes[0].of,
        )

    def _looked(self, share: float) -> None:
        self._tell(Progress(True, share, 0, 0))


class _Together:
    """How far all lanes have come, of what each tells."""

    def __init__(self, lanes: int, tell: Callable[[Progress], None]) -> None:
        self._lanes: list[Progress] = [Progress(False, 0.0, 0, 0)] * lanes
        self._tell = tell

    def tell(self, number: int, progress: Progress) -> None:
        self._lanes[number] = progress
        self._tell(
            Progress(
                False,
                sum(each.share for each in self._lanes) / len(self._lanes),
                min(each.reports for each in self._lanes),
                sum(each.events for each in self._lanes),
            )
        )


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
