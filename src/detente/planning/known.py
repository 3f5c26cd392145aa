"""What is known of others' intents and constraints, ready to be compared.

Nothing here is remembered over a restart: it is asked for again. Each neighbour's volumes are laid
out once; the bounds of all stand in one set of columns, so that one intent is compared with ten
thousand volumes by a few array operations, and exactly with the few that are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Encounter, Prepared, Volume4D, conflicts, prepare
from detente.planning.extents import Extents
from detente.planning.intents import Neighbour


def visible(ovn: str) -> bool:
    """Whether this is an OVN, not what stands in its place for whoever is not the manager."""
    return ovn != wire.OVN_OF_ANOTHER and 16 <= len(ovn) <= 128


@dataclass(frozen=True, slots=True)
class KnownConstraint:
    """Another's constraint, as far as it is known.

    Attributes:
        exchange: where its reference stands.
        reference: from its USS, with the OVN.
        details: as its USS told them.
        volumes: of the details.
        at_us, source, signed_by: as in `Neighbour`.
    """

    exchange: str
    reference: wire.ConstraintReference
    details: uss.ConstraintDetails
    volumes: tuple[Volume4D, ...]
    at_us: int = 0
    source: str = ""
    signed_by: str = ""


class Neighbourhood:
    """Others' intents and constraints by exchange and id, as they were last heard of."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[Neighbour, Prepared]] = {}
        self._constraints: dict[tuple[str, str], KnownConstraint] = {}
        self._extents: Extents[tuple[str, str]] = Extents()

    def __len__(self) -> int:
        return len(self._kept)

    # --- learning ----------------------------------------------------------------------------

    def learn(self, neighbour: Neighbour) -> bool:
        """Keep it, unless a newer version is known. Whether it was kept.

        Raises:
            ValueError: it has no details; what is not known cannot be learnt.
            OutlineTooLarge: its outlines reach too far to be compared.
        """
        if neighbour.details is None:
            raise ValueError(f"nothing is known of {neighbour.id}")
        key = neighbour.exchange, neighbour.id
        kept = self._kept.get(key)
        if kept is not None:
            known = kept[0].reference
            if known.manager == neighbour.reference.manager and (
                neighbour.reference.version < known.version
            ):
                return False
            if kept[0].details == neighbour.details:
                # The geometry of what did not move is laid out already.
                self._kept[key] = (replace(neighbour, details=kept[0].details), kept[1])
                return True
        laid_out = prepare(neighbour.details.all_volumes)
        self._kept[key] = (neighbour, laid_out)
        self._extents.put(key, laid_out)
        return True

    def forget(self, intent_id: str, exchange: str | None = None) -> None:
        """It has ended (at one exchange, or everywhere)."""
        if exchange is not None:
            gone = [(exchange, intent_id)]
        else:
            gone = [k for k in self._kept if k[1] == intent_id]
        for key in gone:
            self._kept.pop(key, None)
            self._extents.drop(key)

    def learn_constraint(self, constraint: KnownConstraint) -> bool:
        """Keep it, unless a newer version is known. Whether it was kept."""
        key = constraint.exchange, constraint.reference.id
        known = self._constraints.get(key)
        if (
            known is not None
            and known.reference.manager == constraint.reference.manager
            and constraint.reference.version < known.reference.version
        ):
            return False
        self._constraints[key] = constraint
        return True

    def forget_constraint(self, constraint_id: str, exchange: str | None = None) -> None:
        """It is gone (at one exchange, or everywhere)."""
        gone = [k for k in self._constraints if k[1] == constraint_id and exchange in (None, k[0])]
        for key in gone:
            del self._constraints[key]

    # --- asking ------------------------------------------------------------------------------

    def at(self, exchange: str, intent_id: str) -> Neighbour | None:
        """What is known of an intent at one exchange, whatever its version."""
        kept = self._kept.get((exchange, intent_id))
        return None if kept is None else kept[0]

    def of(self, intent_id: str) -> tuple[Neighbour, ...]:
        """What is known of an intent, at each exchange."""
        return tuple(kept[0] for key, kept in self._kept.items() if key[1] == intent_id)

    def current(
        self, exchange: str, reference: wire.OperationalIntentReference
    ) -> Neighbour | None:
        """What is known, if it is what the reference tells of and the OVN is known, too.

        The result has the availability that the reference tells.
        """
        kept = self._kept.get((exchange, reference.id))
        if kept is None:
            return None
        known = kept[0].reference
        same = (
            known.manager == reference.manager
            and known.version == reference.version
            and known.state == reference.state
            and known.time_start == reference.time_start
            and known.time_end == reference.time_end
            and known.uss_base_url == reference.uss_base_url
            and visible(known.ovn)
            and (not visible(reference.ovn) or reference.ovn == known.ovn)
        )
        if not same:
            return None
        return with_availability(kept[0], reference)

    def current_constraint(
        self, exchange: str, reference: wire.ConstraintReference
    ) -> KnownConstraint | None:
        """The same for a constraint."""
        found = self._constraints.get((exchange, reference.id))
        if found is None:
            return None
        known = found.reference
        same = (
            known.manager == reference.manager
            and known.version == reference.version
            and visible(known.ovn)
            and (not visible(reference.ovn) or reference.ovn == known.ovn)
        )
        return found if same else None

    def constraints(self) -> tuple[KnownConstraint, ...]:
        """All that are known."""
        return tuple(self._constraints.values())

    def all(self) -> tuple[Neighbour, ...]:
        """All that are known."""
        return tuple(kept[0] for kept in self._kept.values())

    def near(self, volumes: Sequence[Volume4D]) -> tuple[Neighbour, ...]:
        """Those that share time and altitude with the volumes and may meet them on the ground."""
        keys = self._extents.near(prepare(volumes))
        return tuple(self._kept[key][0] for key in keys)

    def meeting(
        self, volumes: Sequence[Volume4D]
    ) -> tuple[tuple[Neighbour, tuple[Encounter, ...]], ...]:
        """Those that meet the volumes exactly, with the pairs (first: ours, second: theirs).

        Raises:
            OutlineTooLarge: when outlines reach too far to be compared.
        """
        mine = prepare(volumes)
        kept = [self._kept[key] for key in self._extents.near(mine)]
        met = met_by(mine, [theirs for _, theirs in kept])
        return tuple((kept[owner][0], encounters) for owner, encounters in met.items())

    def prepared(self, neighbour: Neighbour) -> Prepared:
        """Its volumes, laid out for comparing; kept as long as it is known."""
        kept = self._kept.get((neighbour.exchange, neighbour.id))
        if kept is not None and kept[0].details is neighbour.details:
            return kept[1]
        return lay_out(neighbour)


