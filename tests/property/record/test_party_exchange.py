"""Two records over a network that loses, repeats and mixes up, against two lists."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.party_records import A, B, create, draft, reopen

from detente.record import ChainBroken, Entry, PartyRecord, RecordPlace

Step = tuple[Literal["say", "send", "restart", "erase"], list[int]]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["say", "say", "send", "send", "send", "restart", "erase"]),
        st.lists(st.integers(0, 30), min_size=1, max_size=4),
    ),
    max_size=25,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_what_arrives_is_a_beginning_of_what_was_said(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(_exchange(Path(directory), steps))


async def _exchange(directory: Path, steps: list[Step]) -> None:
    places = RecordPlace(directory / "a"), RecordPlace(directory / "b")
    a, b = await create(places[0], A), await create(places[1], B)
    said: list[Entry] = []
    arrived: dict[str, list[int]] = {}  # the model: numbers in `said`, by channel
    receipts: dict[int, Entry] = {}
    erased: set[int] = set()
    for kind, numbers in steps:
        if kind == "say":
            drafts = [(draft(f"{n}", channel=f"c{n % 3}"), None) for n in numbers]
            said += await a.append(drafts)
        elif kind == "send" and said:
            chosen = [number % len(said) for number in numbers]
            await _send(b, said, chosen, arrived, receipts)
        elif kind == "restart":
            await b.close()
            b = await reopen(places[1], B)
        elif kind == "erase" and receipts:
            number = sorted(receipts)[numbers[0] % len(receipts)]
            if number not in erased:
                erased.add(number)
                place = await b.by_id(_id(said[number]))
                assert place is not None
                await b.erase(place.index, "a request")
    assert await a.verify() == []
    assert await b.verify() == []
    assert b.head.size == 1 + 2 * len(receipts) + len(erased)
    # In the end everything can be delivered, in order.
    received = [each for entry in said for each in await b.receive([_wire(entry)])]
    assert [each.known for each in received] == [number in receipts for number in range(len(said))]
    answers = sorted((each.receipt for each in received if each.receipt), key=lambda e: e.index)
    if answers:
        await a.receive([_wire(receipt) for receipt in answers])
    assert await a.unanswered("b", after=0) == []
    await a.close()
    await b.close()


async def _send(
    b: PartyRecord,
    said: list[Entry],
    chosen: list[int],
    arrived: dict[str, list[int]],
    receipts: dict[int, Entry],
) -> None:
    """Send these together; the model says whether that can be."""
    expected = {channel: list(numbers) for channel, numbers in arrived.items()}
    fits = True
    for number in chosen:
        channel = _channel(said[number])
        known = expected.setdefault(channel, [])
        whole = [n for n, entry in enumerate(said) if _channel(entry) == channel]
        if number not in known:
            fits = fits and whole[len(known)] == number
            known.append(number)
    size = b.head.size
    try:
        received = await b.receive([_wire(said[number]) for number in chosen])
    except ChainBroken:
        assert not fits
        assert b.head.size == size
        return
    assert fits
    for number, each in zip(chosen, received, strict=True):
        assert each.receipt is not None
        assert each.known == (number in receipts)
        assert receipts.setdefault(number, each.receipt) == each.receipt
        assert each.entry.leaf == said[number].leaf
    arrived.clear()
    arrived.update(expected)


def _wire(entry: Entry) -> bytes:
    assert entry.envelope is not None
    return entry.envelope.to_json()


def _channel(entry: Entry) -> str:
    assert entry.payload is not None
    return entry.payload.channel


def _id(entry: Entry) -> str:
    assert entry.payload is not None
    return str(entry.payload.id)
