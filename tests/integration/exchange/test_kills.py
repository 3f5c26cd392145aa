"""SIGKILL at random moments under load: every acknowledged write is there, no half one, ever."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.instance import Connection, Instance, Reply, intent_body, start, uuid4_of
from tests.support.postgres import PostgresServer

from detente.record import Log, PostgresLog, SqliteLog, verify_log

KILLS = int(os.environ.get("DETENTE_TEST_KILLS", "30"))
CLIENTS = 8

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


class Load:
    """Clients that create intents, each at a place of its own, and remember what was promised."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._next = 0
        self.acknowledged: dict[str, str] = {}
        self.unknown: set[str] = set()

    async def client(self, connection: Connection, stop: asyncio.Event) -> None:
        """Create intents until told to stop or until the instance is gone."""
        try:
            while not stop.is_set():
                self._next += 1
                identifier = uuid4_of(self._next)
                lat = self._next // 300 * 0.01 - 60
                lng = self._next % 300 * 0.01
                now_s = int(time.time())
                body = intent_body(lat, lng, start_s=now_s, end_s=now_s + 3600)
                path = f"/dss/v1/operational_intent_references/{identifier}"
                self.unknown.add(identifier)
                answer = await connection.call("PUT", path, body)
                if answer.status == 503:
                    self.unknown.discard(identifier)
                    continue
                assert answer.status == 201, answer
                self.unknown.discard(identifier)
                reference = answer.body["operational_intent_reference"]
                self.acknowledged[identifier] = reference["ovn"]
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            await connection.close()


async def _check(instance: Instance, load: Load) -> None:
    """Every promise is kept, whole: the intent with its OVN, and its subscription."""
    async with instance.connection() as connection:
        for identifier, ovn in load.acknowledged.items():
            answer = await connection.call(
                "GET", f"/dss/v1/operational_intent_references/{identifier}"
            )
            assert answer.status == 200, (identifier, answer)
            reference = answer.body["operational_intent_reference"]
            assert reference["ovn"] == ovn
            await _check_subscription(connection, identifier, reference["subscription_id"])
        for identifier in load.unknown:
            answer = await connection.call(
                "GET", f"/dss/v1/operational_intent_references/{identifier}"
            )
            if answer.status == 200:
                reference = answer.body["operational_intent_reference"]
                await _check_subscription(connection, identifier, reference["subscription_id"])
            else:
                assert answer.status == 404


async def _check_subscription(connection: Connection, intent: str, identifier: str) -> None:
    answer: Reply = await connection.call("GET", f"/dss/v1/subscriptions/{identifier}")
    assert answer.status == 200
    assert answer.body["subscription"]["dependent_operational_intents"] == [intent]


async def _kill_again_and_again(directory: Path, storages: Sequence[Sequence[str]]) -> Load:
    """Instances on the same log under load; one after another is killed and started again."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    load = Load(seed)
    instances = [await start(directory, storage) for storage in storages]
    try:
        for _ in range(KILLS):
            stop = asyncio.Event()
            victim = dice.randrange(len(instances))
            async with asyncio.TaskGroup() as group:
                for instance in instances:
                    for _ in range(CLIENTS):
                        group.create_task(load.client(instance.connection(), stop))
                # The moment itself is what is random here; there is no event to wait for.
                await asyncio.sleep(dice.uniform(0.0, 0.25))
                await instances[victim].kill()
                stop.set()
            instances[victim] = await start(directory, storages[victim])
        for instance in instances:
            await _check(instance, load)
        for instance in instances:
            assert await instance.stop() == 0
    finally:
        for instance in instances:
            if instance.process.returncode is None:
                await instance.kill()
    return load


async def _verify(log: Log, load: Load) -> None:
    report = await verify_log(log, [])
    await log.close()
    assert report.good, report.findings
    assert len(load.acknowledged) > KILLS
    assert report.entries >= len(load.acknowledged)


@pytest.mark.xdist_group("kills-sqlite")
async def test_an_embedded_exchange_keeps_its_promises(tmp_path: Path) -> None:
    load = await _kill_again_and_again(tmp_path, [["--data", str(tmp_path / "data")]])
    await _verify(await SqliteLog.open(tmp_path / "data", read_only=True), load)


@pytest.mark.xdist_group("kills-postgres")
async def test_a_pool_keeps_its_promises(
    postgres: PostgresServer, pool_storage: list[str], tmp_path: Path
) -> None:
    load = await _kill_again_and_again(tmp_path, [pool_storage, pool_storage])
    await _verify(await PostgresLog.open(pool_storage[1], read_only=True), load)
