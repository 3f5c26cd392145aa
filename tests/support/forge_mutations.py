"""Broken bundles, each with the code of the finding that must show it.

Every one is consistent but for the one rule it breaks: manifest, hashes, signatures and tree are
made anew, as a forger would.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.support.forge import (
    A_LOG,
    A_NODE,
    A_OFFICER,
    AGREEMENT,
    B_LOG,
    B_NODE,
    B_OFFICER,
    B_WITNESS,
    NEUTRAL,
    ORIGIN,
    ORIGIN_B,
    WITNESS,
    Entry,
    Forge,
    Header,
    Key,
    b64,
    canon,
    headers_of,
    pack,
    pack_headers,
    sha,
    spki,
    story,
    type_of,
    vkey_of,
)

Build = Callable[[], bytes]
MUTATIONS: dict[str, tuple[str, Build]] = {}
"""Name to code and builder."""


def mutation(code: str, name: str | None = None) -> Callable[[Build], Build]:
    def keep(build: Build) -> Build:
        MUTATIONS[name or build.__name__.replace("_", " ")] = (code, build)
        return build

    return keep


def with_files(change: Callable[[dict[str, bytes]], object], forge: Forge | None = None) -> bytes:
    """A story whose files are changed before the manifest is made."""
    forge = forge or story()

    def changed(files: dict[str, bytes]) -> dict[str, bytes]:
        change(files)
        return files

    forge.on_files = changed
    return forge.build()


def with_manifest(forge: Forge | None = None, **members: Any) -> bytes:
    forge = forge or story()
    forge.on_manifest = lambda value: value | members
    return forge.build()


def with_agreement(change: Callable[[dict[str, Any]], None], **options: Any) -> bytes:
    def changed(body: dict[str, Any]) -> dict[str, Any]:
        change(body)
        return body

    return story(on_agreement=changed, **options).build()


def with_payload(change: Callable[[dict[str, Any]], dict[str, Any]], **options: Any) -> bytes:
    """The story with one more message, whose payload is changed before it is signed."""
    forge = Forge().begin()
    forge.add("message", {"text": "x"}, change=change, **options)
    forge.custody()
    return forge.build()


def with_more(name: str) -> bytes:
    return with_files(lambda files: files.update({name: b"smuggled"}))


def with_officer(raw: bytes) -> bytes:
    vkey = vkey_of("b.example/x", 1, raw)
    return with_agreement(lambda body: body["parties"][1]["keys"][3].update(vkey=vkey))


def with_policy(text: str) -> bytes:
    return story(policy=text).build()


def with_members(members: dict[str, Any]) -> bytes:
    return with_payload(lambda payload: payload | members)


def with_erasure(options: dict[str, Any]) -> bytes:
    return erasing(**options).build()


def built(make: Callable[[], Forge]) -> bytes:
    return make().build()


def stamped_without(name: str) -> bytes:
    return stamped(lambda files: files.pop(f"timestamps/{name}"))


def edit(name: str, change: Callable[[Any], Any]) -> Build:
    """A JSON file of the story, changed."""

    def build() -> bytes:
        def apply(files: dict[str, bytes]) -> None:
            value = json.loads(files[name])
            change(value)
            files[name] = canon(value)

        return with_files(apply)

    return build


def replace(name: str, old: bytes, new: bytes) -> Build:
    def build() -> bytes:
        def apply(files: dict[str, bytes]) -> None:
            assert old in files[name], (name, old)
            files[name] = files[name].replace(old, new, 1)

        return with_files(apply)

    return build


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


# The archive


def zipped(**changes: Any) -> Build:
    """The second member's header changed in both places."""

    def build() -> bytes:
        headers = headers_of(story().members())
        headers[1] = dataclasses.replace(headers[1], **changes)
        return pack_headers(headers)

    return build


def packed(**options: Any) -> Build:
    return lambda: pack_headers(headers_of(story().members()), **options)


TRICKS: dict[str, Build] = {
    "compressed": zipped(method=8),
    "encrypted": zipped(flags=1),
    "data descriptor": zipped(flags=8),
    "utf-8 flag": zipped(flags=0x800),
    "another time": zipped(time=1),
    "another date": zipped(date=0x22),
    "comment of a member": zipped(comment=b"x"),
    "extra field": zipped(extra=b"\x01\x00\x00\x00"),
    "local extra field": zipped(local={"extra": b"\x01\x00\x00\x00"}),
    "symlink": zipped(external=0o120777 << 16),
    "executable": zipped(external=0o100755 << 16),
    "internal attributes": zipped(internal=1),
    "made by dos": zipped(made=20),
    "other version needed": zipped(needed=21),
    "another disk": zipped(disk=1),
    "zip64 lie": zipped(
        offset=0xFFFFFFFF, extra=b"\x01\x00\x08\x00" + (5).to_bytes(8, "little"), made=3 << 8 | 45
    ),
    "other crc before the member": zipped(local={"crc": 7}),
    "other size before the member": zipped(local={"size": 7}),
    "other packed size before the member": zipped(local={"packed": 7}),
    "other name before the member": zipped(local={"name": b"VERIFY.mD"}),
    "other flags before the member": zipped(local={"flags": 8}),
    "prefix": packed(prefix=b"#!/bin/sh\n"),
    "gap": zipped(gap=b"gap"),
    "before the directory": packed(before_directory=b"x"),
    "after the directory": packed(after_directory=b"x"),
    "hidden in the directory": packed(after_directory=b"xx", shift=2),
    "comment": packed(comment=b"hello"),
    "trailing data": packed(tail=b"x"),
    "overlap": zipped(offset=0),
    "twice": lambda: pack_headers(
        [*(headers := headers_of(story().members()))[:1], headers[0], *headers[1:]]
    ),
    "unsorted": lambda: pack_headers(headers_of(story().members())[::-1]),
    "absolute": zipped(name=b"/etc/x"),
    "parent": zipped(name=b"a/../x"),
    "dot": zipped(name=b"a/./x"),
    "folder": zipped(name=b"VERIFY.md/"),
    "empty part": zipped(name=b"VERIFY//x"),
    "backslash": zipped(name=b"VERIFY\\x"),
    "not ascii": zipped(name=b"VERIFY\xc3\xa9"),
    "empty name": lambda: pack_headers([Header(b"", b"x")]),
    "a file that is a folder": lambda: pack({"a": b"1", "a/b": b"2"}),
}
for _name, _build in TRICKS.items():
    MUTATIONS[f"zip: {_name}"] = ("zip.trick", _build)
MUTATIONS["zip: wrong crc"] = ("zip.malformed", zipped(crc=1))
MUTATIONS["zip: cut off"] = ("zip.malformed", lambda: story().build()[:-40])
MUTATIONS["zip: fewer than counted"] = ("zip.malformed", packed(count=99))
MUTATIONS["zip: fewer counted"] = ("zip.trick", packed(count=3))
MUTATIONS["zip: long name"] = ("zip.limit", lambda: pack({"a" * 513: b""}))

# Manifest and members


@mutation("manifest.malformed")
def manifest_not_canonical() -> bytes:
    forge = story()
    members = forge.members()
    value = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps(value).encode()
    members["manifest.sha256"] = f"{sha(members['manifest.json'])}  manifest.json\n".encode()
    return pack(members)


