"""Quiet points: all faults are healed, everybody must recover, and whole states are compared."""

from __future__ import annotations

import asyncio
from copy import copy
from typing import TYPE_CHECKING, Final

from tests.simulation.connection import SimulatedLog
from tests.simulation.instances import GUARD_M, ORIGIN, Life
from tests.simulation.loop import Process
from tests.simulation.shadow import demand

from detente.exchange.airspace import Airspace
from detente.exchange.entries import decode_entry
from detente.record import Checkpoint, Frontier, Ledger, leaf_hash, open_checkpoint

if TYPE_CHECKING:
    from tests.simulation.world import World

_RECOVERY_MOST_S: Final = 60.0


async def quiet_point(world: World) -> None:
    """All is well for a moment: everybody must recover and agree."""
    world.paused = True
    rough = copy(world.weather)
    world.weather.calm()
    world.server.down = False
    for instance in world.instances:
        instance.partitioned = False
    until_s = world.loop.time() + _RECOVERY_MOST_S
    while world.busy or not all(instance.serving for instance in world.instances):
        await asyncio.sleep(0.05)
        demand(
            world.loop.time() < until_s,
            f"no recovery within {_RECOVERY_MOST_S:.0f} s of good weather: {world.busy} busy",
        )
    for instance in world.instances:
        life = instance.life
        assert life is not None
        await _compare(world, life, until_s)
    _compare_with_shadow(world)
    world.note(f"quiet point, {world.shadow.size} entries")
    world.count("quiet points")
    for name in rough.__slots__:
        setattr(world.weather, name, getattr(rough, name))
    world.paused = world.finished


async def _compare(world: World, life: Life, until_s: float) -> None:
    assert life.exchange is not None
    assert life.airspace is not None
    airspace = life.airspace
    while True:
        operation = world.begin(None, life.process.name, "quiet read")
        await world.ask(operation, life.exchange, life.process, lambda _: (), lambda _: ())
        if operation.outcome == "done" and airspace.position == world.shadow.size:
            break
        # A session left behind may hold the head until the server ends it, and what nobody waits
        # for any more may still be written.
        await asyncio.sleep(0.1)
        demand(world.loop.time() < until_s, "reads fail in good weather, or never catch up")
    demand(
        life.exchange.image() == list(world.replica.image()),
        f"{life.process.name} shows another state than the log",
    )
    for item in world.shadow.at(world.shadow.size).subscriptions():
        demand(
            tuple(sorted(airspace.dependents(item.id)))
            == world.shadow.at(world.shadow.size).dependents(item.id),
            f"{life.process.name} has other dependents of {item.id}",
        )


def _compare_with_shadow(world: World) -> None:
    state, replica = world.shadow.at(world.shadow.size), world.replica
    demand(list(replica.intents) == state.intents(), "the operational intents differ")
    demand(list(replica.constraints) == state.constraints(), "the constraints differ")
    demand(list(replica.subscriptions) == state.subscriptions(), "the subscriptions differ")
    for item in state.subscriptions():
        demand(
            replica.notification_index(item.id) == state.index(item.id),
            f"the index of {item.id} differs",
        )
        demand(
            not item.implicit or bool(state.dependents(item.id)),
            f"G5: {item.id} is an orphan",
        )


async def replay_everything(world: World) -> None:
    """From the first entry, with every checkpoint's root and signature."""
    process = Process("replay", world.fail)
    ledger = Ledger(
        SimulatedLog(world.server, process, world.rng),
        None,
        ORIGIN,
        Frontier(),
        world.verifiers,
    )
    fresh = Airspace(GUARD_M)
    position = 0
    world.weather.calm()
    tree = Frontier()
    async for page in ledger.replay():
        for body in page:
            fresh.apply(decode_entry(body, position))
            position += 1
            tree.append(leaf_hash(body))
            note = world.server.checkpoints.get(position)
            if note is not None:
                demand(
                    open_checkpoint(note, world.verifiers)
                    == Checkpoint(ORIGIN, position, tree.root()),
                    f"the checkpoint of {position} entries has another root",
                )
    demand(position == world.shadow.size, "the replay found another number of entries")
    demand(
        list(fresh.image()) == list(world.replica.image()),
        "replaying the log gives another state",
    )
