"""Two of our nodes and two small USSs, one of them bad, plan against each other by chance.

The long form: `python -m tests.trial --steps 5000 --seed N`.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.support.trial.bad import KINDS
from tests.support.trial.field import field

pytestmark = pytest.mark.anyio


async def test_nothing_meets_and_everybody_knows(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"python -m tests.trial --steps 250 --seed {seed}")
    async with field(tmp_path, seed) as played:
        await played.play(250)
        print(played.story())
        assert not played.trial.wrong, "\n".join(played.trial.wrong)
        assert played.trial.compared
        assert played.trial.notices
        assert played.bad.lies()
        assert played.unanswered
        assert {phase.kind for phase in played.bad.log} == set(KINDS)
