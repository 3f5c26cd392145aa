"""Flights from a file, whichever kind it is: a plan of volumes, or trajectories and a corridor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from detente.errors import printable
from detente.operations.corridor import Corridor, CorridorError, corridor_volumes
from detente.operations.flights import Flight
from detente.operations.plan_file import read_plan
from detente.operations.plan_values import PlanError
from detente.operations.trajectories import AltitudeUnit, read_trajectories
from detente.words import Words

_SNIFF_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Loaded:
    """Flights with their volumes, and what is to be told with them.

    Attributes:
        flights: each with at least one volume.
        notes: how the file was read, as sentences.
        assumptions: what the figures rest upon.
    """

    flights: tuple[Flight, ...]
    notes: tuple[str, ...]
    assumptions: tuple[Words, ...]


def load_flights(
    path: Path,
    corridor: Corridor | None,
    *,
    party: str = "",
    altitude_unit: AltitudeUnit | None = None,
) -> Loaded:
    """Read the flights of a file.

    Args:
        path: a plan (GeoJSON) or trajectories (.json.gz, .csv, .parquet ...).
        corridor: the room around trajectories; a plan needs none.
        party: who flies them, where the file does not say.
        altitude_unit: the unit of a trajectory's altitudes, where the column does not say it.

    Raises:
        PlanError, TrajectoryError, CorridorError: what is wrong, where, and what to do.
    """
    if is_plan(path):
        plan = read_plan(path, party=party)
        notes: tuple[str, ...] = ()
        if plan.ignored:
            names = ", ".join(printable(name) for name in plan.ignored)
            notes = (f"{path.name}: properties that mean nothing here, or are misspelt: {names}.",)
        return Loaded(plan.flights, notes, ())
    if corridor is None:
        raise CorridorError(
            "These are trajectories: how much room their flights need is not said.",
            where=str(path),
            advice="Say it, e.g. --corridor 1NM,500ft,60s.",
        )
    read = read_trajectories(path, party=party, altitude_unit=altitude_unit)
    flights = tuple(
        replace(flight, volumes=corridor_volumes(flight.track, corridor))
        for flight in read.flights
        if flight.track is not None and len(flight.track)
    )
    return Loaded(flights, tuple(read.report.sentences()), (read.altitude_assumption,))


def is_plan(path: Path) -> bool:
    """Whether a file is a plan: by its name, or as a .json that begins as GeoJSON does.

    Raises:
        PlanError: it cannot be read.
    """
    name = path.name.lower()
    if name.endswith(".geojson"):
        return True
    if not name.endswith(".json"):
        return False
    try:
        with path.open("rb") as file:
            return b'"FeatureCollection"' in file.read(_SNIFF_BYTES)
    except OSError as error:
        raise PlanError(
            f"The file cannot be read: {error.strerror or error}.", where=str(path)
        ) from error
