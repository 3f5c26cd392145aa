"""Simulate planning; exit code 1, and how to see it again, when it does wrong."""

from __future__ import annotations

from collections import Counter

from tests.simulation.command import simulate
from tests.simulation.planning.airspace import EPOCH_US
from tests.simulation.planning.world import Failure, World


def episode(seed: int, steps: int, planners: int | None) -> tuple[int, str, Counter[str]]:
    world = World(seed, steps, planners)
    world.run()
    what = (
        f"{len(world.nodes)} planners, {world.steps} steps, {len(world.versions)} intents, "
        f"{(world.now_us - EPOCH_US) / 1e6:.0f} s simulated, fingerprint {world.fingerprint:08x}"
    )
    return world.steps, what, world.counts


if __name__ == "__main__":
    raise SystemExit(
        simulate(
            "python -m tests.simulation.planning",
            __doc__,
            "--planners",
            (2, 3),
            episode,
            Failure,
            episode_steps=6_000,
        )
    )
