"""The tree, its tiles and its proofs: every small size against the definition."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import pytest
from tests.support.exact import found, refusal
from tests.support.rfc9162 import mth, path, proof

from detente.verify import tree as trees
from detente.verify.errors import Findings
from detente.verify.tiles import (
    ENTRIES,
    TileRef,
    all_tiles,
    group_name,
    needed_tiles,
    parse_path,
    read_entries,
    root_of_edge,
    tile_at,
    top,
)
from detente.verify.tree import Tree, fold, is_consistent, leaf_hash, next_level, node_hash
from detente.verify.treecheck import TreeCheck, entries_tile

LEAVES = [b"%d" % number for number in range(40)]
HASHES = [sha256(b"\x00" + leaf).digest() for leaf in LEAVES]
ROOTS = [mth(LEAVES[:size]) for size in range(41)]
ROW = b"".join(HASHES)


def test_hashes_by_definition() -> None:
    assert leaf_hash(b"x") == sha256(b"\x00x").digest()
    assert node_hash(b"l", b"r") == sha256(b"\x01lr").digest()
    assert sha256(b"").digest() == trees.EMPTY_ROOT


def test_a_level_above() -> None:
    for count in range(9):
        pairs = [node_hash(HASHES[at], HASHES[at + 1]) for at in range(0, count // 2 * 2, 2)]
        assert next_level(ROW[: count * 32]) == b"".join(pairs)


def test_peaks_are_folded_from_the_smallest() -> None:
    a, b, c = HASHES[:3]
    assert fold([]) == sha256(b"").digest()
    assert fold([a]) == a
    assert fold([a, b]) == node_hash(a, b)
    assert fold([a, b, c]) == node_hash(a, node_hash(b, c))


def test_a_tree_has_every_complete_node_and_every_root() -> None:
    for size in range(len(LEAVES) + 1):
        tree = Tree(ROW[: size * 32])
        assert tree.size == size
        assert [len(level) // 32 for level in tree.levels] == [
            size >> level for level in range(max(size.bit_length(), 1))
        ]
        for level in range(size.bit_length()):
            for index in range(size >> level):
                span = LEAVES[index << level : (index + 1) << level]
                assert tree.node(level, index) == mth(span)
        for smaller in range(size + 1):
            assert tree.root(smaller) == ROOTS[smaller]


def test_a_tree_gives_its_tiles() -> None:
    leaves = [b"%d" % number for number in range(520)]
    tree = Tree(b"".join(map(leaf_hash, leaves)))
    assert tree.hashes(0, 2, 8) == b"".join(map(leaf_hash, leaves[512:]))
    assert tree.hashes(0, 1, 3) == b"".join(map(leaf_hash, leaves[256:259]))
    assert tree.hashes(1, 0, 2) == mth(leaves[:256]) + mth(leaves[256:512])


def test_inclusion_proofs_lead_to_the_root_and_nothing_else_does() -> None:
    for size in range(1, 18):
        for index in range(size):
            steps = path(index, LEAVES[:size])
            leaf, root = HASHES[index], trees.root_from_inclusion
            assert root(leaf, index, size, steps) == ROOTS[size]
            assert root(leaf, index, size, [*steps, bytes(32)]) is None
            if steps:
                assert root(leaf, index, size, steps[:-1]) is None
        assert trees.root_from_inclusion(HASHES[0], size, size, []) is None
        assert trees.root_from_inclusion(HASHES[0], -1, size, []) is None


def test_consistency_proofs_are_exactly_those_of_the_definition() -> None:
    for new in range(1, 18):
        for old in range(1, new + 1):
            steps = proof(old, LEAVES[:new])
            before, after = ROOTS[old], ROOTS[new]
            assert is_consistent(old, new, before, after, steps) is True
            assert is_consistent(old, new, before, after, [*steps, bytes(32)]) is False
            assert is_consistent(old, new, bytes(32), after, steps) is False
            assert is_consistent(old, new, before, bytes(32), steps) is False
            for at in range(len(steps)):
                assert not is_consistent(old, new, before, after, steps[:at])
                broken = [*steps[:at], bytes(32), *steps[at + 1 :]]
                assert not is_consistent(old, new, before, after, broken)
    for old, new in ((0, 0), (0, 1), (-1, 1), (2, 1)):
        assert is_consistent(old, new, ROOTS[1], ROOTS[1], []) is False


# Tiles


def test_names_of_tiles() -> None:
    names = {
        0: "000",
        7: "007",
        999: "999",
        1000: "x001/000",
        1234: "x001/234",
        999_999: "x999/999",
        1_000_000: "x001/x000/000",
        12_034_567: "x012/x034/567",
    }
    for index, name in names.items():
        assert group_name(index) == name
        for level, word in ((ENTRIES, "entries"), (0, "0"), (63, "63")):
            for width, end in ((256, ""), (255, ".p/255"), (1, ".p/1")):
                ref = TileRef(level, index, width)
                assert ref.path == f"tile/{word}/{name}{end}"
                assert parse_path(ref.path) == ref


@pytest.mark.parametrize(
    "name",
    [
        "",
        "tile/64/000",
        "tile/100/000",
        "tile/-1/000",
        "tile/01/000",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/01",
        "tile/ENTRIES/000",
        "tile/0/000\n",
    ],
)
def test_other_spellings_are_no_tiles(name: str) -> None:
    assert parse_path(name) is None


def tiles_by_hand(size: int, level: int) -> list[TileRef]:
    count = size // 256 ** max(level, 0)
    full = [TileRef(level, index, 256) for index in range(count // 256)]
    return full + ([TileRef(level, count // 256, count % 256)] if count % 256 else [])


SIZES = (0, 1, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 66_000, 131_072, 131_200)


def test_all_tiles_of_a_tree() -> None:
    for size in SIZES:
        levels = (ENTRIES, 0, 1, 2, 3)
        assert list(all_tiles(size)) == [
            ref for level in levels for ref in tiles_by_hand(size, level)
        ]


def test_a_tile_by_place() -> None:
    for size in SIZES:
        for level in (ENTRIES, 0, 1, 2):
            here = tiles_by_hand(size, level)
            for index in (0, 1, len(here) - 1, len(here), len(here) + 1):
                if index >= 0:
                    expected = here[index] if index < len(here) else None
                    assert tile_at(level, index, size) == expected
        assert entries_tile(0, size) == tile_at(ENTRIES, 0, size)


def test_tiles_of_a_subset_are_those_above_it_and_the_last_of_each_level() -> None:
    for size in SIZES:
        for indices in ([], [0], [255], [256], [0, 65_535, 65_536], [131_199]):
            expected: set[TileRef] = set()
            for level in (ENTRIES, 0, 1, 2):
                span = 256 ** (max(level, 0) + 1)
                here = tiles_by_hand(size, level)
                wanted = {index // span for index in indices}
                if level != ENTRIES and here:
                    wanted |= {(size // 256**level - 1) // 256}
                expected |= {ref for ref in here if ref.index in wanted}
            assert needed_tiles(size, indices) == expected


def test_entries_are_read_one_after_another() -> None:
    long = bytes(65_535)
    data = b"\0\1a" + b"\1\0" + b"b" * 256 + b"\xff\xff" + long
    assert read_entries(data, 3, "t") == [b"a", b"b" * 256, long]
    assert read_entries(b"", 0, "t") == []
    for wrong in (b"", b"\0", b"\0\0", b"\0\2a", data[:-1], b"\0\1a", b"\0\1a\0\1b"):
        with refusal("tree.tile", "t", "fewer than 3 entries"):
            read_entries(wrong, 3, "t")
    for more in (b"x", b"\0\1a"):
        with refusal("tree.tile", "t", "more than 3 entries"):
            read_entries(data + more, 3, "t")


def test_the_longest_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detente.verify.tiles.ENTRY_BYTES_MAX", 2)
    assert read_entries(b"\0\2ab", 1, "t") == [b"ab"]
    with refusal("tree.tile", "t", "fewer than 1 entries"):
        read_entries(b"\0\3abc", 1, "t")


def test_the_top_of_a_tile() -> None:
    for size in (1, 2, 4, 8, 16, 32):
        assert top(ROW[: size * 32]) == ROOTS[size]


MANY = [b"%d" % number for number in range(66_000)]


@pytest.fixture(scope="module")
def large() -> Tree:
    return Tree(b"".join(map(leaf_hash, MANY)))


def edge_of(tree: Tree, size: int) -> dict[tuple[int, int], bytes]:
    return {
        (ref.level, ref.index): tree.hashes(ref.level, ref.index, ref.width)
        for ref in needed_tiles(size, [])
    }


def test_the_root_follows_from_the_right_edge(large: Tree) -> None:
    for size in (0, 1, 2, 3, 7, 128, 255, 256, 257, 383, 512, 600, 65_535, 65_536, 65_793, 66_000):
        edge = edge_of(large, size)
        assert root_of_edge(size, edge) == large.root(size)
        for place in edge:
            count = size >> 8 * place[0]
            rest = {key: value for key, value in edge.items() if key != place}
            expected = None if count % 256 else large.root(size)
            assert root_of_edge(size, rest) == expected


# The tree of a bundle


def checked(
    size: int,
    full: bool = True,
    indices: list[int] | None = None,
    change: Mapping[str, bytes | None] | None = None,
    leaf_hashes: dict[int, bytes] | None = None,
) -> tuple[TreeCheck, list[tuple[str, str, str]]]:
    leaves = MANY[:size]
    tree = Tree(b"".join(map(leaf_hash, leaves)))
    check, findings = TreeCheck(size), Findings()
    expected = check.expected(full, indices or [], findings)
    files: dict[str, bytes | None] = {
        ref.path: tree.hashes(ref.level, ref.index, ref.width) for ref in expected if ref.level >= 0
    }
    files |= {ref.path: b"unread" for ref in expected if ref.level < 0}
    files |= change or {}
    names = [name for name, data in files.items() if data is not None]
    groups = {
        number: tree.levels[0][number * 8192 : (number + 1) * 8192]
        for number in range((size + 255) // 256)
        if full or number in {index // 256 for index in indices or []}
    }
    check.check(names, expected, files.get, groups | (leaf_hashes or {}), findings)
    return check, found(findings)


def test_a_good_tree_of_tiles() -> None:
    for size in (1, 255, 256, 257, 600):
        check, errors = checked(size)
        assert errors == []
        assert check.root == mth(MANY[:size])
        assert check.tree is None
        partial, errors = checked(size, full=False, indices=[0])
        assert errors == []
        assert partial.root == mth(MANY[:size])


def test_what_is_expected_of_the_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = Findings()
    assert TreeCheck(600).expected(True, [], findings) == set(all_tiles(600))
    assert TreeCheck(600).expected(False, [300], findings) == needed_tiles(600, [300])
    monkeypatch.setattr("detente.verify.treecheck.BUNDLE_MEMBERS_MAX", 2)
    assert TreeCheck(512).expected(True, [], findings) == set(all_tiles(512))
    assert TreeCheck(513).expected(False, [], findings) == needed_tiles(513, [])
    assert found(findings) == []
    assert TreeCheck(513).expected(True, [], findings) == set()
    assert found(findings) == [
        ("file.missing", "tile/", "fewer tiles than the size demands"),
    ]


def test_tiles_too_many_or_missing_are_told() -> None:
    extra = {"tile/0/009": b"", "tile/x": b"", "tile/0/000": bytes(8192)}
    _, errors = checked(5, change=extra)
    words = "no tile of this tree that belongs here"
    assert errors == [("file.extra", name, words) for name in extra]
    check, errors = checked(600, change={"tile/0/001": None, "tile/1/000.p/2": None})
    assert errors == [
        ("file.missing", "tile/0/001", ""),
        ("file.missing", "tile/1/000.p/2", ""),
    ]
    assert check.root is None
    assert sorted(check.tiles) == [(0, 0), (0, 2)]


def test_tiles_of_another_length_are_told_and_not_used() -> None:
    for data in (b"", bytes(31), bytes(5 * 32 - 1), bytes(6 * 32)):
        check, errors = checked(5, change=({"tile/0/000.p/5": data}))
        assert errors == [("tree.tile", "tile/0/000.p/5", "not 5 hashes")]
        assert (check.tiles, check.root) == ({}, None)
    check, errors = checked(257, change={"tile/0/000": b"x"})
    assert errors == [("tree.tile", "tile/0/000", "not 256 hashes")]
    assert sorted(check.tiles) == [(0, 1), (1, 0)]


def test_tiles_that_contradict_each_other_are_told() -> None:
    _, errors = checked(5, leaf_hashes={0: bytes(160)})
    assert errors == [("tree.tile", "tile 0/0", "not the hashes of its entries")]
    assert checked(5, leaf_hashes={0: b"", 7: bytes(32)})[1] == []
    leaf_row = Tree(b"".join(map(leaf_hash, MANY[:600]))).levels[0]
    wrong = bytes(32) + leaf_row[32:8192]
    change: dict[str, bytes | None] = {"tile/0/000": wrong}
    _, errors = checked(600, change=change, leaf_hashes={0: wrong})
    assert errors == [("tree.tile", "tile 0/0", "not in the tile above it")]
    wrong = bytes(32) + leaf_row[8192 + 32 : 2 * 8192]
    _, errors = checked(600, change={"tile/0/001": wrong}, leaf_hashes={1: wrong})
    assert errors == [("tree.tile", "tile 0/1", "not in the tile above it")]


def test_tiles_without_one_above_are_not_compared_with_it() -> None:
    change: dict[str, bytes | None] = {"tile/0/000": bytes(8192), "tile/1/000.p/2": None}
    _, errors = checked(600, change=change, leaf_hashes={0: b""})
    assert errors == [("file.missing", "tile/1/000.p/2", "")]


def test_the_second_level_above_is_compared_with_the_first(large: Tree) -> None:
    check, findings = TreeCheck(65_536), Findings()
    tiles = {(1, 0): large.hashes(1, 0, 256), (2, 0): large.hashes(2, 0, 1)}
    check.tiles = dict(tiles)
    check._check_parents(findings)
    assert found(findings) == []
    check.tiles[2, 0] = bytes(32)
    check._check_parents(findings)
    assert found(findings) == [("tree.tile", "tile 1/0", "not in the tile above it")]


def test_a_full_bundle_knows_every_root() -> None:
    check, _ = checked(600)
    rows = {number: b"".join(map(leaf_hash, MANY[number * 256 :][:256])) for number in range(3)}
    rows[2] = rows[2][: 88 * 32]
    for wrong in ({0: rows[0], 1: rows[1]}, rows | {2: rows[2][:-32]}, rows | {2: rows[2] + b"x"}):
        check.grow(wrong)
        assert check.tree is None
        assert check.root_at(1) is None
    assert check.root_at(599) is None
    assert check.root_at(600) == check.root
    check.grow({2: rows[2], 0: rows[0], 1: rows[1]})
    assert check.tree is not None
    assert check.root_at(599) == mth(MANY[:599])
    assert check.root_at(600) == mth(MANY[:600])
    assert check.root_at(601) is None
    for size in (256, 257):
        whole = TreeCheck(size)
        whole.grow({0: rows[0], 1: rows[1][:32]} if size == 257 else {0: rows[0]})
        assert whole.root is None
        assert whole.root_at(size) == mth(MANY[:size])


def test_a_subset_knows_leaf_hashes_and_proofs() -> None:
    check, _ = checked(600, full=False, indices=[300])
    assert check.leaf_hash(300) == leaf_hash(MANY[300])
    assert check.leaf_hash(0) is None
    assert check.leaf_hash(256) == leaf_hash(MANY[256])
    steps, root = path(300, MANY[:600]), mth(MANY[:600])
    assert check.includes(300, 600, root, steps) is True
    assert check.includes(300, 600, bytes(32), steps) is False
    assert check.includes(301, 600, root, steps) is False
    assert check.includes(300, 600, root, steps[:-1]) is False
    assert check.includes(0, 600, root, path(0, MANY[:600])) is False