_BAD_MANIFEST: dict[str, Any] = {
    "format": "detente-bundle/2",
    "grade": "best",
    "scope": "part",
    "size": 0,
    "items": [[0, 9]],
    "single_items": [[3, 1]],
    "origin": "a b",
    "party": "",
    "withheld_blobs": ["x"],
    "files": [{"path": "x"}],
    "exported": {"at": "now"},
    "agreement": {},
    "more": 1,
}
for _key, _value in _BAD_MANIFEST.items():
    MUTATIONS[f"manifest: {_key}"] = (
        "manifest.malformed",
        partial(with_manifest, **{_key: _value}),
    )
_OTHER_MANIFEST: dict[str, Any] = {
    "size": 10,
    "items": [[0, 7]],
    "party": "b",
    "origin": ORIGIN_B,
    "agreement": {"id": AGREEMENT, "sha256": "0" * 64, "version": 1},
    "withheld_blobs": ["0" * 64],
    "single_items": [],
}
for _key, _value in _OTHER_MANIFEST.items():
    MUTATIONS[f"manifest says another {_key}"] = (
        "manifest.mismatch" if _key != "single_items" else "file.extra",
        partial(with_manifest, **{_key: _value}),
    )


@mutation("manifest.mismatch")
def byte_in_a_readme() -> bytes:
    members = story().members()
    members["README.html"] = flip(members["README.html"], 20)
    return pack(members)


@mutation("manifest.mismatch")
def sum_of_another_manifest() -> bytes:
    members = story().members()
    members["manifest.sha256"] = b"0" * 64 + b"  manifest.json\n"
    return pack(members)


@mutation("manifest.mismatch")
def longer_readme() -> bytes:
    members = story().members()
    members["README.html"] += b" "
    return pack(members)


@mutation("manifest.mismatch")
def subset_called_full() -> bytes:
    return with_manifest(story(items=[0, 1, 8], scope="subset", singles=[1]), scope="full")


for _name in (
    "README.html",
    "VERIFY.md",
    "agreement.dsse.json",
    "checkpoint",
    "custody.json",
    "policy",
    "trusted_root.json",
    "manifest.json",
    "manifest.sha256",
    "consistency/3-9.txt",
    "proofs/1.tlog-proof",
    "bundles/3.sigstore.json",
    "tile/0/000.p/9",
    "tile/entries/000.p/9",
):

    def _without(name: str = _name) -> bytes:
        members = story().members()
        if name.startswith("manifest."):
            del members[name]
            return pack(members)
        return with_files(lambda files: files.pop(name))

    MUTATIONS[f"without {_name}"] = ("file.missing", _without)


@mutation("file.missing")
def listed_but_not_there() -> bytes:
    members = story().members()
    del members["README.html"]
    return pack(members)


@mutation("file.extra")
def not_listed() -> bytes:
    members = story().members()
    members["blobs/" + "0" * 64] = b""
    return pack(members)


for _name in (
    "notes.txt",
    "blobs/" + sha(b"smuggled"),
    "envelopes/001.jsonl",
    "envelopes/0.jsonl",
    "tile/1/000",
    "tile/0/001.p/1",
    "tile/0/000.p/8",
    "tile/entries/001",
    "checkpoints/03",
    "consistency/2-9.txt",
    "consistency/3-8.txt",
    "proofs/2.tlog-proof",
    "bundles/2.sigstore.json",
    "receipts/1.cbor",
    "timestamps/x",
    "agreement.toml",
):
    MUTATIONS[f"with {_name[:30]}"] = (
        "file.extra",
        partial(with_more, _name),
    )

# Agreement and keys


def _body(change: Callable[[dict[str, Any]], Any]) -> Build:
    return lambda: with_agreement(change)


_BAD_AGREEMENT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "member": lambda body: body.update(more=1),
    "id": lambda body: body.update(agreement=""),
    "version": lambda body: body.update(version=0),
    "previous": lambda body: body.update(previous="0" * 64),
    "later without previous": lambda body: body.update(version=2),
    "title": lambda body: body.update(title=[]),
    "period": lambda body: body.update(period={}),
    "files": lambda body: body.update(files=[{}]),
    "no parties": lambda body: body.update(parties=[]),
    "a party twice": lambda body: body["parties"][1].update(id="a"),
    "purpose": lambda body: body["parties"][0]["keys"][0].update(purpose="master"),
    "no witness": lambda body: body["parties"][0]["keys"].pop(1),
    "witnesses": lambda body: body.update(witnesses={}),
    "policies": lambda body: body.update(policies={ORIGIN: 1}),
}
for _name, _change in _BAD_AGREEMENT.items():
    MUTATIONS[f"agreement: {_name}"] = ("agreement.malformed", _body(_change))
MUTATIONS["agreement: not canonical"] = (
    "agreement.malformed",
    replace("agreement.dsse.json", b"{", b"{ "),
)

SMALL_ORDER = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
MIXED_ORDER = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")
UNUSABLE = {
    "small order": SMALL_ORDER,
    "order 8": MIXED_ORDER,
    "zero": bytes(32),
    "one": (1).to_bytes(32, "little"),
    "not canonical": (2**255 - 18).to_bytes(32, "little"),
    "not on the curve": (2).to_bytes(32, "little"),
}
for _name, _raw in UNUSABLE.items():
    MUTATIONS[f"key: {_name}"] = (
        "key.unusable",
        partial(with_officer, _raw),
    )
MUTATIONS["key: type of a witness"] = (
    "key.unusable",
    _body(lambda body: body["parties"][1]["keys"][1].update(vkey=Key("w", "b witness").vkey)),
)
MUTATIONS["key: other id"] = (
    "key.unusable",
    _body(
        lambda body: body["parties"][1]["keys"][3].update(
            vkey=B_OFFICER.vkey.replace(B_OFFICER.id.hex(), "00000000")
        )
    ),
)
MUTATIONS["key: twice under another name"] = (
    "key.duplicate",
    _body(
        lambda body: body["parties"][1]["keys"][3].update(vkey=Key("b.example/z", "b node").vkey)
    ),
)
MUTATIONS["key: shared by the parties"] = (
    "key.duplicate",
    _body(
        lambda body: body["parties"][1]["keys"][3].update(vkey=Key("b.example/z", "a node").vkey)
    ),
)
MUTATIONS["key: a neutral witness is a party's"] = (
    "key.duplicate",
    _body(
        lambda body: body.update(
            witnesses=[{"name": "n", "vkey": Key("n", "b witness", WITNESS).vkey}]
        )
    ),
)
MUTATIONS["agreement: another document"] = (
    "agreement.file",
    replace("agreement/agreement.toml", b'"a"', b'"c"'),
)
MUTATIONS["agreement: one more document"] = (
    "agreement.file",
    lambda: with_files(lambda files: files.update({"agreement/zone.geojson": b"{}"})),
)
MUTATIONS["agreement: document missing"] = (
    "agreement.file",
    lambda: with_files(lambda files: files.pop("agreement/agreement.toml")),
)
MUTATIONS["agreement: document with other parties"] = (
    "agreement.file",
    lambda: story(agreement_files={"agreement.toml": b'[[parties]]\nid = "a"\n'}).build(),
)
MUTATIONS["agreement: document with another key"] = (
    "agreement.file",
    lambda: story(
        agreement_files={
            "agreement.toml": b'[[parties]]\nid = "a"\n[[parties]]\nid = "b"\nkeys = ["%b"]'
            % NEUTRAL.vkey.encode()
        }
    ).build(),
)
MUTATIONS["agreement: document not toml"] = (
    "agreement.file",
    lambda: story(agreement_files={"agreement.toml": b"= ["}).build(),
)


