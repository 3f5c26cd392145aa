"""The nemesis: what befalls whole instances, the way to the log, and the log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.simulation.instances import Instance, make_snapshot
from tests.simulation.loop import Process

if TYPE_CHECKING:
    from tests.simulation.world import World


async def nemesis(world: World) -> None:
    """Do something bad now and then, for as long as the run lasts."""
    rng, weather = world.rng, world.weather
    while not world.finished:
        await asyncio.sleep(rng.expovariate(1 / weather.nemesis_every_s))
        if world.paused or not weather.kinds:
            continue
        kind = rng.choice(weather.kinds)
        instance = rng.choice(world.instances)
        work = asyncio.ensure_future(_befall(world, kind, instance))
        work.add_done_callback(lambda task: _seen(world, task))


async def _befall(world: World, kind: str, instance: Instance) -> None:
    rng, server = world.rng, world.server
    seconds = rng.expovariate(1 / 0.3)
    world.busy += 1
    world.count(kind)
    world.note(f"{kind}: {instance.name}, {seconds:.3f} s")
    try:
        if kind == "crash":
            instance.crash()
            await asyncio.sleep(seconds)
            instance.start()
        elif kind == "graceful stop":
            await instance.stop()
            await asyncio.sleep(seconds)
            instance.start()
        elif kind == "stall":
            await instance.stall(seconds * rng.choice((0.05, 1.0, 4.0)))
        elif kind == "partition":
            instance.partitioned = True
            await asyncio.sleep(seconds)
            instance.partitioned = False
        elif kind == "outage":
            server.outage()
            await asyncio.sleep(seconds * 0.3)
            server.down = False
        elif kind == "clock jump":
            instance.skew_us = round(rng.uniform(-5e6, 5e6))
        elif kind == "snapshot":
            process = Process("snapshotter", world.fail)
            await asyncio.wait({process.spawn(make_snapshot(world, process))})
        elif kind == "damaged snapshot" and server.snapshots:
            damaged = rng.choice(server.snapshots)
            body = bytearray(damaged.body)
            body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
            damaged.body = bytes(body) if rng.random() < 0.7 else damaged.body[:-1]
    finally:
        world.busy -= 1


def _seen(world: World, task: asyncio.Future[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        world.fail(f"the simulator itself: {error!r}")
