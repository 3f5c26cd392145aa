"""The day's conflicts as messages that one party's officers send to the other's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from detente.demo.agreeing import Signatory
from detente.geo import Circle, Outline, projection
from detente.operations import CheckResult, Flight, FlightConflict

STATUS: Final = "exercise"
"""The day has been flown already: nobody shall take its messages for real ones."""
WARNING: Final = "warning"
NOTICE: Final = "activity-notice"
TEXT: Final = "text"
NM_M: Final = 1852.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FoundConflict:
    """Two flights of different parties that meet, as the one found it whose flight was refused.

    Attributes:
        mine: flight of the party that found it.
        other: flight of the other party.
        source: id of the entry, in the finder's record, of the message that told of the other.
    """

    mine: str
    other: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message before it is sent.

    Attributes:
        sender: id of the party whose officers send it: the one that found the conflict.
        body: as the node's interface takes it.
        source: id of the entry of the message by which the other had told of its flight: what it
            said goes along as a file; "" if nothing does.
    """

    sender: str
    body: dict[str, Any]
    source: str = ""


def notices(
    result: CheckResult,
    found: Mapping[str, Sequence[FoundConflict]],
    parties: Sequence[Signatory],
    most: int | None,
) -> list[Notice]:
    """Messages about the closest conflicts that kept a flight from being filed as it was wanted.

    They are in the order in which the conflicts begin. Real closeness is a warning, with what the
    other had told of its flight as a file; conflicts of the corridors alone are notices of
    activity. If there is no conflict, one message says so.

    Args:
        result: the conflicts of flights as they were wanted, the closest first.
        found: those of them that refused a flight, by the id of the party whose flight it was.
        parties: both.
        most: at most so many; all if None.
    """
    finder = _finder(found)
    one, other = parties
    peer = {one.id: other.id, other.id: one.id}
    chosen = sorted(refusing(result, found)[:most], key=lambda each: each.time_start_us or 0)
    made = []
    for conflict in chosen:
        sender, as_found = finder[_pair(conflict)]
        made.append(_notice(conflict, sender, peer[sender], as_found))
    if not made:
        text = {"language": "en", "text": "Our flights of the day and yours do not meet."}
        made.append(Notice(one.id, _body(TEXT, other.id, {"text": text})))
    return made


def refusing(
    result: CheckResult, found: Mapping[str, Sequence[FoundConflict]]
) -> list[FlightConflict]:
    """The conflicts that kept a flight from being filed as it was wanted, the closest first.

    Not all do: where three meet, the one that was moved first may be out of the third one's way.
    """
    finder = _finder(found)
    return [each for each in result.conflicts if _pair(each) in finder]


def _finder(
    found: Mapping[str, Sequence[FoundConflict]],
) -> dict[frozenset[str], tuple[str, FoundConflict]]:
    return {
        frozenset((each.mine, each.other)): (party, each)
        for party, own in found.items()
        for each in own
    }


def _pair(conflict: FlightConflict) -> frozenset[str]:
    return frozenset((conflict.own.flight_id, conflict.other.flight_id))


def _notice(conflict: FlightConflict, sender: str, to: str, found: FoundConflict) -> Notice:
    own_is_mine = conflict.own.flight_id == found.mine
    mine = conflict.own if own_is_mine else conflict.other
    theirs = conflict.other if own_is_mine else conflict.own
    close = conflict.cause == "closeness"
    remark = {"language": "en", "text": f"{mine.name} and {theirs.name}: {conflict.reason_en}"}
    fields: dict[str, Any] = {
        "area": _area(conflict),
        "levels": {
            "lower": _level(math.floor(conflict.altitude_lower_m or 0.0)),
            "upper": _level(math.ceil(conflict.altitude_upper_m or 0.0)),
        },
        "times": {
            "from": _second(conflict.time_start_us or 0, up=False),
            "until": _second(conflict.time_end_us or 0, up=True),
        },
    }
    if close:
        return Notice(
            sender,
            _body(WARNING, to, {"danger": "traffic", **fields, "advice": remark}),
            found.source,
        )
    aircraft = {"count": 1, "kind": "aeroplane", "call_sign": mine.name}
    more = {"activity": "flights", **fields, "aircraft": aircraft, "remarks": remark}
    return Notice(sender, _body(NOTICE, to, more))


def _body(form: str, to: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"form": form, "to": to, "status": STATUS, "fields": fields}


def _area(conflict: FlightConflict) -> dict[str, Any]:
    """A circle that holds all places that the two share.

    What they share lies within the volumes of either, so the smaller of the two circles around
    them will do. A circle of these sizes is convex: it holds an outline whose corners it holds.
    """
    # The place is rounded before the radius is measured from it.
    lat, lng = round(conflict.lat_deg, 4), round(conflict.lng_deg, 4)
    sides = (
        (conflict.own, {each.first for each in conflict.encounters}),
        (conflict.other, {each.second for each in conflict.encounters}),
    )
    reach_m = min(_farthest_m(lat, lng, flight, volumes) for flight, volumes in sides)
    return {
        "shape": "circle",
        "geometry": {"type": "Point", "coordinates": [lng, lat]},
        "radius": {"value": math.ceil(reach_m / NM_M * 10) / 10, "unit": "NM"},
    }


def _farthest_m(lat_deg: float, lng_deg: float, flight: Flight, volumes: set[int]) -> float:
    corners = np.array(
        [corner for each in volumes for corner in _corners(flight.volumes[each].outline)]
    )
    count = len(corners)
    _, away_m = projection.inverse(
        np.full(count, lat_deg), np.full(count, lng_deg), corners[:, 0], corners[:, 1]
    )
    return float(away_m.max())


def _corners(outline: Outline) -> list[tuple[float, float]]:
    if isinstance(outline, Circle):
        azimuths = np.arange(0.0, 360.0, 30.0)
        # A twelve-cornered outline around the circle.
        reach = outline.radius_m / math.cos(math.radians(15.0))
        lat, lng = projection.direct(
            np.full(12, outline.lat_deg),
            np.full(12, outline.lng_deg),
            azimuths,
            np.full(12, reach),
        )
        return list(zip(lat.tolist(), lng.tolist(), strict=True))
    return list(outline.vertices)


def _level(metres: int) -> dict[str, Any]:
    return {"value": metres, "unit": "m", "reference": "W84"}


def _second(time_us: int, *, up: bool) -> str:
    """A time in whole seconds, down or up."""
    seconds = -(-time_us // 1_000_000) if up else time_us // 1_000_000
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
