"""The index answers what the predicate answers, whatever was stored and removed before."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)
from tests.property.geo.places import anywhere, scales_m, walk

from detente.geo import Circle, Extent, ExtentIndex, Volume4D, extent_of, relevant

bounds = st.none() | st.integers(-20, 20)


@st.composite
def extents(draw: st.DrawFn) -> Extent:
    """Extents in a few crowded places, some unbounded or at the ends of what integers hold."""
    lat, lng = draw(
        st.sampled_from([(47.0, 8.0), (90.0, 0.0), (-89.9999, 3.0), (0.0, 180.0), (0.0, -179.99)])
        | anywhere
    )
    scale = draw(scales_m)
    lat, lng = walk((lat, lng), draw(st.floats(0, 360)), draw(st.floats(0, 2)) * scale)
    hull = extent_of([Volume4D(Circle(lat, lng, scale))]).hull
    if draw(st.integers(0, 30)) == 0:
        hull = ()
    starts, ends, lowers, uppers = draw(st.tuples(bounds, bounds, bounds, bounds))
    if starts is not None and ends is not None:
        starts, ends = min(starts, ends), max(starts, ends)
    if lowers is not None and uppers is not None:
        lowers, uppers = min(lowers, uppers), max(lowers, uppers)
    # as microseconds some differ within one second of the index, others by more than it can hold
    unit = draw(st.sampled_from([1, 10**6, 4 * 10**9, 2 * 10**17]))
    return Extent(
        hull,
        lowers,
        uppers,
        None if starts is None else starts * unit,
        None if ends is None else ends * unit,
    )


class IndexAgainstScan(RuleBasedStateMachine):
    """Insert, delete and query against a dictionary and the predicate."""

    keys = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.index = ExtentIndex()
        self.model: dict[int, Extent] = {}

    @initialize(target=keys, loaded=st.lists(extents(), max_size=60))
    def load(self, loaded: list[Extent]) -> object:
        self.model = dict(enumerate(loaded))
        self.index.bulk_load(self.model.items())
        return multiple(*self.model)

    @rule(target=keys, key=st.integers(0, 2**62), added=extents())
    def insert(self, key: int, added: Extent) -> object:
        if key in self.model:
            with pytest.raises(ValueError, match="already"):
                self.index.insert(key, added)
            return multiple()
        self.index.insert(key, added)
        self.model[key] = added
        return key

    @rule(key=consumes(keys))
    def delete(self, key: int) -> None:
        self.index.delete(key)
        del self.model[key]
        with pytest.raises(KeyError):
            self.index.delete(key)

    @rule(asked=extents())
    def query(self, asked: Extent) -> None:
        expected = sorted(k for k, e in self.model.items() if relevant(e, asked))
        assert self.index.query(asked) == expected

    @rule(key=keys)
    def query_what_is_there(self, key: int) -> None:
        assert key in self.index
        assert key in self.index.query(self.model[key])

    @invariant()
    def counts(self) -> None:
        assert len(self.index) == len(self.model)


TestIndexAgainstScan = IndexAgainstScan.TestCase
TestIndexAgainstScan.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)


def random_extent(rng: random.Random) -> Extent:
    lat, lng = 47 + rng.uniform(-0.5, 0.5), 8 + rng.uniform(-0.5, 0.5)
    start = rng.randrange(0, 86_400) * 1_000_000
    low = rng.uniform(0, 500)
    circle = Circle(lat, lng, 10 ** rng.uniform(1, 3.7))
    return extent_of([Volume4D(circle, low, low + 60, start, start + 1_800_000_000)])


@pytest.mark.parametrize("seed", range(3))
def test_thousands_of_random_changes_keep_the_index_right_and_its_memory_bounded(
    seed: int,
) -> None:
    rng = random.Random(seed)
    pool = [random_extent(rng) for _ in range(3000)]
    index = ExtentIndex()
    stored: dict[int, Extent] = {}
    key = 0
    sizes = []
    for turn in range(6):
        while len(stored) < 2000:
            stored[key] = rng.choice(pool)
            index.insert(key, stored[key])
            key += 1
        for asked in rng.sample(pool, 20):
            expected = sorted(k for k, e in stored.items() if relevant(e, asked))
            assert index.query(asked) == expected
        kept = 0 if turn == 4 else 300
        for gone in rng.sample(list(stored), len(stored) - kept):
            index.delete(gone)
            del stored[gone]
        for asked in rng.sample(pool, 20):
            expected = sorted(k for k, e in stored.items() if relevant(e, asked))
            assert index.query(asked) == expected
        sizes.append(index.memory_bytes)
    assert max(sizes[1:]) <= 1.3 * sizes[0]