def enrolment(key: Key = B_NODE, signer: Key | None = None, party: str = "b") -> bytes:
    keys = []
    for purpose, one, holder in (
        ("log", B_LOG, ""),
        ("witness", B_WITNESS, ""),
        ("signing", key, ""),
        ("officer", B_OFFICER, "Officer B1"),
    ):
        text = f"detente-enrolment-v1\n{AGREEMENT}\n{party}\n{purpose}\n{holder}\n{one.vkey}\n"
        proof = (signer if signer and one is key else one).sign(text.encode())
        keys.append({"purpose": purpose, "vkey": one.vkey, "holder": holder, "proof": b64(proof)})
    return canon({"agreement": AGREEMENT, "party": party, "keys": keys})


def enrolled(data: bytes) -> bytes:
    toml = b'[[parties]]\nid = "a"\n[[parties]]\nid = "b"\n'
    files = {"agreement.toml": toml, "enrolments/b.json": data}
    return story(agreement_files=files).build()


MUTATIONS["enrolment: proof by another key"] = (
    "agreement.file",
    lambda: enrolled(enrolment(signer=A_NODE)),
)
MUTATIONS["enrolment: another party"] = ("agreement.file", lambda: enrolled(enrolment(party="a")))
MUTATIONS["enrolment: another key"] = (
    "agreement.file",
    lambda: enrolled(enrolment(key=Key("b.example/node", "other"))),
)
MUTATIONS["agreement: not signed by B"] = (
    "agreement.unsigned",
    lambda: story(agreement_signers=[A_NODE]).build(),
)
MUTATIONS["agreement: signed by a stranger"] = (
    "agreement.signature",
    lambda: story(agreement_signers=[A_NODE, B_NODE, Key("x.example/n", "x")]).build(),
)
MUTATIONS["agreement: signed with a witness key"] = (
    "agreement.unsigned",
    lambda: story(agreement_signers=[A_NODE, B_WITNESS]).build(),
)
MUTATIONS["agreement: wrong signature"] = (
    "agreement.signature",
    lambda: story(agreement_signers=[A_NODE, Key("b.example/node", "x")]).build(),
)

# Policy and checkpoints

MUTATIONS["policy: another file"] = (
    "policy.mismatch",
    replace("policy", b"quorum b", b"quorum none"),
)
for _name, _text in {
    "malformed": "quorum\n",
    "for another log": f"log {B_LOG.vkey}\nwitness b {B_WITNESS.vkey}\nquorum b\n",
    "with a stranger": f"log {A_LOG.vkey}\nwitness b {NEUTRAL.vkey}\nquorum none\n",
}.items():
    MUTATIONS[f"policy: {_name}"] = (
        "policy.mismatch",
        partial(with_policy, _text),
    )
MUTATIONS["no policy"] = ("policy.mismatch", _body(lambda body: body.update(policies={})))
MUTATIONS["cosignature stripped"] = ("policy.quorum", lambda: story(cosigners=[]).build())
MUTATIONS["cosignature stripped, grade kept"] = (
    "grade.lower",
    lambda: story(cosigners=[]).build(),
)
MUTATIONS["cosignature of a stranger"] = (
    "policy.quorum",
    lambda: story(cosigners=[Key("b.example/witness", "x", WITNESS)]).build(),
)
MUTATIONS["neutral witness missing"] = (
    "policy.quorum",
    lambda: story(neutral=[NEUTRAL], cosigners=[B_WITNESS]).build(),
)
MUTATIONS["neutral witness alone"] = (
    "grade.lower",
    lambda: story(neutral=[NEUTRAL], cosigners=[NEUTRAL]).build(),
)


def note_of(forge: Forge, change: Callable[[str], str], size: int | None = None) -> bytes:
    """The story whose newest note has another text, rightly signed and cosigned."""

    def apply(files: dict[str, bytes]) -> None:
        name = "checkpoint" if size is None else f"checkpoints/{size}"
        text = files[name].decode().split("\n\n")[0] + "\n"
        text = change(text)
        lines = A_LOG.line(text) + B_WITNESS.line(text)
        files[name] = f"{text}\n{lines}".encode()

    return with_files(apply, forge)


MUTATIONS["checkpoint: another root"] = (
    "tree.root",
    lambda: note_of(story(), lambda text: f"{ORIGIN}\n9\n{b64(bytes(32))}\n"),
)
MUTATIONS["checkpoint: another origin"] = (
    "checkpoint.origin",
    lambda: note_of(story(), lambda text: text.replace(ORIGIN, "c.example/log")),
)
MUTATIONS["checkpoint: extension line"] = (
    "checkpoint.malformed",
    lambda: note_of(story(), lambda text: f"{text}more\n"),
)
MUTATIONS["checkpoint: leading zero"] = (
    "checkpoint.malformed",
    lambda: note_of(story(), lambda text: text.replace("\n9\n", "\n09\n")),
)
MUTATIONS["checkpoint: no note"] = (
    "checkpoint.malformed",
    lambda: with_files(lambda files: files.update(checkpoint=b"x\n")),
)
MUTATIONS["checkpoint: a fork at an older size"] = (
    "proof.consistency",
    lambda: note_of(story(), lambda text: f"{ORIGIN}\n3\n{b64(bytes(32))}\n", 3),
)
MUTATIONS["checkpoint: of another size"] = (
    "manifest.mismatch",
    lambda: note_of(story(), lambda text: text.replace("\n9\n", "\n8\n")),
)


@mutation("checkpoint.malformed")
def older_checkpoint_that_is_newer() -> bytes:
    def apply(files: dict[str, bytes]) -> None:
        text = f"{ORIGIN}\n12\n{b64(bytes(32))}\n"
        files["checkpoints/12"] = f"{text}\n{A_LOG.line(text)}{B_WITNESS.line(text)}".encode()
        files["consistency/12-9.txt"] = b""

    return with_files(apply)


MUTATIONS["checkpoint: signed by another key"] = (
    "checkpoint.signature",
    lambda: story(log_key=B_LOG).build(),
)
MUTATIONS["checkpoint: swapped log key of one name"] = (
    "checkpoint.signature",
    lambda: story(log_key=Key(ORIGIN, "x")).build(),
)


def spoiled(name: str, key: Key, at: int) -> Build:
    """One byte of a signature line changed, the key id kept."""

    def build() -> bytes:
        def apply(files: dict[str, bytes]) -> None:
            note = files[name].decode()
            line = next(one for one in note.split("\n") if one.startswith(f"\u2014 {key.name} "))
            raw = bytearray(base64.b64decode(line.split(" ")[2]))
            raw[at] ^= 1
            files[name] = note.replace(line, f"\u2014 {key.name} {b64(bytes(raw))}").encode()

        return with_files(apply)

    return build


MUTATIONS["checkpoint: wrong signature"] = (
    "checkpoint.signature",
    spoiled("checkpoint", A_LOG, 40),
)
MUTATIONS["cosignature: wrong"] = ("cosignature.wrong", spoiled("checkpoint", B_WITNESS, 40))
MUTATIONS["cosignature: another time"] = ("cosignature.wrong", spoiled("checkpoint", B_WITNESS, 11))
MUTATIONS["cosignature: wrong at an older size"] = (
    "cosignature.wrong",
    spoiled("checkpoints/3", B_WITNESS, 40),
)


