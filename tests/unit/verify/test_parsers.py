"""The small readers, at their exact boundaries."""

from __future__ import annotations

import base64
from contextlib import AbstractContextManager
from hashlib import sha256

import pytest
from tests.support.forge import A_LOG, A_NODE, B_WITNESS, NEUTRAL, Header, Key, pack, pack_headers
from tests.support.forge_mutations import UNUSABLE
from tests.support.rfc9162 import mth, path, proof

from detente.verify.archive import read_directory
from detente.verify.dsse import kind_of, leaf_of, pae, read_envelope, read_leaf
from detente.verify.encodings import b64, decimal, is_sha256, is_time, is_uuid7, unb64
from detente.verify.errors import Unusable, VerifyError
from detente.verify.heads import Grades, better, is_lower, read_proof, size_in
from detente.verify.keys import PublicKey, is_key_name, verifies
from detente.verify.manifest import count_of, indices_of, read_ranges, same_indices
from detente.verify.notes import cosignature_time, has_signature, read_checkpoint, read_note
from detente.verify.policy import read_policy
from detente.verify.singles import read_tlog_proof
from detente.verify.strictjson import canonical, ecmascript_number, parse, parse_canonical
from detente.verify.tiles import (
    TileRef,
    all_tiles,
    group_name,
    needed_tiles,
    parse_path,
    read_entries,
    root_of_edge,
    tile_at,
)
from detente.verify.tree import EMPTY_ROOT, Tree, is_consistent, leaf_hash, root_from_inclusion


def refused(code: str) -> AbstractContextManager[object]:
    return pytest.raises(VerifyError, match=code)


# Encodings


@pytest.mark.parametrize("text", ["AA==\n", "AA=", "AA", "AB==", "A A=", "é", "AAAA====", "-_=="])
def test_base64_has_one_spelling(text: str) -> None:
    assert unb64(text) is None


def test_base64_goes_round() -> None:
    for data in (b"", b"\0", b"ab", bytes(range(256))):
        assert unb64(b64(data)) == data
        assert b64(data) == base64.b64encode(data).decode()


def test_decimals() -> None:
    good = {"0": 0, "10": 10, "9223372036854775807": 2**63 - 1}
    assert {text: decimal(text) for text in good} == good
    for text in ("", "00", "01", "-1", "+1", " 1", "1\n", "9223372036854775808", "١"):
        assert decimal(text) is None


def test_times() -> None:
    assert is_time("2028-02-29T23:59:59.999999Z")
    for text in (
        "2026-02-29T00:00:00.000000Z",
        "2026-01-01T24:00:00.000000Z",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000000",
        "2026-01-01T00:00:00.000000Z\n",
        "2026-01-01 00:00:00.000000Z",
        1,
    ):
        assert not is_time(text)


def test_identifiers() -> None:
    assert is_uuid7("01938f00-0000-7000-bfff-000000000001")
    for text in (
        "01938f00-0000-4000-8000-000000000001",
        "01938f00-0000-7000-7000-000000000001",
        "01938F00-0000-7000-8000-000000000001",
        None,
    ):
        assert not is_uuid7(text)
    assert is_sha256("0" * 64)
    assert not any(map(is_sha256, ("0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n", 0)))


# JSON


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9007199254740992",
        b"-9007199254740992",
        b"123456789012345678901234567890",
        b'"\\ud800"',
        b'{"\\udc00":1}',
        b"\xff",
        b'"\xed\xa0\x80"',
        b"",
        b"1 2",
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000,
        b'"\n"',
        b"\xef\xbb\xbf1",
    ],
)
def test_ambiguous_json_is_refused(data: bytes) -> None:
    with refused("json.malformed"):
        parse(data, "x")
    with refused("json.malformed"):
        parse_canonical(data, "x")


def test_json_at_its_limits_is_read() -> None:
    assert parse(b"9007199254740991", "x") == 2**53 - 1
    assert parse(b"-9007199254740991", "x") == 1 - 2**53
    parse(b"[" * 64 + b"]" * 64, "x")
    assert parse(b'["' + b"[{" * 100 + b'"]', "x") == ["[{" * 100]
    assert parse(b'["\\"' + b"[{" * 100 + b'"]', "x") == ['"' + "[{" * 100]
    assert parse(b'"\\ud83d\\ude00"', "x") == "\U0001f600"


