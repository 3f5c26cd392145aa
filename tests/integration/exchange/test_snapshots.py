"""Starts from snapshots, without them, and on damage: always the same state, or a clear refusal."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import apsw
import msgspec
import psycopg
import pytest
from tests.support.instance import Instance, intent_body, running, uuid4_of
from tests.support.program import Finished, detente, messages

from detente.exchange.snapshot_process import Source

OIR = "/dss/v1/operational_intent_references"
ORIGIN = "detente-exchange"
FLIPPED_BYTE = 5000  # of a snapshot's body: somewhere within its lines

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


class Place:
    """Where an instance keeps its log, for somebody who may change what is stored."""

    def __init__(self, options: list[str]) -> None:
        self.options = options

    def source(self) -> Source:
        """For the process that makes snapshots."""
        raise NotImplementedError

    def snapshots(self) -> list[int]:
        """How many entries each stands for, the newest first."""
        raise NotImplementedError

    def flip_newest(self) -> None:
        """Change one byte in the newest snapshot."""
        raise NotImplementedError

    def delete_snapshots(self) -> None:
        """All of them."""
        raise NotImplementedError

    def read(self, position: int) -> bytes:
        """An entry's bytes."""
        raise NotImplementedError

    def write(self, position: int, body: bytes) -> None:
        """Put others in their place."""
        raise NotImplementedError


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


class Directory(Place):
    def __init__(self, path: Path) -> None:
        super().__init__(["--data", str(path)])
        self._path = path

    def source(self) -> Source:
        return Source(str(self._path), None, ORIGIN, 1.0)

    def _files(self) -> list[Path]:
        return sorted((self._path / "snapshots").glob("*.snapshot"), reverse=True)

    def snapshots(self) -> list[int]:
        return [int(path.name.partition("-")[0]) for path in self._files()]

    def flip_newest(self) -> None:
        newest = self._files()[0]
        newest.write_bytes(flipped(newest.read_bytes(), 4096 + FLIPPED_BYTE))

    def delete_snapshots(self) -> None:
        for path in self._files():
            path.unlink()

    def _database(self) -> apsw.Connection:
        return apsw.Connection(str(self._path / "log.sqlite"))

    def read(self, position: int) -> bytes:
        found = self._database().execute("SELECT body FROM entries WHERE position = ?", (position,))
        return cast(tuple[bytes], found.fetchone())[0]

    def write(self, position: int, body: bytes) -> None:
        self._database().execute("UPDATE entries SET body = ? WHERE position = ?", (body, position))


class Database(Place):
    def __init__(self, options: list[str]) -> None:
        super().__init__(options)
        self._url = options[options.index("--database") + 1]

    def source(self) -> Source:
        return Source("", self._url, ORIGIN, 1.0)

    def _rows(self, sql: bytes, *values: object) -> list[tuple[Any, ...]]:
        options = "-csearch_path=detente"
        with psycopg.connect(self._url, autocommit=True, options=options) as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description is not None else []

    def snapshots(self) -> list[int]:
        rows = self._rows(b"SELECT size FROM snapshots WHERE complete ORDER BY size DESC")
        return [size for (size,) in rows]

    def flip_newest(self) -> None:
        [(key,)] = self._rows(b"SELECT key FROM snapshots ORDER BY size DESC LIMIT 1")
        [(body,)] = self._rows(
            b"SELECT body FROM snapshot_chunks WHERE key = %s AND number = 0", key
        )
        self._rows(
            b"UPDATE snapshot_chunks SET body = %s WHERE key = %s AND number = 0",
            flipped(body, FLIPPED_BYTE),
            key,
        )

    def delete_snapshots(self) -> None:
        self._rows(b"DELETE FROM snapshots")
        self._rows(b"DELETE FROM snapshot_chunks")

    def read(self, position: int) -> bytes:
        [(body,)] = self._rows(b"SELECT body FROM entries WHERE position = %s", position)
        return cast(bytes, body)

    def write(self, position: int, body: bytes) -> None:
        self._rows(b"UPDATE entries SET body = %s WHERE position = %s", body, position)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield Directory(tmp_path / "data")
    else:
        yield Database(request.getfixturevalue("pool_storage"))


async def write(instance: Instance, first: int, count: int) -> None:
    """Create intents with implicit subscriptions; change some, delete some."""
    numbers = iter(range(first, first + count))
    now_s = int(time.time())

    async def work() -> None:
        async with instance.connection() as connection:
            for number in numbers:
                path = f"{OIR}/{uuid4_of(number)}"
                lat_deg, lng_deg = number // 40 * 0.003 + 46, number % 40 * 0.003 + 7
                body = intent_body(lat_deg, lng_deg, start_s=now_s, end_s=now_s + 3600)
                answer = await connection.call("PUT", path, body)
                assert answer.status == 201, answer
                ovn = answer.body["operational_intent_reference"]["ovn"]
                if number % 5 == 0:
                    changed = await connection.call("PUT", f"{path}/{ovn}", body)
                    assert changed.status == 200, changed
                elif number % 7 == 0:
                    gone = await connection.call("DELETE", f"{path}/{ovn}")
                    assert gone.status == 200, gone

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(work())


