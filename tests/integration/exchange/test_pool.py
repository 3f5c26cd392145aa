"""Two instances on one database: races, reading each other's writes, losing the database."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest
from tests.support.instance import Connection, Instance, Reply, intent_body, running, uuid4_of
from tests.support.postgres import PostgresServer

from detente.record import generate_key, save_key

RACES = int(os.environ.get("DETENTE_TEST_RACES", "10000"))
AT_ONCE = 24
OIR = "/dss/v1/operational_intent_references"

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.xdist_group("pool")]


async def _race(number: int, left: Connection, right: Connection) -> str:
    """Two relevant intents whose planners know nothing of each other, at the same moment."""
    lat = number // 500 * 0.01 - 40
    lng = number % 500 * 0.01
    now_s = int(time.time())
    ids = (uuid4_of(2 * number), uuid4_of(2 * number + 1))
    body = intent_body(lat, lng, start_s=now_s, end_s=now_s + 3600)
    first, second = await asyncio.gather(
        left.call("PUT", f"{OIR}/{ids[0]}", body, sub="uss_a"),
        right.call("PUT", f"{OIR}/{ids[1]}", body, sub="uss_b"),
    )
    assert {first.status, second.status} == {201, 409}, (first, second)
    won, lost = (0, second) if first.status == 201 else (1, first)
    missing = lost.body["missing_operational_intents"]
    assert [reference["id"] for reference in missing] == [ids[won]]
    assert missing[0]["ovn"] == "Available from USS"
    return "left" if won == 0 else "right"


async def test_of_two_mutually_ignorant_creates_exactly_one_wins(
    pool_storage: list[str], tmp_path: Path
) -> None:
    async with (
        running(tmp_path, pool_storage, "--log-level", "warning") as a,
        running(tmp_path, pool_storage, "--log-level", "warning") as b,
    ):
        numbers = iter(range(RACES))
        winners: list[str] = []

        async def run() -> None:
            async with a.connection() as left, b.connection() as right:
                for number in numbers:
                    winner = await _race(number, left, right)
                    winners.append(winner)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(run())
        assert len(winners) == RACES
        # Were the instances not racing, one of them would always be first.
        assert min(winners.count("left"), winners.count("right")) > RACES // 50


async def test_each_instance_reads_what_any_has_acknowledged(
    pool_storage: list[str], tmp_path: Path
) -> None:
    async with (
        running(tmp_path, pool_storage) as a,
        running(tmp_path, pool_storage) as b,
        a.connection() as to_a,
        b.connection() as to_b,
    ):
        writers, readers = (to_a, to_b), (to_b, to_a)
        now_s = int(time.time())
        for number in range(200):
            writer, reader = writers[number % 2], readers[number % 2]
            path = f"{OIR}/{uuid4_of(number)}"
            body = intent_body(number * 0.01, 1.0, start_s=now_s, end_s=now_s + 600)
            written = await writer.call("PUT", path, body)
            assert written.status == 201
            read = await reader.call("GET", path)
            assert read.body == {
                "operational_intent_reference": written.body["operational_intent_reference"]
            }
            ovn = read.body["operational_intent_reference"]["ovn"]
            assert (await reader.call("DELETE", f"{path}/{ovn}")).status == 200
            assert (await writer.call("GET", path)).status == 404


async def _get(instance: Instance, path: str) -> Reply:
    async with instance.connection() as connection:
        return await connection.call("GET", path)


async def _pool_id(instance: Instance) -> str:
    answer = await _get(instance, "/aux/v1/pool")
    assert answer.status == 200
    found: str = answer.body["dar_id"]
    return found


async def test_instances_that_start_together_form_one_pool(
    pool_storage: list[str], tmp_path: Path
) -> None:
    names = ("north", "south", "west")
    async with asyncio.timeout(120):
        contexts = [
            running(
                tmp_path,
                pool_storage,
                "--instance-name",
                name,
                "--public-endpoint",
                f"https://{name}.example",
            )
            for name in names
        ]
        instances = await asyncio.gather(*(context.__aenter__() for context in contexts))
        try:
            assert len({await _pool_id(instance) for instance in instances}) == 1
            for instance in instances:
                answer = await _get(instance, "/aux/v1/pool/dss_instances")
                listed = {i["id"]: i["public_endpoint"] for i in answer.body["dss_instances"]}
                assert listed == {name: f"https://{name}.example" for name in names}
        finally:
            for context in contexts:
                await context.__aexit__(None, None, None)


async def test_a_lost_database_is_503_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    server = PostgresServer()
    server.start()
    try:
        save_key(generate_key("detente-exchange"), tmp_path / "log.key")
        storage = ["--database", server.url(), "--log-key", str(tmp_path / "log.key")]
        async with running(tmp_path, storage) as a, running(tmp_path, storage) as b:
            acknowledged: dict[str, str] = {}
            refused = 0
            recovered = asyncio.Event()
            down = asyncio.Event()
            enough = asyncio.Event()

            async def write(instance: Instance, first: int) -> None:
                async with instance.connection() as connection:
                    await write_on(connection, first)

            async def write_on(connection: Connection, number: int) -> None:
                nonlocal refused
                after = 0
                while after < 20:
                    number += 8
                    now_s = int(time.time())
                    body = intent_body(
                        number % 100 - 50, number * 0.01 % 180, start_s=now_s, end_s=now_s + 600
                    )
                    identifier = uuid4_of(number)
                    answer = await connection.call("PUT", f"{OIR}/{identifier}", body)
                    if answer.status == 201:
                        reference = answer.body["operational_intent_reference"]
                        acknowledged[identifier] = reference["ovn"]
                        after += recovered.is_set()
                        if len(acknowledged) % 50 == 0:
                            enough.set()
                    else:
                        assert answer.status == 503, answer
                        refused += 1
                        down.set()

            async with asyncio.TaskGroup() as group:
                for i in range(8):
                    group.create_task(write(a if i % 2 else b, i))
                for _ in range(3):
                    enough.clear()
                    await enough.wait()
                    down.clear()
                    await asyncio.to_thread(server.kill)
                    await down.wait()
                    assert (await _get(a, "/healthy")).status == 503
                    await asyncio.to_thread(server.start)
                recovered.set()
            assert refused
            for instance in (a, b):
                async with instance.connection() as connection:
                    for identifier, ovn in acknowledged.items():
                        answer = await connection.call("GET", f"{OIR}/{identifier}")
                        assert answer.status == 200
                        assert answer.body["operational_intent_reference"]["ovn"] == ovn
    finally:
        server.stop()
