"""A run that is ended by SIGKILL goes on where it was, and finds the same."""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import os
import signal
from pathlib import Path

import pytest
from tests.support.archives_made import SETUP, at_once, in_time, wandering, written

from detente.feeds import ArchiveOptions
from detente.watch import (
    ArchiveRun,
    EventStore,
    LaneLost,
    Outcome,
    Progress,
    WorkFolder,
    archive_files,
)

BATCH_ROWS = 50


def run(path: Path, base: Path, end_after: int | None = None, jobs: int = 1) -> Outcome:
    batches = 0

    def tell(progress: Progress) -> None:
        nonlocal batches
        batches += 1
        if batches == end_after:
            os.kill(os.getpid(), signal.SIGKILL)

    with WorkFolder(base, "k") as work:
        return ArchiveRun(
            archive_files([path]),
            ArchiveOptions(),
            SETUP,
            work,
            jobs=jobs,
            lanes=2,
            tell=tell,
            checkpoint_s=0.0,
            batch_rows=BATCH_ROWS,
        ).watch()


@pytest.mark.parametrize("ends", [[5], [3, 4, 9]])
def test_it_goes_on(tmp_path: Path, ends: list[int]) -> None:
    whole = in_time(wandering(7, 6, 120))
    path = written(tmp_path / "a.parquet", whole)
    spawned = multiprocessing.get_context("forkserver")
    for end in ends:
        process = spawned.Process(target=run, args=(path, tmp_path, end))
        process.start()
        process.join(300)
        assert process.exitcode == -signal.SIGKILL
    outcome = run(path, tmp_path)
    # It was killed between a batch and its checkpoint: that batch alone is watched again.
    assert outcome.resumed_at == (ends[-1] - 1) * BATCH_ROWS
    assert outcome.lanes == 2
    with WorkFolder(tmp_path, "k") as work, EventStore(work.events, None) as events:
        assert list(events) == at_once(whole)


def test_processes_that_lose_their_parent_end_and_another_run_goes_on(tmp_path: Path) -> None:
    whole = in_time(wandering(8, 6, 120))
    path = written(tmp_path / "a.parquet", whole)
    process = multiprocessing.get_context("forkserver").Process(
        target=run, args=(path, tmp_path, 3, 2)
    )
    process.start()
    process.join(300)
    assert process.exitcode == -signal.SIGKILL
    assert run(path, tmp_path, jobs=2).reports == len(whole)
    with WorkFolder(tmp_path, "k") as work, EventStore(work.events, None) as events:
        assert list(events) == at_once(whole)


def test_a_lane_that_is_lost_is_told_and_not_waited_for(tmp_path: Path) -> None:
    # More batches than a pipe has room to tell of: neither lane has ended at the first telling.
    path = written(tmp_path / "a.parquet", in_time(wandering(8, 6, 1200)))
    others = set(multiprocessing.active_children())

    def lanes() -> set[multiprocessing.process.BaseProcess]:
        return set(multiprocessing.active_children()) - others

    killed = False

    def tell(progress: Progress) -> None:
        nonlocal killed
        if not killed:
            killed = True
            lanes().pop().kill()

    with WorkFolder(tmp_path, "k") as work, pytest.raises(LaneLost, match="-9"):
        ArchiveRun(
            archive_files([path]),
            ArchiveOptions(),
            SETUP,
            work,
            jobs=2,
            tell=tell,
            batch_rows=4,
        ).watch()
    assert not lanes()
