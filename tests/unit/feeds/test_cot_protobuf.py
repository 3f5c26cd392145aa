"""CoT events in protobuf, as takproto writes them."""

from __future__ import annotations

import importlib
import math
from typing import Any

import pytest
from tests.support.cot_events import T0_US, event

from detente.feeds.cot import CotDecoder, CotSettings
from detente.feeds.reports import Reports, Source

takproto: Any = importlib.import_module("takproto")

SOURCE = Source("tak", "cot", 185.2, 45.0)


def stream(data: bytes) -> bytes:
    return bytes(takproto.xml2proto(data, takproto.TAKProtoVer.STREAM))


def mesh(data: bytes) -> bytes:
    return bytes(takproto.xml2proto(data, takproto.TAKProtoVer.MESH))


def read(*messages: bytes, datagrams: bool = False) -> tuple[Reports, CotDecoder]:
    decoder = CotDecoder(SOURCE, CotSettings(datagrams=datagrams))
    return decoder.feed(b"".join(messages), T0_US), decoder


@pytest.mark.parametrize(
    "data",
    [
        event(),
        event("é", type_="a-h-A"),
        event(point='lat="-46.123456789" lon="179.99" hae="9999999" ce="9999999" le="5"'),
        event(how="h-e", detail=""),
        event(detail='<contact callsign="X"/><remarks>y</remarks>'),
        event(how="m-s"),
        event(type_="a-f-G"),
    ],
)
def test_protobuf_says_what_xml_says(data: bytes) -> None:
    # takproto leaves a course and a speed of 0 where XML has no track
    plain, from_xml = read(data)
    for message, datagrams in ((stream(data), False), (mesh(data), True), (stream(data), True)):
        reports, decoder = read(message, datagrams=datagrams)
        assert reports.identities == plain.identities
        assert reports.callsigns == plain.callsigns
        for name in ("time_us", "lat_deg", "lng_deg", "altitude_m", "speed_m_s", "track_deg",
                     "horizontal_m", "vertical_m", "basis"):  # fmt: skip
            one, other = getattr(reports, name).tolist(), getattr(plain, name).tolist()
            assert one == pytest.approx(other, nan_ok=True), name
        assert decoder.counts.dropped == from_xml.counts.dropped


def test_xml_and_protobuf_follow_one_another() -> None:
    parts = [stream(event("1")), event("2"), b"\n", stream(event("3")), stream(event("4"))]
    data = b"".join(parts)
    for size in (1, 10, len(data)):
        decoder = CotDecoder(SOURCE)
        names = [
            name
            for begin in range(0, len(data), size)
            for name in decoder.feed(data[begin : begin + size], T0_US).identities
        ]
        assert names == ["uid:1", "uid:2", "uid:3", "uid:4"]
        assert not decoder.counts.dropped


def made(**changes: Any) -> Any:
    """A message whose fields are set one by one."""
    message = takproto.parse_proto(bytearray(mesh(event())))
    for path, value in changes.items():
        here = message
        *outer, last = path.split("__")
        for name in outer:
            here = getattr(here, name)
        setattr(here, last, value)
    return message


def framed(message: Any) -> bytes:
    return bytes(takproto.functions.msg2proto(message, takproto.TAKProtoVer.MESH))


def test_what_stands_in_the_rest_in_xml_counts() -> None:
    message = made(cotEvent__detail__xmlDetail='<track course="10" speed="20" slope="0"/>')
    reports, _ = read(framed(message), datagrams=True)
    assert (reports.track_deg[0], reports.speed_m_s[0]) == (10.0, 20.0)
    message = made(cotEvent__detail__xmlDetail='<contact callsign="Y" phone="1"/>')
    reports, _ = read(framed(message), datagrams=True)
    assert reports.callsigns == ("Y",)
    message = made(cotEvent__detail__xmlDetail="<track")
    reports, decoder = read(framed(message), datagrams=True)
    assert (len(reports), decoder.counts.dropped) == (0, {"malformed": 1})


def test_fields_that_are_missing() -> None:
    message = made()
    message.cotEvent.ClearField("lat")
    message.cotEvent.ClearField("lon")
    assert read(framed(message), datagrams=True)[1].counts.dropped == {"no-position": 1}
    message = made(cotEvent__sendTime=0)
    assert read(framed(message), datagrams=True)[1].counts.dropped == {"no-time": 1}
    message = made(cotEvent__uid="")
    assert read(framed(message), datagrams=True)[1].counts.dropped == {"no-identity": 1}
    message = made(cotEvent__lat=math.nan)
    assert read(framed(message), datagrams=True)[1].counts.dropped == {"no-position": 1}
    message = made()
    message.ClearField("cotEvent")
    assert read(framed(message), datagrams=True)[1].counts.noted == {"control": 1}


def test_unknown_fields_are_passed_over() -> None:
    extra = bytes([0x80 | (100 & 0x0F) << 3 & 0x7F, 0x06, 0x05])  # field 96, varint
    data = mesh(event()) + extra
    reports, decoder = read(data, datagrams=True)
    assert len(reports) == 1
    assert not decoder.counts.dropped


def test_garbage_among_messages_is_skipped() -> None:
    good = stream(event("1"))
    noise = b"\xbf\x05\xff\xff\xff\xff\xff" + b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    reports, decoder = read(good, noise, event("2"), stream(event("3")))
    assert reports.identities == ("uid:1", "uid:2", "uid:3")
    assert decoder.counts.dropped["framing"] >= 1
    assert set(decoder.counts.dropped) == {"framing"}