@mutation("cosignature.wrong")
def cosignature_swapped_in_from_an_older_checkpoint() -> bytes:
    def apply(files: dict[str, bytes]) -> None:
        head = files["checkpoint"].decode().split("\u2014")
        tail = files["checkpoints/3"].decode().split("\u2014")
        files["checkpoint"] = "\u2014".join([*head[:2], tail[2]]).encode()

    return with_files(apply)


@mutation("cosignature.future")
def cosignature_from_the_future() -> bytes:
    def apply(files: dict[str, bytes]) -> None:
        text = files["checkpoint"].decode().split("\n\n")[0] + "\n"
        line = B_WITNESS.line(text, 1_900_000_000)
        files["checkpoint"] = f"{text}\n{A_LOG.line(text)}{line}".encode()

    return with_files(apply)


MUTATIONS["consistency: not base64"] = (
    "proof.consistency",
    lambda: with_files(lambda files: files.update({"consistency/3-9.txt": b"x\n"})),
)
MUTATIONS["consistency: one hash more"] = (
    "proof.consistency",
    lambda: with_files(
        lambda files: files.update(
            {"consistency/3-9.txt": files["consistency/3-9.txt"] + f"{b64(bytes(32))}\n".encode()}
        )
    ),
)

# Tree and entries


def tile_flip(name: str) -> Build:
    return lambda: with_files(lambda files: files.update({name: flip(files[name], 5)}))


MUTATIONS["tile: a hash"] = ("tree.tile", tile_flip("tile/0/000.p/9"))
MUTATIONS["tile: too short"] = (
    "tree.tile",
    lambda: with_files(lambda f: f.update({"tile/0/000.p/9": f["tile/0/000.p/9"][:-1]})),
)
MUTATIONS["entries: an entry"] = ("tree.tile", tile_flip("tile/entries/000.p/9"))
MUTATIONS["entries: one byte more"] = (
    "tree.tile",
    lambda: with_files(
        lambda f: f.update({"tile/entries/000.p/9": f["tile/entries/000.p/9"] + b"\0"})
    ),
)
MUTATIONS["entries: cut off"] = (
    "tree.tile",
    lambda: with_files(
        lambda f: f.update({"tile/entries/000.p/9": f["tile/entries/000.p/9"][:-1]})
    ),
)


@mutation("manifest.mismatch")
def truncated_log() -> bytes:
    """The last entries gone, with the old checkpoint left."""
    forge = story()
    files = forge.files()
    forge.entries = forge.entries[:-2]
    return with_files(lambda f: f.update(checkpoint=files["checkpoint"]), forge)


def long_story(count: int = 600, **options: Any) -> Forge:
    """More than two full tiles."""
    forge = Forge(**options).begin()
    for number in range(count):
        forge.add("message", {"n": number})
    forge.custody()
    return forge


MUTATIONS["tile: above full tiles"] = (
    "tree.tile",
    lambda: with_files(
        lambda f: f.update({"tile/1/000.p/2": flip(f["tile/1/000.p/2"], 40)}), long_story()
    ),
)


def remade(change: Callable[[Entry], Entry]) -> Build:
    """The message at index 1 replaced, the tree made anew."""

    def build() -> bytes:
        forge = story()
        forge.entries[1] = change(forge.entries[1])
        return forge.build()

    return build


def _entry(entry: Entry, **changes: Any) -> Entry:
    return dataclasses.replace(entry, **({"leaf": b"", "envelope": b""} | changes))


MUTATIONS["leaf: of another message"] = (
    "leaf.mismatch",
    remade(lambda entry: _entry(entry, leaf=_entry(entry, payload=b"{}").leaf)),
)
MUTATIONS["leaf: of another signature"] = (
    "leaf.mismatch",
    remade(lambda entry: _entry(entry, leaf=_entry(entry, sig=bytes(64)).leaf)),
)
MUTATIONS["leaf: one space"] = (
    "leaf.malformed",
    remade(lambda entry: _entry(entry, leaf=entry.leaf.replace(b":", b": ", 1))),
)
MUTATIONS["leaf: another algorithm"] = (
    "leaf.malformed",
    remade(lambda entry: _entry(entry, leaf=entry.leaf.replace(b"SHA2_256", b"SHA2_512"))),
)
MUTATIONS["leaf: another kind of key"] = (
    "leaf.malformed",
    remade(
        lambda entry: _entry(
            entry,
            leaf=entry.leaf.replace(
                b64(spki(A_NODE.raw)).encode(), b64(b"\x31" + spki(A_NODE.raw)[1:]).encode()
            ),
        )
    ),
)
MUTATIONS["leaf: small order key"] = (
    "key.unusable",
    remade(lambda entry: _entry(entry, raw=SMALL_ORDER)),
)
MUTATIONS["envelope: wrong signature"] = (
    "envelope.signature",
    remade(lambda entry: _entry(entry, sig=flip(entry.sig, 3))),
)
MUTATIONS["envelope: swapped key"] = (
    "envelope.signature",
    remade(lambda entry: _entry(entry, raw=B_NODE.raw)),
)
MUTATIONS["envelope: another type"] = (
    "envelope.signature",
    remade(lambda entry: _entry(entry, payload_type=type_of("other"))),
)
MUTATIONS["envelope: foreign type"] = (
    "envelope.malformed",
    remade(lambda entry: _entry(entry, payload_type="application/json")),
)
MUTATIONS["envelope: not canonical"] = (
    "envelope.malformed",
    remade(lambda entry: _entry(entry, envelope=json.dumps(entry.document).encode())),
)
MUTATIONS["envelope: two signatures"] = (
    "envelope.malformed",
    remade(
        lambda entry: _entry(
            entry,
            envelope=canon(entry.document | {"signatures": entry.document["signatures"] * 2}),
        )
    ),
)
MUTATIONS["envelope: no signature"] = (
    "envelope.malformed",
    remade(lambda entry: _entry(entry, envelope=canon(entry.document | {"signatures": []}))),
)
MUTATIONS["envelope: a member more"] = (
    "envelope.malformed",
    remade(lambda entry: _entry(entry, envelope=canon(entry.document | {"x": 1}))),
)
MUTATIONS["envelope: payload not canonical base64"] = (
    "envelope.malformed",
    remade(
        lambda entry: _entry(
            entry, envelope=canon(entry.document | {"payload": b64(entry.payload) + "\n"})
        )
    ),
)


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Build:
    def build() -> bytes:
        def apply(files: dict[str, bytes]) -> None:
            found = files["envelopes/000.jsonl"].split(b"\n")[:-1]
            files["envelopes/000.jsonl"] = b"\n".join([*change(found), b""])

        return with_files(apply)

    return build


