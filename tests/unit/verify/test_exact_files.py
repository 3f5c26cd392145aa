"""The archive byte by byte, which files a bundle has, and the entries of one group."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.support.exact import found, refusal
from tests.support.forge import (
    A_LOG,
    A_NODE,
    AGREEMENT,
    EXPORT,
    ORIGIN,
    Entry,
    Forge,
    Header,
    canon,
    pack,
    pack_headers,
    pae,
    sha,
    type_of,
)

from detente.verify import archive as archives
from detente.verify.archive import Archive, Member, read_directory
from detente.verify.errors import Findings, Unusable
from detente.verify.groups import Erased, Group, Task, check_envelope, check_group, check_groups
from detente.verify.layout import check_members, singles_fit, tasks_of
from detente.verify.manifest import Manifest, read_manifest

ONE, TWO = Header(b"a", b"123"), Header(b"b/c.x", b"4567")
LAST = 30 + 1 + 3 + 30 + 5 + 4
"""Where the directory of these two begins."""


def refused(code: str, where: str, detail: str, data: bytes) -> None:
    with refusal(code, where, detail):
        read_directory(data)


def second(**changes: Any) -> bytes:
    return pack_headers([ONE, replace(TWO, **changes)])


# The archive


def test_members_and_where_they_are() -> None:
    assert read_directory(pack_headers([ONE, TWO])) == {
        "a": Member("a", 31, 3, zlib.crc32(b"123")),
        "b/c.x": Member("b/c.x", 34 + 35, 4, zlib.crc32(b"4567")),
    }
    assert list(read_directory(pack_headers([ONE, TWO]))) == ["a", "b/c.x"]
    assert read_directory(pack({})) == {}


def test_a_file_that_is_no_archive() -> None:
    for data in (b"", b"PK", b"x" * 21, b"x" * 22, b"x" * 100):
        with pytest.raises(Unusable, match=r"^It is not a zip archive: give the bundle"):
            read_directory(data)
    far = b"PK\5\6" + bytes(65_557 - 4)
    refused("zip.trick", "zip end", "a comment, or bytes after the end record", far)
    with pytest.raises(Unusable):
        read_directory(far + b"x")
    cut = pack_headers([ONE, TWO])[:-22]
    for data in (cut, b"PK\3\4", b"PK\3\4" + bytes(18)):
        refused("zip.malformed", "zip end", "the end is missing: truncated", data)


def test_the_end_record() -> None:
    good = pack_headers([ONE, TWO])
    after = "a comment, or bytes after the end record"
    refused("zip.trick", "zip end", after, good + b"x")
    refused("zip.trick", "zip end", after, good + good[-22:-1])
    refused("zip.trick", "zip end", after, pack_headers([ONE], comment=b"x"))
    for at in (4, 6, 8, 20):
        broken = bytearray(good)
        broken[len(good) - 22 + at] ^= 1
        refused("zip.trick", "zip end", "a comment, or several disks", bytes(broken))
    outside = "bytes before the archive, or after the directory"
    refused("zip.trick", "zip end", outside, b"x" + pack_headers([ONE]))
    refused("zip.trick", "zip end", outside, pack_headers([ONE], after_directory=b"x"))
    refused("zip.trick", "zip end", outside, pack_headers([ONE], shift=1))


def test_the_directory_s_length() -> None:
    short = "the directory is too short"
    refused("zip.malformed", "zip entry 1", short, pack_headers([ONE], count=2))
    more = pack_headers([ONE, TWO], count=1)
    with refusal("zip.trick", "zip directory", "more bytes than entries"):
        # The second member lies before the directory, too; that is told only afterwards.
        read_directory(more)
    hidden = pack_headers([ONE], after_directory=b"x", shift=1)
    refused("zip.trick", "zip directory", "more bytes than entries", hidden)
    long_name = bytearray(pack_headers([ONE]))
    long_name[34 + 28] = 2
    refused("zip.malformed", "zip entry 0", short, bytes(long_name))
    sign = bytearray(pack_headers([ONE]))
    sign[34] = 0
    refused("zip.malformed", "zip entry 0", "no directory entry", bytes(sign))


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"flags": 1}, "flags: encryption, data descriptor or other"),
        ({"flags": 8}, "flags: encryption, data descriptor or other"),
        ({"method": 8}, "compressed"),
        ({"time": 1}, "a date other than 1980-01-01"),
        ({"date": 0}, "a date other than 1980-01-01"),
        ({"date": 0x22}, "a date other than 1980-01-01"),
        ({"comment": b"x"}, "comment"),
        ({"disk": 1}, "another disk"),
        ({"internal": 1}, "not a plain file: link, folder or other"),
        ({"external": 0o100755 << 16}, "not a plain file: link, folder or other"),
        ({"external": 0}, "not a plain file: link, folder or other"),
        ({"made": 20}, "unexpected version"),
        ({"made": 3 << 8 | 45}, "unexpected version"),
        ({"needed": 10}, "unexpected version"),
        ({"needed": 45}, "unexpected version"),
        ({"extra": b"\1\0\0\0"}, "extra field"),
        ({"offset": 0}, "members overlap, or bytes between them"),
        ({"gap": b"x"}, "members overlap, or bytes between them"),
        ({"name": b"a"}, "a name twice"),
        ({"name": b"A"}, "not sorted by path"),
        ({"name": b""}, "path"),
        ({"name": b"/b"}, "path"),
        ({"name": b"b/"}, "path"),
        ({"name": b"b//c"}, "path"),
        ({"name": b"b/./c"}, "path"),
        ({"name": b"b/.."}, "path"),
        ({"name": b"b\\c"}, "path"),
        ({"name": b"b\xff"}, "path"),
        ({"name": b"b\n"}, "path"),
        ({"local": {"crc": 1}}, "local header and directory disagree"),
        ({"local": {"packed": 1}}, "local header and directory disagree"),
        ({"local": {"size": 1}}, "local header and directory disagree"),
        ({"local": {"flags": 8}}, "local header and directory disagree"),
        ({"local": {"method": 8}}, "local header and directory disagree"),
        ({"local": {"needed": 10}}, "local header and directory disagree"),
        ({"local": {"time": 1}}, "local header and directory disagree"),
        ({"local": {"date": 1}}, "local header and directory disagree"),
        ({"local": {"name": b"b/d.x"}}, "local header and directory disagree"),
        ({"local": {"extra": b"x"}}, "local header and directory disagree"),
    ],
)
def test_tricks(changes: dict[str, Any], detail: str) -> None:
    refused("zip.trick", "zip entry 1", detail, second(**changes))


def test_packed_size_and_size_are_one() -> None:
    data = bytearray(pack_headers([ONE]))
    data[34 + 20] ^= 1
    refused("zip.trick", "zip entry 0", "compressed", bytes(data))


def test_names_of_512_bytes_and_no_more() -> None:
    assert list(read_directory(pack({"a" * 512: b""}))) == ["a" * 512]
    refused("zip.limit", "zip entry 0", "path too long", pack({"a" * 513: b""}))
    names = {"..a": b"", ".a": b"", "A-_.9/z": b"", "a./.b": b""}
    assert list(read_directory(pack(names))) == list(names)


def test_members_fill_the_file() -> None:
    gap = pack_headers([ONE], before_directory=b"x")
    refused("zip.trick", "zip directory", "bytes before the directory", gap)
    large = bytearray(pack_headers([ONE]))
    large[34 + 20 : 34 + 28] = struct.pack("<II", 4, 4)
    large[18:26] = struct.pack("<II", 4, 4)
    refused("zip.malformed", "zip entry 0", "reaches into the directory", bytes(large))
    # A directory where the only member should be.
    alone = bytearray(pack_headers([ONE])[34:])
    alone[-22 + 16 : -22 + 20] = struct.pack("<I", 0)
    refused("zip.malformed", "zip entry 0", "no local header", bytes(alone))


def test_no_file_is_a_folder() -> None:
    for names in (("a", "a/b"), ("a", "a/b/c"), ("a/b", "a/b/c/d")):
        data = pack(dict.fromkeys(names, b""))
        refused("zip.trick", names[0], "both a file and a folder", data)
    assert read_directory(pack(dict.fromkeys(("a", "ab/c", "b/a"), b"")))


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack_headers([ONE, TWO])
    monkeypatch.setattr(archives, "BUNDLE_MEMBERS_MAX", 2)
    monkeypatch.setattr(archives, "BUNDLE_MEMBER_BYTES_MAX", 4)
    assert len(read_directory(data)) == 2
    monkeypatch.setattr(archives, "BUNDLE_MEMBER_BYTES_MAX", 3)
    refused("zip.limit", "zip entry 1", "more than 3 bytes", data)
    monkeypatch.setattr(archives, "BUNDLE_MEMBERS_MAX", 1)
    refused("zip.limit", "zip end", "more than 1 members", data)


# Zip64, with markers small enough for small files


@pytest.fixture
def small_markers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three members, or an offset of 60, need the larger fields."""
    monkeypatch.setattr(archives, "_COUNT64", 3)
    monkeypatch.setattr(archives, "_SIZE64", 60)


