"""What is long over goes, and takes with it only what hung on it."""

from __future__ import annotations

import random

from detente.exchange import commands as c
from detente.exchange.airspace import Airspace
from detente.exchange.decide import decide
from detente.geo import Circle, Extent, Volume4D, extent_of

NOW_US = 1_900_000_000_000_000
HOUR_US = 3_600_000_000
URL = "https://a.example"


class Bench:
    """A state that commands are applied to at chosen times."""

    def __init__(self) -> None:
        self.airspace = Airspace()
        self._random = random.Random(3)

    def do(self, command: c.Command, now_us: int = NOW_US) -> bool:
        """Decide and apply; whether anything became true."""
        moment = c.Moment(now_us, self._random.randbytes(64))
        entry = decide(self.airspace, command, moment, c.Rules()).entry
        if entry is not None:
            self.airspace.apply(entry)
        return entry is not None


def extent(place: int, end_us: int) -> Extent:
    return extent_of([Volume4D(Circle(place * 0.1, 7.0, 50.0), 0.0, 100.0, NOW_US, end_us)])


def identifier(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def plan(number: int, end_us: int, subscription: str | None = None) -> c.PutOperationalIntent:
    return c.PutOperationalIntent(
        "uss_a",
        identifier(number),
        None,
        extent(number, end_us),
        "Accepted",
        URL,
        frozenset(),
        subscription_id=subscription,
        new_subscription=None if subscription else c.NewSubscription(URL, False),
    )


def test_nothing_goes_without_being_told_to() -> None:
    bench = Bench()
    bench.do(plan(1, NOW_US + HOUR_US))
    assert not bench.do(c.Evict(None, None, None), NOW_US + 1000 * HOUR_US)


def test_an_old_intent_goes_with_its_implicit_subscription() -> None:
    bench = Bench()
    bench.do(plan(1, NOW_US + HOUR_US))
    bench.do(plan(2, NOW_US + 9 * HOUR_US))
    later_us = NOW_US + 5 * HOUR_US
    assert bench.do(c.Evict(later_us, later_us, None), later_us)
    assert [i.id for i in bench.airspace.intents] == [identifier(2)]
    assert len(bench.airspace.subscriptions) == 1


def test_a_subscription_in_use_stays() -> None:
    bench = Bench()
    bench.do(plan(1, NOW_US + HOUR_US))
    later_us = NOW_US + 5 * HOUR_US
    assert not bench.do(c.Evict(None, None, later_us), later_us)
    assert len(bench.airspace.subscriptions) == 1


def test_an_explicit_subscription_survives_the_intent_that_used_it() -> None:
    bench = Bench()
    explicit = identifier(99)
    bench.do(
        c.PutSubscription("uss_a", explicit, None, extent(1, NOW_US + HOUR_US), URL, True, False)
    )
    bench.do(plan(1, NOW_US + HOUR_US, explicit))
    later_us = NOW_US + 5 * HOUR_US
    assert bench.do(c.Evict(later_us, None, None), later_us)
    assert [s.id for s in bench.airspace.subscriptions] == [explicit]
    assert bench.do(c.Evict(None, None, later_us), later_us)
    assert len(bench.airspace.subscriptions) == 0


def test_much_that_is_old_goes_a_part_at_a_time() -> None:
    bench = Bench()
    for number in range(10):
        bench.do(plan(number, NOW_US + HOUR_US))
    later_us = NOW_US + 5 * HOUR_US
    left = []
    while bench.do(c.Evict(later_us, None, None, most=4), later_us):
        left.append(len(bench.airspace.intents))
    assert left == [6, 2, 0]


def test_taking_an_eviction_back_brings_everything_back() -> None:
    bench = Bench()
    for number in range(5):
        bench.do(plan(number, NOW_US + HOUR_US))
    before = list(bench.airspace.image())
    bench.airspace.journal.begin()
    later_us = NOW_US + 5 * HOUR_US
    assert bench.do(c.Evict(later_us, later_us, later_us), later_us)
    assert list(bench.airspace.image()) != before
    bench.airspace.journal.rollback()
    assert list(bench.airspace.image()) == before
    assert len(bench.airspace.intents.relevant(extent(3, NOW_US + HOUR_US))) == 1


def test_those_in_use_do_not_keep_others_from_going() -> None:
    bench = Bench()
    for number in range(60):
        bench.do(plan(number, NOW_US + HOUR_US))  # ended, and in use by intents that stay
    alone = [identifier(1000 + number) for number in range(3)]
    for number, one in enumerate(alone):
        where = extent(100 + number, NOW_US + HOUR_US)
        bench.do(c.PutSubscription("uss_a", one, None, where, URL, True, False))
    later_us = NOW_US + 5 * HOUR_US
    for _ in range(50):
        bench.do(c.Evict(None, None, later_us, most=1), later_us)
    left = {subscription.id for subscription in bench.airspace.subscriptions}
    assert left.isdisjoint(alone)
    assert len(left) == 60
