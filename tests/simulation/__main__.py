"""Simulate a pool of exchanges; exit code 1, and how to see it again, when it does wrong."""

from __future__ import annotations

from collections import Counter

from tests.simulation.command import simulate
from tests.simulation.world import Failure, World

from detente.geo import warm_up


def episode(seed: int, steps: int, instances: int | None) -> tuple[int, str, Counter[str]]:
    world = World(seed, steps, instances)
    world.run()
    what = (
        f"{world.instance_count} instances, {world.loop.steps} steps, {world.shadow.size} entries, "
        f"{world.loop.time():.0f} s simulated, fingerprint {world.fingerprint:08x}"
    )
    return world.loop.steps, what, world.counts + Counter({"entries": world.shadow.size})


if __name__ == "__main__":
    warm_up()
    raise SystemExit(
        simulate(
            "python -m tests.simulation",
            __doc__,
            "--instances",
            None,
            episode,
            Failure,
            episode_steps=100_000,
        )
    )
