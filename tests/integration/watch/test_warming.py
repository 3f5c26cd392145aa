"""Nobody waits for a compiler once everything was made ready."""

from __future__ import annotations

import gc
import multiprocessing
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from numba.core.dispatcher import Dispatcher
from tests.support.archives_made import SETUP, in_time, wandering, written

from detente import feeds, watch
from detente.watch import ArchiveRun, CrossingRules, SeparationRules, WorkFolder, archive_files


def compiled() -> dict[str, int]:
    """How many forms there are of each kernel, in this process."""
    kernels = [each for each in gc.get_objects() if isinstance(each, Dispatcher)]
    return {
        f"{each.py_func.__module__}.{each.py_func.__qualname__}": len(each.overloads)
        for each in kernels
    }


def watches(path: Path, work: Path, there: Connection) -> None:
    """Tell what an archive run adds to what was made ready."""
    feeds.warm_up()
    watch.warm_up()
    before = compiled()
    setup = replace(
        SETUP,
        crossing=CrossingRules(look_ahead_s=60.0),
        separation=SeparationRules(unknown_party=True),
    )
    with WorkFolder(work, "k") as folder:
        outcome = ArchiveRun(
            archive_files([path]), feeds.ArchiveOptions(), setup, folder, jobs=1
        ).watch()
    there.send((outcome.reports, before, compiled()))


def test_a_run_finds_every_kernel_ready(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", in_time(wandering(3, 8, 120)))
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe(duplex=False)
    process = spawning.Process(target=watches, args=(path, tmp_path, there))
    process.start()
    there.close()
    reports, before, after = here.recv()
    process.join()
    assert reports == 8 * 120
    assert sum(before.values()) > 50
    added = {name for name, forms in after.items() if forms > before.get(name, 0)}
    assert added == set()
