from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from detente.record import (
    ENTRIES,
    Checkpoint,
    Ed25519Signer,
    NoteMalformed,
    TileDirectory,
    TileRef,
    TilesMalformed,
    TilesUnusable,
    decode_entries,
    decode_hashes,
    encode_entries,
    entries_path,
    inclusion_proof,
    leaf_hash,
    needed_tiles,
    parse_path,
    reader_of_tiles,
    root_of,
    sign_checkpoint,
    tile_path,
    tiles_between,
    tiles_of,
)
from detente.record.merkle import range_root, reader_of

SIGNER = Ed25519Signer("a.example/log", bytes(range(32)))
BODIES = [b"entry %d" % number for number in range(700)]
LEAVES = [leaf_hash(body) for body in BODIES]


class Source:
    """A log in memory."""

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self.bodies = bodies
        self.read = reader_of([leaf_hash(body) for body in bodies])

    def entries(self, first: int, end: int) -> Sequence[bytes]:
        return self.bodies[first:end]


class AsyncSource(Source):
    async def entries(self, first: int, end: int) -> Sequence[bytes]:  # type: ignore[override]
        await asyncio.sleep(0)
        return self.bodies[first:end]


SOURCE = Source(BODIES)


def note_of(size: int, bodies: Sequence[bytes] = BODIES) -> str:
    root = root_of([leaf_hash(body) for body in bodies[:size]])
    return sign_checkpoint(Checkpoint("a.example/log", size, root), SIGNER)


def names(directory: Path) -> set[str]:
    return {
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    }


def serves(directory: TileDirectory, size: int) -> bool:
    """Whether a client finds all of the tree of that size."""
    if directory.checkpoint() != note_of(size):
        return False
    tiles = {}
    for ref in tiles_of(size):
        data = directory.tile(ref.path)
        if data is None:
            return False
        tiles[ref] = data
    read = reader_of_tiles(tiles)
    entries = [
        body for ref in sorted(tiles) if ref.level == ENTRIES for body in decode_entries(tiles[ref])
    ]
    return entries == BODIES[:size] and (
        not size or range_root(0, size, read) == root_of(LEAVES[:size])
    )


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        (TileRef(0, 0), "tile/0/000"),
        (TileRef(0, 1234067), "tile/0/x001/x234/067"),
        (TileRef(63, 999, 255), "tile/63/999.p/255"),
        (TileRef(1, 1000, 1), "tile/1/x001/000.p/1"),
        (TileRef(ENTRIES, 5), "tile/entries/005"),
        (TileRef(ENTRIES, 1_000_000, 7), "tile/entries/x001/x000/000.p/7"),
    ],
)
def test_a_tile_has_one_path(ref: TileRef, path: str) -> None:
    assert ref.path == path
    assert parse_path(path) == ref


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p",
        "tile/0/000.p/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/../000",
        "tile/data/000",
        "checkpoint",
        "tile/0/" + "x001/" * 7 + "000",
    ],
)
def test_what_is_no_path_of_a_tile_is_none(path: str) -> None:
    assert parse_path(path) is None


