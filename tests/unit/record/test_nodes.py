from __future__ import annotations

import os
from pathlib import Path

import pytest

from detente.record import (
    EMPTY_ROOT,
    Frontier,
    NodeFile,
    NodesUnusable,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
)
from detente.record.merkle import reader_of
from detente.record.nodes import stored_count, stored_position

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(300)]


def filled(path: Path, size: int) -> NodeFile:
    nodes = NodeFile(path)
    nodes.extend(LEAVES[:size])
    return nodes


def test_hashes_stand_in_the_order_in_which_they_become_known() -> None:
    order = []
    for leaf in range(70):
        order.append((0, leaf))
        level, index = 0, leaf
        while index & 1:
            level, index = level + 1, index >> 1
            order.append((level, index))
        assert stored_count(leaf + 1) == len(order)
    assert [stored_position(level, index) for level, index in order] == list(range(len(order)))


def test_an_empty_tree_has_a_root_and_nothing_to_read(tmp_path: Path) -> None:
    with NodeFile(tmp_path / "nodes") as nodes:
        assert (nodes.size, nodes.root(), nodes.frontier()) == (0, EMPTY_ROOT, Frontier())
        for level, index in ((0, 0), (1, 0), (-1, 0), (0, -1)):
            with pytest.raises(ValueError, match="no node"):
                nodes.read(level, index)


def test_every_node_root_and_frontier_is_that_of_the_slow_tree(tmp_path: Path) -> None:
    with filled(tmp_path / "nodes", 130) as nodes:
        for size in range(131):
            tree = Frontier()
            tree.extend(LEAVES[:size])
            assert nodes.root(size) == root_of(LEAVES[:size])
            assert nodes.frontier(size) == tree
        for level in range(8):
            for index in range(130 >> level):
                begin = index << level
                assert nodes.read(level, index) == root_of(LEAVES[begin : begin + (1 << level)])
        for level, index in ((0, 130), (1, 65), (7, 1), (8, 0)):
            with pytest.raises(ValueError, match="no node"):
                nodes.read(level, index)


def test_proofs_are_those_of_the_slow_tree(tmp_path: Path) -> None:
    read = reader_of(LEAVES)
    with filled(tmp_path / "nodes", 70) as nodes:
        for size in (1, 2, 3, 31, 64, 70):
            for index in range(size):
                assert nodes.inclusion(index, size) == inclusion_proof(index, size, read)
            for old in range(size + 1):
                assert nodes.consistency(old, size) == consistency_proof(old, size, read)
        assert nodes.inclusion(5) == inclusion_proof(5, 70, read)
        for wrong in (
            lambda: nodes.inclusion(70),
            lambda: nodes.consistency(5, 71),
            lambda: nodes.root(-1),
        ):
            with pytest.raises(ValueError, match=r"."):
                wrong()


def test_it_is_there_again_after_it_was_closed(tmp_path: Path) -> None:
    nodes = filled(tmp_path / "nodes", 100)
    nodes.close()
    nodes.close()
    with NodeFile(tmp_path / "nodes") as again:
        assert (again.size, again.root()) == (100, root_of(LEAVES[:100]))
        again.extend(LEAVES[100:])
        assert again.root() == root_of(LEAVES)
    assert (tmp_path / "nodes").stat().st_size == 32 + 32 * stored_count(300)
    assert (tmp_path / "nodes").stat().st_mode & 0o777 == 0o600


def test_what_was_not_synced_is_dropped(tmp_path: Path) -> None:
    nodes = filled(tmp_path / "nodes", 40)
    nodes.sync()
    nodes.extend(LEAVES[40:90])
    del nodes
    with NodeFile(tmp_path / "nodes") as again:
        assert (again.size, again.root()) == (40, root_of(LEAVES[:40]))


def test_a_file_torn_at_any_byte_is_a_smaller_tree(tmp_path: Path) -> None:
    with filled(tmp_path / "nodes", 21):
        pass
    data = (tmp_path / "nodes").read_bytes()
    for length in range(len(data) + 1):
        torn = tmp_path / "torn"
        torn.write_bytes(data[:length])
        with NodeFile(torn) as nodes:
            whole = max(0, length - 32) // 32
            most = max(size for size in range(22) if stored_count(size) <= whole)
            assert nodes.size == most
            nodes.extend(LEAVES[nodes.size : 33])
            assert nodes.root() == root_of(LEAVES[:33])
            assert nodes.read(5, 0) == root_of(LEAVES[:32])


