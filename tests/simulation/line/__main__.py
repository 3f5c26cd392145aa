"""Simulate the line; exit code 1, and how to see it again, when it does wrong."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.line.world import Failure, World


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.line", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--steps", type=int, default=100_000, help="steps in all")
    parser.add_argument("--nodes", type=int, choices=(2, 3, 4), help="by default the seed says")
    parser.add_argument(
        "--episode",
        type=int,
        default=30_000,
        help="a longer run is cut into worlds of so many steps, with one seed after another",
    )
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    seed, done, began_s = arguments.seed, 0, time.monotonic()
    while done < arguments.steps:
        steps = min(arguments.episode, arguments.steps - done)
        world = World(seed, steps, arguments.nodes)
        try:
            world.run()
        except Failure as failure:
            sys.stdout.write(f"\n{failure}\n")
            return 1
        done += world.steps
        counts += world.counts
        rate = done / (time.monotonic() - began_s)
        sys.stdout.write(
            f"seed {seed}: {len(world.nodes)} nodes, {world.steps} steps, {len(world.sealed)} "
            f"envelopes, {world.now:.0f} s simulated, fingerprint {world.fingerprint:08x}; "
            f"{done}/{arguments.steps} steps, {rate:.0f} steps/s\n"
        )
        sys.stdout.flush()
        seed += 1
    for what, often in sorted(counts.items()):
        sys.stdout.write(f"{often:9d}  {what}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
