"""What the commands of the simulators share: worlds from seeds, and how to see a failure again."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

Episode = Callable[[int, int, int | None], tuple[int, str, Counter[str]]]
"""Runs the world of a seed for so many steps, of a size or the seed's own: the steps it took, what
it was, and what happened in it."""


def simulate(
    program: str,
    about: str | None,
    size: str,
    sizes: tuple[int, ...] | None,
    episode: Episode,
    failure: type[Exception],
    *,
    episode_steps: int,
) -> int:
    """Read the command line and run; the exit code.

    Args:
        program: how it is called.
        about: for its help.
        size: name of the option for the size of a world.
        sizes: those that it may have; None for any.
        episode: see `Episode`.
        failure: raised when a world does wrong.
        episode_steps: of one world, unless the command says otherwise.
    """
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--steps", type=int, default=100_000, help="steps in all")
    parser.add_argument(
        size, dest="size", type=int, choices=sizes, help="size of a world; by default the seed says"
    )
    parser.add_argument(
        "--episode",
        type=int,
        default=episode_steps,
        help="a longer run is cut into worlds of so many steps, with one seed after another",
    )
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    seed, done, began_s = arguments.seed, 0, time.monotonic()
    while done < arguments.steps:
        steps = min(arguments.episode, arguments.steps - done)
        try:
            took, what, happened = episode(seed, steps, arguments.size)
        except failure as error:
            sys.stdout.write(f"\n{error}\n")
            return 1
        done += took
        counts += happened
        rate = done / (time.monotonic() - began_s)
        sys.stdout.write(
            f"seed {seed}: {what}; {done}/{arguments.steps} steps, {rate:.0f} steps/s\n"
        )
        sys.stdout.flush()
        seed += 1
    for what, often in sorted(counts.items()):
        sys.stdout.write(f"{often:9d}  {what}\n")
    return 0


def fingerprints(program: str, *, seed: int, steps: int) -> list[list[str]]:
    """Of the same seed's history in two processes that hash differently."""
    command = [sys.executable, "-m", program, "--seed", str(seed), "--steps", str(steps)]
    return [
        re.findall(
            r"fingerprint (\w{8})",
            subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout,
        )
        for hash_seed in ("1", "2")
    ]
