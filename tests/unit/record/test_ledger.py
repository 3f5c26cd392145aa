from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import chain

import pytest
from tests.support.records import ONE, ORIGIN, TWO, VERIFIERS, Hook, append, fill, ledger

from detente.record import (
    EMPTY_ROOT,
    AppendUnknown,
    Ed25519Signer,
    Frontier,
    Head,
    HeadMoved,
    Ledger,
    LedgerWriting,
    LogDamaged,
    LogReadOnly,
    LogUnavailable,
    MemoryLog,
    MemoryStore,
    NoteMalformed,
    SnapshotDamaged,
    StoredEntry,
    leaf_hash,
    open_checkpoint,
    root_of,
)

pytestmark = pytest.mark.anyio

LOST = AppendUnknown("lost")


def uncertain(book: Ledger) -> bool:
    return book.uncertain


def landed_of(writing: LedgerWriting) -> bool | None:
    return writing.landed


def entry(position: int, body: bytes) -> StoredEntry:
    return StoredEntry(position, leaf_hash(body), body)


async def test_a_new_ledger_is_empty() -> None:
    book = ledger(MemoryLog())
    assert (book.size, book.root, book.head.checkpoint) == (0, EMPTY_ROOT, "")
    assert await book.catch_up() == []


async def test_what_is_appended_is_signed_and_counted() -> None:
    book = ledger(MemoryLog())
    head = await append(book, b"a", b"b")
    assert book.head == head
    assert book.size == 2
    assert book.root == root_of([leaf_hash(b"a"), leaf_hash(b"b")])
    checkpoint = open_checkpoint(head.checkpoint, [ONE.verifier])
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (ORIGIN, 2, book.root)
    assert await book.catch_up() == []


async def test_two_instances_see_each_other_exactly_once() -> None:
    store = MemoryStore()
    one, two = ledger(MemoryLog(store), ONE), ledger(MemoryLog(store), TWO)
    await append(one, b"1")
    async with two.writing() as writing:
        assert writing.entries == [b"1"]
        assert writing.head.size == 1
        await writing.append([b"2"])
        assert landed_of(writing) is True
    assert await one.catch_up() == [b"2"]
    assert await two.catch_up() == []
    assert one.head == two.head


async def test_leaving_without_append_changes_nothing() -> None:
    store = MemoryStore()
    book = ledger(MemoryLog(store))
    async with book.writing():
        pass
    with pytest.raises(ZeroDivisionError):
        async with book.writing():
            raise ZeroDivisionError
    assert (await MemoryLog(store).head()).size == 0
    await append(book, b"still works")


async def test_one_append_for_each_time_the_head_is_taken() -> None:
    book = ledger(MemoryLog())
    async with book.writing() as writing:
        with pytest.raises(ValueError, match="nothing"):
            await writing.append([])
        await writing.append([b"1"])
        with pytest.raises(RuntimeError):
            await writing.append([b"2"])
    assert book.size == 1


async def test_a_ledger_without_a_key_only_reads() -> None:
    store = MemoryStore()
    await append(ledger(MemoryLog(store)), b"1")
    reader = ledger(MemoryLog(store), None)
    assert await reader.catch_up() == [b"1"]
    with pytest.raises(LogReadOnly):
        await append(reader, b"2")


async def test_origins_that_no_checkpoint_can_carry_are_refused() -> None:
    with pytest.raises(NoteMalformed):
        Ledger(MemoryLog(), ONE, "two\nlines")


async def test_a_refused_append_leaves_the_ledger_where_it_stood() -> None:
    hook = Hook()
    book = ledger(MemoryLog(hook=hook))
    await append(book, b"1")
    before = book.head, book.frontier
    hook.fail("before commit", LogUnavailable("no"))
    async with book.writing() as writing:
        with pytest.raises(LogUnavailable):
            await writing.append([b"2"])
        assert landed_of(writing) is False
    assert (book.head, book.frontier) == before
    assert not uncertain(book)
    await append(book, b"3")
    assert await ledger(book.log, None).catch_up() == [b"1", b"3"]


@pytest.mark.parametrize("landed", [True, False])
async def test_a_lost_answer_is_settled_by_the_log(landed: bool) -> None:
    hook = Hook()
    book = ledger(MemoryLog(hook=hook))
    await append(book, b"1")
    before = book.head
    hook.fail("after commit" if landed else "before commit", LOST)
    async with book.writing() as writing:
        with pytest.raises(AppendUnknown):
            await writing.append([b"2", b"3"])
        assert landed_of(writing) is None
    assert uncertain(book)
    assert book.head == before
    with pytest.raises(AppendUnknown, match="Catch up"):
        await append(book, b"4")
    assert await book.catch_up() == ([b"2", b"3"] if landed else [])
    assert landed_of(writing) is landed
    assert not uncertain(book)
    await append(book, b"4")


