"""What killing nodes has found: outages that were forgotten, checkpoints that nobody could sign."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.support.party_records import START, A, create, draft, reopen

from detente.line.outages import Outage, outage_draft
from detente.line.standing import State
from detente.node.beats import Watch
from detente.node.cosigning import AsPublished
from detente.node.disk import Life, LifeFile
from detente.record import PartyRecord, Query, RecordPlace, format_time, read_checkpoint
from detente.record.witness_request import make_request

pytestmark = pytest.mark.anyio

DAY = START + timedelta(days=1)


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[PartyRecord]:
    made = await create(RecordPlace(tmp_path / "a"), A)
    yield made
    await made.close()


def watch(record: PartyRecord, life: LifeFile) -> Watch:
    """A watch whose peers are not called."""
    return Watch(
        record=record,
        peers=cast(Any, []),
        feed=cast(Any, SimpleNamespace(state=lambda *told: None)),
        clock=lambda: DAY,
        boot="0" * 32,
        life=life,
        watch_every_s=60.0,
        came_back=lambda peer: None,
        alive=lambda peer: None,
    )


async def stated(record: PartyRecord) -> list[tuple[Any, Any, Any]]:
    page = await record.search(Query(kinds=("outage",)))
    bodies = [entry.payload.body for entry in page.entries if entry.payload is not None]
    return [(body["from"], body["until"], body["own"]) for body in bodies]


async def start_and_kill(record: PartyRecord, life: LifeFile) -> None:
    """A start that writes what it owes, and leaves no sign of that."""
    begun = watch(record, life)
    begun.say_absences(life.read())
    await begun._recall(DAY)
    await begun._write()


async def test_outages_that_a_killed_node_saw_are_stated_once(
    record: PartyRecord, tmp_path: Path
) -> None:
    def hours(count: int) -> Any:
        return START + timedelta(hours=count)

    life = LifeFile(tmp_path)
    over = Outage("b", hours(1), hours(2), State.PEER_SILENT, own=False)
    lasting = Outage("b", hours(3), None, State.DOWN_THERE, own=False)
    gone = Outage("nobody", hours(3), None, State.DOWN_THERE, own=False)
    life.write(Life(hours(4), "1" * 32, False, {}, (over, lasting, gone)))
    expected = [
        (format_time(hours(1)), format_time(hours(2)), False),
        (format_time(hours(3)), format_time(hours(4)), False),
        (format_time(hours(4)), format_time(DAY), True),
    ]
    await start_and_kill(record, life)
    assert await stated(record) == expected
    # Killed before it left a sign that all this is on record.
    await start_and_kill(record, life)
    assert (await stated(record))[:3] == expected
    assert all(own for _, _, own in (await stated(record))[3:])


async def test_an_outage_that_was_recorded_before_the_kill_is_not_stated_again(
    record: PartyRecord, tmp_path: Path
) -> None:
    life = LifeFile(tmp_path)
    until = START + timedelta(hours=2)
    over = Outage("b", START + timedelta(hours=1), until, State.PEER_SILENT, own=False)
    await record.append([(outage_draft(over, "line/b"), None)])
    life.write(Life(DAY, "1" * 32, False, {}, (over,)))
    await start_and_kill(record, life)
    assert len(await stated(record)) == 1


async def test_what_lasts_is_in_the_next_sign_of_life(record: PartyRecord, tmp_path: Path) -> None:
    life = LifeFile(tmp_path)
    begun = watch(record, life)
    lasting = Outage("b", START, None, State.DOWN_THERE, own=False)
    over = Outage("b", START, START + timedelta(hours=1), State.DOWN_THERE, own=False)
    begun._lasting["b"] = lasting
    begun._owed.append(over)
    await begun._leave_sign(stopped=False)
    left = life.read()
    assert left is not None
    assert left.outages == (over, lasting)


async def test_a_witness_is_asked_for_the_checkpoint_that_is_served(record: PartyRecord) -> None:
    published = await record.checkpoint()
    await record.append([(draft("said meanwhile", to=()), None)])
    assert record.head.size > published.size
    request = await make_request(AsPublished(record, published), 0)
    assert read_checkpoint(request.note).size == published.size


async def test_a_record_that_grows_while_it_is_checked_has_no_fault(
    record: PartyRecord, tmp_path: Path
) -> None:
    reader = await reopen(RecordPlace(tmp_path / "a"), read_only=True)
    try:
        await record.append([(draft("said meanwhile", to=()), None)])
        assert await reader.verify() == []
    finally:
        await reader.close()
