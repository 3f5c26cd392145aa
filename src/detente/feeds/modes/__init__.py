"""Mode S and ADS-B: what 1090 MHz receivers hear, and how aircraft are followed by it."""

from __future__ import annotations

from ._message import (
    AIRBORNE,
    ALTITUDE,
    FRAMING,
    IDENTIFICATION,
    MESSAGE,
    NO_DATE,
    NO_IDENTITY,
    NOT_READ,
    ON_GROUND,
    OTHER_ADDRESS,
    PLAIN_POSITION,
    USED,
    VELOCITY,
    clear,
)
from .assembly import count_fates, reports_of
from .fleet import Fleet
from .frames import Frames, frames_of_hex
from .reader import ModeSReader, read_messages
from .settings import BadReceiver, ModeSSettings, Timestamps, check_aircraft

__all__ = [
    "AIRBORNE",
    "ALTITUDE",
    "FRAMING",
    "IDENTIFICATION",
    "MESSAGE",
    "NOT_READ",
    "NO_DATE",
    "NO_IDENTITY",
    "ON_GROUND",
    "OTHER_ADDRESS",
    "PLAIN_POSITION",
    "USED",
    "VELOCITY",
    "BadReceiver",
    "Fleet",
    "Frames",
    "ModeSReader",
    "ModeSSettings",
    "Timestamps",
    "check_aircraft",
    "clear",
    "count_fates",
    "frames_of_hex",
    "read_messages",
    "reports_of",
]
