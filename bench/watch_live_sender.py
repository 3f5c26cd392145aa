"""A receiver that hears a whole fleet: BaseStation lines, made beforehand, sent when they are due.

    python -m bench.watch_live_sender AIRCRAFT RATE SECONDS

It prints its port, and serves one connection: each line carries the wall clock of the moment that
it tells of, and leaves within `CHUNK_S` of it. When all is sent it prints how late it was itself.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from bench.watch_traffic import Traffic

CHUNK_S: Final = 0.005
VELOCITY_EVERY_S: Final = 2.0
FIRST_ADDRESS: Final = 0x3C0000
_DAY: Final = b"2026/01/01,00:00:00.000"
_HEAD: Final = b"MSG,%d,1,1,3C0000,1," + _DAY + b"," + _DAY + b","
_POSITION: Final = _HEAD % 3 + b",00000,,,+00.000000,+000.000000,,,0,0,0,0\r\n"
_VELOCITY: Final = _HEAD % 4 + b",,000.0,000.0,,,0,,0,0,0,0\r\n"
_ADDRESS_AT: Final = len(b"MSG,3,1,1,")
_DAYS_AT: Final = tuple(len(b"MSG,3,1,1,3C0000,1,") + k * (len(_DAY) + 1) for k in range(2))
_BODY_AT: Final = len(_HEAD % 3)

Octets = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines of one length in the order of time, each a row of octets; their days are still open."""

    octets: Octets
    after_us: Ints

    def between(self, begin_us: int, end_us: int, zero_us: int) -> bytes:
        """Those of a time since the beginning, which was at `zero_us`."""
        first, last = np.searchsorted(self.after_us, (begin_us, end_us))
        if first == last:
            return b""
        told = datetime.fromtimestamp(zero_us / 1e6, UTC)
        midnight_us = (
            round(told.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1_000_000
        )
        since_ms = (zero_us - midnight_us + self.after_us[first:last]) // 1000
        part = self.octets[first:last]
        for at in _DAYS_AT:
            part[:, at : at + 10] = np.frombuffer(f"{told:%Y/%m/%d}".encode(), np.uint8)
            _digits(part, at + 11, 2, since_ms // 3_600_000)
            _digits(part, at + 14, 2, since_ms // 60_000 % 60)
            _digits(part, at + 17, 2, since_ms // 1000 % 60)
            _digits(part, at + 20, 3, since_ms % 1000)
        return part.tobytes()


def _digits(into: Octets, at: int, count: int, values: Ints) -> None:
    for place in range(count):
        into[:, at + count - 1 - place] = 48 + values // 10**place % 10


def _address(into: Octets, aircraft: Ints) -> None:
    figures = np.frombuffer(b"0123456789ABCDEF", np.uint8)
    for place in range(6):
        into[:, _ADDRESS_AT + 5 - place] = figures[(FIRST_ADDRESS + aircraft) >> 4 * place & 15]


def _angle(into: Octets, at: int, whole: int, degrees: npt.NDArray[np.float64]) -> None:
    into[:, at] = np.where(degrees < 0, 45, 43)
    parts = np.rint(np.abs(degrees) * 1e6).astype(np.int64)
    _digits(into, at + 1, whole, parts // 1_000_000)
    _digits(into, at + 2 + whole, 6, parts % 1_000_000)


def lines(aircraft: int, rate: float, seconds: float) -> tuple[Lines, Lines]:
    """Positions and velocities of a fleet that flies between the airports of the world."""
    every_s = aircraft / rate
    traffic = Traffic(aircraft, every_s)
    steps = round(seconds / every_s)
    rare = max(1, round(VELOCITY_EVERY_S / every_s))
    level = np.random.default_rng(2).integers(10, 44, aircraft) * 1000
    made: list[list[tuple[Octets, Ints]]] = [[], []]
    zero_us = None
    for step in range(steps):
        reports = traffic.steps(1)
        if zero_us is None:
            zero_us = int(reports.time_us[0])
        after = reports.time_us - zero_us
        number = reports.aircraft.astype(np.int64)
        rows = np.tile(np.frombuffer(_POSITION, np.uint8), (len(reports), 1))
        _address(rows, number)
        _digits(rows, _BODY_AT + 1, 5, level[number])
        at = _BODY_AT + len(b",00000,,,")
        _angle(rows, at, 2, reports.lat_deg)
        _angle(rows, at + len(b"+00.000000,"), 3, reports.lng_deg)
        made[0].append((rows, after))
        now = np.flatnonzero((number + step) % rare == 0) if step >= rare else np.arange(0)
        if step == 0:
            now = np.arange(len(reports))
        rows = np.tile(np.frombuffer(_VELOCITY, np.uint8), (len(now), 1))
        _address(rows, number[now])
        at = _BODY_AT + 2
        for values in (reports.speed_m_s[now] / 0.514444, reports.track_deg[now]):
            tenths = np.rint(values * 10).astype(np.int64) % 10_000
            _digits(rows, at, 3, tenths // 10)
            _digits(rows, at + 4, 1, tenths % 10)
            at += len(b"000.0,")
        made[1].append((rows, after[now]))
    positions, velocities = (
        Lines(*(np.concatenate(each) for each in zip(*parts, strict=True))) for parts in made
    )
    return positions, velocities


def main() -> None:
    """See the module's text."""
    aircraft, rate, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    positions, velocities = lines(aircraft, rate, seconds)
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        there, _ = server.accept()
    there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    late_s = 0.0
    octets = 0
    chunk_us = round(CHUNK_S * 1e6)
    zero_us = time.time_ns() // 1000 // 1000 * 1000
    last_us = int(positions.after_us[-1])
    with there:
        for begin_us in range(0, last_us + 1, chunk_us):
            end_us = begin_us + chunk_us
            chunk = velocities.between(begin_us, end_us, zero_us) + positions.between(
                begin_us, end_us, zero_us
            )
            wait_s = (zero_us + end_us) / 1e6 - time.time()
            if wait_s > 0:
                time.sleep(wait_s)
            late_s = max(late_s, -wait_s)
            there.sendall(chunk)
            octets += len(chunk)
        took_s = time.time() - zero_us / 1e6
    told = {
        "positions": len(positions.after_us),
        "octets": octets,
        "late_s": late_s,
        "took_s": took_s,
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
