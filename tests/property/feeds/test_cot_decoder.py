"""CoT: the scanner agrees with a full parser on whatever comes, and nothing harms the decoder."""

from __future__ import annotations

import importlib
import itertools
import math
import random
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.cot_events import T0_US, event

from detente.feeds.cot import CotDecoder, CotSettings
from detente.feeds.cot.roster import identity_of
from detente.feeds.reports import COLUMNS, NEVER, Basis, Reports, Source, joined

takproto: Any = importlib.import_module("takproto")

SOURCE = Source("tak", "cot", 185.2, 45.0)

numbers = st.one_of(
    st.floats(-90, 90).map(repr),
    st.floats(-90, 90).map(lambda value: f"{value:.7f}"),
    st.integers(-90, 90).map(str),
    st.sampled_from(["+1.5", ".5", "5.", "1e1", "-0.25", "1e-7"]),
)
anything = st.one_of(numbers, st.sampled_from(["9999999.0", "x", "", "1e400", "180", "-0"]))
names = st.one_of(
    st.sampled_from(["A-1", "ICAO-4b1804"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12),
)
elements = st.sampled_from(
    ["<track course='10' speed='20'/>", "<contact callsign='X'/>", "<remarks>text</remarks>",
     "<a><track speed='1'/></a>", "<!-- c -->", "<b x='1' y=\"2\"></b>", "<é/>", "<![CDATA[x]]>",
     "<__group name='n' role='r'/>", "&amp;", " "]
)  # fmt: skip
rough = st.sampled_from(
    ["<track speed='x'/>", "<contact/>", "<c", "</c>", "&x;", "]]>", "<a a='1' a='2'/>", "\x01"]
)


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """Mostly events that give a report; some of something else, or of nothing."""
    plain = draw(st.integers(0, 3)) > 0
    sent = ["lat", "lon", *draw(st.sets(st.sampled_from(["hae", "ce", "le"])))]
    if not plain:
        sent = sent[draw(st.integers(0, 1)) :]
    number = numbers if plain else anything
    types = ["a-f-A", "a-h-A-M-F", "a-u-A-"] if plain else ["a-n-A", "a-n-G", "b-x", "a-uu-A"]
    times = ["2025-11-24T16:00:00Z", "2025-11-24T16:00:00.123Z", *([] if plain else ["now"])]
    detail = draw(st.lists(elements, max_size=4, unique=True))
    if not plain:
        detail += draw(st.lists(rough, max_size=1))
    data = event(
        draw(names),
        type_=draw(st.sampled_from(types)),
        how=draw(st.sampled_from(["m-g", "h-e"] if plain else ["m-g", "m-s", ""])),
        time=draw(st.sampled_from(times)),
        point=" ".join(f'{name}="{draw(number)}"' for name in sent),
        detail="".join(detail),
    )
    if draw(st.integers(0, 3)) == 0:
        damaged = bytearray(data)
        for _ in range(draw(st.integers(1, 3))):
            damaged[draw(st.integers(7, len(damaged) - 9))] = draw(st.integers(0, 255))
        data = bytes(damaged)
    return data


def told(text: str | None) -> float:
    """A number as a full reader has it."""
    try:
        value = float(text or "nan")
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def instant(text: str | None) -> int | None:
    """µs since 1970 of a time that says its offset; None if it is none."""
    try:
        when = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    if when.tzinfo is None or when.year < 1970:
        return None
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def expected(data: bytes) -> tuple[int, float, float, float, float] | None:
    """Time, latitude, longitude, speed and course by ElementTree; None if there is no report."""
    try:
        root = ET.fromstring(data)
    except ET.ParseError:
        return None
    parts = (root.get("type") or "").split("-")
    air = len(parts) >= 3 and parts[0] == "a" and len(parts[1]) == 1 and parts[2] == "A"
    details, points = root.findall("detail"), root.findall("point")
    if root.tag != "event" or not air or len(details) > 1 or len(points) != 1:
        return None
    tracks = root.findall("detail/track")
    if len(tracks) > 1 or len(root.findall("detail/contact")) > 1:
        return None
    lat, lng = told(points[0].get("lat")), told(points[0].get("lon"))
    if not (abs(lat) <= 90 and abs(lng) <= 180) or lat == lng == 0:
        return None
    time_us = instant(root.get("time"))
    if time_us is None or not root.get("uid") or (root.get("how") or "")[:3] == "m-s":
        return None
    track = tracks[0] if tracks else ET.Element("track")
    speed, course = told(track.get("speed")), told(track.get("course"))
    # what cannot be is not known
    speed = speed if 0 <= speed < 999_999 else math.nan
    course = (course if course < 360 else 0.0) if 0 <= course <= 360 else math.nan
    return time_us, lat, -180.0 if lng == 180 else lng, speed, course


@settings(max_examples=200)
@given(data=events())
def test_scanner_says_what_a_full_parser_says(data: bytes) -> None:
    decoder = CotDecoder(SOURCE)
    reports = decoder.feed(data, NEVER)
    wanted = expected(data)
    if data.count(b"</event") != 1 or data.count(b"<event") != 1:
        return  # not one event any more
    assert len(reports) == (wanted is not None)
    if wanted is None:
        return
    assert reports.time_us[0] == wanted[0]
    got = reports.lat_deg[0], reports.lng_deg[0], reports.speed_m_s[0], reports.track_deg[0]
    for one, other in zip(got, wanted[1:], strict=True):
        assert abs(one - other) <= 4e-16 * abs(other) or (math.isnan(one) and math.isnan(other))


def same(one: Reports, other: Reports) -> bool:
    mine = [one.identities[number] for number in one.aircraft]
    return mine == [other.identities[number] for number in other.aircraft] and all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in COLUMNS
        if name != "aircraft"
    )


