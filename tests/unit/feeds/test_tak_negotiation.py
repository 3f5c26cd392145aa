"""From XML to protobuf on one connection."""

from __future__ import annotations

import importlib
import itertools
import xml.etree.ElementTree as ET
from typing import Any

from tests.support.cot_events import OFFER, T0_US, answer, event

from detente.feeds.cot import CotDecoder, Stage, TakClient
from detente.feeds.cot.negotiation import ANSWER_US, TRANSITIONS, Signal
from detente.feeds.reports import Source

takproto: Any = importlib.import_module("takproto")


def client() -> TakClient:
    return TakClient(CotDecoder(Source("tak", "cot")))


def test_an_offer_is_taken_up_once_with_its_own_name() -> None:
    one = client()
    one.feed(event(), T0_US)
    assert (one.stage, one.outgoing()) == (Stage.XML, b"")
    one.feed(OFFER + OFFER, T0_US)
    asked = one.outgoing()
    assert one.outgoing() == b""
    root = ET.fromstring(asked)
    assert (root.get("type"), root.get("uid")) == ("t-x-takp-q", "proto-1")
    assert root.get("time") == "2025-11-24T16:00:00.000Z"
    request = root.find("detail/TakControl/TakRequest")
    assert request is not None
    assert request.get("version") == "1"
    assert one.stage is Stage.ASKED


def test_after_yes_the_very_next_octet_is_protobuf() -> None:
    message = bytes(takproto.xml2proto(event("later"), takproto.TAKProtoVer.STREAM))
    data = event("before") + OFFER + event("meanwhile") + answer("true") + message + message
    for size in (1, 17, len(data)):
        one = client()
        names = [
            name
            for begin in range(0, len(data), size)
            for name in one.feed(data[begin : begin + size], T0_US).identities
        ]
        assert list(dict.fromkeys(names)) == ["uid:before", "uid:meanwhile", "uid:later"]
        assert one.stage is Stage.PROTOBUF
        assert one.counts.noted == {"control": 2}
        assert not one.overdue(T0_US + 2 * ANSWER_US)


def test_no_leaves_it_at_xml_and_silence_ends_it() -> None:
    one = client()
    one.feed(OFFER + answer("false") + event(), T0_US)
    assert one.stage is Stage.DECLINED
    assert not one.overdue(T0_US + 2 * ANSWER_US)
    two = client()
    two.feed(OFFER, T0_US)
    assert not two.overdue(T0_US + ANSWER_US)
    assert two.overdue(T0_US + ANSWER_US + 1)
    two.close()
    assert not two.overdue(T0_US + ANSWER_US + 1)
    two.feed(OFFER, T0_US)
    assert two.outgoing()


def test_what_nobody_asked_for_changes_nothing() -> None:
    one = client()
    one.feed(answer("true"), T0_US)
    other = OFFER.replace(b'Support version="1"', b'Support version="9"')
    one.feed(other, T0_US)
    assert (one.stage, one.outgoing()) == (Stage.XML, b"")
    ends = {Stage.PROTOBUF, Stage.DECLINED, Stage.FAILED}
    assert not [pair for pair in itertools.product(ends, Signal) if pair in TRANSITIONS]
