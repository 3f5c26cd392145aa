"""What scenarios of a conformance tester share: one node, its neighbour, and the tester."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.support.conformance_tester import Tester
from tests.support.instance import HOST, key_pair
from tests.support.planners import Planners, planners
from tests.support.small_uss.running import SmallUss, small
from tests.support.trial.volumes import box, circle, volume

Json = dict[str, Any]


@dataclass
class Scenario:
    """A node under test (`a`), a node without test interfaces (`b`), and another USS."""

    there: Planners
    tester: Tester
    other: SmallUss
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def file(
        self, volumes: Sequence[Json], priority: int = 0, state: str = "Accepted"
    ) -> str:
        """Have the other USS file an intent, which must succeed; gives its id."""
        told = await self.other.change(volumes, priority=priority)
        assert told["result"] == "accepted", told
        identity: str = told["intent"]["reference"]["id"]
        if state != "Accepted":
            told = await self.other.change(
                volumes, intent_id=identity, priority=priority, state=state
            )
            assert told["result"] == "accepted", told
        return identity

    async def references(self) -> list[Json]:
        """What stands at the exchange around here."""
        return await self.there.references({"volume": circle(0, 0, 20_000)})

    async def ours(self) -> list[Json]:
        """Of that, what the node under test manages."""
        return [each for each in await self.references() if each["manager"] == "a"]

    async def tidy(self) -> None:
        """Leave nothing behind."""
        if not self.other.alive:
            await self.there.availability(self.other.name, "Normal")
            await self.other.start()
        await self.other.behave()
        for identity in (await self.other.state())["intents"]:
            await self.other.end(identity)
        await self.tester.clear({"volume": circle(0, 0, 20_000)})
        assert await self.references() == []


def here(
    east_m: float = 0.0,
    *,
    start_min: float = -1.0,
    length_min: float = 60.0,
    north_m: float = 0.0,
    width_m: float = 200.0,
) -> list[Json]:
    """A box of 100 m from south to north, from 500 m to 560 m."""
    start = datetime.now(UTC) + timedelta(minutes=start_min)
    end = start + timedelta(minutes=length_min)
    return [volume(box(east_m, north_m, width_m, 100, 0), 500, 560, start, end)]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scenario]:
    """Everything, once for all scenarios."""
    root = tmp_path_factory.mktemp("scenarios")
    async with planners(root, start=(), settings=["--peer-timeout", "1"]) as there:
        await there["a"].start("--test-interfaces", "--ground", "400 m W84")
        await there["b"].start()
        url = f"http://{HOST}:{there.exchanges['main'].port}"
        keys = key_pair()[0].decode(), key_pair()[1].decode()
        async with (
            small(SmallUss("other", root / "other", url, keys)) as other,
            httpx.AsyncClient(trust_env=False, timeout=30) as http,
        ):
            yield Scenario(there, Tester(there["a"].base_url, http), other)


@pytest.fixture
async def scenario(started: Scenario) -> AsyncIterator[Scenario]:
    """An empty sky, and empty again afterwards."""
    started.began = datetime.now(UTC)
    yield started
    await started.tidy()
