"""Sets of indices as ranges."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from detente.evidence import ranges

INDICES = st.sets(st.integers(min_value=0, max_value=40))


@given(INDICES, INDICES)
def test_ranges_are_the_sets_they_stand_for(one: set[int], other: set[int]) -> None:
    made = ranges.ranges_of(one)
    assert list(ranges.indices_in(made)) == sorted(one)
    assert ranges.count(made) == len(one)
    assert {index for index in range(45) if ranges.holds(made, index)} == one
    assert ranges.union(made, ranges.ranges_of(other)) == ranges.ranges_of(one | other)
    # As few as possible: a gap stands between any two.
    assert all(a[1] + 1 < b[0] for a, b in pairwise(made))


def test_the_form_in_a_manifest() -> None:
    assert ranges.to_json(((0, 2), (5, 5))) == [[0, 2], [5, 5]]
