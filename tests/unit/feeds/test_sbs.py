"""SBS: lines of text, their dates, and what is joined."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from detente.errors import DetenteError
from detente.feeds import NEVER, Basis, SbsDecoder, SbsSettings, Source

SOURCE = Source("roof", "sbs", assumed_horizontal_m=250.0)
NOW = datetime(2026, 11, 23, 7, 30, 15, 250_000, tzinfo=UTC)
NOW_US = round(NOW.timestamp() * 1e6)


def line(
    kind: int, *, date: str = "2026/11/23,07:30:15.250", hex_: str = "4840D6", **has: object
) -> bytes:
    names = ["callsign", "altitude", "speed", "track", "lat", "lng", "climb", "squawk", "alert",
             "emergency", "spi", "ground"]  # fmt: skip
    fields = [
        "MSG",
        str(kind),
        "1",
        "1",
        hex_,
        "1",
        date,
        date,
        *(str(has.get(n, "")) for n in names),
    ]
    return ",".join(fields).encode() + b"\r\n"


def test_a_position_is_joined_with_velocity_and_callsign() -> None:
    decoder = SbsDecoder(SOURCE)
    reports = decoder.feed(
        line(1, callsign="DET12A  ")
        + line(4, speed=450.5, track=271.25, climb=-640)
        + line(3, altitude=37000, lat=47.4, lng=-8.5, ground=0),
        NOW_US,
    )
    assert (reports.identities, reports.callsigns) == (("4840d6",), ("DET12A",))
    assert reports.time_us.tolist() == [NOW_US]
    assert (reports.lat_deg[0], reports.lng_deg[0]) == (47.4, -8.5)
    assert reports.pressure_m[0] == pytest.approx(37_000 * 0.3048)
    assert np.isnan(reports.altitude_m[0])
    assert reports.speed_m_s[0] == pytest.approx(450.5 * 1852 / 3600)
    assert reports.track_deg[0] == 271.25
    assert reports.climb_m_s[0] == pytest.approx(-640 * 0.3048 / 60)
    assert (reports.horizontal_m[0], reports.basis[0]) == (250.0, Basis.ASSUMED)
    assert reports.on_ground[0] == 0
    assert decoder.counts.noted == {"no-position": 2}


def test_a_position_on_the_ground_has_its_own_motion() -> None:
    reports = SbsDecoder(SOURCE).feed(
        line(2, altitude=1400, speed=12, track=90, lat=47.4, lng=8.5, ground=-1), NOW_US
    )
    assert reports.on_ground.tolist() == [1]
    assert reports.speed_m_s[0] == pytest.approx(12 * 1852 / 3600)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2000, 2, 29, 12, 0, 0, 123_000, tzinfo=UTC),
        datetime(2024, 3, 1, 0, 0, 0, 1000, tzinfo=UTC),
        datetime(2026, 11, 23, 7, 30, 15, 999_000, tzinfo=UTC),
        datetime(2100, 1, 1, 1, 1, 1, tzinfo=UTC),
    ],
)
def test_dates_are_those_of_the_calendar(moment: datetime) -> None:
    text = moment.strftime("%Y/%m/%d,%H:%M:%S.") + f"{moment.microsecond // 1000:03}"
    reports = SbsDecoder(SOURCE).feed(line(3, date=text, lat=1, lng=2), NEVER)
    seconds = moment.replace(microsecond=0).timestamp()
    assert reports.time_us.tolist() == [int(seconds) * 1_000_000 + moment.microsecond]


def test_local_time_is_told_by_a_setting_and_noticed_without() -> None:
    local = line(3, date="2026/11/23,09:30:15.250", lat=47.4, lng=8.5)
    told = SbsDecoder(SOURCE, SbsSettings(utc_offset_s=7200))
    assert told.feed(local, NOW_US).time_us.tolist() == [NOW_US]
    assert not told.counts.noted["ahead"]
    untold = SbsDecoder(SOURCE)
    assert len(untold.feed(local, NOW_US)) == 1
    assert untold.counts.noted["ahead"] == 1
    with pytest.raises(DetenteError, match="No clock"):
        SbsSettings(utc_offset_s=100_000)


@pytest.mark.parametrize("date", [",", "2026/13/23,07:30:15.250", "2026/11/23,7:30", "x,y"])
def test_without_a_date_the_receipt_stands_in_or_nothing(date: str) -> None:
    text = line(3, date=date, lat=47.4, lng=8.5)
    decoder = SbsDecoder(SOURCE)
    assert decoder.feed(text, NOW_US).time_us.tolist() == [NOW_US]
    assert decoder.counts.noted["undated"] == 1
    decoder = SbsDecoder(SOURCE)
    assert not len(decoder.feed(text, NEVER))
    assert decoder.counts.dropped == {"no-date": 1}


def test_lines_that_are_none_are_counted() -> None:
    decoder = SbsDecoder(SOURCE)
    decoder.feed(
        b"STA,,5,179,400AE7,10103,2008/11/28,14:58:51.153,,,RM\n"
        b"MSG,3,1\n"
        + line(9, lat=1, lng=2)
        + line(3, hex_="XYZ", lat=1, lng=2)
        + line(3, lat=91, lng=2)
        + line(3, lat="1e5", lng=2)
        + b"\n\r\n",
        NOW_US,
    )
    counts = decoder.counts
    assert counts.dropped == {"not-read": 1, "framing": 2, "no-identity": 1, "no-position": 1}
    assert counts.messages == 6
    assert counts.noted == {"no-position": 1}


def test_a_line_without_an_end_is_dropped_and_the_next_is_read() -> None:
    decoder = SbsDecoder(SOURCE)
    good = line(3, lat=47.4, lng=8.5)
    for _ in range(100):
        decoder.feed(b"x" * 1000, NOW_US)
    assert decoder.counts.dropped == {"too-long": 1}
    assert len(decoder.feed(b"x\n" + good, NOW_US)) == 1


def test_where_lines_are_cut_makes_no_difference() -> None:
    data = b"".join(
        line(3, lat=47 + k / 1000, lng=8, altitude=k * 25) + line(4, speed=k, track=k % 360)
        for k in range(100)
    )
    whole = SbsDecoder(SOURCE)
    expected = whole.feed(data, NOW_US)
    for width in (1, 7, 100, 999):
        decoder = SbsDecoder(SOURCE)
        parts = [decoder.feed(data[at : at + width], NOW_US) for at in range(0, len(data), width)]
        assert decoder.counts == whole.counts
        speeds = np.concatenate([each.speed_m_s for each in parts])
        assert np.array_equal(speeds, expected.speed_m_s, equal_nan=True)


def test_addresses_that_icao_did_not_assign_keep_their_mark() -> None:
    reports = SbsDecoder(SOURCE).feed(line(3, hex_="~2B1234", lat=1, lng=2), NOW_US)
    assert reports.identities == ("~2b1234",)
