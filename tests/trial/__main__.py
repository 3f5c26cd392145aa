"""`python -m tests.trial [--steps 5000] [--seed N] [--directory DIR]`.

Two nodes of ours, an honest small USS and a bad one plan against each other by chance. Ends with 0
if nothing happened that must not, else with 1 and what it was. How requests interleave is up to the
machine: a seed gives the same choices, not always the same conflicts.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.support.trial.field import field


async def _run(directory: Path, steps: int, seed: int) -> int:
    began = time.monotonic()
    async with field(directory, seed) as played:
        await played.play(steps, rounds=6, told=print)
        print(f"{time.monotonic() - began:.0f} s\n{played.story()}")
        for each in played.trial.wrong:
            print(f"WRONG: {each}", file=sys.stderr)
        return 1 if played.trial.wrong else 0


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.trial")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--directory", type=Path, help="kept; else a temporary one")
    given = parser.parse_args()
    print(f"python -m tests.trial --steps {given.steps} --seed {given.seed}", flush=True)
    if given.directory is not None:
        given.directory.mkdir(parents=True)
        return asyncio.run(_run(given.directory, given.steps, given.seed))
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_run(Path(directory), given.steps, given.seed))


if __name__ == "__main__":
    sys.exit(main())
