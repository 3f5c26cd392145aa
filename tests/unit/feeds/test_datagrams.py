"""Datagrams in groups."""

from __future__ import annotations

import pytest

from detente.feeds.datagrams import grouped


def test_groups_are_bounded_and_nothing_is_left_out() -> None:
    datagrams = [bytes(size) for size in (3, 3, 4, 20, 1, 0, 9, 1)]
    groups = list(grouped(datagrams, range(8), 10))
    assert [list(times) for _, times in groups] == [[0, 1, 2], [3], [4, 5, 6], [7]]
    assert [each for group, _ in groups for each in group] == datagrams
    assert list(grouped([], [], 10)) == []


def test_each_datagram_came_at_some_time() -> None:
    with pytest.raises(ValueError, match="2 datagrams and 1 times"):
        list(grouped([b"", b""], [1], 10))