async def state(instance: Instance) -> list[Any]:
    """All intents, as their manager and as others see them, and all subscriptions."""
    area = {
        "area_of_interest": {
            "volume": {
                "outline_circle": {
                    "center": {"lat": 46.05, "lng": 7.06},
                    "radius": {"value": 28_000, "units": "M"},
                }
            }
        }
    }
    async with instance.connection() as connection:
        intents = await connection.call("POST", f"{OIR}/query", area)
        others = await connection.call("POST", f"{OIR}/query", area, sub="uss_b")
        subscriptions = await connection.call("POST", "/dss/v1/subscriptions/query", area)
    answers = [intents, others, subscriptions]
    assert [answer.status for answer in answers] == [200] * 3
    return answers


async def snapshot_now(place: Place) -> None:
    """What the exchange does now and then by itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "detente.exchange.snapshot_process"),
        stdin=asyncio.subprocess.PIPE,
    )
    await process.communicate(msgspec.json.encode(place.source()))
    assert process.returncode == 0


def last_start(directory: Path) -> tuple[int, int]:
    """Of how many entries the last start was, and how many of them came from a snapshot.

    To be asked when the instance has ended: its log is written a little behind.
    """
    starts = [
        match
        for message in messages(directory)
        if (match := re.fullmatch(r"(\d+) entries, (\d+) of them from a snapshot", message))
    ]
    return int(starts[-1][1]), int(starts[-1][2])


async def test_a_start_takes_the_newest_good_snapshot_or_none_and_shows_the_same(
    place: Place, tmp_path: Path
) -> None:
    async with running(tmp_path, place.options) as instance:
        await write(instance, 0, 1000)
        assert await instance.stop() == 0
    # So much to replay: the stop has left a snapshot behind.
    [first] = place.snapshots()
    assert first > 1000
    assert f"left a snapshot of {first} entries" in messages(tmp_path)

    async with running(tmp_path, place.options) as instance:
        await write(instance, 1000, 50)
        await snapshot_now(place)
        await write(instance, 1050, 20)
        before = await state(instance)
        assert await instance.stop() == 0
    assert last_start(tmp_path) == (first, first)
    second, again = place.snapshots()
    assert second > first == again

    assert not any("skipped" in message for message in messages(tmp_path))

    place.flip_newest()
    async with running(tmp_path, place.options) as instance:
        assert await state(instance) == before
        assert await instance.stop() == 0
    assert last_start(tmp_path)[1] == first
    [skipped] = [message for message in messages(tmp_path) if "skipped" in message]
    assert re.search(rf"a snapshot is skipped: snapshot 0*{second}-\w+: ", skipped)

    place.delete_snapshots()
    async with running(tmp_path, place.options) as instance:
        assert await state(instance) == before
        assert await instance.stop() == 0
    assert last_start(tmp_path)[1] == 0


async def refused_start(place: Place, tmp_path: Path) -> Finished:
    done = await detente(
        *("exchange", "--port", "0", "--auth-public-key", tmp_path / "public.pem"),
        *("--audience", "localhost", *place.options),
    )
    assert done.code == 2, done
    assert done.out == ""
    assert "Traceback" not in done.err
    return done


async def test_damage_in_the_log_stops_the_start_and_says_where(
    place: Place, tmp_path: Path
) -> None:
    async with running(tmp_path, place.options) as instance:
        await write(instance, 0, 40)
        before = await state(instance)
        assert await instance.stop() == 0
    good = place.read(23)
    place.write(23, good.replace(b'"', b"'", 1))
    done = await refused_start(place, tmp_path)
    assert "error: The stored bytes of the entry do not have the hash" in done.err
    assert "where:  entry 23" in done.err
    assert "advice: Stop every instance, keep the files or tables as they are" in done.err
    # Still JSON and still an entry: only the hash can tell.
    now = re.search(rb'"at_us":(\d+)', good)
    assert now is not None
    place.write(23, good.replace(now[1], str(int(now[1]) + 1).encode()))
    done = await refused_start(place, tmp_path)
    assert "where:  entry 23" in done.err
    place.write(23, good)
    async with running(tmp_path, place.options) as instance:
        assert await state(instance) == before
        assert await instance.stop() == 0


async def test_a_snapshot_is_made_while_serving_and_nobody_waits_for_it(
    place: Place, tmp_path: Path
) -> None:
    async with running(tmp_path, place.options, "--snapshot-every", "300") as instance:
        await write(instance, 0, 300)
        seconds: list[float] = []
        loop = asyncio.get_running_loop()
        number = 300
        async with asyncio.timeout(60), instance.connection() as connection:
            while not place.snapshots():
                began_s = loop.time()
                await write(instance, number, 8)
                answer = await connection.call("GET", f"{OIR}/{uuid4_of(1)}")
                seconds.append(loop.time() - began_s)
                assert answer.status == 200
                number += 8
        [made] = place.snapshots()
        assert made > 300
        # The other process starts, replays and writes within this time: none of it is waited for.
        assert max(seconds) < 4.0
        before = await state(instance)
        await instance.kill()
    async with running(tmp_path, place.options) as instance:
        assert await state(instance) == before
        assert await instance.stop() == 0
    total, restored = last_start(tmp_path)
    assert restored == made <= total
