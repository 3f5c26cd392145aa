"""Writes evidence bundles for the verifier's tests, from the text of the formats alone.

Deliberately small and slow, and sharing no code with what it tests or with the writing side. A
`Forge` is changed by a test (keys, entries, notes, files) and then builds a bundle in which
everything else is consistent, so that only the broken rule shows.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nacl.signing import SigningKey
from tests.support.rfc9162 import mth, path, proof

AGREEMENT = "ab-2026"
ORIGIN = "a.example/log/ab-2026"
ORIGIN_B = "b.example/log/ab-2026"
EXPORT = "01938f00-0000-7000-8000-0000000000ee"
LOG, WITNESS = 0x01, 0x04


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def canon(value: Any) -> bytes:
    """Canonical JSON of values without floats and with names of the basic plane."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Key:
    """A private key by name; the seed is the hash of a word."""

    name: str
    word: str
    kind: int = LOG

    @property
    def secret(self) -> SigningKey:
        return SigningKey(hashlib.sha256(self.word.encode()).digest())

    @property
    def raw(self) -> bytes:
        return bytes(self.secret.verify_key)

    @property
    def id(self) -> bytes:
        head = self.name.encode() + b"\n" + bytes([self.kind])
        return hashlib.sha256(head + self.raw).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64(bytes([self.kind]) + self.raw)}"

    def sign(self, message: bytes) -> bytes:
        return self.secret.sign(message).signature

    def line(self, text: str, time_s: int = 1_795_000_000) -> str:
        """A signature line, or a cosignature line for witness keys."""
        if self.kind == LOG:
            data = self.sign(text.encode())
        else:
            signed = self.sign(f"cosignature/v1\ntime {time_s}\n{text}".encode())
            data = time_s.to_bytes(8, "big") + signed
        return f"\u2014 {self.name} {b64(self.id + data)}\n"


def vkey_of(name: str, kind: int, raw: bytes) -> str:
    head = name.encode() + b"\n" + bytes([kind])
    return f"{name}+{hashlib.sha256(head + raw).digest()[:4].hex()}+{b64(bytes([kind]) + raw)}"


A_LOG = Key(ORIGIN, "a log")
A_WITNESS = Key("a.example/witness", "a witness", WITNESS)
A_NODE = Key("a.example/node", "a node")
A_OFFICER = Key("a.example/officer/1", "a officer")
B_LOG = Key(ORIGIN_B, "b log")
B_WITNESS = Key("b.example/witness", "b witness", WITNESS)
B_NODE = Key("b.example/node", "b node")
B_OFFICER = Key("b.example/officer/1", "b officer")
NEUTRAL = Key("neutral.example/witness", "neutral", WITNESS)


def pae(kind: str, payload: bytes) -> bytes:
    return b"DSSEv1 %d %b %d %b" % (len(kind.encode()), kind.encode(), len(payload), payload)


def type_of(kind: str) -> str:
    return f"application/vnd.detente.{kind}.v1+json"


def spki(raw: bytes) -> bytes:
    return bytes.fromhex("302a300506032b6570032100") + raw


@dataclass
class Entry:
    """An entry with its envelope as text; `erased` names the entry that states the erasure."""

    payload: bytes
    payload_type: str
    keyid: str
    sig: bytes
    raw: bytes
    erased: int | None = None
    leaf: bytes = b""
    envelope: bytes = b""

    def __post_init__(self) -> None:
        self.leaf = self.leaf or canon(
            {
                "apiVersion": "0.0.2",
                "kind": "dsse",
                "spec": {
                    "dsseV002": {
                        "payloadHash": {
                            "algorithm": "SHA2_256",
                            "digest": b64(hashlib.sha256(self.payload).digest()),
                        },
                        "signatures": [
                            {
                                "content": b64(self.sig),
                                "verifier": {
                                    "keyDetails": "PKIX_ED25519",
                                    "publicKey": {"rawBytes": b64(spki(self.raw))},
                                },
                            }
                        ],
                    }
                },
            }
        )
        self.envelope = self.envelope or canon(self.document)

    @property
    def document(self) -> dict[str, Any]:
        return {
            "payload": b64(self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"keyid": self.keyid, "sig": b64(self.sig)}],
        }

    @property
    def digest(self) -> str:
        return sha(self.payload)

    @property
    def chain(self) -> str:
        return sha(pae(self.payload_type, self.payload))