MUTATIONS["lines: moved index"] = (
    "leaf.mismatch",
    lines(
        lambda f: [
            *f[:1],
            f[2].replace(b'"index":2}', b'"index":1}'),
            f[1].replace(b'"index":1}', b'"index":2}'),
            *f[3:],
        ]
    ),
)
MUTATIONS["lines: not in order"] = ("envelope.malformed", lines(lambda f: [f[1], f[0], *f[2:]]))
MUTATIONS["lines: twice"] = ("envelope.malformed", lines(lambda f: [f[0], *f]))
MUTATIONS["lines: not JSON"] = ("envelope.malformed", lines(lambda f: [*f, b"x"]))
MUTATIONS["lines: another group"] = (
    "envelope.malformed",
    lines(lambda f: [*f, b'{"erased":{"by":1},"index":256}']),
)
MUTATIONS["lines: beyond the size"] = (
    "envelope.malformed",
    lines(lambda f: [*f, b'{"erased":{"by":1},"index":9}']),
)
MUTATIONS["lines: neither"] = (
    "envelope.malformed",
    lines(lambda f: [*f[:8], b'{"gone":{"by":1},"index":8}']),
)
MUTATIONS["lines: erased without by"] = (
    "envelope.malformed",
    lines(lambda f: [*f[:8], b'{"erased":{},"index":8}']),
)
MUTATIONS["lines: one is missing"] = ("manifest.mismatch", lines(lambda f: f[:-1]))
MUTATIONS["lines: the last does not end"] = (
    "envelope.malformed",
    lambda: with_files(lambda f: f.update({"envelopes/000.jsonl": f["envelopes/000.jsonl"][:-1]})),
)

# Payloads

_BAD_PAYLOAD: dict[str, Any] = {
    "agreement": "",
    "author": "a b",
    "blobs": {},
    "body": [],
    "channel": "",
    "created": "2026-02-30T00:00:00.000000Z",
    "from": "",
    "id": "01938f00-0000-4000-8000-000000000001",
    "prev": "x",
    "refs": [{}],
    "salt": "0",
    "seq": 0,
    "status": "real",
    "to": [""],
    "more": 1,
}
for _key, _value in _BAD_PAYLOAD.items():
    MUTATIONS[f"payload: {_key}"] = (
        "payload.malformed",
        partial(with_members, {_key: _value}),
    )
_FORMS: dict[str, dict[str, Any]] = {
    "too long a channel": {"channel": "x" * 101},
    "too many to": {"to": ["b"] * 101},
    "prev of the first": {"prev": None},
    "seq is true": {"seq": True},
    "blob without type": {"blobs": [{"media_type": "", "sha256": "0" * 64, "size": 1}]},
    "ref of another form": {"refs": [{"id": "x", "rel": "y", "sha256": "0" * 64}]},
}
for _name, _members in _FORMS.items():
    MUTATIONS[f"payload: {_name}"] = (
        "payload.malformed",
        partial(with_members, _members),
    )
MUTATIONS["payload: an id twice"] = (
    "payload.malformed",
    lambda: with_payload(lambda p: p | {"id": "01938f00-0000-7000-8000-000000000001"}),
)
MUTATIONS["payload: another agreement"] = (
    "payload.agreement",
    lambda: with_payload(lambda p: p | {"agreement": "xy-2026"}),
)
MUTATIONS["payload: an unknown sender"] = (
    "payload.agreement",
    lambda: with_payload(lambda p: p | {"from": "c"}),
)
MUTATIONS["payload: an unknown addressee"] = (
    "payload.agreement",
    lambda: with_payload(lambda p: p | {"to": ["c"]}),
)
MUTATIONS["author: not the keyid"] = (
    "envelope.author",
    lambda: with_payload(lambda p: p | {"author": B_NODE.name}),
)
MUTATIONS["author: another party's key"] = (
    "envelope.author",
    lambda: with_payload(lambda p: p, key=B_NODE, sender="a"),
)
MUTATIONS["author: a stranger's key of that name"] = (
    "envelope.author",
    lambda: with_payload(lambda p: p, key=Key(A_NODE.name, "x")),
)
MUTATIONS["author: the log's key"] = (
    "envelope.author",
    lambda: with_payload(lambda p: p, key=A_LOG),
)


@mutation("payload.agreement")
def first_entry_is_another() -> bytes:
    forge = Forge()
    assert forge.agreement
    forge.add("message", {})
    forge.custody()
    return forge.build()


@mutation("payload.agreement")
def first_entry_names_another_agreement() -> bytes:
    forge = Forge()
    forge.add("agreement", {"sha256": "0" * 64, "version": 1}, blobs=[forge.agreement])
    forge.custody()
    return forge.build()


@mutation("payload.agreement")
def first_entry_names_another_version() -> bytes:
    forge = Forge()
    forge.add("agreement", {"sha256": forge.agreement_hash, "version": 2})
    forge.custody()
    return forge.build()


# Chains


@mutation("chain.gap")
def a_number_is_missing() -> bytes:
    return with_payload(lambda p: p | {"seq": 3})


@mutation("chain.gap")
def a_number_twice() -> bytes:
    forge = Forge().begin()
    for _ in range(2):
        forge.add("message", {}, channel="x", change=lambda p: p | {"seq": 1, "prev": None})
    forge.custody()
    return forge.build()


@mutation("chain.prev")
def another_message_before() -> bytes:
    return with_payload(lambda p: p | {"prev": "0" * 64})


@mutation("chain.prev")
def another_message_before_in_a_subset() -> bytes:
    forge = Forge(scope="subset", items=[0, 1, 2]).begin()
    forge.add("message", {}, change=lambda p: p | {"prev": "0" * 64})
    forge.custody()
    return forge.build()


# Receipts and acknowledgements


def receipts(act: Callable[[Forge, Entry, Entry], Any]) -> Build:
    """Two messages of A, then what `act` adds."""

    def build() -> bytes:
        forge = Forge().begin()
        one, two = forge.add("message", {"n": 1}), forge.add("message", {"n": 2})
        act(forge, one, two)
        forge.custody()
        return forge.build()

    return build


