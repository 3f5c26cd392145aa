"""The same archive on a Dask cluster: same events, pieces kept, faults that people understand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.archives_made import SETUP, at_once, in_time, wandering, written

from detente.feeds import ArchiveOptions, joined
from detente.watch import (
    ClusterRun,
    Event,
    EventStore,
    Outcome,
    SeparationRules,
    WatchSetup,
    WorkersUnusable,
    WorkFolder,
    archive_files,
)
from detente.watch.workers import Piece, watch_piece

COMPARED = WatchSetup(
    boundaries=SETUP.boundaries,
    crossing=SETUP.crossing,
    separation=SeparationRules(step_s=5.0, horizontal_m=2000.0, unknown_party=True),
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0"
    ) as started:
        yield started


def run(
    cluster: Any, paths: list[Path], base: Path, setup: WatchSetup = COMPARED
) -> tuple[list[Event], Outcome]:
    with WorkFolder(base, "k") as work:
        address = cluster.scheduler_address
        outcome = ClusterRun(address, archive_files(paths), ArchiveOptions(), setup, work).watch()
        with EventStore(work.events, None) as events:
            return list(events), outcome


def test_the_cluster_finds_what_one_engine_finds(cluster: Any, tmp_path: Path) -> None:
    whole = in_time(wandering(5, 6, 80))
    found, outcome = run(cluster, [written(tmp_path / "a.parquet", whole)], tmp_path)
    assert found == at_once(whole, COMPARED.engine())
    assert outcome.reports == len(whole)
    assert outcome.lanes == 2
    assert outcome.resumed_at is None


def test_files_out_of_order_are_sorted_first(cluster: Any, tmp_path: Path) -> None:
    tracks = wandering(6, 5, 60)
    path = written(tmp_path / "a.parquet", joined(tracks))
    found, outcome = run(cluster, [path], tmp_path, SETUP)
    assert found == at_once(in_time(tracks))
    assert not outcome.in_order


def test_finished_pieces_are_not_done_again(cluster: Any, tmp_path: Path) -> None:
    whole = in_time(wandering(5, 6, 80))
    path = written(tmp_path / "a.parquet", whole)
    found, _ = run(cluster, [path], tmp_path)
    (tmp_path / "k" / "outcome").unlink()
    (tmp_path / "k" / "piece-2-1").unlink()
    again, outcome = run(cluster, [path], tmp_path)
    assert again == found
    assert outcome.resumed_at == len(whole) * 2 // 3


def test_nobody_at_the_address_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detente.watch.workers._CONNECT_S", 0.2)
    path = written(tmp_path / "a.parquet", in_time(wandering(5, 1, 5)))
    with WorkFolder(tmp_path, "k") as work, pytest.raises(WorkersUnusable) as caught:
        ClusterRun(
            "tcp://127.0.0.1:9", archive_files([path]), ArchiveOptions(), SETUP, work
        ).watch()
    assert caught.value.where == "tcp://127.0.0.1:9"


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", in_time(wandering(5, 1, 5)))
    with WorkFolder(tmp_path, "k") as work:
        layout = work.layout()
        assert layout is None
        from detente.watch import Layout

        piece = Piece(
            archive_files([path]), ArchiveOptions(columns={}), Layout(), work.path, 0, 1, "0.0.0"
        )
        with pytest.raises(WorkersUnusable, match=r"0\.0\.0"):
            watch_piece(piece, SETUP)
