"""Which of our intents another's meets: exactly those, however the others are passed over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.planned import HOUR_US, NOW_US, intent, neighbour, square

from detente.geo import Volume4D, conflicting_pairs
from detente.planning import Details
from detente.planning.hearing import suffered


def test_only_what_is_met_is_told() -> None:
    theirs = replace(neighbour(), details=Details((square(),)))
    met = intent(volumes=[square(lat=46.205)])
    touching = intent(volumes=[square(start_us=NOW_US + HOUR_US, end_us=NOW_US + 2 * HOUR_US)])
    others = [
        intent(volumes=[square(start_us=NOW_US + 2 * HOUR_US, end_us=NOW_US + 3 * HOUR_US)]),
        intent(volumes=[square(lower_m=700.0, upper_m=800.0)]),
        intent(volumes=[square(lat=47.0)]),
        intent(volumes=[]),
    ]
    found = suffered(theirs, [*others, met, touching])
    assert [each.ours.id for each in found] == [met.id, touching.id]
    assert suffered(replace(theirs, details=None), [met]) == []


@pytest.mark.parametrize(
    "volume",
    [
        replace(square(), altitude_lower_m=None),
        replace(square(), altitude_upper_m=None),
        replace(square(), time_start_us=None),
        replace(square(), time_end_us=None),
        Volume4D(square().outline),
    ],
)
def test_an_open_bound_is_no_bound(volume: Volume4D) -> None:
    theirs = replace(neighbour(), details=Details((square(),)))
    own = intent(volumes=[volume])
    assert len(conflicting_pairs([volume], [square()])[0]) == 1
    assert [each.ours for each in suffered(theirs, [own])] == [own]
