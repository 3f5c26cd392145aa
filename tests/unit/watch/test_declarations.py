"""What is declared of aircraft: how it is matched, read and refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.agreement import AircraftClass
from detente.watch import (
    UNDECLARED,
    Declarations,
    DeclarationsUnusable,
    Declared,
    read_declarations,
)
from detente.watch.identity_patterns import IdentityPatterns

FILE = b"""
[[aircraft]]
aircraft = "4b*"
party = "b"

[[aircraft]]
aircraft = "4b0000-4b7fff"
party = "never reached: an earlier pattern matches"

[[aircraft]]
aircraft = "4b1234"
party = "a"
class = "unmanned"

[[aircraft]]
aircraft = "3a0000-3a00ff"
party = "c"

[[notices]]
id = "n-7"
aircraft = "3a*"
purpose = "rescue"
from = 2027-01-15T08:00:00+01:00
until = 2027-01-15T09:00:00Z
given = 2027-01-14T09:00:00.000001Z
"""


def test_an_exact_identity_goes_before_patterns_and_an_earlier_one_before_a_later() -> None:
    read = read_declarations(FILE)
    assert read.of("4b1234").party == "a"
    assert read.of("4b1234").kind is AircraftClass.UNMANNED
    assert read.of("4b1235").party == "b"
    assert read.of("3a00ff").party == "c"
    assert read.of("3a0100") is UNDECLARED
    assert read.of("3a00") is UNDECLARED, "a range is of whole addresses"
    assert read.of("") is UNDECLARED


def test_times_are_exact() -> None:
    (notice,) = read_declarations(FILE).notices_of("3a0001")
    assert notice.span_us == (1_799_996_400_000_000, 1_800_003_600_000_000)
    assert notice.given_us == 1_799_917_200_000_001


def test_json_is_the_same() -> None:
    data = b'{"aircraft": [{"aircraft": "uid:X", "party": "a", "class": "balloon"}]}'
    assert read_declarations(data).of("uid:X").kind is AircraftClass.BALLOON


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[[aircraft]]\nparty = 3", "cannot be read"),
        (b'[[aircraft]]\naircraft = "a"\nclass = "bomber"', "cannot be read"),
        (b'[[aircraft]]\naircraft = "a"\ncolour = "red"', "cannot be read"),
        (b'[[aircraft]]\naircraft = "a*b"', "nothing may follow a star"),
        (b'[[aircraft]]\naircraft = "4bffff-4b0000"', "ends before it begins"),
        (b'[[aircraft]]\naircraft = "4BFFFF-4B0000"', "ends before it begins"),
        (b"\xff\xfe", "cannot be read"),
        (b'{"aircraft": ' + b"[" * 100_000, "cannot be read"),
        (b" " * (33 << 20), "larger than 32 MB"),
    ],
)
def test_what_cannot_be_used_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(DeclarationsUnusable, match=message):
        read_declarations(data, "mine.toml")


def _fits(pattern: str, identity: str) -> bool:
    low, dash, high = pattern.partition("-")
    if dash:
        hexadecimal = len(identity) == 6 and set(identity) <= set("0123456789abcdef")
        return hexadecimal and low <= identity <= high
    return identity == pattern or (pattern[-1] == "*" and identity.startswith(pattern[:-1]))


HEX = st.text("09af", min_size=6, max_size=6)
PATTERNS = st.one_of(
    HEX,
    st.text("09af", max_size=3).map(lambda begin: f"{begin}*"),
    st.tuples(HEX, HEX).map(lambda ends: "-".join(sorted(ends))),
)


@given(st.lists(PATTERNS, max_size=8), st.one_of(HEX, st.text("09af:", max_size=7)))
def test_all_patterns_that_match_are_found(patterns: list[str], identity: str) -> None:
    expected = [k for k, each in enumerate(patterns) if _fits(each, identity)]
    assert IdentityPatterns(patterns).matching(identity) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a", "a"),
        ("4b*", "4b*"),
        ("4b0000-4bffff", "4b0000-4bffff"),
        ("4b00aa-4bffff", "4B00AA-4BFFFF"),
    ],
)
def test_what_one_pattern_matches_is_declared_once(first: str, second: str) -> None:
    one, same = Declared(aircraft=first, party="a"), Declared(aircraft=second, party="a")
    assert Declarations([one, same]).of("4b1234") == Declarations([one]).of("4b1234")
    for other in (
        Declared(aircraft=second, party="b"),
        Declared(aircraft=second, party="a", kind=AircraftClass.BALLOON),
    ):
        with pytest.raises(DeclarationsUnusable, match="declared twice") as refusal:
            Declarations([one, other])
        assert refusal.value.where == second


def test_of_two_patterns_that_overlap_the_earlier_counts() -> None:
    some, all_ = Declared(aircraft="4b1*", party="a"), Declared(aircraft="4b*", party="b")
    assert Declarations([some, all_]).of("4b1234").party == "a"
    assert Declarations([all_, some]).of("4b1234").party == "b"


def test_ranges_may_be_in_capital_letters() -> None:
    declared = Declarations([Declared(aircraft="4B00AA-4B7FFF", party="a")])
    assert declared.of("4b00ab").party == "a"
    assert declared.of("4b00a9").party == ""


@given(st.binary(max_size=100))
def test_garbage_breaks_nothing(data: bytes) -> None:
    try:
        read_declarations(data)
    except DeclarationsUnusable:
        return
