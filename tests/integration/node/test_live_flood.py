"""More than can be looked at: what is given up is counted, and the newest positions are kept."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.feeding import serving
from tests.support.nodes import until

from detente.feeds.transports import Feed, WaitingReports
from detente.http import AddressPolicy
from detente.node.watch.feeds_running import made_feed
from detente.node.watch.live import LiveWatch
from detente.node.watch.watch_file import PRIVATE, FeedPart
from detente.watch import Engine, Event, Monitor, Tracked, Tracks

pytestmark = pytest.mark.anyio

AIRCRAFT = 20
ROUNDS = 100
MOST = 500


class Slow(Monitor):
    """Looks at the first batch until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.seen: dict[str, float] = {}
        self.rows = 0

    def take(self, tracked: Tracked) -> list[Event]:
        assert self.go.wait(60)
        self.rows += len(tracked)
        reports = tracked.reports
        for aircraft, lat in zip(reports.aircraft.tolist(), reports.lat_deg.tolist(), strict=True):
            self.seen[reports.identities[aircraft]] = lat
        return []

    def close(self) -> list[Event]:
        return []

    def snapshot(self) -> bytes:
        return b""

    def restore(self, snapshot: bytes) -> None:
        del snapshot


def line(began_s: float, aircraft: int, number: int) -> bytes:
    """A position; ten a second, each some way further north."""
    at = datetime.fromtimestamp(began_s + number / 10, UTC)
    when = f"{at:%Y/%m/%d,%H:%M:%S}.{at.microsecond // 1000:03d}"
    head = f"MSG,3,1,1,{0x4B0000 + aircraft:06X},1,{when},{when}"
    return f"{head},,12000,,,{place(number):.6f},{7 + aircraft / 100:.6f},,,0,0,0,0\r\n".encode()


def place(number: int) -> float:
    return 46.0 + number * 0.0002


async def test_what_is_too_much_is_given_up_and_counted(tmp_path: Path) -> None:
    slow = Slow()
    looking = asyncio.Event()
    began_s = time.time() - ROUNDS / 10

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line(began_s, 0, 0))
        await writer.drain()
        await looking.wait()
        rows = ((each, number) for number in range(1, ROUNDS) for each in range(AIRCRAFT))
        writer.write(b"".join(line(began_s, *row) for row in rows))
        slow.go.set()  # all is on its way while nobody reads
        await reader.read()

    async def nobody(events: Sequence[Event]) -> None:
        assert not events

    def now_us() -> int:
        return time.time_ns() // 1000

    async with serving(flood) as port:
        part = FeedPart(name="flood", format="sbs", address=f"tcp://127.0.0.1:{port}")
        policy = AddressPolicy.of(PRIVATE)

        def feeds(waiting: WaitingReports) -> list[Feed]:
            return [made_feed(part, tmp_path, policy, waiting, now_us)]

        live = LiveWatch(Engine(Tracks(), [slow]), feeds, nobody, [], now_us, waiting_max=MOST)
        live.start()
        sent = 1 + AIRCRAFT * (ROUNDS - 1)
        try:

            async def begun() -> bool:
                return live.health().taken == 1

            async def caught_up() -> bool:
                health = live.health()
                return health.taken + sum(health.shed.values()) == sent

            await until(begun)
            looking.set()
            await until(caught_up)
        finally:
            slow.go.set()
            await live.stop()
    health = live.health()
    assert health.failed == ""
    assert health.shed["flood"] > 0
    assert slow.rows + sum(health.taken_out.values()) == health.taken
    newest = pytest.approx(place(ROUNDS - 1))
    assert slow.seen == {f"{0x4B0000 + each:06x}": newest for each in range(AIRCRAFT)}
