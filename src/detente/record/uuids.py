"""Identifiers that sort by time."""

from __future__ import annotations

from uuid import UUID


def uuid7(now_ms: int, random: bytes) -> UUID:
    """A UUIDv7 (RFC 9562, section 5.7): sorts by time.

    Args:
        now_ms: milliseconds since 1970.
        random: 10 random bytes; six of their bits are not used.

    Raises:
        ValueError: a time that has no place in it, or another number of bytes.
    """
    if not 0 <= now_ms < 1 << 48 or len(random) != 10:
        raise ValueError("a UUIDv7 is made of a time from 1970 on and 10 random bytes")
    bits = int.from_bytes(random, "big")
    high = bits >> 68
    low = bits & ((1 << 62) - 1)
    return UUID(int=now_ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
