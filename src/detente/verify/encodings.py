"""Base64, hex, decimal numbers and times, each with exactly one accepted spelling."""

from __future__ import annotations

import binascii
import re
from datetime import datetime
from typing import Final

_HEX32: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII
)
_UUID7: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII
)


def b64(data: bytes) -> str:
    """Standard base64 with padding."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def unb64(text: str) -> bytes | None:
    """Inverse of `b64`; None for whatever `b64` would not have written."""
    try:
        data = binascii.a2b_base64(text)
    except ValueError:
        return None
    return data if b64(data) == text else None


def is_sha256(text: object) -> bool:
    """Whether it is a SHA-256 in lower-case hex."""
    return isinstance(text, str) and _HEX32.fullmatch(text) is not None


def is_uuid7(text: object) -> bool:
    """Whether it is a UUID of version 7 (RFC 9562) in lower case."""
    return isinstance(text, str) and _UUID7.fullmatch(text) is not None


def decimal(text: str) -> int | None:
    """A number from 0 to 2^63-1 without leading zeros, or None."""
    if _DECIMAL.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number < 1 << 63 else None


def is_time(text: object) -> bool:
    """Whether it is a UTC time with six decimals that exists: `2026-11-22T20:34:37.123456Z`."""
    if not isinstance(text, str) or _TIME.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text[:-1])
    except ValueError:
        return False
    return True
