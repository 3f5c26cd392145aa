"""What monitors find: events, every figure with an interval and every verdict with its ground."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Grade(StrEnum):
    """How sure it is."""

    SHOWN = "shown"
    REFUTED = "refuted"
    CANNOT_BE_TOLD = "cannot-be-told"


class EventKind(StrEnum):
    """What happened, or will."""

    CROSSING = "crossing"
    """An aircraft was inside a claimed boundary."""
    CROSSING_PREDICTED = "crossing-predicted"
    OUTSIDE_VOLUMES = "outside-volumes"
    """An aircraft was outside the volumes that were declared for it, or will be."""
    APPROACH = "approach"
    """Aircraft of different parties came, or will come, too close."""
    STAND_OFF = "stand-off"
    """An aircraft was nearer to a boundary than the agreement allows."""


class Interval(Struct, frozen=True, gc=False):
    """A figure and where it lies with 95 %: `low <= value <= high`; unbounded sides are ±inf."""

    value: float
    low: float
    high: float
    unit: str


class Place(Struct, frozen=True, gc=False):
    """Somewhere at some time; `radius_m` and `spread_s` hold 95 %."""

    lat_deg: float
    lng_deg: float
    altitude_m: float | None
    time_us: int
    radius_m: float
    spread_s: float


class Ground(Struct, frozen=True, gc=False):
    """One thing that decided a grade.

    Attributes:
        code: stable, such as `deeper-than-uncertainty`, `boundary-too-uncertain`,
            `positions-inconsistent`, `boundary-does-not-judge`; documented.
        figures: what it was decided by, by name, with units in the names.
    """

    code: str
    figures: dict[str, float | str] = {}


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """One finding. The same input gives the same events however it was cut.

    Attributes:
        id: SHA-256 (hex) over kind, aircraft, boundary or volume or other aircraft, and first time.
        kind, grade: see above.
        aircraft, callsign, party: whose; "" if unknown.
        other: the other aircraft of an approach.
        boundary, claimant, rule: what was crossed or broken; "" if not applicable.
        flight: what its operator calls the flight that has left its volumes; "" if it has no name.
        began_us, ended_us: first and last instant; `ended_us` is None while it lasts.
        entry, exit: interpolated where it began and ended; None if it began or ended inside.
        deepest: where `depth_nearest_m`, or the least `distance_m`, was reached; None if it was not
            looked for so deep.
        duration_s, length_m: how long, in time and along the track.
        depth_nearest_m, depth_along_m, depth_chord_m: greatest, by three definitions.
        distance_m, vertical_m, time_to_s: of approaches and predictions.
        grounds: what decided the grade, most important first.
        reports: how many positions it rests on.
        sources, boundary_source, basis: names; basis as in `feeds.Basis`, the worst of all.
    """

    id: str
    kind: EventKind
    grade: Grade
    aircraft: str
    callsign: str = ""
    party: str = ""
    other: str = ""
    boundary: str = ""
    claimant: str = ""
    rule: str = ""
    flight: str = ""
    began_us: int
    ended_us: int | None = None
    entry: Place | None = None
    exit: Place | None = None
    deepest: Place | None = None
    duration_s: Interval | None = None
    length_m: Interval | None = None
    depth_nearest_m: Interval | None = None
    depth_along_m: Interval | None = None
    depth_chord_m: Interval | None = None
    distance_m: Interval | None = None
    vertical_m: Interval | None = None
    time_to_s: Interval | None = None
    grounds: tuple[Ground, ...] = ()
    reports: int = 0
    sources: tuple[str, ...] = ()
    boundary_source: str = ""
    basis: str = ""
