"""A lane: a share of an archive's aircraft, watched from the beginning to the end.

Nothing that is told of one aircraft depends on another, except how near they came to each other;
so aircraft are dealt to lanes by their names, and one lane more, where that is asked, compares all.
Each lane reads the archive for itself (a tenth of its work), waits for nobody, and keeps its own
checkpoints: its state, with the number of reports that made it.
"""

from __future__ import annotations

import fcntl
import gc
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.feeds import ArchiveOptions, Reports

from .archive_events import EventStore
from .archive_files import ArchiveFile
from .archive_order import OrderedArchive
from .archive_outcome import Progress
from .archive_work import (
    Checkpoint,
    LaneOutcome,
    Layout,
    load_checkpoint,
    save_checkpoint,
    work_unusable,
)
from .engine import Engine
from .engine_rules import WatchSetup

Numbers: TypeAlias = npt.NDArray[np.int32]

_COLLECT_EVERY: Final = 500_000
"""Objects, between two looks for cycles among the newest."""


class Dealer:
    """Tells which lane each aircraft belongs to.

    Args:
        lanes: how many there are.
    """

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        self._names: tuple[str, ...] = ()
        self._numbers: Numbers = np.empty(0, dtype=np.int32)

    def lanes(self, names: tuple[str, ...]) -> Numbers:
        """Number of the lane of each name."""
        if names is not self._names:
            known = len(self._names)
            if names[:known] != self._names:
                known = 0
            new = [zlib.crc32(each.encode()) % self._lanes for each in names[known:]]
            tail = np.array(new, dtype=np.int32)
            self._names, self._numbers = names, np.concatenate((self._numbers[:known], tail))
        return self._numbers

    def rows(self, reports: Reports, lane: int) -> Reports:
        """The reports of one lane's aircraft, in their order."""
        if self._lanes == 1:
            return reports
        mine = self.lanes(reports.identities)[reports.aircraft] == lane
        return reports.take(np.flatnonzero(mine))


@dataclass(frozen=True, slots=True)
class Lane:
    """Which lane, and of what.

    Attributes:
        files, options, layout: how the archive is read.
        work: folder in which sorted runs are, and where it keeps its work.
        number: from 0; `of` itself is the one that compares all aircraft.
        of: among how many aircraft are dealt. If that is one, it compares them, too.
        batch_rows: reports in a batch, at most.
        checkpoint_s: working time between checkpoints.
    """

    files: tuple[ArchiveFile, ...]
    options: ArchiveOptions
    layout: Layout
    work: Path
    number: int
    of: int
    batch_rows: int
    checkpoint_s: float

    @property
    def events(self) -> Path:
        """Its file of events."""
        return self.work / f"lane-{self.of}-{self.number}.events"

    @property
    def checkpoint(self) -> Path:
        """Its last checkpoint."""
        return self.work / f"lane-{self.of}-{self.number}.checkpoint"

    def engine(self, setup: WatchSetup) -> Engine:
        """What looks at its reports."""
        if self.of == 1:
            return setup.engine("all")
        return setup.engine("between" if self.number == self.of else "own")

    def dealt(self) -> Callable[[Reports], Reports]:
        """Takes its aircraft's reports out of a batch."""
        if self.number == self.of:
            return lambda batch: batch
        dealer = Dealer(self.of)
        return lambda batch: dealer.rows(batch, self.number)

    def watch(self, setup: WatchSetup, tell: Callable[[Progress], None]) -> LaneOutcome:
        """Go on from the last checkpoint to the end.

        Raises:
            OutOfOrder: the files are not in the order that the layout says.
            DetenteError: a file cannot be read, or its work not be kept.
        """
        try:
            return self._kept(setup, tell)
        except OSError as error:  # those of the archive's files are told by their readers
            raise work_unusable(error, self.work) from None

    def _kept(self, setup: WatchSetup, tell: Callable[[Progress], None]) -> LaneOutcome:
        # Whoever was killed last may not be gone yet.
        with self.checkpoint.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            last = load_checkpoint(self.checkpoint)
            if last is not None and last.outcome is not None:
                return last.outcome
            length = 0 if last is None else last.events_bytes
            with EventStore(self.events, length) as events, _seldom_collected():
                return self._watched(setup, tell, events, last)

    def _watched(
        self,
        setup: WatchSetup,
        tell: Callable[[Progress], None],
        events: EventStore,
        last: Checkpoint | None,
    ) -> LaneOutcome:
        engine, mine = self.engine(setup), self.dealt()
        done, before_s = 0, 0.0
        if last is not None:
            engine.restore(last.engine)
            done, before_s = last.rows, last.took_s
        archive = OrderedArchive(
            self.files, self.options, self.work, self.layout, batch_rows=self.batch_rows
        )
        rows, share = 0, 0.0

        def read(so_far: float) -> None:
            nonlocal share
            share = so_far

        began_s = saved_s = time.monotonic()
        for batch in archive.reports(read):
            skipped = min(len(batch), max(0, done - rows))
            rows += len(batch)
            if skipped < len(batch):
                events.add(
                    engine.take(mine(batch.take(slice(skipped, None)) if skipped else batch))
                )
            tell(Progress(False, share, rows, len(events)))
            now_s = time.monotonic()
            if rows > done and now_s - saved_s >= self.checkpoint_s:
                self._save(events, rows, engine.snapshot(), before_s + now_s - began_s)
                saved_s = time.monotonic()
        events.add(engine.close())
        compares = self.number == self.of
        outcome = LaneOutcome(
            reports=rows,
            written=archive.written,
            taken_out={} if compares else dict(engine.taken_out),
            jumps=b"" if compares else engine.jumps.snapshot(),
            resumed_at=None if last is None else done,
            took_s=before_s + time.monotonic() - began_s,
        )
        self._save(events, rows, b"", outcome.took_s, outcome)
        return outcome

    def _save(
        self,
        events: EventStore,
        rows: int,
        engine: bytes,
        took_s: float,
        outcome: LaneOutcome | None = None,
    ) -> None:
        events.sync()
        kept = Checkpoint(
            rows=rows, engine=engine, events_bytes=events.length, took_s=took_s, outcome=outcome
        )
        save_checkpoint(self.checkpoint, kept)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Cycles of garbage are looked for seldom: there are next to none, and a tenth of the time went
    into looking for them among the figures of events."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
