"""The DSS under test: each test runs once against the model and once against the real exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.conformance.opening import open_exchange
from tests.model.client import Uss
from tests.model.driver import Driver, DssOptions
from tests.model.model_driver import ModelDriver
from tests.model.wire import NOW_US

Open = Callable[[DssOptions], Driver]


@pytest.fixture(params=["model", "exchange"])
def open_dss(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens empty DSSs with the given switches; all are closed after the test."""
    with ExitStack() as stack:

        def start(options: DssOptions) -> Driver:
            driver: Driver
            if request.param == "model":
                driver = ModelDriver(options)
            else:
                driver = stack.enter_context(open_exchange(options))
            driver.set_now(NOW_US)
            return driver

        yield start


@pytest.fixture
def dss(open_dss: Open) -> Driver:
    """An empty DSS with default switches; its clock stands at NOW_US."""
    return open_dss(DssOptions())


@pytest.fixture
def exchange() -> Iterator[Driver]:
    """The real exchange alone, for what the model leaves out."""
    with open_exchange(DssOptions()) as driver:
        driver.set_now(NOW_US)
        yield driver


@pytest.fixture
def uss_a(dss: Driver) -> Uss:
    return Uss(dss, "uss_a")


@pytest.fixture
def uss_b(dss: Driver) -> Uss:
    return Uss(dss, "uss_b")


@pytest.fixture
def arbitrator(dss: Driver) -> Uss:
    return Uss(dss, "arbitrator")
