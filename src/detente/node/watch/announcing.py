"""What a node says of an alert on the line, and to whom. Pure.

    ahead   crossing, stand-off: a notice of approach; approach: safety of flight
    now     crossing, stand-off: a notice of an incident; approach: safety of flight
    over    a cancellation of what was said last

A party is told once of each stage, and of the end only if it was told of something. What cannot be
said stands in the record with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil, floor
from typing import Final

from detente.agreement import AircraftClass
from detente.line import Urgency
from detente.node.watching_rules import WatchSection, claimants_of
from detente.record import JsonValue
from detente.watch import About, Alert, Closing, Declared, Event, Grade, Place, Stage

RADIUS_LEAST_M: Final = 500.0
"""Of the area that a message names."""
RADIUS_MOST_M: Final = 2_000_000.0
HEIGHT_SPREAD_M: Final = 150.0
"""Above and below the height that a message names."""
LEVELS_UNKNOWN: Final = (0, 20_000)
"""Metres: what a message names if the height is not known."""
PENDING: Final = "pending"
"""In place of the id of a message that is being recorded."""
_LASTS: Final = timedelta(minutes=5)
_US: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_KINDS: Final = {
    AircraftClass.FIXED_WING_COMBAT: "aeroplane",
    AircraftClass.FIXED_WING_UNARMED: "aeroplane",
    AircraftClass.AIRLINER: "aeroplane",
    AircraftClass.ROTARY_WING_ARMED: "helicopter",
    AircraftClass.ROTARY_WING_UNARMED: "helicopter",
    AircraftClass.UNMANNED: "unmanned",
    AircraftClass.BALLOON: "balloon",
}
_UNTOLD_KIND: Final = "mixed"


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something to be said to a party.

    Attributes:
        alert: as it stands.
        party: who is told.
        form, fields, urgency: of the message; form "" if nothing is said.
        corrects: the message that it takes back; "" if none.
        why: why nothing is said.
    """

    alert: Alert
    party: str
    form: str
    fields: Mapping[str, JsonValue] = field(default_factory=dict)
    urgency: Urgency = "urgent"
    corrects: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What a party was told of an alert last.

    Attributes:
        stage: of the alert.
        message: id of the message; "" if nothing was said, `PENDING` until it is recorded.
    """

    stage: Stage
    message: str


class Announcing:
    """Decides what is said of alerts. Told what was said by `said`; a restart gives it all of that.

    Args:
        party: whose node it is.
        parties: of the agreement.
        declared: what is known of an aircraft.
        where: where an aircraft was last; None if nobody knows.
    """

    def __init__(
        self,
        party: str,
        parties: Sequence[str],
        declared: Callable[[str], Declared],
        where: Callable[[str], Place | None],
    ) -> None:
        self._party = party
        self._parties = tuple(parties)
        self._declared = declared
        self._where = where
        self._said: dict[tuple[str, str], Said] = {}
        self._waiting: dict[str, Alert] = {}

    def said(self, alert: str, party: str, said: Said) -> None:
        """A party was told of an alert; or was not, and is not to be told of this stage again."""
        if said.stage is Stage.OVER:
            self._said.pop((alert, party), None)
        else:
            self._said[alert, party] = said

    def stage(self, alert: str, party: str) -> Stage | None:
        """The stage of an alert that a party was told of last."""
        found = self._said.get((alert, party))
        return None if found is None else found.stage

    def take(
        self, alerts: Sequence[Alert], rules: WatchSection | None, now_us: int
    ) -> list[Announcement]:
        """What is to be said because alerts have changed.

        Args:
            alerts: new stages, in their order.
            rules: of the agreement; without them nothing is said.
            now_us: µs since 1970 UTC.
        """
        if rules is None:
            return []
        return [each for alert in alerts for each in self._of(alert, rules, now_us)]

    def look(self, rules: WatchSection | None, now_us: int) -> list[Announcement]:
        """What was too far ahead to be said before, and is not any more."""
        due = [each for each in self._waiting.values() if rules and _near(each, rules, now_us)]
        return self.take(due, rules, now_us)

    def _of(self, alert: Alert, rules: WatchSection, now_us: int) -> list[Announcement]:
        self._waiting.pop(alert.id, None)
        if alert.stage is Stage.OVER:
            return self._over(alert, rules)
        if not self._wanted(alert, rules):
            return []
        if alert.stage is Stage.AHEAD and not _near(alert, rules, now_us):
            self._waiting[alert.id] = alert
            return []
        place = alert.event.entry or self._where(alert.event.aircraft)
        found = []
        for party in self._told(alert, rules):
            before = self._said.get((alert.id, party))
            if before is not None and before.stage is alert.stage:
                continue
            if place is None:
                found.append(Announcement(alert, party, "", why="where it is is not known"))
                continue
            form, fields, urgency = self._wording(alert, place, now_us)
            found.append(Announcement(alert, party, form, fields, urgency))
        return found

    def _over(self, alert: Alert, rules: WatchSection) -> list[Announcement]:
        found = []
        for identity, party in [each for each in self._said if each[0] == alert.id]:
            last = self._said[identity, party]
            if not last.message:
                self._said.pop((identity, party))
            elif not rules.when_over:
                found.append(
                    Announcement(alert, party, "", why="the agreement does not ask for it")
                )
            else:
                fields: dict[str, JsonValue] = {
                    "reason": "does-not-take-place"
                    if alert.closing is Closing.TURNED_AWAY
                    else "other",
                    "text": {"language": "en", "text": _CLOSINGS[alert.closing]},
                }
                found.append(
                    Announcement(alert, party, "cancellation", fields, "urgent", last.message)
                )
        return found

    def _wanted(self, alert: Alert, rules: WatchSection) -> bool:
        event = alert.event
        if str(alert.about) not in rules.tell:
            return False
        if not rules.uncertain and event.grade is not Grade.SHOWN:
            return False
        if not rules.own_aircraft_only:
            return True
        return self._party in {self._owner(event.aircraft), self._owner(event.other)}

    def _owner(self, identity: str) -> str:
        return self._declared(identity).party if identity else ""

    def _told(self, alert: Alert, rules: WatchSection) -> list[str]:
        event = alert.event
        if alert.about is About.APPROACH:
            named: Sequence[str] = (self._owner(event.aircraft), self._owner(event.other))
        elif event.boundary:
            named = claimants_of(rules, event.boundary)
        else:
            named = self._parties  # a line of the agreement is everybody's
        return [
            each for each in dict.fromkeys(named) if each in self._parties and each != self._party
        ]

    def _wording(
        self, alert: Alert, place: Place, now_us: int
    ) -> tuple[str, dict[str, JsonValue], Urgency]:
        event = alert.event
        aircraft: dict[str, JsonValue] = {
            "count": 1,
            "kind": self._kind(event.aircraft),
            "call_sign": (event.callsign or event.aircraft)[:20],
        }
        text: JsonValue = {"language": "en", "text": _sentence(alert)}
        fields: dict[str, JsonValue] = {"area": _area(event, place), "levels": _levels(place)}
        if alert.about is About.APPROACH:
            fields |= {
                "situation": "collision-risk",
                "at": _instant(max(now_us, place.time_us)),
                "aircraft": aircraft | {"count": 2, "kind": self._kind(event.aircraft)},
                "text": text,
            }
            return "safety-of-flight", fields, "distress"
        fields["times"] = _times(alert, place, now_us)
        fields["aircraft"] = aircraft
        if alert.stage is Stage.AHEAD:
            fields |= {
                "purpose": "other",
                "crosses": alert.about is About.CROSSING,
                "remarks": text,
            }
            return "border-notice", fields, "urgent"
        crossed = alert.about is About.CROSSING
        fields |= {"incident": "border-crossed" if crossed else "area-entered", "text": text}
        return "incident-notice", fields, "urgent"

    def _kind(self, identity: str) -> str:
        kind = self._declared(identity).kind
        return _UNTOLD_KIND if kind is None else _KINDS.get(kind, _UNTOLD_KIND)


def _near(alert: Alert, rules: WatchSection, now_us: int) -> bool:
    at_us = _at_us(alert)
    return at_us is None or at_us - now_us <= rules.within_s * _US


def _at_us(alert: Alert) -> int | None:
    """When what is ahead takes place at the earliest."""
    event = alert.event
    if event.time_to_s is None:
        return None
    if event.entry is not None:
        return event.entry.time_us - round((event.time_to_s.value - event.time_to_s.low) * _US)
    return alert.changed_us + round(event.time_to_s.low * _US)


def _area(event: Event, place: Place) -> JsonValue:
    radius_m = min(max(ceil(place.radius_m / 100) * 100.0, RADIUS_LEAST_M), RADIUS_MOST_M)
    point: JsonValue = {
        "type": "Point",
        "coordinates": [round(place.lng_deg, 5), round(place.lat_deg, 5)],
    }
    area: dict[str, JsonValue] = {
        "shape": "circle",
        "geometry": point,
        "radius": {"value": radius_m, "unit": "m"},
    }
    if event.boundary:
        area["name"] = event.boundary[:200]
    return area


def _levels(place: Place) -> JsonValue:
    low, high = LEVELS_UNKNOWN
    if place.altitude_m is not None:
        low = floor((place.altitude_m - HEIGHT_SPREAD_M) / 50) * 50
        high = ceil((place.altitude_m + HEIGHT_SPREAD_M) / 50) * 50
    return {
        "lower": {"value": low, "unit": "m", "reference": "W84"},
        "upper": {"value": high, "unit": "m", "reference": "W84"},
    }


def _times(alert: Alert, place: Place, now_us: int) -> JsonValue:
    at_us = _at_us(alert)
    began_us = alert.event.began_us if at_us is None else max(at_us, now_us)
    until_us = max(place.time_us + round(place.spread_s * _US), began_us, now_us)
    until = until_us + _LASTS // timedelta(microseconds=1)
    return {"from": _instant(began_us), "until": _instant(until)}


def _instant(time_us: int) -> str:
    at = _EPOCH + timedelta(seconds=time_us // _US)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


_ABOUTS: Final = {
    About.CROSSING: "crossing of a border / franchissement d’une frontière",
    About.STAND_OFF: "distance not kept / distance non respectée",
    About.APPROACH: "two aircraft too close / deux aéronefs trop proches",
    About.OUTSIDE_VOLUMES: "outside the declared volumes / hors des volumes annoncés",
}
_CLOSINGS: Final = {
    Closing.OPEN: "",
    Closing.ENDED: "Automatic: it is over. / Automatique : c’est terminé.",
    Closing.TURNED_AWAY: "Automatic: it does not come about. / Automatique : cela n’a pas lieu.",
    Closing.REFUTED: "Automatic: later positions show that it did not take place. / "
    "Automatique : les positions suivantes montrent que cela n’a pas eu lieu.",
    Closing.LOST: "Automatic: nothing more was heard of it. / "
    "Automatique : plus rien n’a été entendu à ce sujet.",
}


def _sentence(alert: Alert) -> str:
    sure = (
        "shown / établi"
        if alert.event.grade is Grade.SHOWN
        else "cannot be told for certain / incertain"
    )
    height = (
        ""
        if alert.event.entry is None or alert.event.entry.altitude_m is not None
        else " Height not known. / Altitude inconnue."
    )
    return (
        f"Automatic, written by no officer / Automatique, sans officier : {_ABOUTS[alert.about]}; "
        f"{sure}. Alert {alert.id[:16]}.{height}"
    )
