"""Names of events that are the same whoever finds them."""

from __future__ import annotations

import hashlib

from .events import EventKind


def event_id(kind: EventKind, aircraft: str, what: str, first_us: int) -> str:
    """SHA-256, lower-case hex, over lines of text in which names have their lengths before them.

    Args:
        kind: of the event.
        aircraft: whose.
        what: boundary, volume or other aircraft.
        first_us: when it began.
    """
    told = f"{kind}\n{len(aircraft)}:{aircraft}\n{len(what)}:{what}\n{first_us}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
