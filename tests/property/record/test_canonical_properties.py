from __future__ import annotations

import json

import msgspec
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from detente.record import canonical, canonical_struct

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
integer = st.integers(-(2**53) + 1, 2**53 - 1)
number = st.floats(allow_nan=False, allow_infinity=False)
json_value = st.recursive(
    st.none() | st.booleans() | integer | number | text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=5),
    max_leaves=20,
)


class Inner(msgspec.Struct, tag="inner", omit_defaults=True):
    zulu: int
    alpha: list[str]
    names: dict[str, int] = {}


class Outer(msgspec.Struct, tag="outer"):
    time_us: int
    maybe: bool | None
    inner: Inner | None
    pair: tuple[int, str]
    label: str


inner = st.builds(
    Inner,
    zulu=integer,
    alpha=st.lists(text, max_size=4),
    names=st.dictionaries(text, integer, max_size=4),
)
outer = st.builds(
    Outer,
    time_us=integer,
    maybe=st.none() | st.booleans(),
    inner=st.none() | inner,
    pair=st.tuples(integer, text),
    label=text,
)


@given(outer)
def test_structs_are_encoded_as_by_the_reference(value: Outer) -> None:
    assert canonical_struct(value) == rfc8785.dumps(msgspec.to_builtins(value))


@given(json_value)
def test_canonical_json_is_json_and_canonical(value: object) -> None:
    encoded = canonical(value)
    # RFC 8785 knows one kind of number, the double.
    again = json.loads(encoded, parse_int=float)
    assert again == value
    assert canonical(again) == encoded
