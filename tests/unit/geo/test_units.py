"""Lengths are read as written; what is unclear is refused with the candidates."""

from __future__ import annotations

import pytest

from detente.geo import (
    AmbiguousUnit,
    Length,
    LengthError,
    PressureLevel,
    Unit,
    UnknownUnit,
    parse_length,
)


def metres(text: str) -> float:
    length = parse_length(text)
    assert isinstance(length, Length)
    return length.metres


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500 ft", 152.4),
        ("500FT", 152.4),
        ("500 Feet", 152.4),
        ("1 foot", 0.3048),
        ("19,000 ft", 5791.2),
        ("19 000 ft.", 5791.2),
        ("19’000 ft", 5791.2),
        ("1NM", 1852.0),
        ("1 nm", 1852.0),
        ("1 nmi", 1852.0),
        ("2 nautical miles", 3704.0),
        ("1 N.M.", 1852.0),
        ("3 SM", 4828.032),
        ("1 Statute Mile", 1609.344),
        ("6,000 m", 6000.0),
        ("12 metres", 12.0),
        ("12 meters", 12.0),
        ("1.5 km", 1500.0),
        (" 1e3m ", 1000.0),
        ("-8000 m", -8000.0),
        (".5 Kilometre", 500.0),
    ],
)
def test_a_length_is_read_however_it_is_spelt(text: str, expected: float) -> None:
    assert metres(text) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("text", ["FL190", "FL 190", "fl190", "Flight Level 190"])
def test_a_flight_level_is_a_pressure_level_and_no_height(text: str) -> None:
    level = parse_length(text)
    assert level == PressureLevel(190)
    assert not hasattr(level, "metres")
    assert isinstance(level, PressureLevel)
    assert level.nominal_m == pytest.approx(5791.2)


@pytest.mark.parametrize("unit", ["mi", "Mi", "MI", "mi.", "mile", "miles", "Miles"])
def test_miles_alone_are_statute_or_nautical(unit: str) -> None:
    with pytest.raises(AmbiguousUnit) as caught:
        parse_length(f"1.36 {unit}")
    statute, nautical = caught.value.candidates
    assert statute.metres == pytest.approx(2189, abs=1)
    assert nautical.metres == pytest.approx(2519, abs=1)
    assert "2,188.7 m" in caught.value.message
    assert "2,518.7 m" in caught.value.message


def test_a_capital_m_is_metres_or_nautical_miles() -> None:
    with pytest.raises(AmbiguousUnit) as caught:
        parse_length("3 M")
    assert {c.unit for c in caught.value.candidates} == {Unit.METRE, Unit.NAUTICAL_MILE}


def test_nineteen_thousand_feet_are_not_quite_six_thousand_metres() -> None:
    feet = metres("19,000 ft")
    assert feet == pytest.approx(5791.2, abs=1)
    assert Length(6000, Unit.METRE).to(Unit.FOOT).value == pytest.approx(19685, abs=1)
    assert abs(feet - 6000) <= 210


def test_thirteen_miles_are_within_twelve_nautical_ones_or_not() -> None:
    limit = metres("12 NM")
    assert limit == pytest.approx(22_220, abs=10)
    assert metres("13 NM") == pytest.approx(24_080, abs=10)
    assert metres("13 SM") == pytest.approx(20_920, abs=10)
    assert metres("13 SM") < limit < metres("13 NM")


@pytest.mark.parametrize(
    "text", ["", "ft", "about 3 km", "1,5 km", "1,50,000 ft", "nan m", "1e999 m"]
)
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(LengthError):
        parse_length(text)


@pytest.mark.parametrize("text", ["12", "12 knots", "12 furlongs", "12 m/s"])
def test_a_number_needs_a_unit_of_length(text: str) -> None:
    with pytest.raises(UnknownUnit, match="unit"):
        parse_length(text)