def zip64(members: list[tuple[bytes, bytes]], **changes: Any) -> bytes:
    """An archive by hand; `changes` replace fields of the end records or the last entry."""
    body, directory = b"", b""
    for number, (name, data) in enumerate(members):
        offset, crc, size = len(body), zlib.crc32(data), len(data)
        is_large = offset >= 60
        version = 45 if is_large else 20
        head = struct.pack("<HHHHHIII", version, 0, 0, 0, 0x21, crc, size, size)
        body += b"PK\3\4" + head + struct.pack("<HH", len(name), 0) + name + data
        entry: dict[str, Any] = {"made": 3 << 8 | version, "kind": 1, "length": 8}
        entry |= {"offset": offset, "tail": b""}
        if number == len(members) - 1:
            entry |= {key: value for key, value in changes.items() if key in entry}
        extra = b""
        if is_large:
            extra = struct.pack("<HHQ", entry["kind"], entry["length"], entry["offset"])
            extra += entry["tail"]
        directory += b"PK\1\2" + struct.pack("<H", entry["made"]) + head
        directory += struct.pack("<HHHHHI", len(name), len(extra), 0, 0, 0, 0o100644 << 16)
        directory += struct.pack("<I", min(offset, 60)) + name + extra
    start, size, count = len(body), len(directory), len(members)
    end: dict[str, Any] = {
        "sign64": b"PK\6\6",
        "length64": 44,
        "made64": 3 << 8 | 45,
        "needed64": 45,
        "disk64": 0,
        "start_disk64": 0,
        "here64": count,
        "count64": count,
        "size64": size,
        "start64": start,
        "sign": b"PK\6\7",
        "disk": 0,
        "at": start + size,
        "disks": 1,
        "count": min(count, 3),
        "size": min(size, 60),
        "start": min(start, 60),
    } | {key: value for key, value in changes.items() if key not in ("made", "kind", "tail")}
    record = struct.pack("<4sQHHIIQQQQ", *list(end.values())[:10])
    locator = struct.pack("<4sIQI", *list(end.values())[10:14])
    tail = struct.pack("<HHIIH", end["count"], end["count"], end["size"], end["start"], 0)
    return body + directory + record + locator + b"PK\5\6\0\0\0\0" + tail


