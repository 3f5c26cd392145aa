"""Delays grow, are forgotten, and are held against the right ones only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.node.throttle import DELAYS, FORGET_S, KEYS_MAX, LoginThrottled, Throttle, login_keys


def tries(throttle: Throttle, keys: list[str], now_s: float, most: int = 100) -> int:
    """How many attempts are taken at one moment."""
    for number in range(most):
        try:
            throttle.begin(keys, now_s)
        except LoginThrottled:
            return number
    return most


def test_delays_double_up_to_the_longest() -> None:
    delay = DELAYS["pair"]
    assert [delay.after(n) for n in range(8)] == [0, 0, 0, 1, 2, 4, 8, 16]
    assert max(delay.after(n) for n in range(10_000)) == delay.most_s


def test_a_pair_is_slowed_down_and_forgotten() -> None:
    throttle, keys = Throttle(), login_keys("a-1", "192.0.2.1", None)
    assert tries(throttle, keys, 1000.0) == 3
    assert tries(throttle, keys, 1000.9) == 0
    assert tries(throttle, keys, 1001.0) == 1
    assert tries(throttle, keys, 1002.9) == 0
    assert tries(throttle, keys, 1003.0) == 1
    assert tries(throttle, keys, 1003.0 + FORGET_S + 1) == 3


def test_in_a_day_a_stranger_has_few_guesses() -> None:
    throttle, keys, now_s, count = Throttle(), login_keys("a-1", "192.0.2.1", None), 0.0, 0
    while now_s < 86_400:
        now_s += max(throttle.wait_s(keys, now_s), 0.001)
        throttle.begin(keys, now_s)
        count += 1
    assert count < 120


def test_success_clears_the_pair_and_gives_the_others_back() -> None:
    throttle = Throttle()
    keys = login_keys("a-1", "192.0.2.1", None)
    throttle.begin(keys, 0)
    throttle.begin(keys, 0)
    throttle.succeed(keys)
    assert tries(throttle, keys, 0) == 3
    fresh = Throttle()
    for _ in range(50):
        fresh.begin(keys, 0)
        fresh.succeed(keys)
    assert len(fresh) == 0
    fresh.begin(keys, 0)
    fresh.give_back(keys)
    assert len(fresh) == 0


def test_addresses_of_one_network_are_one_place() -> None:
    assert login_keys("a", "2001:db8::1", None) == login_keys("a", "2001:db8::ffff", None)
    assert login_keys("a", "2001:db8::1", None) != login_keys("a", "2001:db8:0:1::1", None)
    assert login_keys("a", "::ffff:192.0.2.1", None) == login_keys("a", "192.0.2.1", None)


@given(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))
def test_two_accounts_never_share_a_pair(one: str, at: str, two: str, other: str) -> None:
    if (one, at) != (two, other):
        assert login_keys(one, at, None)[0] != login_keys(two, other, None)[0]


def test_memory_is_bounded_and_the_latest_are_kept() -> None:
    throttle = Throttle()
    for number in range(KEYS_MAX):
        throttle.begin([f"pair:{number}"], 0)
    for _ in range(2):
        throttle.begin(["pair:0"], 0)
    throttle.begin(["pair:new"], 0)
    assert len(throttle) == KEYS_MAX
    with pytest.raises(LoginThrottled):
        throttle.begin(["pair:0"], 0)
