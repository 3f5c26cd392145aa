"""CoT events in XML."""

from __future__ import annotations

import importlib
import math

import pytest
from tests.support.cot_events import T0_US, event

from detente.feeds.cot import CotDecoder, CotSettings
from detente.feeds.quality import CIRCLE_95, LINE_95
from detente.feeds.reports import NEVER, Basis, Reports, Source

SOURCE = Source("tak", "cot", 185.2, 45.0)


def read(*events: bytes, received_us: int = T0_US) -> tuple[Reports, CotDecoder]:
    decoder = CotDecoder(SOURCE)
    return decoder.feed(b"".join(events), received_us), decoder


def test_an_air_track_becomes_a_report() -> None:
    reports, decoder = read(event())
    assert (reports.identities, reports.callsigns) == (("uid:A-1",), ("REGA 1",))
    assert reports.time_us.tolist() == [T0_US + 500_000]
    assert reports.received_us.tolist() == [T0_US]
    assert (reports.lat_deg[0], reports.lng_deg[0], reports.altitude_m[0]) == (46.5, 7.25, 1500.5)
    assert (reports.track_deg[0], reports.speed_m_s[0]) == (271.5, 61.7)
    assert reports.horizontal_m[0] == pytest.approx(10 * CIRCLE_95)
    assert reports.vertical_m[0] == pytest.approx(20 * LINE_95)
    assert reports.basis[0] == Basis.STATED
    assert (decoder.counts.messages, decoder.counts.reports) == (1, 1)
    assert not decoder.counts.dropped


@pytest.mark.parametrize("affiliation", list("fhnupasjko."))
def test_whose_it_is_said_to_be_changes_nothing(affiliation: str) -> None:
    reports, _ = read(event(type_=f"a-{affiliation}-A-C-F"))
    assert reports.identities == ("uid:A-1",)
    for name in ("identities", "callsigns", "sources"):
        assert f"a-{affiliation}" not in repr(getattr(reports, name))


@pytest.mark.parametrize(
    ("type_", "reason"),
    [
        ("a-f-G-U-C", "not-air"),
        ("a-n-S", "not-air"),
        ("a-f-Ab", "not-air"),
        ("a-f", "not-a-track"),
        ("b-m-p-s-m", "not-a-track"),
        ("t-x-c-t", "not-a-track"),
        ("", "not-a-track"),
    ],
)
def test_other_types_are_counted(type_: str, reason: str) -> None:
    reports, decoder = read(event(type_=type_), event())
    assert len(reports) == 1
    assert decoder.counts.dropped == {reason: 1}


@pytest.mark.parametrize(
    ("point", "horizontal", "vertical", "altitude", "basis"),
    [
        ('lat="1" lon="2" hae="9999999.0" ce="9999999.0" le="9999999.0"', 185.2, 45.0, None, 2),
        ('lat="1" lon="2" hae="999999" ce="999999" le="999999"', 185.2, 45.0, None, 2),
        ('lat="1" lon="2" hae="0" ce="0" le="0"', 185.2, 45.0, 0.0, 2),
        ('lat="1" lon="2"', 185.2, 45.0, None, 2),
        ('lat="1" lon="2" hae="-12.5" ce="1e1" le="9999999"', 24.477, 45.0, -12.5, 0),
    ],
)
def test_what_is_not_known_is_assumed_and_says_so(
    point: str, horizontal: float, vertical: float, altitude: float | None, basis: int
) -> None:
    reports, _ = read(event(point=point))
    assert reports.horizontal_m[0] == pytest.approx(horizontal, abs=1e-3)
    assert reports.vertical_m[0] == pytest.approx(vertical)
    assert math.isnan(reports.altitude_m[0]) if altitude is None else True
    assert reports.basis[0] == basis
    if altitude is not None:
        assert reports.altitude_m[0] == altitude


