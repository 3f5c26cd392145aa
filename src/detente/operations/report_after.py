"""Before and after: what became of flights that were in conflict, and how close they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detente.geo import Encounter, conflicts
from detente.operations.approach import Approach, Closeness, closest_approach
from detente.operations.check import FlightConflict
from detente.operations.flights import Flight
from detente.words import Words


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A flight that is planned otherwise than it was wanted.

    Attributes:
        before: as it was wanted: one of the flights that were compared.
        after: as it is planned now; None if there is no plan of it: it stays on the ground.
        words: what was changed, as the one who planned it is told.
    """

    before: Flight
    after: Flight | None
    words: Words


@dataclass(frozen=True, slots=True, eq=False)
class Afterwards:
    """A conflict when its flights are planned as they are now.

    Attributes:
        encounters: the pairs of volumes that meet even so; none if it is resolved.
        approach: of the two aircraft; None if a track is unknown, one of them stays on the ground,
            or they are never in the air at the same time.
    """

    encounters: tuple[Encounter, ...]
    approach: Approach | None


def afterwards(
    found: FlightConflict, own: Flight | None, other: Flight | None, closeness: Closeness
) -> Afterwards:
    """What is left of a conflict.

    Args:
        found: before.
        own, other: its flights as they are planned now; None for one that stays on the ground.
        closeness: what counts as close.
    """
    if own is None or other is None:
        return Afterwards((), None)
    if own is found.own and other is found.other:
        return Afterwards(found.encounters, found.approach)
    approach = None
    if own.track is not None and other.track is not None:
        approach = closest_approach(own.track, other.track, closeness)
    return Afterwards(tuple(conflicts(own.volumes, other.volumes)), approach)


class NowPlanned:
    """How flights are planned now, by how they were wanted."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = {id(each.before): each for each in changes}

    def change(self, flight: Flight) -> Change | None:
        """What was changed of a flight; None if nothing was."""
        return self._changes.get(id(flight))

    def now(self, flight: Flight) -> Flight | None:
        """A flight as it is planned now; None if it stays on the ground."""
        found = self._changes.get(id(flight))
        return flight if found is None else found.after
