"""Recordings of networks (pcap): their UDP datagrams and when each was heard.

Format: `draft-ietf-opsawg-pcap`, microseconds or nanoseconds, either order of octets; Ethernet,
Linux cooked and raw IP; IPv4 and IPv6. Fragments and everything but UDP are passed over and
counted.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from detente.feeds.decoding import Decoder
from detente.feeds.reports import Reports, empty

from .decoder import AsterixDecoder

_MAGICS: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
}
"""Order of octets, and how many parts of a packet's fraction are a microsecond."""
_FILE_HEAD: Final = 24
_PACKET_HEAD: Final = 16
PACKET_BYTES_MAX: Final = 1 << 18
"""What writers of pcap keep of a packet, at most (their snap length)."""
_PACKETS_AT_ONCE: Final = 4_096

_LINK_HEADS: Final = {0: 4, 1: 14, 12: 0, 14: 0, 101: 0, 108: 4, 113: 16, 228: 0, 229: 0}
"""By link type: octets before the IP packet (BSD loopback, Ethernet, raw IP, Linux cooked, …)."""
_VLAN: Final = frozenset({0x8100, 0x88A8})
_UDP: Final = 17


@dataclass(frozen=True, slots=True)
class _Form:
    """How a file is written."""

    order: str
    per_us: int
    link: int


def is_pcap(beginning: bytes) -> bool:
    """Whether a file that begins so is a recording of this kind."""
    return beginning[:4] in _MAGICS


class PcapDecoder(Decoder):
    """Gives a recording's datagrams to an ASTERIX decoder, with the times at which they were heard.

    Counted as dropped besides what the other drops: `not-udp`, `fragment`, `link-type` (one that is
    not read), `framing` (what is no pcap, or no more).
    """

    def __init__(self, inner: AsterixDecoder) -> None:
        super().__init__()
        self.counts = inner.counts
        self._inner = inner
        self._held = b""
        self._form: _Form | None = None
        self._broken = False

    def feed(self, data: bytes, received_us: int) -> Reports:
        """Take the next octets of the file. When they were read says nothing of the packets."""
        del received_us
        if self._broken:
            self.counts.bytes += len(data)
            return empty()
        data = self._held + data
        at = 0
        if self._form is None:
            if len(data) < _FILE_HEAD:
                self._held = data
                return empty()
            form = self._read_head(data)
            if form is None:
                return empty()
            self._form = form
            at = _FILE_HEAD
        payloads: list[bytes] = []
        times_us: list[int] = []
        head = struct.Struct(self._form.order + "IIII")
        while at + _PACKET_HEAD <= len(data):
            seconds, parts, length, _ = head.unpack_from(data, at)
            if length > PACKET_BYTES_MAX:
                self._give_up()
                return self._inner.feed_datagrams(payloads, times_us)
            if at + _PACKET_HEAD + length > len(data):
                break
            at += _PACKET_HEAD
            payload, reason = _datagram(data[at : at + length], self._form.link)
            at += length
            if payload is None:
                self.counts.dropped[reason] += 1
                continue
            payloads.append(payload)
            times_us.append(seconds * 1_000_000 + parts // self._form.per_us)
        self._held = data[at:]
        return self._inner.feed_datagrams(payloads, times_us)

    def close(self) -> Reports:
        """The file has ended: half a packet is dropped and counted."""
        if self._held:
            self._held = b""
            self.counts.dropped["framing"] += 1
        return self._inner.close()

    def _read_head(self, data: bytes) -> _Form | None:
        known = _MAGICS.get(data[:4])
        if known is None:
            self._give_up()
            return None
        (link,) = struct.unpack_from(known[0] + "I", data, 20)
        if link & 0xFFFF not in _LINK_HEADS:
            self.counts.dropped["link-type"] += 1
            self._broken = True
            return None
        return _Form(known[0], known[1], link & 0xFFFF)

    def _give_up(self) -> None:
        """Packets' lengths lead from one to the next: after a wrong one there is no way on."""
        self.counts.dropped["framing"] += 1
        self._broken = True
        self._held = b""


def _datagram(packet: bytes, link: int) -> tuple[bytes | None, str]:
    """What a UDP packet carries; or None, and why not."""
    at = _LINK_HEADS[link]
    if link == 1:
        while len(packet) >= at and int.from_bytes(packet[at - 2 : at], "big") in _VLAN:
            at += 4
    if len(packet) < at + 20:
        return None, "not-udp"
    version = packet[at] >> 4
    if version == 4:
        if packet[at + 9] != _UDP:
            return None, "not-udp"
        if int.from_bytes(packet[at + 6 : at + 8], "big") & 0x3FFF:
            return None, "fragment"
        end = min(len(packet), at + int.from_bytes(packet[at + 2 : at + 4], "big"))
        at += (packet[at] & 0x0F) * 4
    elif version == 6:
        if packet[at + 6] != _UDP:
            return None, "fragment" if packet[at + 6] == 44 else "not-udp"
        end = min(len(packet), at + 40 + int.from_bytes(packet[at + 4 : at + 6], "big"))
        at += 40
    else:
        return None, "not-udp"
    if end < at + 8:
        return None, "not-udp"
    return packet[at + 8 : end], ""
