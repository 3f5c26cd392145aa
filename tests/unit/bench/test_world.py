from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import msgspec
import pytest
from bench import seeding, wire
from bench.naive import PlainScan, VectorisedScan
from bench.world import SUBSCRIBED, Crowd, World

from detente.exchange import entries as e
from detente.exchange import snapshot
from detente.exchange.airspace import Airspace
from detente.exchange.commands import Moment, Rules
from detente.exchange.decide import decide
from detente.exchange.requests import Acceptance
from detente.f3548 import types
from detente.geo import ExtentIndex
from detente.record import Ledger, SnapshotDamaged, SqliteLog

SMALL = World(quiet=1, crowded=1, crowded_all=1)


@pytest.mark.parametrize("crowd", ["quiet", "crowded", "crowded-all"])
def test_each_new_intent_meets_what_is_stored_and_no_other_new_one(crowd: Crowd) -> None:
    airspace = seeding.state(SMALL)
    for k, request in enumerate(itertools.islice(wire.puts(SMALL, crowd, ["token"], "new"), 120)):
        head, _, body = request.partition(b"\r\n\r\n")
        command = Acceptance().put_intent(
            msgspec.json.decode(body, type=types.PutOperationalIntentReferenceParameters),
            caller="uss00",
            held=frozenset(),
            identifier=head.split()[1].decode().rpartition("/")[2],
            ovn=None,
        )
        moment = Moment(0, k.to_bytes(8, "big") * 8)
        # A key with less or more than the neighbours would be refused, or be needless.
        assert len(command.key) == len(airspace.intents.relevant(command.extent))
        decision = decide(airspace, command, moment, Rules())
        assert isinstance(decision.entry, e.OperationalIntentPut)
        assert len(decision.entry.notified) == SUBSCRIBED[crowd] + 1
        airspace.apply(decision.entry)


def _never(damage: SnapshotDamaged) -> None:
    raise damage


def test_the_snapshot_shows_what_the_log_says(tmp_path: Path) -> None:
    asyncio.run(seeding.make(tmp_path / "data", SMALL))

    async def read() -> tuple[list[bytes], list[bytes]]:
        log = await SqliteLog.open(tmp_path / "data", read_only=True)
        restored = await snapshot.restore(Ledger(log, None, seeding.ORIGIN), 1.0, _never)
        replayed = Airspace()
        for position, body in enumerate(await log.read(0, 10_000)):
            replayed.apply(e.decode_entry(body, position))
        await log.close()
        return list(restored.image()), list(replayed.image())

    restored, replayed = asyncio.run(read())
    assert restored == replayed
    assert len(restored) == 1 + 500 + 312


def test_the_naive_scans_find_what_the_index_finds() -> None:
    stored = [intent.extent for intent, _ in SMALL.stored()]
    index, plain, vectorised = ExtentIndex(), PlainScan(), VectorisedScan()
    for search in (index, plain, vectorised):
        search.bulk_load(list(enumerate(stored)))
        search.delete(3)
        search.insert(500, stored[3])
    for extent in stored[::7]:
        assert sorted(plain.query(extent)) == index.query(extent)
        assert sorted(vectorised.query(extent)) == index.query(extent)