def test_no_byte_behind_the_durable_ones_is_believed(tmp_path: Path) -> None:
    with filled(tmp_path / "nodes", 21):
        pass
    data = (tmp_path / "nodes").read_bytes()
    for more in (1, 31, 32, 33, 64, 4096):
        (tmp_path / "nodes").write_bytes(data + bytes(more))
        with NodeFile(tmp_path / "nodes") as nodes:
            assert nodes.size == 21
        assert (tmp_path / "nodes").read_bytes() == data


def test_a_damaged_header_means_to_begin_again(tmp_path: Path) -> None:
    with filled(tmp_path / "nodes", 21):
        pass
    data = bytearray((tmp_path / "nodes").read_bytes())
    for at in range(16, 32):
        changed = bytearray(data)
        changed[at] ^= 0x40
        (tmp_path / "nodes").write_bytes(changed)
        with NodeFile(tmp_path / "nodes") as nodes:
            assert nodes.size == 0


def test_something_else_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "letter"
    other.write_bytes(b"Dear neighbour, ...")
    with pytest.raises(NodesUnusable, match="not a file of tree hashes"):
        NodeFile(other)
    assert other.read_bytes() == b"Dear neighbour, ..."
    with pytest.raises(NodesUnusable):
        NodeFile(tmp_path)
    with pytest.raises(NodesUnusable):
        NodeFile(tmp_path / "absent" / "nodes")
    with pytest.raises(NodesUnusable, match="regular"):
        NodeFile(Path(os.devnull))


def test_two_cannot_have_it_at_once(tmp_path: Path) -> None:
    with filled(tmp_path / "nodes", 3), pytest.raises(NodesUnusable, match="Another"):
        NodeFile(tmp_path / "nodes")
    NodeFile(tmp_path / "nodes").close()


def test_it_can_be_cut_back(tmp_path: Path) -> None:
    with filled(tmp_path / "nodes", 100) as nodes:
        nodes.truncate(37)
        assert (nodes.size, nodes.root()) == (37, root_of(LEAVES[:37]))
        with pytest.raises(ValueError, match="no node"):
            nodes.read(0, 37)
        with pytest.raises(ValueError, match="37 leaves"):
            nodes.truncate(38)
        nodes.extend(LEAVES[37:])
        assert nodes.root() == root_of(LEAVES)


def test_a_hash_of_another_length_is_refused(tmp_path: Path) -> None:
    with filled(tmp_path / "nodes", 3) as nodes:
        with pytest.raises(ValueError, match="32 bytes"):
            nodes.extend([*LEAVES[3:5], b"short"])
        assert (nodes.size, nodes.root()) == (3, root_of(LEAVES[:3]))


def test_a_file_that_shrinks_under_the_reader_is_noticed(tmp_path: Path) -> None:
    with filled(tmp_path / "nodes", 100) as nodes:
        os.truncate(tmp_path / "nodes", 64)
        with pytest.raises(NodesUnusable, match="shorter"):
            nodes.root()


def test_failures_of_the_disk_are_told_and_add_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with filled(tmp_path / "nodes", 5) as nodes:
        with monkeypatch.context() as patched:
            for name in ("pwrite", "fsync", "ftruncate", "pread"):
                patched.setattr(os, name, full)
            for act in (
                lambda: nodes.extend(LEAVES[5:9]),
                nodes.sync,
                lambda: nodes.read(0, 0),
            ):
                with pytest.raises(NodesUnusable, match="No space"):
                    act()
        assert nodes.size == 5
        nodes.extend(LEAVES[5:9])
        assert nodes.root() == root_of(LEAVES[:9])


def test_a_process_killed_at_any_write_leaves_a_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call that changes the file is cut off, before it or in the middle of its bytes."""

    class Killed(BaseException):
        pass

    real = os.pwrite
    for kill_at in range(12):
        for part in (0, 1, 31, 32, 33, 1000):
            path = tmp_path / f"{kill_at}-{part}"
            calls = 0

            def dying(file: int, data: bytes, offset: int) -> int:
                nonlocal calls
                calls += 1
                if calls > kill_at:  # noqa: B023
                    real(file, bytes(data)[:part], offset)  # noqa: B023
                    raise Killed
                return real(file, data, offset)

            with monkeypatch.context() as patched:
                patched.setattr(os, "pwrite", dying)
                try:
                    nodes = NodeFile(path)
                    for end in (1, 7, 20, 64, 90):
                        nodes.extend(LEAVES[nodes.size : end])
                        nodes.sync()
                except Killed:
                    pass
            nodes = None  # type: ignore[assignment]
            with NodeFile(path) as again:
                assert again.size in (0, 1, 7, 20, 64, 90)
                # Only a torn header costs more than what was not synced.
                assert again.size or kill_at <= 2 or 0 < part < 32
                assert again.root() == root_of(LEAVES[: again.size])
                again.extend(LEAVES[again.size : 100])
                assert again.root() == root_of(LEAVES[:100])
