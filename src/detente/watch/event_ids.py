"""Names of events that are the same whoever finds them."""

from __future__ import annotations

import hashlib
import json

from .events import EventKind


def event_id(kind: EventKind, aircraft: str, what: str, first_us: int) -> str:
    """SHA-256, lower-case hex.

    Args:
        kind: of the event.
        aircraft: whose.
        what: boundary, volume or other aircraft.
        first_us: when it began.
    """
    told = json.dumps([kind, aircraft, what, first_us], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()
