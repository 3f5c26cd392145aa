from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from detente.record import NotCanonical, canonical, canonical_struct


def test_the_example_of_the_rfc() -> None:
    """RFC 8785, section 3.2.3: members are sorted by UTF-16 code units."""
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    names = list(msgspec.json.decode(canonical(value)))
    assert names == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, b"1"),
        (1e21, b"1e+21"),
        (1e-7, b"1e-7"),
        (-0.0, b"0"),
        (333333333.33333329, b"333333333.3333333"),
        ([True, None, '\u0007/\u007f"'], b'[true,null,"\\u0007/\x7f\\""]'),
        ({"b": 1, "a": {"d": [], "c": {}}}, b'{"a":{"c":{},"d":[]},"b":1}'),
    ],
)
def test_values(value: object, expected: bytes) -> None:
    assert canonical(value) == expected


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**53, -(2**53), "\ud800", {"\udc00": 1}, {1: 2}, object(), b"x"],
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


class Entry(msgspec.Struct, omit_defaults=True):
    z: int
    a: str
    tags: dict[str, str] = {}
    note: str | None = None
    time: dt.datetime | None = None


class Measure(msgspec.Struct):
    value: float


class Anything(msgspec.Struct):
    value: Any


class Tree(msgspec.Struct):
    children: list[Tree] = []


class Keyed(msgspec.Struct):
    by_number: dict[int, str]


def test_a_struct_is_its_members_sorted() -> None:
    assert canonical_struct(Entry(z=1, a="x", tags={"c": "1", "b": "2"})) == (
        b'{"a":"x","tags":{"b":"2","c":"1"},"z":1}'
    )


def test_floats_are_spelled_as_the_rfc_wants() -> None:
    assert canonical_struct(Measure(1.0)) == b'{"value":1}'
    assert canonical_struct(Anything([1e21])) == b'{"value":[1e+21]}'


def test_nan_is_refused_and_not_turned_into_null() -> None:
    with pytest.raises(NotCanonical):
        canonical_struct(Measure(float("nan")))
    with pytest.raises(NotCanonical):
        canonical_struct(Anything(float("inf")))


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**17])
def test_large_integers_are_refused(number: int) -> None:
    with pytest.raises(NotCanonical):
        canonical_struct(Entry(z=number, a=""))


def test_the_largest_integer_and_long_digits_in_text_pass() -> None:
    assert canonical_struct(Entry(z=2**53 - 1, a="12345678901234567890")) == (
        b'{"a":"12345678901234567890","z":9007199254740991}'
    )


def test_members_beyond_the_basic_plane_sort_by_utf_16() -> None:
    tags = {"\ufb33": "", "\U0001f600": ""}
    encoded = canonical_struct(Entry(z=0, a="", tags=tags))
    assert list(msgspec.json.decode(encoded)["tags"]) == ["\U0001f600", "\ufb33"]


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(NotCanonical):
        canonical_struct(Entry(z=0, a="\ud800"))


def test_recursive_types_and_number_keys() -> None:
    assert canonical_struct(Tree([Tree()])) == b'{"children":[{"children":[]}]}'
    assert canonical_struct(Keyed({10: "a", 9: "b"})) == b'{"by_number":{"10":"a","9":"b"}}'
