"""CoT events in XML by a full parser: for what the scanner leaves, and for the negotiation.

Expat without document types: whatever declares one is refused, so there are no entities to expand.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from xml.parsers import expat

from ._columns import AIR_TRACK, CONTROL, NEVER, OTHER, OTHER_TRACK

DEPTH_MAX: Final = 100
CONTROLS_MAX: Final = 16
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_AIR: Final = re.compile(r"a-.-A(?:-.*)?", re.DOTALL)


@dataclass(slots=True)
class StrictEvent:
    """What one event says; unknown numbers are NaN, unknown times `NEVER`.

    Attributes:
        kind: of `_columns`.
        uid, how, callsign: as written, "" if not told.
        time_us, stale_us: µs since 1970 UTC.
        point: latitude, longitude, height, circular and linear error, as written.
        course_deg, speed_m_s: of its track.
        control: the elements within `TakControl` and their attributes.
    """

    kind: int = OTHER
    uid: str = ""
    how: str = ""
    callsign: str = ""
    time_us: int = NEVER
    stale_us: int = NEVER
    point: tuple[float, float, float, float, float] = (math.nan,) * 5
    course_deg: float = math.nan
    speed_m_s: float = math.nan
    control: list[tuple[str, dict[str, str]]] = field(default_factory=list)


class Refused(Exception):
    """An event that is not well formed, or not one event.

    Attributes:
        reason: as it is counted.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def kind_of(type_: str) -> int:
    """What an event's type says it is."""
    if _AIR.fullmatch(type_):
        return AIR_TRACK
    if type_.startswith("a-") and len(type_) >= 5:
        return OTHER_TRACK
    return CONTROL if type_.startswith("t-x-takp-") else OTHER


def number(text: str | None) -> float:
    """A decimal number; NaN if it is none."""
    if text is None:
        return math.nan
    stripped = text.strip(" \t\r\n")
    if len(stripped) > 400 or not _NUMBER.fullmatch(stripped):
        return math.nan
    return float(stripped)


def moment(text: str | None) -> int:
    """A time with its offset from UTC in µs since 1970; `NEVER` if it is none, or has no offset."""
    if text is None:
        return NEVER
    try:
        when = datetime.fromisoformat(text.strip(" \t\r\n"))
        if when.tzinfo is None:
            return NEVER
        whole = int(when.replace(microsecond=0).timestamp())
    except (ValueError, OverflowError):
        return NEVER
    return whole * 1_000_000 + when.microsecond if whole >= 0 else NEVER


class _Builder:
    def __init__(self) -> None:
        self.event = StrictEvent()
        self.path: list[str] = []
        self.seen: set[tuple[str, ...]] = set()
        self.parser = expat.ParserCreate("UTF-8")
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.doctype

    def doctype(self, *_: object) -> None:
        raise Refused("doctype")

    def end(self, _: str) -> None:
        self.path.pop()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.path.append(tag)
        path = tuple(self.path)
        if len(path) > DEPTH_MAX:
            raise Refused("malformed")
        known = path in {
            ("event", "point"),
            ("event", "detail"),
            ("event", "detail", "track"),
            ("event", "detail", "contact"),
        }
        if known and path in self.seen:
            raise Refused("ambiguous")
        if known:
            self.seen.add(path)
        if path == ("event",):
            self.event.kind = kind_of(attributes.get("type", ""))
            self.event.uid = attributes.get("uid", "")
            self.event.how = attributes.get("how", "")
            self.event.time_us = moment(attributes.get("time"))
            self.event.stale_us = moment(attributes.get("stale"))
        elif len(path) == 1:
            raise Refused("malformed")
        elif path == ("event", "point"):
            lat, lon, hae, ce, le = (
                number(attributes.get(name)) for name in ("lat", "lon", "hae", "ce", "le")
            )
            self.event.point = lat, lon, hae, ce, le
        elif path == ("event", "detail", "track"):
            self.event.course_deg = number(attributes.get("course"))
            self.event.speed_m_s = number(attributes.get("speed"))
        elif path == ("event", "detail", "contact"):
            self.event.callsign = attributes.get("callsign", "")
        elif (
            path[:3] == ("event", "detail", "TakControl")
            and len(path) == 4
            and len(self.event.control) < CONTROLS_MAX
        ):
            self.event.control.append((tag, dict(attributes)))


def read_event(data: bytes) -> StrictEvent:
    """One event.

    Raises:
        Refused: it is not well formed, has two points, details, tracks or contacts, or declares a
            document type.
    """
    builder = _Builder()
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as problem:
        raise Refused("malformed") from problem
    return builder.event


def read_detail(rest: bytes) -> StrictEvent:
    """The track and the contact among a detail's children, as a message of protobuf holds them.

    Raises:
        Refused: as `read_event`.
    """
    return read_event(b"<event><detail>" + rest + b"</detail></event>")
