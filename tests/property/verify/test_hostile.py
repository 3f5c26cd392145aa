"""Whatever bytes arrive: a value or a VerifyError, and never another meaning taken for good."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import rfc9162
from tests.support.forge import A_LOG, Header, pack_headers, story

from detente.verify import Options, Report, Unusable, VerifyError, verify_bundle
from detente.verify.agreement import read_agreement
from detente.verify.archive import read_directory
from detente.verify.dsse import read_envelope, read_leaf
from detente.verify.heads import read_proof
from detente.verify.keys import PublicKey
from detente.verify.manifest import read_manifest
from detente.verify.notes import read_checkpoint, read_note
from detente.verify.payload import read_payload
from detente.verify.policy import read_policy
from detente.verify.singles import read_tlog_proof
from detente.verify.strictjson import Json, canonical, parse, parse_canonical
from detente.verify.tiles import parse_path, read_entries
from detente.verify.tree import Tree, is_consistent, leaf_hash, root_from_inclusion

GOOD = story().build()
MEMBERS = story().members()
PAYLOAD = story().entries[1].payload
SHARED_FOLDER = [HealthCheck.function_scoped_fixture]
POLICY = story().default_policy().encode()

SEEDS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "note": (lambda data: read_note(data, "x"), MEMBERS["checkpoint"]),
    "checkpoint": (lambda data: read_checkpoint(data, "x"), MEMBERS["checkpoint"]),
    "json": (lambda data: parse(data, "x"), MEMBERS["trusted_root.json"]),
    "canonical json": (lambda data: parse_canonical(data, "x"), MEMBERS["manifest.json"]),
    "manifest": (read_manifest, MEMBERS["manifest.json"]),
    "agreement": (lambda data: read_agreement(data, "x"), MEMBERS["agreement.dsse.json"]),
    "envelope": (
        lambda data: read_envelope(parse(data, "x"), "x"),
        MEMBERS["agreement.dsse.json"],
    ),
    "leaf": (lambda data: read_leaf(data, "x"), story().entries[1].leaf),
    "payload": (lambda data: read_payload(data, "message", "x", 1, ("", "", b"")), PAYLOAD),
    "policy": (lambda data: read_policy(data, "x"), POLICY),
    "proof": (read_proof, MEMBERS["consistency/3-9.txt"]),
    "tlog-proof": (lambda data: read_tlog_proof(data, "x"), MEMBERS["proofs/1.tlog-proof"]),
    "entries": (lambda data: read_entries(data, 9, "x"), MEMBERS["tile/entries/000.p/9"]),
    "zip": (read_directory, GOOD),
    "vkey": (lambda data: PublicKey.read(data.decode("latin-1"), "x"), A_LOG.vkey.encode()),
    "path": (lambda data: parse_path(data.decode("latin-1")), b"tile/0/x001/234.p/5"),
}


@st.composite
def mutated(draw: st.DrawFn, seed: bytes) -> bytes:
    """The seed with some places changed, cut out, or doubled."""
    data = bytearray(seed)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(0, 20))
        new = draw(
            st.binary(max_size=8)
            | st.sampled_from([b"", b"\n", b'"', b"{", b"[", b"\\u", b"\0", b"9" * 30, b"="])
            | st.just(bytes(data[at : at + length]) * 2)
        )
        data[at : at + length] = new
    return bytes(data)


@pytest.mark.parametrize("name", SEEDS)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_parser_answers_or_refuses(name: str, data: st.DataObject) -> None:
    read, seed = SEEDS[name]
    text = data.draw(st.binary(max_size=200) | mutated(seed))
    with contextlib.suppress(VerifyError, Unusable):
        read(text)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    # Between 2^53 and 1e21, ECMAScript writes a float as an integer that I-JSON does not allow.
    | st.floats(allow_nan=False, allow_infinity=False).filter(
        lambda number: not 2**53 <= abs(number) < 1e21
    )
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_canonical_form_is_that_of_another_library(value: Json) -> None:
    data = rfc8785.dumps(value)
    assert canonical(parse(json.dumps(value).encode(), "x")) == data
    assert canonical(parse(data, "x")) == data
    if isinstance(value, dict):
        assert canonical(parse_canonical(data, "x")) == data
        loose = json.dumps(value, indent=1).encode()
        if loose != data:
            with pytest.raises(VerifyError):
                parse_canonical(loose, "x")


@given(st.integers(1, 300), st.data())
@settings(max_examples=60, deadline=None)
def test_proofs_agree_with_the_definition(size: int, data: st.DataObject) -> None:
    leaves = [number.to_bytes(2, "big") for number in range(size)]
    tree = Tree(b"".join(map(leaf_hash, leaves)))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    assert tree.root(size) == rfc9162.mth(leaves)
    assert tree.root(old) == rfc9162.mth(leaves[:old])
    steps = rfc9162.path(index, leaves)
    assert root_from_inclusion(leaf_hash(leaves[index]), index, size, steps) == tree.root(size)
    proof = [] if old == size else rfc9162.proof(old, leaves)
    assert is_consistent(old, size, tree.root(old), tree.root(size), proof)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        proof[at] = bytes(32)
        assert not is_consistent(old, size, tree.root(old), tree.root(size), proof)


def meaning(report: Report) -> tuple[object, ...]:
    """Everything that a report claims as proven."""
    return (report.statements, report.items, report.checkpoints, report.grade, report.parties)


@given(mutated(GOOD))
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_changed_bundle_never_proves_something_else(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(GOOD)
    good = verify_bundle(path, Options())
    path.write_bytes(data)
    try:
        report = verify_bundle(path, Options())
    except Unusable:
        return
    if data != GOOD:
        assert not report.proven
    else:
        assert meaning(report) == meaning(good)


@given(st.sampled_from(sorted(MEMBERS)), st.data())
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_changed_member_is_refused_even_with_its_manifest(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    """The forger makes manifest and archive anew: what only people read may differ, no more."""
    forge = story()
    changed = data.draw(mutated(MEMBERS[name]))
    if changed == MEMBERS[name] or name.startswith("manifest"):
        return
    forge.on_files = lambda files: files | {name: changed}
    path = tmp_path / "bundle.zip"
    path.write_bytes(GOOD)
    good = verify_bundle(path, Options())
    path.write_bytes(forge.build())
    report = verify_bundle(path, Options())
    if report.proven:
        assert name in ("README.html", "VERIFY.md", "trusted_root.json", "custody.json") or (
            name.startswith("bundles/")
        )
        assert meaning(report) == meaning(good)


@given(st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=9)), max_size=5))
def test_archives_of_any_names(entries: list[tuple[bytes, bytes]]) -> None:
    data = pack_headers([Header(name, content) for name, content in entries])
    try:
        members = read_directory(data)
    except (VerifyError, Unusable):
        return
    assert [data[m.offset : m.offset + m.size] for m in members.values()] == [
        content for _, content in entries
    ]