def test_brackets_in_strings_are_not_depth_and_closed_ones_neither() -> None:
    parse(b"[" + b"[]," * 100 + b"[]]", "x")


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":1}',
        b'{ "a":1}',
        b'{"a":1}\n',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":"\\u0061"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u001F"}',
        b'{"a":1,"a":1}',
        '{"\uffff":1,"\U00010000":2}'.encode(),
        b"[]",
    ],
)
def test_only_the_canonical_form_is_taken(data: bytes) -> None:
    with refused("json.malformed"):
        parse_canonical(data, "x")


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"a":[1,-5,true,false,null,"\\u001f\\n\\"\\\\/"],"b":{}}',
        b'{"a":1.5,"b":1e-7,"c":1e+21,"d":0.000001,"e":100.25}',
        '{"é":"€\u2028"}'.encode(),
        '{"\U00010000":1,"\uffff":2}'.encode(),
        b'{"\x7f":"\x7f"}',
    ],
)
def test_the_canonical_form_is_taken(data: bytes) -> None:
    value = parse_canonical(data, "x")
    assert canonical(value) == data


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.25e-7, "1.25e-7"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (333333333.33333329, "333333333.3333333"),
        (0.1, "0.1"),
        (10.0, "10"),
        (9.999e22, "9.999e+22"),
    ],
)
def test_numbers_are_written_as_in_ecmascript(number: float, text: str) -> None:
    assert ecmascript_number(number) == text


# Keys


@pytest.mark.parametrize("name", UNUSABLE)
def test_unfit_keys_are_refused(name: str) -> None:
    from tests.support.forge import vkey_of

    with refused("key.unusable"):
        PublicKey.read(vkey_of("x", 1, UNUSABLE[name]), "x")


def test_a_vkey_is_read_and_written() -> None:
    key = PublicKey.read(A_LOG.vkey, "x")
    assert (key.vkey, key.raw, key.key_id, key.algorithm) == (A_LOG.vkey, A_LOG.raw, A_LOG.id, 1)
    assert PublicKey.read(B_WITNESS.vkey, "x").algorithm == 4
    assert key.spki[-32:] == A_LOG.raw
    assert len(key.spki) == 44


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "x",
        "x+00000000",
        A_LOG.vkey + "=",
        "+" + A_LOG.vkey,
        A_LOG.vkey.upper(),
        Key("x", "x", 2).vkey,
        Key("a b", "x").vkey,
        A_LOG.vkey.replace("a.example", "b.example"),
    ],
)
def test_other_texts_are_no_vkeys(vkey: str) -> None:
    with refused("key.unusable"):
        PublicKey.read(vkey, "x")


def test_signatures_are_of_64_bytes_and_right() -> None:
    good = A_NODE.sign(b"x")
    assert verifies(A_NODE.raw, b"x", good)
    assert not verifies(A_NODE.raw, b"y", good)
    assert not verifies(A_NODE.raw, b"x", good[:-1])
    assert not verifies(A_NODE.raw, b"x", good + b"\0")
    assert not verifies(A_NODE.raw[:-1], b"x", good)
    order = 2**252 + 27742317777372353535851937790883648493
    other = int.from_bytes(good[32:], "little") + order
    assert not verifies(A_NODE.raw, b"x", good[:32] + other.to_bytes(32, "little"))


def test_key_names() -> None:
    assert is_key_name("a.example/é")
    assert not any(map(is_key_name, ("", "a b", "a+b", "a\u00a0b", "a\n", "\u200b")))


# Notes

TEXT = f"x\n5\n{b64(bytes(32))}\n"
X = Key("x", "x")


def note(text: str = TEXT, *keys: Key) -> bytes:
    return (text + "\n" + "".join(key.line(text) for key in keys or (X,))).encode()