THREE = [(b"a", b"1" * 20), (b"b", b"22"), (b"c", b"")]


@pytest.mark.usefixtures("small_markers")
def test_large_archives_are_read() -> None:
    found_members = read_directory(zip64(THREE))
    assert {name: (m.offset, m.size) for name, m in found_members.items()} == {
        "a": (31, 20),
        "b": (51 + 31, 2),
        "c": (84 + 31, 0),
    }
    assert list(read_directory(zip64(THREE[:2]))) == ["a", "b"]
    assert read_directory(zip64(THREE, made64=3 << 8 | 20))


@pytest.mark.usefixtures("small_markers")
@pytest.mark.parametrize(
    ("changes", "where", "detail"),
    [
        ({"sign": b"PK\6\6"}, "zip64 locator", "wrong"),
        ({"disk": 1}, "zip64 locator", "wrong"),
        ({"disks": 2}, "zip64 locator", "wrong"),
        ({"disks": 0}, "zip64 locator", "wrong"),
        ({"at": 0}, "zip64 locator", "wrong"),
        ({"sign64": b"PK\6\7"}, "zip64 end", "wrong"),
        ({"length64": 45}, "zip64 end", "wrong"),
        ({"made64": 45}, "zip64 end", "wrong"),
        ({"needed64": 20}, "zip64 end", "wrong"),
        ({"disk64": 1}, "zip64 end", "wrong"),
        ({"start_disk64": 1}, "zip64 end", "wrong"),
        ({"here64": 2}, "zip64 end", "wrong"),
        ({"count": 2}, "zip64 end", "the two end records disagree"),
        ({"size": 59}, "zip64 end", "the two end records disagree"),
        ({"start": 59}, "zip64 end", "the two end records disagree"),
        ({"kind": 2}, "zip entry 2", "extra field"),
        ({"length": 7}, "zip entry 2", "extra field"),
        ({"offset": 59}, "zip entry 2", "extra field"),
        ({"tail": b"x"}, "zip entry 2", "extra field"),
        ({"offset": 85}, "zip entry 2", "members overlap, or bytes between them"),
        ({"made": 3 << 8 | 20}, "zip entry 2", "unexpected version"),
    ],
)
def test_tricks_of_large_archives(changes: dict[str, Any], where: str, detail: str) -> None:
    refused("zip.trick", where, detail, zip64(THREE, **changes))