async def test_a_lost_answer_stays_open_while_the_log_is_away() -> None:
    hook = Hook()
    book = ledger(MemoryLog(hook=hook))
    hook.fail("after commit", LOST)
    async with book.writing() as writing:
        with pytest.raises(AppendUnknown):
            await writing.append([b"1"])
    hook.fail("take head", LogUnavailable("away"))
    with pytest.raises(LogUnavailable):
        await book.catch_up()
    assert uncertain(book)
    assert landed_of(writing) is None
    assert await book.catch_up() == [b"1"]
    assert not uncertain(book)


async def test_settling_waits_for_what_may_still_be_on_its_way() -> None:
    """Another session that commits later must not be missed: the head tells, a read would not."""
    store = MemoryStore()
    hook = Hook()
    book = ledger(MemoryLog(store, hook))
    hook.fail("before commit", LOST)
    async with book.writing() as writing:
        with pytest.raises(AppendUnknown):
            await writing.append([b"1"])
    zombie = object()
    await store.take(zombie)
    settling = asyncio.ensure_future(book.catch_up())
    await asyncio.sleep(0)
    assert not settling.done()
    other = ledger(MemoryLog(MemoryStore()))
    head = await append(other, b"1")
    store.stored[0] = entry(0, b"1")
    store.checkpoints[1] = head.checkpoint
    store.head = head
    store.give_back(zombie)
    assert await settling == [b"1"]
    assert landed_of(writing) is True


async def test_the_first_to_come_upon_a_lost_append_hands_it_out() -> None:
    store = MemoryStore()
    hook = Hook()
    one = ledger(MemoryLog(store, hook))
    two = ledger(MemoryLog(store), TWO)
    hook.fail("after commit", LOST)
    async with one.writing() as writing:
        with pytest.raises(AppendUnknown):
            await writing.append([b"1"])
    await append(two, b"2")
    first, second = await asyncio.gather(one.catch_up(), one.catch_up())
    assert first + second == [b"1", b"2"]
    assert landed_of(writing) is True


async def test_a_lost_append_whose_place_was_taken_did_not_land() -> None:
    store = MemoryStore()
    hook = Hook()
    one = ledger(MemoryLog(store, hook))
    two = ledger(MemoryLog(store), TWO)
    hook.fail("before commit", LOST)
    async with one.writing() as writing:
        with pytest.raises(AppendUnknown):
            await writing.append([b"1"])
    await append(two, b"2")
    assert await one.catch_up() == [b"2"]
    assert landed_of(writing) is False


async def test_a_cancelled_append_goes_on_and_is_settled() -> None:
    store = MemoryStore()
    hook = Hook()
    book = ledger(MemoryLog(store, hook))
    gate = hook.stop("before commit")

    async def write() -> None:
        async with book.writing() as writing:
            await writing.append([b"1"])

    task = asyncio.ensure_future(write())
    await hook.reached["before commit"].wait()
    task.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert uncertain(book)
    assert await book.catch_up() == [b"1"]
    assert (await ledger(MemoryLog(store), TWO).catch_up()) == [b"1"]


async def test_a_reader_does_not_hand_out_what_is_being_appended() -> None:
    store = MemoryStore()
    hook = Hook()
    book = ledger(MemoryLog(store, hook))
    gate = hook.stop("after commit")

    async def write() -> Head:
        return await append(book, b"1")

    task = asyncio.ensure_future(write())
    await hook.reached["after commit"].wait()
    reading = asyncio.ensure_future(book.catch_up())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not reading.done()
    gate.set()
    await task
    assert await reading == []
    assert book.size == 1


async def test_an_overtaken_answer_says_nothing_new() -> None:
    store = MemoryStore()
    hook = Hook()
    book = ledger(MemoryLog(store, hook))
    await append(book, b"1")
    gate = hook.stop("read")
    reading = asyncio.ensure_future(book.catch_up())
    await hook.reached["read"].wait()
    await append(ledger(MemoryLog(store), TWO), b"2")
    del hook.gates["read"]
    assert await book.catch_up() == [b"2"]
    gate.set()
    assert await reading == []