def test_a_checkpoint_is_read() -> None:
    found = read_checkpoint(note(), "x")
    assert (found.origin, found.size, found.root) == ("x", 5, bytes(32))
    assert has_signature(found.note, PublicKey.read(X.vkey, "x"), "x")
    assert not has_signature(found.note, PublicKey.read(A_LOG.vkey, "x"), "x")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        TEXT.encode(),
        note()[:-1],
        note() + b"x",
        note().replace(b"\n\n", b"\n"),
        note(TEXT + "more\n"),
        note("x\n5\n"),
        note(TEXT.replace("5", "05")),
        note(TEXT.replace("5", "-5")),
        note(TEXT.replace("AAAA", "AAA", 1)),
        note(f"x\n5\n{b64(bytes(31))}\n"),
        note(TEXT.replace("x", "x y")),
        note().replace(b"\n", b"\r\n"),
        note(TEXT + "\t\n"),
        note().replace("\u2014".encode(), b"-"),
        note() + b"\xff",
        note() + "\u2014 x AAAA\n".encode(),
        note() + "\u2014 x\n".encode(),
        note() + X.line(TEXT).encode() * 100,
        note(TEXT + "x" * 65536 + "\n"),
    ],
)
def test_other_texts_are_no_checkpoints(data: bytes) -> None:
    with refused("checkpoint.malformed"):
        read_checkpoint(data, "x")


def test_a_hundred_signatures_are_read() -> None:
    assert len(read_note(note() + X.line(TEXT).encode() * 99, "x").lines) == 100


def test_cosignatures_bear_their_time() -> None:
    key = PublicKey.read(B_WITNESS.vkey, "x")
    text = TEXT + "\n" + B_WITNESS.line(TEXT, 7) + B_WITNESS.line(TEXT, 9)
    assert cosignature_time(read_note(text.encode(), "x"), key, "x") == 9
    assert cosignature_time(read_note(note(), "x"), key, "x") is None
    top = (1 << 63) - 1
    found = read_note((TEXT + "\n" + B_WITNESS.line(TEXT, top)).encode(), "x")
    assert cosignature_time(found, key, "x") == top
    for line in (B_WITNESS.line(TEXT, 1 << 63), B_WITNESS.line(TEXT + "x")):
        with refused("cosignature.wrong"):
            cosignature_time(read_note((TEXT + "\n" + line).encode(), "x"), key, "x")


# Policies

W = {name: Key(f"{name}.example", name, 4) for name in "abcd"}
WITNESSES = "".join(f"witness {name} {key.vkey}\n" for name, key in W.items())


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("quorum none\n", "", None),
        ("quorum a\n", "a", "b"),
        ("group g all a b\nquorum g\n", "ab", "a"),
        ("group g any a b\nquorum g\n", "b", "c"),
        ("group g 2 a b c\nquorum g\n", "ac", "c"),
        ("group g 3 a b c\nquorum g\n", "abc", "ac"),
        ("group g any a b\ngroup h all g c\nquorum h\n", "bc", "ab"),
        ("# note\n\n \t\n\tgroup  g\tany  a \nquorum g\n", "a", "b"),
    ],
)
def test_policies_are_satisfied(text: str, good: str, bad: str | None) -> None:
    policy = read_policy((WITNESSES + text).encode(), "x")
    assert policy.satisfied({name.encode() for name in good})
    if bad is not None:
        assert not policy.satisfied({name.encode() for name in bad})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum a",
        "quorum x\n",
        "quorum a\nquorum a\n",
        "quorum\n",
        "quorum a b\n",
        "frob a\n",
        "group g any\nquorum g\n",
        "group g any none\nquorum g\n",
        "group g 0 a\nquorum g\n",
        "group g 2 a\nquorum g\n",
        "group g 01 a\nquorum g\n",
        "group g x a\nquorum g\n",
        "group g any a a\nquorum g\n",
        "group g any a\ngroup h any a\nquorum h\n",
        "group none any a\nquorum a\n",
        "group a any b\nquorum a\n",
        "group g any h\nquorum g\n",
        f"witness a {NEUTRAL.vkey}\nquorum a\n",
        f"witness e {W['a'].vkey}\nquorum a\n",
        f"witness e {A_LOG.vkey}\nquorum a\n",
        f"log {NEUTRAL.vkey}\nquorum a\n",
        f"log {A_LOG.vkey}\nlog {A_LOG.vkey}\nquorum a\n",
        f"log {A_LOG.vkey} x y\nquorum a\n",
        "quorum a\r\n",
        "quorum a\n\x7f\n",
        "#" + "x" * 262144 + "\nquorum a\n",
        "\n" * 1001,
    ],
)
def test_other_policies_are_refused(text: str) -> None:
    with refused("policy.mismatch"):
        read_policy((WITNESSES + text).encode(), "x")