def _with_body(**members: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda payload: payload | {"body": payload["body"] | members}


for _code, _name, _act in (
    (
        "receipt.mismatch",
        "of other bytes",
        lambda f, one, two: f.receipt(
            one,
            change=lambda p: (
                p
                | {
                    "body": p["body"] | {"payload_sha256": "0" * 64},
                    "refs": [p["refs"][0] | {"sha256": "0" * 64}],
                }
            ),
        ),
    ),
    (
        "receipt.mismatch",
        "of an unknown message",
        lambda f, one, two: f.receipt(
            one,
            change=lambda p: (
                p
                | {
                    "body": p["body"] | {"of": p["id"], "payload_sha256": "0" * 64},
                    "refs": [p["refs"][0] | {"id": p["id"], "sha256": "0" * 64}],
                }
            ),
        ),
    ),
    ("receipt.mismatch", "by an officer", lambda f, one, two: f.receipt(one, key=B_OFFICER)),
    (
        "receipt.mismatch",
        "of one's own message",
        lambda f, one, two: f.receipt(one, key=A_NODE, sender="a", origin=ORIGIN, at=1),
    ),
    ("receipt.mismatch", "in another log", lambda f, one, two: f.receipt(one, origin=ORIGIN)),
    (
        "receipt.replayed",
        "two messages at one place",
        lambda f, one, two: (f.receipt(one, at=4), f.receipt(two, at=4)),
    ),
    (
        "receipt.replayed",
        "for another message",
        lambda f, one, two: f.receipt(
            one,
            change=lambda p: (
                p
                | {
                    "body": p["body"] | {"of": json.loads(two.payload)["id"]},
                    "refs": [p["refs"][0] | {"id": json.loads(two.payload)["id"]}],
                }
            ),
        ),
    ),
    (
        "receipt.replayed",
        "with another reference",
        lambda f, one, two: f.receipt(
            one, change=_with_body(of=json.loads(two.payload)["id"], payload_sha256=two.digest)
        ),
    ),
    (
        "receipt.replayed",
        "an id of no message with the hash of one",
        lambda f, one, two: f.receipt(
            one,
            change=lambda p: (
                p
                | {
                    "body": p["body"] | {"of": p["id"]},
                    "refs": [p["refs"][0] | {"id": p["id"]}],
                }
            ),
        ),
    ),
    (
        "receipt.replayed",
        "the same envelope again",
        lambda f, one, two: f.entries.append(f.receipt(one)),
    ),
    (
        "payload.malformed",
        "a member more",
        lambda f, one, two: f.receipt(one, change=_with_body(x=1)),
    ),
    (
        "payload.malformed",
        "no time",
        lambda f, one, two: f.receipt(one, change=_with_body(received="now")),
    ),
    (
        "acknowledgement.author",
        "acknowledged by the node",
        lambda f, one, two: f.acknowledge(one, key=B_NODE),
    ),
    (
        "acknowledgement.author",
        "acknowledged by the sender",
        lambda f, one, two: f.acknowledge(one, key=A_OFFICER, sender="a"),
    ),
    (
        "receipt.replayed",
        "acknowledgement for another message",
        lambda f, one, two: f.acknowledge(
            one,
            change=lambda p: (
                p
                | {
                    "body": p["body"] | {"of": json.loads(two.payload)["id"]},
                    "refs": [p["refs"][0] | {"id": json.loads(two.payload)["id"]}],
                }
            ),
        ),
    ),
):
    MUTATIONS[f"receipt: {_name}"] = (_code, receipts(_act))


@mutation("receipt.mismatch")
def own_receipt_at_another_index() -> bytes:
    forge = Forge().begin()
    message = forge.add("message", {}, key=B_NODE, sender="b")
    forge.receipt(message, key=A_NODE, sender="a", origin=ORIGIN, at=0)
    forge.custody()
    return forge.build()


@mutation("receipt.mismatch")
def receipt_before_the_message() -> bytes:
    forge = Forge().begin()
    other = Forge().begin()
    message = other.add("message", {})
    forge._ids = 5
    forge.receipt(message)
    forge.entries.append(message)
    forge._seq["a", "main"] = other._seq["a", "main"]
    forge.custody()
    return forge.build()


# Anchors


def anchored(*anchors: dict[str, Any]) -> Build:
    def build() -> bytes:
        forge = Forge().begin()
        forge.add("message", {})
        for anchor in anchors:
            forge.anchor(**anchor)
        forge.custody()
        return forge.build()

    return build


_OURS: dict[str, Any] = {
    "origin": ORIGIN,
    "log": A_LOG,
    "witness": B_WITNESS,
    "key": B_NODE,
    "sender": "b",
}
MUTATIONS["anchor: two roots of one size"] = (
    "anchor.fork",
    anchored({"root": bytes(32), "size": 7}, {"root": b"\1" * 32, "size": 7}),
)
MUTATIONS["anchor: another root of this log"] = (
    "anchor.fork",
    anchored({"root": bytes(32), "size": 1} | _OURS),
)
MUTATIONS["anchor: a size that was not yet"] = (
    "anchor.fork",
    anchored({"root": bytes(32), "size": 3} | _OURS),
)
MUTATIONS["anchor: not cosigned"] = (
    "cosignature.wrong",
    anchored({"root": bytes(32), "size": 7, "witness": Key("x", "x", WITNESS)}),
)
MUTATIONS["anchor: wrong log key"] = (
    "checkpoint.signature",
    anchored({"root": bytes(32), "size": 7, "log": Key("x", "x")}),
)
MUTATIONS["anchor: of an unknown log"] = (
    "checkpoint.origin",
    anchored({"root": bytes(32), "size": 7, "origin": "c.example/log"}),
)

# Blobs, erasure, custody

MUTATIONS["blob: missing"] = (
    "blob.missing",
    lambda: with_files(lambda f: f.pop(f"blobs/{sha(b'a picture')}")),
)
MUTATIONS["blob: another content"] = (
    "blob.mismatch",
    lambda: with_files(lambda f: f.update({f"blobs/{sha(b'a picture')}": b"b picture"})),
)
MUTATIONS["blob: another size"] = (
    "blob.mismatch",
    lambda: with_payload(
        lambda p: p | {"blobs": [p["blobs"][0] | {"size": 4}]}, blobs=[b"a picture"]
    ),
)


def erasing(by: int | None = None, **body: Any) -> Forge:
    forge = Forge().begin()
    gone = forge.add("message", {"text": "private"})
    forge.add("message", {"text": "kept"})
    stated = {"origin": ORIGIN, "index": 1, "payload_sha256": gone.digest, "ground": "law"}
    forge.add("erasure", stated | body)
    gone.erased = 3 if by is None else by
    forge.custody()
    return forge


_ERASURES: dict[str, dict[str, Any]] = {
    "by no entry": {"by": 9},
    "by another kind": {"by": 2},
    "of another index": {"index": 2},
    "of another log": {"origin": ORIGIN_B},
    "of other bytes": {"payload_sha256": "0" * 64},
    "without a ground": {"ground": None},
}
for _name, _options in _ERASURES.items():
    MUTATIONS[f"erasure: {_name}"] = (
        "erasure.unstated",
        partial(with_erasure, _options),
    )
MUTATIONS["custody: an export left out"] = (
    "custody.mismatch",
    edit("custody.json", lambda v: v["exports"].pop()),
)
MUTATIONS["custody: another person"] = (
    "custody.mismatch",
    edit("custody.json", lambda v: v["exports"][0].update(by=["Nobody"])),
)
MUTATIONS["custody: another export in the manifest"] = (
    "custody.mismatch",
    lambda: with_manifest(
        exported={
            "at": "2026-11-22T21:00:00.000000Z",
            "export": "01938f00-0000-7000-8000-0000000000ff",
            "by": ["Officer A1"],
        }
    ),
)
MUTATIONS["custody: not JSON"] = (
    "json.malformed",
    lambda: with_files(lambda f: f.update({"custody.json": b'{"exports":[],"exports":[]}'})),
)


def custody_with(**body: Any) -> bytes:
    forge = Forge().begin()
    forge.add("message", {})
    forge.custody(**body)
    return forge.build()


MUTATIONS["custody: more is shown than was let out"] = (
    "custody.mismatch",
    lambda: custody_with(items=[[0, 0]]),
)
MUTATIONS["custody: another size"] = ("custody.mismatch", lambda: custody_with(size=3))
MUTATIONS["custody: form"] = ("payload.malformed", lambda: custody_with(action="import"))


@mutation("custody.mismatch")
def no_custody_entry() -> bytes:
    return Forge().begin().build()


# Rotation and revocation


def rotation(
    purpose: str = "signing",
    old: Key = A_NODE,
    new: Key | None = None,
    *,
    author: Key = A_NODE,
    prover: Key | None = None,
    old_prover: Key | None = None,
    sender: str = "a",
    after: Key | None = None,
    log_key: Key | None = None,
) -> Forge:
    new = new or Key("a.example/node", "a node 2")
    forge = Forge().begin()
    text = f"detente-rotation-v1\n{AGREEMENT}\na\n{purpose}\n{old.vkey}\n{new.vkey}\n".encode()
    body = {
        "party": "a",
        "purpose": purpose,
        "old": old.vkey,
        "new": new.vkey,
        "proof": b64((prover or new).sign(text)),
    }
    if old_prover:
        body["old_proof"] = b64(old_prover.sign(text))
    forge.add("key-rotation", body, key=author, sender=sender)
    forge.add("message", {}, key=after or new)
    forge.custody(key=after or new)
    forge.log_key = log_key or A_LOG
    return forge


NEW_LOG = Key(ORIGIN, "a log 2")
GOOD_ROTATIONS: dict[str, Build] = {
    "signing": lambda: rotation().build(),
    "log": lambda: rotation(
        "log", A_LOG, NEW_LOG, old_prover=A_LOG, after=A_NODE, log_key=NEW_LOG
    ).build(),
}
for _name, _rotation in {
    "not proven by the new key": lambda: rotation(prover=A_NODE),
    "not signed by the old key": lambda: rotation(author=A_OFFICER),
    "log key not proven by the old key": lambda: rotation(
        "log", A_LOG, NEW_LOG, after=A_NODE, old_prover=NEW_LOG, log_key=NEW_LOG
    ),
    "by another party": lambda: rotation(author=B_NODE, sender="b"),
    "of a key not in force": lambda: rotation(old=Key("a.example/node", "z")),
    "another purpose": lambda: rotation("officer"),
    "a witness key for a log": lambda: rotation(
        "log", A_LOG, Key("a.example/w2", "w", WITNESS), after=A_NODE, old_prover=A_LOG
    ),
}.items():
    MUTATIONS[f"rotation: {_name}"] = ("key.rotation", partial(built, _rotation))
MUTATIONS["rotation: to a key that is known"] = (
    "key.duplicate",
    lambda: rotation(new=Key("a.example/x", "b node")).build(),
)
MUTATIONS["rotation: the old key goes on"] = (
    "envelope.author",
    lambda: rotation(after=A_NODE).build(),
)
MUTATIONS["rotation: the old log key goes on"] = (
    "checkpoint.signature",
    lambda: rotation("log", A_LOG, NEW_LOG, old_prover=A_LOG, after=A_NODE).build(),
)


def revoking(
    *,
    key: Key = A_OFFICER,
    by: Key = A_NODE,
    sender: str = "a",
    after: bool = True,
    until: Any = 1,
    before: bool = False,
) -> Forge:
    forge = Forge().begin()
    forge.add("message", {}, key=A_OFFICER, channel="officers")
    if before:
        forge.add("message", {}, key=A_OFFICER, channel="officers")
    body = {
        "party": "a",
        "key": key.vkey,
        "good_until_index": until,
        "origin": ORIGIN,
        "reason": "stolen",
    }
    forge.add("key-revocation", body, key=by, sender=sender)
    if after:
        forge.add("message", {}, key=A_OFFICER, channel="officers")
    forge.custody()
    return forge


MUTATIONS["revocation: used afterwards"] = ("key.revoked", lambda: revoking().build())
MUTATIONS["revocation: by itself"] = (
    "key.revoked",
    lambda: revoking(by=A_OFFICER, after=False).build(),
)
MUTATIONS["revocation: by another party"] = (
    "key.revoked",
    lambda: revoking(by=B_NODE, sender="b", after=False).build(),
)
MUTATIONS["revocation: of an unknown key"] = (
    "key.revoked",
    lambda: revoking(key=Key("x", "x"), after=False).build(),
)
MUTATIONS["revocation: no index"] = (
    "key.revoked",
    lambda: revoking(until=-1, after=False).build(),
)

# Files for other verifiers

_SIGSTORE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "payload": lambda v: v["dsseEnvelope"].update(payload=b64(b"{}")),
    "type": lambda v: v["dsseEnvelope"].update(payloadType="x"),
    "signature": lambda v: v["dsseEnvelope"]["signatures"][0].update(sig=b64(bytes(64))),
    "signatures": lambda v: v["dsseEnvelope"]["signatures"].append({}),
    "hint": lambda v: v["verificationMaterial"]["publicKey"].update(hint="x"),
    "media type": lambda v: v.update(mediaType="x"),
    "more": lambda v: v.update(more=1),
    "index": lambda v: v["verificationMaterial"]["tlogEntries"][0].update(logIndex="2"),
    "body": lambda v: v["verificationMaterial"]["tlogEntries"][0].update(canonicalizedBody="e30="),
    "kind": lambda v: v["verificationMaterial"]["tlogEntries"][0].update(kindVersion={}),
    "log": lambda v: v["verificationMaterial"]["tlogEntries"][0].update(logId={"keyId": "AAAA"}),
    "time": lambda v: v["verificationMaterial"]["tlogEntries"][0].update(integratedTime="9"),
    "root": lambda v: v["verificationMaterial"]["tlogEntries"][0]["inclusionProof"].update(
        rootHash=b64(bytes(32))
    ),
    "size": lambda v: v["verificationMaterial"]["tlogEntries"][0]["inclusionProof"].update(
        treeSize="8"
    ),
    "hashes": lambda v: v["verificationMaterial"]["tlogEntries"][0]["inclusionProof"].update(
        hashes=[1]
    ),
    "checkpoint": lambda v: v["verificationMaterial"]["tlogEntries"][0]["inclusionProof"].update(
        checkpoint={"envelope": "x"}
    ),
}
for _name, _change in _SIGSTORE.items():
    MUTATIONS[f"sigstore: {_name}"] = (
        "sigstore.mismatch",
        edit("bundles/1.sigstore.json", _change),
    )
