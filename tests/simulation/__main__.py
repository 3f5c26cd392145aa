"""Simulate a pool of exchanges; exit code 1, and how to see it again, when it does wrong."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.world import Failure, World

from detente.geo import warm_up


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--steps", type=int, default=100_000, help="steps in all")
    parser.add_argument("--instances", type=int, help="size of the pool; by default the seed says")
    parser.add_argument(
        "--episode",
        type=int,
        default=100_000,
        help="a longer run is cut into worlds of so many steps, with one seed after another",
    )
    arguments = parser.parse_args()
    warm_up()
    counts: Counter[str] = Counter()
    seed, done, began_s = arguments.seed, 0, time.monotonic()
    while done < arguments.steps:
        steps = min(arguments.episode, arguments.steps - done)
        world = World(seed, steps, arguments.instances)
        try:
            world.run()
        except Failure as failure:
            sys.stdout.write(f"\n{failure}\n")
            return 1
        done += world.loop.steps
        counts += world.counts
        counts["entries"] += world.shadow.size
        rate = done / (time.monotonic() - began_s)
        sys.stdout.write(
            f"seed {seed}: {world.instance_count} instances, {world.loop.steps} steps, "
            f"{world.shadow.size} entries, {world.loop.time():.0f} s simulated, fingerprint "
            f"{world.fingerprint:08x}; {done}/{arguments.steps} steps, {rate:.0f} steps/s\n"
        )
        sys.stdout.flush()
        seed += 1
    for what, often in sorted(counts.items()):
        sys.stdout.write(f"{often:9d}  {what}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
