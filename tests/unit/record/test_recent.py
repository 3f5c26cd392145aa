"""What was written last is told from memory: the same as what is stored, and never what is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.party_records import create, draft

from detente.record import RecordPlace
from detente.record.recent import RecentEntries

pytestmark = pytest.mark.anyio


async def test_from_memory_comes_what_is_stored(tmp_path: Path) -> None:
    record = await create(RecordPlace(tmp_path))
    try:
        for start in range(0, 1100, 100):
            await record.append([(draft(str(n)), None) for n in range(start, start + 100)])
        size = record.head.size
        assert await record.newest(size - 7, 5) == await record.entries(size - 7, 5)
        assert await record.newest(size - 3, 50) == await record.entries(size - 3, 50)
        assert await record.newest(0, 20) == await record.entries(0, 20)
        assert await record.newest(size, 10) == []
    finally:
        await record.close()


async def test_what_is_erased_is_not_told_from_memory(tmp_path: Path) -> None:
    record = await create(RecordPlace(tmp_path))
    try:
        await record.append([(draft("to be erased"), None), (draft("to stay"), None)])
        (entry,) = await record.newest(1, 1)
        assert entry.payload is not None
        await record.erase(1, "test")
        (entry,) = await record.newest(1, 1)
        assert entry.payload is None
        assert await record.newest(1, 5) == await record.entries(1, 5)
        await record.append([(draft("more"), None)])
        assert await record.newest(0, 50) == await record.entries(0, 50)
    finally:
        await record.close()


async def test_entries_behind_a_gap_are_not_told_as_if_there_were_none(tmp_path: Path) -> None:
    record = await create(RecordPlace(tmp_path))
    try:
        entries = await record.append([(draft(str(n)), None) for n in range(6)])
    finally:
        await record.close()
    recent = RecentEntries()
    recent.add(entries[:2])
    recent.add(entries[4:])
    assert recent.since(entries[0].index, 10) == []
    assert recent.get(entries[4].index) == entries[4]
    assert recent.since(entries[4].index, 10) == entries[4:]
