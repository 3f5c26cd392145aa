from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from detente.record import (
    JsonMalformed,
    JsonValue,
    NotCanonical,
    canonical_json,
    format_time,
    parse_json,
    parse_object,
    parse_time,
)


def test_values_are_read_as_what_they_are() -> None:
    text = ' {"a": [1, -2.5, true, null, "\\u00e9\\ud83d\\ude00"], "b": {"a": 9007199254740991}} '
    assert parse_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'"a\nb"', "not JSON"),
        (b"[01]", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'"\xff"', "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        ("{}".encode("utf-16"), "not UTF-8"),
        (b'{"a": 1, "a": 1}', "two members"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "two members"),
        (b"NaN", "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b"1e999", "too large"),
        (b"9007199254740992", "2\\^53"),
        (b"-9007199254740992", "2\\^53"),
        (b"1" * 5000, "2\\^53"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b'[["\\uD83D", "\\uDE00"]]', "surrogate"),
    ],
)
def test_what_readers_disagree_about_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(JsonMalformed, match=why):
        parse_json(text)


def test_nesting_is_counted_outside_of_strings_only() -> None:
    assert parse_json(b"[" * 64 + b"]" * 64) is not None
    for text in (b"[" * 65 + b"]" * 65, b'{"a":' * 65 + b"1" + b"}" * 65, b"[" * 100_000):
        with pytest.raises(JsonMalformed, match="nested"):
            parse_json(text)
    brackets = json.dumps(["[{" * 100 + '"\\', "]" * 100]).encode()
    assert parse_json(brackets, depth_max=1) == json.loads(brackets)
    assert parse_json(b"[[],[],[]]", depth_max=2) == [[], [], []]


def test_length_is_limited() -> None:
    assert parse_json(b"[  ]", bytes_max=4) == []
    with pytest.raises(JsonMalformed, match="5 bytes"):
        parse_json(b"[   ]", bytes_max=4)


def test_an_object_is_demanded_where_one_is_needed() -> None:
    assert parse_object(b'{"a":1}') == {"a": 1}
    with pytest.raises(JsonMalformed, match="object"):
        parse_object(b"[1]")


def test_canonical_json_is_that_of_rfc_8785() -> None:
    value: dict[str, JsonValue] = {
        "b": [1, 2.0, 1e21, "\u20ac\x01"],
        "a": None,
        "\ufb33": 1,
        "\U0001f600": 2,
    }
    assert canonical_json(value) == (
        '{"a":null,"b":[1,2,1e+21,"\u20ac\\u0001"],"\U0001f600":2,"\ufb33":1}'.encode()
    )
    assert canonical_json({"b": (1, True), "a": "\u20ac"}) == '{"a":"\u20ac","b":[1,true]}'.encode()


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), "\ud800", [float("inf")]])
def test_what_has_no_canonical_json_is_refused(value: float | str | list[float]) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)
    with pytest.raises(NotCanonical):
        canonical_json({"a": value})


def test_what_is_nested_without_end_is_not_written() -> None:
    endless: list[object] = [1.5]
    endless.append(endless)
    with pytest.raises(NotCanonical):
        canonical_json(endless)  # type: ignore[arg-type]
    endless.pop(0)
    with pytest.raises(NotCanonical):
        canonical_json(endless)  # type: ignore[arg-type]


def test_times_have_one_spelling() -> None:
    moment = datetime(2026, 11, 22, 20, 34, 37, 120, UTC)
    assert format_time(moment) == "2026-11-22T20:34:37.000120Z"
    assert format_time(moment.astimezone(timezone(timedelta(hours=5.5)))) == format_time(moment)
    assert parse_time(format_time(moment)) == moment
    assert format_time(datetime(33, 1, 2, tzinfo=UTC)) == "0033-01-02T00:00:00.000000Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22T20:34:37Z",
        "2026-11-22T20:34:37.123Z",
        "2026-11-22T20:34:37.1234567Z",
        "2026-11-22T20:34:37.123456",
        "2026-11-22T20:34:37.123456+00:00",
        "2026-11-22T20:34:37,123456Z",
        "2026-11-22 20:34:37.123456Z",
        "2026-11-22T24:00:00.000000Z",
        "2026-11-22T20:34:60.000000Z",
        "2026-02-29T20:34:37.123456Z",
        "0000-01-01T00:00:00.000000Z",
        "2026-11-22T20:34:37.12345\u0666Z",
        "2026-11-22T20:34:37.123456Z\n",
    ],
)
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


def test_a_time_without_zone_or_place_in_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        format_time(datetime(2026, 11, 22))  # noqa: DTZ001
    with pytest.raises(ValueError, match="9999"):
        format_time(datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))))
