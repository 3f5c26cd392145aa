"""What is written for others: operational intents and constraints, with place, height and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final

from detente.errors import DetenteError
from detente.f3548.uss_types import GeoZone
from detente.geo import Outline, Volume4D
from detente.interchange.altimetry import Altimetry, Interval
from detente.interchange.understood import Unread
from detente.record import JsonValue

GEOID_ANYWHERE: Final = Interval(-107.0, 86.0)
"""What the sea's surface (EGM96, EGM2008) may be above the WGS-84 ellipsoid, anywhere on Earth."""


class NotWritable(DetenteError):
    """Something that a format has no words for; `where` names the feature."""

    code: ClassVar[str] = "export.unwritable"


class Kind(StrEnum):
    """What a feature is."""

    INTENT = "operational-intent"
    CONSTRAINT = "constraint"


@dataclass(frozen=True, slots=True)
class Feature:
    """An intent or a constraint.

    Attributes:
        id: UUID.
        name: what people call it; anybody may have chosen it.
        kind: which of the two.
        volumes: where it is; an open bound is None.
        state: of an intent, as F3548-21 has it; "" of a constraint.
        party: who manages it.
        priority: of an intent.
        off_nominal: where it may be besides, when it does not conform.
        track: positions (time_us, lat, lng, altitude m W84), if they are known.
        geozone: what a constraint is by ED-269.
        properties: more to tell; names that no format uses itself.
    """

    id: str
    name: str
    kind: Kind
    volumes: tuple[Volume4D, ...]
    state: str = ""
    party: str = ""
    priority: int = 0
    off_nominal: tuple[Volume4D, ...] = ()
    track: tuple[tuple[int, float, float, float], ...] = ()
    geozone: GeoZone | None = None
    properties: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def pieces(self) -> Sequence[Piece]:
        """Its volumes, one by one, numbered from 1: the nominal ones first."""
        every = (*self.volumes, *self.off_nominal)
        return tuple(
            Piece(self, number, volume, number > len(self.volumes))
            for number, volume in enumerate(every, 1)
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """One volume of a feature.

    Attributes:
        feature: whose.
        number: from 1.
        volume: itself.
        off_nominal: whether it is one of those besides.
    """

    feature: Feature
    number: int
    volume: Volume4D
    off_nominal: bool

    @property
    def id(self) -> str:
        """A name for it that stays the same while the feature does."""
        return f"{self.feature.id}.{self.number}"

    @property
    def title(self) -> str:
        """For people: the feature's name, numbered if there are several volumes."""
        count = len(self.feature.volumes) + len(self.feature.off_nominal)
        name = self.feature.name or self.feature.id
        return name if count == 1 else f"{name} ({self.number}/{count})"


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What a format needs to know besides.

    Attributes:
        made_us: when it is written; NOTAMs number their year by it.
        title: of the whole.
        altimetry: where the geoid is known, heights above the sea are as good as it is.
        fir: ICAO location indicator of the flight information region, for NOTAMs.
        series: letter of the NOTAM series.
        number: of the first NOTAM.
    """

    made_us: int = 0
    title: str = "Détente"
    altimetry: Altimetry | None = None
    fir: str = "ZZZZ"
    series: str = "A"
    number: int = 1

    @property
    def geoid_known(self) -> bool:
        """Whether there is a model of the geoid."""
        return self.altimetry is not None and self.altimetry.geoid is not None

    def geoid(self, outline: Outline) -> Interval:
        """What the sea's surface may be above the ellipsoid there, metres.

        Raises:
            NotWritable: the model of the geoid does not reach there.
        """
        if self.altimetry is None or self.altimetry.geoid is None:
            return GEOID_ANYWHERE
        try:
            return self.altimetry.undulation(outline)
        except Unread as problem:
            raise NotWritable(problem.message, advice=problem.advice) from None
