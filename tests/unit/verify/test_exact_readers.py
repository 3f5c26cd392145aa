"""The readers of keys, notes, policies, envelopes and JSON: each error in its exact words."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from tests.support.exact import refusal
from tests.support.forge import A_LOG, A_NODE, B_LOG, B_NODE, B_WITNESS, NEUTRAL, Key, vkey_of

from detente.formats import PAYLOAD_TYPE_PREFIX, PAYLOAD_TYPE_SUFFIX
from detente.verify import strictjson
from detente.verify.dsse import (
    Envelope,
    Leaf,
    Signature,
    kind_of,
    leaf_of,
    pae,
    read_envelope,
    read_leaf,
)
from detente.verify.encodings import b64, decimal, is_sha256, is_time, is_uuid7, unb64
from detente.verify.errors import NOTICE, Finding, Findings, VerifyError
from detente.verify.keys import SPKI_PREFIX, PublicKey, algorithm_of, is_key_name, verifies
from detente.verify.notes import (
    Note,
    SignatureLine,
    cosignature_time,
    cosigners,
    has_signature,
    read_checkpoint,
    read_note,
)
from detente.verify.policy import Group, read_policy

# Errors


def test_an_error_says_what_and_where() -> None:
    error = VerifyError("chain.gap", "entry 5", "why")
    assert error.args == ("chain.gap", "entry 5", "why")
    assert str(error) == "chain.gap at entry 5: why"
    assert VerifyError("a", "b").detail == ""


def test_findings_are_kept_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detente.verify.errors.FINDINGS_KEPT", 2)
    findings = Findings()
    findings.catch(VerifyError("chain.gap", "here", "why"))
    findings.add("key.revoked", "there", "how", NOTICE)
    assert (findings.errors, findings.total) == (1, 2)
    findings.add("chain.gap", "x")
    assert findings.kept == [
        Finding("chain.gap", "here", "why", "error"),
        Finding("key.revoked", "there", "how", "notice"),
    ]
    assert findings.counts == {"chain.gap": 2, "key.revoked": 1}
    assert (findings.errors, findings.total) == (2, 3)
    with pytest.raises(ValueError, match=r"^unknown finding code x\.y$"):
        findings.add("x.y", "x")


# Encodings


def test_encodings_answer_yes_and_no() -> None:
    assert b64(b"\xff\xfe\xfd") == "//79"
    assert unb64("//79") == b"\xff\xfe\xfd"
    assert unb64("") == b""
    for text in ("_", "//7", "//79=", "//79\n", "//5="):
        assert unb64(text) is None
    assert is_sha256("0f" * 32) is True
    assert is_sha256(None) is False
    assert is_uuid7("01938f00-0000-7000-8000-0000000000ee") is True
    assert is_uuid7(7) is False
    assert decimal("9223372036854775807") == (1 << 63) - 1
    assert decimal("9223372036854775808") is None
    assert decimal("1e3") is None
    assert is_time("2026-11-22T20:34:37.123456Z") is True
    assert is_time("2026-13-22T20:34:37.123456Z") is False
    assert is_time(None) is False


# Keys


def test_key_names() -> None:
    for name in ("a", "a.example/log", "é"):
        assert is_key_name(name) is True
    for name in ("", "a b", "a+b", "a\u2003b", "a\x7f", "a\n"):
        assert is_key_name(name) is False


def test_purposes_have_types() -> None:
    assert algorithm_of("witness") == 4
    assert {algorithm_of(purpose) for purpose in ("log", "signing", "officer")} == {1}


def test_signatures_by_length_and_content() -> None:
    signature = A_NODE.sign(b"m")
    assert verifies(A_NODE.raw, b"m", signature) is True
    for args in (
        (A_NODE.raw, b"n", signature),
        (B_NODE.raw, b"m", signature),
        (A_NODE.raw, b"m", signature[:-1]),
        (A_NODE.raw, b"", signature + b"m"),
        (A_NODE.raw + b"x", b"m", signature),
        (b"", b"m", b""),
    ):
        assert verifies(*args) is False


def test_a_key_and_its_texts() -> None:
    for key in (A_LOG, B_WITNESS):
        read = PublicKey.read(key.vkey, "w")
        assert (read.name, read.algorithm, read.raw) == (key.name, key.kind, key.raw)
        assert (read.key_id, read.vkey) == (key.id, key.vkey)
        assert read.spki == SPKI_PREFIX + key.raw
    read = PublicKey.read(A_NODE.vkey, "w")
    assert read.verifies(b"m", A_NODE.sign(b"m")) is True
    assert read.verifies(b"n", A_NODE.sign(b"m")) is False


def test_no_vkeys() -> None:
    name, number, data = A_LOG.vkey.split("+", 2)
    for vkey in (
        "",
        name,
        f"{name}+{number}",
        f"{name}+{number}+!",
        f"{name}+{number}+{b64(bytes([1]) + bytes(31))}",
        f"{name}+{number}+{b64(bytes([1]) + bytes(33))}",
        f"{name}+{number[:7]}+{data}",
        f"{name}+{number}0+{data}",
        f"{name}+{number.upper()}x+{data}",
        f"a b+{number}+{data}",
        f"+{number}+{data}",
    ):
        with refusal("key.unusable", "w", "not a vkey"):
            PublicKey.read(vkey, "w")
    for kind in (0, 2, 3, 5):
        with refusal("key.unusable", "w", f"signature type {kind}"):
            PublicKey.read(vkey_of("x", kind, A_LOG.raw), "w")
    with refusal("key.unusable", "w", "not a point of the prime-order group"):
        PublicKey.read(vkey_of("x", 1, bytes(32)), "w")
    with refusal("key.unusable", "w", "the key id is not that of name and key"):
        PublicKey.read(f"x+{number}+{data}", "w")


# Notes

TEXT = f"x\n5\n{b64(bytes(32))}\n"
X = Key("x", "x")
Y = Key("y", "y")
W = Key("w", "w", 4)
V = Key("v", "v", 4)
KEYS = {key: PublicKey.read(key.vkey, "k") for key in (X, Y, W, V)}


def noted(text: str = TEXT, *lines: str) -> bytes:
    return (text + "\n" + "".join(lines or (X.line(text),))).encode()


def test_a_note_and_its_lines() -> None:
    note = read_note(noted("a\n\nb\n", X.line("a"), W.line("a")), "w")
    assert note.text == "a\n\nb\n"
    assert [line.name for line in note.lines] == ["x", "w"]
    first = note.lines[0]
    assert first == SignatureLine("x", X.id, X.sign(b"a"), X.line("a")[:-1])


def test_no_notes() -> None:
    def no(detail: str, data: bytes) -> None:
        with refusal("checkpoint.malformed", "w", detail):
            read_note(data, "w")

    no("not UTF-8", noted() + b"\xff\n")
    for character in "\x00\t\r\x1f":
        no("control characters", noted(f"a{character}\n"))
    for data in (b"", b"x\n", TEXT.encode(), noted()[:-1], b"x\n\n"):
        no("not a signed note", data)
    line = X.line(TEXT)
    no("more than 100 signatures", noted(TEXT, line * 101))
    assert len(read_note(noted(TEXT, line * 100), "w").lines) == 100
    short = f"\u2014 x {b64(X.id)}\n"
    bad = ("x y\n", line.replace("\u2014", "-"), line.replace(" x ", " x+ "), short)
    for wrong in (*bad, "\u2014 x !\n", "\u2014 x\n", "\u2014  AAAA\n"):
        no("a signature line is wrong", noted(TEXT, line + wrong + line))
    assert read_note(noted(TEXT, f"\u2014 x {b64(X.id + b'1')}\n"), "w").lines[0].data == b"1"


def test_the_longest_note(monkeypatch: pytest.MonkeyPatch) -> None:
    data = noted("\x7f é\n")
    monkeypatch.setattr("detente.verify.notes.NOTE_BYTES_MAX", len(data))
    assert read_note(data, "w").text == "\x7f é\n"
    monkeypatch.setattr("detente.verify.notes.NOTE_BYTES_MAX", len(data) - 1)
    with refusal("checkpoint.malformed", "w", f"more than {len(data) - 1} bytes"):
        read_note(data, "w")


def test_checkpoints_have_three_lines() -> None:
    read = read_checkpoint(noted(), "w")
    assert (read.origin, read.size, read.root, read.note.text) == ("x", 5, bytes(32), TEXT)
    root = b64(bytes(32))
    for detail, text in (
        ("not three lines", "x\n5\n"),
        ("not three lines", f"x\n5\n{root}\n\n"),
        ("origin", f"x y\n5\n{root}\n"),
        ("size", f"x\n05\n{root}\n"),
        ("size", f"x\n\n{root}\n"),
        ("root", "x\n5\n!\n"),
        ("root", f"x\n5\n{b64(bytes(31))}\n"),
        ("root", f"x\n5\n{b64(bytes(33))}\n"),
    ):
        with refusal("checkpoint.malformed", "w", detail):
            read_checkpoint(noted(text), "w")
    with refusal("checkpoint.malformed", "w", "not UTF-8"):
        read_checkpoint(b"\xff", "w")


def relabelled(line: str, name: str) -> str:
    return line.replace(line.split(" ")[1], name, 1)


def test_signatures_of_notes() -> None:
    x, y = KEYS[X], KEYS[Y]
    note = read_note(noted(TEXT, Y.line(TEXT), X.line(TEXT)), "w")
    assert has_signature(note, x, "w") is True
    assert has_signature(note, KEYS[W], "w") is False
    for lines in ((X.line("other"),), (X.line(TEXT), X.line("other")), (X.line("o"), X.line(TEXT))):
        with refusal("checkpoint.signature", "w", "signature of x"):
            has_signature(read_note(noted(TEXT, *lines), "w"), x, "w")
    # Another id under the same name, and the same id under another name, are strangers.
    other = read_note(noted(TEXT, relabelled(Y.line("o"), "x"), relabelled(X.line("o"), "y")), "w")
    assert has_signature(other, x, "w") is False
    assert has_signature(other, y, "w") is False


def test_cosignatures_of_notes() -> None:
    w, v = KEYS[W], KEYS[V]

    def times(*lines: str) -> int | None:
        return cosignature_time(read_note(noted(TEXT, *lines), "w"), w, "w")

    assert times(X.line(TEXT)) is None
    assert times(X.line(TEXT), W.line(TEXT, 7), W.line(TEXT, 9), W.line(TEXT, 8)) == 9
    assert times(W.line(TEXT, 0)) == 0
    assert times(W.line(TEXT, (1 << 63) - 1)) == (1 << 63) - 1
    assert times(relabelled(W.line("o"), "x"), relabelled(V.line("o"), "w")) is None
    long = f"\u2014 w {b64(W.id + bytes(8) + W.sign(b'') + b'0')}\n"
    short = f"\u2014 w {b64(W.id + bytes(8))}\n"
    for line in (W.line(TEXT, 1 << 63), W.line("other"), long, short):
        with refusal("cosignature.wrong", "w", "cosignature of w"):
            times(line)
    note = read_note(noted(TEXT, V.line(TEXT, 3), W.line(TEXT, 4)), "w")
    assert cosigners(note, [w, KEYS[V]], "w") == [(w, 4), (v, 3)]
    assert cosigners(read_note(noted(TEXT, V.line(TEXT, 3)), "w"), [w, v], "w") == [(v, 3)]
    with refusal("cosignature.wrong", "w", "cosignature of w"):
        cosigners(read_note(noted(TEXT, W.line("other")), "w"), [v, w], "w")
    with pytest.raises(ValueError, match=r"^not a witness key$"):
        cosigners(Note("", ()), [KEYS[X]], "w")


# Policies

NAMED = {name: Key(f"{name}.example", name, 4) for name in "abcd"}
WITNESSES = "".join(f"witness {name} {key.vkey}\n" for name, key in NAMED.items())


def test_a_policy_is_read_as_it_stands() -> None:
    text = (
        f"# comment\n\n \t\nlog {A_LOG.vkey}\nlog\t{B_LOG.vkey}  https://b\n{WITNESSES}"
        f"witness e {NEUTRAL.vkey} https://e\n"
        "group g any a b\ngroup h 2 c d g\ngroup i all e\nquorum h\n"
    )
    policy = read_policy(text.encode(), "p")
    assert [key.vkey for key in policy.logs] == [A_LOG.vkey, B_LOG.vkey]
    assert list(policy.witnesses) == [b"a", b"b", b"c", b"d", b"e"]
    assert policy.witnesses[b"c"].vkey == NAMED["c"].vkey
    assert policy.groups == {
        b"g": Group(1, (b"a", b"b")),
        b"h": Group(2, (b"c", b"d", b"g")),
        b"i": Group(1, (b"e",)),
    }
    assert policy.quorum == b"h"
    for signers, enough in (
        ([b"c", b"d"], True),
        ([b"c", b"a"], True),
        ([b"a", b"b"], False),
        ([b"c"], False),
        ([], False),
    ):
        assert policy.satisfied(signers) is enough
    assert read_policy(b"quorum none\n", "p").satisfied([]) is True
    assert read_policy(WITNESSES.encode() + b"quorum none\n", "p").quorum is None


@pytest.mark.parametrize(
    ("text", "place", "detail"),
    [
        ("quorum a\n\x00\n", "p", "control characters"),
        ("quorum a\n\x0b\n", "p", "control characters"),
        ("quorum a\n\x7f\n", "p", "control characters"),
        ("quorum a", "p", "the last line does not end"),
        ("", "p", "no quorum line"),
        ("quorum a\nquorum a\n", "p line 6", "a second quorum"),
        ("quorum none\nquorum none\n", "p line 6", "a second quorum"),
        ("quorum x\n", "p line 5", "a name that is not defined above"),
        ("quorum\n", "p line 5", "not a line of a policy"),
        ("frob\n", "p line 5", "not a line of a policy"),
        ("log\n", "p line 5", "not a line of a policy"),
        (f"log {A_LOG.vkey} x y\n", "p line 5", "not a line of a policy"),
        (f"witness e {NEUTRAL.vkey} x y\n", "p line 5", "not a line of a policy"),
        ("group g any\n", "p line 5", "not a line of a policy"),
        ("group g any x\n", "p line 5", "a name that is not defined above"),
        ("group g any a a\n", "p line 5", "a member of two groups"),
        ("group g any a\ngroup h any b a\n", "p line 6", "a member of two groups"),
        ("group a any b\n", "p line 5", "a name twice"),
        ("group g any a\ngroup g any b\n", "p line 6", "a name twice"),
        ("group none any a\n", "p line 5", "a name twice"),
        (f"witness a {NEUTRAL.vkey}\n", "p line 5", "a name twice"),
        (f"witness none {NEUTRAL.vkey}\n", "p line 5", "a name twice"),
        (f"group g any a\nwitness g {NEUTRAL.vkey}\n", "p line 6", "a name twice"),
        (f"witness e {NAMED['a'].vkey}\n", "p line 5", "a key twice"),
        (f"witness e {A_LOG.vkey}\n", "p line 5", "signature type of the key"),
        (f"log {NEUTRAL.vkey}\n", "p line 5", "signature type of the key"),
        (f"log {A_LOG.vkey}\nlog {A_LOG.vkey}\n", "p line 6", "a key twice"),
        ("group g 0 a\n", "p line 5", "threshold"),
        ("group g 2 a\n", "p line 5", "threshold"),
        ("group g 10000 a\n", "p line 5", "threshold"),
        ("group g x a\n", "p line 5", "threshold"),
    ],
)
def test_no_policies(text: str, place: str, detail: str) -> None:
    with refusal("policy.mismatch", place, detail):
        read_policy((WITNESSES + text).encode(), "p")


def test_vkeys_in_policies() -> None:
    with refusal("policy.mismatch", "p line 1", "vkey"):
        read_policy(b"log \xff\n", "p")
    with refusal("key.unusable", "p line 1", "not a vkey"):
        read_policy(b"log x\n", "p")


def test_the_largest_policy() -> None:
    tail = b"quorum none\n"
    lines = b"\n" * 999 + tail
    assert read_policy(lines, "p").quorum is None
    room = 256 * 1024 - len(tail) - 2
    assert read_policy(b"#" + b"x" * room + b"\n" + tail, "p").quorum is None
    for data in (b"\n" + lines, b"#" + b"x" * (room + 1) + b"\n" + tail):
        with refusal("policy.mismatch", "p", "too large"):
            read_policy(data, "p")


# Envelopes and leaves

SIG = A_NODE.sign(b"m")
GOOD: dict[str, Any] = {
    "payload": b64(b"p"),
    "payloadType": "t",
    "signatures": [{"keyid": "k", "sig": b64(SIG)}],
}
ONE = GOOD["signatures"][0]


def test_an_envelope_is_read() -> None:
    two = GOOD | {"signatures": [ONE, {"keyid": "l", "sig": b64(bytes(64))}]}
    assert read_envelope(two, "w") == Envelope(
        b"p", "t", (Signature("k", SIG), Signature("l", bytes(64)))
    )
    assert read_envelope(GOOD, "w").pae == b"DSSEv1 1 t 1 p"
    assert pae("té", b"12") == "DSSEv1 3 té 2 12".encode()


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (None, "not an envelope"),
        ([], "not an envelope"),
        (GOOD | {"x": 1}, "not an envelope"),
        ({"payload": "", "payloadType": ""}, "not an envelope"),
        (GOOD | {"payload": 1}, "payload"),
        (GOOD | {"payload": "!"}, "payload"),
        (GOOD | {"payloadType": None}, "payload"),
        (GOOD | {"signatures": {}}, "signatures"),
        (GOOD | {"signatures": []}, "signatures"),
        (GOOD | {"signatures": [1]}, "signatures"),
        (GOOD | {"signatures": [ONE, ONE | {"x": 1}]}, "signatures"),
        (GOOD | {"signatures": [ONE | {"keyid": 1}]}, "signatures"),
        (GOOD | {"signatures": [ONE | {"keyid": ""}]}, "signatures"),
        (GOOD | {"signatures": [ONE | {"sig": None}]}, "signatures"),
        (GOOD | {"signatures": [ONE | {"sig": "!"}]}, "signatures"),
        (GOOD | {"signatures": [ONE | {"sig": b64(bytes(63))}]}, "signatures"),
        (GOOD | {"signatures": [ONE | {"sig": b64(bytes(65))}]}, "signatures"),
    ],
)
def test_no_envelopes(value: Any, detail: str) -> None:
    with refusal("envelope.malformed", "w", detail):
        read_envelope(value, "w")
    with refusal("agreement.malformed", "w", detail):
        read_envelope(value, "w", "agreement.malformed")


def test_kinds_stand_in_payload_types() -> None:
    assert kind_of(f"{PAYLOAD_TYPE_PREFIX}a-1{PAYLOAD_TYPE_SUFFIX}") == "a-1"
    assert kind_of(f"{PAYLOAD_TYPE_PREFIX}1{PAYLOAD_TYPE_SUFFIX}") is None


def test_leaves_byte_for_byte() -> None:
    leaf = leaf_of(b"{}", SIG, A_NODE.raw)
    assert leaf == json.dumps(json.loads(leaf), sort_keys=True, separators=(",", ":")).encode()
    read = read_leaf(leaf, "w")
    assert read == Leaf(
        bytes.fromhex("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
        SIG,
        A_NODE.raw,
    )
    for wrong in (b"", leaf[:-1], leaf + b"\n", leaf.replace(b"dsseV002", b"dsseV001")):
        with refusal("leaf.malformed", "w", "not of the form of an entry"):
            read_leaf(wrong, "w")
    digest = b64(read.payload_sha256).encode()
    swaps = (
        (digest, digest[:-2] + b"p="),
        (b64(SIG).encode(), b64(SIG).encode()[:-3] + b"x=="),
        (b"MCow", b"MCox"),
        (b"MCow", b"NCow"),
    )
    for old, new in swaps:
        assert old in leaf
        with refusal("leaf.malformed", "w", "base64 or key"):
            read_leaf(leaf.replace(old, new), "w")


# JSON


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not UTF-8, or a lone surrogate"),
        (b'"\\ud800"', "not UTF-8, or a lone surrogate"),
        (b"NaN", "NaN is not JSON"),
        (b"-Infinity", "-Infinity is not JSON"),
        (b"1e999", "a number out of range"),
        (b"-1e999", "a number out of range"),
        (b"9007199254740992", "an integer beyond 2^53-1"),
        (b"-9007199254740992", "an integer beyond 2^53-1"),
        (b"1" * 5000, "an integer beyond 2^53-1"),
        (b'{"a":1,"b":2,"a":3}', "a name occurs twice in one object"),
        (b"[" * 65 + b"]" * 65, "nested deeper than 64"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "nested deeper than 64"),
        (b"[" * 64 + b"]" + b"[{}]" + b"]" * 63, "nested deeper than 64"),
    ],
)
def test_no_json(data: bytes, detail: str) -> None:
    for read in (strictjson.parse, strictjson.parse_object):
        with refusal("json.malformed", "w", detail):
            read(data, "w")
        with refusal("payload.malformed", "w", detail):
            read(data, "w", "payload.malformed")
    with refusal("payload.malformed", "w", detail):
        strictjson.parse_canonical(data, "w", "payload.malformed")


def test_values_come_out_as_they_are() -> None:
    text = '{"a":[1,-2,1.5,true,false,null,"é\\u0041\\ud83d\\ude00"],"b":{}}'
    expected = {"a": [1, -2, 1.5, True, False, None, "éA\U0001f600"], "b": {}}
    assert strictjson.parse(text.encode(), "w") == expected
    assert strictjson.parse_object(text.encode(), "w") == expected
    for limit in (2**53 - 1, 1 - 2**53):
        assert strictjson.parse(b"%d" % limit, "w") == limit
    deep = b"[" * 64 + b"]" * 64
    assert strictjson.parse(deep, "w") == json.loads(deep)
    beside = b"[[]," + b"[" * 63 + b"]" * 64
    assert strictjson.parse(beside, "w") == json.loads(beside)
    for text_of_brackets in (b'["' + b"[{" * 80 + b'"]', b'["\\"' + b"[{" * 80 + b'"]'):
        assert strictjson.parse(text_of_brackets, "w") == json.loads(text_of_brackets)
    wide = b"[" + b"[]," * 80 + b"{}]"
    assert strictjson.parse(wide, "w") == json.loads(wide)


def test_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value is at least a comma more: so many are counted before anything is parsed."""
    monkeypatch.setattr(strictjson, "JSON_VALUES_MAX", 5)
    for data in (b"[1,1,1,1,1,1]", b"123456", b'"a,,,,,"'):
        assert strictjson.parse(data, "w") == json.loads(data)
    for data in (b"[1,1,1,1,1,1,1]", b'{"a":",,,,,,"}'):
        with refusal("payload.malformed", "w", "more than 5 values"):
            strictjson.parse(data, "w", "payload.malformed")


