"""One instance of the pool: a process that starts, serves, stalls, stops, dies and starts again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from tests.simulation.connection import SimulatedLog
from tests.simulation.loop import Process, resume
from tests.simulation.operations import Operation
from tests.simulation.watched import Watched, watch

from detente.errors import DetenteError
from detente.exchange import commands as c
from detente.exchange import snapshot
from detente.exchange.airspace import Airspace
from detente.exchange.entries import decode_entry
from detente.exchange.service import Exchange
from detente.record import Ed25519Signer, Ledger, LogUnavailable, SnapshotDamaged

if TYPE_CHECKING:
    from tests.simulation.world import World

ORIGIN: Final = "simulation.example/exchange"
GUARD_M: Final = 1.0
EPOCH_US: Final = 1_800_000_000_000_000
RULES: Final = c.Rules()

_RESTART_S: Final = 0.2
_STOP_MOST_S: Final = 120.0


class Instance:
    """A place in the pool; `life` is the process that currently runs there."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.name = f"exchange{number}"
        self.signer = Ed25519Signer(self.name, world.rng.randbytes(32))
        self.skew_us = 0
        self.partitioned = False
        self.starts = 0
        self.life: Life | None = None

    def start(self) -> None:
        """Run a process, unless one runs already."""
        if self.life is None:
            self.starts += 1
            self.life = Life(self)

    def clock_us(self) -> int:
        """What this instance takes for the time."""
        return self.world.now_us + self.skew_us

    @property
    def serving(self) -> bool:
        """Whether clients are let in."""
        return self.life is not None and self.life.serving

    def crash(self) -> None:
        """The process is gone from one moment to the next."""
        life, self.life = self.life, None
        if life is not None:
            life.end()

    async def stop(self) -> None:
        """SIGTERM: what was accepted is finished, then the process ends."""
        life = self.life
        if life is None or life.exchange is None or not life.serving:
            return
        stopping = life.process.spawn(life.stop(life.exchange))
        await asyncio.wait({stopping}, timeout=_STOP_MOST_S)
        if self.life is life:
            if not stopping.done():
                self.world.fail(f"{self.name} has been stopping for {_STOP_MOST_S:.0f} s")
            self.life = None
            life.end()

    async def stall(self, seconds: float) -> None:
        """The process does not run for a while, in the middle of whatever it does."""
        life = self.life
        if life is None:
            return
        life.process.stalled = True
        await asyncio.sleep(seconds)
        if not life.process.dead:
            resume(life.process)


class Life:
    """One process of an instance, from its start to its end."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.world = instance.world
        self.process = Process(f"{instance.name}.{instance.starts}", self.world.fail)
        self.log = SimulatedLog(self.world.server, self.process, self.world.rng)
        self.log.partitioned = lambda: instance.partitioned
        self.exchange: Exchange | None = None
        self.airspace: Watched | None = None
        self.serving = False
        self.open: dict[Operation, None] = {}
        self._batch_max = self.world.rng.choice((2, 16, 128))
        self._queue_max = self.world.rng.choice((6, 1000, 1000, 1000))
        self.process.spawn(self._run())

    def end(self) -> None:
        """Whoever waits for an answer of this process will not get one."""
        self.serving = False
        self.process.kill()
        for operation in list(self.open):
            self.world.count("client cut off by crash")
            operation.lost()
        self.open.clear()

    def serve(self, operation: Operation, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have the process work on what a client asked."""
        self.open[operation] = None
        task = self.process.spawn(work)
        task.add_done_callback(lambda _: self.open.pop(operation, None))
        return task

    async def stop(self, exchange: Exchange) -> None:
        """What the program does on SIGTERM."""
        await exchange.stop()
        self.serving = False
        for _ in range(3):
            await asyncio.sleep(0)  # whoever was answered hears of it
        if self.open:
            self.world.fail(f"{self.process.name} stopped and left {len(self.open)} unanswered")
        assert self.airspace is not None
        try:
            await snapshot.save(self._ledger, self.airspace)
            self.world.count("snapshot at stop")
        except LogUnavailable:
            self.world.count("snapshot not stored")

    async def _run(self) -> None:
        while self.exchange is None:
            try:
                self.exchange = await self._open()
            except LogUnavailable:
                await asyncio.sleep(_RESTART_S)
        exchange = self.exchange
        endpoint = f"https://{self.instance.name}.example/{self.instance.starts % 3}"
        await self._persist(exchange, c.OpenLog())
        await self._persist(
            exchange,
            c.JoinPool(self.instance.name, endpoint, self.instance.signer.verifier.to_vkey()),
        )
        self.serving = True
        try:
            await exchange.wait_closed()
        except DetenteError as error:
            self.world.fail(f"the writer of {self.process.name} gave up: {error!r}")

    async def _open(self) -> Exchange:
        world = self.world
        self._ledger = Ledger(self.log, self.instance.signer, ORIGIN, verifiers=world.verifiers)
        self.airspace = await restore(world, self._ledger, self._rolled_back)
        exchange = Exchange(
            self._ledger,
            self.airspace,
            rules=RULES,
            clock=self.instance.clock_us,
            entropy=world.rng.randbytes,
            alone=world.alone,
            batch_max=self._batch_max,
            queue_max=self._queue_max,
            meter=world,
        )
        await exchange.start()
        writer = exchange._task
        assert writer is not None
        self.process.adopt(writer)
        return exchange

    async def _persist(self, exchange: Exchange, command: c.Command) -> None:
        while True:
            operation = self.world.begin(command, self.process.name)
            await self.world.submit(operation, exchange, self.process)
            if operation.outcome == "done":
                return
            await asyncio.sleep(_RESTART_S)

    def _rolled_back(self, airspace: Watched) -> None:
        if not self.process.dead:
            self.world.compare_with_replica(airspace, f"{self.process.name} after a rollback")


async def restore(
    world: World, ledger: Ledger, rolled_back: Callable[[Watched], None] | None
) -> Watched:
    """The state of the newest good snapshot, as the program restores it."""

    def skipped(damage: SnapshotDamaged) -> None:
        world.count("snapshot skipped")

    airspace: Airspace = await snapshot.restore(ledger, GUARD_M, skipped)
    if ledger.size:
        world.count("start from snapshot")
    return watch(airspace, ledger.size, rolled_back)


async def make_snapshot(world: World, process: Process) -> None:
    """What `detente.exchange.snapshot_process` does, in a process of its own."""
    ledger = Ledger(SimulatedLog(world.server, process, world.rng), None, ORIGIN)
    try:
        airspace = await restore(world, ledger, None)
        position = ledger.size
        async for page in ledger.replay():
            for body in page:
                airspace.apply(decode_entry(body, position))
                position += 1
        await snapshot.save(ledger, airspace)
        world.count("snapshot stored")
    except LogUnavailable:
        world.count("snapshot not stored")
