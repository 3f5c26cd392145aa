"""Two parties on one machine, with a record each, driven by `detente record`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.agreements import OFFICERS, World, enrolled
from tests.support.program import Finished, detente

from detente.node.home import Home, begin, find
from detente.record import Draft, PartyRecord


@dataclass(frozen=True)
class Two:
    """Two parties with a record each."""

    world: World

    def record(self, party: str) -> Path:
        return self.world.root / f"record-{party}"

    @asynccontextmanager
    async def opened(self, party: str, *, write: bool = True) -> AsyncIterator[PartyRecord]:
        async with find(self.record(party)).opened(write=write) as record:
            yield record

    async def run(self, command: str, party: str, *arguments: str | Path) -> Finished:
        """`detente record COMMAND RECORD …`; a command of two words is written `witness take`."""
        return await detente("record", *command.split(), self.record(party), *arguments)

    async def good(self, command: str, party: str, *arguments: str | Path) -> str:
        done = await self.run(command, party, *arguments)
        assert done.code == 0, done
        return done.out


async def begun(root: Path) -> Two:
    two = Two(enrolled(root, fresh=True))
    two.world.sign_all()
    for party in OFFICERS:
        keys = two.world.keys(party)
        record = await begin(Home(two.record(party), party, keys, keys), two.world.agreement)
        await record.close()
    return two


async def fill(two: Two, count: int) -> None:
    """Messages of A to B."""
    async with two.opened("a") as record:
        for start in range(0, count, 250):
            drafts = [
                Draft("message", "to-b", ("b",), {"number": number})
                for number in range(start, min(start + 250, count))
            ]
            await record.append([(draft, None) for draft in drafts])


async def contents(two: Two, party: str) -> list[tuple[str, str, Any]]:
    """Sender, kind and body of every entry, receipts by what they are of."""
    async with two.opened(party, write=False) as record:
        found = []
        for entry in await record.entries(0, 100_000):
            payload = entry.payload
            assert payload is not None
            body = payload.body.get("of", payload.body.get("number"))
            found.append((payload.sender, payload.kind, body))
        assert await record.verify() == []
        return found


async def exported(two: Two, party: str, name: str = "bundle.zip", *more: str | Path) -> Path:
    """A bundle that the party's first officer asks for."""
    target = two.world.root / name
    officer = OFFICERS[party][0]
    await two.good("export", party, target, "--officer", officer, "--purpose", "a test", *more)
    return target