@pytest.mark.usefixtures("small_markers")
def test_each_number_stands_in_one_end_record() -> None:
    # Two members need the larger fields for the start only; the count must stand in the old one.
    refused("zip.trick", "zip64 end", "the two end records disagree", zip64(THREE[:2], count=3))
    short = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 3, 3, 0, 0, 0)
    for data in (short, bytes(75) + short):
        refused("zip.malformed", "zip64 end", "missing", data)
    refused("zip.trick", "zip64 locator", "wrong", bytes(76) + short)
    wrong = zip64(THREE)
    refused("zip.trick", "zip64 locator", "wrong", b"x" + wrong)


# Opening and reading


def test_an_archive_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(pack({"a": b"12", "b": b""}))
    with Archive(path) as archive:
        status = path.stat()
        assert archive.identity == archives.Identity(
            status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
        )
        assert (archive.get("a"), archive.get("b"), archive.get("c")) == (b"12", b"", None)
        assert archive.read(archive.members["a"]) == b"12"
        wrong = replace(archive.members["a"], crc=1)
        with refusal("zip.malformed", "a", "wrong CRC-32"):
            archive.read(wrong)
    with pytest.raises(ValueError, match="closed"):
        archive.get("a")
    with Archive(path, directory=False) as again:
        assert again.members == {}
        assert again.read(Member("a", 31, 2, zlib.crc32(b"12"))) == b"12"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(Unusable) as caught:
        Archive(path)
    assert str(caught.value) == f"{path} cannot be read: No such file or directory."
    with pytest.raises(Unusable) as caught:
        Archive(tmp_path)
    assert str(caught.value) == f"{tmp_path} cannot be read: Is a directory."
    path.write_bytes(b"")
    with pytest.raises(Unusable) as caught:
        Archive(path)
    assert str(caught.value) == f"{path} is empty."
    path.write_bytes(b"PK\3\4")
    with refusal("zip.malformed", "zip end", "the end is missing: truncated"):
        Archive(path)


def test_files_that_cannot_be_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")

    def fails(*_: object, **__: object) -> None:
        raise ValueError("too long")

    monkeypatch.setattr("detente.verify.archive.mmap.mmap", fails)
    with pytest.raises(Unusable) as caught:
        Archive(path)
    assert str(caught.value) == f"{path} cannot be read: too long."


# Which files


def members_of(*paths: str) -> dict[str, Member]:
    return {path: Member(path, 0, 0, 0) for path in paths}