def test_objects_only() -> None:
    for data in (b"[]", b"1", b'""', b"null"):
        for read in (strictjson.parse_object, strictjson.parse_canonical):
            with refusal("json.malformed", "w", "not an object"):
                read(data, "w")
            with refusal("payload.malformed", "w", "not an object"):
                read(data, "w", "payload.malformed")


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1.0}',
        b'{"a":1e1}',
        b'{"a":"\\u0041"}',
        b'{"a":1}\n',
        '{"\uffff":1,"\U00010000":2}'.encode(),
        b'{"a":1.5, "b":2}',
    ],
)
def test_other_forms_are_not_canonical(data: bytes) -> None:
    for code in ("json.malformed", "payload.malformed"):
        with refusal(code, "w", "not in canonical form (RFC 8785)"):
            strictjson.parse_canonical(data, "w", code)
    with refusal("json.malformed", "w", "not in canonical form (RFC 8785)"):
        strictjson.parse_canonical(data, "w")


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"a":[],"b":[1,-2,true,false,null],"c":"\\u001f\\n"}',
        b'{"a":[1.5,{"b":"x","c":[]},true,false,null,-7]}',
        '{"\U00010000":1,"\uffff":2}'.encode(),
        '{"\U00010000":[1.5,"é"],"\uffff":{"a":1,"b":"\u2028"}}'.encode(),
        '{"é":"\U0001f600"}'.encode(),
    ],
)
def test_the_canonical_form_is_read_and_written(data: bytes) -> None:
    value = strictjson.parse_canonical(data, "w")
    assert value == json.loads(data)
    assert strictjson.canonical(value) == data


