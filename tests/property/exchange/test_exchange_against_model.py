"""The exchange against the model, command by command; and the model against itself."""

from __future__ import annotations

from itertools import combinations_with_replacement, product

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from tests.conformance.opening import open_exchange
from tests.model.driver import Driver, DssOptions
from tests.model.geometry import hull_covers, hulls_meet
from tests.model.model_driver import ModelDriver
from tests.property.exchange.machine import DssMachine
from tests.property.exchange.world import SPOTS, outline_of, shapes

FEW = settings(max_examples=15, stateful_step_count=30)
MANY = settings(max_examples=80, stateful_step_count=50)


class AgainstItself(DssMachine):
    def open(self, options: DssOptions) -> Driver:
        return ModelDriver(options)


class AgainstExchange(DssMachine):
    def open(self, options: DssOptions) -> Driver:
        return self.closing.enter_context(open_exchange(options))


@pytest.mark.parametrize("spot", SPOTS)
def test_the_world_holds_no_case_too_close_to_call(spot: tuple[float, float]) -> None:
    outlines = [outline_of(shape).outlines for shape in shapes(spot).values()]
    groups = [one + two for one, two in combinations_with_replacement(outlines, 2)]
    meetings = [hulls_meet(one, two) for one, two in product(groups, groups)]
    coverings = [hull_covers(one, two) for one, two in product(groups, groups)]
    assert 0 < sum(meetings) < len(meetings)
    assert len(groups) < sum(coverings) < len(coverings)


def test_the_model_agrees_with_itself() -> None:
    """Shows that the machine, the model and the comparison fit together."""
    run_state_machine_as_test(AgainstItself, settings=FEW)


def test_the_exchange_answers_as_the_model_does() -> None:
    with open_exchange(DssOptions()):
        pass  # skips where there is no exchange yet
    run_state_machine_as_test(AgainstExchange, settings=MANY)
