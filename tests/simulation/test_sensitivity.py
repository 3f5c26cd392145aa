"""The simulator finds the faults that it is there for."""

from __future__ import annotations

from typing import Final

import pytest
from tests.simulation.mutations import MUTATIONS
from tests.simulation.world import Failure, World

from detente.geo import warm_up

WORLDS: Final = 12
STEPS: Final = 40_000


@pytest.mark.parametrize("name", list(MUTATIONS))
def test_a_fault_of_the_exchange_is_found(name: str) -> None:
    warm_up()
    with pytest.raises(Failure) as failure, MUTATIONS[name]():
        for seed in range(1, WORLDS + 1):
            World(seed, STEPS).run()
    assert "the simulator itself" not in str(failure.value)
