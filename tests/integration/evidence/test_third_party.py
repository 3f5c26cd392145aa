"""Bundles of ours, checked by verifiers of other people."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope as Theirs
from tests.support import third_party
from tests.support.evidence import NEUTRAL, A, B, ListRecord, conversation, terms
from tests.support.timestamps import Authority

from detente.evidence import Selection
from detente.record import (
    Timestamp,
    TimestampUnusable,
    check_timestamp,
    own_note,
    request_timestamp,
)
from detente.record.dsse import Envelope
from detente.record.entries import CosignedCheckpoint
from detente.verify import Options, verify_bundle

pytestmark = pytest.mark.anyio

KEYS = {
    key.name: key.public_key
    for key in (A.log, A.node, A.officer, B.node, B.officer, B.witness, B.log, A.witness, NEUTRAL)
}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    third_party.need_openssl()
    (tmp_path / "tsa").mkdir()
    return Authority(tmp_path / "tsa")


def make_record() -> ListRecord:
    """With a cosigned checkpoint on the way."""
    record = ListRecord(terms(neutral=True))
    conversation(record, 3)
    record.sign(B.witness, NEUTRAL)
    conversation(record, 3)
    return record


async def exported(
    directory: Path,
    selection: Selection | None = None,
    stamp: Callable[[CosignedCheckpoint], bytes] | None = None,
    **request: object,
) -> dict[str, bytes]:
    record = make_record()
    path = directory / "bundle.zip"
    await record.export(path, selection, stamp=stamp, **request)  # type: ignore[arg-type]
    with zipfile.ZipFile(path) as file:
        files = {name: file.read(name) for name in file.namelist()}
    unpacked = directory / "bundle"
    unpacked.mkdir()
    third_party.unpack(files, unpacked)
    return files


@pytest.mark.parametrize("selection", [None, Selection(ranges=((7, 9),))])
async def test_every_tool_agrees(selection: Selection | None, tmp_path: Path) -> None:
    third_party.need_openssl()
    third_party.need_node_tools()
    # Without B's word on the newest checkpoint the older one, which has it, comes along.
    files = await exported(tmp_path, selection, cosigned=False)
    unpacked = tmp_path / "bundle"
    assert [path for path in files if path.startswith("bundles/")]
    assert [path for path in files if path.startswith("consistency/")]
    assert third_party.sha256sum(files, unpacked) == []
    assert third_party.sigstore(files, KEYS, unpacked) == []
    assert third_party.securesystemslib(files, KEYS) == []
    assert third_party.openssl(files, KEYS, unpacked) == []
    assert third_party.scitt(files) == []
    if selection is None:
        assert third_party.merkle(files) == []


async def test_the_guide_does_what_it_says(authority: Authority, tmp_path: Path) -> None:
    third_party.need_node_tools()

    def stamp(checkpoint: CosignedCheckpoint) -> bytes:
        return authority.stamp(own_note(checkpoint.note, A.log.verifier).encode())

    files = await exported(tmp_path, stamp=stamp, tsa_pem=authority.root_pem)
    unpacked = tmp_path / "bundle"
    # What the guide has installed from npm; pip's package is in the environment already.
    (unpacked / "node_modules").symlink_to(third_party.NODE_TOOLS / "node_modules")
    guide = files["VERIFY.md"].decode()
    assert len(third_party.guide_blocks(guide)) == 9
    said = third_party.run_guide(guide, unpacked)
    count = len([path for path in files if path.startswith("bundles/")])
    assert f"{count} entries verified" in said
    assert "Verification: OK" in said
    # Two under the agreement, log and witness under the checkpoint, and one entry.
    assert said.count("Signature Verified Successfully") == 5
    assert make_record().terms.sha256 in guide


async def test_the_guide_is_shorter_where_there_is_less(tmp_path: Path) -> None:
    guide = (await exported(tmp_path, single_items=0))["VERIFY.md"].decode()
    assert "openssl ts" not in guide
    assert "sigstore" not in guide
    assert "@" not in guide.replace("@sigstore", "")
    assert "openssl pkeyutl" in guide


async def test_a_timestamp_is_got_and_checked(authority: Authority, tmp_path: Path) -> None:
    record = make_record()
    checkpoint = record.sign(B.witness)
    note = own_note(checkpoint.note, A.log.verifier).encode()
    assert note.count("—".encode()) == 1

    async def post(request: bytes) -> bytes:
        return authority.answer(request)

    before = datetime.now(UTC).replace(microsecond=0)
    got = await request_timestamp(note, post, authority.root_pem)
    assert isinstance(got, Timestamp)
    assert before <= got.time <= datetime.now(UTC)
    assert check_timestamp(got.token, note, authority.root_pem) == got
    with pytest.raises(TimestampUnusable):
        check_timestamp(got.token, note + b" ", authority.root_pem)
    with pytest.raises(TimestampUnusable):
        check_timestamp(got.token[:-40], note, authority.root_pem)
    with pytest.raises(TimestampUnusable, match="authority's certificates"):
        check_timestamp(got.token, note, b"none")
    (tmp_path / "other").mkdir()
    with pytest.raises(TimestampUnusable):
        check_timestamp(got.token, note, Authority(tmp_path / "other").root_pem)

    async def replay(_: bytes) -> bytes:
        return got.token

    with pytest.raises(TimestampUnusable, match=r"[Nn]once"):
        await request_timestamp(note, replay, authority.root_pem)


@pytest.mark.parametrize("given", [True, False])
async def test_a_timestamped_bundle_is_verified_and_without_certificates_has_none(
    authority: Authority, tmp_path: Path, given: bool
) -> None:
    def stamp(checkpoint: CosignedCheckpoint) -> bytes:
        return authority.stamp(own_note(checkpoint.note, A.log.verifier).encode())

    record = make_record()
    path = tmp_path / "bundle.zip"
    made = await record.export(
        path, cosigned=False, stamp=stamp, tsa_pem=authority.root_pem if given else None
    )
    newest = made.custody_index + 1
    assert made.left_out_timestamps == (() if given else (newest,))
    assert made.grade == ("timestamped" if given else "single")
    report = verify_bundle(path, Options(accept="single"))
    assert report.findings == ()
    assert report.grade == made.grade
    told = [sentence.en for sentence in report.statements]
    assert any(f"Timestamp over the first {newest} entries" in text for text in told) == given
    with zipfile.ZipFile(path) as file:
        assert any(name.startswith("timestamps/") for name in file.namelist()) == given


async def test_leaves_hold_nothing_of_what_was_said(tmp_path: Path) -> None:
    files = await exported(tmp_path)
    for path, data in files.items():
        if path.startswith("tile/"):
            assert b"Message" not in data
            assert base64.b64encode(b"Message")[:9] not in data


def test_another_library_reads_our_envelope() -> None:
    record = make_record()
    envelope = record.stored[3].envelope
    assert isinstance(envelope, Envelope)
    assert Theirs.from_dict(json.loads(envelope.to_json())).pae() == envelope.pae()
