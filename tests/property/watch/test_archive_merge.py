"""Streams merged by time are what a stable sort of all of them is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.feeds import Reports, Source, joined, of_columns
from detente.watch.archive_merge import OutOfOrder, Stream, merged

SOURCE = Source("field", "csv")
TIMES = st.lists(st.integers(0, 12), max_size=30).map(sorted)


def stream_of(number: int, times: list[int]) -> Reports:
    """Reports of which the latitude tells the stream and the longitude the place in it."""
    count = len(times)
    return of_columns(
        count,
        (f"s{number}",),
        ("",),
        (SOURCE,),
        time_us=np.array(times, dtype=np.int64),
        lat_deg=np.full(count, float(number)),
        lng_deg=np.arange(count, dtype=np.float64),
    )


def blocks(whole: Reports, cuts: list[int]) -> Iterator[Reports]:
    edges = [0, *sorted(min(each, len(whole)) for each in cuts), len(whole)]
    return (whole.take(slice(a, b)) for a, b in pairwise(edges))


def rows(reports: Reports) -> list[tuple[int, float, float, str]]:
    return [
        (int(time_us), float(lat), float(lng), reports.identities[code])
        for time_us, lat, lng, code in zip(
            reports.time_us, reports.lat_deg, reports.lng_deg, reports.aircraft, strict=True
        )
    ]


@given(
    streams=st.lists(st.tuples(TIMES, st.lists(st.integers(0, 30), max_size=6)), max_size=5),
    early=st.integers(0, 3),
)
def test_it_is_a_stable_sort(streams: list[tuple[list[int], list[int]]], early: int) -> None:
    made = [stream_of(number, times) for number, (times, _) in enumerate(streams)]
    sources = [
        # A first time may be told that is earlier than the first report.
        Stream((times[0] if times else 0) - early, partial(blocks, whole, cuts))
        for whole, (times, cuts) in zip(made, streams, strict=True)
    ]
    found = [row for batch in merged(sources) for row in rows(batch)]
    expected = sorted((row for whole in made for row in rows(whole)), key=lambda row: row[0])
    assert found == expected


def test_a_stream_is_opened_when_its_time_has_come() -> None:
    opened: list[int] = []

    def open_stream(number: int) -> Iterator[Reports]:
        opened.append(number)
        return blocks(stream_of(number, [10 * number, 10 * number + 5]), [])

    sources = [Stream(10 * number, partial(open_stream, number)) for number in range(3)]
    batches = merged(sources)
    next(batches)
    assert opened == [0]
    assert len(list(batches)) == 2
    assert opened == [0, 1, 2]


def test_blocks_of_a_stream_that_is_alone_are_handed_on_as_they_are() -> None:
    whole = stream_of(0, [1, 2, 3, 4])
    parts = list(blocks(whole, [2]))
    handed = list(merged([Stream(1, lambda: iter(parts))]))
    assert all(one is other for one, other in zip(handed, parts, strict=True))


@pytest.mark.parametrize("cuts", [[], [1], [2]])
def test_a_stream_out_of_order_is_noticed(cuts: list[int]) -> None:
    good, bad = stream_of(0, [1, 2, 9]), stream_of(1, [3, 2, 4])
    sources = [Stream(1, lambda: blocks(good, [])), Stream(2, lambda: blocks(bad, cuts))]
    with pytest.raises(OutOfOrder) as caught:
        list(merged(sources))
    assert caught.value.stream == 1


def test_no_stream_gives_nothing() -> None:
    assert joined(list(merged([]))).time_us.tolist() == []
