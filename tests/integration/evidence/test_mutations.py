"""Every way to tamper with a real bundle, and every verifier."""

from __future__ import annotations

import asyncio
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support import third_party
from tests.support.bundle_mutations import LAST, MUTATIONS, VERIFIERS, Mutation, replayed_receipt
from tests.support.evidence import A, B, ListRecord, conversation, terms
from tests.support.timestamps import Authority

from detente.evidence.archive import Archive
from detente.record import own_note
from detente.verify import Options, Report, Unusable, verify_bundle

KEYS = {
    key.name: key.public_key
    for key in (A.log, A.node, A.officer, A.witness, B.log, B.node, B.officer, B.witness)
}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with an older checkpoint, which is there for its timestamp."""
    third_party.need_openssl()
    third_party.need_node_tools()
    directory = tmp_path_factory.mktemp("honest")
    authority = Authority(directory)
    record = ListRecord(terms())
    conversation(record, 2)
    note = own_note(record.sign(B.witness).note, A.log.verifier)
    record.sign(token=authority.stamp(note.encode()))
    conversation(record, 3)
    path = directory / "honest.zip"
    done = asyncio.run(record.export(path, tsa_pem=authority.root_pem))
    assert done.custody_index == LAST
    return path


def files_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def pack(files: dict[str, bytes], path: Path) -> Path:
    with Archive(path.parent) as made:
        for name, data in files.items():
            made.add(name, data)
        made.finish(path, overwrite=True)
    return path


def said(report: Report) -> list[str]:
    """Findings that refuse."""
    return [
        f"{each.code} {each.where}: {each.detail}"
        for each in report.findings
        if each.severity == "error"
    ]


def asked(files: dict[str, bytes], directory: Path) -> dict[str, list[str]]:
    """What every verifier refuses of these files."""
    unpacked = directory / "unpacked"
    unpacked.mkdir()
    third_party.unpack(files, unpacked)
    return {
        "ours": said(verify_bundle(pack(files, directory / "bundle.zip"))),
        "sigstore": third_party.sigstore(files, KEYS, unpacked),
        "securesystemslib": third_party.securesystemslib(files, KEYS),
        "openssl": third_party.openssl(files, KEYS, unpacked),
        "pymerkle": third_party.merkle(files),
        "scitt-cose": third_party.scitt(files),
    }


def test_the_honest_bundle_is_believed_by_all(honest: Path, tmp_path: Path) -> None:
    files = files_of(honest)
    assert third_party.rehashed(files) == files
    assert asked(files, tmp_path) == {name: [] for name in VERIFIERS}
    assert [path for path in files if path.startswith("checkpoints/")]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_what_was_tampered_with_is_refused(
    mutation: Mutation, honest: Path, tmp_path: Path
) -> None:
    assert set(mutation.refused_by) | set(mutation.unseen_by) == set(VERIFIERS)
    assert not set(mutation.refused_by) & set(mutation.unseen_by)
    files = files_of(honest)
    mutation.change(files)
    if mutation.remake_manifest:
        files = third_party.rehashed(files)
    answers = asked(files, tmp_path)
    for name, reason in mutation.refused_by.items():
        assert any(reason in line for line in answers[name]), f"{name}: {answers[name]}"
    for name in mutation.unseen_by:
        assert answers[name] == [], f"{name} sees it after all"


def test_a_receipt_is_not_used_twice(honest: Path, tmp_path: Path) -> None:
    record = ListRecord(terms())
    conversation(record)
    replayed_receipt(record)
    path = tmp_path / "x.zip"
    asyncio.run(record.export(path))
    report = verify_bundle(path)
    assert report.exit_code == 1
    assert report.finding_counts.keys() >= {"receipt.replayed"}


def test_a_pinned_agreement_is_compared(honest: Path) -> None:
    good = terms().sha256
    assert verify_bundle(honest, Options(agreement=good)).proven
    refused = verify_bundle(honest, Options(agreement="00" * 32))
    assert "agreement.pinned" in refused.finding_counts


# --- the zip itself ------------------------------------------------------------------------------


def _compressed(data: bytes) -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    return target.getvalue()


def _again(data: bytes) -> bytes:
    """A second member of the same name, with other bytes."""
    target = io.BytesIO(data)
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(target, "a") as file,
    ):
        file.writestr("policy", b"quorum none\n")
    return target.getvalue()


def _added(name: str) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        target = io.BytesIO(data)
        with zipfile.ZipFile(target, "a") as file:
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), b"")
        return target.getvalue()

    return change


def _patched(at: int, what: bytes) -> Callable[[bytes], bytes]:
    """Bytes of the first local header, or from the end."""

    def change(data: bytes) -> bytes:
        begin = at if at >= 0 else len(data) + at
        return data[:begin] + what + data[begin + len(what) :]

    return change


def _directory_of(data: bytes) -> int:
    (offset,) = struct.unpack("<L", data[-6:-2])
    return int(offset)


ZIP_TRICKS: dict[str, Callable[[bytes], bytes]] = {
    "bytes before": lambda data: b"MZ" + data,
    "bytes after": lambda data: data + b"\0",
    "a comment": lambda data: data[:-2] + b"\x02\0hi",
    "cut short": lambda data: data[:-30],
    "half of it": lambda data: data[: len(data) // 2],
    "compressed": _compressed,
    "a name twice": _again,
    "a path out of it": _added("../etc"),
    "an absolute path": _added("/etc"),
    "a directory": _added("zz/"),
    "another system's path": _added("zz\\a"),
    "another local name": _patched(30, b"X"),
    "encrypted": _patched(6, b"\x01"),
    "sizes that follow": _patched(6, b"\x08"),
    "another method": _patched(8, b"\x08"),
    "another date": _patched(12, b"\x22"),
    "another checksum": _patched(14, b"\0\0\0\0"),
    "another size": _patched(18, b"\xff\xff\0\0"),
    "one member fewer counted": _patched(-12, b"\x01\0"),
    "the directory elsewhere": _patched(-6, b"\0\0\0\0"),
    "a link": lambda data: _patched(_directory_of(data) + 38, b"\0\0\xff\xa1")(data),
    "a gap between members": lambda data: (
        data[: _directory_of(data)]
        + b"\0" * 8
        + data[_directory_of(data) : -6]
        + struct.pack("<L", _directory_of(data) + 8)
        + data[-2:]
    ),
}


@pytest.mark.parametrize("name", ZIP_TRICKS)
def test_a_zip_that_could_be_read_otherwise_is_refused(
    name: str, honest: Path, tmp_path: Path
) -> None:
    data = honest.read_bytes()
    changed = ZIP_TRICKS[name](data)
    assert changed != data
    path = tmp_path / "x.zip"
    path.write_bytes(changed)
    try:
        report = verify_bundle(path)
    except Unusable:
        return
    assert report.exit_code == 1
    assert {code.partition(".")[0] for code in report.finding_counts} & {"zip"}, said(report)
