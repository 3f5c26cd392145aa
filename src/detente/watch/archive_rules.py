"""By which rules an archive is watched: a TOML file, an agreement, and plans that were declared.

Archives are looked at afterwards: nothing is predicted unless the rules ask for it, and an event is
given once, when all is known that there is to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from detente.agreement import AircraftClass, Purpose, load_agreement
from detente.boundaries import BoundarySet
from detente.errors import DetenteError
from detente.operations import read_plan
from detente.settings import read_toml

from .conformance_rules import ConformanceRules
from .crossing_rules import CrossingRules
from .declarations import Declarations, Declared, Notice
from .engine_rules import WatchSetup
from .own_volumes import OwnVolumes
from .separation_rules import SeparationRules
from .stand_off_rules import StandOffRules, stand_off_rules
from .tracks_rules import TrackRules

T = TypeVar("T")

BYTES_MAX: Final = 16 << 20
_TABLES: Final = ("tracks", "crossing", "conformance", "separation", "aircraft", "notices")
_CHOICES: Final[Mapping[str, Iterable[str]]] = {"class": AircraftClass, "purpose": Purpose}
"""What fields of declarations may say."""
# What differs from the usual, unless a file says otherwise.
_AFTERWARDS: Final[Mapping[str, Mapping[str, object]]] = {
    "crossing": {"look_ahead_s": 0.0, "provisional": False},
    "conformance": {"look_ahead_s": 0.0, "provisional": False},
    "separation": {"look_ahead_s": 0.0, "step_s": 5.0},
}
_LIVE: Final[Mapping[str, Mapping[str, object]]] = {
    "separation": {"step_s": 0.1, "lateness_s": 0.0},
}
"""Live, an alert does not wait: who is late is looked at where it was last."""


class RulesUnusable(DetenteError):
    """A file of rules for watching cannot be used."""

    code: ClassVar[str] = "watch.rules"


def read_rules(
    paths: Sequence[Path] = (),
    *,
    boundaries: BoundarySet | None = None,
    volumes: Sequence[Path] = (),
    live: bool = False,
) -> WatchSetup:
    """What an archive is watched for, or live feeds.

    Args:
        paths: each a TOML file with the tables `tracks`, `crossing`, `conformance` and `separation`
            (fields as in the rules of that name; aircraft are compared if there is a table
            `separation`) and the lists `aircraft` and `notices` (`Declarations`); or the folder of
            an agreement, whose distances from lines are applied.
        boundaries: which may be crossed.
        volumes: plans (docs/plan-files.md) of which each flight is one aircraft, named by the
            property `aircraft` of its features, or else by its `flight_id`.
        live: whether what is ahead is looked for, too, unless the files say otherwise.

    Raises:
        RulesUnusable: a file cannot be read, has unknown fields or says something twice.
        DetenteError: an agreement or a plan cannot be used.
    """
    tables: dict[str, Mapping[str, Any]] = {}
    aircraft: list[Declared] = []
    notices: list[Notice] = []
    stand_off: StandOffRules | None = None
    for path in paths:
        if path.is_dir():
            found = stand_off_rules(load_agreement(path))
            if found is None or stand_off is not None:
                raise RulesUnusable(
                    "There is more than one agreement."
                    if found
                    else "This agreement has no rules on distances from lines.",
                    where=str(path),
                    advice="Give one agreement with a table [rules.stand-off].",
                )
            stand_off = found
            continue
        document = _document(path)
        aircraft += _converted(document.pop("aircraft", []), list[Declared], path, "aircraft")
        notices += _converted(document.pop("notices", []), list[Notice], path, "notices")
        for name, table in document.items():
            if name in tables:
                raise RulesUnusable("This is said in another file, too.", where=f"{path}: {name}")
            tables[name] = _table(table, path, name)

    def rules(name: str, kind: type[T]) -> T:
        usual = (_LIVE if live else _AFTERWARDS).get(name, {})
        told = {**usual, **tables.get(name, {})}
        known = _fields(kind)
        unknown = sorted(set(told) - set(known))
        if unknown:
            raise RulesUnusable(
                f"There is no such field: {unknown[0]}.",
                where=name,
                advice=f"Those are: {', '.join(known)}.",
            )
        return _converted(told, kind, Path(name), "")

    return WatchSetup(
        boundaries=boundaries,
        own_volumes=tuple(each for path in volumes for each in _own_volumes(path)),
        declarations=Declarations(aircraft, notices),
        tracks=rules("tracks", TrackRules),
        crossing=rules("crossing", CrossingRules),
        conformance=rules("conformance", ConformanceRules),
        separation=rules("separation", SeparationRules) if "separation" in tables else None,
        stand_off=stand_off,
    )


def _document(path: Path) -> dict[str, Any]:
    document = read_toml(path, RulesUnusable, BYTES_MAX)
    unknown = sorted(set(document) - set(_TABLES))
    if unknown:
        raise RulesUnusable(
            f"There is no such table: {unknown[0]}.",
            where=str(path),
            advice=f"Those are: {', '.join(_TABLES)}.",
        )
    return document


def _table(table: object, path: Path, name: str) -> Mapping[str, Any]:
    if not isinstance(table, dict):
        raise RulesUnusable("This is not a table.", where=f"{path}: {name}")
    return table


def _fields(kind: type[object]) -> tuple[str, ...]:
    if is_dataclass(kind):
        return tuple(each.name for each in dataclass_fields(kind))
    if issubclass(kind, msgspec.Struct):
        return tuple(each.encode_name for each in msgspec.structs.fields(kind))
    raise TypeError(kind)


def _converted(value: object, kind: type[T], path: Path, name: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        where = f"{path}: {name}" if name else str(path)
        field = str(error).rpartition(".")[2].rstrip("`")
        known = _CHOICES.get(field) if "enum" in str(error) else None
        advice = f"Those are: {', '.join(known)}." if known else ""
        raise RulesUnusable(f"{error}.", where=where, advice=advice) from None


def _own_volumes(path: Path) -> list[OwnVolumes]:
    plan = read_plan(path)
    named = _aircraft_of(path)
    return [
        OwnVolumes(
            aircraft=named.get(each.flight_id, each.flight_id),
            operation=each.flight_id,
            volumes=each.volumes,
            party=each.party,
        )
        for each in plan.flights
    ]


class _Properties(msgspec.Struct, frozen=True):
    flight_id: str = ""
    aircraft: str = ""


class _Feature(msgspec.Struct, frozen=True):
    properties: _Properties = _Properties()
    id: str | int = ""


class _Plan(msgspec.Struct):
    features: list[_Feature]


def _aircraft_of(path: Path) -> dict[str, str]:
    """The aircraft that features name, by their flight."""
    try:
        read = msgspec.json.decode(path.read_bytes(), type=_Plan)
    except (OSError, msgspec.DecodeError) as error:
        raise RulesUnusable(f"It cannot be read: {error}.", where=str(path)) from None
    named: dict[str, str] = {}
    for each in read.features:
        flight, aircraft = each.properties.flight_id or str(each.id), each.properties.aircraft
        if aircraft and named.setdefault(flight, aircraft) != aircraft:
            raise RulesUnusable(
                "A flight names two aircraft.",
                where=f"{path}: {flight}",
                advice="Make two flights.",
            )
    return named
