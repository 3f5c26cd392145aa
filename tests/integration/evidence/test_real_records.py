"""Two real records on disk: one party says something, the other answers, a bundle is exported."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.support import third_party
from tests.support.evidence import FILES, START, A, B, Keys, signed_agreement, terms

from detente.evidence import ExportRequest, Selection, export_bundle
from detente.formats import ROTATION_CONTEXT
from detente.record import Blob, Draft, Reference
from detente.record.checkpoint import split_note
from detente.record.cosignature import CosignatureVerifier, cosign
from detente.record.entries import Entry, RecordPlace
from detente.record.ijson import JsonValue
from detente.record.keys import Ed25519Signer, Verifier, generate_key
from detente.record.party_record import PartyRecord
from detente.verify import Options, verify_bundle

pytestmark = pytest.mark.anyio


class World:
    """Both records, and one clock."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ticks = itertools.count()

    def clock(self) -> datetime:
        return START + timedelta(milliseconds=next(self._ticks))

    def random(self, count: int) -> bytes:
        return hashlib.shake_256(str(next(self._ticks)).encode()).digest(count)

    async def record(self, keys: Keys) -> PartyRecord:
        agreed = terms()
        files = [("application/json", signed_agreement(agreed))]
        files += [("application/octet-stream", data) for data in FILES.values()]
        return await PartyRecord.create(
            RecordPlace(self._directory / keys.party),
            agreed,
            keys.party,
            signers=[keys.log, keys.node],
            clock=self.clock,
            random=self.random,
            files=files,
        )


def wire(entry: Entry) -> bytes:
    assert entry.envelope is not None
    return entry.envelope.to_json()


async def cosigned(record: PartyRecord, keys: Keys) -> None:
    """The other's witness signs the newest checkpoint."""
    newest = await record.checkpoint()
    text, _ = split_note(newest.note)
    line = cosign(text, keys.witness, int(START.timestamp()) + newest.size)
    await record.add_cosignatures(newest.size, [line])


async def rotated(
    record: PartyRecord, party: Keys, purpose: str, old: Ed25519Signer, new: Ed25519Signer
) -> None:
    """Replace a key of the record's owner, with every proof that its purpose needs."""
    kind = CosignatureVerifier if purpose == "witness" else Verifier
    vkeys = [kind(key.name, key.public_key).to_vkey() for key in (old, new)]
    words = (ROTATION_CONTEXT, record.terms.agreement, party.party, purpose, *vkeys)
    text = "".join(f"{word}\n" for word in words).encode()
    body: dict[str, JsonValue] = {
        "party": party.party,
        "purpose": purpose,
        "old": vkeys[0],
        "new": vkeys[1],
        "proof": base64.b64encode(new.sign(text)).decode(),
    }
    author = old
    if purpose in ("log", "witness"):
        body["old_proof"] = base64.b64encode(old.sign(text)).decode()
        author = party.node
    record.add_signer(new)
    await record.append([(Draft("key-rotation", "keys", ("b",), body), author)])


