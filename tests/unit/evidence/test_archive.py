"""The zip file with one spelling."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.evidence import ExportFailed, ExportRefused
from detente.evidence import archive as archive_module
from detente.evidence.archive import Archive

PATHS = st.from_regex(r"[A-Za-z0-9_-]{1,8}(/[A-Za-z0-9_-]{1,8}){0,3}", fullmatch=True)


def written(directory: Path, files: dict[str, bytes], name: str = "x.zip") -> bytes:
    target = directory / name
    with Archive(directory) as made:
        for path, data in files.items():
            made.add(path, data)
        sha256, size = made.finish(target, overwrite=True)
    data = target.read_bytes()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (sha256, size)
    return data


@given(files=st.dictionaries(PATHS, st.binary(max_size=300), max_size=12))
def test_another_reader_finds_every_file_stored_and_sorted(
    files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("archive")
    written(directory, files)
    with zipfile.ZipFile(directory / "x.zip") as read:
        assert read.testzip() is None
        assert {info.filename: read.read(info) for info in read.infolist()} == files
        assert [info.filename for info in read.infolist()] == sorted(files)
        for info in read.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr == 0o100644 << 16
            assert (info.flag_bits, info.extra, info.comment) == (0, b"", b"")
            assert (info.extract_version, info.create_version, info.create_system) == (20, 20, 3)


def test_the_order_of_adding_does_not_show(tmp_path: Path) -> None:
    files = {"b": b"1", "a/c": b"2", "a": b"", "Z": b"3"}
    assert written(tmp_path, files) == written(tmp_path, dict(reversed(files.items())))


def test_headers_follow_each_other_without_gaps(tmp_path: Path) -> None:
    data = written(tmp_path, {"one": b"11", "two": b"222"})
    local = 30 + 3 + 2 + 30 + 3 + 3
    central = 2 * (46 + 3)
    assert len(data) == local + central + 22
    assert struct.unpack("<LL", data[-10:-2]) == (central, local)


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a\\b", "é", "a b", "a:b", "a\n"]
)
def test_a_path_that_could_be_read_otherwise_is_refused(path: str, tmp_path: Path) -> None:
    with Archive(tmp_path) as made, pytest.raises(ExportFailed):
        made.add(path, b"")


def test_a_path_stands_in_it_once(tmp_path: Path) -> None:
    with Archive(tmp_path) as made:
        made.add("a", b"1")
        with pytest.raises(ExportFailed, match="twice"):
            made.add("a", b"1")


def test_limits_on_members_and_on_their_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "BUNDLE_MEMBERS_MAX", 2)
    monkeypatch.setattr(archive_module, "BUNDLE_MEMBER_BYTES_MAX", 3)
    with Archive(tmp_path) as made:
        made.add("a", b"123")
        with pytest.raises(ExportFailed, match="at most 3 bytes"):
            made.add("b", [b"12", b"34"])
        made.add("c", b"")
        with pytest.raises(ExportFailed, match="at most 2 files"):
            made.add("d", b"")


def test_more_members_and_bytes_than_a_plain_zip_can_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "_LIMIT_16", 3)
    files = {f"f{number}": b"x" * number for number in range(5)}
    data = written(tmp_path, files)
    # The short end record says "look there", the long one has the true count.
    assert b"PK\x06\x06" in data
    assert b"PK\x06\x07" in data
    end = data.index(b"PK\x06\x06")
    assert struct.unpack("<Q", data[end + 24 : end + 32]) == (5,)


def test_offsets_beyond_four_gigabytes_stand_in_an_extra_field() -> None:
    common = struct.pack("<HHHHLLLHH", 0, 0, 0, 0x21, 0, 0, 0, 1, 0)
    assert len(archive_module._central(b"a", common, 0xFFFFFFFE)) == 47
    long = archive_module._central(b"a", common, 5 << 32)
    assert long[-12:] == struct.pack("<HHQ", 1, 8, 5 << 32)
    assert struct.unpack("<L", long[42:46]) == (0xFFFFFFFF,)
    assert struct.unpack("<HH", long[4:8]) == (3 << 8 | 45, 45)


def test_many_members_are_read_by_another_reader(tmp_path: Path) -> None:
    with Archive(tmp_path) as made:
        for number in range(70_000):
            made.add(f"f/{number:05}", b"")
        made.finish(tmp_path / "x.zip", overwrite=False)
    with zipfile.ZipFile(tmp_path / "x.zip") as read:
        assert len(read.namelist()) == 70_000


def test_an_existing_file_stays_unless_told(tmp_path: Path) -> None:
    target = tmp_path / "x.zip"
    target.write_bytes(b"precious")
    with Archive(tmp_path) as made:
        made.add("a", b"1")
        with pytest.raises(ExportRefused):
            made.finish(target, overwrite=False)
        assert target.read_bytes() == b"precious"
        made.finish(target, overwrite=True)
    assert zipfile.is_zipfile(target)
    assert list(tmp_path.iterdir()) == [target]


def test_a_pipe_or_a_device_is_not_put_away_for_a_bundle(tmp_path: Path) -> None:
    target = tmp_path / "x.zip"
    os.mkfifo(target)
    with Archive(tmp_path) as made:
        made.add("a", b"1")
        with pytest.raises(ExportFailed, match="no file"):
            made.finish(target, overwrite=True)
    assert stat.S_ISFIFO(target.stat().st_mode)
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError("no space left")

    with Archive(tmp_path) as made:
        made.add("a", b"1")
        monkeypatch.setattr("os.fsync", broken)
        with pytest.raises(ExportFailed, match="no space left"):
            made.finish(tmp_path / "x.zip", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="Nothing can be written"):
        Archive(tmp_path / "none")