MUTATIONS["sigstore: another proof"] = (
    "proof.inclusion",
    edit(
        "bundles/1.sigstore.json",
        lambda v: v["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["hashes"].pop(),
    ),
)
_ROOT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "key": lambda v: v["tlogs"][0]["publicKey"].update(rawBytes=b64(spki(B_LOG.raw))),
    "details": lambda v: v["tlogs"][0]["publicKey"].update(keyDetails="x"),
    "id": lambda v: v["tlogs"][0].update(logId={"keyId": b64(B_LOG.id)}),
    "address": lambda v: v["tlogs"][0].update(baseUrl="https://b.example"),
    "hash": lambda v: v["tlogs"][0].update(hashAlgorithm="SHA1"),
    "none": lambda v: v.update(tlogs=[]),
    "another": lambda v: v["tlogs"].append({}),
    "authority": lambda v: v.update(certificateAuthorities=[{}]),
    "media type": lambda v: v.update(mediaType="x"),
}
for _name, _change in _ROOT.items():
    MUTATIONS[f"trusted root: {_name}"] = (
        "trusted_root.mismatch",
        edit("trusted_root.json", _change),
    )
MUTATIONS["trusted root: a name twice"] = (
    "json.malformed",
    replace("trusted_root.json", b"{", b'{"mediaType":"y",'),
)
_PROOF = "proofs/1.tlog-proof"
MUTATIONS["tlog-proof: another index"] = (
    "tlog_proof.mismatch",
    replace(_PROOF, b"index 1", b"index 2"),
)
MUTATIONS["tlog-proof: extra"] = (
    "tlog_proof.mismatch",
    replace(_PROOF, b"index 1", b"extra e30=\nindex 1"),
)
MUTATIONS["tlog-proof: another head"] = ("tlog_proof.mismatch", replace(_PROOF, b"@v1", b"@v2"))
MUTATIONS["tlog-proof: a line more"] = (
    "tlog_proof.mismatch",
    lambda: with_files(lambda f: f.update({_PROOF: f[_PROOF] + NEUTRAL.line("x").encode()})),
)
MUTATIONS["tlog-proof: without the log's line"] = (
    "tlog_proof.mismatch",
    lambda: with_files(
        lambda f: f.update(
            {
                _PROOF: "\n".join(
                    line
                    for line in f[_PROOF].decode().split("\n")
                    if not line.startswith(f"\u2014 {ORIGIN} ")
                ).encode()
            }
        )
    ),
)


