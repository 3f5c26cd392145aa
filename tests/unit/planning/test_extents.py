"""Columns that grow and shrink find what a search through everything would find."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.support.planned import HOUR_US, NOW_US, intent, neighbour, square

from detente.geo import Volume4D, conflicting_pairs, prepare
from detente.planning import Details
from detente.planning.extents import Extents
from detente.planning.hearing import suffered, suffered_near
from detente.planning.own_intents import OwnIntents


def anywhere(chance: random.Random) -> list[Volume4D]:
    start_us = NOW_US + chance.randrange(6) * HOUR_US
    return [
        square(
            lat=46.2 + chance.randrange(40) * 0.004, start_us=start_us, end_us=start_us + HOUR_US
        )
        for _ in range(chance.randrange(1, 4))
    ]


def test_whatever_was_put_moved_and_dropped_is_found_where_it_is() -> None:
    chance = random.Random(20)
    extents: Extents[int] = Extents()
    there: dict[int, list[Volume4D]] = {}
    for step in range(600):
        key = chance.randrange(120)
        if chance.random() < 0.3:
            extents.drop(key)
            there.pop(key, None)
        else:
            there[key] = anywhere(chance)
            extents.put(key, prepare(there[key]))
        if step % 40 == 0:
            mine = anywhere(chance)
            met = {key for key, theirs in there.items() if len(conflicting_pairs(mine, theirs)[0])}
            found = extents.near(prepare(mine))
            assert met <= set(found) <= set(there)
            assert len(found) == len(set(found))
    assert len(extents) == len(there)
    for key in list(there):
        extents.drop(key)
    assert extents.near(prepare(anywhere(chance))) == []


def test_what_is_found_comes_in_the_order_in_which_it_came_first() -> None:
    extents: Extents[str] = Extents()
    for key in ("c", "a", "b"):
        extents.put(key, prepare([square()]))
    extents.put("c", prepare([square(), square()]))
    assert extents.near(prepare([square()])) == ["c", "a", "b"]


def test_what_is_nowhere_is_near_nothing() -> None:
    extents: Extents[str] = Extents()
    extents.put("a", prepare([]))
    assert extents.near(prepare([square()])) == []
    extents.put("a", prepare([square()]))
    assert extents.near(prepare([])) == []
    assert extents.near(prepare([square()])) == ["a"]


def test_own_intents_are_followed_and_laid_out_once() -> None:
    chance = random.Random(21)
    own = OwnIntents()
    ours = {str(number): intent(volumes=anywhere(chance)) for number in range(40)}
    for turn in range(30):
        for key in chance.sample(sorted(ours), 3):
            if turn % 3 == 0:
                ours.pop(key)
            else:
                ours[key] = intent(volumes=anywhere(chance))
        own.follow(ours)
        theirs = replace(neighbour(), details=Details(tuple(anywhere(chance))))
        assert theirs.details is not None
        laid_out = prepare(theirs.details.all_volumes)
        found = suffered_near(theirs, laid_out, own.near(laid_out))
        met = [
            each
            for each in ours.values()
            if len(conflicting_pairs(each.details.all_volumes, theirs.details.all_volumes)[0])
        ]
        assert {id(each.ours) for each in found} == {id(each) for each in met}
        assert {id(each.ours) for each in suffered(theirs, ours.values())} == {
            id(each) for each in met
        }
    before = {id(part) for _, part in own.near(prepare([square()]))}
    own.follow({key: replace(each, version=each.version + 1) for key, each in ours.items()})
    assert {id(part) for _, part in own.near(prepare([square()]))} == before
