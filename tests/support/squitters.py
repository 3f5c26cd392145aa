"""Mode S frames as transponders make them; shares no code with what reads them.

Parity is a long division bit by bit, CPR the encoder of DO-260B's appendix A, altitudes are
counted.
"""

from __future__ import annotations

import math
from functools import cache

SUPERSONIC_KT = 1022


def with_parity(body: str, overlay: int = 0) -> bytes:
    """Bits of a frame without its last 24, as octets with them; `overlay` is laid over those."""
    rest = int(body + "0" * 24, 2)
    divisor = 0b1111111111111010000001001
    for place in range(len(body) + 23, 23, -1):
        if rest >> place & 1:
            rest ^= divisor << (place - 24)
    whole = int(body, 2) << 24 | (rest ^ overlay)
    return whole.to_bytes((len(body) + 24) // 8, "big")


def b(value: int, width: int) -> str:
    assert 0 <= value < 1 << width, (value, width)
    return format(value, f"0{width}b")


def extended(address: int, me: str, *, form: int = 17, kind: int = 5) -> bytes:
    """An extended squitter: DF17 with a capability, or DF18 with a control field."""
    assert len(me) == 56
    return with_parity(b(form, 5) + b(kind, 3) + b(address, 24) + me)


def reply(form: int, address: int, code13: int, *, status: int = 0, long: str = "0" * 56) -> bytes:
    """DF0, 4, 5, 16, 20 or 21: the address is laid over the parity."""
    head = b(form, 5) + b(status, 3) + b(0, 11) + b(code13, 13)
    return with_parity(head + (long if form >= 16 else ""), address)


def all_call(address: int, *, capability: int = 5, interrogator: int = 0) -> bytes:
    """DF11."""
    return with_parity(b(11, 5) + b(capability, 3) + b(address, 24), interrogator)


def nl(lat: float) -> int:
    """Zones of longitude, by the formula itself."""
    lat = abs(lat)
    if lat > 87:
        return 1
    if lat == 87:
        return 2
    if lat == 0:
        return 59
    inner = 1 - (1 - math.cos(math.pi / 30)) / math.cos(math.radians(lat)) ** 2
    return math.floor(2 * math.pi / math.acos(inner))


def cpr(lat: float, lng: float, odd: int, *, surface: bool = False) -> tuple[int, int]:
    """The half of a place: 17 bits of latitude, 17 of longitude."""
    bits = 19 if surface else 17
    dlat = 360 / (60 - odd)
    yz = math.floor((1 << bits) * (lat % dlat) / dlat + 0.5)
    rlat = dlat * (yz / (1 << bits) + math.floor(lat / dlat))
    dlng = 360 / max(nl(rlat) - odd, 1)
    xz = math.floor((1 << bits) * (lng % dlng) / dlng + 0.5)
    return yz % (1 << 17), xz % (1 << 17)


def q_code(feet: int) -> int:
    """An altitude code of 13 bits, in steps of 25 ft."""
    n = (feet + 1000) // 25
    return (n >> 5) << 7 | (n >> 4 & 1) << 5 | 1 << 4 | n & 0xF


@cache
def gillham_codes() -> dict[int, int]:
    """Feet by code of 13 bits: counted up from -1,200 ft, one bit changing with each step.

    ICAO Annex 10, volume IV, chapter 3: hundreds run 1, 3, 2, 6, 4 (as C1 C2 C4) and back again.
    """
    table: dict[int, int] = {}
    feet = -1200
    hundreds = [0b001, 0b011, 0b010, 0b110, 0b100]
    for step in range(256):
        gray = step ^ step >> 1
        d2, d4, a1, a2, a4, b1, b2, b4 = (gray >> place & 1 for place in range(7, -1, -1))
        for c in hundreds if step % 2 == 0 else hundreds[::-1]:
            c1, c2, c4 = c >> 2, c >> 1 & 1, c & 1
            bits = (c1, a1, c2, a2, c4, a4, 0, b1, 0, b2, d2, b4, d4)
            table[int("".join(map(str, bits)), 2)] = feet
            feet += 100
    return table


def code12(code13: int) -> int:
    """As airborne positions write it: without the metric bit."""
    return (code13 >> 7) << 6 | code13 & 0x3F


def airborne(
    lat: float, lng: float, odd: int, *, feet: int | None = 35_000, code: int = 11, nic_b: int = 0
) -> str:
    """The message of an airborne position."""
    yz, xz = cpr(lat, lng, odd)
    altitude = 0 if feet is None else code12(q_code(feet))
    head = b(code, 5) + b(0, 2) + b(nic_b, 1) + b(altitude, 12)
    return head + b(0, 1) + b(odd, 1) + b(yz, 17) + b(xz, 17)


def surface(
    lat: float, lng: float, odd: int, *, movement: int = 20, track: int | None = 32, code: int = 7
) -> str:
    """The message of a position on the ground; `track` in 128ths of a turn."""
    yz, xz = cpr(lat, lng, odd, surface=True)
    head = b(code, 5) + b(movement, 7) + ("0" * 8 if track is None else "1" + b(track, 7))
    return head + b(0, 1) + b(odd, 1) + b(yz, 17) + b(xz, 17)


def _signed(value: int, width: int) -> str:
    return b(value < 0, 1) + b(abs(value) + 1, width)


def velocity(
    east_kt: int,
    north_kt: int,
    *,
    climb_64: int = 0,
    above_25: int | None = None,
    subtype: int = 1,
    nac_v: int = 2,
) -> str:
    """The message of a velocity over ground; climb in 64 ft/min, height difference in 25 ft."""
    factor = 4 if subtype == 2 else 1
    head = b(19, 5) + b(subtype, 3) + b(0, 2) + b(nac_v, 3)
    speeds = _signed(east_kt // factor, 10) + _signed(north_kt // factor, 10)
    rest = "1" + _signed(climb_64, 9) + "00"
    return head + speeds + rest + ("0" * 8 if above_25 is None else _signed(above_25, 7))


def air_velocity(
    heading_1024: int, speed_kt: int, *, tas: int = 1, climb_64: int = 0, subtype: int = 3
) -> str:
    """The message of a velocity through the air."""
    factor = 4 if subtype == 4 else 1
    head = b(19, 5) + b(subtype, 3) + b(0, 2) + b(1, 3)
    speeds = "1" + b(heading_1024, 10) + b(tas, 1) + b(speed_kt // factor + 1, 10)
    return head + speeds + "1" + _signed(climb_64, 9) + "00" + "0" * 8


def identification(callsign: str, *, code: int = 4) -> str:
    """The message of a callsign."""
    sixes = [ord(each) & 0x3F for each in callsign.ljust(8)]
    return b(code, 5) + b(0, 3) + "".join(b(each, 6) for each in sixes)


def status(
    version: int,
    *,
    nic_a: int = 0,
    nac_p: int = 9,
    sil: int = 3,
    gva: int = 2,
    ground: bool = False,
    nic_c: int = 0,
) -> str:
    """The message of the operational status."""
    capability = b(0, 11) + b(nic_c, 1) + b(0, 4) if ground else b(0, 16)
    head = b(31, 5) + b(ground, 3) + capability + b(0, 16) + b(version, 3)
    return head + b(nic_a, 1) + b(nac_p, 4) + b(0 if ground else gva, 2) + b(sil, 2) + b(0, 4)


def target_state(*, nac_p: int = 8, sil: int = 2) -> str:
    """The message of a target state, version 2."""
    return b(29, 5) + b(1, 2) + b(0, 32) + b(nac_p, 4) + b(1, 1) + b(sil, 2) + b(0, 10)


def beast(frame: bytes, counter: int = 0, signal: int = 100) -> bytes:
    """A frame in Beast, escaped."""
    kind = {2: b"1", 7: b"2", 14: b"3"}[len(frame)]
    body = counter.to_bytes(6, "big") + bytes([signal]) + frame
    return b"\x1a" + kind + body.replace(b"\x1a", b"\x1a\x1a")


def avr(frame: bytes, counter: int | None = None) -> bytes:
    """A frame in AVR."""
    if counter is None:
        return f"*{frame.hex()};\n".encode()
    return f"@{counter:012x}{frame.hex().upper()};\r\n".encode()
