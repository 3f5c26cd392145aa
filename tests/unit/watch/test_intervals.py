"""Bounds on the worst of many errors, by integration."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from detente.watch.intervals import extreme, picked_out, worst

TWO_SIDED = 1.959964
beyond = np.vectorize(lambda z: math.erfc(z / math.sqrt(2)) / 2)
"""How likely a normal error is greater than so many standard deviations."""


def failing(bounds: npt.NDArray[np.float64], shared: float) -> float:
    """How likely one of many errors of deviation 1, and a common one, leave their bounds."""
    common = np.linspace(-5, 5, 201)
    weights = np.exp(-common * common / 2)
    weights /= weights.sum()
    kept = [np.prod(1 - beyond(bounds - shared * each)) for each in common]
    return float(weights @ (1 - np.array(kept)))


@pytest.mark.parametrize("shared", [0.0, 0.3, 1.0, 2.0, 5.0, 20.0])
@pytest.mark.parametrize("looks", [1, 10, 1000])
def test_all_looks_together_fail_no_more_than_one_may(looks: int, shared: float) -> None:
    bounds = [picked_out(TWO_SIDED, shared * TWO_SIDED, look) for look in range(1, looks + 1)]
    assert failing(np.array(bounds), shared) <= 0.025


def test_they_would_if_what_is_shared_were_simply_added_in_quadrature() -> None:
    bounds = [math.hypot(sum(extreme(i)), 2.0) * TWO_SIDED for i in range(1, 1001)]
    assert failing(np.array(bounds), 2.0) > 0.05


def test_all_looks_of_all_occasions_share_one_level() -> None:
    levels = [
        beyond(sum(extreme(look, occasion)) * TWO_SIDED)
        for look in range(1, 120)
        for occasion in range(1, 120)
    ]
    assert 0.0245 <= sum(levels) <= 0.0254


def test_one_look_that_nobody_picked_out_keeps_its_bound() -> None:
    middle, rest = worst(1)
    assert middle == pytest.approx(0.0)
    assert rest == pytest.approx(1.0)


def test_the_worst_of_many_is_sidaks() -> None:
    middle, rest = worst(100)
    assert (1 - beyond((middle + rest) * TWO_SIDED)) ** 100 == pytest.approx(0.975)
    assert (1 - beyond(middle * TWO_SIDED)) ** 100 == pytest.approx(0.5, abs=1e-6)