def stated(**changes: Any) -> Manifest:
    value = {
        "agreement": {"id": AGREEMENT, "sha256": "0" * 64, "version": 1},
        "exported": {"at": "2026-11-22T21:00:00.000000Z", "by": ["x"], "export": EXPORT},
        "files": [],
        "format": "detente-bundle/1",
        "grade": "single",
        "items": [],
        "origin": ORIGIN,
        "party": "a",
        "scope": "full",
        "single_items": [[2, 3]],
        "size": 600,
        "withheld_blobs": [],
    }
    return read_manifest(canon(value | changes))


REQUIRED = (
    "README.html",
    "VERIFY.md",
    "checkpoint",
    "custody.json",
    "policy",
    "trusted_root.json",
)
GOOD_FILES = (
    *REQUIRED,
    "agreement.dsse.json",
    "agreement/x",
    "blobs/x",
    "bundles/2.sigstore.json",
    "checkpoints/5",
    "consistency/5-600.txt",
    "envelopes/x",
    "manifest.json",
    "manifest.sha256",
    "proofs/3.tlog-proof",
    "tile/x",
    "timestamps/7.note",
    "timestamps/7.tsr",
    "timestamps/tsa.pem",
)


def layout(*paths: str, **changes: Any) -> list[tuple[str, str, str]]:
    findings = Findings()
    check_members(members_of(*paths), stated(**changes), findings)
    return found(findings)


def test_a_bundle_has_these_files() -> None:
    assert layout(*GOOD_FILES) == []
    for path in REQUIRED:
        rest = (other for other in GOOD_FILES if other != path)
        assert layout(*rest) == [("file.missing", path, "")]
    assert layout() == [("file.missing", path, "") for path in REQUIRED]


@pytest.mark.parametrize(
    "path",
    [
        "x",
        "agreement",
        "blobs",
        "tile",
        "envelopes",
        "README.html/x",
        "bundles/1.sigstore.json",
        "bundles/2.sigstore",
        "bundles/02.sigstore.json",
        "checkpoints/05",
        "checkpoints/x",
        "consistency/5-599.txt",
        "consistency/6-600.txt",
        "consistency/x-600.txt",
        "proofs/1.tlog-proof",
        "proofs/3.x",
        "receipts/1.cbor",
        "timestamps/7",
        "timestamps/07.note",
        "timestamps/tsa.pem/x",
        "timestamps/x.tsr",
    ],
)
def test_a_bundle_has_no_others(path: str) -> None:
    assert layout(*GOOD_FILES, path) == [("file.extra", path, "no file of a bundle")]


def test_more_single_items_than_files_cannot_be() -> None:
    members = members_of("a", "b")
    assert singles_fit(members, stated()) is True
    assert singles_fit(members, stated(single_items=[[0, 2]])) is False
    huge = [[0, 598]]
    assert layout(*REQUIRED, "proofs/3.tlog-proof", single_items=huge) == [
        ("file.extra", "proofs/3.tlog-proof", "no file of a bundle")
    ]


def test_groups_of_files() -> None:
    def groups(*paths: str, size: int = 600) -> tuple[list[Task], list[tuple[str, str, str]]]:
        findings = Findings()
        members = members_of(*paths)
        tasks = tasks_of(members, size, findings)
        return tasks, found(findings)

    def file(path: str) -> Member:
        return Member(path, 0, 0, 0)

    whole = ("envelopes/000.jsonl", "tile/entries/000", "envelopes/002.jsonl", "x")
    assert groups(*whole, "tile/entries/002.p/88") == (
        [
            Task(0, 256, file("envelopes/000.jsonl"), file("tile/entries/000")),
            Task(2, 88, file("envelopes/002.jsonl"), file("tile/entries/002.p/88")),
        ],
        [],
    )
    assert groups("envelopes/001.jsonl") == ([Task(1, 256, file("envelopes/001.jsonl"), None)], [])
    assert groups("tile/entries/001") == ([Task(1, 256, None, file("tile/entries/001"))], [])
    large = "envelopes/x001/000.jsonl"
    assert groups(large, size=256_001) == ([Task(1000, 1, file(large), None)], [])
    for path in (
        "envelopes/0.jsonl",
        "envelopes/003.jsonl",
        "envelopes/000",
        "envelopes/x.jsonl",
        "envelopes/.jsonl",
        "envelopes/-01.jsonl",
        "envelopes/\u0660\u0660\u0660.jsonl",
        "envelopes/\u00b2\u00b2\u00b2.jsonl",
    ):
        assert groups(path) == ([], [("file.extra", path, "no group of this record")])
    for path in ("tile/entries/003", "tile/entries/002", "tile/entries/x", "tile/0/000"):
        assert groups(path) == ([], [])


