"""Which column of a table is what, in which unit: by names that are in use, or as the user says.

A unit is never guessed from numbers. It stands in the name (`altitude_ft`), is the custom of those
who write tables with such names (OpenSky: SI; `traffic`: feet, knots, feet per minute; readsb
likewise), or is said by the user; else the column is refused as unclear.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from detente.words import Words

from .archive_options import ArchiveOptions, ColumnUnclear

_FT: Final = 0.3048
_KT: Final = 1852.0 / 3600
_LENGTHS: Final = {"ft": _FT, "feet": _FT, "m": 1.0, "metres": 1.0, "meters": 1.0}
_SPEEDS: Final = {
    "kt": _KT, "kts": _KT, "kn": _KT, "knots": _KT, "m_s": 1.0, "mps": 1.0, "km_h": 1 / 3.6,
    "kmh": 1 / 3.6,
}  # fmt: skip
_CLIMBS: Final = {"ft_min": _FT / 60, "fpm": _FT / 60, "m_s": 1.0, "mps": 1.0}
_ANGLES: Final = {"deg": 1.0, "degrees": 1.0}
_METRES: Final = {"m": 1.0, "metres": 1.0, "meters": 1.0}


class Dialect(StrEnum):
    """Who writes tables with such columns."""

    OPENSKY = "opensky"
    TRAFFIC = "traffic"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Field:
    """One of our columns that a table may have.

    Attributes:
        column: of `Reports`.
        names: as they are in use, without a unit; the best first.
        units: factors by the endings that say them.
        custom: factors of names that have a unit by custom, such as readsb's.
    """

    column: str
    names: tuple[str, ...]
    units: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    custom: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "latitude": Field("lat_deg", ("latitude", "lat"), _ANGLES, {"latitude": 1.0, "lat": 1.0}),
        "longitude": Field(
            "lng_deg",
            ("longitude", "lon", "lng", "long"),
            _ANGLES,
            dict.fromkeys(("longitude", "lon", "lng", "long"), 1.0),
        ),
        "pressure_altitude": Field(
            "pressure_m",
            ("pressure_altitude", "altitude_baro", "baro_altitude", "baroaltitude", "pressure",
             "alt_baro", "flight_level"),
            _LENGTHS,
            {"alt_baro": _FT, "flight_level": 100 * _FT},
        ),
        "ellipsoid_altitude": Field(
            "altitude_m",
            ("ellipsoid_altitude", "altitude_hae", "hae", "altitude_wgs84", "gnss_altitude",
             "altitude_gnss", "geo_altitude", "geoaltitude", "alt_geom"),
            _LENGTHS,
            {"alt_geom": _FT},
        ),
        "altitude": Field("", ("altitude", "alt", "height"), _LENGTHS),
        "speed": Field(
            "speed_m_s",
            ("groundspeed", "ground_speed", "speed_over_ground", "speed", "velocity", "gs"),
            _SPEEDS,
            {"gs": _KT},
        ),
        "track": Field(
            "track_deg",
            ("track", "true_track", "track_angle", "course"),
            _ANGLES,
            dict.fromkeys(("track", "true_track", "track_angle", "course"), 1.0),
        ),
        "climb": Field(
            "climb_m_s",
            ("vertical_rate", "vertical_speed", "vertrate", "climb_rate", "climb", "baro_rate",
             "geom_rate"),
            _CLIMBS,
            {"baro_rate": _FT / 60, "geom_rate": _FT / 60},
        ),
        "accuracy": Field("horizontal_m", ("horizontal", "accuracy", "epu"), _METRES),
        "vertical_accuracy": Field("vertical_m", ("vertical", "vertical_accuracy"), _METRES),
        "containment": Field("containment_m", ("containment", "rc"), _METRES, {"rc": 1.0}),
    }
)  # fmt: skip
"""By what users call them. `altitude` is one of the two above it, as the user says."""

TIMES: Final = ("timestamp", "time", "time_utc", "datetime", "date_time", "timestamp_s",
                "timestamp_ms", "timestamp_us", "timestamp_ns")  # fmt: skip
POSITION_TIMES: Final = ("last_position", "lastposupdate", "time_position")
"""When the position was measured, in tables whose `time` is that of the row."""
AIRCRAFT: Final = ("icao24", "icao", "icao_address", "hex", "aircraft", "identity", "flight_id",
                   "track_id", "callsign", "flight")  # fmt: skip
ADDRESSES: Final = frozenset({"icao24", "icao", "icao_address", "hex"})
CALLSIGNS: Final = ("callsign", "flight", "ident")
GROUNDS: Final = ("onground", "on_ground")
NICS: Final = ("nic",)
NACPS: Final = ("nac_p", "nacp")

_CUSTOMS: Final[Mapping[Dialect, Mapping[str, float]]] = {
    Dialect.OPENSKY: {
        "pressure_altitude": 1.0, "ellipsoid_altitude": 1.0, "speed": 1.0, "climb": 1.0,
    },
    Dialect.TRAFFIC: {
        "altitude": _FT, "pressure_altitude": _FT, "ellipsoid_altitude": _FT, "speed": _KT,
        "climb": _FT / 60,
    },
    Dialect.PLAIN: {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table, and what its numbers are multiplied by."""

    name: str
    factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which column of a table is what.

    Attributes:
        dialect: whose custom the units are.
        time: of the row.
        position_time: of the position, where the table tells it apart; else None.
        aircraft: whose it is.
        aircraft_is_address: whether those are ICAO addresses.
        callsign, on_ground, nic, nac_p: None if there is none.
        numbers: by column of `Reports`.
        assumptions: what a reader of the results must know, in words.
    """

    dialect: Dialect
    time: str
    position_time: str | None
    aircraft: str
    aircraft_is_address: bool
    callsign: str | None
    on_ground: str | None
    nic: str | None
    nac_p: str | None
    numbers: Mapping[str, Column]
    assumptions: tuple[Words, ...]

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        others = (
            self.position_time, self.callsign, self.on_ground, self.nic, self.nac_p,
        )  # fmt: skip
        names = [self.time, self.aircraft, *(each.name for each in self.numbers.values())]
        return tuple(dict.fromkeys([*names, *(each for each in others if each is not None)]))


def layout_of(columns: Sequence[str], options: ArchiveOptions, where: str) -> Layout:
    """Find out which column is what.

    Raises:
        ColumnUnclear: one that is needed is missing, could be several, or has no unit.
    """
    return _Reading(columns, options, where).layout()


class _Reading:
    def __init__(self, columns: Sequence[str], options: ArchiveOptions, where: str) -> None:
        self._columns = columns
        self._options = options
        self._where = where
        self._by_plain: dict[str, str] = {}
        for each in columns:
            self._by_plain.setdefault(plain(each), each)
        self._said = dict(options.columns)
        unknown = sorted(set(self._said) - _SAYABLE)
        if unknown:
            raise ColumnUnclear(
                f'There is no column "{unknown[0]}" to be named.',
                where=where,
                advice=f"Those are: {', '.join(sorted(_SAYABLE))}.",
            )
        for ours, theirs in self._said.items():
            if theirs and theirs not in columns:
                raise ColumnUnclear(
                    f'The table has no column "{theirs}", which was named as {ours}.',
                    where=where,
                    advice=f"Its columns are: {', '.join(columns)}.",
                )
        self._dialect = self._guess()

    def layout(self) -> Layout:
        aircraft = self._one("aircraft", AIRCRAFT, needed=True, several=True)
        time = self._one("time", TIMES, needed=True)
        assert aircraft is not None  # noqa: S101 - needed
        assert time is not None  # noqa: S101 - needed
        numbers: dict[str, Column] = {}
        for ours in FIELDS:
            column = self._number(ours)
            if column is not None:
                numbers.setdefault(self._target(ours), column)
        for ours in ("latitude", "longitude"):
            if FIELDS[ours].column not in numbers:
                raise self._missing(ours, FIELDS[ours].names)
        return Layout(
            dialect=self._dialect,
            time=time,
            position_time=self._one("position_time", POSITION_TIMES),
            aircraft=aircraft,
            aircraft_is_address=plain(aircraft) in ADDRESSES,
            callsign=self._one("callsign", CALLSIGNS, several=True),
            on_ground=self._one("on_ground", GROUNDS),
            nic=self._one("nic", NICS),
            nac_p=self._one("nac_p", NACPS),
            numbers=numbers,
            assumptions=self._assumptions(numbers),
        )

    def _guess(self) -> Dialect:
        has = self._by_plain.keys()
        if {"icao24", "velocity"} <= has and has & {"vertrate", "lastposupdate", "time_position"}:
            return Dialect.OPENSKY
        if {"timestamp", "latitude", "longitude", "altitude"} <= has and has & {
            "icao24",
            "flight_id",
        }:
            return Dialect.TRAFFIC
        return Dialect.PLAIN

    def _one(
        self, ours: str, names: Sequence[str], *, needed: bool = False, several: bool = False
    ) -> str | None:
        if ours in self._said:
            return self._said[ours] or None
        found = [self._by_plain[each] for each in names if each in self._by_plain]
        if len(found) > 1 and not several:
            raise ColumnUnclear(
                f"The {ours.replace('_', ' ')} could be any of the columns {', '.join(found)}.",
                where=self._where,
                advice="Say which of them it is.",
            )
        if not found and needed:
            raise self._missing(ours, names)
        return found[0] if found else None

    def _missing(self, ours: str, names: Sequence[str]) -> ColumnUnclear:
        return ColumnUnclear(
            f"There is no column for the {ours}; the columns are: {', '.join(self._columns)}.",
            where=self._where,
            advice=f"Name it one of {', '.join(names)}, or say which it is.",
        )

    def _number(self, ours: str) -> Column | None:
        known = FIELDS[ours]
        if ours in self._said:
            theirs = self._said[ours]
            return Column(theirs, self._factor(ours, theirs)) if theirs else None
        found: list[str] = []
        for name in known.names:
            spelled = (name, *(f"{name}_{unit}" for unit in known.units))
            found += [self._by_plain[each] for each in spelled if each in self._by_plain]
        if ours == "track" and self._dialect is Dialect.OPENSKY and "heading" in self._by_plain:
            found.append(self._by_plain["heading"])
        if not found:
            return None
        if len(found) > 1 and ours in ("latitude", "longitude"):
            raise ColumnUnclear(
                f"The {ours} could be any of the columns {', '.join(found)}.",
                where=self._where,
                advice="Say which of them it is.",
            )
        return Column(found[0], self._factor(ours, found[0]))

    def _factor(self, ours: str, theirs: str) -> float:
        known, name = FIELDS[ours], plain(theirs)
        for unit, factor in known.units.items():
            if name.endswith(f"_{unit}"):
                return factor
        for found in (
            known.custom.get(name),
            self._said_factor(ours),
            _CUSTOMS[self._dialect].get(ours),
        ):
            if found is not None:
                return found
        if known.units in (_METRES, _ANGLES):
            return 1.0
        raise ColumnUnclear(
            f'The unit of the column "{theirs}" is unclear.',
            where=self._where,
            advice=f"Let its name end in one of {', '.join(f'_{u}' for u in known.units)}; "
            "or say the unit; or leave the column out.",
        )

    def _said_factor(self, ours: str) -> float | None:
        options = self._options
        if ours == "speed" and options.speed_unit is not None:
            return _SPEEDS[options.speed_unit.replace("/", "_")]
        if ours == "climb" and options.climb_unit is not None:
            return _CLIMBS[options.climb_unit.replace("/", "_")]
        if "altitude" in ours and options.altitude_unit is not None:
            return _LENGTHS[options.altitude_unit]
        return None

    def _target(self, ours: str) -> str:
        if ours != "altitude":
            return FIELDS[ours].column
        return "pressure_m" if self._options.altitude_above == "pressure" else "altitude_m"

    def _assumptions(self, numbers: Mapping[str, Column]) -> tuple[Words, ...]:
        told: list[Words] = []
        if self._dialect is not Dialect.PLAIN:
            told.append(_DIALECTS[self._dialect])
        target = self._target("altitude")
        column = numbers.get(target)
        if column is not None and plain(column.name).partition("_")[0] in FIELDS["altitude"].names:
            told.append(_ABOVE[target])
        return tuple(told)


_SAYABLE: Final = frozenset(
    {*FIELDS, "time", "position_time", "aircraft", "callsign", "on_ground", "nic", "nac_p"}
)
_DIALECTS: Final = {
    Dialect.OPENSKY: Words(
        "The columns are those of OpenSky: metres and metres per second.",
        "Les colonnes sont celles d’OpenSky\u202f: mètres et mètres par seconde.",
    ),
    Dialect.TRAFFIC: Words(
        "The columns are those of the traffic library: feet, knots, feet per minute.",
        "Les colonnes sont celles de la bibliothèque traffic\u202f: pieds, nœuds, pieds par "
        "minute.",
    ),
}
_ABOVE: Final = {
    "pressure_m": Words(
        "Altitudes are taken as pressure altitudes (1013.25 hPa), not as heights above the "
        "ellipsoid.",
        "Les altitudes sont prises pour des altitudes-pression (1013,25 hPa), non pour des "
        "hauteurs au-dessus de l’ellipsoïde.",
    ),
    "altitude_m": Words(
        "Altitudes are taken as heights above the WGS-84 ellipsoid.",
        "Les altitudes sont prises pour des hauteurs au-dessus de l’ellipsoïde WGS-84.",
    ),
}


def plain(name: str) -> str:
    """A column's name in small letters, with one underscore for whatever else is between."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
