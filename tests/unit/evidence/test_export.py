"""What a bundle holds, and what happens when it cannot be made."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.evidence import (
    AGREEMENT,
    FILES,
    NEUTRAL,
    A,
    B,
    ListRecord,
    conversation,
    payload_of,
    signed_agreement,
    terms,
)

from detente.evidence import (
    ExportFailed,
    ExportRefused,
    ExportRequest,
    Selection,
    export_bundle,
    export_prepared,
    prepare_export,
)
from detente.record.entries import CosignedCheckpoint, Entry
from detente.record.merkle import verify_consistency
from detente.record.tiles import decode_entries, parse_path, reader_of_tiles
from detente.record.tlog_proof import parse_proof
from detente.verify import Options, verify_bundle

pytestmark = pytest.mark.anyio

REQUEST = ExportRequest(by=("Officer One",), purpose="test")


def read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def manifest(files: dict[str, bytes]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(files["manifest.json"])
    return made


async def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    sums = set()
    for name in ("one.zip", "two.zip"):
        record = ListRecord()
        conversation(record)
        sums.add((await record.export(tmp_path / name)).sha256)
    assert len(sums) == 1
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


async def test_the_manifest_names_every_other_file(tmp_path: Path) -> None:
    record = ListRecord()
    conversation(record)
    done = await record.export(tmp_path / "x.zip")
    files = read(tmp_path / "x.zip")
    stated = manifest(files)
    digest = hashlib.sha256(files["manifest.json"]).hexdigest()
    assert files["manifest.sha256"] == f"{digest}  manifest.json\n".encode()
    assert stated["files"] == [
        {"path": path, "sha256": hashlib.sha256(files[path]).hexdigest(), "size": len(files[path])}
        for path in sorted(set(files) - {"manifest.json", "manifest.sha256"})
    ]
    assert stated["agreement"] == {"id": AGREEMENT, "sha256": terms().sha256, "version": 1}
    assert stated["exported"]["by"] == ["Officer One", "Officer Two"]
    assert stated["exported"]["export"] == done.export
    assert stated["items"] == [[0, done.size - 1]]
    assert (stated["scope"], stated["grade"], stated["size"]) == ("full", "bilateral", done.size)
    assert (stated["origin"], stated["party"]) == (A.log.name, "a")


async def test_the_agreement_stands_in_it_as_it_was_signed(tmp_path: Path) -> None:
    record = ListRecord()
    await record.export(tmp_path / "x.zip")
    files = read(tmp_path / "x.zip")
    assert files["agreement.dsse.json"] == signed_agreement(record.terms)
    assert {path: files[f"agreement/{path}"] for path in FILES} == FILES
    assert files["policy"].decode() == record.terms.policies[A.log.name]


async def test_the_custody_entry_is_an_item_and_comes_first(tmp_path: Path) -> None:
    record = ListRecord()
    record.message("one")
    done = await record.export(tmp_path / "x.zip")
    again = await record.export(tmp_path / "y.zip", purpose="a second one")
    entry = payload_of(record.stored[done.custody_index])
    assert entry.kind == "custody"
    assert entry.body == {
        "action": "export",
        "export": done.export,
        "items": [[0, 1]],
        "size": 2,
        "by": ["Officer One", "Officer Two"],
        "purpose": "test",
    }
    exports = json.loads(read(tmp_path / "y.zip")["custody.json"])["exports"]
    assert [each["export"] for each in exports] == [done.export, again.export]
    assert exports[-1]["index"] == again.custody_index
    assert exports[-1]["purpose"] == "a second one"


async def test_envelopes_and_leaves_stand_where_the_tree_has_them(tmp_path: Path) -> None:
    record = ListRecord()
    for number in range(300):
        record.message(f"Message {number}")
    done = await record.export(tmp_path / "x.zip", single_items=3)
    files = read(tmp_path / "x.zip")
    leaves = decode_entries(files["tile/entries/000"])
    leaves += decode_entries(files[f"tile/entries/001.p/{done.size - 256}"])
    assert leaves == [entry.leaf for entry in record.stored]
    lines = files["envelopes/000.jsonl"] + files["envelopes/001.jsonl"]
    for entry, line in zip(record.stored, lines.splitlines(), strict=True):
        assert entry.envelope is not None
        assert line == b'{"envelope":%b,"index":%d}' % (entry.envelope.to_json(), entry.index)
    # Everything was asked for: the newest ones get files of their own.
    assert done.single_items == ((done.size - 3, done.size - 1),)


async def test_the_tiles_of_a_selection_lead_to_the_root(tmp_path: Path) -> None:
    record = ListRecord()
    for number in range(70_000 // 100):
        record.message(f"Message {number}")
    selection = Selection(ranges=((300, 301),))
    done = await record.export(tmp_path / "x.zip", selection)
    files = read(tmp_path / "x.zip")
    assert done.items == ((0, 0), (300, 301), (701, 701))
    assert [path for path in files if path.startswith("envelopes/")] == [
        f"envelopes/{number:03}.jsonl" for number in (0, 1, 2)
    ]
    tiles = {ref: files[path] for path in files if (ref := parse_path(path)) is not None}
    root = record.notes[done.size].root
    read_node = reader_of_tiles(tiles)
    for index in (0, 300, 301, 701):
        proof = parse_proof(files[f"proofs/{index}.tlog-proof"].decode())
        assert proof.checkpoint.root == root
        assert read_node(0, index) == record.node(0, index)


async def test_erased_entries_keep_their_leaf_and_say_why(tmp_path: Path) -> None:
    record = ListRecord()
    gone = record.message("secret words")
    erasure = record.erase(gone.index)
    done = await record.export(tmp_path / "x.zip")
    files = read(tmp_path / "x.zip")
    lines = files["envelopes/000.jsonl"].splitlines()
    assert lines[gone.index] == b'{"erased":{"by":%d},"index":%d}' % (erasure.index, gone.index)
    assert f"bundles/{gone.index}.sigstore.json" not in files
    assert done.single_items == ((0, 0), (2, 3))
    assert b"secret words" not in (tmp_path / "x.zip").read_bytes()


async def test_an_erasure_that_came_in_between_is_not_papered_over(tmp_path: Path) -> None:
    record = ListRecord()
    gone = record.message("one")
    record.stored[gone.index] = Entry(gone.index, gone.leaf, None, None, None)
    with pytest.raises(ExportFailed, match="no entry of the bundle says why"):
        await record.export(tmp_path / "x.zip")
    assert os.listdir(tmp_path) == []


async def test_blobs_come_along_unless_withheld_or_missing(tmp_path: Path) -> None:
    record = ListRecord()
    shown, kept_back, lost = (record.blob(data) for data in (b"shown", b"kept back", b"lost"))
    record.message("look", blobs=(shown, kept_back, lost))
    del record.blobs.data[lost.sha256.hex()]
    done = await record.export(tmp_path / "x.zip", withhold=frozenset({kept_back.sha256.hex()}))
    files = read(tmp_path / "x.zip")
    assert files[f"blobs/{shown.sha256.hex()}"] == b"shown"
    withheld = sorted([kept_back.sha256.hex(), lost.sha256.hex()])
    assert manifest(files)["withheld_blobs"] == withheld == list(done.withheld_blobs)
    assert done.missing_blobs == (lost.sha256.hex(),)
    assert not set(files) & {f"blobs/{name}" for name in withheld}


async def test_a_blob_with_other_bytes_is_not_shown(tmp_path: Path) -> None:
    record = ListRecord()
    blob = record.blob(b"true")
    record.message("look", blobs=(blob,))
    record.blobs.data[blob.sha256.hex()] = b"false"
    with pytest.raises(ExportFailed, match="has other bytes"):
        await record.export(tmp_path / "x.zip")


async def test_an_older_checkpoint_of_a_better_grade_comes_along(tmp_path: Path) -> None:
    record = ListRecord()
    conversation(record, 2)
    record.sign(B.witness)
    record.message("more")
    better = record.sign(B.witness)
    record.message("still more")
    done = await record.export(tmp_path / "x.zip", cosigned=False)
    files = read(tmp_path / "x.zip")
    assert [path for path in files if path.startswith("checkpoints/")] == [
        f"checkpoints/{better.size}"
    ]
    assert files[f"checkpoints/{better.size}"].decode() == better.note
    lines = files[f"consistency/{better.size}-{done.size}.txt"].decode().splitlines()
    proof = [base64.b64decode(line) for line in lines]
    newest = record.notes[done.size].root
    assert verify_consistency(better.size, done.size, better.root, newest, proof)
    # The entries since then are covered by A's own signature alone.
    assert done.grade == "single"


async def test_the_grade_is_that_of_the_witnesses(tmp_path: Path) -> None:
    record = ListRecord(terms(neutral=True))
    record.message("one")

    async def settle(_: int) -> None:
        record.sign(NEUTRAL)

    assert (await record.export(tmp_path / "x.zip", settle=settle)).grade == "third-party"


async def test_a_checkpoint_from_before_the_custody_entry_is_not_enough(tmp_path: Path) -> None:
    record = ListRecord()
    record.message("one")
    record.sign(B.witness)
    done = await record.export(tmp_path / "x.zip", cosigned=False)
    stated = read(tmp_path / "x.zip")["checkpoint"].decode().splitlines()[1]
    assert int(stated) == done.size == done.custody_index + 1


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"by": ()}, "by"),
        ({"by": ("",)}, "by"),
        ({"purpose": " "}, "purpose"),
        ({"purpose": "x" * 2001}, "purpose"),
        ({"single_items": -1}, "single_items"),
        ({"selection": Selection(ranges=((1, 9),))}, "entries 1 to 9"),
        ({"selection": Selection(ranges=((1, 0),))}, "entries 1 to 0"),
    ],
)
async def test_a_request_that_cannot_be_met_leaves_no_trace(
    change: dict[str, object], where: str, tmp_path: Path
) -> None:
    record = ListRecord()
    record.message("one")
    with pytest.raises(ExportRefused) as refused:
        await record.export(tmp_path / "x.zip", **change)  # type: ignore[arg-type]
    assert refused.value.where == where
    assert len(record.stored) == 2
    assert os.listdir(tmp_path) == []


async def test_a_file_that_is_there_is_kept_before_anything_is_recorded(tmp_path: Path) -> None:
    record = ListRecord()
    target = tmp_path / "x.zip"
    target.write_bytes(b"precious")
    with pytest.raises(ExportRefused, match="a file already"):
        await record.export(target)
    with pytest.raises(ExportRefused, match="no such directory"):
        await record.export(tmp_path / "none" / "x.zip")
    assert (target.read_bytes(), len(record.stored)) == (b"precious", 1)
    await record.export(target, overwrite=True)
    assert zipfile.is_zipfile(target)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("leaf", "not what the tree has hashed"),
        ("payload", "content has changed"),
        ("agreement", "does not hold the signed agreement"),
        ("root", "not of the record's own tree"),
    ],
)
async def test_a_record_that_contradicts_itself_is_not_shown(
    damage: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = ListRecord()
    one, other = record.message("one"), record.message("other")
    if damage == "leaf":
        record.stored[1] = Entry(1, other.leaf, one.envelope, one.payload)
    elif damage == "payload":
        record.stored[1] = Entry(1, one.leaf, other.envelope, other.payload)
    elif damage == "agreement":
        record.blobs.data.pop(hashlib.sha256(signed_agreement(record.terms)).hexdigest())
    else:

        async def another(_: int) -> CosignedCheckpoint:
            return replace(record.sign(), root=bytes(32))

        monkeypatch.setattr(record, "best_checkpoint", another)
    with pytest.raises(ExportFailed, match=message):
        await record.export(tmp_path / "x.zip")
    assert os.listdir(tmp_path) == []


async def test_progress_counts_the_entries(tmp_path: Path) -> None:
    record = ListRecord()
    for number in range(300):
        record.message(str(number))
    told: list[tuple[int, int]] = []
    request = ExportRequest(("One",), "test")
    await export_bundle(
        record,
        request,
        tmp_path / "x.zip",
        lambda *done: told.append(done),
        clock=record.now,
        random=record.random,
    )
    assert told == [(256, 302), (302, 302)]


async def test_a_prepared_export_is_written_when_it_is_cosigned(tmp_path: Path) -> None:
    record = ListRecord()
    record.message("one")
    prepared = await prepare_export(record, REQUEST, now=record.now(), random=record.random)
    size = prepared.custody_index + 1
    record.sign(B.witness)
    # What comes later is not part of it, another export's entry least of all.
    record.message("two")
    later = await record.export(tmp_path / "later.zip")
    made = await export_prepared(record, prepared.export, tmp_path / "x.zip", clock=record.now)
    assert (made.grade, made.size, made.scope) == ("bilateral", size, "full")
    assert (made.export, made.items) == (prepared.export, ((0, prepared.custody_index),))
    stated = manifest(read(tmp_path / "x.zip"))
    assert stated["exported"]["export"] == prepared.export != later.export
    assert stated["exported"]["by"] == list(REQUEST.by)
    count = len(record.stored)
    report = verify_bundle(tmp_path / "x.zip", Options(accept="bilateral"))
    assert report.proven, report.findings
    assert len(record.stored) == count
    with pytest.raises(ExportRefused, match="no such export"):
        await export_prepared(record, "x", tmp_path / "y.zip", clock=record.now)


async def test_a_prepared_export_shows_no_more_under_a_later_checkpoint(tmp_path: Path) -> None:
    record = ListRecord()
    record.message("one")
    prepared = await prepare_export(record, REQUEST, now=record.now(), random=record.random)
    record.message("two")
    record.sign(B.witness)
    made = await export_prepared(record, prepared.export, tmp_path / "x.zip", clock=record.now)
    assert (made.grade, made.scope) == ("bilateral", "subset")
    assert made.items == ((0, prepared.custody_index),)
    report = verify_bundle(tmp_path / "x.zip", Options(accept="bilateral"))
    assert report.proven, report.findings
