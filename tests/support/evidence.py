"""Two parties, an agreement and a record in memory, from which tests export real bundles.

Everything is made of fixed seeds and a clock that ticks, so the same script gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

from detente.evidence import Exported, ExportRequest, Selection, export_bundle
from detente.formats import AGREEMENT_TYPE, GRADES
from detente.record import Blob, Draft, Payload, Reference, chain_hash, read_payload, seal
from detente.record.blobs import BlobUnusable
from detente.record.checkpoint import Checkpoint, sign_checkpoint
from detente.record.cosignature import CosignatureVerifier, add_lines, cosign, cosignatures_of
from detente.record.dsse import Envelope, Signature, pae
from detente.record.entries import CosignedCheckpoint, Entry, Grade
from detente.record.ijson import JsonValue, canonical_json
from detente.record.keys import Ed25519Signer, Signer, Verifier
from detente.record.leaf import leaf_of
from detente.record.members import Member, Officer, Terms
from detente.record.merkle import leaf_hash, node_hash, range_root
from detente.record.policy import Policy
from detente.record.uuids import uuid7

AGREEMENT = "ab-2026"
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
FILES: Mapping[str, bytes] = {
    "agreement.toml": b'id = "ab-2026"\n',
    "area.geojson": b'{"type":"FeatureCollection","features":[]}\n',
}


def signer(name: str) -> Ed25519Signer:
    """A key made of its name."""
    return Ed25519Signer(name, hashlib.sha256(b"test key " + name.encode()).digest())


@dataclass(frozen=True)
class Keys:
    """A party's private keys."""

    party: str

    @property
    def log(self) -> Ed25519Signer:
        return signer(f"{self.party}.example/log/{AGREEMENT}")

    @property
    def witness(self) -> Ed25519Signer:
        return signer(f"{self.party}.example/witness")

    @property
    def node(self) -> Ed25519Signer:
        return signer(f"{self.party}.example/node")

    @property
    def officer(self) -> Ed25519Signer:
        return signer(f"{self.party}.example/officer/one")

    def member(self, names: Mapping[str, str]) -> Member:
        """The public half."""
        return Member(
            self.party,
            names,
            self.log.verifier,
            CosignatureVerifier.of(self.witness),
            (self.node.verifier,),
            (Officer("one", self.officer.verifier),),
        )


A, B = Keys("a"), Keys("b")
NEUTRAL = signer("neutral.example/witness")
NAMES = {
    "a": {"en": "Party A", "fr": "Partie A"},
    "b": {"en": "Party B", "fr": "Partie B"},
}


def terms(*, neutral: bool = False) -> Terms:
    """The agreement between both."""
    members = (A.member(NAMES["a"]), B.member(NAMES["b"]))
    neutrals = {"neutral": CosignatureVerifier.of(NEUTRAL)} if neutral else {}
    policies = {
        one.log.name: Policy.build(one.log, {other.id: other.witness}, neutrals).to_text()
        for one, other in (members, members[::-1])
    }
    plain = Terms(AGREEMENT, "", 1, members, tuple(neutrals.values()), policies)
    digest = hashlib.sha256(canonical_json(manifest(plain))).hexdigest()
    return Terms(AGREEMENT, digest, 1, members, tuple(neutrals.values()), policies)