async def test_others_tools_follow_keys_that_changed(tmp_path: Path) -> None:
    third_party.need_openssl()
    third_party.need_node_tools()
    world = World(tmp_path)
    ours = await world.record(A)
    said = Draft("message", "line", ("b",), {"text": "before"})
    await ours.append([(said, A.officer)])
    officer, node = generate_key(A.officer.name), generate_key(A.node.name)
    await rotated(ours, A, "officer", A.officer, officer)
    await rotated(ours, A, "log", A.log, generate_key(A.log.name))
    await rotated(ours, A, "witness", A.witness, generate_key(A.witness.name))
    await rotated(ours, A, "signing", A.node, node)
    await ours.append([(Draft("message", "line", ("b",), {"text": "after"}), officer)])

    async def settle(_: int) -> None:
        await cosigned(ours, B)

    path = tmp_path / "changed.zip"
    request = ExportRequest(("One", "Two"), "an inquiry", settle=settle)
    await export_bundle(ours, request, path, clock=world.clock, random=world.random)
    await ours.close()
    report = verify_bundle(path, Options(agreement=terms().sha256))
    assert report.findings == ()
    assert report.grade == "bilateral"
    assert sum("replaced" in sentence.en for sentence in report.statements) == 4
    unpacked = tmp_path / "bundle"
    unpacked.mkdir()
    with zipfile.ZipFile(path) as file:
        files = {member: file.read(member) for member in file.namelist()}
    third_party.unpack(files, unpacked)
    (unpacked / "node_modules").symlink_to(third_party.NODE_TOOLS / "node_modules")
    told = third_party.run_guide(files["VERIFY.md"].decode(), unpacked)
    # Two under the agreement, three a rotation of log and witness, two of the others, log and
    # witness under the checkpoint, one entry.
    assert told.count("Signature Verified Successfully") == 2 + 3 * 2 + 2 * 2 + 2 + 1
    assert "8 entries verified" in told
    # The proof of a rotation is changed: the tools notice.
    path = next(unpacked.glob("envelopes/**/*.jsonl"))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    payload = json.loads(base64.b64decode(lines[3]["envelope"]["payload"]))
    payload["body"]["proof"] = base64.b64encode(bytes(64)).decode()
    lines[3]["envelope"]["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    block = third_party.guide_blocks(files["VERIFY.md"].decode())[3]
    with pytest.raises(AssertionError, match="Signature Verification Failure"):
        third_party.run_shell(block, unpacked)


async def test_a_real_record_is_exported_and_believed(tmp_path: Path) -> None:
    world = World(tmp_path)
    ours, theirs = await world.record(A), await world.record(B)
    plan = b"four volumes over the ridge"
    blob = Blob(bytes.fromhex(ours.blobs.put(plan)), len(plan), "text/plain")
    said: list[Entry] = []
    for number in range(3):
        body: dict[str, JsonValue] = {"text": f"Message {number}"}
        draft = Draft("message", "line", ("b",), body, blobs=(blob,))
        said += await ours.append([(draft, A.officer)])
    received = await theirs.receive([wire(entry) for entry in said], {blob.sha256.hex(): plan})
    receipts = [each.receipt for each in received if each.receipt is not None]
    assert len(receipts) == 3
    await ours.receive([wire(receipt) for receipt in receipts])
    first = said[0].payload
    assert first is not None
    draft = Draft(
        "acknowledgement",
        "acknowledgements",
        ("a",),
        {"of": str(first.id), "payload_sha256": first.sha256.hex(), "text": "Understood."},
        (Reference(first.id, "acknowledgement", first.sha256),),
    )
    acknowledged = await theirs.append([(draft, B.officer)])
    await ours.receive([wire(entry) for entry in acknowledged])
    await ours.erase(said[2].index, "a mistake")

    async def settle(_: int) -> None:
        await cosigned(ours, B)

    for name, selection in (
        ("full", None),
        ("subset", Selection(ids=frozenset({str(first.id)}))),
    ):
        request = ExportRequest(("One", "Two"), "an inquiry", selection, settle=settle)
        path = tmp_path / f"{name}.zip"
        done = await export_bundle(ours, request, path, clock=world.clock, random=world.random)
        assert (done.grade, done.scope) == ("bilateral", name)
        assert done.size == done.custody_index + 1
        report = verify_bundle(path, Options(agreement=terms().sha256))
        assert report.findings == ()
        assert (report.exit_code, report.grade) == (0, "bilateral")
        with zipfile.ZipFile(path) as file:
            files = {member: file.read(member) for member in file.namelist()}
        assert files[f"blobs/{blob.sha256.hex()}"] == plan
        assert third_party.scitt(files) == []
        keys = {key.name: key.public_key for key in (A.node, A.officer, B.node, B.officer)}
        assert third_party.securesystemslib(files, keys) == []
    await ours.close()
    await theirs.close()