Parties = dict[str, dict[str, Key]]


@dataclass
class Forge:
    """Two parties, the log of Party A, and everything that can be changed about its bundle.

    Hooks (each takes the value and returns the one to use): `on_agreement`, `on_manifest`,
    `on_payload` (body and all, with its index), `on_files` (all members but the manifest),
    `on_note` (path and text of each note).
    """

    scope: str = "full"
    items: list[int] | None = None
    accept_grade: str = "bilateral"
    entries: list[Entry] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    older: list[int] = field(default_factory=list)
    singles: list[int] = field(default_factory=list)
    cosigners: list[Key] = field(default_factory=lambda: [B_WITNESS])
    log_key: Key = A_LOG
    neutral: list[Key] = field(default_factory=list)
    policy: str | None = None
    a_keys: dict[str, Key] = field(
        default_factory=lambda: {
            "log": A_LOG,
            "witness": A_WITNESS,
            "signing": A_NODE,
            "officer": A_OFFICER,
        }
    )
    b_keys: dict[str, Key] = field(
        default_factory=lambda: {
            "log": B_LOG,
            "witness": B_WITNESS,
            "signing": B_NODE,
            "officer": B_OFFICER,
        }
    )
    agreement_signers: list[Key] = field(default_factory=lambda: [A_NODE, B_NODE])
    agreement_files: dict[str, bytes] = field(default_factory=dict)
    on_agreement: Callable[[dict[str, Any]], dict[str, Any]] = lambda value: value
    on_manifest: Callable[[dict[str, Any]], dict[str, Any]] = lambda value: value
    on_files: Callable[[dict[str, bytes]], dict[str, bytes]] = lambda files: files
    withheld: list[str] = field(default_factory=list)
    envelope_lines: dict[int, bytes] = field(default_factory=dict)
    _seq: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    _agreement: bytes = b""
    _ids: int = 0

    # Agreement

    def default_policy(self) -> str:
        lines = [f"log {self.a_keys['log'].vkey}", f"witness b {self.b_keys['witness'].vkey}"]
        lines += [f"witness n{i} {key.vkey}" for i, key in enumerate(self.neutral)]
        if self.neutral:
            lines.append("group neutral any " + " ".join(f"n{i}" for i in range(len(self.neutral))))
            lines += ["group all-of all b neutral", "quorum all-of"]
        else:
            lines.append("quorum b")
        return "\n".join(lines) + "\n"

    def agreement_body(self) -> dict[str, Any]:
        def party(identity: str, keys: dict[str, Key]) -> dict[str, Any]:
            return {
                "id": identity,
                "name": {
                    "en": f"Party {identity.upper()}",
                    "fr": f"Partie {identity.upper()}",
                },
                "keys": [
                    {
                        "purpose": purpose,
                        "vkey": key.vkey,
                        "holder": f"Officer {identity.upper()}1" if purpose == "officer" else "",
                    }
                    for purpose, key in keys.items()
                ],
            }

        self.agreement_files.setdefault(
            "agreement.toml", b'[[parties]]\nid = "a"\n[[parties]]\nid = "b"\n'
        )
        return {
            "agreement": AGREEMENT,
            "version": 1,
            "previous": None,
            "title": {"en": "Shared sky", "fr": "Ciel partagé"},
            "period": {"from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"},
            "files": [
                {"name": name, "sha256": sha(data), "size": len(data)}
                for name, data in sorted(self.agreement_files.items())
            ],
            "parties": [party("a", self.a_keys), party("b", self.b_keys)],
            "witnesses": [{"name": f"n{i}", "vkey": k.vkey} for i, k in enumerate(self.neutral)],
            "policies": {ORIGIN: self.policy or self.default_policy()},
        }

    def sign_agreement(self, body: dict[str, Any], signers: list[Key]) -> bytes:
        payload = canon(body)
        message = pae(type_of("agreement"), payload)
        return canon(
            {
                "payload": b64(payload),
                "payloadType": type_of("agreement"),
                "signatures": [{"keyid": k.name, "sig": b64(k.sign(message))} for k in signers],
            }
        )

    @property
    def agreement(self) -> bytes:
        if not self._agreement:
            body = self.on_agreement(self.agreement_body())
            self._agreement = self.sign_agreement(body, self.agreement_signers)
        return self._agreement

    @property
    def agreement_hash(self) -> str:
        return sha(base64.b64decode(json.loads(self.agreement)["payload"]))

    # Entries

    def new_id(self) -> str:
        self._ids += 1
        return f"01938f00-0000-7000-8000-{self._ids:012x}"

    def add(
        self,
        kind: str,
        body: dict[str, Any],
        *,
        key: Key = A_NODE,
        sender: str = "a",
        to: list[str] | None = None,
        channel: str = "main",
        refs: list[dict[str, Any]] | None = None,
        blobs: list[bytes] | None = None,
        change: Callable[[dict[str, Any]], dict[str, Any]] = lambda payload: payload,
        raw: bytes | None = None,
    ) -> Entry:
        """Append an envelope; `change` may break its payload before it is signed."""
        index = len(self.entries)
        seq, prev = self._seq.get((sender, channel), (0, ""))
        for blob in blobs or []:
            self.blobs[sha(blob)] = blob
        payload = {
            "agreement": AGREEMENT,
            "author": key.name,
            "blobs": [
                {"media_type": "application/octet-stream", "sha256": sha(blob), "size": len(blob)}
                for blob in blobs or []
            ],
            "body": body,
            "channel": channel,
            "created": f"2026-11-22T20:{index // 60 % 60:02}:{index % 60:02}.000000Z",
            "from": sender,
            "id": self.new_id(),
            "prev": prev or None,
            "refs": refs or [],
            "salt": f"{index:032x}",
            "seq": seq + 1,
            "status": "actual",
            "to": ["b" if sender == "a" else "a"] if to is None else to,
        }
        payload = change(payload)
        data = canon(payload)
        kind_type = type_of(kind)
        entry = Entry(data, kind_type, key.name, key.sign(pae(kind_type, data)), raw or key.raw)
        self._seq[sender, channel] = (seq + 1, entry.chain)
        self.entries.append(entry)
        return entry

    def begin(self) -> Forge:
        """The agreement entry at index 0."""
        data = self.agreement
        blobs = [data, *self.agreement_files.values()]
        self.add("agreement", {"sha256": self.agreement_hash, "version": 1}, to=[], blobs=blobs)
        return self

    def answer_body(self, entry: Entry) -> tuple[dict[str, Any], str]:
        identity = json.loads(entry.payload)["id"]
        return {"of": identity, "payload_sha256": entry.digest}, identity

    def receipt(
        self,
        entry: Entry,
        *,
        key: Key = B_NODE,
        sender: str = "b",
        origin: str = ORIGIN_B,
        at: int = 1,
        change: Callable[[dict[str, Any]], dict[str, Any]] = lambda payload: payload,
    ) -> Entry:
        body, identity = self.answer_body(entry)
        body |= {"origin": origin, "index": at, "received": "2026-11-22T20:35:00.000000Z"}
        refs = [{"id": identity, "rel": "receipt", "sha256": entry.digest}]
        return self.add(
            "receipt", body, key=key, sender=sender, channel="receipts", refs=refs, change=change
        )

    def acknowledge(
        self,
        entry: Entry,
        *,
        key: Key = B_OFFICER,
        sender: str = "b",
        change: Callable[[dict[str, Any]], dict[str, Any]] = lambda payload: payload,
    ) -> Entry:
        body, identity = self.answer_body(entry)
        refs = [{"id": identity, "rel": "acknowledgement", "sha256": entry.digest}]
        body["text"] = "understood"
        return self.add("acknowledgement", body, key=key, sender=sender, refs=refs, change=change)

    def anchor(
        self,
        root: bytes,
        size: int,
        *,
        log: Key = B_LOG,
        witness: Key = A_WITNESS,
        origin: str = ORIGIN_B,
        key: Key = A_NODE,
        sender: str = "a",
    ) -> Entry:
        text = f"{origin}\n{size}\n{b64(root)}\n"
        note = text + "\n" + log.line(text) + witness.line(text)
        return self.add("anchor", {"checkpoint": note}, key=key, sender=sender, channel="anchors")

    def custody(self, *, key: Key = A_NODE, **change: Any) -> Entry:
        """The entry of this export; to be the last."""
        size = len(self.entries)
        body = {
            "action": "export",
            "export": EXPORT,
            "items": [[0, size - 1]] if size else [],
            "size": size,
            "by": ["Officer A1"],
            "purpose": "court",
        }
        return self.add("custody", body | change, key=key, to=[], channel="custody")

    # Notes

    def leaves(self, size: int | None = None) -> list[bytes]:
        return [entry.leaf for entry in self.entries[:size]]

    def note(self, size: int, cosigners: list[Key] | None = None) -> bytes:
        text = f"{ORIGIN}\n{size}\n{b64(mth(self.leaves(size)))}\n"
        lines = [self.log_key, *(self.cosigners if cosigners is None else cosigners)]
        return (text + "\n" + "".join(key.line(text) for key in lines)).encode()

    # Files

    def files(self) -> dict[str, bytes]:
        """Every member but the manifest."""
        size = len(self.entries)
        shown = list(range(size)) if self.items is None else self.items
        note = self.note(size)
        files = {
            "README.html": b"<!DOCTYPE html><title>bundle</title>",
            "VERIFY.md": b"# How to verify\n",
            "agreement.dsse.json": self.agreement,
            "checkpoint": note,
            "policy": (self.policy or self.default_policy()).encode(),
            "trusted_root.json": json.dumps(self.trusted_root()).encode(),
            "custody.json": canon({"exports": self.exports(shown)}),
        }
        for name, data in self.agreement_files.items():
            files[f"agreement/{name}"] = data
        named = {
            blob["sha256"]
            for i in shown
            if self.entries[i].erased is None
            for blob in _payload(self.entries[i]).get("blobs", [])
        }
        for digest, data in self.blobs.items():
            if digest in named and digest not in self.withheld:
                files[f"blobs/{digest}"] = data
        for older in self.older:
            files[f"checkpoints/{older}"] = self.note(older)
            steps = proof(older, self.leaves())
            files[f"consistency/{older}-{size}.txt"] = "".join(
                f"{b64(step)}\n" for step in steps
            ).encode()
        for index in shown:
            name = f"envelopes/{groups_of(index // 256)}.jsonl"
            files[name] = files.get(name, b"") + self.line(index) + b"\n"
        files |= tiles(self.leaves(), None if self.scope == "full" else shown)
        for index in self.singles:
            files[f"proofs/{index}.tlog-proof"] = self.tlog_proof(index)
            files[f"bundles/{index}.sigstore.json"] = json.dumps(self.sigstore(index)).encode()
        return files

    def line(self, index: int) -> bytes:
        entry = self.entries[index]
        if index in self.envelope_lines:
            return self.envelope_lines[index]
        if entry.erased is not None:
            return canon({"erased": {"by": entry.erased}, "index": index})
        return b'{"envelope":%b,"index":%d}' % (entry.envelope, index)

    def exports(self, shown: list[int]) -> list[dict[str, Any]]:
        found = []
        for index in shown:
            entry = self.entries[index]
            payload = _payload(entry)
            if entry.payload_type == type_of("custody") and payload.get("from") == "a":
                body = payload["body"]
                found.append(
                    {
                        "index": index,
                        "export": body["export"],
                        "by": body["by"],
                        "created": payload["created"],
                        "purpose": body["purpose"],
                    }
                )
        return found

    def trusted_root(self) -> dict[str, Any]:
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                {
                    "baseUrl": f"https://{ORIGIN}",
                    "hashAlgorithm": "SHA2_256",
                    "publicKey": {
                        "rawBytes": b64(spki(self.log_key.raw)),
                        "keyDetails": "PKIX_ED25519",
                        "validFor": {"start": "2026-01-01T00:00:00Z"},
                    },
                    "logId": {"keyId": b64(self.log_key.id)},
                }
            ],
            "certificateAuthorities": [],
            "ctlogs": [],
            "timestampAuthorities": [],
        }

    def tlog_proof(self, index: int) -> bytes:
        steps = "".join(f"{b64(step)}\n" for step in path(index, self.leaves()))
        head = f"c2sp.org/tlog-proof@v1\nindex {index}\n{steps}\n"
        return head.encode() + self.note(len(self.entries))

    def sigstore(self, index: int) -> dict[str, Any]:
        entry, size = self.entries[index], len(self.entries)
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "publicKey": {"hint": entry.keyid},
                "tlogEntries": [
                    {
                        "canonicalizedBody": b64(entry.leaf),
                        "inclusionProof": {
                            "checkpoint": {"envelope": self.note(size).decode()},
                            "hashes": [b64(step) for step in path(index, self.leaves())],
                            "logIndex": str(index),
                            "rootHash": b64(mth(self.leaves())),
                            "treeSize": str(size),
                        },
                        "kindVersion": {"kind": "dsse", "version": "0.0.2"},
                        "logId": {"keyId": b64(self.log_key.id)},
                        "logIndex": str(index),
                    }
                ],
            },
            "dsseEnvelope": entry.document,
        }

    def manifest(self, files: dict[str, bytes]) -> dict[str, Any]:
        size = len(self.entries)
        shown = list(range(size)) if self.items is None else self.items
        return {
            "agreement": {"id": AGREEMENT, "sha256": self.agreement_hash, "version": 1},
            "exported": {
                "at": "2026-11-22T21:00:00.000000Z",
                "export": EXPORT,
                "by": ["Officer A1"],
            },
            "files": [
                {"path": name, "sha256": sha(data), "size": len(data)}
                for name, data in sorted(files.items())
            ],
            "format": "detente-bundle/1",
            "grade": self.accept_grade,
            "items": ranges(shown),
            "origin": ORIGIN,
            "party": "a",
            "scope": self.scope,
            "single_items": ranges(self.singles),
            "size": size,
            "withheld_blobs": sorted(self.withheld),
        }

    def members(self) -> dict[str, bytes]:
        files = self.on_files(self.files())
        data = canon(self.on_manifest(self.manifest(files)))
        files.setdefault("manifest.json", data)
        files.setdefault(
            "manifest.sha256", f"{sha(files['manifest.json'])}  manifest.json\n".encode()
        )
        return files

    def build(self) -> bytes:
        return pack(self.members())


