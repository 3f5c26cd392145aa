"""`[rules.stand-off]` of an agreement: how far which aircraft stay from which line.

The Korean agreement of 19 September 2018 and the one of India and Pakistan of 6 April 1991 are of
this kind: a distance by class of aircraft and stretch of a line, and errands that may come closer
when they are announced.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from detente.agreement.agreement import Agreement
from detente.agreement.document import FileName, Id, Part, Phrases

SECTION_NAME: Final = "stand-off"
OTHER: Final = "other"
OWN: Final = "own"


class AircraftClass(StrEnum):
    """Classes that agreements tell apart."""

    FIXED_WING_COMBAT = "fixed-wing-combat"
    FIXED_WING_UNARMED = "fixed-wing-unarmed"
    ROTARY_WING_ARMED = "rotary-wing-armed"
    ROTARY_WING_UNARMED = "rotary-wing-unarmed"
    UNMANNED = "unmanned"
    BALLOON = "balloon"
    AIRLINER = "airliner"


class Purpose(StrEnum):
    """Errands that agreements exempt."""

    SURVEY = "survey"
    SUPPLY = "supply"
    MERCY = "mercy"
    RESCUE = "rescue"
    MEDICAL = "medical"
    FIRE_FIGHTING = "fire-fighting"
    WEATHER = "weather"
    FARMING = "farming"


def _all(names: type[StrEnum]) -> str:
    return ", ".join(f"`{each}`" for each in names)


_DECIMETRES: Final = {"m": Decimal(10), "km": Decimal(10_000), "NM": Decimal(18_520)}


class Distance(Part, frozen=True, kw_only=True):
    """A length as the parties wrote it. "Miles" are no unit: there are two of that name."""

    value: Annotated[float, Meta(ge=0, le=1_000_000, description="A number.")]
    unit: Annotated[
        Literal["m", "km", "NM"], Meta(description="Metres, kilometres, or nautical miles.")
    ]

    @property
    def decimetres(self) -> Decimal:
        """Exactly: 1 NM is 1,852 m."""
        return Decimal(repr(self.value)) * _DECIMETRES[self.unit]


class Border(Part, frozen=True, kw_only=True):
    """A line to stay away from. It stands in an annex, so that both sides measure from the same."""

    id: Annotated[Id, Meta(description="Short name.")]
    name: Annotated[Phrases, Meta(description="What it is called.")]
    file: Annotated[
        FileName,
        Meta(
            description="The annex that holds it, GeoJSON: polygons, if it bounds an airspace; "
            "lines, if it only parts two sides."
        ),
    ]
    party: Annotated[
        Id | None, Meta(description="Whose airspace it bounds; nobody's, if not given.")
    ] = None
    uncertainty_m: Annotated[
        float,
        Meta(ge=0, le=100_000, description="How far off it may be, 95 %; 0: it is what is agreed."),
    ] = 0.0


class Marker(Part, frozen=True, kw_only=True):
    """A place at which a stretch of a line begins or ends, such as a numbered boundary stone."""

    id: Annotated[Id, Meta(description="Short name.")]
    name: Annotated[Phrases, Meta(description="What it is called.")]
    lat_deg: Annotated[float, Meta(ge=-90, le=90, description="Latitude, WGS-84.")]
    lng_deg: Annotated[float, Meta(ge=-180, le=180, description="Longitude, WGS-84.")]


Limit = Annotated[
    Id | Annotated[float, Meta(ge=-180, le=180)],
    Meta(description="A marker's id, or degrees of longitude or latitude."),
]


class Stretch(Part, frozen=True, kw_only=True):
    """A part of a line: what fulfils all that is given."""

    east_of: Annotated[Limit | None, Meta(description="East of a marker, or a longitude.")] = None
    west_of: Annotated[Limit | None, Meta(description="West of it.")] = None
    north_of: Annotated[Limit | None, Meta(description="North of a marker, or a latitude.")] = None
    south_of: Annotated[Limit | None, Meta(description="South of it.")] = None

    @property
    def limits(self) -> tuple[tuple[str, str | float], ...]:
        """What is given: side and limit."""
        sides = ("east_of", "west_of", "north_of", "south_of")
        given = ((side, getattr(self, side)) for side in sides)
        return tuple((side, limit) for side, limit in given if limit is not None)


class StandOffRule(Part, frozen=True, kw_only=True):
    """Which aircraft stay how far from what."""

    id: Annotated[Id, Meta(description="Short name; events tell it as `stand-off/<id>`.")]
    classes: Annotated[
        list[AircraftClass],
        Meta(min_length=1, max_length=10, description=f"Of which aircraft: {_all(AircraftClass)}."),
    ]
    parties: Annotated[
        list[Id], Meta(max_length=30, description="Of which parties; of all, if none is given.")
    ] = msgspec.field(default_factory=list)
    from_: Annotated[
        str,
        Meta(
            max_length=32,
            description="From which border: its id; `other`: from those of every other party; "
            "`own`: from those of the own party.",
        ),
    ] = msgspec.field(name="from")
    stretch: Annotated[
        Stretch | None, Meta(description="From which part of it; from all, if not given.")
    ] = None
    distance: Annotated[Distance, Meta(description="How far, at least.")]
    exempt: Annotated[
        list[Purpose],
        Meta(
            max_length=10,
            description=f"Errands that may come closer on notice: {_all(Purpose)}.",
        ),
    ] = msgspec.field(default_factory=list)
    notice_min: Annotated[
        int, Meta(ge=0, le=525_600, description="How long before they are announced: minutes.")
    ] = 0
    exempt_to: Annotated[
        Distance | None,
        Meta(description="How close they may come; up to the line itself, if not given."),
    ] = None


class StandOffSection(Part, frozen=True, kw_only=True):
    """What `[rules.stand-off]` may say."""

    borders: Annotated[
        list[Border], Meta(min_length=1, max_length=100, description="Lines to stay away from.")
    ]
    markers: Annotated[
        list[Marker], Meta(max_length=1000, description="Places that bound stretches.")
    ] = msgspec.field(default_factory=list)
    rules: Annotated[
        list[StandOffRule], Meta(min_length=1, max_length=200, description="The distances.")
    ]

    def border(self, identity: str) -> Border | None:
        """The border of that id."""
        return next((each for each in self.borders if each.id == identity), None)

    def marker(self, identity: str) -> Marker | None:
        """The marker of that id."""
        return next((each for each in self.markers if each.id == identity), None)

    def measured_from(self, rule: StandOffRule, party: str) -> list[Border]:
        """The borders from which a rule is measured for aircraft of a party."""
        if rule.from_ == OTHER:
            return [each for each in self.borders if each.party not in (None, party)]
        if rule.from_ == OWN:
            return [each for each in self.borders if each.party == party]
        return [each for each in self.borders if each.id == rule.from_]


def stand_off_section(agreement: Agreement) -> StandOffSection | None:
    """What the parties agreed upon; None if they said nothing."""
    found = agreement.rules.get(SECTION_NAME)
    return found if isinstance(found, StandOffSection) else None
