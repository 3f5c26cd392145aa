"""What every backend of the log must do, the same for all three."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from tests.integration.record.conftest import Place
from tests.support.records import ONE, TWO, VERIFIERS, append, collect, fill, ledger

from detente.record import (
    EMPTY_ROOT,
    Frontier,
    Head,
    HeadMoved,
    Log,
    LogDamaged,
    LogUnavailable,
    SnapshotDamaged,
    StoredCheckpoint,
    StoredEntry,
    leaf_hash,
    restore_newest,
    verify_log,
)

pytestmark = pytest.mark.anyio


async def put(log: Log, size: int, *bodies: bytes, note: str = "note") -> Head:
    """Append below the ledger: hashes and notes are whatever the caller says."""
    head = Head(size + len(bodies), leaf_hash(b"".join(bodies)), f"{note} {size + len(bodies)}")
    async with log.writing(size) as writing:
        await writing.append(size, bodies, [leaf_hash(body) for body in bodies], head)
    return head


async def test_a_new_log_is_empty(place: Place) -> None:
    log = await place.open()
    assert await log.head() == Head(0, EMPTY_ROOT, "")
    assert await log.read(0, 10) == []
    assert await log.entries(0, 10) == []
    assert await log.checkpoints(0, 10) == []
    assert await log.checkpoint_at_or_before(5) is None
    assert await log.snapshots() == []


async def test_what_is_appended_is_there_after_a_restart(place: Place) -> None:
    log = await place.open()
    head = await put(log, 0, b"a", b"", b"\x00\xff")
    log = await place.reopen()
    assert await log.head() == head
    assert await log.read(0, 10) == [b"a", b"", b"\x00\xff"]
    assert await log.entries(1, 1) == [StoredEntry(1, leaf_hash(b""), b"")]
    await put(log, 3, b"d")
    assert await log.read(2, 10) == [b"\x00\xff", b"d"]


async def test_reading_has_limits(place: Place) -> None:
    log = await place.open()
    head = await put(log, 0, *[str(number).encode() for number in range(10)])
    assert await log.read(3, 2) == [b"3", b"4"]
    assert await log.read(9, 5) == [b"9"]
    assert await log.read(10, 5) == []
    assert await log.read(11, 5) == []
    assert await log.read(0, 0) == []
    for since, expected in ((8, [b"8", b"9"]), (10, []), (20, [])):
        tail = await log.tail(since, 5)
        assert (tail.head, tail.bodies) == (head, expected)


async def test_large_and_many_entries(place: Place) -> None:
    log = await place.open()
    bodies = [b"x" * 3_000_000, *[b"%d" % number for number in range(3000)]]
    await put(log, 0, *bodies)
    assert await log.read(0, 5000) == bodies


async def test_checkpoints_are_kept_one_a_batch(place: Place) -> None:
    log = await place.open()
    await put(log, 0, b"a", b"b")
    await put(log, 2, b"c")
    await put(log, 3, b"d")
    assert await log.checkpoints(0, 2) == [
        StoredCheckpoint(2, "note 2"),
        StoredCheckpoint(3, "note 3"),
    ]
    assert await log.checkpoints(3, 9) == [
        StoredCheckpoint(3, "note 3"),
        StoredCheckpoint(4, "note 4"),
    ]
    assert await log.checkpoint_at_or_before(1) is None
    assert await log.checkpoint_at_or_before(2) == StoredCheckpoint(2, "note 2")
    assert await log.checkpoint_at_or_before(99) == StoredCheckpoint(4, "note 4")


async def test_an_append_at_another_size_is_refused(place: Place) -> None:
    log = await place.open()
    head = await put(log, 0, b"a")
    async with log.writing() as writing:
        assert writing.head == head
        with pytest.raises(HeadMoved):
            await writing.append(0, [b"b"], [leaf_hash(b"b")], Head(1, b"r", "n"))
    async with log.writing() as writing:
        with pytest.raises(HeadMoved):
            await writing.append(2, [b"b"], [leaf_hash(b"b")], Head(3, b"r", "n"))
    assert await log.head() == head
    assert await log.entries(0, 9) == [StoredEntry(0, leaf_hash(b"a"), b"a")]


async def test_nonsense_is_refused(place: Place) -> None:
    log = await place.open()
    async with log.writing() as writing:
        with pytest.raises(ValueError, match="fit together"):
            await writing.append(0, [], [], Head(0, b"r", "n"))
        with pytest.raises(ValueError, match="fit together"):
            await writing.append(0, [b"a"], [], Head(1, b"r", "n"))
        with pytest.raises(ValueError, match="fit together"):
            await writing.append(0, [b"a"], [b"h"], Head(2, b"r", "n"))
        await writing.append(0, [b"a"], [b"h"], Head(1, b"r", "n"))
        with pytest.raises(RuntimeError):
            await writing.append(1, [b"a"], [b"h"], Head(2, b"r", "n"))
    assert (await log.head()).size == 1


async def test_leaving_without_append_gives_the_head_back(place: Place) -> None:
    log, other = await place.open(), await place.open()
    async with log.writing():
        pass
    with contextlib.suppress(ZeroDivisionError):
        async with log.writing():
            raise ZeroDivisionError
    await put(other, 0, b"a")
    assert (await log.head()).size == 1


async def test_two_writers_take_turns(place: Place) -> None:
    log, other = await place.open(), await place.open()
    entered = asyncio.Event()

    async def second() -> None:
        async with other.writing(0) as writing:
            entered.set()
            assert writing.head.size == 1
            assert await writing.read(0, 10) == [b"a"]
            await writing.append(1, [b"b"], [leaf_hash(b"b")], Head(2, b"r", "n2"))

    async with log.writing(0) as writing:
        waiting = asyncio.ensure_future(second())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(entered.wait(), 0.1)
        await writing.append(0, [b"a"], [leaf_hash(b"a")], Head(1, b"r", "n1"))
    await waiting
    assert await log.read(0, 10) == [b"a", b"b"]


async def test_readers_do_not_wait_and_see_only_what_is_durable(place: Place) -> None:
    log, other = await place.open(), await place.open()
    await put(log, 0, b"a")
    async with log.writing(1) as writing:
        assert (await other.head()).size == 1
        assert (await other.tail(0, 10)).bodies == [b"a"]
        await writing.append(1, [b"b"], [leaf_hash(b"b")], Head(2, b"r", "n"))
        assert (await other.tail(0, 10)).bodies == [b"a", b"b"]


async def test_a_cancelled_writer_leaves_the_head_free(place: Place) -> None:
    log, other = await place.open(), await place.open()
    held = asyncio.Event()

    async def holds() -> None:
        async with log.writing():
            held.set()
            await asyncio.Event().wait()

    holder = asyncio.ensure_future(holds())
    await held.wait()
    waiter = asyncio.ensure_future(put(other, 0, b"never"))
    await asyncio.sleep(0.05)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    holder.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder
    await put(other, 0, b"a")
    await put(log, 1, b"b")
    assert await log.read(0, 10) == [b"a", b"b"]


async def test_a_cancelled_append_is_whole_or_not_at_all(place: Place) -> None:
    log = await place.open()
    book = ledger(log)
    for delay in range(20):
        before = book.size

        async def write() -> None:
            async with book.writing() as writing:
                await writing.append([b"one", b"two", b"three"])

        task = asyncio.ensure_future(write())
        for _ in range(delay):
            await asyncio.sleep(0.0002)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await book.catch_up()
        assert not book.uncertain
        assert book.size - before in (0, 3)
    await append(book, b"last")
    assert (await verify_log(log, VERIFIERS)).good


async def test_cancelled_readers_leave_the_log_usable(place: Place) -> None:
    log = await place.open()
    await put(log, 0, *[b"x" * 1000] * 500)
    for delay in range(10):
        reading = asyncio.ensure_future(log.read(0, 500))
        for _ in range(delay):
            await asyncio.sleep(0.0002)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
    assert len(await log.read(0, 500)) == 500


async def test_many_tasks_at_once(place: Place) -> None:
    logs = [await place.open(), await place.open()]
    books = [ledger(logs[0], ONE), ledger(logs[1], TWO)]
    seen: list[list[bytes]] = [[], []]

    async def write(which: int, number: int) -> None:
        async with books[which].writing() as writing:
            seen[which] += writing.entries
            body = b"%d-%d" % (which, number)
            await writing.append([body])
            seen[which].append(body)

    async def read(which: int) -> None:
        seen[which] += await books[which].catch_up()

    await asyncio.gather(
        *[write(which, number) for number in range(20) for which in (0, 1)],
        *[read(which) for _ in range(20) for which in (0, 1)],
    )
    await read(0)
    await read(1)
    assert seen[0] == seen[1] == await logs[0].read(0, 100)
    assert sorted(seen[0]) == sorted(b"%d-%d" % (w, n) for w in (0, 1) for n in range(20))


async def test_after_closing_nothing_works_and_closing_again_does(place: Place) -> None:
    log = await place.open()
    await log.close()
    await log.close()
    with pytest.raises(LogUnavailable, match="closed"):
        await log.head()
    with pytest.raises(LogUnavailable, match="closed"):
        async with log.writing():
            pass


async def test_an_append_under_way_is_finished_before_closing(place: Place) -> None:
    log = await place.open()
    book = ledger(log)
    async with book.writing() as writing:
        appending = asyncio.ensure_future(writing.append([b"a"]))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(log.close())
        await appending
    await closing
    assert await (await place.reopen()).read(0, 1) == [b"a"]


# --- damage ------------------------------------------------------------------------------------


@pytest.fixture
async def filled(place: Place) -> Place:
    """Ten batches of five."""
    log = await place.open()
    await fill(ledger(log), [[b"%d-%d" % (b, n) for n in range(5)] for b in range(10)])
    await place.reopen()
    return place


async def test_a_damaged_body_is_found(filled: Place) -> None:
    log = await filled.open()
    await filled.damage_entry(17, StoredEntry(17, leaf_hash(b"3-2"), b"forged"))
    with pytest.raises(LogDamaged) as caught:
        await ledger(log).catch_up()
    assert caught.value.where == "entry 17"
    assert [finding.where for finding in (await verify_log(log)).findings] == ["entry 17"]


async def test_a_forged_entry_is_narrowed_to_its_batch(filled: Place) -> None:
    log = await filled.open()
    await filled.damage_entry(17, StoredEntry(17, leaf_hash(b"forged"), b"forged"))
    with pytest.raises(LogDamaged) as caught:
        await ledger(log).catch_up()
    assert caught.value.where == "entries 15 to 19"


async def test_a_missing_entry_is_found(filled: Place) -> None:
    log = await filled.open()
    await filled.damage_entry(17, None)
    for read in (log.read(0, 50), ledger(log).catch_up(), log.tail(10, 20)):
        with pytest.raises(LogDamaged) as caught:
            await read
        assert caught.value.where == "entry 17"
    with pytest.raises(LogDamaged):
        async with log.writing(17) as writing:
            await writing.read(17, 50)
    assert [finding.where for finding in (await verify_log(log)).findings] == ["entry 17"]


async def test_a_damaged_head_is_found(filled: Place) -> None:
    log = await filled.open()
    await filled.damage_head(50, bytes(32))
    with pytest.raises(LogDamaged) as caught:
        await ledger(log).catch_up()
    assert caught.value.where == "head"


async def test_a_head_that_went_back_is_found_by_whoever_saw_more(filled: Place) -> None:
    log = await filled.open()
    book = ledger(log)
    await book.catch_up()
    await filled.damage_head(45, (await log.head()).root)
    with pytest.raises(LogDamaged, match="50 have been seen"):
        await book.catch_up()


async def test_entries_beyond_the_head_stop_the_next_append(filled: Place) -> None:
    log = await filled.open()
    book = ledger(log)
    await book.catch_up()
    if filled.name == "memory":
        pytest.skip("a dictionary has no unique index")
    await filled.execute(
        "INSERT INTO entries (position, leaf_hash, body) "
        f"VALUES (50, {filled.blob(bytes(32))}, {filled.blob(b'x')})"
    )
    async with book.writing() as writing:
        with pytest.raises(LogDamaged, match="beyond the head") as caught:
            await writing.append([b"next"])
        assert writing.landed is False
    assert caught.value.where == "entry 50"
    assert (await log.head()).size == 50


# --- snapshots ---------------------------------------------------------------------------------

SIZES = (15, 20, 25, 30)


async def saved(place: Place, sizes: tuple[int, ...] = SIZES) -> Log:
    """Snapshots at some checkpoints; the body tells which."""
    log = await place.open()
    bodies = await log.read(0, 100)
    for size in sizes:
        tree = Frontier()
        tree.extend([leaf_hash(body) for body in bodies[:size]])
        chunks = [b"state ", b"", b"at %d" % size]
        info = await log.save_snapshot(size, tree.root(), tree.to_bytes(), chunks)
        assert (info.size, info.root, info.length) == (size, tree.root(), 11 if size else 0)
    return log


async def newest(log: Log) -> tuple[bytes | None, list[str]]:
    """What a start makes of the snapshots there are."""
    damages: list[str] = []
    restored = await restore_newest(
        log, collect, lambda damage: damages.append(damage.message), VERIFIERS
    )
    return None if restored is None else restored.state, damages


async def test_the_newest_two_snapshots_are_kept_and_survive_a_restart(filled: Place) -> None:
    await saved(filled)
    log = await filled.reopen()
    infos = await log.snapshots()
    assert [info.size for info in infos] == [30, 25]
    assert await collect(log.load_snapshot(infos[1])) == b"state at 25"
    assert await newest(log) == (b"state at 30", [])


async def test_an_older_snapshot_saved_late_does_not_replace_a_newer_one(filled: Place) -> None:
    log = await saved(filled, (30, 25, 20))
    assert [info.size for info in await log.snapshots()] == [30, 25]


async def test_snapshots_can_be_dropped(filled: Place) -> None:
    log = await saved(filled)
    infos = await log.snapshots()
    await log.drop_snapshot(infos[0])
    await log.drop_snapshot(infos[0])
    assert await log.snapshots() == infos[1:]
    with pytest.raises(SnapshotDamaged):
        await collect(log.load_snapshot(infos[0]))


@pytest.mark.parametrize("how", ["flip", "cut"])
async def test_a_damaged_snapshot_is_reported_and_skipped(filled: Place, how: str) -> None:
    log = await saved(filled)
    await filled.damage_snapshot((await log.snapshots())[0].key, how)
    state, damages = await newest(log)
    assert state == b"state at 25"
    assert len(damages) == 1


async def test_if_all_are_damaged_none_is_used(filled: Place) -> None:
    log = await saved(filled)
    for info in await log.snapshots():
        await filled.damage_snapshot(info.key, "flip")
    state, damages = await newest(log)
    assert state is None
    assert len(damages) == 2


async def test_a_snapshot_of_another_log_is_skipped(filled: Place) -> None:
    log = await saved(filled, (25,))
    tree = Frontier()
    tree.extend([leaf_hash(b"other")] * 30)
    await log.save_snapshot(30, tree.root(), tree.to_bytes(), [b"astray"])
    assert await newest(log) == (
        b"state at 25",
        ["Its root is not that of the log's checkpoint of 30 entries."],
    )


async def test_a_snapshot_between_checkpoints_is_skipped(filled: Place) -> None:
    log = await saved(filled, (25, 27))
    assert (await newest(log))[0] == b"state at 25"


async def test_a_log_that_was_set_back_behind_a_snapshot_is_refused(filled: Place) -> None:
    log = await saved(filled, (25,))
    tree = Frontier()
    tree.extend([leaf_hash(b"future")] * 60)
    await log.save_snapshot(60, tree.root(), tree.to_bytes(), [b"future"])
    with pytest.raises(LogDamaged, match="50 entries, but a snapshot of it stands for 60"):
        await newest(log)


async def test_a_frontier_that_does_not_fit_is_skipped(filled: Place) -> None:
    log = await saved(filled, (25,))
    head = await log.head()
    await log.save_snapshot(50, head.root, Frontier().to_bytes(), [b"bad"])
    await log.save_snapshot(50, head.root, b"junk", [b"bad"])
    state, damages = await newest(log)
    assert state is None
    assert len(damages) == 2
    assert all("frontier" in damage for damage in damages)


async def test_a_reader_that_cannot_use_damaged_bytes_is_not_to_blame(filled: Place) -> None:
    log = await saved(filled)
    await filled.damage_snapshot((await log.snapshots())[0].key, "flip")

    async def picky(chunks: AsyncIterator[bytes]) -> bytes:
        body = b""
        async for chunk in chunks:
            body += chunk
            if not body.startswith(b"s"):
                raise ValueError(body)
        return body

    restored = await restore_newest(log, picky, lambda damage: None, VERIFIERS)
    assert restored is not None
    assert restored.state == b"state at 25"


async def test_a_reader_that_fails_on_good_bytes_is_to_blame(filled: Place) -> None:
    log = await saved(filled)

    async def broken(chunks: AsyncIterator[bytes]) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await restore_newest(log, broken, lambda damage: None, VERIFIERS)


async def test_a_reader_may_refuse_a_format_that_it_does_not_know(filled: Place) -> None:
    log = await saved(filled)

    async def newer(chunks: AsyncIterator[bytes]) -> bytes:
        raise SnapshotDamaged("Its format is newer.")

    damages: list[SnapshotDamaged] = []
    assert await restore_newest(log, newer, damages.append, VERIFIERS) is None
    assert len(damages) == 2


async def test_a_snapshot_whose_making_fails_is_never_seen(filled: Place) -> None:
    log = await saved(filled, (25,))

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 3_000_000
        raise ZeroDivisionError

    tree = Frontier()
    with pytest.raises(ZeroDivisionError):
        await log.save_snapshot(0, tree.root(), tree.to_bytes(), chunks())
    assert [info.size for info in await log.snapshots()] == [25]


async def test_large_snapshots_stream_while_the_log_is_used(filled: Place) -> None:
    log = await filled.open()
    book = ledger(log)
    await book.catch_up()
    size, tree = book.size, book.frontier

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(40):
            await append(book, b"meanwhile")
            yield bytes([number]) * 300_000

    info = await log.save_snapshot(size, tree.root(), tree.to_bytes(), chunks())
    assert info.length == 12_000_000
    assert book.size == size + 40
    largest = 0
    position = 0
    async for chunk in log.load_snapshot(info):
        largest = max(largest, len(chunk))
        position += len(chunk)
    assert position == info.length
    if filled.name != "memory":
        assert largest <= 1 << 20


async def test_an_empty_snapshot_of_an_empty_log(place: Place) -> None:
    log = await place.open()
    await log.save_snapshot(0, EMPTY_ROOT, Frontier().to_bytes(), [])
    assert await newest(log) == (b"", [])