def proto(uid: str) -> bytes:
    return bytes(takproto.xml2proto(event(uid), takproto.TAKProtoVer.STREAM))


@settings(max_examples=60)
@given(
    parts=st.lists(
        st.one_of(
            events(),
            st.sampled_from([event("x"), proto("y"), b"\n", b"<?xml version='1.0'?>"]),
            st.binary(max_size=30),
        ),
        max_size=12,
    ),
    data=st.data(),
)
def test_reports_do_not_depend_on_how_the_stream_was_cut(
    parts: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(parts) + b"</event> " + event("last")
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=30)) | {0, len(stream)})
    whole, pieces = CotDecoder(SOURCE), CotDecoder(SOURCE)
    wanted = whole.feed(stream, T0_US)
    got = [pieces.feed(stream[begin:end], T0_US) for begin, end in itertools.pairwise(cuts)]
    assert same(joined(got), wanted)
    assert pieces.counts.reports == whole.counts.reports


@settings(max_examples=150)
@given(
    lat=st.floats(-90, 90),
    lng=st.floats(-180, 179.9),
    values=st.tuples(*[st.floats(-1e3, 1e6)] * 3, st.floats(0, 360), st.floats(0, 1e3)),
    uid=st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20),
    callsign=st.sampled_from(["", "REGA 1", "é"]),
    framed=st.sampled_from([takproto.TAKProtoVer.MESH, takproto.TAKProtoVer.STREAM]),
)
def test_messages_say_what_takproto_reads(
    lat: float,
    lng: float,
    values: tuple[float, float, float, float, float],
    uid: str,
    callsign: str,
    framed: Any,
) -> None:
    hae, ce, le, course, speed = values
    message = takproto.parse_proto(bytearray(proto("x")))
    told = message.cotEvent
    told.uid, told.lat, told.lon, told.hae, told.ce, told.le = uid, lat, lng, hae, ce, le
    told.detail.contact.callsign = callsign
    told.detail.track.course, told.detail.track.speed = course, speed
    data = bytes(takproto.functions.msg2proto(message, framed))
    again = takproto.parse_proto(bytearray(data)).cotEvent
    reports = CotDecoder(SOURCE, CotSettings(datagrams=True)).feed(data, NEVER)
    if again.lat == again.lon == 0:
        assert len(reports) == 0
        return
    assert reports.identities == (identity_of(again.uid),)
    assert reports.callsigns == (again.detail.contact.callsign,)
    assert reports.time_us[0] == again.sendTime * 1000
    assert (reports.lat_deg[0], reports.lng_deg[0]) == (again.lat, again.lon)
    assert (reports.speed_m_s[0], reports.track_deg[0]) == (
        again.detail.track.speed,
        again.detail.track.course % 360,
    )
    known = 0 < again.ce < 999_999
    assert reports.basis[0] == (Basis.STATED if known else Basis.ASSUMED)
    assert math.isnan(reports.altitude_m[0]) == (again.hae >= 999_999)


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32), datagrams=st.booleans())
def test_damaged_messages_harm_nothing(seed: int, datagrams: bool) -> None:
    rng = random.Random(seed)
    limits = CotSettings(datagrams=datagrams, message_bytes_max=4_096)
    decoder = CotDecoder(SOURCE, limits)
    for _ in range(6):
        data = bytearray(
            rng.choice(
                [event("x"), proto("y"), b"\xbf\x01\xbf" + proto("z")[2:], rng.randbytes(90)]
            )
        )
        for _ in range(rng.randint(0, 4)):
            data[rng.randrange(len(data))] = rng.getrandbits(8)
        reports = decoder.feed(bytes(data[: rng.randint(1, len(data))]), T0_US)
        assert (abs(reports.lat_deg) <= 90).all()
        assert ((reports.lng_deg >= -180) & (reports.lng_deg < 180)).all()
        assert len(decoder._held) <= 4_096 + 100
    decoder.close()
    assert len(decoder.feed(event("good"), T0_US)) == 1
