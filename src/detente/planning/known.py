"""What is known of others' intents and constraints, ready to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Encounter, Prepared, Volume4D
from detente.planning.intents import Neighbour


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
    """Others' intents by exchange and id, as they were last heard of."""

    def learn(self, neighbour: Neighbour) -> bool:
        """Keep it, unless a newer version is known. Whether it was kept."""
        raise NotImplementedError

    def forget(self, intent_id: str, exchange: str | None = None) -> None:
        """It has ended (at one exchange, or everywhere)."""
        raise NotImplementedError

    def current(
        self, exchange: str, reference: wire.OperationalIntentReference
    ) -> Neighbour | None:
        """What is known, if it is what the reference tells of and the OVN is known, too."""
        raise NotImplementedError

    def near(self, volumes: Sequence[Volume4D]) -> tuple[Neighbour, ...]:
        """Those that share time and altitude with the volumes and may meet them on the ground."""
        raise NotImplementedError

    def meeting(
        self, volumes: Sequence[Volume4D]
    ) -> tuple[tuple[Neighbour, tuple[Encounter, ...]], ...]:
        """Those that meet the volumes exactly, with the pairs (first: ours, second: theirs)."""
        raise NotImplementedError

    def prepared(self, neighbour: Neighbour) -> Prepared:
        """Its volumes, laid out for comparing; kept as long as it is known."""
        raise NotImplementedError
