"""Simulate the line; exit code 1, and how to see it again, when it does wrong."""

from __future__ import annotations

from collections import Counter

from tests.simulation.command import simulate
from tests.simulation.line.world import Failure, World


def episode(seed: int, steps: int, nodes: int | None) -> tuple[int, str, Counter[str]]:
    world = World(seed, steps, nodes)
    world.run()
    what = (
        f"{len(world.nodes)} nodes, {world.steps} steps, {len(world.sealed)} envelopes, "
        f"{world.now:.0f} s simulated, fingerprint {world.fingerprint:08x}"
    )
    return world.steps, what, world.counts


if __name__ == "__main__":
    raise SystemExit(
        simulate(
            "python -m tests.simulation.line",
            __doc__,
            "--nodes",
            (2, 3, 4),
            episode,
            Failure,
            episode_steps=30_000,
        )
    )