# Groups


def signed(text: str = "x", **changes: Any) -> Entry:
    forge = Forge()
    return forge.add("message", {"text": text}, **changes)


def lines_of(*values: Any) -> bytes:
    return b"".join(value if isinstance(value, bytes) else canon(value) + b"\n" for value in values)


def group(
    envelopes: bytes | None, entries: list[bytes] | None, number: int = 0, width: int | None = None
) -> Group:
    files = {"e": envelopes, "t": b"".join(struct.pack(">H", len(e)) + e for e in entries or [])}
    task = Task(
        number,
        len(entries or []) if width is None else width,
        None if envelopes is None else Member("e", 0, 0, 0),
        None if entries is None else Member("t", 0, 0, 0),
    )
    return check_group(lambda member: files[member.path] or b"", task)


def shown(entry: Entry, index: int) -> bytes:
    return b'{"envelope":%b,"index":%d}\n' % (entry.envelope, index)


FIRST, SECOND = signed("one"), signed("two")


def test_a_group_is_read() -> None:
    third = signed("three")
    leaves = [FIRST.leaf, SECOND.leaf, third.leaf]
    gone = lines_of({"erased": {"by": 9}, "index": 257})
    data = shown(FIRST, 256) + gone + shown(third, 258)
    read = group(data, leaves, 1)
    assert (read.number, read.width, read.findings) == (1, 3, [])
    assert read.shown == [256, 257, 258]
    entries = b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in leaves)
    assert read.hashes == {"e": sha(data), "t": sha(entries)}
    assert read.leaf_hashes == b"".join(sha256(b"\0" + leaf).digest() for leaf in leaves)
    assert [item.position for item in read.items] == [256, 258]
    assert read.erased == [Erased(257, 9, SECOND.digest, A_NODE.raw)]
    item = read.items[0]
    assert (item.payload_sha256, item.chain, item.key) == (FIRST.digest, FIRST.chain, A_NODE.raw)
    assert (item.kind, item.author, item.body) == ("message", A_NODE.name, {})


def test_groups_with_one_file_only() -> None:
    only = group(None, [FIRST.leaf])
    assert (only.shown, only.items, only.findings) == ([], [], [])
    assert only.leaf_hashes == sha256(b"\0" + FIRST.leaf).digest()
    empty = group(None, None)
    assert (empty.hashes, empty.leaf_hashes, empty.findings) == ({}, b"", [])
    without = group(shown(FIRST, 0) + lines_of({"erased": {"by": 1}, "index": 1}), None, width=2)
    words = "its entry is not in the bundle"
    assert without.findings == [
        ("leaf.mismatch", "entry 0", words),
        ("leaf.mismatch", "entry 1", words),
    ]
    assert without.shown == [0, 1]
    broken = group(shown(FIRST, 0), [FIRST.leaf], width=2)
    assert broken.findings == [("tree.tile", "t", "fewer than 2 entries")]
    assert sorted(broken.hashes) == ["t"]


