"""Disturb two real nodes in every way there is, and judge what they have kept.

Exit code 1 if anything was lost, doubled, out of order, ahead of the truth, or not told.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.support.chaos import Outcome, Plan, run_chaos
from tests.support.chaos_faults import KINDS

_BAR = 30
_TOLD_MAX = 40


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="of the plan; another one each time if not given")
    parser.add_argument("--kills", type=int, default=20, help="SIGKILLs at random moments; 20")
    parser.add_argument(
        "--faults", type=int, default=13, help="other faults, in turn; 13: each once"
    )
    parser.add_argument("--only", choices=KINDS, action="append", help="faults of these kinds only")
    parser.add_argument(
        "--every", type=float, default=0.2, help="seconds between two messages of an officer; 0.2"
    )
    parser.add_argument(
        "--look-every", type=int, default=50, help="steps between looks into both records; 50"
    )
    parser.add_argument("--directory", type=Path, help="an empty one, kept afterwards")
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if arguments.seed is None else arguments.seed
    kinds = arguments.only or list(KINDS)
    plan = Plan(
        seed=seed,
        kills=arguments.kills,
        kinds=[kinds[number % len(kinds)] for number in range(arguments.faults)],
        every_s=arguments.every,
        look_every=arguments.look_every,
    )
    began_s = time.monotonic()
    sys.stdout.write(f"seed {seed}: {plan.kills} kills, {len(plan.kinds)} other faults\n")
    if arguments.directory is None:
        with tempfile.TemporaryDirectory(prefix="chaos-") as directory:
            outcome = asyncio.run(run_chaos(plan, Path(directory), _Bar(began_s)))
    else:
        arguments.directory.mkdir(parents=True, exist_ok=True)
        outcome = asyncio.run(run_chaos(plan, arguments.directory, _Bar(began_s)))
    return _tell(outcome, seed, time.monotonic() - began_s)


class _Bar:
    """How far it is: one line that is written over on a terminal, now and then a line elsewhere."""

    def __init__(self, began_s: float) -> None:
        self._began_s = began_s
        self._told_s = 0.0
        self._terminal = sys.stdout.isatty()

    def __call__(self, done: int, of: int, what: str) -> None:
        now_s = time.monotonic()
        if not self._terminal and now_s - self._told_s < 10 and done < of:
            return
        self._told_s = now_s
        full = _BAR * done // max(1, of)
        passed = now_s - self._began_s
        left = passed / done * (of - done) if done else 0.0
        bar = "#" * full + "." * (_BAR - full)
        line = f"[{bar}] {done}/{of} {passed:.0f} s, {left:.0f} s left: {what}"
        sys.stdout.write(f"\r{line:<79}" if self._terminal else f"{line}\n")
        sys.stdout.flush()


def _tell(outcome: Outcome, seed: int, passed_s: float) -> int:
    out = sys.stdout
    out.write(f"\n{passed_s:.0f} s\n")
    for what, often in sorted(outcome.counts.items()):
        out.write(f"{often:9d}  {what}\n")
    if not outcome.complaints:
        out.write("both records hold: nothing lost, doubled, out of order, ahead, or untold\n")
        return 0
    for complaint in outcome.complaints[:_TOLD_MAX]:
        out.write(f"{complaint.rule}: {complaint.what}\n")
    out.write(f"{len(outcome.complaints)} complaints; again: --seed {seed}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
