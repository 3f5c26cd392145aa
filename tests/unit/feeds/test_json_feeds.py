"""readsb's snapshots and traces, OpenSky's states: documents that are cut anywhere."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.support.samples import sample

from detente.feeds import (
    NEVER,
    Basis,
    Decoder,
    OpenSkyDecoder,
    ReadsbDecoder,
    ReadsbTraceDecoder,
    Source,
    joined,
)
from detente.feeds.documents import Documents

S = 1_000_000
NOW_S = 1_763_882_000.4
NOW_US = round(NOW_S * S)
SOURCE = Source("roof", "readsb")
AIRCRAFT: dict[str, Any] = {
    "hex": "4840d6", "type": "adsb_icao", "flight": "DET12A  ", "alt_baro": 35000,
    "alt_geom": 35300, "gs": 450.0, "track": 91.5, "baro_rate": -640, "lat": 47.4, "lon": 8.5,
    "nic": 8, "rc": 186, "seen_pos": 1.25, "version": 2, "nac_p": 10, "gva": 2, "sil": 3,
    "mlat": [], "tisb": [], "messages": 12, "seen": 0.1, "rssi": -12.0,
}  # fmt: skip


def snapshot(*aircraft: dict[str, Any], now: float = NOW_S, key: str = "aircraft") -> bytes:
    return json.dumps({"now": now, "messages": 5, key: list(aircraft)}).encode()


def test_a_snapshot_is_dated_by_when_each_position_came() -> None:
    decoder = ReadsbDecoder(SOURCE)
    reports = decoder.feed(snapshot(AIRCRAFT), NOW_US)
    assert reports.time_us.tolist() == [NOW_US - 1_250_000]
    assert (reports.identities, reports.callsigns) == (("4840d6",), ("DET12A",))
    assert reports.altitude_m[0] == pytest.approx(35_300 * 0.3048)
    assert reports.pressure_m[0] == pytest.approx(35_000 * 0.3048)
    assert reports.speed_m_s[0] == pytest.approx(450 * 1852 / 3600)
    assert reports.climb_m_s[0] == pytest.approx(-640 * 0.3048 / 60)
    assert (reports.horizontal_m[0], reports.vertical_m[0]) == (10.0, 45.0)
    assert (reports.containment_m[0], reports.basis[0]) == (186.0, Basis.STATED)
    assert reports.on_ground[0] == 0
    assert decoder.counts.messages == decoder.counts.reports == 1


@pytest.mark.parametrize(
    ("changes", "horizontal_m", "basis"),
    [
        ({"nac_p": None}, 93.0, Basis.DERIVED),
        ({"version": 0, "nac_p": 8}, 92.6, Basis.DERIVED),
        ({"nac_p": 0, "nic": 0, "rc": 0}, 18_520.0, Basis.STATED),
        ({"nac_p": None, "nic": 0, "rc": 0}, 18_520.0, Basis.DERIVED),
        ({"nac_p": None, "nic": None, "rc": None}, 185.2, Basis.ASSUMED),
        ({"mlat": ["lat", "lon"]}, 1000.0, Basis.ASSUMED),
        ({"type": "mlat"}, 1000.0, Basis.ASSUMED),
        ({"type": "tisb_icao", "nac_p": None, "nic": None, "rc": None}, 926.0, Basis.ASSUMED),
    ],
)
def test_accuracy_is_stated_derived_or_assumed(
    changes: dict[str, Any], horizontal_m: float, basis: Basis
) -> None:
    reports = ReadsbDecoder(SOURCE).feed(snapshot(AIRCRAFT | changes), NOW_US)
    assert reports.horizontal_m[0] == pytest.approx(horizontal_m)
    assert reports.basis[0] == basis


def test_null_is_as_good_as_nothing() -> None:
    nulls = dict.fromkeys(("alt_geom", "gs", "mlat", "flight", "nac_p", "alt_baro"))
    listed = ReadsbDecoder(SOURCE).feed(snapshot(AIRCRAFT | nulls, AIRCRAFT), NOW_US)
    alone = ReadsbDecoder(SOURCE).feed(
        json.dumps(AIRCRAFT | nulls | {"now": NOW_S}).encode(), NOW_US
    )
    for reports in (listed, alone):
        assert np.isnan(reports.altitude_m[0])
        assert (reports.horizontal_m[0], reports.on_ground[0]) == (93.0, 2)
    points = [[0, 47, 8, 1000, None, 90, 0, None, {"rc": 186, "nac_p": None}, None, None]]
    text = json.dumps({"icao": "4840d6", "timestamp": NOW_S, "trace": points}).encode()
    traced = ReadsbTraceDecoder(SOURCE).feed(text, NEVER)
    assert traced.horizontal_m.tolist() == [93.0]
    assert np.isnan(traced.speed_m_s[0])


def test_other_ways_of_finding_a_position_are_other_sources() -> None:
    kinds = ["adsb_icao", "adsr_icao", "tisb_other", "mlat", "adsc", "other", "made-up"]
    reports = ReadsbDecoder(SOURCE).feed(
        snapshot(*(AIRCRAFT | {"type": kind, "hex": f"48000{n}"} for n, kind in enumerate(kinds))),
        NOW_US,
    )
    formats = [reports.sources[each].format for each in reports.source.tolist()]
    assert formats == [
        "readsb", "readsb+ads-r", "readsb+tis-b", "readsb+mlat", "readsb+ads-c", "readsb+other",
        "readsb+other",
    ]  # fmt: skip


def test_on_the_ground_there_is_no_altitude() -> None:
    reports = ReadsbDecoder(SOURCE).feed(
        snapshot(AIRCRAFT | {"alt_baro": "ground", "hex": "~2B1234"}), NOW_US
    )
    assert reports.on_ground.tolist() == [1]
    assert np.isnan(reports.pressure_m[0])
    assert reports.identities == ("~2b1234",)


def test_the_same_position_once_more_is_counted_not_told() -> None:
    decoder = ReadsbDecoder(SOURCE)
    decoder.feed(snapshot(AIRCRAFT), NOW_US)
    again = snapshot(AIRCRAFT | {"seen_pos": 2.2}, now=NOW_S + 1)
    assert not len(decoder.feed(again, NOW_US + S))
    assert decoder.counts.dropped == {"repeated": 1}
    moved = snapshot(AIRCRAFT | {"seen_pos": 0.2, "lat": 47.41}, now=NOW_S + 1)
    assert len(decoder.feed(moved, NOW_US + S)) == 1


def test_what_cannot_be_told_is_counted() -> None:
    decoder = ReadsbDecoder(SOURCE)
    reports = decoder.feed(
        snapshot(
            {"hex": "4840d6"},
            AIRCRAFT | {"hex": "nothing"},
            AIRCRAFT | {"lat": 91},
            AIRCRAFT | {"gs": "fast", "hex": "4840d7"},
            AIRCRAFT | {"seen_pos": -5},
            AIRCRAFT,
        ),
        NOW_US - 10 * S,
    )
    assert len(reports) == 1
    counts = decoder.counts
    assert counts.dropped == {"no-identity": 1, "out-of-range": 2, "bad-field": 1}
    assert counts.noted == {"no-position": 1, "ahead": 1}
    assert counts.messages == 6


def test_services_that_count_milliseconds_and_lines_of_one_aircraft_are_read() -> None:
    decoder = ReadsbDecoder(SOURCE)
    reports = decoder.feed(snapshot(AIRCRAFT, now=NOW_S * 1000, key="ac"), NOW_US)
    assert reports.time_us.tolist() == [NOW_US - 1_250_000]
    line = json.dumps(AIRCRAFT | {"now": NOW_S + 5, "lat": 47.5}).encode() + b"\n"
    assert decoder.feed(line, NOW_US + 5 * S).lat_deg.tolist() == [47.5]
    assert not len(decoder.feed(json.dumps(AIRCRAFT).encode(), NOW_US))
    assert decoder.counts.dropped == {"no-time": 1}


@pytest.mark.parametrize("text", [b"{}", b'{"now": "x"}', b'{"now": 1, "aircraft": 5}', b"{x}"])
def test_documents_that_are_none_do_no_harm(text: bytes) -> None:
    for decoder in (ReadsbDecoder(SOURCE), ReadsbTraceDecoder(SOURCE), OpenSkyDecoder(SOURCE)):
        assert not len(decoder.feed(text, NOW_US))
        assert not decoder.counts.reports
        assert len(decoder.feed(snapshot(AIRCRAFT), NOW_US)) == isinstance(decoder, ReadsbDecoder)


def test_a_real_trace_is_read() -> None:
    text = sample("readsb/trace_full_ac671b.json").read_bytes()
    raw = json.loads(text)
    decoder = ReadsbTraceDecoder(SOURCE)
    reports = decoder.feed(text, NEVER)
    assert len(reports) == len(raw["trace"]) == 2500
    assert decoder.counts.noted == {"stale": 75, "leg": 3}
    assert reports.identities == ("ac671b",)
    for row, point in enumerate(raw["trace"]):
        when = round(raw["timestamp"] * S) + round(point[0] * S)
        assert reports.time_us[row] == when
        assert (reports.lat_deg[row], reports.lng_deg[row]) == (point[1], point[2])
        if isinstance(point[3], int):
            assert reports.pressure_m[row] == pytest.approx(point[3] * 0.3048)
        else:
            assert reports.on_ground[row] == (point[3] == "ground")
        if point[10] is not None:
            assert reports.altitude_m[row] == pytest.approx(point[10] * 0.3048)
        if point[6] & 1:
            assert np.isnan(reports.speed_m_s[row])
    assert (reports.basis == Basis.STATED).sum() > 2000


def test_altitudes_of_a_trace_may_be_geometric() -> None:
    points = [[0, 47, 8, 1000, 100, 90, 8, 64, None, "adsb_icao", None, None, None, None]]
    text = json.dumps({"icao": "4840d6", "timestamp": NOW_S, "trace": points}).encode()
    reports = ReadsbTraceDecoder(SOURCE).feed(text, NEVER)
    assert reports.altitude_m.tolist() == [pytest.approx(304.8)]
    assert np.isnan(reports.pressure_m[0])


STATE: list[Any] = [
    "4840d6", "DET12A  ", "Switzerland", 1763882000, 1763882001, 8.5, 47.4, 10668.0, False, 231.5,
    91.5, -3.25, None, 10759.44, "1000", False, 0,
]  # fmt: skip


def test_open_sky_dates_to_whole_seconds_and_that_widens_what_is_assumed() -> None:
    mlat = ["4840d7", *STATE[1:16], 2, 0]
    none = ["4840d8", *STATE[1:3], None, *STATE[4:]]
    decoder = OpenSkyDecoder(Source("net", "opensky"))
    text = json.dumps({"time": 1763882001, "states": [STATE, mlat, none, [1], STATE]}).encode()
    reports = decoder.feed(text, NOW_US)
    assert reports.time_us.tolist() == [1_763_882_000 * S] * 2
    assert reports.horizontal_m.tolist() == [185.2 + 231.5, 1000 + 231.5]
    assert reports.basis.tolist() == [Basis.ASSUMED] * 2
    assert reports.pressure_m.tolist() == [10_668.0] * 2
    assert reports.altitude_m.tolist() == [10_759.44] * 2
    assert [reports.sources[each].format for each in reports.source] == ["opensky", "opensky+mlat"]
    assert decoder.counts.dropped == {"bad-field": 1, "repeated": 1}
    assert decoder.counts.noted == {"no-position": 1}
    assert not len(decoder.feed(text, NOW_US + S))


@pytest.mark.parametrize("width", [1, 5, 64, 1000])
def test_where_documents_are_cut_makes_no_difference(width: int) -> None:
    quoted = AIRCRAFT | {"flight": 'A}"{\\', "r": "[["}
    documents = [
        snapshot(quoted | {"lat": 47 + k / 100}, AIRCRAFT | {"hex": "000001"}, now=NOW_S + k)
        for k in range(20)
    ]
    data = b"\n".join(documents)
    whole: Decoder = ReadsbDecoder(SOURCE)
    expected = whole.feed(data, NOW_US)
    pieces: Decoder = ReadsbDecoder(SOURCE)
    found = joined(
        [pieces.feed(data[at : at + width], NOW_US) for at in range(0, len(data), width)]
    )
    assert pieces.counts == whole.counts
    assert found.time_us.tolist() == expected.time_us.tolist()
    assert found.lat_deg.tolist() == expected.lat_deg.tolist()


def test_a_document_that_is_cut_off_does_not_swallow_the_next() -> None:
    decoder = ReadsbDecoder(SOURCE)
    decoder.feed(snapshot(AIRCRAFT)[:100], NOW_US)
    decoder.close()
    assert decoder.counts.dropped == {"framing": 1}
    assert len(decoder.feed(snapshot(AIRCRAFT), NOW_US)) == 1


def test_a_document_without_end_is_dropped() -> None:
    documents = Documents(longest=1000)
    for _ in range(50):
        assert documents.feed(b'{"a": "' + b"x" * 93) == []
    assert documents.too_long == 4
    assert len(documents._held) <= 1000
    documents.close()
    assert documents.feed(b'{"a": 1} , {"b": {}}') == [b'{"a": 1}', b'{"b": {}}']
    assert documents.feed(b'{"' + b"x" * 1000 + b'": 1}') == []