def lay_out(neighbour: Neighbour) -> Prepared:
    """A neighbour's volumes, for comparing; none if it is not known where it is."""
    return prepare(() if neighbour.details is None else neighbour.details.all_volumes)


def met_by(mine: Prepared, parts: Sequence[Prepared]) -> dict[int, tuple[Encounter, ...]]:
    """Which of several meet mine exactly, and where, in their order.

    All are compared at once: many neighbours have few volumes each.

    Raises:
        OutlineTooLarge: when outlines reach too far to be compared.
    """
    begins = np.cumsum([0, *(len(part) for part in parts)])
    found: dict[int, list[Encounter]] = {}
    for each in conflicts(mine, Prepared.joined(parts)):
        owner = int(np.searchsorted(begins, each.second, side="right")) - 1
        found.setdefault(owner, []).append(replace(each, second=each.second - int(begins[owner])))
    return {owner: tuple(found[owner]) for owner in sorted(found)}


def with_availability(
    neighbour: Neighbour, reference: wire.OperationalIntentReference
) -> Neighbour:
    """The same, with what the exchange says now of its USS."""
    if neighbour.reference.uss_availability == reference.uss_availability:
        return neighbour
    availability = reference.uss_availability
    return replace(
        neighbour,
        reference=msgspec.structs.replace(neighbour.reference, uss_availability=availability),
    )