def test_policies_take_addresses_and_any_octets_in_names() -> None:
    text = f"log {A_LOG.vkey} https://x\nwitness \xff {NEUTRAL.vkey} https://y\nquorum \xff\n"
    policy = read_policy(text.encode("latin-1"), "x")
    assert policy.satisfied({b"\xff"})
    assert not policy.satisfied({b"x"})
    with refused("key.unusable"):
        read_policy(b"log x\nquorum none\n", "x")


# Tree and tiles

LEAVES = [f"leaf {number}".encode() for number in range(70)]


def test_roots_of_all_sizes() -> None:
    tree = Tree(b"".join(map(leaf_hash, LEAVES)))
    assert Tree(b"").root(0) == EMPTY_ROOT
    for size in range(1, 71):
        assert tree.root(size) == mth(LEAVES[:size])


def test_inclusion_proofs_of_small_trees() -> None:
    for size in range(1, 20):
        root = mth(LEAVES[:size])
        for index in range(size):
            steps = path(index, LEAVES[:size])
            leaf = leaf_hash(LEAVES[index])
            assert root_from_inclusion(leaf, index, size, steps) == root
            assert root_from_inclusion(leaf, index, size, [*steps, bytes(32)]) is None
            if steps:
                assert root_from_inclusion(leaf, index, size, steps[:-1]) != root
            assert root_from_inclusion(leaf, index, size + 64, steps) != root
            for other in set(range(size)) - {index}:
                assert root_from_inclusion(leaf, other, size, steps) != root
    assert root_from_inclusion(bytes(32), 1, 1, []) is None
    assert root_from_inclusion(bytes(32), -1, 1, []) is None


def test_consistency_proofs_of_small_trees() -> None:
    for new in range(1, 20):
        root = mth(LEAVES[:new])
        for old in range(1, new + 1):
            before = mth(LEAVES[:old])
            steps = [] if old == new else proof(old, LEAVES[:new])
            assert is_consistent(old, new, before, root, steps)
            assert not is_consistent(old, new, before, root, [*steps, bytes(32)])
            assert not is_consistent(old, new, bytes(32), root, steps)
            assert not is_consistent(old, new, before, bytes(32), steps)
            if steps:
                assert not is_consistent(old, new, before, root, steps[:-1])
                assert not is_consistent(old, new, before, root, steps[1:])
    assert not is_consistent(0, 5, EMPTY_ROOT, mth(LEAVES[:5]), [])
    assert not is_consistent(6, 5, mth(LEAVES[:6]), mth(LEAVES[:5]), [])


def test_tile_paths() -> None:
    assert group_name(1234067) == "x001/x234/067"
    assert group_name(999) == "999"
    assert group_name(1000) == "x001/000"
    assert TileRef(2, 5, 256).path == "tile/2/005"
    assert TileRef(-1, 5, 7).path == "tile/entries/005.p/7"
    for ref in (TileRef(63, 1234067, 255), TileRef(-1, 0, 256), TileRef(0, 999, 1)):
        assert parse_path(ref.path) == ref
    for text in (
        "tile/0/5",
        "tile/00/005",
        "tile/64/005",
        "tile/0/x000/005",
        "tile/0/005.p/0",
        "tile/0/005.p/256",
        "tile/0/005.p/01",
        "tile/0/005/",
        "tile/0/001/005",
        "tile/x/005",
        "tile/0/x005",
        "tile/0/005.p/257",
        "tile/0/\u0660\u0660\u0665",
    ):
        assert parse_path(text) is None, text


