"""ASTERIX data blocks made by hand, octet by octet."""

from __future__ import annotations

NOON_US = 1_700_000_000_000_000 // 86_400_000_000 * 86_400_000_000 + 43_200_000_000


def wrapped(category: int, records: bytes) -> bytes:
    """A data block."""
    return bytes([category]) + (3 + len(records)).to_bytes(2, "big") + records


def record(
    address: int,
    *,
    lat_deg: float = 46.5,
    lng_deg: float = 7.25,
    tod_s: float = 43_200.0,
    descriptor: bytes = b"\x00",
) -> bytes:
    """A record of category 021, edition 2.x: I021/010, 040, 080, 073, 130."""
    return (
        bytes([0b1100_0101, 0b0001_1000])
        + b"\x19\x02"
        + descriptor
        + position(lat_deg, lng_deg, 23, 3)
        + address.to_bytes(3, "big")
        + round(tod_s * 128).to_bytes(3, "big")
    )


def position(lat_deg: float, lng_deg: float, bits: int, octets: int) -> bytes:
    """Latitude and longitude in units of 180 degrees / 2^bits."""
    return b"".join(
        round(angle * (1 << bits) / 180).to_bytes(octets, "big", signed=True)
        for angle in (lat_deg, lng_deg)
    )


def broadcast(address: int, count: int = 1) -> bytes:
    """A block of category 021."""
    return wrapped(21, record(address) * count)


def other(category: int) -> bytes:
    """A block of a category that is not read."""
    return wrapped(category, b"\xc0\x19\x02\x01")


def plot(
    address: int,
    range_nm: float,
    azimuth_deg: float,
    level: float | None,
    *,
    source: int = 0x1902,
    tod_s: float = 43_200.0,
    kind: int = 5,
) -> bytes:
    """A record of category 048: I048/010, 140, 020, 040, 090 (a flight level), 220."""
    first = 0b1111_0101 if level is not None else 0b1111_0001
    return (
        bytes([first, 0b1000_0000])
        + source.to_bytes(2, "big")
        + round(tod_s * 128).to_bytes(3, "big")
        + bytes([kind << 5])
        + round(range_nm * 256).to_bytes(2, "big")
        + (round(azimuth_deg / 360 * 65_536) & 0xFFFF).to_bytes(2, "big")
        + (b"" if level is None else (round(level * 4) & 0x3FFF).to_bytes(2, "big"))
        + address.to_bytes(3, "big")
    )


def plots(records: list[bytes]) -> bytes:
    """A block of category 048."""
    return wrapped(48, b"".join(records))
