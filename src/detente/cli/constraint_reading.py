"""What `detente constraint` understands of a file: UAS zones (ED-269), or anything that plans are
read from."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from detente.cli.constraint_answers import name_of
from detente.cli.node_client import Json
from detente.cli.plan_reading import (
    FileUnreadable,
    Reading,
    bytes_of,
    instant_of,
    read_plans,
)
from detente.cli.plan_reading import name_of as file_name
from detente.words import Words

if TYPE_CHECKING:
    from detente.f3548 import types as wire
    from detente.f3548.uss_types import GeoZone
    from detente.geo import Volume4D
    from detente.interchange import Altimetry, Part, Problem, Zone

ZONES: Final = "ed269"
CONSTRAINTS_MAX: Final = 1_000
"""That one file may make: more is a mistake, or wants dividing."""

_MARK: Final = b'"horizontalProjection"'
_MINUTE_US: Final = 60_000_000
_DAY_US: Final = 1_440 * _MINUTE_US
_NOTICE_US: Final = 15 * _MINUTE_US
"""When zones are taken from if nothing is said: F3548-21 wants ten minutes' notice of constraints,
and somebody has to look at them first."""


class Window(NamedTuple):
    """From when until when, microseconds since 1970 UTC."""

    since_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class ReadConstraint:
    """A constraint of a file.

    Attributes:
        name: as the file calls it.
        line: where it stands; 0: unknown.
        volumes: where and when.
        parts: where each volume comes from, in the same order.
        geozone: what it is, if it is a zone.
    """

    name: str
    line: int
    volumes: tuple[Volume4D, ...]
    parts: tuple[Part, ...]
    geozone: GeoZone | None = None

    @property
    def on_wire(self) -> list[wire.Volume4D]:
        """Its volumes as F3548-21 has them."""
        from detente.f3548 import volume_on_wire

        return [volume_on_wire(each) for each in self.volumes]

    def body(self, *, type_: str | None = None, provider: str = "") -> Json:
        """What it is published by.

        Args:
            type_: what it is in words.
            provider: who is responsible for it.
        """
        import msgspec

        found: Json = {"volumes": msgspec.to_builtins(self.on_wire), "provider": provider}
        if self.geozone is not None:
            found["geozone"] = msgspec.to_builtins(self.geozone)
        if type_ is not None:
            found["type"] = type_
        return found


@dataclass(frozen=True, slots=True)
class ReadConstraints:
    """Everything that a file holds.

    Attributes:
        name: of the file.
        format: of it.
        constraints: what can be published of it.
        problems: what could not be read or converted.
        notes: remarks; what was passed over on purpose.
        assumptions: what the conversion rests on.
        left_off: how many more problems and notes there are than are told.
    """

    name: str
    format: str
    constraints: tuple[ReadConstraint, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    assumptions: tuple[Words, ...] = ()
    left_off: int = 0

    def fit_for_filing(self, partly: bool) -> None:
        """Whether it may be published.

        Raises:
            FileUnreadable: nothing was understood, or not all and that is not enough.
        """
        if self.problems and not partly:
            raise FileUnreadable(
                "Some of it cannot be published: see above.",
                where=self.name,
                advice="Correct them; --partly publishes the rest without them.",
            )
        if not self.constraints:
            raise FileUnreadable("There is nothing in it to be published.", where=self.name)

    def only_one(self) -> ReadConstraint:
        """What is in it, for a constraint that is to become that.

        Raises:
            FileUnreadable: there are several.
        """
        if len(self.constraints) != 1:
            raise FileUnreadable(
                f"{len(self.constraints)} constraints are in it; one can become one.",
                where=self.name,
                advice="Choose by --zone, --from and --until.",
            )
        return self.constraints[0]


def read_constraints(
    reading: Reading, *, each: bool = False, only: Sequence[str] = ()
) -> ReadConstraints:
    """The constraints of a file; with a picture of them, if one is wanted.

    Args:
        reading: the file. Of zones: `begins` and `ends` say from when until when; a day from a
            quarter of an hour from now on if they say nothing.
        each: whether each name in it is a constraint of its own; zones always are.
        only: identifiers of zones; the others are passed over.

    Raises:
        FileUnreadable: it cannot be opened, or makes more constraints than any honest one.
        PictureNotWritten: see it.
        Unreadable: it is none of the known formats.
        AltimetryError, GridError, CorridorError: an option makes no sense.
    """
    form = reading.form
    if form is None and str(reading.source) != "-" and _MARK in bytes_of(reading.source):
        form = ZONES
    found = _of_zones(reading, only) if form == ZONES else _of_plans(reading, each=each)
    if reading.picture is not None:
        from detente.cli.plan_picture import draw
        from detente.interchange import Feature, Kind

        features = [
            Feature(
                f"constraint-{number}",
                one.name,
                Kind.CONSTRAINT,
                one.volumes,
                geozone=one.geozone,
            )
            for number, one in enumerate(found.constraints, start=1)
        ]
        draw(
            reading.picture,
            features,
            found.assumptions,
            found.name,
            parts=[one.parts for one in found.constraints],
            problems=found.problems,
            notes=found.notes,
        )
    return found


def _of_plans(reading: Reading, *, each: bool) -> ReadConstraints:
    found = read_plans(replace(reading, picture=None), each=each)
    return ReadConstraints(
        name=found.understood.name,
        format=found.understood.format,
        constraints=tuple(
            ReadConstraint(
                plan.name,
                min(part.line for part in plan.converted.parts),
                plan.converted.volumes,
                plan.converted.parts,
            )
            for plan in found.plans
        ),
        problems=found.problems,
        notes=found.understood.notes,
        assumptions=tuple(
            dict.fromkeys(said for plan in found.plans for said in plan.converted.assumptions)
        ),
        left_off=found.understood.left_off,
    )


def _of_zones(reading: Reading, only: Sequence[str]) -> ReadConstraints:
    from detente.interchange import Problem, Unread, altimetry_from, read_zones

    zones = read_zones(bytes_of(reading.source), file_name(reading.source))
    altimetry = altimetry_from(
        geoid=reading.geoid, ground=reading.ground, pressure=reading.pressure
    )
    window = _window(reading)
    problems = [each for each in zones.problems if not only or each.part in only]
    notes: list[Problem] = []
    made: list[ReadConstraint] = []
    known = {zone.geozone.identifier for zone in zones.zones} | {each.part for each in problems}
    problems += [Problem(0, NO_SUCH, None, each) for each in only if each not in known]
    for zone in zones.zones:
        identifier = zone.geozone.identifier
        if only and identifier not in only:
            continue
        try:
            parts = list(_constraints_of(zone, altimetry, window))
        except Unread as error:
            problems.append(Problem(error.line or zone.line, error.words, error.remedy, identifier))
            continue
        if not parts:
            notes.append(Problem(zone.line, NOT_THEN, None, identifier))
        made += parts
        if len(made) > CONSTRAINTS_MAX:
            raise FileUnreadable(
                f"It makes more than {CONSTRAINTS_MAX:,} constraints in this time.",
                where=zones.name,
                advice="Choose some by --zone, or less time by --from and --until.",
            )
    return ReadConstraints(
        name=zones.name,
        format=ZONES,
        constraints=tuple(made),
        problems=tuple(sorted(problems, key=lambda each: each.line)),
        notes=tuple(notes),
        assumptions=(_taken(window), *altimetry.says),
        left_off=zones.left_off,
    )


NO_SUCH: Final = Words("There is no such zone.", "Il n’y a pas de telle zone.")
NOT_THEN: Final = Words(
    "The zone does not apply in this time.", "La zone ne s’applique pas en ce temps."
)


def _taken(window: Window) -> Words:
    from detente.operations.instants import format_clock

    since, until = (f"{format_clock(each, date=True)}Z" for each in window)
    return Words(
        f"Zones are taken from {since} until {until} (--from, --until); what lasts longer than 24 "
        "h becomes several constraints.",
        f"Les zones sont prises de {since} à {until} (--from, --until)\u202f; ce qui dure plus de "
        "24 h devient plusieurs contraintes.",
    )


def _window(reading: Reading) -> Window:
    soon = -(-(time.time_ns() // 1_000 + _NOTICE_US) // _MINUTE_US) * _MINUTE_US
    given = instant_of(reading.begins, "--from")
    since = soon if given is None else given
    until = instant_of(reading.ends, "--until")
    if until is None:
        until = since + _DAY_US
    if until <= since:
        raise FileUnreadable(
            "No time is left: --until is not after --from.",
            where=file_name(reading.source),
            advice="Without --from, zones are taken from a quarter of an hour from now on.",
        )
    return Window(since, until)


def _constraints_of(zone: Zone, altimetry: Altimetry, window: Window) -> Iterator[ReadConstraint]:
    """A constraint for each time in which a zone applies, and for each day of those."""
    from detente.interchange import Part

    name = name_of(zone.geozone)
    parts = tuple(
        Part(
            name,
            zone.line,
            altimetry.interval(each.lower, each.outline, lower=True),
            altimetry.interval(each.upper, each.outline),
        )
        for each in zone.shapes
    )
    for volumes in zone.volumes(altimetry, *window):
        for day in _by_day(volumes):
            yield ReadConstraint(name, zone.line, day, parts, zone.geozone)


def _by_day(volumes: Iterable[Volume4D]) -> Iterator[tuple[Volume4D, ...]]:
    """Volumes of one time, in pieces of a day: F3548-21's CstrMaxDuration."""
    bodies = tuple(volumes)
    begin, end = bodies[0].time_start_us, bodies[0].time_end_us
    if begin is None or end is None:
        yield bodies
        return
    while begin < end:
        until = min(begin + _DAY_US, end)
        yield tuple(replace(each, time_start_us=begin, time_end_us=until) for each in bodies)
        begin = until