def test_which_tiles_there_are() -> None:
    assert [ref.path for ref in all_tiles(1)] == ["tile/entries/000.p/1", "tile/0/000.p/1"]
    paths = {ref.path for ref in all_tiles(70_000)}
    assert {"tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"} <= paths
    assert len(paths) == 274 * 2 + 2 + 1
    assert {ref.path for ref in all_tiles(256)} == {
        "tile/entries/000",
        "tile/0/000",
        "tile/1/000.p/1",
    }
    assert {ref.path for ref in needed_tiles(70_000, [5])} == {
        "tile/entries/000",
        "tile/0/000",
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    }
    assert tile_at(0, 1, 256) is None
    assert tile_at(0, 1, 257) == TileRef(0, 1, 1)


def test_the_root_of_the_right_edge() -> None:
    for size in (1, 5, 70):
        hashes = b"".join(map(leaf_hash, LEAVES[:size]))
        assert root_of_edge(size, {(0, 0): hashes}) == mth(LEAVES[:size])
        assert root_of_edge(size, {}) is None


def test_entry_tiles_hold_exactly_their_entries() -> None:
    assert read_entries(b"\0\1a\0\2bc", 2, "x") == [b"a", b"bc"]
    for data, width in ((b"\0\1a", 2), (b"\0\1a", 0), (b"\0\0", 1), (b"\0\2a", 1), (b"\0", 1)):
        with refused("tree.tile"):
            read_entries(data, width, "x")


# DSSE


def test_pae_is_as_written() -> None:
    assert pae("t", b"abc") == b"DSSEv1 1 t 3 abc"
    assert pae("é", b"") == "DSSEv1 2 é 0 ".encode()


def test_kinds() -> None:
    assert kind_of("application/vnd.detente.key-rotation.v1+json") == "key-rotation"
    for text in (
        "application/vnd.detente.v1+json",
        "application/vnd.detente.A.v1+json",
        "x",
        "application/vnd.detente.1a.v1+json",
        "application/vnd.detente.a.v2+json",
    ):
        assert kind_of(text) is None


def test_leaves_go_round() -> None:
    leaf = leaf_of(b"{}", bytes(64), A_LOG.raw)
    found = read_leaf(leaf, "x")
    assert found.payload_sha256 == sha256(b"{}").digest()
    assert (found.signature, found.public_key) == (bytes(64), A_LOG.raw)
    for broken in (leaf + b" ", leaf.replace(b"==", b"=A"), b"", leaf.replace(b"MCow", b"MCox")):
        with refused("leaf.malformed"):
            read_leaf(broken, "x")


@pytest.mark.parametrize(
    "change",
    [
        {"payload": 1},
        {"payload": "A"},
        {"payloadType": 1},
        {"signatures": {}},
        {"signatures": []},
        {"signatures": [{"keyid": "k"}]},
        {"signatures": [{"keyid": "k", "sig": "AA=="}]},
        {"signatures": [{"keyid": "k k", "sig": b64(bytes(64))}]},
        {"x": 1},
        {"signatures": [{"keyid": 1, "sig": b64(bytes(64))}]},
        {"signatures": [{"keyid": "k", "sig": b64(bytes(63))}]},
    ],
)
def test_other_envelopes_are_refused(change: dict[str, object]) -> None:
    good = {
        "payload": "",
        "payloadType": "t",
        "signatures": [{"keyid": "k", "sig": b64(bytes(64))}],
    }
    assert read_envelope(good, "x").payload == b""  # type: ignore[arg-type]
    with refused("envelope.malformed"):
        read_envelope(good | change, "x")  # type: ignore[arg-type]


# Ranges, proofs, grades


def test_ranges() -> None:
    assert read_ranges([[0, 0], [2, 4]], 5, "x", "manifest.malformed") == ((0, 0), (2, 4))
    assert read_ranges([], 5, "x", "manifest.malformed") == ()
    values: list[object] = [
        [[0, 5]],
        [[2, 1]],
        [[0, 1], [1, 2]],
        [[0]],
        [0],
        {},
        [[True, 2]],
        [[-1, 2]],
    ]
    for value in values:
        with refused("manifest.malformed"):
            read_ranges(value, 5, "x", "manifest.malformed")  # type: ignore[arg-type]
    ranges = ((0, 0), (2, 4))
    assert list(indices_of(ranges)) == [0, 2, 3, 4]
    assert count_of(ranges) == 4
    assert same_indices(ranges, [0, 2, 3, 4])
    assert not same_indices(ranges, [0, 2, 3])
    assert not same_indices(ranges, [0, 1, 3, 4])