async def test_losing_the_head_while_deciding_is_noticed() -> None:
    store = MemoryStore()
    one, two = ledger(MemoryLog(store)), ledger(MemoryLog(store), TWO)
    async with one.writing() as writing:
        store.evict_holder()
        await append(two, b"2")
        with pytest.raises(LogUnavailable):
            await writing.append([b"1"])
        assert landed_of(writing) is False
    assert await one.catch_up() == [b"2"]


async def test_losing_the_head_and_catching_up_meanwhile_is_noticed_before_sending() -> None:
    store = MemoryStore()
    one, two = ledger(MemoryLog(store)), ledger(MemoryLog(store), TWO)
    async with one.writing() as writing:
        store.evict_holder()
        await append(two, b"2")
        assert await one.catch_up() == [b"2"]
        with pytest.raises(HeadMoved):
            await writing.append([b"1"])
    assert [kept.body for kept in store.stored.values()] == [b"2"]


async def test_long_ways_are_caught_up_with_in_pages() -> None:
    store = MemoryStore()
    bodies = [str(number).encode() for number in range(5000)]
    await append(ledger(MemoryLog(store)), *bodies)
    assert await ledger(MemoryLog(store), TWO).catch_up() == bodies
    async with ledger(MemoryLog(store), TWO).writing() as writing:
        assert writing.entries == bodies


async def test_replay_gives_everything_in_bounded_pages() -> None:
    store = MemoryStore()
    bodies = [str(number).encode() for number in range(250)]
    await append(ledger(MemoryLog(store)), *bodies)
    book = ledger(MemoryLog(store), TWO)
    pages = [page async for page in book.replay(100)]
    assert [len(page) for page in pages] == [100, 100, 50]
    assert list(chain.from_iterable(pages)) == bodies
    assert book.head == store.head
    assert [page async for page in book.replay()] == []


async def _all(pages: AsyncIterator[list[bytes]]) -> list[bytes]:
    return [body async for page in pages for body in page]


@pytest.fixture
async def store() -> MemoryStore:
    """Ten batches of five entries."""
    made = MemoryStore()
    await fill(
        ledger(MemoryLog(made)),
        [[f"{batch}-{number}".encode() for number in range(5)] for batch in range(10)],
    )
    return made


async def damage_at(store: MemoryStore) -> str:
    """Where both ways of reading find the damage."""
    with pytest.raises(LogDamaged) as caught:
        await ledger(MemoryLog(store)).catch_up()
    with pytest.raises(LogDamaged) as caught_again:
        await _all(ledger(MemoryLog(store)).replay(7))
    place = caught.value.where
    assert place is not None
    assert caught_again.value.where == place
    return place


async def test_a_changed_body_is_found(store: MemoryStore) -> None:
    store.stored[17] = StoredEntry(17, store.stored[17].leaf_hash, b"forged")
    assert await damage_at(store) == "entry 17"


async def test_a_changed_leaf_hash_is_found(store: MemoryStore) -> None:
    store.stored[17] = StoredEntry(17, bytes(32), store.stored[17].body)
    store.stored[18] = entry(18, b"forged")
    assert await damage_at(store) == "entry 17"


async def test_a_body_changed_with_its_hash_is_narrowed_to_its_batch(store: MemoryStore) -> None:
    store.stored[17] = entry(17, b"forged")
    assert await damage_at(store) == "entries 15 to 19"


async def test_the_same_is_exact_if_the_batch_had_one_entry() -> None:
    made = MemoryStore()
    await fill(ledger(MemoryLog(made)), [[b"0"], [b"1"], [b"2"]])
    made.stored[1] = entry(1, b"forged")
    assert await damage_at(made) == "entry 1"


async def test_a_missing_entry_is_found(store: MemoryStore) -> None:
    del store.stored[17]
    assert await damage_at(store) == "entry 17"


async def test_exchanged_entries_are_found(store: MemoryStore) -> None:
    store.stored[16], store.stored[18] = (
        StoredEntry(16, store.stored[18].leaf_hash, store.stored[18].body),
        StoredEntry(18, store.stored[16].leaf_hash, store.stored[16].body),
    )
    assert await damage_at(store) == "entries 15 to 19"


async def test_an_unreadable_checkpoint_is_named_when_the_roots_differ(store: MemoryStore) -> None:
    store.checkpoints[20] = "junk"
    store.stored[40] = entry(40, b"forged")
    assert await damage_at(store) == "checkpoint 20"


