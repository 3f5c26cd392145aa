"""Instants as texts of formats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def instant(time_us: int) -> datetime:
    """Microseconds since 1970 as a moment in UTC."""
    return EPOCH + timedelta(microseconds=time_us)


def rfc3339(time_us: int) -> str:
    """As RFC 3339 in UTC, with as many digits as it needs: `2026-05-01T09:00:00Z`."""
    return instant(time_us).isoformat().removesuffix("+00:00") + "Z"
