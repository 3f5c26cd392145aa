"""A feed of a node, as its file says it: what the octets leave out is known."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.asterix_blocks import broadcast
from tests.support.feeding import serving

from detente.feeds.transports import WaitingReports
from detente.http import AddressPolicy
from detente.node.watch.feeds_running import made_feed
from detente.node.watch.watch_file import PRIVATE, read_watch_file

pytestmark = pytest.mark.anyio

SITE = """
[[feed.asterix.sites]]
lat_deg = 46.5
lng_deg = 6.5
height_m = 500.0
"""


def now_us() -> int:
    return time.time_ns() // 1000


@pytest.mark.parametrize("site", [SITE, ""], ids=["site", "none"])
async def test_a_radar_gives_places_where_its_site_is_told(tmp_path: Path, site: str) -> None:
    from tests.support.radar_sight import capture  # libasterix takes a second to come

    target = (6.0, 46.35, 9144.0)
    plot = capture((6.5, 46.5, 500.0), [target], tod_s=now_us() / 1e6 % 86_400)
    data = plot + broadcast(0xABCDEF)  # what says its place itself comes in any case

    async def radar(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await reader.read()

    async with serving(radar) as port:
        path = tmp_path / "watch.toml"
        path.write_text(
            f'[[feed]]\nname = "r"\nformat = "asterix"\naddress = "tcp://127.0.0.1:{port}"\n{site}'
        )
        (part,) = read_watch_file(path).feed
        waiting = WaitingReports()
        feed = made_feed(part, tmp_path, AddressPolicy.of(PRIVATE), waiting, now_us)
        running = asyncio.create_task(feed.run())
        found: dict[str, tuple[float, float]] = {}
        try:
            async with asyncio.timeout(30):
                while "abcdef" not in found:
                    reports = await waiting.get()
                    names = [reports.identities[each] for each in reports.aircraft]
                    places = zip(reports.lng_deg.tolist(), reports.lat_deg.tolist(), strict=True)
                    found |= dict(zip(names, places, strict=True))
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    assert found.get("4b1234") == (pytest.approx(target[:2], abs=0.001) if site else None)
    assert feed.health().counts.dropped["no-site"] == (0 if site else 1)
