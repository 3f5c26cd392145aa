"""Several instances over one log, with every fault a log can have, against a list.

The list `truth` is what the log must hold. Instances hand their entries out through `catch_up` and
`writing`; put together, each must have seen exactly a beginning of `truth`, in order, without gaps
or repetitions - whatever failed in between - and an acknowledged append must stand in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.support.records import ONE, TWO, VERIFIERS, Hook, collect, ledger

from detente.record import (
    AppendUnknown,
    Frontier,
    LedgerWriting,
    LogUnavailable,
    MemoryLog,
    MemoryStore,
    SnapshotDamaged,
    leaf_hash,
    verify_log,
)
from detente.record.memory import Moment

T = TypeVar("T")

instances = st.integers(0, 1)


class Instance:
    def __init__(self, store: MemoryStore, which: int) -> None:
        self.hook = Hook()
        self.which = which
        self.log = MemoryLog(store, self.hook)
        self.book = ledger(self.log, (ONE, TWO)[which])
        self.seen: list[bytes] = []
        self.open: tuple[LedgerWriting, list[bytes]] | None = None


class Pool(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.store = MemoryStore()
        self.instances = [Instance(self.store, which) for which in (0, 1)]
        self.counter = 0
        self.acknowledged: list[bytes] = []

    def teardown(self) -> None:
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @property
    def truth(self) -> list[bytes]:
        return [self.store.stored[position].body for position in range(self.store.head.size)]

    def bodies(self, count: int) -> list[bytes]:
        self.counter += 1
        return [b"%d/%d" % (self.counter, number) for number in range(count)]

    @initialize()
    def begin(self) -> None:
        self.run(self.instances[0].book.catch_up())

    @rule(which=instances, count=st.integers(1, 5))
    def append(self, which: int, count: int) -> None:
        self._append(which, count, None, None)

    @rule(
        which=instances,
        count=st.integers(1, 5),
        moment=st.sampled_from(["take head", "head taken", "before commit"]),
    )
    def append_refused(self, which: int, count: int, moment: Moment) -> None:
        self._append(which, count, moment, LogUnavailable("away"))

    @rule(
        which=instances,
        count=st.integers(1, 5),
        moment=st.sampled_from(["before commit", "after commit"]),
    )
    def append_unanswered(self, which: int, count: int, moment: Moment) -> None:
        self._append(which, count, moment, AppendUnknown("lost"))

    def _append(
        self, which: int, count: int, moment: Moment | None, error: Exception | None
    ) -> None:
        instance = self.instances[which]
        bodies = self.bodies(count)
        before = instance.book.head
        was_open = instance.book.uncertain

        async def go() -> bool:
            async with instance.book.writing() as writing:
                instance.seen += writing.entries
                held = instance.book.head
                try:
                    await writing.append(bodies)
                except AppendUnknown:
                    assert writing.landed is None
                    assert instance.book.head == held
                    instance.open = (writing, bodies)
                    raise
                except LogUnavailable:
                    assert writing.landed is False
                    assert instance.book.head == held
                    raise
                instance.seen += bodies
                return True

        if moment is not None and error is not None and not was_open:
            instance.hook.fail(moment, error)
        try:
            landed = self.run(go())
        except (LogUnavailable, AppendUnknown):
            assert error is not None or was_open
            if was_open:
                assert instance.book.head == before
        else:
            assert landed
            self.acknowledged += bodies

    @rule(which=instances, broken=st.booleans())
    def catch_up(self, which: int, broken: bool) -> None:
        instance = self.instances[which]
        if broken:
            moment: Moment = "take head" if instance.book.uncertain else "read"
            instance.hook.fail(moment, LogUnavailable("away"))
        try:
            instance.seen += self.run(instance.book.catch_up())
        except LogUnavailable:
            assert broken
            return
        assert not broken
        assert instance.seen == self.truth
        self._settled(instance)

    def _settled(self, instance: Instance) -> None:
        assert not instance.book.uncertain
        if instance.open is not None:
            writing, bodies = instance.open
            assert writing.landed is (bodies[0] in self.truth)
            instance.open = None

    @rule(which=instances, damaged=st.booleans())
    def restart(self, which: int, damaged: bool) -> None:
        """From the newest snapshot and what came after it; the snapshot may be damaged."""
        if damaged and self.store.snapshots:
            kept = self.store.snapshots[0]
            kept.body = kept.body[:-1]
        fresh = Instance(self.store, which)
        damages: list[SnapshotDamaged] = []
        restored = self.run(fresh.book.restore(collect, damages.append))
        if restored is not None:
            fresh.seen = restored.state.split(b"\n")[:-1]
            assert len(fresh.seen) == fresh.book.size == restored.info.size
        fresh.seen += self.run(fresh.book.catch_up())
        assert fresh.seen == self.truth
        self.instances[which] = fresh

    @rule(which=instances)
    def snapshot(self, which: int) -> None:
        instance = self.instances[which]
        book = instance.book
        body = [entry + b"\n" for entry in instance.seen]
        self.run(book.save_snapshot(book.size, book.frontier, body))

    @invariant()
    def what_was_seen_is_a_beginning_of_the_truth(self) -> None:
        truth = self.truth
        for instance in self.instances:
            assert instance.seen == truth[: len(instance.seen)]
            assert len(instance.seen) == instance.book.size
            tree = Frontier()
            tree.extend([leaf_hash(body) for body in instance.seen])
            assert tree.root() == instance.book.root

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        there = set(self.truth)
        assert len(there) == len(self.truth)
        assert there.issuperset(self.acknowledged)

    @invariant()
    def the_log_verifies(self) -> None:
        assert self.run(verify_log(MemoryLog(self.store), VERIFIERS)).good


TestPool = Pool.TestCase
TestPool.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
