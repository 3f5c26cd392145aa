"""What makes room when reports wait too long, against sorting them all."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detente.feeds.transports.waiting import newest_first


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(0, 70))
def test_the_rows_that_stay_are_those_with_the_fewest_newer_ones(
    aircraft: list[int], most: int
) -> None:
    newer = [aircraft[row + 1 :].count(each) for row, each in enumerate(aircraft)]
    best = sorted(range(len(aircraft)), key=lambda row: (newer[row], -row))[:most]
    kept = newest_first(np.array(aircraft, dtype=np.int32), most)
    assert kept.tolist() == sorted(best)
