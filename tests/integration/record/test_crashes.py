"""Real processes and servers, really killed."""

from __future__ import annotations

import asyncio
import random
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest
from tests.support.appender import check_turns, open_log
from tests.support.postgres import PostgresServer
from tests.support.records import ONE, ORIGIN, TWO, VERIFIERS

from detente.record import (
    AppendUnknown,
    Ledger,
    LedgerWriting,
    LogUnavailable,
    PostgresLog,
    PostgresSettings,
    read_checkpoint,
    verify_log,
)

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]


async def start(place: str, name: str, batches: int = 1_000_000) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.support.appender", place, name, str(batches)),
        stdout=PIPE,
        stderr=PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n", await failure(process)
    return process


async def failure(process: Process) -> str:
    assert process.stderr is not None
    return (await process.stderr.read()).decode()


async def acknowledged(process: Process) -> list[tuple[int, bytes]]:
    """All complete lines until the process has ended."""
    assert process.stdout is not None
    lines = (await process.stdout.read()).decode().split("\n")[:-1]
    await process.wait()
    return [(int(size), bytes.fromhex(root)) for size, root in (line.split() for line in lines)]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}"
    url = request.getfixturevalue("url")
    assert isinstance(url, str)
    return url


async def test_a_killed_writer_loses_nothing_that_it_acknowledged(place: str) -> None:
    choice = random.Random(place.split(":")[0])
    known: list[tuple[int, bytes]] = []
    for _ in range(5):
        process = await start(place, "one")
        await asyncio.sleep(choice.uniform(0.02, 0.3))
        process.kill()
        known += await acknowledged(process)
        log = await open_log(place)
        try:
            report = await verify_log(log, VERIFIERS)
            assert report.good, report.findings
            assert report.size >= (known[-1][0] if known else 0)
            roots = {
                stored.size: read_checkpoint(stored.note).root
                for stored in await log.checkpoints(0, 1_000_000)
            }
            assert all(roots[size] == root for size, root in known)
            check_turns(await log.read(0, 10_000_000))
        finally:
            await log.close()
    assert len(known) > 20


async def test_two_processes_take_turns_on_one_database(url: str) -> None:
    processes = [await start(url, name, 120) for name in ("one", "two")]
    told = await asyncio.gather(*[acknowledged(process) for process in processes])
    for process in processes:
        assert process.returncode == 0, await failure(process)
    sizes = [size for lines in told for size, _ in lines]
    assert len(sizes) == len(set(sizes)) == 240
    log = await PostgresLog.open(url)
    try:
        report = await verify_log(log, VERIFIERS)
        assert report.good
        assert report.signers == {"one.example": 120, "two.example": 120}
        counts = check_turns(await log.read(0, 100_000))
        assert counts["one"] == counts["two"] == report.size / 2
    finally:
        await log.close()


class Writer:
    """Appends what nobody else does, and keeps book of what became of it."""

    def __init__(self, book: Ledger, name: str) -> None:
        self.book = book
        self.name = name
        self.there: list[bytes] = []
        self.not_there: list[bytes] = []
        self.unknown = 0
        self.refused = 0
        self.progress = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            bodies = [f"{self.name} {number} {n}".encode() for n in range(3)]
            landed = await self._append(bodies)
            (self.there if landed else self.not_there).extend(bodies)
            if landed:
                self.progress.set()

    async def _append(self, bodies: list[bytes]) -> bool:
        held: LedgerWriting | None = None
        try:
            async with self.book.writing() as held:
                await held.append(bodies)
        except LogUnavailable:
            self.refused += 1
            await asyncio.sleep(0.01)
            return False
        except AppendUnknown:
            self.unknown += 1
        else:
            return True
        while self.book.uncertain:
            try:
                await self.book.catch_up()
            except LogUnavailable:
                await asyncio.sleep(0.01)
        assert held is not None
        assert held.landed is not None
        return held.landed


async def test_a_killed_server_loses_nothing_and_is_found_again() -> None:
    server = PostgresServer()
    server.start()
    settings = PostgresSettings(connect_s=2.0)
    try:
        logs = [await PostgresLog.open(server.url(), settings) for _ in range(2)]
        writers = [
            Writer(Ledger(log, signer, ORIGIN, verifiers=VERIFIERS), signer.name)
            for log, signer in zip(logs, (ONE, TWO), strict=True)
        ]
        stop = asyncio.Event()
        running = [asyncio.ensure_future(writer.run(stop)) for writer in writers]
        choice = random.Random(1)
        for _ in range(4):
            for writer in writers:
                writer.progress.clear()
                await asyncio.wait_for(writer.progress.wait(), 30)
            await asyncio.sleep(choice.uniform(0.0, 0.1))
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(0.05)
            await asyncio.to_thread(server.start)
        for writer in writers:
            writer.progress.clear()
            await asyncio.wait_for(writer.progress.wait(), 30)
        stop.set()
        await asyncio.gather(*running)

        report = await verify_log(logs[0], VERIFIERS)
        assert report.good, report.findings
        stored = await logs[0].read(0, 1_000_000)
        assert len(stored) == len(set(stored))
        for writer in writers:
            mine = [body for body in stored if body.startswith(writer.name.encode())]
            assert mine == writer.there
            assert not set(writer.not_there) & set(stored)
        assert sum(writer.unknown + writer.refused for writer in writers) >= 4
        for log in logs:
            await log.close()
    finally:
        server.stop()