async def test_a_changed_root_in_the_head_is_found(store: MemoryStore) -> None:
    store.head = Head(50, bytes(32), store.head.checkpoint)
    assert await damage_at(store) == "head"


async def test_a_head_that_an_unknown_key_signed_is_refused(store: MemoryStore) -> None:
    stranger = Ed25519Signer("stranger.example", bytes(32))
    forger = Ledger(MemoryLog(store), stranger, ORIGIN)
    await forger.catch_up()
    await append(forger, b"forged")
    assert await damage_at(store) == "checkpoint 51"


async def test_a_head_for_another_log_is_refused(store: MemoryStore) -> None:
    other = Ledger(MemoryLog(store), ONE, "other.example/log")
    await other.catch_up()
    await append(other, b"astray")
    assert await damage_at(store) == "checkpoint 51"


async def test_a_log_that_got_shorter_is_refused(store: MemoryStore) -> None:
    book = ledger(MemoryLog(store))
    await book.catch_up()
    store.head = Head(45, bytes(32), store.checkpoints[45])
    with pytest.raises(LogDamaged, match="50 have been seen") as caught:
        await book.catch_up()
    assert caught.value.where == "entry 45"
    with pytest.raises(LogDamaged):
        async with book.writing():
            pass
    with pytest.raises(LogDamaged):
        await _all(book.replay())


async def test_a_log_rewritten_at_the_same_size_is_refused(store: MemoryStore) -> None:
    book = ledger(MemoryLog(store))
    await book.catch_up()
    store.head = Head(50, bytes(32), store.head.checkpoint)
    with pytest.raises(LogDamaged, match="rewritten"):
        await book.catch_up()
    with pytest.raises(LogDamaged, match="rewritten"):
        await _all(book.replay())
    store.head = Head(50, book.root, "junk")
    with pytest.raises(LogDamaged, match="checkpoint cannot be believed"):
        await book.catch_up()


async def test_damage_leaves_the_ledger_where_it_stood_and_the_head_free(
    store: MemoryStore,
) -> None:
    book = ledger(MemoryLog(store))
    await book.catch_up()
    other = ledger(MemoryLog(store), TWO)
    await other.catch_up()
    await append(other, b"next")
    good = store.stored[50]
    store.stored[50] = entry(50, b"forged")
    with pytest.raises(LogDamaged):
        async with book.writing():
            pass
    assert book.size == 50
    store.stored[50] = good
    assert await book.catch_up() == [b"next"]


async def test_without_verifiers_only_roots_are_checked(store: MemoryStore) -> None:
    store.head = Head(50, store.head.root, "unsigned")
    assert len(await Ledger(MemoryLog(store), None, ORIGIN).catch_up()) == 50


async def test_starting_from_a_snapshot(store: MemoryStore) -> None:
    first = ledger(MemoryLog(store))
    await first.catch_up()
    await first.save_snapshot(first.size, first.frontier, [b"the ", b"state"])
    await append(first, b"after")

    book = ledger(MemoryLog(store), TWO)
    damages: list[SnapshotDamaged] = []
    restored = await book.restore(_text, damages.append)
    assert restored is not None
    assert (restored.state, restored.info.size, damages) == ("the state", 50, [])
    assert book.size == 50
    assert await book.catch_up() == [b"after"]
    assert book.head == store.head
    with pytest.raises(RuntimeError):
        await book.restore(_text, damages.append)


async def test_without_snapshots_the_log_starts_at_its_beginning(store: MemoryStore) -> None:
    book = ledger(MemoryLog(store))
    assert await book.restore(_text, lambda damage: None) is None
    assert book.size == 0


async def test_a_frontier_of_another_size_is_no_snapshot() -> None:
    with pytest.raises(ValueError, match="frontier"):
        await ledger(MemoryLog()).save_snapshot(1, Frontier(), [b""])


async def _text(chunks: AsyncIterator[bytes]) -> str:
    return b"".join([chunk async for chunk in chunks]).decode()


def test_believed_keys_are_two() -> None:
    assert [verifier.name for verifier in VERIFIERS] == ["one.example", "two.example"]


async def test_settling_inside_the_writing_context_is_a_mistake_and_does_not_hang() -> None:
    hook = Hook()
    book = ledger(MemoryLog(hook=hook))
    hook.fail("after commit", LOST)
    async with book.writing() as writing:
        with pytest.raises(AppendUnknown):
            await writing.append([b"1"])
        with pytest.raises(RuntimeError, match="leave"):
            await book.catch_up()
    assert await book.catch_up() == [b"1"]
