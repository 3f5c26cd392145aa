"""Beast and AVR: frames out of bytes that are cut anywhere, with the times of receivers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support import squitters
from tests.support.squitters import airborne, all_call, avr, beast, extended

from detente.feeds import (
    NEVER,
    AvrDecoder,
    BeastDecoder,
    Decoder,
    ModeSSettings,
    Source,
    Timestamps,
    joined,
)

ICAO = 0x4840D6
S = 1_000_000
NOW_US = 1_763_882_000 * S
TICKS = 12 * S
SOURCE = Source("roof", "beast")
PLACE = [extended(ICAO, airborne(47.4, 8.5, odd)) for odd in (0, 1)]


def test_escapes_are_undone() -> None:
    address = 0x1A1A1A
    data = b"".join(
        beast(extended(address, airborne(47.4, 8.5, odd)), 0x1A001A1A1A1A, signal=0x1A)
        for odd in (0, 1)
    )
    decoder = BeastDecoder(SOURCE)
    assert decoder.feed(data, NOW_US).identities == ("1a1a1a",)
    assert not decoder.counts.dropped["framing"]


def test_all_kinds_of_frames_are_told_apart() -> None:
    decoder = BeastDecoder(SOURCE)
    mode_ac, short, unknown = b"\x20\x00", all_call(ICAO), b"\x1a\x37abc"
    decoder.feed(beast(mode_ac) + beast(short) + unknown + beast(PLACE[0]), NOW_US)
    counts = decoder.counts
    assert counts.messages == 4
    assert counts.dropped == {"mode-ac": 1, "not-read": 1, "unpaired": 1}
    assert counts.noted == {"no-position": 1}


def test_the_number_of_a_receiver_is_passed_over() -> None:
    decoder = BeastDecoder(SOURCE)
    data = b"".join(b"\x1a\xe3" + b"\x1a\x1a" * 8 + beast(each) for each in PLACE)
    assert len(decoder.feed(data, NOW_US)) == 1
    assert decoder.counts.messages == 2


def test_a_frame_that_is_cut_short_does_not_hide_the_next() -> None:
    decoder = BeastDecoder(SOURCE)
    data = beast(PLACE[0]) + beast(PLACE[1])[:12] + beast(PLACE[1])
    assert len(decoder.feed(data, NOW_US)) == 1
    assert decoder.counts.dropped == {"framing": 1, "unpaired": 1}


def test_what_comes_after_a_break_begins_anew() -> None:
    decoder = BeastDecoder(SOURCE)
    decoder.feed(beast(PLACE[0]) + beast(PLACE[1])[:12], NOW_US)
    assert not len(decoder.close())
    assert decoder.counts.dropped["framing"] == 1
    assert len(decoder.feed(beast(PLACE[1]), NOW_US + S)) == 1


def test_counters_tell_when_frames_of_one_piece_came() -> None:
    decoder = BeastDecoder(SOURCE)
    counter = 77 * TICKS
    data = b"".join(beast(each, counter + k * TICKS) for k, each in enumerate(PLACE * 2))
    reports = decoder.feed(data, NOW_US)
    assert reports.time_us.tolist() == [NOW_US - 2 * S, NOW_US - S, NOW_US]
    assert reports.received_us.tolist() == [NOW_US] * 3


def test_a_late_piece_keeps_the_times_of_its_frames() -> None:
    decoder = BeastDecoder(SOURCE)
    decoder.feed(beast(PLACE[0], TICKS), NOW_US)
    reports = decoder.feed(beast(PLACE[1], 3 * TICKS), NOW_US + 9 * S)
    assert reports.time_us[0] == pytest.approx(NOW_US + 2 * S, abs=1000)


def test_a_receiver_that_begins_anew_is_noticed() -> None:
    decoder = BeastDecoder(SOURCE)
    decoder.feed(beast(PLACE[0], 5000 * TICKS), NOW_US)
    reports = decoder.feed(beast(PLACE[1], 2 * TICKS), NOW_US + S)
    assert reports.time_us.tolist() == [NOW_US + S]


def test_a_drifting_counter_is_followed() -> None:
    decoder = BeastDecoder(SOURCE)
    for second in range(1, 2000):
        received = NOW_US + second * S
        slow = round(second * TICKS * (1 - 30e-6))
        reports = decoder.feed(beast(PLACE[second % 2], slow), received)
        if second > 1:
            assert abs(int(reports.time_us[0]) - received) < 1000


def test_counters_of_many_receivers_mixed_are_not_believed() -> None:
    decoder = BeastDecoder(SOURCE)
    data = beast(PLACE[0], 900_000 * TICKS) + beast(PLACE[1], 5 * TICKS)
    reports = decoder.feed(data, NOW_US)
    assert reports.time_us.tolist() == [NOW_US]
    assert decoder.counts.noted["clock"] == 1


def test_times_of_day_by_satellite_are_dated() -> None:
    midnight_us = NOW_US // (86_400 * S) * 86_400 * S
    settings = ModeSSettings(timestamps=Timestamps.DAY)
    decoder = BeastDecoder(SOURCE, settings)
    received = midnight_us + 86_400 * S + 100_000
    before, after = 86_399 << 30 | 900_000_000, 50_000_000
    data = beast(PLACE[0], before) + beast(PLACE[1], before) + beast(PLACE[0], after)
    times = decoder.feed(data, received).time_us.tolist()
    assert times == [received - 200_000, received - 50_000]


def test_a_status_message_tells_what_time_stamps_are() -> None:
    status = b"\x1a4" + b"\x00" * 7 + bytes([0x10]) + b"\x00" * 13
    of_day = NOW_US // S % 86_400 << 30 | 250_000_000
    decoder = BeastDecoder(SOURCE)
    decoder.feed(status, NOW_US)
    reports = decoder.feed(b"".join(beast(each, of_day) for each in PLACE), NOW_US + S)
    assert reports.time_us.tolist() == [NOW_US + 250_000]
    assert decoder.counts.noted["status"] == 1


def test_places_that_were_computed_are_told_by_their_time_stamp() -> None:
    decoder = BeastDecoder(SOURCE)
    data = b"".join(beast(each, 0xFF004D4C4154) for each in PLACE)
    reports = decoder.feed(data, NOW_US)
    assert reports.sources[reports.source[0]].format == "beast+mlat"
    assert reports.time_us.tolist() == [NOW_US]


def test_a_capture_is_dated_by_its_beginning() -> None:
    data = b"".join(beast(each, 5 * TICKS + k * TICKS) for k, each in enumerate(PLACE))
    reports = BeastDecoder(SOURCE, ModeSSettings(began_us=NOW_US)).feed(data, NEVER)
    assert reports.time_us.tolist() == [NOW_US + S]
    assert reports.received_us.tolist() == [NEVER]
    decoder = BeastDecoder(SOURCE)
    assert not len(decoder.feed(data, NEVER))
    assert decoder.counts.dropped == {"no-date": 2}


def test_a_receiver_that_begins_anew_in_a_capture_goes_on_from_the_frame_before() -> None:
    counters = [5 * TICKS, 6 * TICKS, 0, 900_000 * TICKS, 900_001 * TICKS, TICKS, 2 * TICKS]
    data = [beast(PLACE[k % 2], counter) for k, counter in enumerate(counters)]
    expected = [NOW_US + seconds * S for seconds in (1, 1, 1, 2, 2, 3)]
    for cut in range(1, len(data) + 1):
        decoder = BeastDecoder(SOURCE, ModeSSettings(began_us=NOW_US))
        found = [decoder.feed(b"".join(part), NEVER) for part in (data[:cut], data[cut:])]
        assert joined(found).time_us.tolist() == expected
        assert decoder.counts.noted["clock"] == 2


@pytest.mark.parametrize("mark", ["*", ":"])
def test_avr_without_times(mark: str) -> None:
    decoder = AvrDecoder(SOURCE)
    data = "".join(f"{mark}{each.hex()};\n" for each in PLACE).encode()
    reports = decoder.feed(data, NOW_US)
    assert reports.lat_deg == pytest.approx([47.4], abs=1e-4)
    assert reports.time_us.tolist() == [NOW_US]


@pytest.mark.parametrize("form", ["@{:012X}{};", "%{:012x}{};", "<{:012x}ff{};"])
def test_avr_with_times(form: str) -> None:
    decoder = AvrDecoder(SOURCE)
    data = "".join(form.format(k * TICKS + 1, each.hex()) for k, each in enumerate(PLACE * 2))
    reports = decoder.feed(data.encode(), NOW_US)
    assert np.diff(reports.time_us).tolist() == [S, S]
    assert not decoder.counts.dropped["framing"]


def test_avr_that_is_none_is_counted() -> None:
    decoder = AvrDecoder(SOURCE)
    rubbish = [b"*8d48;\n", b"*8dxx;\n", b"hello\n", b"*" + b"a" * 100 + b";\n", b"*;\n"]
    decoder.feed(avr(PLACE[0]).join(rubbish), NOW_US)
    # Four digits are a reply to Mode A or C.
    assert decoder.counts.dropped == {"framing": 4, "unpaired": 4, "mode-ac": 1}
    assert decoder.counts.messages == 5


@pytest.mark.parametrize("kind", [BeastDecoder, AvrDecoder])
def test_where_bytes_are_cut_makes_no_difference(
    kind: type[BeastDecoder | AvrDecoder],
) -> None:
    write = beast if kind is BeastDecoder else avr
    frames = [
        write(each, 12 * 1000 * number)
        for number in range(1, 60)
        for each in (*PLACE, squitters.all_call(0x1A1A1A))
    ]
    data = b"".join(frames)
    settings = ModeSSettings(began_us=NOW_US)
    whole: Decoder = kind(SOURCE, settings)
    expected = whole.feed(data, NEVER)
    for width in (1, 2, 3, 7, 23, 100):
        pieces: Decoder = kind(SOURCE, settings)
        found = joined(
            [pieces.feed(data[at : at + width], NEVER) for at in range(0, len(data), width)]
        )
        assert pieces.counts == whole.counts
        assert found.time_us.tolist() == expected.time_us.tolist()
        assert found.lat_deg.tolist() == expected.lat_deg.tolist()
