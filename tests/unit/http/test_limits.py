"""Bounds on what a client may send: depth, rate, size, time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.http import BodyTimeout, BodyTooDeep, BodyTooLarge, Limits, RateLimited
from detente.http.limits import RateLimiter, check_depth, read_body

JSON = st.recursive(
    st.none() | st.text(st.sampled_from('[]{}"\\aé')) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('[]{}"\\k'), inner),
    max_leaves=30,
)


def depth(value: Any) -> int:
    """The plain way: recursion over the parsed value."""
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 0


def is_too_deep(body: bytes, limit: int) -> bool:
    try:
        check_depth(body, limit)
    except BodyTooDeep:
        return True
    return False


@given(JSON, st.integers(1, 8), st.booleans())
def test_depth_is_what_a_parser_would_find(value: Any, limit: int, escape: bool) -> None:
    body = json.dumps(value, ensure_ascii=escape).encode()
    assert is_too_deep(body, limit) is (depth(value) > limit)


@given(st.text('[]{}"\\ a').map(str.encode), st.integers(1, 8))
def test_text_that_is_not_json_is_left_to_the_parser_or_refused(body: bytes, limit: int) -> None:
    is_too_deep(body, limit)


def hostile(size: int) -> Iterator[bytes]:
    yield b"[" * size
    yield b"[" * (size // 2) + b"]" * (size // 2)
    yield b'{"a":' * (size // 5)
    yield b'"' + b'\\"' * (size // 2)
    yield b'"' * size
    yield b"[]" * (size // 2)
    yield (b"[" * 31 + b"]" * 31) * (size // 62)
    yield (b"[" * 40 + b"]" * 8) * (size // 48)
    yield b"]" * size


@pytest.mark.parametrize("number", range(9))
def test_four_megabytes_of_malice_take_little_time(number: int) -> None:
    body = list(hostile(4 << 20))[number]
    start = time.process_time()
    is_too_deep(body, 32)
    assert time.process_time() - start < 0.5


def test_a_body_that_is_deep_only_in_strings_is_not_deep() -> None:
    check_depth(json.dumps({"a": "[" * 1000, "b\\": '"[{' * 1000}).encode(), 1)


# -- rate ----------------------------------------------------------------------------------------


def test_a_bucket_empties_and_fills() -> None:
    limiter = RateLimiter(2.0, 3, 10)
    for _ in range(3):
        limiter.take("a", 100.0)
    with pytest.raises(RateLimited) as caught:
        limiter.take("a", 100.0)
    assert caught.value.headers() == ((b"retry-after", b"1"),)
    limiter.take("b", 100.0)
    limiter.take("a", 100.5)
    with pytest.raises(RateLimited):
        limiter.take("a", 100.5)
    for _ in range(3):
        limiter.take("a", 1000.0)


@given(
    st.lists(st.floats(0, 2), min_size=1, max_size=60),
    st.floats(0.5, 20),
    st.integers(1, 5),
)
def test_no_span_of_time_lets_more_through_than_rate_and_burst(
    gaps: list[float], rate: float, burst: int
) -> None:
    limiter = RateLimiter(rate, burst, 10)
    now, passed = 0.0, []
    for gap in gaps:
        now += gap
        try:
            limiter.take("a", now)
        except RateLimited:
            continue
        passed.append(now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            allowed = burst + rate * (passed[last] - passed[first])
            assert last - first + 1 <= allowed + 1e-6


def test_the_table_of_clients_is_bounded() -> None:
    limiter = RateLimiter(1.0, 1, 3)
    for number in range(10):
        limiter.take(str(number), 0.0)
    assert len(limiter) == 3


# -- bodies --------------------------------------------------------------------------------------


def receiver(*chunks: bytes, stall: bool = False, leave: bool = False) -> Any:
    messages = [
        {"type": "http.request", "body": chunk, "more_body": stall or leave or more}
        for chunk, more in zip(chunks, [True] * (len(chunks) - 1) + [False], strict=True)
    ]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop(0)
        if leave:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError

    return receive


LIMITS = Limits(max_body_bytes=10, body_timeout_s=0.05)


@pytest.mark.anyio
async def test_a_body_comes_whole_from_its_parts() -> None:
    assert await read_body(receiver(b"abc"), 3, LIMITS) == b"abc"
    assert await read_body(receiver(b"abc", b"", b"defg"), -1, LIMITS) == b"abcdefg"
    assert await read_body(receiver(b"0123456789"), 10, LIMITS) == b"0123456789"


@pytest.mark.anyio
async def test_a_body_too_large_is_read_a_little_further_then_cut_off() -> None:
    for chunks, declared, close in (
        ([b"01234567890"], 11, False),
        ([b"0" * 6, b"0" * 6], -1, False),
        ([b""], 1000, True),
        ([b"0" * 9] * 9, -1, True),
    ):
        with pytest.raises(BodyTooLarge) as caught:
            await read_body(receiver(*chunks), declared, LIMITS)
        assert bool(caught.value.headers()) is close


@pytest.mark.anyio
async def test_a_body_that_does_not_end_is_given_up() -> None:
    with pytest.raises(BodyTimeout, match=r"after 0\.05 seconds"):
        await read_body(receiver(b"ab", stall=True), 10, LIMITS)
    with pytest.raises(BodyTimeout, match="left"):
        await read_body(receiver(b"ab", leave=True), 10, LIMITS)