def _payload(entry: Entry) -> dict[str, Any]:
    try:
        value = json.loads(entry.payload)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def ranges(indices: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for index in indices:
        if found and found[-1][1] == index - 1:
            found[-1][1] = index
        else:
            found.append([index, index])
    return found


def groups_of(number: int) -> str:
    text = f"{number:03}" if number < 1000 else ""
    if text:
        return text
    parts = []
    while True:
        parts.append(f"{number % 1000:03}")
        number //= 1000
        if not number:
            break
    return "/".join([*(f"x{part}" for part in reversed(parts[1:])), parts[0]])


def tiles(leaves: list[bytes], shown: list[int] | None) -> dict[str, bytes]:
    """Tiles by definition: each hash is the tree hash of its span of entries."""
    size, files, level = len(leaves), {}, 0
    wanted = {index // 256 for index in (range(size) if shown is None else shown)}
    for number in wanted:
        body = leaves[number * 256 : (number + 1) * 256]
        name = f"tile/entries/{groups_of(number)}{'' if len(body) == 256 else f'.p/{len(body)}'}"
        files[name] = b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in body)
    while size // 256**level:
        count = size // 256**level
        for number in {*wanted, (count - 1) // 256}:
            width = min(256, count - number * 256)
            if width > 0:
                span = 256**level
                first = number * 256
                data = b"".join(
                    mth(leaves[i * span : (i + 1) * span]) for i in range(first, first + width)
                )
                partial = "" if width == 256 else f".p/{width}"
                files[f"tile/{level}/{groups_of(number)}{partial}"] = data
        wanted = {number // 256 for number in wanted}
        level += 1
    return files


@dataclass
class Header:
    """One member as the zip says it; tests change single fields."""

    name: bytes
    data: bytes
    made: int = 3 << 8 | 20
    needed: int = 20
    flags: int = 0
    method: int = 0
    time: int = 0
    date: int = 0x21
    crc: int | None = None
    extra: bytes = b""
    comment: bytes = b""
    internal: int = 0
    external: int = 0o100644 << 16
    disk: int = 0
    offset: int | None = None
    local: dict[str, Any] = field(default_factory=dict)
    gap: bytes = b""


def pack_headers(
    headers: list[Header],
    *,
    prefix: bytes = b"",
    before_directory: bytes = b"",
    after_directory: bytes = b"",
    comment: bytes = b"",
    tail: bytes = b"",
    count: int | None = None,
    shift: int = 0,
) -> bytes:
    """A zip archive from headers, with whatever lies between."""
    out = io.BytesIO()
    out.write(prefix)
    directory = []
    for header in headers:
        out.write(header.gap)
        offset = out.tell() if header.offset is None else header.offset
        crc = zlib.crc32(header.data) if header.crc is None else header.crc
        local: dict[str, Any] = {
            "needed": header.needed,
            "flags": header.flags,
            "method": header.method,
            "time": header.time,
            "date": header.date,
            "crc": crc,
            "packed": len(header.data),
            "size": len(header.data),
            "name": header.name,
            "extra": b"",
        } | header.local
        name, extra = local.pop("name"), local.pop("extra")
        fields = [*local.values(), len(name), len(extra)]
        out.write(struct.pack("<4sHHHHHIIIHH", b"PK\3\4", *fields) + name + extra + header.data)
        directory.append(
            struct.pack(
                "<4sHHHHHHIIIHHHHHII",
                b"PK\1\2",
                header.made,
                header.needed,
                header.flags,
                header.method,
                header.time,
                header.date,
                crc,
                len(header.data),
                len(header.data),
                len(header.name),
                len(header.extra),
                len(header.comment),
                header.disk,
                header.internal,
                header.external,
                offset,
            )
            + header.name
            + header.extra
            + header.comment
        )
    out.write(before_directory)
    start = out.tell()
    out.write(b"".join(directory) + after_directory)
    number = len(headers) if count is None else count
    size = sum(map(len, directory)) + shift
    out.write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, number, number, size, start, len(comment)))
    out.write(comment + tail)
    return out.getvalue()


def headers_of(members: dict[str, bytes]) -> list[Header]:
    return [Header(name.encode(), data) for name, data in sorted(members.items())]


def pack(members: dict[str, bytes]) -> bytes:
    return pack_headers(headers_of(members))


def unpack(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def story(**options: Any) -> Forge:
    """A short day: a message each way, receipts, an acknowledgement, anchors, a blob, an export."""
    forge = Forge(**options).begin()
    question = forge.add("message", {"text": "Shall we test?"}, blobs=[b"a picture"])
    forge.receipt(question, at=7)
    forge.acknowledge(question)
    answer = forge.add("message", {"text": "Oui"}, key=B_OFFICER, sender="b", channel="officers")
    forge.receipt(answer, key=A_NODE, sender="a", origin=ORIGIN, at=4)
    forge.anchor(hashlib.sha256(b"their root").digest(), 9)
    forge.add("clock", {"offset_ms": 3, "uncertainty_ms": 5, "source": "GNSS", "measured": "x"})
    if not forge.older:
        forge.older = [3]
    if not forge.singles:
        forge.singles = [1, 3]
    forge.custody()
    return forge