def test_proof_files() -> None:
    line = b64(bytes(32)).encode() + b"\n"
    assert read_proof(b"") == []
    assert read_proof(line * 2) == [bytes(32)] * 2
    for data in (line[:-1], b"\n", b"x\n", b"AAAA\n", b"\xff\n", line * 130):
        assert read_proof(data) is None


def test_tlog_proofs() -> None:
    line = b64(bytes(32))
    good = f"c2sp.org/tlog-proof@v1\nindex 5\n{line}\n\nrest\n\nmore"
    assert read_tlog_proof(good.encode(), "x") == (5, [bytes(32)], b"rest\n\nmore")
    for text in (
        "",
        "x\nindex 5\n\n",
        good.replace("5", "05"),
        good.replace("index", "at"),
        good.replace(line, "x"),
        good.replace("index 5\n", ""),
        "c2sp.org/tlog-proof@v1\n\nx",
    ):
        with refused("tlog_proof.mismatch"):
            read_tlog_proof(text.encode(), "x")
    with refused("tlog_proof.mismatch"):
        read_tlog_proof(b"\xff", "x")


def test_sizes_in_names() -> None:
    assert size_in("a/12.x", "a/", ".x") == 12
    for name in ("b/12.x", "a/12.y", "a/012.x", "a/.x"):
        assert size_in(name, "a/", ".x") is None


def test_the_best_covering_checkpoint_counts() -> None:
    grades = Grades([(10, "single"), (5, "bilateral"), (10, "timestamped"), (7, "third-party")])
    found = [grades.of(position) for position in (0, 4, 5, 6, 7, 9, 10)]
    assert found == ["bilateral"] * 2 + ["third-party"] * 2 + ["timestamped"] * 2 + [""]
    assert Grades([(3, "single"), (9, "bilateral")]).of(0) == "bilateral"
    assert better("single", "third-party") == "third-party"
    assert is_lower("single", "timestamped")
    assert not is_lower("bilateral", "bilateral")


# Archive


def test_a_plain_archive_is_read() -> None:
    data = pack({"a": b"1", "b/c": b"", "b/d.x": b"23"})
    members = read_directory(data)
    assert {name: data[m.offset : m.offset + m.size] for name, m in members.items()} == {
        "a": b"1",
        "b/c": b"",
        "b/d.x": b"23",
    }
    assert read_directory(pack({"a" * 512: b""}))


def test_an_empty_archive_is_an_archive() -> None:
    assert read_directory(pack({})) == {}


def test_what_has_no_end_record_is_no_archive() -> None:
    for data in (b"", b"PK", b"x" * 30):
        with pytest.raises(Unusable):
            read_directory(data)
    with refused("zip.malformed"):
        read_directory(b"PK\3\4" + b"x" * 40)


def test_more_members_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack({"a": b"", "b": b"", "c": b"x"})
    monkeypatch.setattr("detente.verify.archive.BUNDLE_MEMBERS_MAX", 3)
    assert len(read_directory(data)) == 3
    monkeypatch.setattr("detente.verify.archive.BUNDLE_MEMBERS_MAX", 2)
    with refused("zip.limit"):
        read_directory(data)


def test_larger_members_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack({"a": b"123"})
    monkeypatch.setattr("detente.verify.archive.BUNDLE_MEMBER_BYTES_MAX", 3)
    assert read_directory(data)
    monkeypatch.setattr("detente.verify.archive.BUNDLE_MEMBER_BYTES_MAX", 2)
    with refused("zip.limit"):
        read_directory(data)


def test_a_directory_cut_off() -> None:
    data = pack_headers([Header(b"a", b"1")], count=2)
    with refused("zip.malformed"):
        read_directory(data)
