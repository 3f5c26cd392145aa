"""Pools of exchanges, simulated: whatever happens to them, they keep what they promise.

A few seeds that stay the same; DETENTE_SIMULATION_SEED=<number> gives others.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Final
from unittest import mock

import pytest
from tests.simulation.command import fingerprints
from tests.simulation.server import Server
from tests.simulation.weather import APPEND, EMERGENT, NEMESIS
from tests.simulation.world import Failure, World

from detente.geo import warm_up

FIRST_SEED: Final = 10_000 + 1_000 * int(os.environ.get("DETENTE_SIMULATION_SEED", "0"))
WORLDS: Final = 12
STEPS: Final = 40_000

DEEDS: Final = (
    "PutOperationalIntent",
    "DeleteOperationalIntent",
    "PutConstraint",
    "DeleteConstraint",
    "PutSubscription",
    "DeleteSubscription",
    "SetAvailability",
    "SendHeartbeat",
    "Evict",
    "FileReport",
    "JoinPool",
    "OpenLog",
    "read",
    "quiet read",
)
REFUSALS: Final = (
    "PutOperationalIntent: MissingOvns",
    "PutOperationalIntent: WrongVersion",
    "PutOperationalIntent: UssIsDown",
    "PutOperationalIntent: NotCovered",
    "PutOperationalIntent: Overloaded",
    "PutOperationalIntent: Stopping",
    "PutOperationalIntent: LogUnavailable",
    "DeleteOperationalIntent: NotFound",
    "DeleteSubscription: HasDependents",
    "PutSubscription: NotManager",
)


def test_pools_keep_their_promises() -> None:
    warm_up()
    counts: Counter[str] = Counter()
    steps = 0
    for seed in range(FIRST_SEED, FIRST_SEED + WORLDS):
        world = World(seed, STEPS)
        world.run()
        steps += world.loop.steps
        counts += world.counts
        print(
            f"seed {seed}: {world.instance_count} instances, {world.loop.steps} steps, "
            f"{world.shadow.size} entries"
        )
    assert steps >= WORLDS * STEPS
    # A simulation that never meets its faults shows nothing.
    expected = (*NEMESIS, *APPEND, *EMERGENT, *REFUSALS, *(f"{deed}: done" for deed in DEEDS))
    assert [what for what in expected if not counts[what]] == []


@pytest.mark.parametrize("instances", [1, 4])
def test_a_pool_of_any_size_can_be_asked_for(instances: int) -> None:
    world = World(FIRST_SEED, 5_000, instances)
    world.run()
    assert len(world.instances) == instances
    assert world.counts["quiet points"] > 0


def test_a_seed_gives_the_same_history_in_every_process() -> None:
    one, other = fingerprints("tests.simulation", seed=7, steps=20_000)
    assert len(one) == 1
    assert one == other


def test_a_failure_says_how_to_see_it_again() -> None:
    def forgetful(self: Server, *arguments: object) -> None:
        """Says that it has committed, and has not."""

    with mock.patch.object(Server, "commit", forgetful), pytest.raises(Failure) as failure:
        World(3, 5_000).run()
    account = str(failure.value).splitlines()
    assert "acknowledged, but not in the log" in account[-2]
    again = re.fullmatch(r"again: python -m (tests\.simulation --seed 3 .*)", account[-1])
    assert again is not None
    assert "--steps 5000" in again[1]
    assert re.match(r"seed 3, step \d+", account[-3])
