"""The files of an archive, and the folder where a run keeps its work."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.support.archives_made import SETUP, at_once, in_time, wandering, written
from tests.support.full_disks import room_for

from detente.errors import DetenteError
from detente.feeds import ArchiveOptions
from detente.watch import (
    ArchiveRun,
    ArchiveUnreadable,
    EventStore,
    Progress,
    WorkFolder,
    WorkUnusable,
    archive_files,
    run_key,
)
from detente.watch.archive_work import Checkpoint, load_checkpoint, save_checkpoint


def file(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # whoever opens it to read gets something and its end
    writer = threading.Thread(target=pipe.write_bytes, args=(b"x",))
    writer.start()
    try:
        with pytest.raises(ArchiveUnreadable, match="not a file"):
            archive_files([pipe])
    finally:
        end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        writer.join()
        os.close(end)


def test_folders_give_their_visible_files_once(tmp_path: Path) -> None:
    b, a = file(tmp_path / "b.csv"), file(tmp_path / "in" / "a.csv")
    file(tmp_path / ".hidden" / "c.csv")
    file(tmp_path / "a.csv.sha256")
    found = archive_files([tmp_path, a])
    assert [each.path for each in found] == [str(b), str(a)]


@pytest.mark.parametrize("name", ["missing.csv", "empty"])
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveUnreadable) as caught:
        archive_files([tmp_path / name])
    assert caught.value.where == str(tmp_path / name)


def test_a_changed_file_is_another_one(tmp_path: Path) -> None:
    path = file(tmp_path / "a.csv", b"x" * 3_000_000)
    (found,) = archive_files([path])
    found.same()
    os.utime(path, ns=(found.modified_ns, found.modified_ns + 1))
    with pytest.raises(ArchiveUnreadable):
        found.same()


def test_the_hash_is_of_all_of_it(tmp_path: Path) -> None:
    data = os.urandom(9_000_000)
    (found,) = archive_files([file(tmp_path / "a", data)])
    assert found.digest() == hashlib.sha256(data).hexdigest()


def test_another_question_has_another_folder(tmp_path: Path) -> None:
    files = archive_files([file(tmp_path / "a.csv")])
    assert run_key(files, b"one") == run_key(files, b"one")
    assert run_key(files, b"one") != run_key(files, b"two")
    assert run_key((), b"one") != run_key(files, b"one")


def test_two_runs_do_not_share_their_work(tmp_path: Path) -> None:
    with WorkFolder(tmp_path, "k"), pytest.raises(WorkUnusable):
        WorkFolder(tmp_path, "k")
    with WorkFolder(tmp_path, "k"):
        pass


def test_a_damaged_checkpoint_is_none(tmp_path: Path) -> None:
    kept = Checkpoint(rows=5, engine=b"x", events_bytes=0, took_s=1.0)
    path = tmp_path / "lane"
    assert load_checkpoint(path) is None
    save_checkpoint(path, kept)
    assert load_checkpoint(path) == kept
    path.write_bytes(b"\x93garbage")
    assert load_checkpoint(path) is None


def test_fresh_work_forgets_what_was_done(tmp_path: Path) -> None:
    with WorkFolder(tmp_path, "k") as work:
        work.cut(3)
        work.keep_piece("1-0", b"done")
    with WorkFolder(tmp_path, "k", fresh=True) as work:
        assert work.pieces() is None
        assert work.piece("1-0") is None


def test_no_room_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WorkUnusable) as caught:
        WorkFolder(tmp_path / "file", "k")
    assert "--work" in str(caught.value.advice)


def test_of_events_with_the_same_id_the_last_counts(tmp_path: Path) -> None:
    first, second = at_once(in_time(wandering(1, 4, 60)))[:2]
    changed = type(first)(
        **{**{f: getattr(first, f) for f in first.__struct_fields__}, "reports": 0}
    )
    with EventStore(tmp_path / "events") as events:
        events.add([second, first, changed])
        events.sync()
        assert list(events) == [changed, second]
        assert len(events) == 2
    with EventStore(tmp_path / "events", None) as events:
        assert list(events) == [changed, second]


def test_what_was_written_after_the_checkpoint_is_forgotten(tmp_path: Path) -> None:
    first, second = at_once(in_time(wandering(1, 4, 60)))[:2]
    with EventStore(tmp_path / "events") as events:
        events.add([first])
        length = events.length
        events.add([second])
    with (tmp_path / "events").open("ab") as torn:
        torn.write(b"\xff\xff")
    with EventStore(tmp_path / "events", length) as events:
        assert list(events) == [first]
        events.add([second])
        assert list(events) == [first, second]


def test_of_what_another_store_keeps_the_last_counts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detente.watch.archive_events._COPIED", 100)
    first, second, third = at_once(in_time(wandering(1, 4, 60)))[:3]
    later = msgspec.structs.replace(first, callsign="LATER")
    last = msgspec.structs.replace(second, callsign="LAST")
    with EventStore(tmp_path / "one") as one, EventStore(tmp_path / "two") as two:
        one.add([first, second])
        two.add([last, first, later])
        one.add_all(two)
        one.add([third])
        assert list(one) == sorted([later, last, third], key=lambda e: (e.began_us, e.id))
        assert one.length == (tmp_path / "one").stat().st_size
    with EventStore(tmp_path / "one", None) as again:
        assert [each.id for each in again] == [
            each.id for each in sorted([first, second, third], key=lambda e: (e.began_us, e.id))
        ]


def test_a_file_that_changes_while_it_is_watched_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", in_time(wandering(3, 2, 60)))
    files = archive_files([path])

    def tell(progress: Progress) -> None:
        os.utime(path, ns=(0, 0))

    with WorkFolder(tmp_path / "work", "k") as work:
        with pytest.raises(ArchiveUnreadable, match="not the one that it was"):
            ArchiveRun(files, ArchiveOptions(), SETUP, work, tell=tell).watch()
        assert work.outcome() is None


def test_a_disk_full_of_events_or_sorted_reports_is_told(tmp_path: Path) -> None:
    reports = in_time(wandering(3, 4, 200))
    backwards = written(tmp_path / "a.parquet", reports.take(np.arange(len(reports))[::-1]))
    for number, path in enumerate([backwards, written(tmp_path / "b.parquet", reports)]):
        with WorkFolder(tmp_path / f"work{number}", "k") as work, room_for(512):
            run = ArchiveRun(archive_files([path]), ArchiveOptions(), SETUP, work)
            with pytest.raises(WorkUnusable):
                run.watch()


def test_a_file_that_vanishes_before_its_turn_is_told(tmp_path: Path) -> None:
    reports = in_time(wandering(3, 2, 60))
    first = written(tmp_path / "a.parquet", reports.take(np.arange(60)))
    second = written(tmp_path / "b.parquet", reports.take(np.arange(60, len(reports))))
    files = archive_files([first, second])

    def tell(progress: Progress) -> None:
        second.unlink(missing_ok=True)

    with WorkFolder(tmp_path / "work", "k") as work:
        run = ArchiveRun(files, ArchiveOptions(), SETUP, work, tell=tell, batch_rows=10)
        with pytest.raises(DetenteError, match=r"cannot be read") as caught:
            run.watch()
    assert caught.value.where == str(second)
