"""What tests of the record and of its users need again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from detente.record import Ed25519Signer, Head, Ledger, Log, Verifier
from detente.record.memory import Moment

ORIGIN = "exchange.example/log"
ONE = Ed25519Signer("one.example", bytes([1]) * 32)
TWO = Ed25519Signer("two.example", bytes([2]) * 32)
VERIFIERS: list[Verifier] = [ONE.verifier, TWO.verifier]


def ledger(log: Log, signer: Ed25519Signer | None = ONE) -> Ledger:
    """A ledger that believes both keys."""
    return Ledger(log, signer, ORIGIN, verifiers=VERIFIERS)


async def append(to: Ledger, *bodies: bytes) -> Head:
    """Take the head and append."""
    async with to.writing() as writing:
        return await writing.append(bodies)


async def fill(to: Ledger, batches: Iterable[Sequence[bytes]]) -> None:
    """Append one batch after the other."""
    for bodies in batches:
        await append(to, *bodies)


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    """All of a snapshot's body."""
    return b"".join([chunk async for chunk in chunks])


class Hook:
    """Lets a test stop a `MemoryLog` at a moment, or break it there."""

    def __init__(self) -> None:
        self.errors: dict[Moment, list[Exception]] = {}
        self.gates: dict[Moment, asyncio.Event] = {}
        self.reached: dict[Moment, asyncio.Event] = {}

    def fail(self, moment: Moment, error: Exception) -> None:
        """Raise this once."""
        self.errors.setdefault(moment, []).append(error)

    def stop(self, moment: Moment) -> asyncio.Event:
        """Wait there until the event that is returned is set; `reached` tells when."""
        self.reached[moment] = asyncio.Event()
        self.gates[moment] = asyncio.Event()
        return self.gates[moment]

    async def __call__(self, moment: Moment) -> None:
        if moment in self.gates:
            gate = self.gates[moment]
            self.reached[moment].set()
            await gate.wait()
            if self.gates.get(moment) is gate:
                del self.gates[moment]
        if self.errors.get(moment):
            raise self.errors[moment].pop(0)
