"""A run over an archive finds what one engine finds in all reports at once, however it is done."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.archives_made import CLAIMS, SETUP, at_once, in_time, wandering, written

from detente.feeds import ArchiveOptions, joined
from detente.watch import (
    ArchiveRun,
    CrossingRules,
    Declarations,
    Event,
    EventStore,
    Outcome,
    Progress,
    SeparationRules,
    WatchSetup,
    WorkFolder,
    archive_files,
)

COMPARED = WatchSetup(
    boundaries=CLAIMS,
    crossing=CrossingRules(look_ahead_s=0.0, provisional=False),
    separation=SeparationRules(step_s=5.0, horizontal_m=2000.0, unknown_party=True),
    declarations=Declarations(),
)


class Killed(Exception):
    """The run ends here."""


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def run(
    paths: list[Path],
    base: Path,
    *,
    setup: WatchSetup = SETUP,
    lanes: int = 1,
    jobs: int = 1,
    batch_rows: int = 100,
    end_after: int | None = None,
) -> tuple[list[Event], Outcome]:
    """Run, or be killed after so many batches; every batch has its checkpoint."""
    batches = 0

    def tell(progress: Progress) -> None:
        nonlocal batches
        batches += not progress.looking
        if end_after is not None and batches > end_after:
            raise Killed

    with WorkFolder(base, "k") as work:
        outcome = ArchiveRun(
            archive_files(paths),
            ArchiveOptions(),
            setup,
            work,
            jobs=jobs,
            lanes=lanes,
            tell=tell,
            checkpoint_s=0.0,
            batch_rows=batch_rows,
        ).watch()
        with EventStore(work.events, None) as events:
            return list(events), outcome


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    lanes=st.integers(1, 4),
    batch_rows=st.sampled_from([7, 50, 100_000]),
)
def test_lanes_and_batches_do_not_matter(seed: int, lanes: int, batch_rows: int) -> None:
    whole = in_time(wandering(seed, 5, 60))
    with folder() as base:
        path = written(base / "a.parquet", whole)
        found, outcome = run([path], base, lanes=lanes, batch_rows=batch_rows)
    assert found == at_once(whole)
    assert outcome.reports == len(whole)
    assert outcome.lanes == lanes
    assert outcome.in_order


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), files=st.integers(1, 4), data=st.data())
def test_the_order_of_files_and_rows_does_not_matter(
    seed: int, files: int, data: st.DataObject
) -> None:
    tracks = wandering(seed, 5, 40)
    whole = joined(tracks)
    place = data.draw(st.lists(st.integers(0, files - 1), min_size=len(whole), max_size=len(whole)))
    mixed = np.array(data.draw(st.permutations(range(len(whole)))))
    with folder() as base:
        paths = []
        for number in range(files):
            rows = mixed[np.array(place)[mixed] == number]
            paths.append(written(base / f"{number}.parquet", whole.take(rows)))
        found, outcome = run(paths, base, lanes=2)
    assert found == at_once(in_time(tracks))
    assert outcome.reports == len(whole)
    assert not outcome.in_order


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    ends=st.lists(st.integers(1, 9), max_size=4),
    lanes=st.integers(1, 3),
)
def test_a_killed_run_goes_on(seed: int, ends: list[int], lanes: int) -> None:
    whole = in_time(wandering(seed, 4, 60))
    with folder() as base:
        paths = [written(base / "a.parquet", whole)]
        once, _ = run(paths, base / "other", setup=COMPARED)
        for end in ends:
            with pytest.raises(Killed):
                run(paths, base, setup=COMPARED, lanes=lanes, batch_rows=20, end_after=end)
        found, outcome = run(paths, base, setup=COMPARED, batch_rows=20)
    assert found == once
    assert (outcome.resumed_at is not None) == bool(ends)
    assert outcome.lanes == (lanes if ends else 1)


def test_everybody_sees_everybody_in_the_lane_that_compares(tmp_path: Path) -> None:
    whole = in_time(wandering(3, 8, 80))
    path = written(tmp_path / "a.parquet", whole)
    alone, _ = run([path], tmp_path / "1", setup=COMPARED)
    many, _ = run([path], tmp_path / "3", setup=COMPARED, lanes=3, batch_rows=33)
    assert many == alone == at_once(whole, COMPARED.engine())
    assert any(each.other for each in alone)


def test_a_finished_run_is_not_done_again(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", in_time(wandering(1, 3, 30)))
    found, first = run([path], tmp_path)
    again, second = run([path], tmp_path, end_after=0)
    assert again == found
    assert second.resumed_at == first.reports


def test_files_one_after_another_are_read_as_they_stand(tmp_path: Path) -> None:
    whole = in_time(wandering(2, 4, 50))
    half = len(whole) // 2
    paths = [
        written(tmp_path / "a.parquet", whole.take(slice(half))),
        written(tmp_path / "b.parquet", whole.take(slice(half, None))),
    ]
    found, outcome = run(paths, tmp_path)
    assert outcome.in_order
    assert found == at_once(whole)
    turned, sorted_outcome = run(paths[::-1], tmp_path / "other")
    assert not sorted_outcome.in_order
    assert turned == found


def test_no_report_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("timestamp_s,icao24,latitude,longitude\n")
    found, outcome = run([path], tmp_path)
    assert found == []
    assert outcome.reports == 0
