"""The exchange against the model, command by command; and the model against itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations_with_replacement, product
from typing import Any

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.conformance.opening import open_exchange
from tests.model import intents
from tests.model.driver import Answer, Driver, DssOptions
from tests.model.geometry import hull_covers, hulls_meet
from tests.model.model_driver import ModelDriver
from tests.model.reading import STATES, Space
from tests.model.state import State
from tests.model.templates import Subscribers
from tests.property.exchange.machine import DssMachine
from tests.property.exchange.world import SPOTS, outline_of, shapes

FEW = settings(max_examples=15, stateful_step_count=30)
SEARCH = settings(
    max_examples=2000,
    stateful_step_count=40,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate],
)
SEARCH_SEED = 7  # the search is the same every time, and this one does not take long
TELL = State.notify
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


FAULTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "implicit subscriptions outlive their intents": lambda patch: patch.setattr(
        intents, "_drop_if_lonely", lambda state, subscription: None
    ),
    "keys are not checked": lambda patch: patch.setattr(
        intents, "_missing", lambda state, ask, wanted, attached: None
    ),
    "any state may follow any": lambda patch: patch.setattr(
        intents, "NEXT_STATES", {state: set(STATES) for state in STATES}
    ),
    "whoever is Down may go on": lambda patch: patch.setattr(
        intents, "_down", lambda state, uss: False
    ),
    "subscriptions are not checked for cover": lambda patch: patch.setattr(
        intents, "covers", lambda outer, inner: True
    ),
    "expired subscriptions are told": lambda patch: patch.setattr(State, "notify", _notify_all),
}


def _notify_all(state: State, spaces: Iterable[Space], now_us: int, **rest: Any) -> Subscribers:
    return TELL(state, spaces, 0, **rest)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_dss_with_a_fault_is_found_out(fault: str) -> None:
    """A second model with one rule broken plays the DSS."""

    class Faulty(DssMachine):
        def open(self, options: DssOptions) -> Driver:
            driver = ModelDriver(options)
            answer = driver.call

            def call(*args: Any, **more: Any) -> Answer:
                with pytest.MonkeyPatch.context() as patch:
                    FAULTS[fault](patch)
                    return answer(*args, **more)

            driver.call = call  # type: ignore[method-assign]
            return driver

    with pytest.raises(AssertionError, match=r"(PUT|DELETE|GET|POST) /dss/v1/"):
        run_state_machine_as_test(seed(SEARCH_SEED)(Faulty), settings=SEARCH)


def test_the_exchange_answers_as_the_model_does() -> None:
    with open_exchange(DssOptions()):
        pass  # skips where there is no exchange yet
    run_state_machine_as_test(AgainstExchange, settings=MANY)
