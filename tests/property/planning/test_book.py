"""The book says the same in whatever order entries come; the tables follow from them alone."""

from __future__ import annotations

import asyncio
import random
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import planned
from tests.support.recording import Recording, recording

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.planning import PLAN_PROJECTION, Book, ExchangeSeen, Flown, Intent, Judged
from detente.record import Entry
from detente.words import Words

KINDS = st.sampled_from(["accept", "change", "end", "refuse", "pending", "unsettled", "position"])
STEPS = st.lists(st.tuples(KINDS, st.integers(0, 3)), min_size=1, max_size=14)


async def take(node: Recording, steps: list[tuple[str, int]]) -> None:
    """Do some steps with a few intents."""
    known: dict[int, Intent] = {}
    for kind, number in steps:
        ours = known.get(number)
        if kind == "accept" or ours is None:
            known[number] = ours = planned.intent() if ours is None else planned.after(ours)
            await node.recorder.settled(None, planned.accepted(ours))
        elif kind in ("change", "end"):
            later = planned.after(ours, ended=ours.ended or kind == "end")
            pending = await node.recorder.pending(planned.order(later), ["main"])
            await node.recorder.settled(pending, planned.accepted(later))
            known[number] = later
        elif kind == "refuse":
            await node.recorder.settled(None, planned.refused(ours, planned.neighbour(), ours))
        elif kind == "pending":
            await node.recorder.pending(planned.order(ours), ["main"])
        elif kind == "unsettled":
            pending = await node.recorder.pending(planned.order(ours), ["main"])
            outcome = planned.refused(ours, planned.neighbour(), ours)
            await node.recorder.settled(pending, replace(outcome, unsettled=("main",)))
        else:
            moment = wire.Time(node.context.clock())
            place = uss.Position(6.9, 46.2)
            judged = Judged(planned.NOW_US, uss.VehicleTelemetry(moment, place), number % 2 == 0)
            await node.recorder.positions(ours.id, [judged], Flown(10, number, 1, 0))
        await node.recorder.operator_notice("SCD0090", ours.id, Words("a", "b"), planned.NOW_US)
        node.recorder.exchange(ExchangeSeen(f"https://x/{ours.id}", "GET", "Client", 1))
    await node.recorder.flush()


def said(book: Book) -> tuple[object, ...]:
    everything = {**book.intents, **book.ended}
    return (
        dict(book.intents),
        dict(book.ended),
        dict(book.pending),
        {identity: book.flight(identity) for identity in everything},
        {identity: book.entry_of(identity) for identity in everything},
    )


async def check(steps: list[tuple[str, int]], seed: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with recording(Path(directory)) as node:
            await take(node, steps)
            entries: list[Entry] = await node.record.entries(0, 1000)
            shuffled = [*entries, *entries]
            random.Random(seed).shuffle(shuffled)
            other = Book(node.record.blobs.read)
            other.apply_all(shuffled)
            assert said(other) == said(node.book)
            rebuilt = await node.record.rebuild(PLAN_PROJECTION)
            assert rebuilt.differing == 0, rebuilt.differences
            kept = dict(node.book.intents), dict(node.book.pending)
        async with recording(Path(directory), again=True) as node:
            assert (dict(node.book.intents), dict(node.book.pending)) == kept


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.integers(0, 1 << 30))
def test_whatever_the_order_the_book_says_the_same(steps: list[tuple[str, int]], seed: int) -> None:
    asyncio.run(check(steps, seed))