def test_places_that_do_not_exist_have_no_path() -> None:
    for level, index, width in ((-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(ValueError, match=r"."):
            tile_path(level, index, width)
    with pytest.raises(ValueError, match="wide"):
        entries_path(0, 257)


def test_entries_stand_behind_their_length() -> None:
    bodies = [b"", b"a", b"x" * 65_535]
    data = encode_entries(bodies)
    assert data[:5] == b"\x00\x00\x00\x01a"
    assert decode_entries(data) == bodies
    with pytest.raises(ValueError, match="65535"):
        encode_entries([b"x" * 65_536])


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x01", b"\x00\x01ab", b"\x00\x00" * 257])
def test_damaged_entries_tiles_are_refused(data: bytes) -> None:
    with pytest.raises(TilesMalformed):
        decode_entries(data)


@pytest.mark.parametrize("size", [0, 31, 33, 257 * 32])
def test_damaged_hash_tiles_are_refused(size: int) -> None:
    with pytest.raises(TilesMalformed):
        decode_hashes(bytes(size))


def test_the_tiles_of_seventy_thousand_entries_are_those_of_the_specification() -> None:
    hashes = [ref for ref in tiles_of(70_000) if ref.level != ENTRIES]
    counts = {
        level: [
            sum(ref.level == level and ref.full is full for ref in hashes) for full in (True, False)
        ]
        for level in range(3)
    }
    assert counts == {0: [273, 1], 1: [1, 1], 2: [0, 1]}
    assert [ref for ref in hashes if not ref.full] == [
        TileRef(0, 273, 112),
        TileRef(1, 1, 17),
        TileRef(2, 0, 1),
    ]
    assert [ref.path for ref in tiles_of(256)] == [
        "tile/entries/000",
        "tile/0/000",
        "tile/1/000.p/1",
    ]
    assert list(tiles_of(0)) == []
    with pytest.raises(ValueError, match="grows"):
        list(tiles_between(2, 1))


def test_few_tiles_show_few_entries() -> None:
    needed = needed_tiles(70_000, [5, 7, 69_999])
    assert needed == [
        TileRef(ENTRIES, 0),
        TileRef(ENTRIES, 273, 112),
        TileRef(0, 0),
        TileRef(0, 273, 112),
        TileRef(1, 0),
        TileRef(1, 1, 17),
        TileRef(2, 0, 1),
    ]
    assert needed_tiles(0, []) == []
    with pytest.raises(ValueError, match="no leaf 3"):
        needed_tiles(3, [3])


def test_needed_tiles_are_enough_for_root_and_proof() -> None:
    for size in (1, 255, 256, 257, 512, 700):
        for index in {0, size // 2, size - 1}:
            tiles = {
                ref: ref.hashes(SOURCE.read)
                for ref in needed_tiles(size, [index])
                if ref.level != ENTRIES
            }
            read = reader_of_tiles(tiles)
            assert range_root(0, size, read) == root_of(LEAVES[:size])
            assert inclusion_proof(index, size, read) == inclusion_proof(index, size, SOURCE.read)


def test_a_reader_of_tiles_says_what_is_missing() -> None:
    read = reader_of_tiles({TileRef(0, 0, 3): b"x" * 96})
    for level, index in ((0, 3), (0, 256), (1, 1), (8, 0)):
        with pytest.raises(KeyError):
            read(level, index)


@pytest.mark.parametrize("steps", [[700], [1, 2, 255, 256, 257, 511, 512, 700], [0, 3, 3, 600]])
def test_every_checkpoint_is_served_with_its_tiles(tmp_path: Path, steps: list[int]) -> None:
    directory = TileDirectory(tmp_path / "log")
    assert directory.checkpoint() is None
    for size in steps:
        directory.publish(SOURCE, note_of(size))
        assert serves(directory, size)
    last = steps[-1]
    wanted = {ref.path for ref in tiles_of(last)}
    kept = {
        ref.path
        for size in steps
        for ref in tiles_of(size)
        if not ref.full and (ref.index + 1) * 256 > last >> 8 * max(ref.level, 0)
    }
    assert names(tmp_path / "log") == {"checkpoint", *wanted, *kept}


def test_entries_may_have_to_be_waited_for(tmp_path: Path) -> None:
    directory = TileDirectory(tmp_path)
    source = AsyncSource(BODIES)
    asyncio.run(directory.publish_async(source, note_of(300)))
    asyncio.run(directory.publish_async(source, note_of(700)))
    assert serves(directory, 700)


def test_cosignatures_that_come_later_replace_the_note(tmp_path: Path) -> None:
    directory = TileDirectory(tmp_path)
    directory.publish(SOURCE, note_of(5))
    note = note_of(5) + "\u2014 w.example AAAAAAAA\n"
    directory.publish(SOURCE, note)
    assert directory.checkpoint() == note


def test_what_does_not_continue_the_log_is_refused(tmp_path: Path) -> None:
    directory = TileDirectory(tmp_path)
    directory.publish(SOURCE, note_of(300))
    other = [*BODIES[:299], b"forged", *BODIES[300:]]
    elsewhere = sign_checkpoint(Checkpoint("b.example/log", 400, root_of(LEAVES[:400])), SIGNER)
    for source, note in (
        (SOURCE, note_of(299)),
        (SOURCE, elsewhere),
        (SOURCE, note_of(400, other)),
        (Source(other), note_of(400, other)),
        (Source(other), note_of(300, other)),
        (Source(BODIES[:350]), note_of(400)),
    ):
        with pytest.raises(TilesUnusable):
            directory.publish(source, note)
    with pytest.raises(NoteMalformed):
        directory.publish(SOURCE, "")
    assert serves(directory, 300)


def test_entries_that_are_not_those_of_the_tree_are_not_published(tmp_path: Path) -> None:
    for bodies in ([*BODIES[:3], b"forged", *BODIES[4:]], BODIES[:5]):
        source = Source(bodies)
        source.read = SOURCE.read
        directory = TileDirectory(tmp_path)
        with pytest.raises(TilesUnusable):
            directory.publish(source, note_of(10))
        assert directory.checkpoint() is None


def test_what_was_written_in_vain_is_replaced(tmp_path: Path) -> None:
    directory = TileDirectory(tmp_path)
    directory.publish(SOURCE, note_of(3))
    never = tmp_path / tile_path(0, 0, 7)
    never.write_bytes(b"of a tree that was lost before it was published")
    directory.publish(SOURCE, note_of(7))
    assert serves(directory, 7)


def test_only_paths_of_tiles_lead_to_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    directory = TileDirectory(tmp_path / "log")
    directory.publish(SOURCE, note_of(3))
    for path in (
        "checkpoint",
        "../secret",
        "tile/0/../../checkpoint",
        "tile/0/001",
        "tile/0/000.p/9",
    ):
        assert directory.tile(path) is None
    assert directory.tile("tile/0/000.p/3") == b"".join(LEAVES[:3])
    (tmp_path / "log" / "checkpoint").write_bytes(b"\xff")
    with pytest.raises(TilesUnusable):
        directory.checkpoint()
    (tmp_path / "log" / "checkpoint").write_bytes(b"x")
    with pytest.raises(TilesUnusable):
        directory.publish(SOURCE, note_of(3))
    with pytest.raises(TilesUnusable):
        TileDirectory(tmp_path / "secret").publish(SOURCE, note_of(3))


class Crash(BaseException):
    """The process is gone: nothing catches it."""


def test_a_crash_between_any_two_steps_leaves_a_whole_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = -1

    def counted(name: str) -> Callable[..., object]:
        real: Callable[..., object] = getattr(os, name)

        def step(*arguments: object, **more: object) -> object:
            nonlocal left
            if left == 0:
                raise Crash
            left -= 1
            return real(*arguments, **more)

        return step

    crashes, seen = 0, set()
    while True:
        directory = TileDirectory(tmp_path / str(crashes))
        directory.publish(SOURCE, note_of(200))
        directory.publish(SOURCE, note_of(300))
        with monkeypatch.context() as patched:
            for name in ("open", "write", "fsync", "replace", "mkdir", "unlink", "rmdir"):
                patched.setattr(os, name, counted(name))
            left = crashes
            try:
                directory.publish(SOURCE, note_of(600))
            except Crash:
                finished = False
            else:
                finished = True
            left = -1
        after = TileDirectory(directory.path)
        sizes = [size for size in (300, 600) if serves(after, size)]
        assert len(sizes) == 1
        seen.update(sizes)
        # Whoever goes on afterwards finds nothing in the way, and nothing stays behind.
        after.publish(SOURCE, note_of(700))
        assert serves(after, 700)
        assert not (after.path / "tile/0/000.p").exists()
        assert not (after.path / "tile/entries/001.p").exists()
        if finished:
            break
        crashes += 1
    assert crashes > 30
    assert seen == {300, 600}
