from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from tests.support import rfc9162

from detente.record import (
    ENTRIES,
    Cosignature,
    CosignatureVerifier,
    Ed25519Signer,
    NodeFile,
    Policy,
    TileRef,
    inclusion_proof,
    leaf_hash,
    needed_tiles,
    reader_of_tiles,
    root_of,
    tiles_between,
    tiles_of,
    uuid7,
    verify_inclusion,
)
from detente.record.merkle import reader_of

KEYS = [
    CosignatureVerifier.of(Ed25519Signer(f"w{number}.example", bytes([number]) * 32))
    for number in range(1, 7)
]
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]
READ = reader_of(LEAVES)


@st.composite
def policies(draw: st.DrawFn) -> tuple[str, dict[str, tuple[int, list[str]]], list[str]]:
    """Text, groups as (threshold, members), and the quorum, where nothing is used twice."""
    count = draw(st.integers(1, len(KEYS)))
    lines = [f"witness w{number} {KEYS[number].to_vkey()}" for number in range(count)]
    free = [f"w{number}" for number in range(count)]
    defined = free.copy()
    groups: dict[str, tuple[int, list[str]]] = {}
    for _ in range(draw(st.integers(0, 5))):
        if not free:
            break
        chosen = st.lists(st.sampled_from(free), min_size=1, unique=True)
        members: list[str] = draw(chosen)
        threshold = draw(st.integers(1, len(members)))
        name = f"g{len(groups)}"
        word = draw(
            st.sampled_from(
                [str(threshold)]
                + ["any"] * (threshold == 1)
                + ["all"] * (threshold == len(members))
            )
        )
        lines.append(f"group {name} {word} {' '.join(members)}")
        groups[name] = (threshold, members)
        free = [each for each in free if each not in members] + [name]
        defined.append(name)
    quorum = draw(st.sampled_from([*defined, "none"]))
    lines.append(f"quorum {quorum}")
    return "".join(f"{line}\n" for line in lines), groups, [quorum, str(count)]


@given(policies())
def test_a_quorum_is_met_by_exactly_the_sets_that_the_definition_names(
    case: tuple[str, dict[str, tuple[int, list[str]]], list[str]],
) -> None:
    text, groups, (quorum, count) = case
    policy = Policy.parse(text)
    again = Policy.parse(policy.to_text())

    def witnessed(name: str, signed: frozenset[str]) -> bool:
        if name == "none":
            return True
        if name not in groups:
            return name in signed
        threshold, members = groups[name]
        return len([each for each in members if witnessed(each, signed)]) >= threshold

    for chosen in itertools.product((False, True), repeat=int(count)):
        numbers = [number for number, taken in enumerate(chosen) if taken]
        wanted = witnessed(quorum, frozenset(f"w{number}" for number in numbers))
        names = [KEYS[number].name for number in numbers]
        good = [Cosignature(KEYS[n].name, 0, KEYS[n].key_id) for n in numbers]
        assert policy.satisfied(names) == policy.satisfied_by(good) == wanted
        assert again.satisfied(names) == wanted


def test_every_proof_of_every_small_tree_comes_from_its_node_file(tmp_path: Path) -> None:
    data = [number.to_bytes(4, "big") for number in range(34)]
    with NodeFile(tmp_path / "nodes") as nodes:
        for size in range(35):
            nodes.extend(LEAVES[nodes.size : size])
            for smaller in range(size + 1):
                assert nodes.root(smaller) == rfc9162.mth(data[:smaller])
                assert nodes.frontier(smaller).root() == nodes.root(smaller)
            for index in range(size):
                proof = nodes.inclusion(index)
                assert proof == rfc9162.path(index, data[:size])
                assert verify_inclusion(index, size, LEAVES[index], proof, nodes.root())


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from("xsct")), max_size=8))
def test_a_node_file_is_the_tree_of_what_it_kept(steps: list[tuple[int, str]]) -> None:
    """Extended, synced, killed and cut back in any order, it has what was synced or is extended."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "nodes"
        durable = kept = 0
        nodes = NodeFile(path)
        for count, step in steps:
            if step == "x":
                nodes.extend(LEAVES[kept : kept + count])
                kept += count
            elif step == "s":
                nodes.sync()
                durable = kept
            elif step == "t":
                kept = durable = min(kept, count)
                nodes.truncate(kept)
            else:
                del nodes
                nodes = NodeFile(path)
                kept = durable
            assert nodes.size == kept
            assert nodes.root() == root_of(LEAVES[:kept])
        nodes.close()


sizes = st.integers(0, 70_000) | st.sampled_from([1, 255, 256, 257, 65_535, 65_536, 65_537])


@given(st.lists(sizes, max_size=4).map(sorted))
def test_step_by_step_the_same_tiles_come_as_at_once(steps: list[int]) -> None:
    if not steps:
        return
    published: set[TileRef] = set()
    for old, new in itertools.pairwise([0, *steps]):
        fresh = list(tiles_between(old, new))
        assert len(set(fresh)) == len(fresh)
        # Nothing is written twice, and nothing that the tree of before had already.
        assert published.isdisjoint(fresh)
        published.update(fresh)
        assert set(tiles_of(new)) <= published


@given(sizes)
def test_tiles_are_those_of_the_definition(size: int) -> None:
    wanted = set()
    level, count = 0, size
    while count:
        for index in range((count + 255) // 256):
            wanted.add((level, index, min(256, count - 256 * index)))
        if level == 0:
            wanted |= {(ENTRIES, index, width) for at, index, width in wanted if at == 0}
        level, count = level + 1, count // 256
    assert {(ref.level, ref.index, ref.width) for ref in tiles_of(size)} == wanted


@given(st.data(), sizes.filter(bool))
def test_needed_tiles_prove_their_entries(choice: st.DataObject, size: int) -> None:
    indices = choice.draw(st.lists(st.integers(0, size - 1), max_size=4))
    needed = needed_tiles(size, indices)
    assert needed == sorted(set(needed))
    assert set(needed) <= set(tiles_of(size))
    entries = {ref.index for ref in needed if ref.level == ENTRIES}
    assert entries == {index // 256 for index in indices}
    read = reader_of_tiles({ref: ref.hashes(READ) for ref in needed if ref.level != ENTRIES})
    for index in indices:
        assert inclusion_proof(index, size, read) == inclusion_proof(index, size, READ)


@given(
    st.integers(0, 2**48 - 1),
    st.integers(0, 2**48 - 1),
    st.binary(min_size=10, max_size=10),
    st.binary(min_size=10, max_size=10),
)
def test_ids_sort_by_time(one: int, other: int, random: bytes, more: bytes) -> None:
    first, second = uuid7(one, random), uuid7(other, more)
    assert first.version == second.version == 7
    assert first.variant == "specified in RFC 4122"
    if one != other:
        assert (first < second) == (str(first) < str(second)) == (one < other)
    meant = int.from_bytes(random, "big") & ~(0x3F << 62)
    assert first.int == one << 80 | 7 << 76 | (meant >> 68) << 64 | 2 << 62 | meant & (2**62 - 1)