@mutation("proof.inclusion")
def tlog_proof_with_another_path() -> bytes:
    def apply(files: dict[str, bytes]) -> None:
        found = files[_PROOF].split(b"\n")
        found[2] = b64(bytes(32)).encode()
        files[_PROOF] = b"\n".join(found)

    return with_files(apply)


@mutation("manifest.mismatch")
def single_item_that_is_erased() -> bytes:
    forge = erasing()
    forge.singles = [1]
    return forge.build()


# Timestamps


def stamped(change: Callable[[dict[str, bytes]], Any] = lambda files: None) -> bytes:
    def apply(files: dict[str, bytes]) -> None:
        text = files["checkpoint"].decode().split("\n\n")[0] + "\n"
        files["timestamps/9.note"] = f"{text}\n{A_LOG.line(text)}".encode()
        files["timestamps/9.tsr"] = b"no token"
        files["timestamps/tsa.pem"] = b"no certificate"
        change(files)

    return with_files(apply)


MUTATIONS["timestamp: no token"] = ("timestamp.wrong", stamped)
MUTATIONS["timestamp: of another note"] = (
    "timestamp.wrong",
    lambda: stamped(lambda f: f.update({"timestamps/9.note": f["checkpoint"]})),
)
MUTATIONS["timestamp: of an unknown size"] = (
    "timestamp.wrong",
    lambda: stamped(
        lambda f: f.update({"timestamps/8.note": f["timestamps/9.note"], "timestamps/8.tsr": b"x"})
    ),
)
for _name in ("9.note", "9.tsr", "tsa.pem"):
    MUTATIONS[f"timestamp: without {_name}"] = (
        "file.missing",
        partial(stamped_without, _name),
    )


# Attacks by one who holds keys, and what two readers might read differently


@mutation("custody.mismatch")
def custody_at_an_index_that_is_true() -> bytes:
    forge = Forge().begin()
    forge.custody()

    def change(files: dict[str, bytes]) -> None:
        files["custody.json"] = files["custody.json"].replace(b'"index":1,', b'"index":true,')

    return with_files(change, forge)


MUTATIONS["custody: another spelling"] = (
    "json.malformed",
    replace("custody.json", b'{"exports":', b'{"exports": '),
)
MUTATIONS["erasure: of the index true"] = (
    "erasure.unstated",
    lambda: with_erasure({"index": True}),
)
MUTATIONS["agreement: a node's key as an officer's"] = (
    "agreement.malformed",
    lambda: with_agreement(lambda v: v["parties"][1]["keys"][2].update(holder="Officer B1")),
)


def dated(created: str) -> bytes:
    return with_payload(lambda payload: payload | {"created": created})


for _name in ("0000-11-22T20:00:00", "2026-11-22T24:00:00", "2026-06-30T23:59:60"):
    MUTATIONS[f"payload: dated {_name}"] = (
        "payload.malformed",
        partial(dated, f"{_name}.000000Z"),
    )


@mutation("chain.gap")
def one_erased_entry_for_two_gaps() -> bytes:
    forge = Forge().begin()
    for channel in ("x", "y"):
        forge.add("message", {}, channel=channel)
    gone = forge.add("message", {"text": "private"}, channel="z")
    for channel in ("x", "y"):
        seq, _ = forge._seq["a", channel]
        forge._seq["a", channel] = (seq + 1, "1" * 64)
        forge.add("message", {}, channel=channel)
    stated = {"origin": ORIGIN, "index": 3, "payload_sha256": gone.digest, "ground": "law"}
    forge.add("erasure", stated)
    gone.erased = 6
    forge.custody()
    return forge.build()


@mutation("agreement.unsigned")
def version_without_a_party_that_has_no_key_left() -> bytes:
    """B's two keys revoke each other in advance; then A signs for it with keys of its own."""
    forge = Forge().begin()
    old = forge.agreement
    for key, other in ((B_NODE, B_OFFICER), (B_OFFICER, B_NODE)):
        body = {"party": "b", "key": key.vkey, "good_until_index": 2, "origin": ORIGIN}
        forge.add("key-revocation", body | {"reason": "lost"}, key=other, sender="b")
    false = Key("b.example/node", "of A")
    second = forge.agreement_body() | {"version": 2, "previous": forge.agreement_hash}
    second["parties"][1]["keys"][2]["vkey"] = false.vkey
    forge.blobs[sha(old)] = old
    forge._agreement = forge.sign_agreement(second, [A_NODE, false])
    body = {"sha256": forge.agreement_hash, "version": 2}
    forge.add("agreement", body, to=[], blobs=[forge._agreement])
    forge.custody()
    forge.on_manifest = lambda value: value | {"agreement": value["agreement"] | {"version": 2}}
    return forge.build()


@mutation("key.rotation")
def rotation_of_a_log_by_a_revoked_key() -> bytes:
    forge = Forge().begin()
    body = {"party": "a", "key": A_NODE.vkey, "good_until_index": 0, "origin": ORIGIN}
    forge.add("key-revocation", body | {"reason": "stolen"}, key=A_OFFICER)
    made = rotation("log", A_LOG, NEW_LOG, old_prover=A_LOG, after=A_NODE).entries[1]
    forge.add("key-rotation", json.loads(made.payload)["body"], key=A_NODE)
    forge.custody()
    return forge.build()


@mutation("agreement.malformed")
def many_keys_of_one_name() -> bytes:
    """Each of 100 signatures would have to be tried with each of the keys."""
    keys = [Key("a.example/officer/1", f"officer {i}") for i in range(12)]

    def add(value: dict[str, Any]) -> None:
        more = [{"purpose": "officer", "vkey": key.vkey, "holder": "x"} for key in keys]
        value["parties"][0]["keys"] += more

    return with_agreement(add, agreement_signers=[A_NODE, B_NODE, *[keys[-1]] * 98])


MUTATIONS["agreement: more than 100 signatures"] = (
    "agreement.malformed",
    lambda: with_agreement(lambda value: None, agreement_signers=[A_NODE, B_NODE] * 51),
)


@mutation("envelope.malformed")
def single_item_without_an_envelope() -> bytes:
    def change(files: dict[str, bytes]) -> None:
        lines = files["envelopes/000.jsonl"].split(b"\n")
        lines[1] = lines[1].replace(b'"index":1', b'"index":1.5')
        files["envelopes/000.jsonl"] = b"\n".join(lines)

    return with_files(change)


def all_mutations() -> Iterator[tuple[str, str, Build]]:
    for name, (code, build) in MUTATIONS.items():
        yield name, code, build
