"""Two real nodes that are killed, cut off and filled up while officers work: in short.

In long: `python -m tests.chaos` (docs/line-tests.md).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.chaos import Plan, run_chaos

pytestmark = pytest.mark.anyio

PLAN = Plan(
    seed=7,
    kills=4,
    kinds=("cut, killed", "disk full", "reset"),
    every_s=0.3,
    look_every=4,
    pause_s=0.5,
    long_share=0.0,
)


async def test_two_nodes_keep_everything_whatever_happens(tmp_path: Path) -> None:
    steps: list[str] = []
    outcome = await run_chaos(PLAN, tmp_path, lambda done, of, what: steps.append(what))
    assert outcome.complaints == []
    counts = outcome.counts
    # That nothing is complained about is worth something only if something was going on.
    assert counts["SIGKILL"] == 5
    assert counts["starts"] == 7
    assert counts["acknowledged"] >= 10
    assert counts["sent, distress"] >= 1
    assert counts["sent, routine"] >= 1
    assert counts["outages stated"] >= 2
    assert counts["calls cut off"] >= 1
    assert counts["cosigned checkpoints of a"] >= 1
    assert counts["cosigned checkpoints of b"] >= 1
    assert steps[-1] == "judging"