def test_canonical_objects_are_nested_64_deep_and_no_deeper() -> None:
    for depth in (64, 65):
        data = b'{"a":' * depth + b"1" + b"}" * depth
        if depth == 64:
            assert strictjson.parse_canonical(data, "w") == json.loads(data)
        else:
            with refusal("json.malformed", "w", "nested deeper than 64"):
                strictjson.parse_canonical(data, "w")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.0, "-1"),
        (10.0, "10"),
        (1.5, "1.5"),
        (-12.25, "-12.25"),
        (100.01, "100.01"),
        (0.5, "0.5"),
        (0.05, "0.05"),
        (0.000001, "0.000001"),
        (0.0000015, "0.0000015"),
        (1e-7, "1e-7"),
        (-1.5e-7, "-1.5e-7"),
        (1.2345e-10, "1.2345e-10"),
        (1e16, "10000000000000000"),
        (1.5e16, "15000000000000000"),
        (1.2e20, "120000000000000000000"),
        (999999999999999900000.0, "999999999999999900000"),
        (1e21, "1e+21"),
        (1.5e21, "1.5e+21"),
        (1.234e300, "1.234e+300"),
        (5e-324, "5e-324"),
        (123456.789, "123456.789"),
    ],
)
def test_numbers_as_ecmascript_writes_them(number: float, text: str) -> None:
    assert strictjson.ecmascript_number(number) == text
    assert math.isclose(float(text), number)
    assert strictjson.canonical([number]) == f"[{text}]".encode()