def test_what_a_person_entered_is_no_measurement() -> None:
    reports, _ = read(
        event(how="h-g-i-g-o"), event("B", how="h-e", point='lat="1" lon="2" ce="400"')
    )
    assert reports.horizontal_m.tolist() == pytest.approx([185.2, 400 * CIRCLE_95])
    assert reports.basis.tolist() == [Basis.ASSUMED, Basis.ASSUMED]


def test_what_is_made_up_old_or_nowhere_is_counted() -> None:
    reports, decoder = read(
        event(how="m-s"),
        event(stale="2025-11-24T15:59:59Z"),
        event(point='lat="0.0" lon="0.0"'),
        event(point='lat="91" lon="0.0"'),
        event(point='lon="1"'),
        event(time="yesterday"),
        event(time="2025-11-24T16:00:00"),
        event(""),
    )
    assert len(reports) == 0
    assert decoder.counts.dropped == {
        "simulated": 1, "stale": 1, "no-position": 3, "no-time": 2, "no-identity": 1,
    }  # fmt: skip
    old, _ = read(event(stale="2025-11-24T15:59:59Z"), received_us=NEVER)
    assert len(old) == 1


def test_an_address_is_known_as_one() -> None:
    reports, _ = read(event("ICAO-4B1804"), event("ICAO-4b1804"), event("ICAO-4B18"))
    assert reports.identities == ("4b1804", "uid:ICAO-4B18")
    assert reports.aircraft.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("written", "time_us"),
    [
        ("2025-11-24T16:00:00Z", T0_US),
        ("2025-11-24T16:00:00.1Z", T0_US + 100_000),
        ("2025-11-24T16:00:00.123456789Z", T0_US + 123_456),
        ("2025-11-24T17:00:00+01:00", T0_US),
        ("2025-11-24T16:00:00.25+00:00", T0_US + 250_000),
        ("2000-02-29T23:59:59Z", 951_868_799_000_000),
        ("1970-01-01T00:00:00Z", 0),
    ],
)
def test_times(written: str, time_us: int) -> None:
    reports, _ = read(event(time=written))
    assert reports.time_us.tolist() == [time_us]


@pytest.mark.parametrize(
    "written",
    [
        "2025-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-11-24T24:00:00Z",
        "2025-11-24T16:00:60Z",
    ],
)
def test_times_that_are_none(written: str) -> None:
    reports, decoder = read(event(time=written))
    assert len(reports) == 0
    assert decoder.counts.dropped == {"no-time": 1}


def test_unusual_documents_are_read_all_the_same() -> None:
    plain, _ = read(event())
    track = '<track course="271.5" speed="61.7"/><contact callsign="REGA 1"/>'
    for detail in (
        f"<!-- a comment -->{track}",
        f"<remarks><![CDATA[<event> & ]]></remarks>{track}",
        f"<remarks>Ligne de démarcation</remarks>{track}",
        f"<remarks>a &amp; b</remarks>{track}",
        f"<takv:x xmlns:takv='u'/>{track}",
        track.replace("REGA 1", "REGA&#32;1"),
    ):
        reports, decoder = read(event(detail=detail))
        assert reports.callsigns == plain.callsigns
        assert reports.speed_m_s.tolist() == plain.speed_m_s.tolist()
        assert not decoder.counts.dropped


def test_tracks_elsewhere_in_the_detail_are_not_the_aircrafts() -> None:
    reports, _ = read(event(detail='<other><track course="1" speed="2"/></other>'))
    assert math.isnan(reports.speed_m_s[0])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (event(detail='<track speed="1"/><track speed="2"/>'), "ambiguous"),
        (event().replace(b"</detail>", b"</detai>"), "malformed"),
        (event().replace(b'uid="A-1"', b'uid="A-1" uid="A-2"'), "malformed"),
        (event(detail="<remarks>&lol;</remarks>"), "malformed"),
        (event().replace(b'lat="46.5"', b"lat=46.5"), "malformed"),
        (event(detail="\x01"), "malformed"),
        (event().replace(b"REGA 1", b"\xff\xfe"), "malformed"),
    ],
)
def test_what_is_not_well_formed_costs_one_event(data: bytes, reason: str) -> None:
    reports, decoder = read(event("before"), data, event("after"))
    assert reports.identities == ("uid:before", "uid:after")
    assert decoder.counts.dropped == {reason: 1}


