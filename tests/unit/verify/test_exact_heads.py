"""Checkpoints and who cosigned them, and what stands beside them for other people's verifiers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256, sha384
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.exact import found, refusal
from tests.support.forge import (
    A_LOG,
    A_NODE,
    A_WITNESS,
    B_LOG,
    B_WITNESS,
    NEUTRAL,
    ORIGIN,
    WITNESS,
    Forge,
    Key,
    b64,
    spki,
)
from tests.support.rfc9162 import mth, path, proof

from detente.verify.agreement import Agreement, read_agreement
from detente.verify.errors import Findings
from detente.verify.heads import (
    Grades,
    Head,
    better,
    check_consistency,
    check_head,
    check_policy,
    decode_hashes,
    is_lower,
    read_proof,
    size_in,
)
from detente.verify.keys import PublicKey
from detente.verify.notes import read_checkpoint
from detente.verify.ring import KeyRing, Slot
from detente.verify.singles import (
    check_note_in,
    check_sigstore,
    check_tlog_proof,
    check_trusted_root,
    is_log_id,
    read_tlog_proof,
)
from detente.verify.timestamps import Timestamp, check_timestamp, library_check, openssl_command
from detente.verify.tree import leaf_hash
from detente.verify.treecheck import TreeCheck

ROOT = bytes(range(32))
NOW = 1_795_000_000
C_KEYS = {
    "log": Key("c.example/log", "c log"),
    "witness": Key("c.example/witness", "c witness", WITNESS),
    "signing": Key("c.example/node", "c node"),
}
C_WITNESS = C_KEYS["witness"]


def agreed(
    policy: str | None = None, neutral: tuple[Key, ...] = (), third: bool = False
) -> Agreement:
    forge = Forge(neutral=list(neutral), policy=policy)
    body = forge.agreement_body()
    if third:
        keys = [
            {"purpose": purpose, "vkey": key.vkey, "holder": ""} for purpose, key in C_KEYS.items()
        ]
        body["parties"].append({"id": "c", "name": {"en": "C"}, "keys": keys})
    return read_agreement(forge.sign_agreement(body, [A_NODE]), "w")


def text_of(size: int = 5, origin: str = ORIGIN, root: bytes = ROOT) -> str:
    return f"{origin}\n{size}\n{b64(root)}\n"


def note_of(*keys: Key, text: str | None = None, times: dict[Key, int] | None = None) -> bytes:
    text = text or text_of()
    lines = [key.line(text, (times or {}).get(key, NOW)) for key in keys or (A_LOG, B_WITNESS)]
    return (text + "\n" + "".join(lines)).encode()


def head(
    data: bytes | None = None,
    agreement: Agreement | None = None,
    now_s: int | None = NOW,
    ring: KeyRing | None = None,
) -> Head:
    ring = ring or KeyRing(agreement or agreed())
    return check_head(note_of() if data is None else data, "w", ORIGIN, ring, now_s)


def slot_of(ring: KeyRing, party: str, purpose: str) -> Slot:
    (slot,) = ring.slots(party, purpose)
    return slot


# Heads and grades


def test_a_head_names_its_cosigners() -> None:
    data = note_of(A_LOG, B_WITNESS, NEUTRAL, times={B_WITNESS: 7, NEUTRAL: 8})
    read = head(data, agreed(neutral=(NEUTRAL,)))
    assert read == Head(read_checkpoint(data, "w"), {"b": 7}, {"n0": 8}, True, "bilateral")


def test_grades_follow_from_cosigners() -> None:
    two, log = agreed(neutral=(NEUTRAL,)), f"log {A_LOG.vkey}\n"
    open_policy = agreed(log + "quorum none\n")
    only_neutral = agreed(
        f"{log}witness n {NEUTRAL.vkey}\nquorum n\n", neutral=(NEUTRAL,), third=True
    )
    one_of_two = f"{log}witness b {B_WITNESS.vkey}\nwitness c {C_WITNESS.vkey}\n"
    any_of = agreed(one_of_two + "group g any b c\nquorum g\n", third=True)
    all_of = agreed(one_of_two + "group g all b c\nquorum g\n", third=True)
    for agreement, keys, quorum, grade in (
        (agreed(), (B_WITNESS,), True, "bilateral"),
        (agreed(), (), False, "single"),
        (two, (B_WITNESS, NEUTRAL), True, "bilateral"),
        (two, (B_WITNESS,), False, "bilateral"),
        (two, (NEUTRAL,), False, "third-party"),
        (two, (), False, "single"),
        (open_policy, (), True, "single"),
        (open_policy, (B_WITNESS,), True, "bilateral"),
        (only_neutral, (NEUTRAL,), True, "third-party"),
        (only_neutral, (NEUTRAL, B_WITNESS), True, "bilateral"),
        (only_neutral, (B_WITNESS,), False, "single"),
        (only_neutral, (B_WITNESS, C_WITNESS), False, "bilateral"),
        (any_of, (C_WITNESS,), True, "bilateral"),
        (all_of, (C_WITNESS,), False, "single"),
        (all_of, (C_WITNESS, B_WITNESS), True, "bilateral"),
        # Its own witness is no other party.
        (agreed(), (A_WITNESS,), False, "single"),
    ):
        read = head(note_of(A_LOG, *keys), agreement)
        assert (read.quorum, read.grade) == (quorum, grade)


def test_no_heads() -> None:
    def no(code: str, detail: str, data: bytes, **more: Any) -> None:
        with refusal(code, "w", detail):
            head(data, **more)

    no("checkpoint.malformed", "not a signed note", b"x")
    no("checkpoint.origin", "x", note_of(text=text_of(origin="x")))
    unsigned = "no signature by the log's key"
    no("checkpoint.signature", unsigned, note_of(B_WITNESS))
    no("checkpoint.signature", unsigned, note_of(Key(ORIGIN, "x"), B_WITNESS))
    data = note_of() + A_LOG.line("other").encode()
    no("checkpoint.signature", f"signature of {ORIGIN}", data)
    for key in (B_WITNESS, NEUTRAL):
        data = note_of() + key.line("other").encode()
        more = {"agreement": agreed(neutral=(NEUTRAL,))}
        no("cosignature.wrong", f"cosignature of {key.name}", data, **more)
    # A wrong line of the party's own witness, or of a stranger, is nobody's business here.
    head(note_of() + A_WITNESS.line("other").encode())
    with refusal("policy.mismatch", "agreement.dsse.json", f"no policy for {B_LOG.name}"):
        data = note_of(B_LOG, text=text_of(origin=B_LOG.name))
        check_head(data, "w", B_LOG.name, KeyRing(agreed()), None)


def test_cosignatures_are_not_of_the_future() -> None:
    two = agreed(neutral=(NEUTRAL,))
    for key, name in ((B_WITNESS, "b"), (NEUTRAL, "n0")):
        for ahead in (300, 301):
            data = note_of(A_LOG, B_WITNESS, NEUTRAL, times={key: NOW + ahead})
            assert head(data, two, None).quorum
            if ahead == 300:
                assert head(data, two).quorum
            else:
                with refusal("cosignature.future", "w", f"{name}: {NOW + 301}"):
                    head(data, two)


def test_keys_that_changed_are_good_for_their_sizes() -> None:
    for size in range(1, 8):
        ring = KeyRing(agreed())
        log, witness = slot_of(ring, "a", "log"), slot_of(ring, "b", "witness")
        new_log, new_witness = Key("l2", "l2"), Key("w2", "w2", WITNESS)
        for slot, key in ((log, new_log), (witness, new_witness)):
            slot.until = 3
            entry = replace(slot.entry, key=PublicKey.read(key.vkey, "k"))
            ring._add(Slot(entry, 4, slot.place))
        text = text_of(size)
        for log_key, witness_key, first, last in (
            (A_LOG, B_WITNESS, 0, 4),
            (new_log, new_witness, 4, 99),
        ):
            data = note_of(log_key, witness_key, text=text)
            if first <= size <= last:
                assert head(data, ring=ring).parties == {"b": NOW}
                assert head(data, ring=ring).quorum is True
                late = note_of(log_key, text=text)
                assert head(late, ring=ring).quorum is False
            else:
                with refusal("checkpoint.signature", "w", "no signature by the log's key"):
                    head(data, ring=ring)
        both = note_of(A_LOG, new_log, B_WITNESS, text=text)
        assert head(both, ring=ring).quorum is (size <= 4)
        newest = note_of(
            A_LOG, new_log, B_WITNESS, new_witness, text=text, times={B_WITNESS: 9, new_witness: 5}
        )
        expected = 9 if size <= 4 else 5
        assert head(newest, ring=ring).parties == {"b": expected}


def test_the_version_in_force_decides() -> None:
    ring = KeyRing(agreed())
    ring.amend(4, agreed(neutral=(NEUTRAL,)))
    for size, needs_neutral in ((1, False), (5, False), (6, True)):
        text = text_of(size)
        assert head(note_of(text=text), ring=ring).quorum is not needs_neutral
        assert head(note_of(A_LOG, B_WITNESS, NEUTRAL, text=text), ring=ring).quorum
    assert head(note_of(text=text_of(0)), ring=ring).quorum


def test_an_origin_outlives_its_key() -> None:
    ring = KeyRing(agreed())
    body = Forge(a_keys=Forge().a_keys | {"log": Key("l2", "l2")}).agreement_body()
    renamed = read_agreement(Forge().sign_agreement(body, [A_NODE]), "w")
    ring.amend(4, renamed)
    data = note_of(Key("l2", "l2"), B_WITNESS, text=text_of(9))
    assert head(data, ring=ring).parties == {"b": NOW}
    findings = Findings()
    check_policy(body["policies"][ORIGIN].encode(), ring, ORIGIN, findings)
    assert found(findings) == []
    with refusal("checkpoint.signature", "w", "no signature by the log's key"):
        check_head(note_of(text=text_of(origin="x")), "w", "x", ring, None)


def policy_errors(
    data: bytes | None, ring: KeyRing, origin: str = ORIGIN
) -> list[tuple[str, str, str]]:
    findings = Findings()
    check_policy(data, ring, origin, findings)
    return found(findings)


def test_the_policy_is_that_of_the_agreement() -> None:
    log, witness = f"log {A_LOG.vkey}\n", f"witness b {B_WITNESS.vkey}\n"
    good = f"{log}{witness}quorum b\n"
    ring = KeyRing(agreed(good))
    assert policy_errors(good.encode(), ring) == []
    assert policy_errors(None, ring) == []
    no = "policy.mismatch"
    other = (no, "policy", "not the policy in the agreement")
    assert policy_errors(good.encode() + b"\n", ring) == [other]
    none = (no, "agreement.dsse.json", "no policy for x")
    assert policy_errors(good.encode(), ring, "x") == [other, none]
    assert policy_errors(None, ring, "x") == [none]
    another = (no, "policy", "it is for another log")
    for text in (
        f"log {B_LOG.vkey}\n{witness}quorum b\n",
        f"log {Key('x', 'x').vkey}\n{witness}quorum b\n",
        f"{witness}quorum b\n",
    ):
        assert policy_errors(text.encode(), KeyRing(agreed(text))) == [another]
    both = f"log {B_LOG.vkey}\n{good}"
    assert policy_errors(both.encode(), KeyRing(agreed(both))) == []
    strange = f"{log}witness n {NEUTRAL.vkey}\nquorum n\n"
    assert policy_errors(None, KeyRing(agreed(strange))) == [(no, "policy", "unknown witness b'n'")]
    assert policy_errors(None, KeyRing(agreed(strange, neutral=(NEUTRAL,)))) == []
    malformed = f"policy of {ORIGIN} line 1"
    assert policy_errors(None, KeyRing(agreed("x\n"))) == [
        (no, malformed, "not a line of a policy")
    ]
    officer = f"{log}witness b {Key('o', 'b officer', WITNESS).vkey}\nquorum b\n"
    assert policy_errors(None, KeyRing(agreed(officer))) == [(no, "policy", "unknown witness b'b'")]


LEAVES = [b"%d" % number for number in range(9)]


def tree_of(size: int = 9, with_tree: bool = True) -> TreeCheck:
    tree = TreeCheck(size)
    row = b"".join(map(leaf_hash, LEAVES[:size]))
    tree.tiles[0, 0] = row
    tree.root = mth(LEAVES[:size])
    if with_tree:
        tree.grow({0: row})
    return tree


def headed(size: int, root: bytes) -> Head:
    data = note_of(text=text_of(size, root=root))
    return Head(read_checkpoint(data, "w"), {}, {}, True, "single")


def test_older_checkpoints_are_of_the_same_tree() -> None:
    old, new = headed(3, mth(LEAVES[:3])), headed(9, mth(LEAVES))
    steps = "".join(f"{b64(step)}\n" for step in proof(3, LEAVES)).encode()
    check_consistency(old, new, steps, "w", tree_of())
    check_consistency(old, new, steps, "w", TreeCheck(9))
    with refusal("file.missing", "w"):
        check_consistency(old, new, None, "w", tree_of())
    for data in (b"x", b"", steps + steps):
        with refusal("proof.consistency", "w", "it does not lead to the newest checkpoint"):
            check_consistency(old, new, data, "w", tree_of())
    for wrong in ((headed(3, ROOT), new), (old, headed(9, ROOT)), (new, old)):
        with refusal("proof.consistency", "w", "it does not lead to the newest checkpoint"):
            check_consistency(*wrong, steps, "w", tree_of())
    other = tree_of()
    other.grow({0: bytes(9 * 32)})
    with refusal("tree.root", "w", "not the root of the entries"):
        check_consistency(old, new, steps, "w", other)


def test_files_of_proofs() -> None:
    line = b64(ROOT)
    assert read_proof(b"") == []
    assert read_proof(f"{line}\n{line}\n".encode()) == [ROOT, ROOT]
    for data in (line.encode(), b"\n", f"{line}\n\n".encode(), b"\xff\n", f"{line}\r\n".encode()):
        assert read_proof(data) is None
    assert decode_hashes([line] * 129) == [ROOT] * 129
    for lines in ([line] * 130, [line, "!"], [b64(bytes(31))], [b64(bytes(33))]):
        assert decode_hashes(lines) is None


def test_sizes_in_names() -> None:
    assert size_in("a/12", "a/") == 12
    assert size_in("a/12.x", "a/", ".x") == 12
    for name in ("b/12.x", "a/12.y", "a/012.x", "a/.x", "a/x", "a/-1.x"):
        assert size_in(name, "a/", ".x") is None


def test_the_best_checkpoint_that_covers_an_entry_counts() -> None:
    assert better("single", "bilateral") == "bilateral"
    assert better("third-party", "timestamped") == "third-party"
    assert is_lower("single", "timestamped") is True
    assert is_lower("single", "single") is False
    assert is_lower("bilateral", "third-party") is False
    heads = [(2, "third-party"), (5, "single"), (4, "bilateral"), (5, "timestamped"), (9, "single")]
    grades = Grades(heads)
    assert [grades.of(position) for position in range(10)] == [
        *["bilateral"] * 4,
        "timestamped",
        *["single"] * 4,
        "",
    ]
    assert Grades([]).of(0) == ""
    assert Grades([(1, "single"), (2, "third-party")]).of(0) == "third-party"


# What stands alone

LOGS = [PublicKey.read(A_LOG.vkey, "k")]
NOTE = note_of(A_LOG, B_WITNESS, text=text_of(9, root=mth(LEAVES)))
HEAD = Head(read_checkpoint(NOTE, "w"), {}, {}, True, "single")
OLDER = headed(3, mth(LEAVES[:3]))
CODE = "sigstore.mismatch"


def test_a_note_in_another_file_was_verified() -> None:
    def check(data: bytes) -> None:
        assert check_note_in(data, [OLDER, HEAD], LOGS, "w", CODE) == read_checkpoint(data, "w")

    text = text_of(9, root=mth(LEAVES))
    check(NOTE)
    check(note_of(A_LOG, text=text))
    check(note_of(B_WITNESS, A_LOG, text=text))
    for detail, data in (
        ("not a signed note", b"x"),
        ("the checkpoint lacks the log's signature", note_of(B_WITNESS, text=text)),
        ("the checkpoint lacks the log's signature", note_of(Key(ORIGIN, "x"), text=text)),
        ("a checkpoint that is not in the bundle", note_of(A_LOG, text=text_of(8))),
        ("a checkpoint that is not in the bundle", note_of(A_LOG, NEUTRAL, text=text)),
        ("a checkpoint that is not in the bundle", NOTE + A_LOG.line("x").encode()),
    ):
        with refusal(CODE, "w", detail):
            check(data)


def proof_of(index: int = 4, note: bytes = NOTE, old: str = "", new: str = "") -> bytes:
    steps = "".join(f"{b64(step)}\n" for step in path(index, LEAVES))
    text = f"c2sp.org/tlog-proof@v1\nindex {index}\n{steps}\n"
    return (text.replace(old, new) if old else text).encode() + note


def test_tlog_proofs() -> None:
    bad = "tlog_proof.mismatch"

    def check(data: bytes, position: int = 4) -> None:
        check_tlog_proof(data, position, [HEAD], LOGS, tree_of(), "w")

    check(proof_of())
    assert read_tlog_proof(proof_of(), "w") == (4, path(4, LEAVES), NOTE)
    assert read_tlog_proof(b"c2sp.org/tlog-proof@v1\nindex 0\n\na\n\nb", "w") == (0, [], b"a\n\nb")
    with refusal(bad, "w", "not UTF-8"):
        check(b"\xff")
    for data in (b"", b"c2sp.org/tlog-proof@v1\nindex 4\n", b"c2sp.org/tlog-proof@v1\n\nx"):
        with refusal(bad, "w", "not a proof"):
            check(data)
    with refusal(bad, "w", "not a proof"):
        check(proof_of(old="v1", new="v2"))
    for old, new in (("index", "at"), ("x 4", "x 04"), ("x 4", "x"), ("=\n", "\n")):
        with refusal(bad, "w", "index or hashes"):
            check(proof_of(old=old, new=new))
    with refusal(bad, "w", "of another index"):
        check(proof_of(), 5)
    with refusal(bad, "w", "a checkpoint that is not in the bundle"):
        check(proof_of(note=note_of()))
    with refusal("proof.inclusion", "w", "it does not lead to the root"):
        check(proof_of(5).replace(b"index 5", b"index 4"))


ENVELOPE: dict[str, Any] = {
    "payload": "cA==",
    "payloadType": "t",
    "signatures": [{"keyid": "k", "sig": "c2ln"}],
}


def sigstore() -> dict[str, Any]:
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "publicKey": {"hint": "k"},
            "tlogEntries": [
                {
                    "canonicalizedBody": b64(b"leaf"),
                    "inclusionProof": {
                        "checkpoint": {"envelope": NOTE.decode()},
                        "hashes": [b64(step) for step in path(4, LEAVES)],
                        "logIndex": "4",
                        "rootHash": b64(mth(LEAVES)),
                        "treeSize": "9",
                    },
                    "kindVersion": {"kind": "dsse", "version": "0.0.2"},
                    "logId": {"keyId": b64(A_LOG.id)},
                    "logIndex": "4",
                }
            ],
        },
        "dsseEnvelope": json.loads(json.dumps(ENVELOPE)),
    }


def check_item(change: Callable[[dict[str, Any]], Any]) -> None:
    value = sigstore()
    change(value)
    expected = (ENVELOPE, b"leaf", 4)
    data = json.dumps(value).encode()
    check_sigstore(data, expected, [OLDER, HEAD], LOGS, tree_of(), "w")


def entry_of(value: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = value["verificationMaterial"]["tlogEntries"][0]
    return entry


@pytest.mark.parametrize(
    "change",
    [
        lambda value: None,
        lambda value: value["dsseEnvelope"]["signatures"][0].pop("keyid"),
        lambda value: value["dsseEnvelope"]["signatures"][0].update(keyid=""),
        lambda value: entry_of(value).update(integratedTime="0"),
        lambda value: entry_of(value)["logId"].update(keyId=b64(A_LOG.id + b"more")),
        lambda value: value["verificationMaterial"].update(timestampVerificationData={}),
        lambda value: value["verificationMaterial"].update(
            timestampVerificationData={"rfc3161Timestamps": []}
        ),
    ],
)
def test_sigstore_items(change: Callable[[dict[str, Any]], Any]) -> None:
    check_item(change)


MEMBERS = "not the members of an item"


@pytest.mark.parametrize(
    ("detail", "change"),
    [
        (MEMBERS, lambda v: v.update(x=1)),
        (MEMBERS, lambda v: v.update(mediaType="x")),
        (MEMBERS, lambda v: v.update(verificationMaterial=[])),
        (MEMBERS, lambda v: v["verificationMaterial"].update(x=1)),
        (MEMBERS, lambda v: v["verificationMaterial"].update(tlogEntries=[])),
        (MEMBERS, lambda v: v["verificationMaterial"]["tlogEntries"].append({})),
        (MEMBERS, lambda v: v["verificationMaterial"].update(tlogEntries=[1])),
        (MEMBERS, lambda v: entry_of(v).update(x=1)),
        (MEMBERS, lambda v: entry_of(v).pop("logId")),
        (MEMBERS, lambda v: entry_of(v).update(inclusionProof=1)),
        (MEMBERS, lambda v: entry_of(v)["inclusionProof"].update(x=1)),
        (MEMBERS, lambda v: entry_of(v)["inclusionProof"].pop("treeSize")),
        ("key hint", lambda v: v["verificationMaterial"]["publicKey"].update(hint="x")),
        ("key hint", lambda v: v["verificationMaterial"]["publicKey"].update(x=1)),
        ("another envelope", lambda v: v.update(dsseEnvelope=1)),
        ("another envelope", lambda v: v["dsseEnvelope"].update(x=1)),
        ("another envelope", lambda v: v["dsseEnvelope"].update(payload="")),
        ("another envelope", lambda v: v["dsseEnvelope"].update(payloadType="x")),
        ("another envelope", lambda v: v["dsseEnvelope"].update(signatures=[])),
        ("another envelope", lambda v: v["dsseEnvelope"]["signatures"].append({})),
        ("another envelope", lambda v: v["dsseEnvelope"]["signatures"][0].update(sig="")),
        ("another envelope", lambda v: v["dsseEnvelope"]["signatures"][0].update(keyid="x")),
        ("another envelope", lambda v: v["dsseEnvelope"]["signatures"][0].update(x=1)),
        ("another index", lambda v: entry_of(v).update(logIndex="5")),
        ("another index", lambda v: entry_of(v).update(logIndex=4)),
        ("another index", lambda v: entry_of(v)["inclusionProof"].update(logIndex="5")),
        ("another entry", lambda v: entry_of(v).update(canonicalizedBody="")),
        ("kindVersion", lambda v: entry_of(v)["kindVersion"].update(kind="x")),
        ("kindVersion", lambda v: entry_of(v)["kindVersion"].update(version="0.0.1")),
        ("kindVersion", lambda v: entry_of(v)["kindVersion"].update(x="x")),
        ("integratedTime", lambda v: entry_of(v).update(integratedTime="1")),
        ("integratedTime", lambda v: entry_of(v).update(integratedTime=0)),
        (
            "timestampVerificationData",
            lambda v: v["verificationMaterial"].update(timestampVerificationData={"x": []}),
        ),
        (
            "timestampVerificationData",
            lambda v: v["verificationMaterial"].update(
                timestampVerificationData={"rfc3161Timestamps": [1]}
            ),
        ),
        ("logId", lambda v: entry_of(v).update(logId=1)),
        ("logId", lambda v: entry_of(v)["logId"].update(keyId=1)),
        ("logId", lambda v: entry_of(v)["logId"].update(keyId="!")),
        ("logId", lambda v: entry_of(v)["logId"].update(keyId=b64(A_LOG.id[:3]))),
        ("logId", lambda v: entry_of(v)["logId"].update(keyId=b64(B_LOG.id))),
        ("logId", lambda v: entry_of(v)["logId"].update(x=1)),
        ("checkpoint", lambda v: entry_of(v)["inclusionProof"].update(checkpoint=1)),
        ("checkpoint", lambda v: entry_of(v)["inclusionProof"]["checkpoint"].update(envelope=1)),
        (
            "not a signed note",
            lambda v: entry_of(v)["inclusionProof"]["checkpoint"].update(envelope="x"),
        ),
        ("root or size", lambda v: entry_of(v)["inclusionProof"].update(rootHash=b64(ROOT))),
        ("root or size", lambda v: entry_of(v)["inclusionProof"].update(treeSize="8")),
        ("root or size", lambda v: entry_of(v)["inclusionProof"].update(treeSize=9)),
        ("hashes", lambda v: entry_of(v)["inclusionProof"].update(hashes=1)),
        ("hashes", lambda v: entry_of(v)["inclusionProof"].update(hashes=["!"])),
        ("hashes", lambda v: entry_of(v)["inclusionProof"]["hashes"].append(1)),
    ],
)
def test_no_sigstore_items(detail: str, change: Callable[[dict[str, Any]], Any]) -> None:
    with refusal(CODE, "w", detail):
        check_item(change)


def test_sigstore_items_that_prove_something_else() -> None:
    with refusal("proof.inclusion", "w", "it does not lead to the root"):
        check_item(lambda value: entry_of(value)["inclusionProof"]["hashes"].pop())
    with refusal("json.malformed", "w", "not an object"):
        check_sigstore(b"[]", (ENVELOPE, b"leaf", 4), [HEAD], LOGS, tree_of(), "w")
    lone = sigstore()
    entry_of(lone)["inclusionProof"]["checkpoint"]["envelope"] = NOTE.decode()
    value = json.dumps(lone).replace("\\u2014", "?", 1).encode()
    with refusal(CODE, "w", "a signature line is wrong"):
        check_sigstore(value, (ENVELOPE, b"leaf", 4), [HEAD], LOGS, tree_of(), "w")


def test_log_ids() -> None:
    key = LOGS[0]
    assert is_log_id({"keyId": b64(A_LOG.id)}, key) is True
    assert is_log_id({"keyId": b64(B_LOG.id)}, key) is False
    assert is_log_id(None, key) is False


def trusted(change: Callable[[dict[str, Any]], Any]) -> None:
    value = Forge().trusted_root()
    change(value)
    logs = [PublicKey.read(B_LOG.vkey, "k"), *LOGS]
    check_trusted_root(json.dumps(value).encode(), ORIGIN, logs, "w")


def test_trusted_roots() -> None:
    trusted(lambda value: None)
    trusted(lambda value: value.pop("ctlogs"))
    bad = "trusted_root.mismatch"
    changes: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
        ("mediaType", lambda v: v.update(mediaType="x")),
        ("mediaType", lambda v: v.pop("mediaType")),
        ("another authority: ctlogs", lambda v: v.update(ctlogs=[1])),
        ("another authority: x", lambda v: v.update(x=1)),
        ("tlogs", lambda v: v.update(tlogs=[])),
        ("tlogs", lambda v: v.pop("tlogs")),
        ("tlogs", lambda v: v.update(tlogs={"x": 1})),
        ("key of the log", lambda v: v.update(tlogs=[1])),
        ("key of the log", lambda v: v["tlogs"].append({})),
        ("key of the log", lambda v: v["tlogs"][0].update(publicKey=1)),
        ("key of the log", lambda v: v["tlogs"][0]["publicKey"].update(keyDetails="x")),
        (
            "key of the log",
            lambda v: v["tlogs"][0]["publicKey"].update(rawBytes=b64(spki(B_LOG.raw))),
        ),
        ("key of the log", lambda v: v["tlogs"][0].update(logId={"keyId": b64(B_LOG.id)})),
        ("address or hash of the log", lambda v: v["tlogs"][0].update(baseUrl="https://x")),
        ("address or hash of the log", lambda v: v["tlogs"][0].update(hashAlgorithm="x")),
    ]
    for detail, change in changes:
        with refusal(bad, "w", detail):
            trusted(change)
    with refusal("json.malformed", "w", "not an object"):
        check_trusted_root(b"[]", ORIGIN, LOGS, "w")


# Timestamps

STAMPED = note_of(A_LOG, text=text_of(9, root=mth(LEAVES)))


def test_timestamps_are_over_the_log_s_own_line() -> None:
    seen: list[tuple[bytes, bytes, bytes]] = []

    def good(token: bytes, pem: bytes, message: bytes) -> str:
        seen.append((token, pem, message))
        return "2026"

    assert check_timestamp(STAMPED, b"t", b"p", HEAD, "w", good) == Timestamp(9, "2026")
    assert seen == [(b"t", b"p", STAMPED)]

    def bad(*_: bytes) -> str:
        raise ValueError("wrong authority")

    with refusal("timestamp.wrong", "w", "wrong authority"):
        check_timestamp(STAMPED, b"t", b"p", HEAD, "w", bad)
    text = text_of(9, root=mth(LEAVES))
    for note in (NOTE, note_of(A_LOG), note_of(A_LOG, A_LOG, text=text)):
        with refusal("timestamp.wrong", "w", "not the checkpoint of that size"):
            check_timestamp(note, b"t", b"p", HEAD, "w", good)
    for key in (B_WITNESS, Key(ORIGIN, "x")):
        with refusal("timestamp.wrong", "w", "not with the log's signature"):
            check_timestamp(note_of(key, text=text), b"t", b"p", HEAD, "w", good)
    with refusal("checkpoint.malformed", "w", "not a signed note"):
        check_timestamp(b"x", b"t", b"p", HEAD, "w", good)


def test_timestamps_that_cannot_be_checked_name_the_right_hash() -> None:
    for digest in (sha256(STAMPED), sha384(STAMPED)):
        token = b"x" + digest.digest() + b"y"
        assert check_timestamp(STAMPED, token, b"p", HEAD, "w", None) == Timestamp(9, "")
    with refusal("timestamp.wrong", "w", "the token is over something else"):
        check_timestamp(STAMPED, sha256(NOTE).digest(), b"p", HEAD, "w", None)


def test_the_command_for_openssl() -> None:
    assert openssl_command(7) == (
        "openssl ts -verify -data timestamps/7.note -in timestamps/7.tsr -CAfile timestamps/tsa.pem"
    )


class Library:
    """Stands for `rfc3161_client` and `cryptography.x509`; notes what it is asked."""

    def __init__(self, names: list[str], good: bool = True) -> None:
        self.names = names
        self.good = good
        self.asked: list[object] = []
        self.tst_info = self
        self.gen_time = datetime(2026, 11, 22, 20, 1, 2, tzinfo=UTC)

    def decode_timestamp_response(self, token: bytes) -> Library:
        if token != b"token":
            raise RuntimeError("no token")
        return self

    def load_pem_x509_certificates(self, pem: bytes) -> list[SimpleNamespace]:
        self.asked.append(pem)
        pairs = (name.split(" by ") for name in self.names)
        return [SimpleNamespace(subject=one, issuer=other) for one, other in pairs]

    def VerifierBuilder(self) -> Library:
        return self

    def add_root_certificate(self, certificate: SimpleNamespace) -> Library:
        self.asked.append(f"root {certificate.subject}")
        return self

    def add_intermediate_certificate(self, certificate: SimpleNamespace) -> Library:
        self.asked.append(f"between {certificate.subject}")
        return self

    def build(self) -> Library:
        return self

    def verify_message(self, response: object, message: bytes) -> bool:
        self.asked += [response is self, message]
        return self.good

    def check(self, patch: pytest.MonkeyPatch, token: bytes = b"token") -> str:
        known = {"rfc3161_client": self, "cryptography.x509": self}
        fake = SimpleNamespace(import_module=known.__getitem__)
        patch.setattr("detente.verify.timestamps.importlib", fake)
        check = library_check()
        assert check is not None
        return check(token, b"pem", b"message")


def test_the_library_is_asked_about_token_certificates_and_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = Library(["r by r", "i by r"])
    assert library.check(monkeypatch) == "2026-11-22T20:01:02Z"
    assert library.asked == [b"pem", "root r", "between i", True, b"message"]
    alone = Library(["i by r"])
    alone.check(monkeypatch)
    assert alone.asked[1] == "root i"
    with pytest.raises(ValueError, match=r"^ValueError: the token is not over this checkpoint$"):
        Library([], good=False).check(monkeypatch)
    with pytest.raises(ValueError, match=r"^RuntimeError: no token$"):
        Library([]).check(monkeypatch, b"x")


def test_without_the_library_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    fake = SimpleNamespace(import_module=missing)
    monkeypatch.setattr("detente.verify.timestamps.importlib", fake)
    assert library_check() is None
