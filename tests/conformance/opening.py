"""Where the real exchange comes from.

`tests.support.exchange_driver.open_exchange(options, seed)` is a context manager that gives an
empty exchange behind the `Driver` protocol. Without it its half of every test is skipped.
"""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager

import pytest
from tests.model.driver import Driver, DssOptions


def open_exchange(options: DssOptions, seed: int = 0) -> AbstractContextManager[Driver]:
    """The real exchange's routes in memory; skips the test while there are none."""
    try:
        module = importlib.import_module("tests.support.exchange_driver")
    except ModuleNotFoundError as error:
        if error.name not in ("tests.support", "tests.support.exchange_driver"):
            raise
        pytest.skip("no driver for the exchange yet")
    opened: AbstractContextManager[Driver] = module.open_exchange(options, seed)
    return opened