def test_document_types_are_refused() -> None:
    laughs = b'<!DOCTYPE event [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    reports, decoder = read(laughs, event(detail="<remarks>&b;</remarks>"), event("after"))
    assert reports.identities == ("uid:after",)
    assert decoder.counts.dropped == {"framing": 1, "malformed": 1}


def test_an_event_that_was_cut_off_does_not_cost_the_next() -> None:
    reports, decoder = read(event("cut")[:90], event("next"))
    assert reports.identities == ("uid:next",)
    assert decoder.counts.dropped == {"malformed": 1}


@pytest.mark.parametrize(
    "declaration", ["<?xml version='1.0' encoding='UTF-8'?>\n", "\ufeff", " \n"]
)
def test_declarations_between_events(declaration: str) -> None:
    reports, decoder = read(*[event(str(n), declaration=declaration) for n in range(3)])
    assert len(reports) == 3
    assert not decoder.counts.dropped


def test_events_come_whole_however_they_are_cut() -> None:
    declaration = "<?xml version='1.0'?>"
    data = b"".join(event(str(n % 4), declaration=declaration) for n in range(12))
    for size in (1, 3, 50, 1000):
        decoder = CotDecoder(SOURCE)
        count = sum(
            len(decoder.feed(data[begin : begin + size], T0_US))
            for begin in range(0, len(data), size)
        )
        assert count == 12
        assert not decoder.counts.dropped


def test_events_that_are_too_long_are_dropped_and_memory_stays_bounded() -> None:
    decoder = CotDecoder(SOURCE, CotSettings(message_bytes_max=2_000))
    for piece in [event("long")[:200], *[b"x" * 500] * 20]:
        assert len(decoder.feed(piece, T0_US)) == 0
        assert len(decoder._held) <= 2_500
    assert decoder.counts.dropped["too-long"] >= 1
    assert len(decoder.feed(event("good"), T0_US)) == 1
    assert len(decoder.feed(event("long", detail="<a/>" * 1_000) + event("next"), T0_US)) == 1


def test_datagrams_hold_one_event_each() -> None:
    decoder = CotDecoder(SOURCE, CotSettings(datagrams=True, message_bytes_max=1_000))
    assert len(decoder.feed(event()[:100], T0_US)) == 0
    assert len(decoder.feed(event(), T0_US)) == 1
    assert decoder.counts.dropped == {"framing": 1}
    several = [event("1"), event()[:100], event("2"), b"", b"x" * 1_001, b"\n", event("3")]
    reports = decoder.feed_datagrams(several, [T0_US + step for step in range(7)])
    assert reports.identities == ("uid:1", "uid:2", "uid:3")
    assert (reports.received_us - T0_US).tolist() == [0, 2, 6]
    assert decoder.counts.dropped == {"framing": 2, "too-long": 1}
    many = [event(str(number)) for number in range(2_000)]
    assert len(decoder.feed_datagrams(many, [T0_US] * len(many))) == 2_000
    assert len(decoder.feed_datagrams([], [])) == 0


def test_events_of_pytak_are_read() -> None:
    pytak = importlib.import_module("pytak")
    data = b"".join(
        pytak.gen_cot(
            lat=46.5, lon=7.25, ce=15, hae=1000, le=20, uid=f"p-{number}", cot_type="a-n-A-C-H",
            callsign="REGA 1",
        )
        for number in range(3)
    )  # fmt: skip
    decoder = CotDecoder(SOURCE)
    reports = decoder.feed(data, NEVER)
    assert reports.identities == ("uid:p-0", "uid:p-1", "uid:p-2")
    assert reports.lat_deg.tolist() == [46.5] * 3
    assert reports.horizontal_m.tolist() == pytest.approx([15 * CIRCLE_95] * 3)
    assert not decoder.counts.dropped