BAD = "envelope.malformed"


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        (b"x", [(BAD, "e", "the last line does not end")]),
        (b"\n", [(BAD, "e line 1", "not JSON")]),
        (b"[]\n", [(BAD, "e line 1", "not an object")]),
        (lines_of({}), [(BAD, "e line 1", "an index of another group")]),
        (lines_of({"index": True}), [(BAD, "e line 1", "an index of another group")]),
        (lines_of({"index": -1}), [(BAD, "e line 1", "an index of another group")]),
        (lines_of({"index": 2}), [(BAD, "e line 1", "an index of another group")]),
        (lines_of({"index": 1}), [(BAD, "entry 1", "neither an envelope nor erased")]),
        (
            lines_of({"envelope": {}, "index": 0, "x": 1}),
            [(BAD, "entry 0", "neither an envelope nor erased")],
        ),
        (lines_of({"envelope": {}, "index": 0}), [(BAD, "entry 0", "not an envelope")]),
        (lines_of({"erased": 1, "index": 0}), [(BAD, "entry 0", "erased")]),
        (lines_of({"erased": {"by": True}, "index": 0}), [(BAD, "entry 0", "erased")]),
        (lines_of({"erased": {"by": 1, "x": 1}, "index": 0}), [(BAD, "entry 0", "erased")]),
        (shown(FIRST, 0) * 2, [(BAD, "e line 2", "not in order, or twice")]),
        (
            shown(SECOND, 1) + shown(FIRST, 0),
            [(BAD, "e line 2", "not in order, or twice")],
        ),
        (
            lines_of({}) + shown(FIRST, 0) + b"x\n",
            [(BAD, "e line 1", "an index of another group"), (BAD, "e line 3", "not JSON")],
        ),
        (
            shown(SECOND, 0),
            [("leaf.mismatch", "entry 0", "the entry stands for another envelope")],
        ),
    ],
)
def test_lines_that_are_wrong(data: bytes, errors: list[tuple[str, str, str]]) -> None:
    assert group(data, [FIRST.leaf, SECOND.leaf]).findings == errors


def test_an_index_that_was_wrong_counts_for_the_next() -> None:
    data = lines_of({"index": 1}) + shown(FIRST, 0)
    assert group(data, [FIRST.leaf, SECOND.leaf]).findings == [
        (BAD, "entry 1", "neither an envelope nor erased"),
        (BAD, "e line 2", "not in order, or twice"),
    ]


def test_an_erased_entry_has_a_leaf() -> None:
    data = lines_of({"erased": {"by": 1}, "index": 0})
    assert group(data, [b"x"]).findings == [
        ("leaf.malformed", "entry 0", "not of the form of an entry")
    ]


def enveloped(entry: Entry, **changes: Any) -> None:
    made = replace(entry, **({"leaf": b"", "envelope": b""} | changes))
    check_envelope(made.document, made.leaf, 5)


def test_envelopes_and_their_leaves() -> None:
    def no(code: str, detail: str, **changes: Any) -> None:
        with refusal(code, "entry 5", detail):
            enveloped(FIRST, **changes)

    enveloped(FIRST)
    document = FIRST.document
    with refusal(BAD, "entry 5", "not exactly one signature"):
        two = document | {"signatures": document["signatures"] * 2}
        check_envelope(two, FIRST.leaf, 5)
    with refusal("leaf.mismatch", "entry 5", "its entry is not in the bundle"):
        check_envelope(document, None, 5)
    no(BAD, "payloadType", payload_type="x")
    no("leaf.malformed", "not of the form of an entry", leaf=b"x")
    for other in (replace(FIRST, leaf=b"", sig=bytes(64)), replace(FIRST, leaf=b"", payload=b"x")):
        no("leaf.mismatch", "the entry stands for another envelope", leaf=other.leaf)
    no("key.unusable", "not a point of the prime-order group", raw=bytes(32))
    no("envelope.signature", A_NODE.name, raw=A_LOG.raw)
    no("envelope.signature", A_NODE.name, payload_type=type_of("other"))
    payload = b"{}"
    sig = A_NODE.sign(pae(type_of("message"), payload))
    no("payload.malformed", "not the members of a payload", payload=payload, sig=sig)
    no("envelope.author", "keyid is not the author", keyid="x")


def test_groups_are_checked_in_order(tmp_path: Path) -> None:
    path = tmp_path / "x"
    data = {f"e{n}": shown(FIRST, 256 * n) for n in range(8)}
    path.write_bytes(pack(data))
    with Archive(path) as archive:
        tasks = [Task(n, 1, archive.members[f"e{n}"], None) for n in range(8)]
        for workers in (0, 1):
            made = list(check_groups(archive, path, tasks, workers))
            assert [one.number for one in made] == list(range(8))
            assert [one.shown for one in made] == [[256 * n] for n in range(8)]
        # Too few for others to be worth it: they are checked in this process.
        few = [one.number for one in check_groups(archive, path, tasks[:7], 2)]
    assert few == list(range(7))
