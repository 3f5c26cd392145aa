from __future__ import annotations

import hashlib
import stat
from io import BytesIO
from pathlib import Path

import pytest

from detente import formats
from detente.record import BlobStore, BlobUnusable

NAME = hashlib.sha256(b"abc").hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def file_of(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "blobs").rglob(NAME)
    return path


def test_what_was_put_can_be_read(store: BlobStore, tmp_path: Path) -> None:
    assert store.size(NAME) is None
    assert store.put(b"abc") == store.put(BytesIO(b"abc")) == NAME
    assert store.size(NAME) == 3
    assert store.read(NAME) == b"abc"
    with store.open(NAME) as file:
        assert file.read(2) == b"ab"
    assert stat.S_IMODE(file_of(tmp_path).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == [NAME[:2]]


def test_what_was_changed_is_not_given_out(store: BlobStore, tmp_path: Path) -> None:
    store.put(b"abc")
    file_of(tmp_path).write_bytes(b"abd")
    with pytest.raises(BlobUnusable, match="changed"):
        store.open(NAME)


def test_what_is_gone_is_missing(store: BlobStore) -> None:
    store.put(b"abc")
    store.delete(NAME)
    store.delete(NAME)
    with pytest.raises(BlobUnusable, match="missing"):
        store.read(NAME)


@pytest.mark.parametrize("name", ["", "../x", NAME.upper(), NAME[:-1]])
def test_names_are_hashes(store: BlobStore, name: str) -> None:
    with pytest.raises(BlobUnusable, match="SHA-256"):
        store.size(name)


def test_what_is_too_large_leaves_nothing(
    store: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "BUNDLE_MEMBER_BYTES_MAX", 10)
    with pytest.raises(BlobUnusable, match="at most 10"):
        store.put(b"x" * 11)
    assert list((tmp_path / "blobs").iterdir()) == []


def test_halves_are_swept(store: BlobStore, tmp_path: Path) -> None:
    store.put(b"abc")
    (tmp_path / "blobs" / ".new-dead").write_bytes(b"half")
    store.sweep()
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == [NAME[:2]]


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file")
    with pytest.raises(BlobUnusable, match="cannot be written"):
        BlobStore(tmp_path / "blobs").put(b"abc")
