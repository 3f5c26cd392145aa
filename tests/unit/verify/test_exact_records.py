"""Payloads, manifests and agreements: every member, each limit, each error in its exact words."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from tests.support.exact import found, refusal
from tests.support.forge import (
    A_LOG,
    A_NODE,
    A_OFFICER,
    A_WITNESS,
    AGREEMENT,
    B_LOG,
    B_NODE,
    B_OFFICER,
    B_WITNESS,
    NEUTRAL,
    ORIGIN,
    Forge,
    Key,
    b64,
    canon,
    pack,
    sha,
    type_of,
)

from detente.verify import manifest as manifests
from detente.verify.agreement import (
    Agreement,
    check_document,
    check_signatures,
    read_agreement,
)
from detente.verify.archive import Archive
from detente.verify.errors import Findings
from detente.verify.payload import Item, read_payload, texts

UUID = "01938f00-0000-7000-8000-0000000000ee"
HASH = "ab" * 32
TIME = "2026-11-22T20:34:37.123456Z"

# Payloads

PAYLOAD: dict[str, Any] = {
    "agreement": "ab",
    "author": "k",
    "blobs": [{"media_type": "t", "sha256": HASH, "size": 0}],
    "body": {"x": 1},
    "channel": "c",
    "created": TIME,
    "from": "a",
    "id": UUID,
    "prev": None,
    "refs": [{"id": UUID, "rel": "r", "sha256": HASH}],
    "salt": "0f" * 16,
    "seq": 1,
    "status": "exercise",
    "to": ["b", "c"],
}


def payload(value: Any, kind: str = "clock") -> Item:
    return read_payload(canon(value), kind, "w", 7, ("p", "c", b"k"))


def test_a_payload_is_read() -> None:
    assert payload(PAYLOAD) == Item(
        position=7,
        kind="clock",
        agreement="ab",
        sender="a",
        author="k",
        channel="c",
        created=TIME,
        status="exercise",
        seq=1,
        prev="",
        id=UUID,
        to=("b", "c"),
        payload_sha256="p",
        chain="c",
        key=b"k",
        blobs=((HASH, 0),),
        refs=((UUID, "r", HASH),),
        body={"x": 1},
    )
    later = payload(PAYLOAD | {"seq": 2, "prev": HASH}, "message")
    assert (later.seq, later.prev, later.body) == (2, HASH, {})


BLOB, REF = PAYLOAD["blobs"][0], PAYLOAD["refs"][0]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"more": 1}, "not the members of a payload"),
        ({"agreement": ""}, "agreement"),
        ({"agreement": 1}, "agreement"),
        ({"author": "a b"}, "author"),
        ({"author": 1}, "author"),
        ({"channel": ""}, "channel"),
        ({"channel": 1}, "channel"),
        ({"channel": "c" * 101}, "channel"),
        ({"from": ""}, "from"),
        ({"from": 1}, "from"),
        ({"id": UUID.upper()}, "id"),
        ({"id": 1}, "id"),
        ({"seq": 0}, "seq"),
        ({"seq": "1"}, "seq"),
        ({"seq": True}, "seq"),
        ({"prev": "x"}, "prev"),
        ({"prev": 1}, "prev"),
        ({"prev": HASH}, "prev is null if and only if seq is 1"),
        ({"seq": 2}, "prev is null if and only if seq is 1"),
        ({"created": "2026-11-22"}, "created"),
        ({"created": 1}, "created"),
        ({"status": "real"}, "status"),
        ({"status": 1}, "status"),
        ({"salt": "0F" * 16}, "salt"),
        ({"salt": "0" * 33}, "salt"),
        ({"salt": 1}, "salt"),
        ({"body": []}, "body"),
        ({"to": {}}, "to"),
        ({"to": ["b", ""]}, "to"),
        ({"to": ["b", 1]}, "to"),
        ({"to": ["b"] * 101}, "to"),
        ({"blobs": {}}, "blobs"),
        ({"blobs": [BLOB] * 101}, "blobs"),
        ({"blobs": [1]}, "blobs"),
        ({"blobs": [BLOB | {"x": 1}]}, "blobs"),
        ({"blobs": [BLOB | {"sha256": "x"}]}, "blobs"),
        ({"blobs": [BLOB | {"sha256": 1}]}, "blobs"),
        ({"blobs": [BLOB | {"size": -1}]}, "blobs"),
        ({"blobs": [BLOB | {"size": True}]}, "blobs"),
        ({"blobs": [BLOB | {"media_type": ""}]}, "blobs"),
        ({"blobs": [BLOB | {"media_type": 1}]}, "blobs"),
        ({"refs": None}, "refs"),
        ({"refs": [REF] * 101}, "refs"),
        ({"refs": [1]}, "refs"),
        ({"refs": [REF | {"x": 1}]}, "refs"),
        ({"refs": [REF | {"id": "x"}]}, "refs"),
        ({"refs": [REF | {"id": 1}]}, "refs"),
        ({"refs": [REF | {"rel": ""}]}, "refs"),
        ({"refs": [REF | {"rel": 1}]}, "refs"),
        ({"refs": [REF | {"sha256": "x"}]}, "refs"),
        ({"refs": [REF | {"sha256": 1}]}, "refs"),
    ],
)
def test_no_payloads(change: dict[str, Any], detail: str) -> None:
    with refusal("payload.malformed", "w", detail):
        payload(PAYLOAD | change)


def test_payloads_at_their_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    full = {"to": ["b"] * 100, "refs": [REF] * 100, "blobs": [BLOB] * 100, "channel": "c" * 100}
    item = payload(PAYLOAD | full | {"body": {}})
    assert (len(item.to), len(item.refs), len(item.blobs)) == (100, 100, 100)
    assert texts(["a"], "w", "x") == ["a"]
    size = len(canon(PAYLOAD))
    monkeypatch.setattr("detente.verify.payload.PAYLOAD_BYTES_MAX", size)
    assert payload(PAYLOAD)
    monkeypatch.setattr("detente.verify.payload.PAYLOAD_BYTES_MAX", size - 1)
    with refusal("payload.malformed", "w", f"more than {size - 1} bytes"):
        payload(PAYLOAD)


def test_payloads_are_canonical() -> None:
    data = json.dumps(PAYLOAD).encode()
    with refusal("payload.malformed", "w", "not in canonical form (RFC 8785)"):
        read_payload(data, "clock", "w", 7, ("p", "c", b"k"))


# Manifests

MANIFEST: dict[str, Any] = {
    "agreement": {"id": "ab", "sha256": HASH, "version": 1},
    "exported": {"at": TIME, "by": ["Officer", "Other"], "export": UUID},
    "files": [{"path": "a", "sha256": HASH, "size": 0}, {"path": "b", "sha256": HASH, "size": 5}],
    "format": "detente-bundle/1",
    "grade": "single",
    "items": [[0, 0], [2, 4]],
    "origin": "a/log",
    "party": "a",
    "scope": "subset",
    "single_items": [[2, 2]],
    "size": 5,
    "withheld_blobs": ["ab" * 32, "cd" * 32],
}


def manifest_of(value: Any = MANIFEST) -> manifests.Manifest:
    return manifests.read_manifest(canon(value))


def test_a_manifest_is_read() -> None:
    assert manifest_of() == manifests.Manifest(
        agreement_id="ab",
        agreement_sha256=HASH,
        agreement_version=1,
        exported_at=TIME,
        export=UUID,
        exported_by=("Officer", "Other"),
        files={"a": (HASH, 0), "b": (HASH, 5)},
        grade="single",
        items=((0, 0), (2, 4)),
        origin="a/log",
        party="a",
        scope="subset",
        single_items=((2, 2),),
        size=5,
        withheld_blobs=frozenset(("ab" * 32, "cd" * 32)),
    )
    least = {"files": [], "items": [], "single_items": [], "withheld_blobs": [], "size": 1}
    read = manifest_of(MANIFEST | least | {"scope": "full"})
    assert (read.files, read.items, read.single_items, read.size) == ({}, (), (), 1)
    assert read.withheld_blobs == frozenset()


AGREED, EXPORTED, FILE = MANIFEST["agreement"], MANIFEST["exported"], MANIFEST["files"][0]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"more": 1}, "not the members of a manifest"),
        *(({name: None}, name) for name in MANIFEST),
        ({"size": True}, "size"),
        ({"size": 0}, "size"),
        ({"format": "detente-bundle/2"}, "format"),
        ({"grade": "best"}, "grade"),
        ({"scope": "part"}, "scope"),
        ({"origin": "a b"}, "origin"),
        ({"party": ""}, "party"),
        ({"agreement": AGREED | {"x": 1}}, "agreement"),
        ({"agreement": AGREED | {"id": ""}}, "agreement"),
        ({"agreement": AGREED | {"id": 1}}, "agreement"),
        ({"agreement": AGREED | {"sha256": "x"}}, "agreement"),
        ({"agreement": AGREED | {"sha256": 1}}, "agreement"),
        ({"agreement": AGREED | {"version": 0}}, "agreement"),
        ({"agreement": AGREED | {"version": True}}, "agreement"),
        ({"exported": EXPORTED | {"x": 1}}, "exported"),
        ({"exported": EXPORTED | {"at": "now"}}, "exported"),
        ({"exported": EXPORTED | {"export": "x"}}, "exported"),
        ({"exported": EXPORTED | {"by": []}}, "exported"),
        ({"exported": EXPORTED | {"by": "x"}}, "exported"),
        ({"exported": EXPORTED | {"by": ["x", ""]}}, "exported"),
        ({"exported": EXPORTED | {"by": [1]}}, "exported"),
        ({"files": [1]}, "files"),
        ({"files": [FILE | {"x": 1}]}, "files"),
        ({"files": [FILE | {"path": ""}]}, "files"),
        ({"files": [FILE | {"path": 1}]}, "files"),
        ({"files": [FILE | {"sha256": "x"}]}, "files"),
        ({"files": [FILE | {"size": -1}]}, "files"),
        ({"files": [FILE | {"size": True}]}, "files"),
        ({"files": [FILE, FILE]}, "files are not sorted by path, or twice"),
        ({"files": [FILE | {"path": "b"}, FILE]}, "files are not sorted by path, or twice"),
        ({"items": [[0, 5]]}, "ranges"),
        ({"items": [[-1, 0]]}, "ranges"),
        ({"items": [[1, 0]]}, "ranges"),
        ({"items": [[0, 1], [1, 2]]}, "ranges"),
        ({"items": [[0, True]]}, "ranges"),
        ({"items": [[False, 0]]}, "ranges"),
        ({"items": [[0]]}, "ranges"),
        ({"items": [[0, 1, 2]]}, "ranges"),
        ({"items": [0]}, "ranges"),
        ({"single_items": [[0, 5]]}, "ranges"),
        ({"single_items": [[0, 1], [0, 1]]}, "ranges"),
        ({"withheld_blobs": ["x"]}, "withheld_blobs"),
        ({"withheld_blobs": [1]}, "withheld_blobs"),
        ({"withheld_blobs": [HASH, HASH]}, "withheld_blobs"),
        ({"withheld_blobs": ["cd" * 32, "ab" * 32]}, "withheld_blobs"),
    ],
)
def test_no_manifests(change: dict[str, Any], detail: str) -> None:
    with refusal("manifest.malformed", "manifest.json", detail):
        manifest_of(MANIFEST | change)


def test_manifests_are_canonical() -> None:
    with refusal("manifest.malformed", "manifest.json", "not in canonical form (RFC 8785)"):
        manifests.read_manifest(json.dumps(MANIFEST).encode())


def test_ranges_of_other_files_have_their_own_errors() -> None:
    assert manifests.read_ranges([[0, 1], [2, 2]], 3, "w", "c") == ((0, 1), (2, 2))
    values: list[Any] = [None, {}, [[0, 3]], [["0", 1]], [[0]]]
    for value in values:
        with refusal("custody.mismatch", "w", "ranges"):
            manifests.read_ranges(value, 3, "w", "custody.mismatch")
    with refusal("agreement.malformed", "w", "files"):
        manifests.read_file_entry(FILE, "name", "w", "agreement.malformed")


def test_ranges_are_counted_and_compared() -> None:
    ranges = ((1, 1), (3, 5))
    assert list(manifests.indices_of(ranges)) == [1, 3, 4, 5]
    assert manifests.count_of(ranges) == 4
    assert manifests.count_of(()) == 0
    assert manifests.same_indices(ranges, [1, 3, 4, 5]) is True
    for other in ([], [1, 3, 4], [1, 3, 4, 6], [1, 3, 4, 5, 6], [3, 1, 4, 5]):
        assert manifests.same_indices(ranges, other) is False


@pytest.fixture
def archived(tmp_path: Path) -> Callable[[dict[str, bytes]], Archive]:
    def make(members: dict[str, bytes]) -> Archive:
        path = tmp_path / "x.zip"
        path.write_bytes(pack(members))
        return Archive(path)

    return make


Archived = Callable[[dict[str, bytes]], Archive]


def test_files_are_those_of_the_manifest(archived: Archived) -> None:
    good = {"a": b"12", "b": b"345"}
    entries = [
        {"path": path, "sha256": sha(data), "size": len(data)} for path, data in good.items()
    ]
    stated = manifest_of(MANIFEST | {"files": entries})

    def errors(members: dict[str, bytes], later: tuple[str, ...] = ()) -> list[Any]:
        findings = Findings()
        with archived(members) as archive:
            manifests.check_files(archive, stated, frozenset(later), findings)
        return found(findings)

    fixed = {"manifest.json": b"x", "manifest.sha256": b"y"}
    assert errors(good | fixed) == []
    assert errors({"b": b"345"}) == [("file.missing", "a", "listed, not there")]
    assert errors(good | {"c": b"", "d": b""}) == [
        ("file.extra", "c", "not listed"),
        ("file.extra", "d", "not listed"),
    ]
    assert errors({"a": b"123", "b": b"34"}) == [
        ("manifest.mismatch", "a", "size"),
        ("manifest.mismatch", "b", "size"),
    ]
    other = {"a": b"xx", "b": b"xxx"}
    assert errors(other, ("b",)) == [("manifest.mismatch", "a", "SHA-256")]
    assert errors(fixed | other, ("a",)) == [("manifest.mismatch", "b", "SHA-256")]


def test_hashes_of_files_that_were_read_elsewhere() -> None:
    findings = Findings()
    manifests.check_hash("a", HASH, manifest_of(), findings)
    manifests.check_hash("x", HASH, manifest_of(), findings)
    assert found(findings) == []
    manifests.check_hash("a", "0" * 64, manifest_of(), findings)
    assert found(findings) == [("manifest.mismatch", "a", "SHA-256")]


def test_the_sum_of_the_manifest(archived: Archived) -> None:
    def errors(members: dict[str, bytes]) -> list[Any]:
        findings = Findings()
        with archived(members) as archive:
            manifests.check_sum(archive, b"m", findings)
        return found(findings)

    line = f"{sha(b'm')}  manifest.json\n".encode()
    assert errors({"manifest.sha256": line}) == []
    assert errors({"x": b""}) == [("file.missing", "manifest.sha256", "")]
    wrong = [("manifest.mismatch", "manifest.sha256", "SHA-256 of the manifest")]
    for data in (line[:-1], line.upper(), f"{sha(b'n')}  manifest.json\n".encode()):
        assert errors({"manifest.sha256": data}) == wrong


# Agreements

BODY = Forge().agreement_body()
TOML = b'[[parties]]\nid = "a"\n[[parties]]\nid = "b"\n'


def signed(body: dict[str, Any] = BODY, signers: tuple[Key, ...] = (A_NODE, B_NODE)) -> bytes:
    return Forge().sign_agreement(body, list(signers))


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    body = deepcopy(BODY)
    change(body)
    return body


def agreed(body: dict[str, Any] = BODY, signers: tuple[Key, ...] = (A_NODE, B_NODE)) -> Agreement:
    return read_agreement(signed(body, signers), "w")


def test_an_agreement_is_read() -> None:
    body = BODY | {"witnesses": [{"name": "n", "vkey": NEUTRAL.vkey}]}
    agreement = agreed(body)
    assert (agreement.id, agreement.version, agreement.previous) == (AGREEMENT, 1, "")
    assert agreement.title == {"en": "Shared sky", "fr": "Ciel partagé"}
    assert agreement.files == {"agreement.toml": (sha(TOML), len(TOML))}
    assert [party.id for party in agreement.parties] == ["a", "b"]
    assert agreement.parties[0].names == {"en": "Party A", "fr": "Partie A"}
    assert agreement.sha256 == sha(canon(body))
    assert agreement.envelope.payload == canon(body)
    assert agreement.policies == BODY["policies"]
    keys = [(key.party, key.purpose, key.key.vkey, key.holder) for key in agreement.keys]
    assert keys == [
        ("a", "log", A_LOG.vkey, ""),
        ("a", "witness", A_WITNESS.vkey, ""),
        ("a", "signing", A_NODE.vkey, ""),
        ("a", "officer", A_OFFICER.vkey, "Officer A1"),
        ("b", "log", B_LOG.vkey, ""),
        ("b", "witness", B_WITNESS.vkey, ""),
        ("b", "signing", B_NODE.vkey, ""),
        ("b", "officer", B_OFFICER.vkey, "Officer B1"),
    ]
    assert {name: key.vkey for name, key in agreement.witnesses.items()} == {"n": NEUTRAL.vkey}
    assert agreement.party_of_log(ORIGIN) == "a"
    assert agreement.party_of_log(B_LOG.name) == "b"
    assert agreement.party_of_log(A_NODE.name) is None
    assert agreement.policy(ORIGIN).quorum == b"b"
    with refusal("policy.mismatch", "agreement.dsse.json", "no policy for x"):
        agreement.policy("x")
    later = agreed(BODY | {"version": 2, "previous": HASH})
    assert (later.version, later.previous) == (2, HASH)


def _key(at: int, **members: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda body: body["parties"][1]["keys"][at].update(members)


_W = {"name": "n", "vkey": NEUTRAL.vkey}


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (lambda b: b.update(more=1), "not the members of an agreement"),
        (lambda b: b.update(agreement=""), "agreement"),
        (lambda b: b.update(agreement=1), "agreement"),
        (lambda b: b.update(version=0), "version"),
        (lambda b: b.update(version=True), "version"),
        (lambda b: b.update(previous=HASH), "previous"),
        (lambda b: b.update(version=2), "previous"),
        (lambda b: b.update(version=2, previous="x"), "previous"),
        (lambda b: b.update(period=[]), "period"),
        (lambda b: b["period"].update(x=1), "period"),
        (lambda b: b.update(title=[]), "title"),
        (lambda b: b.update(title={"en": 1, "fr": "x"}), "title"),
        (lambda b: b.update(policies=None), "policies"),
        (lambda b: b.update(policies={"x": 1}), "policies"),
        (lambda b: b.update(files=None), "files"),
        (lambda b: b.update(files=[{}]), "files"),
        (lambda b: b["files"].append(b["files"][0]), "files are not sorted by name, or twice"),
        (lambda b: b.update(parties=[]), "no parties, or one twice"),
        (lambda b: b.update(parties={}), "no parties, or one twice"),
        (lambda b: b.update(parties=[1]), "parties"),
        (lambda b: b["parties"][0].update(x=1), "parties"),
        (lambda b: b["parties"][0].update(id="a b"), "id of a party"),
        (lambda b: b["parties"][0].update(id=1), "id of a party"),
        (lambda b: b["parties"][1].update(id="a"), "no parties, or one twice"),
        (lambda b: b["parties"][0].update(name="x"), "name of a party"),
        (lambda b: b["parties"][0].update(keys=None), "a has no log key"),
        (lambda b: b["parties"][0]["keys"].pop(0), "a has no log key"),
        (lambda b: b["parties"][0]["keys"].pop(1), "a has no witness key"),
        (lambda b: b["parties"][1]["keys"].pop(2), "b has no signing key"),
        (lambda b: b["parties"][1]["keys"].append(1), "keys of b"),
        (_key(0, x=1), "keys of b"),
        (_key(0, purpose="master"), "keys of b"),
        (_key(0, purpose=1), "keys of b"),
        (_key(0, holder=1), "keys of b"),
        (_key(0, holder="x"), "a log key of b is an officer's"),
        (_key(2, holder="x"), "a signing key of b is an officer's"),
        (lambda b: b.update(witnesses={}), "witnesses"),
        (lambda b: b.update(witnesses=[1]), "witnesses"),
        (lambda b: b.update(witnesses=[_W | {"x": 1}]), "witnesses"),
        (lambda b: b.update(witnesses=[_W | {"name": ""}]), "name of a witness"),
        (lambda b: b.update(witnesses=[_W | {"name": 1}]), "name of a witness"),
        (lambda b: b.update(witnesses=[_W, _W]), "name of a witness"),
    ],
)
def test_no_agreements(change: Callable[[dict[str, Any]], Any], detail: str) -> None:
    with refusal("agreement.malformed", "w", detail):
        agreed(changed(change))


def test_agreements_of_another_type_or_form() -> None:
    value = json.loads(signed())
    for data, detail in (
        (canon(value | {"payloadType": type_of("message")}), "payloadType"),
        (json.dumps(value).encode(), "not in canonical form (RFC 8785)"),
        (canon(value | {"payload": b64(b"[]")}), "not an object"),
        (canon({}), "not an envelope"),
    ):
        with refusal("agreement.malformed", "w", detail):
            read_agreement(data, "w")


@pytest.mark.parametrize(
    ("change", "code", "detail"),
    [
        (_key(3, vkey=1), "key.unusable", "not a vkey"),
        (_key(3, vkey="x"), "key.unusable", "not a vkey"),
        (_key(1, vkey=Key("w", "w").vkey), "key.unusable", "signature type of w"),
        (_key(2, vkey=Key("n", "w", 4).vkey), "key.unusable", "signature type of n"),
        (_key(3, vkey=Key("z", "b node").vkey), "key.duplicate", "z"),
        (_key(3, vkey=Key("z", "a node").vkey), "key.duplicate", "z"),
        (
            lambda b: b.update(witnesses=[_W | {"vkey": Key("z", "b witness", 4).vkey}]),
            "key.duplicate",
            "z",
        ),
        (lambda b: b.update(witnesses=[_W | {"vkey": 1}]), "key.unusable", "not a vkey"),
        (
            lambda b: b.update(witnesses=[_W | {"vkey": Key("z", "z").vkey}]),
            "key.unusable",
            "signature type of z",
        ),
    ],
)
def test_keys_of_agreements(
    change: Callable[[dict[str, Any]], Any], code: str, detail: str
) -> None:
    with refusal(code, "w", detail):
        agreed(changed(change))


def test_who_has_signed() -> None:
    def check(agreement: Agreement, before: Agreement | None = None) -> tuple[Any, Any]:
        findings = Findings()
        keys = () if before is None else tuple(before.keys)
        signed_by = check_signatures(agreement, keys, findings, "w")
        return set(signed_by), found(findings)

    stranger = Key("x", "x")
    both = {"a", "b"}
    no = "agreement.signature"
    assert check(agreed()) == (both, [])
    assert check(agreed(signers=(A_OFFICER, B_OFFICER))) == (both, [])
    assert check(agreed(signers=(A_NODE,))) == ({"a"}, [("agreement.unsigned", "w", "b")])
    assert check(agreed(signers=(A_NODE, stranger))) == (
        {"a"},
        [(no, "w", "x"), ("agreement.unsigned", "w", "b")],
    )
    assert check(agreed(signers=(A_NODE, B_LOG, B_WITNESS))) == (
        {"a"},
        [(no, "w", B_LOG.name), (no, "w", B_WITNESS.name), ("agreement.unsigned", "w", "b")],
    )
    assert check(agreed(signers=(stranger,)))[1] == [
        (no, "w", "x"),
        ("agreement.unsigned", "w", "a"),
        ("agreement.unsigned", "w", "b"),
    ]
    wrong = Key(B_NODE.name, "x")
    assert check(agreed(signers=(A_NODE, B_NODE, wrong))) == (both, [(no, "w", B_NODE.name)])
    # A later version: parties of the one before sign with the keys they had.
    officer = Key("b.example/officer/2", "b officer 2")
    new = changed(_key(3, vkey=officer.vkey)) | {"version": 2, "previous": HASH}
    assert check(agreed(new), agreed()) == (both, [])
    assert check(agreed(new, (A_NODE, B_OFFICER)), agreed()) == (both, [])
    assert check(agreed(new, (A_NODE, officer)), agreed()) == (
        {"a"},
        [("agreement.unsigned", "w", "b")],
    )
    alone = changed(lambda b: b["parties"].pop(1)) | {"version": 2, "previous": HASH}
    assert check(agreed(alone, (A_NODE,)), agreed()) == ({"a"}, [("agreement.unsigned", "w", "b")])
    assert check(agreed(alone), agreed()) == (both, [])
    # One whose keys are all gone can sign nothing any more.
    findings = Findings()
    left = [key for key in agreed().keys if key.party == "a"]
    check_signatures(agreed(new), left, findings, "w", agreed())
    assert found(findings) == [("agreement.unsigned", "w", "b")]
    # And a new party with its own.
    assert check(agreed(new), agreed(alone, (A_NODE,))) == (both, [])
    assert check(agreed(new, (A_NODE, officer)), agreed(alone, (A_NODE,))) == (both, [])


def document(
    toml: bytes | None, more: dict[str, bytes] | None = None, add: dict[str, bytes] | None = None
) -> list[tuple[str, str, str]]:
    """Findings about an agreement with these files; `add` stand beside it unsigned."""
    files = ({} if toml is None else {"agreement.toml": toml}) | (more or {})
    entries = [
        {"name": name, "sha256": sha(data), "size": len(data)}
        for name, data in sorted(files.items())
    ]
    findings = Findings()
    check_document(agreed(BODY | {"files": entries}), files | (add or {}), findings)
    return found(findings)


FOLDER = "agreement.file"


def test_the_files_of_an_agreement() -> None:
    place = "agreement/agreement.toml"
    assert document(TOML) == []
    assert document(TOML, {"z": b"1"}) == []
    assert document(TOML, add={"z": b"1", "y": b""}) == [
        (FOLDER, "agreement/y", "not part of what was signed"),
        (FOLDER, "agreement/z", "not part of what was signed"),
    ]
    for data in (TOML + b" ", TOML.replace(b'"b"', b"'b'")):
        assert document(TOML, add={"agreement.toml": data}) == [
            (FOLDER, place, "not the file that was signed")
        ]
    assert document(None) == [(FOLDER, place, "missing")]
    findings = Findings()
    check_document(agreed(), {}, findings)
    assert found(findings) == [(FOLDER, place, "missing")] * 2


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("= [", "not TOML"),
        ("\udcff", "not TOML"),
        ("x = " + "[" * 5000 + "]" * 5000, "not TOML"),
        ('[[parties]]\nid = "a"\n', "other parties than in what was signed"),
        ("[parties.a]\n[parties.c]\n", "other parties than in what was signed"),
        ('[[party]]\nid = "c"\n', "other parties than in what was signed"),
    ],
)
def test_documents_that_say_something_else(text: str, detail: str) -> None:
    errors = document(text.encode("utf-8", "surrogateescape"))
    assert errors == [(FOLDER, "agreement/agreement.toml", detail)]


def test_documents_may_name_parties_in_several_ways() -> None:
    for text in ("[parties.a]\n[parties.b]\n", "[party.a]\n[party.b]\n"):
        assert document(text.encode()) == []


def test_documents_name_only_keys_that_are_signed() -> None:
    known = f'k = ["{B_NODE.vkey}", 5, "text", {{v = "{A_LOG.vkey}"}}]\n'.encode()
    assert document(known + TOML) == []
    strange = f'x = 5\nk = [["{NEUTRAL.vkey}"], {{v = "{NEUTRAL.vkey}"}}]\n'.encode()
    words = f"a key that is not in what was signed: {NEUTRAL.vkey}"
    assert document(strange + TOML) == [(FOLDER, "agreement/agreement.toml", words)] * 2


def enrolment(**changes: Any) -> dict[str, Any]:
    keys = []
    for purpose, key, holder in (
        ("log", B_LOG, ""),
        ("witness", B_WITNESS, ""),
        ("signing", B_NODE, ""),
        ("officer", B_OFFICER, "Officer B1"),
    ):
        text = f"detente-enrolment-v1\n{AGREEMENT}\nb\n{purpose}\n{holder}\n{key.vkey}\n"
        proof = b64(key.sign(text.encode()))
        keys.append({"purpose": purpose, "vkey": key.vkey, "holder": holder, "proof": proof})
    return {"agreement": AGREEMENT, "party": "b", "keys": keys} | changes


def test_enrolments() -> None:
    place = "agreement/enrolments/b.json"

    def errors(value: Any) -> list[tuple[str, str, str]]:
        return document(TOML, {"enrolments/b.json": json.dumps(value).encode()})

    good = enrolment()["keys"]
    assert errors(enrolment()) == []
    other = [(FOLDER, place, "of another agreement or party")]
    assert errors(enrolment(party="a")) == other
    assert errors(enrolment(agreement="x")) == other
    assert errors({}) == other
    assert errors(enrolment(keys=[1])) == [(FOLDER, place, "keys")]
    nothing: tuple[Any, ...] = (None, [])
    for none in nothing:
        assert errors(enrolment(keys=none)) == [(FOLDER, place, f"no proof for {B_LOG.name}")]
    assert errors(enrolment(keys=good[:3])) == [(FOLDER, place, f"no proof for {B_OFFICER.name}")]
    for change in ({"proof": good[0]["proof"]}, {"proof": "!"}, {"proof": 1}, {"holder": 1}):
        keys = [*good[:3], good[3] | change]
        assert errors(enrolment(keys=keys)) == [
            (FOLDER, place, f"proof of possession of {B_OFFICER.name}")
        ]
    for vkey in (1, "x"):
        assert errors(enrolment(keys=[good[0] | {"vkey": vkey}])) == [
            ("key.unusable", place, "not a vkey")
        ]
    assert errors([]) == [(FOLDER, place, "not an object")]
    assert document(TOML, {"enrolments/x.json": b"[]"}) == []
