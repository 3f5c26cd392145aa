"""Heights, positions and times as people write them."""

import pytest

from detente.interchange import Level, LevelDefaults, Unread, parse_level
from detente.interchange.places import PACKED, packed_place, parse_place
from detente.interchange.zulu import parse_moment


@pytest.mark.parametrize(
    ("text", "value", "unit", "reference"),
    [
        ("FL195", 195, "FL", "STD"),
        ("FL 95", 95, "FL", "STD"),
        ("4500 ft AMSL", 4500, "ft", "AMSL"),
        ("4500ft MSL", 4500, "ft", "AMSL"),
        ("2500FT AMSL", 2500, "ft", "AMSL"),
        ("1,500 ft amsl", 1500, "ft", "AMSL"),
        ("300M AGL", 300, "m", "AGL"),
        ("300 m GND", 300, "m", "AGL"),
        ("120.5 m W84", 120.5, "m", "W84"),
        ("-10 m W84", -10, "m", "W84"),
        ("3000 ft STD", 3000, "ft", "STD"),
        ("GND", 0, "m", "SFC"),
        ("sfc", 0, "m", "SFC"),
        ("0 AGL", 0, "m", "SFC"),
        ("UNL", 0, "m", "UNL"),
        ("Unlimited", 0, "m", "UNL"),
    ],
)
def test_heights(text: str, value: float, unit: str, reference: str) -> None:
    assert parse_level(text, 7) == Level(value, unit, reference, 7)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1000", "no unit"),
        ("1000 AMSL", "no unit"),
        ("1000 ft", "does not say what it counts from"),
        ("Ask on 122.8", "not a height"),
        ("", "not a height"),
        ("FL1955", "not a height"),
        ("1e5 ft AMSL", "not a height"),
        ("9999999 ft AMSL", "no height at which anything flies"),
        ("100m AGL/423m AMSL", "not a height"),
    ],
)
def test_what_is_no_clear_height_is_refused(text: str, told: str) -> None:
    with pytest.raises(Unread, match=told):
        parse_level(text)


def test_bare_numbers_mean_what_whoever_imports_says() -> None:
    assert parse_level("1000", 1, LevelDefaults("ft", "AMSL")) == Level(1000, "ft", "AMSL", 1)
    assert parse_level("1000 m", 1, LevelDefaults("ft", "AMSL")).unit == "m"


def test_a_level_reads_back_as_it_is_written() -> None:
    for text in ("FL095", "4,500 ft AMSL", "300 m AGL", "SFC", "UNL"):
        assert str(parse_level(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "53:40:30 N 006:30:00 E",
        "53:40:30N 006:30:00E",
        "53:40:30N 6:30:0E",
        "53:40.5N 006:30E",
        "53:40.500 N, 6:30.000 E",
        "N53:40:30 E006:30:00",
        "53°40'30\"N 6°30'00\"E",
        "53° 40.5' N 6° 30' E",
        "53.675N 6.5E",
        "53 40 30 N 6 30 00 E",
        "53-40-30N 006-30-00E",
        "53.675, 6.5",
        "534030N 0063000E",
        "534030N0063000E",
        "5340.5N00630.0E",
        "N534030 E0063000",
        "534030.0N 0063000.00E",
    ],
)
def test_positions_in_every_way(text: str) -> None:
    assert parse_place(text) == pytest.approx((53.675, 6.5), abs=1e-12)


def test_south_and_west_are_negative() -> None:
    assert parse_place("33:30:00 S 070:30:00 W") == (-33.5, -70.5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "foo",
        "53:40:30 006:30:00",
        "53:40:30 N",
        "53:70:30 N 006:30:00 E",
        "53:40:61 N 006:30:00 E",
        "93:40:30 N 006:30:00 E",
        "53:40:30 N 186:30:00 E",
        "N53:40:30N E006:30:00",
        "53.5:40:30 N 006:30:00 E",
        "53:40:30 E 006:30:00 N",
        "53 6",
        "1" * 10_000,
    ],
)
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(Unread):
        parse_place(text)


def test_packed_positions_know_their_grain() -> None:
    found = PACKED.search("PSN 4630N00630E.")
    assert found is not None
    place, step_deg = packed_place(found)
    assert place == (46.5, 6.5)
    assert step_deg == pytest.approx(1 / 60)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("2026-05-01T09:00:00Z", 1_777_626_000_000_000),
        ("2026-05-01T09:00Z", 1_777_626_000_000_000),
        ("2026-05-01 11:00:00.5+02:00", 1_777_626_000_500_000),
        ("2026-04-30T24:00Z", 1_777_593_600_000_000),
    ],
)
def test_instants(text: str, us: int) -> None:
    assert parse_moment(text) == us


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01",
        "2026-05-01T09:00:00",
        "2026-02-30T09:00Z",
        "2026-05-01T09:00:99Z",
        "",
        "2026-05-01T24:30Z",
        "0001-01-01T00:00Z",
        "2026-05-01T09:00:00+99:99",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(Unread):
        parse_moment(text)
