"""The connections of a server, without sockets."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from detente.http import ConnectionLimits
from detente.http.protocol import Connections, GuardedProtocol

pytestmark = pytest.mark.anyio


class Stalled:
    """A connection whose deadline has passed."""

    deadline_s = 0.0

    def __init__(self, all_: Connections, *, broken: bool) -> None:
        self._all = all_
        self._broken = broken
        self.expired = asyncio.Event()
        all_.open.add(cast(GuardedProtocol, self))

    def expire(self) -> None:
        self._all.open.discard(cast(GuardedProtocol, self))
        self.expired.set()
        if self._broken:
            raise RuntimeError("secret")


async def test_a_connection_that_cannot_be_closed_does_not_end_the_sweeping(
    caplog: pytest.LogCaptureFixture,
) -> None:
    connections = Connections(ConnectionLimits(header_timeout_s=0.01))
    broken = Stalled(connections, broken=True)
    sweeping = asyncio.create_task(connections.sweep_for_ever())
    async with asyncio.timeout(5):
        await broken.expired.wait()
        await Stalled(connections, broken=False).expired.wait()
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    assert [r.exc_info[0] for r in caplog.records if r.exc_info] == [RuntimeError]
