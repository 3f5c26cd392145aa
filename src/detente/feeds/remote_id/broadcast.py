"""Remote ID as it is broadcast (ASTM F3411-22a): messages of 25 octets, and packs of them.

Of what a drone says, its identifier and where it is are read. Where its operator stands is not.
"""

from __future__ import annotations

import math
import struct
from collections import OrderedDict
from typing import Final

from detente.feeds.decoding import Decoder
from detente.feeds.reports import NEVER, Reports, Source

from .accuracy import HORIZONTAL_M, VERTICAL_M
from .rows import Row, placed, reports_of

MESSAGE_BYTES: Final = 25
PACK_MESSAGES_MAX: Final = 9
SENDERS_MAX: Final = 4_096
"""Of so many senders it is kept who they are; then the one that was silent longest is forgotten."""

_BASIC_ID: Final = 0
_LOCATION: Final = 1
_PACK: Final = 15
_LAST_KIND: Final = 5
_LAST_VERSION: Final = 2
_APPLICATION: Final = 0x0D
"""The code that stands before a counter and a message in Bluetooth's and Wi-Fi's service data."""

_PREFIXES: Final = {1: "serial", 2: "registration", 3: "utm", 4: "session"}
_LOCATED: Final = struct.Struct("<BBBBbiiHHHBBHBB")
_HOUR_US: Final = 3_600_000_000
_UNKNOWN_TIME: Final = 0xFFFF
_STATUSES: Final = {1: 1, 2: 0, 3: 0}
"""Status to `Reports.on_ground`; an emergency is one in the air."""
_SYSTEM_FAILURE: Final = 4


class BroadcastDecoder(Decoder):
    """Broadcast remote ID: what is fed is the content of one advertisement each time.

    That is a message, or a pack, with or without application code and counter before it. A message
    that tells a place does not tell whose: `hear` takes the sender's address, by which it is known.

    Counted as dropped: `framing` (no message), `version`, `not-a-position` (other messages),
    `no-identity`, `no-position`, `no-time` (neither it nor the receiver tells the time). Noted:
    `identification`.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._senders: OrderedDict[str, str] = OrderedDict()

    def feed(self, data: bytes, received_us: int) -> Reports:
        """Take one advertisement whose sender is not told; see `Decoder`."""
        return self.hear(data, received_us, "")

    def hear(self, data: bytes, received_us: int, sender: str) -> Reports:
        """Take one advertisement.

        Args:
            data: its content.
            received_us: when it came, µs since 1970 UTC.
            sender: its address; "" if not told: then only packs that name the drone give reports.
        """
        self.counts.bytes += len(data)
        messages = self._messages(data)
        identity = self._senders.get(sender, "") if sender else ""
        for message in messages:
            if message[0] >> 4 == _BASIC_ID:
                identity = _identity(message) or identity
        if sender and identity:
            self._senders[sender] = identity
            self._senders.move_to_end(sender)
            if len(self._senders) > SENDERS_MAX:
                self._senders.popitem(last=False)
        rows = []
        for message in messages:
            kind = message[0] >> 4
            if kind == _BASIC_ID:
                self.counts.noted["identification"] += 1
                continue
            if kind != _LOCATION:
                self.counts.dropped["not-a-position"] += 1
                continue
            row = self._located(message, received_us, identity)
            if row is not None:
                rows.append(row)
        self.counts.reports += len(rows)
        return reports_of(rows, self._source)

    def _messages(self, data: bytes) -> list[bytes]:
        """The messages of an advertisement."""
        if len(data) >= 2 + MESSAGE_BYTES and data[0] == _APPLICATION:
            data = data[2:]
        if data and data[0] >> 4 == _PACK:
            count = data[2] if len(data) >= 3 else 0
            good = 1 <= count <= PACK_MESSAGES_MAX and data[1] == MESSAGE_BYTES
            if not good or len(data) < 3 + count * MESSAGE_BYTES:
                self.counts.dropped["framing"] += 1
                return []
            begins = range(3, 3 + count * MESSAGE_BYTES, MESSAGE_BYTES)
        elif len(data) >= MESSAGE_BYTES:
            begins = range(0, MESSAGE_BYTES, MESSAGE_BYTES)
        else:
            self.counts.dropped["framing"] += 1
            return []
        messages = []
        for begin in begins:
            message = data[begin : begin + MESSAGE_BYTES]
            if message[0] & 0x0F > _LAST_VERSION:
                self.counts.dropped["version"] += 1
            elif message[0] >> 4 > _LAST_KIND:
                self.counts.dropped["framing"] += 1
            else:
                self.counts.messages += 1
                messages.append(message)
        return messages

    def _located(self, message: bytes, received_us: int, identity: str) -> Row | None:
        (
            _, flags, direction, speed, climb, lat, lng, pressure, geodetic, _,
            accuracy, _, tenths, _, _,
        ) = _LOCATED.unpack(message)  # fmt: skip
        lat_deg, lng_deg = lat * 1e-7, lng * 1e-7
        if not identity:
            self.counts.dropped["no-identity"] += 1
            return None
        if not placed(lat_deg, lng_deg) or (lat == 0 and lng == 0):
            self.counts.dropped["no-position"] += 1
            return None
        time_us = _time_us(tenths, received_us)
        if time_us == NEVER:
            self.counts.dropped["no-time"] += 1
            return None
        status = flags >> 4
        return Row(
            identity=identity,
            time_us=time_us,
            received_us=received_us,
            lat_deg=lat_deg,
            lng_deg=lng_deg,
            altitude_m=_altitude_m(geodetic),
            pressure_m=_altitude_m(pressure),
            speed_m_s=_speed_m_s(speed, coarse=bool(flags & 1)),
            track_deg=_track_deg(direction, west=bool(flags & 2)),
            climb_m_s=math.nan if climb == 126 else climb * 0.5,
            # A drone that says that its system has failed does not vouch for its accuracy.
            horizontal_m=math.nan if status == _SYSTEM_FAILURE else HORIZONTAL_M[accuracy & 0x0F],
            vertical_m=math.nan if status == _SYSTEM_FAILURE else VERTICAL_M[accuracy >> 4],
            on_ground=_STATUSES.get(status, 2),
        )


def _identity(message: bytes) -> str:
    """The name in a basic identification; "" if it has none."""
    kind = message[1] >> 4
    prefix = _PREFIXES.get(kind)
    name = message[2:22]
    if prefix is None:
        return ""
    if kind in (1, 2):
        text = name.rstrip(b"\0 ")
        good = text and all(0x21 <= octet <= 0x7E for octet in text)
        return f"{prefix}:{text.decode()}" if good else ""
    text = name.rstrip(b"\0")
    return f"{prefix}:{text.hex()}" if text else ""


def _time_us(tenths: int, received_us: int) -> int:
    """Tenths of a second since a full hour: the hour that brings it nearest to its reception."""
    if received_us == NEVER:
        return NEVER
    if tenths == _UNKNOWN_TIME or tenths > 36_000:
        return received_us
    since_us = tenths * 100_000
    return (received_us - since_us + _HOUR_US // 2) // _HOUR_US * _HOUR_US + since_us


def _altitude_m(value: int) -> float:
    return math.nan if value == 0 else value * 0.5 - 1000.0


def _speed_m_s(value: int, *, coarse: bool) -> float:
    if value == 255:
        return math.nan
    return value * 0.75 + 63.75 if coarse else value * 0.25


def _track_deg(value: int, *, west: bool) -> float:
    if value > 180 or (value == 180 and west):
        return math.nan
    return float(value + 180 if west else value)