def manifest(of: Terms) -> dict[str, JsonValue]:
    """What both parties sign."""
    parties: list[JsonValue] = []
    for member in of.members:
        keys: list[JsonValue] = [
            {"purpose": "log", "vkey": member.log.to_vkey(), "holder": ""},
            {"purpose": "witness", "vkey": member.witness.to_vkey(), "holder": ""},
        ]
        keys += [
            {"purpose": "signing", "vkey": key.to_vkey(), "holder": ""} for key in member.signing
        ]
        keys += [
            {"purpose": "officer", "vkey": officer.key.to_vkey(), "holder": officer.holder}
            for officer in member.officers
        ]
        parties.append({"id": member.id, "name": dict(member.names), "keys": keys})
    return {
        "agreement": of.agreement,
        "version": of.version,
        "previous": None,
        "title": {"en": "Agreement AB", "fr": "Accord AB"},
        "period": {"from": "2026-01-01T00:00:00.000000Z", "until": "2027-01-01T00:00:00.000000Z"},
        "files": [
            {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for name, data in sorted(FILES.items())
        ],
        "parties": parties,
        "witnesses": [{"name": key.name, "vkey": key.to_vkey()} for key in of.neutral_witnesses],
        "policies": dict(of.policies),
    }


def signed_agreement(of: Terms) -> bytes:
    """`agreement.dsse.json`, signed by an officer of each."""
    payload = canonical_json(manifest(of))
    message = pae(AGREEMENT_TYPE, payload)
    signatures = tuple(Signature(key.name, key.sign(message)) for key in (A.officer, B.officer))
    return Envelope(payload, AGREEMENT_TYPE, signatures).to_json()


class MemoryBlobs:
    """Bytes by hash, in a dict."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        self.data[name] = data
        return name

    def open(self, sha256: str) -> BinaryIO:
        if sha256 not in self.data:
            raise BlobUnusable("It is missing.", where=sha256)
        return io.BytesIO(self.data[sha256])

    def size(self, sha256: str) -> int | None:
        data = self.data.get(sha256)
        return None if data is None else len(data)


class ListRecord:
    """A's record in lists. It does what the exporter needs, and signs for both parties."""

    def __init__(self, of: Terms | None = None) -> None:
        self.blobs = MemoryBlobs()
        self.stored: list[Entry] = []
        self.hashes: list[bytes] = []
        self.notes: dict[int, CosignedCheckpoint] = {}
        self._terms = terms() if of is None else of
        self._chains: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._ticks = 0
        files = [signed_agreement(self._terms), *FILES.values()]
        body: dict[str, JsonValue] = {"sha256": self._terms.sha256, "version": 1}
        blobs = tuple(self.blob(data) for data in files)
        self.write(A.node, "a", Draft("agreement", "agreement", ("b",), body, blobs=blobs))

    # --- what the exporter sees --------------------------------------------------------------

    @property
    def party(self) -> str:
        return "a"

    @property
    def origin(self) -> str:
        return A.log.name

    @property
    def terms(self) -> Terms:
        return self._terms

    @property
    def keyring(self) -> ListRecord:
        return self

    def log_key(self, party: str, size: int) -> Verifier:
        assert (party, size > 0) == ("a", True)
        return A.log.verifier

    async def append(self, drafts: Sequence[tuple[Draft, Signer | None]]) -> list[Entry]:
        return [self.write(A.node, "a", draft) for draft, _ in drafts]

    async def entries(self, since: int, limit: int) -> list[Entry]:
        # Fewer than asked for, as a record may.
        return self.stored[since : since + min(limit, 100)]

    def node(self, level: int, index: int) -> bytes:
        if level == 0:
            return self.hashes[index]
        found = self._nodes.get((level, index))
        if found is None:
            found = node_hash(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))
            self._nodes[level, index] = found
        return found

    async def checkpoint(self) -> CosignedCheckpoint:
        return self.sign()

    async def checkpoints(
        self, since: int = 1, limit: int = 100, *, cosigned_only: bool = False
    ) -> list[CosignedCheckpoint]:
        found = [self.notes[size] for size in sorted(self.notes) if size >= since]
        return [each for each in found if each.cosigners or not cosigned_only][:limit]

    async def best_checkpoint(self, above: int = 0) -> CosignedCheckpoint | None:
        self.sign()
        found = [each for each in self.notes.values() if each.size > above]
        return max(found, key=lambda each: (GRADES.index(each.grade), each.size), default=None)

    # --- what tests do -----------------------------------------------------------------------

    def now(self) -> datetime:
        """A second later each time."""
        self._ticks += 1
        return START + timedelta(seconds=self._ticks)

    def random(self, count: int) -> bytes:
        """Not random at all."""
        self._ticks += 1
        return hashlib.sha512(str(self._ticks).encode()).digest()[:count]

    def blob(self, data: bytes, media_type: str = "application/octet-stream") -> Blob:
        """Keep bytes; what a payload says of them."""
        return Blob(bytes.fromhex(self.blobs.put(data)), len(data), media_type)

    def write(self, key: Signer, sender: str, draft: Draft) -> Entry:
        """Append an entry by anybody."""
        sequence, previous = self._chains.get((sender, draft.channel), (0, None))
        created = self.now()
        envelope = seal(
            draft,
            signer=key,
            agreement=self._terms.agreement,
            sender=sender,
            sequence=sequence + 1,
            previous=previous,
            created=created,
            identity=uuid7(int(created.timestamp() * 1000), self.random(10)),
            salt=self.random(16),
        )
        self._chains[sender, draft.channel] = (sequence + 1, chain_hash(envelope))
        leaf = leaf_of(envelope, key.public_key)
        entry = Entry(len(self.stored), leaf, envelope, read_payload(envelope))
        self.stored.append(entry)
        self.hashes.append(leaf_hash(leaf))
        return entry

    def message(self, text: str, sender: str = "a", **changes: object) -> Entry:
        """A message to the other party."""
        keys = A if sender == "a" else B
        to = ("b",) if sender == "a" else ("a",)
        body: dict[str, JsonValue] = {"text": text}
        draft = Draft("message", "line", to, body)
        for name, value in changes.items():
            object.__setattr__(draft, name, value)
        return self.write(keys.officer, sender, draft)

    def receipt(self, of: Entry) -> Entry:
        """The other node's receipt: B's log holds the same messages some places further on."""
        payload = payload_of(of)
        other = B if payload.sender == "a" else A
        index = of.index + 40 if other is B else of.index
        body: dict[str, JsonValue] = {
            "of": str(payload.id),
            "payload_sha256": payload.sha256.hex(),
            "origin": other.log.name,
            "index": index,
            "received": "2026-03-01T08:00:30.000000Z",
        }
        refs = (Reference(payload.id, "receipt", payload.sha256),)
        draft = Draft("receipt", "receipts", (payload.sender,), body, refs)
        return self.write(other.node, other.party, draft)

    def acknowledgement(self, of: Entry, text: str = "Read and understood.") -> Entry:
        """The other officer's acknowledgement."""
        payload = payload_of(of)
        other = B if payload.sender == "a" else A
        body: dict[str, JsonValue] = {
            "of": str(payload.id),
            "payload_sha256": payload.sha256.hex(),
            "text": text,
        }
        refs = (Reference(payload.id, "acknowledgement", payload.sha256),)
        draft = Draft("acknowledgement", "acknowledgements", (payload.sender,), body, refs)
        return self.write(other.officer, other.party, draft)

    def erase(self, index: int) -> Entry:
        """Forget a payload, and say so."""
        payload = payload_of(self.stored[index])
        body: dict[str, JsonValue] = {
            "origin": self.origin,
            "index": index,
            "payload_sha256": payload.sha256.hex(),
            "ground": "test",
        }
        entry = self.write(A.node, "a", Draft("erasure", "erasures", (), body))
        self.stored[index] = Entry(index, self.stored[index].leaf, None, None, entry.index)
        return entry

    def sign(self, *witnesses: Ed25519Signer, token: bytes | None = None) -> CosignedCheckpoint:
        """The checkpoint of all entries, cosigned by these."""
        size = len(self.stored)
        before = self.notes.get(size)
        root = range_root(0, size, self.node)
        stated = Checkpoint(self.origin, size, root)
        note = sign_checkpoint(stated, A.log) if before is None else before.note
        known = [CosignatureVerifier.of(B.witness), *self._terms.neutral_witnesses]
        time_s = int(START.timestamp()) + size
        for witness in witnesses:
            note = add_lines(note, cosign(stated.to_text(), witness, time_s), known)
        good = cosignatures_of(note, known)
        stamp = token or (None if before is None else before.timestamp)
        grade: Grade = "single" if stamp is None else "timestamped"
        names = {each.name for each in good}
        policy = Policy.parse(self._terms.policies[self.origin])
        if policy.satisfied_by(good) or B.witness.name in names:
            grade = "bilateral"
        elif NEUTRAL.name in names:
            grade = "third-party"
        made = CosignedCheckpoint(size, root, note, tuple(each.name for each in good), grade, stamp)
        self.notes[size] = made
        return made

    async def export(
        self,
        target: Path,
        selection: Selection | None = None,
        *,
        cosigned: bool = True,
        stamp: Callable[[CosignedCheckpoint], bytes] | None = None,
        **request: object,
    ) -> Exported:
        """Export, with B's cosignature under the bundle's checkpoint."""

        async def settle(_: int) -> None:
            if cosigned:
                self.sign(B.witness)
            if stamp is not None:
                self.sign(token=stamp(self.sign()))

        arguments: dict[str, object] = {
            "by": ("Officer One", "Officer Two"),
            "purpose": "test",
            "selection": selection,
            "settle": settle,
            **request,
        }
        made = ExportRequest(**arguments)  # type: ignore[arg-type]
        return await export_bundle(self, made, target, clock=self.now, random=self.random)


def payload_of(entry: Entry) -> Payload:
    """The payload of an entry that was not erased."""
    return cast(Payload, entry.payload)


def conversation(record: ListRecord, messages: int = 5) -> list[Entry]:
    """Messages both ways, with receipts; the officers acknowledge every other one."""
    said: list[Entry] = []
    for number in range(messages):
        sender = "ab"[number % 2]
        entry = record.message(f"Message {number} of {sender.upper()}", sender)
        record.receipt(entry)
        if number % 2:
            record.acknowledgement(entry)
        said.append(entry)
    return said


def spki_base64(key: bytes) -> str:
    """A public key as DER in base64."""
    return base64.b64encode(bytes.fromhex("302a300506032b6570032100") + key).decode()
