"""How a client and a TAK server agree to go from XML to protobuf: the client's side, without I/O.

After `protocol.txt` of ATAK's commoncommo. A stream begins in XML. The server may offer versions
(`t-x-takp-v`), at most once. The client may ask for one (`t-x-takp-q`, with the offer's own uid);
from then on it sends nothing in XML, and waits a minute for the answer (`t-x-takp-r`). If that is
yes, both go on in protobuf with the very next octet; the decoder sees it by itself. If no answer
comes, the client hangs up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from xml.sax.saxutils import quoteattr

from detente.feeds.decoding import Decoder
from detente.feeds.reports import Reports

from .decoder import CotDecoder
from .strict import StrictEvent

ANSWER_US: Final = 60_000_000
"""How long to wait for an answer, at least."""
VERSION: Final = "1"


class Stage(StrEnum):
    """Where the negotiation stands."""

    XML = "xml"
    """Nothing was offered so far, or nothing that we know."""
    ASKED = "asked"
    PROTOBUF = "protobuf"
    DECLINED = "declined"
    """The server said no: it stays XML."""
    FAILED = "failed"
    """No answer came: hang up, and begin anew."""


class Signal(StrEnum):
    """What happens."""

    OFFER = "offer"
    YES = "yes"
    NO = "no"
    SILENCE = "silence"


TRANSITIONS: Final = {
    (Stage.XML, Signal.OFFER): Stage.ASKED,
    (Stage.ASKED, Signal.YES): Stage.PROTOBUF,
    (Stage.ASKED, Signal.NO): Stage.DECLINED,
    (Stage.ASKED, Signal.SILENCE): Stage.FAILED,
}
"""Whatever is not here changes nothing: a second offer, an answer that nobody asked for."""


class TakClient(Decoder):
    """A stream of a TAK server: a CoT decoder that asks for protobuf when the server offers it.

    After each `feed` send what `outgoing` gives; hang up when `overdue` says so.
    """

    def __init__(self, decoder: CotDecoder) -> None:
        super().__init__()
        self.counts = decoder.counts
        self.stage = Stage.XML
        self._decoder = decoder
        self._outgoing = b""
        self._asked_us = 0

    def feed(self, data: bytes, received_us: int) -> Reports:
        """Take the next octets; see `Decoder`."""
        reports = self._decoder.feed(data, received_us)
        while self._decoder.controls:
            self._hear(self._decoder.controls.popleft(), received_us)
        return reports

    def close(self) -> Reports:
        """The connection has ended; the next one begins in XML."""
        self.stage = Stage.XML
        self._outgoing = b""
        return self._decoder.close()

    def outgoing(self) -> bytes:
        """What is to be sent now; it is given once."""
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing

    def overdue(self, now_us: int) -> bool:
        """Whether the server has left us without an answer: then hang up, and call `close`."""
        if self.stage is Stage.ASKED and now_us - self._asked_us > ANSWER_US:
            self._go(Signal.SILENCE)
        return self.stage is Stage.FAILED

    def _hear(self, event: StrictEvent, now_us: int) -> None:
        for name, attributes in event.control:
            if name == "TakProtocolSupport" and attributes.get("version") == VERSION:
                if self._go(Signal.OFFER):
                    self._asked_us = now_us
                    self._outgoing += request(event.uid, now_us)
            elif name == "TakResponse":
                self._go(Signal.YES if attributes.get("status") == "true" else Signal.NO)

    def _go(self, signal: Signal) -> bool:
        stage = TRANSITIONS.get((self.stage, signal))
        if stage is None:
            return False
        self.stage = stage
        return True


def request(uid: str, now_us: int) -> bytes:
    """The event that asks for version 1.

    Args:
        uid: the offer's.
        now_us: µs since 1970 UTC.
    """
    now, stale = iso(now_us), iso(now_us + ANSWER_US)
    return (
        "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>"
        f"<event version='2.0' uid={quoteattr(uid)} type='t-x-takp-q' how='m-g' time='{now}' "
        f"start='{now}' stale='{stale}'>"
        "<point lat='0.0' lon='0.0' hae='0.0' ce='999999' le='999999'/>"
        f"<detail><TakControl><TakRequest version='{VERSION}'/></TakControl></detail></event>"
    ).encode()


def iso(time_us: int) -> str:
    """A time as CoT writes it, to the millisecond."""
    seconds, rest = divmod(time_us, 1_000_000)
    whole = datetime.fromtimestamp(seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{rest // 1000:03}Z"
