"""What a node knows of the sky, as features: our flights, others', and constraints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from detente.f3548 import uss_types as uss
from detente.interchange import Feature, Kind
from detente.planning import Book, Intent, KnownConstraint, Neighbour, Neighbourhood, OwnConstraint
from detente.planning.constraints import volumes_of
from detente.words import Words


@dataclass(frozen=True, slots=True)
class Sky:
    """Where the features come from.

    Attributes:
        book: what we manage.
        known: what is known of others.
        manager: who we are at the exchanges.
    """

    book: Book
    known: Neighbourhood
    manager: str

    def intents(self) -> list[Feature]:
        """Our flights that have not ended."""
        return [self._intent(each) for each in self.book.intents.values()]

    def neighbours(self) -> list[Feature]:
        """Others' flights, as they were last heard of."""
        found = {each.id: each for each in self.known.all() if each.details is not None}
        return [_neighbour(each) for each in found.values()]

    def constraints(self) -> list[Feature]:
        """Constraints: ours, then others'."""
        ours = [self._own_constraint(each) for each in self.book.constraints.values()]
        others = {
            each.reference.id: each
            for each in self.known.constraints()
            if each.reference.manager != self.manager
        }
        return ours + [_known_constraint(each) for each in others.values()]

    def _intent(self, intent: Intent) -> Feature:
        return Feature(
            intent.id,
            intent.name,
            Kind.INTENT,
            intent.details.volumes,
            state=intent.state.value,
            party=self.manager,
            priority=intent.details.priority,
            off_nominal=intent.details.off_nominal_volumes,
            track=intent.track,
        )

    def _own_constraint(self, constraint: OwnConstraint) -> Feature:
        return _constraint(constraint.id, self.manager, constraint.details)


def _neighbour(neighbour: Neighbour) -> Feature:
    details = neighbour.details
    return Feature(
        neighbour.id,
        "",
        Kind.INTENT,
        () if details is None else details.volumes,
        state=neighbour.reference.state,
        party=neighbour.reference.manager,
        priority=0 if details is None else details.priority,
        off_nominal=() if details is None else details.off_nominal_volumes,
    )


def _known_constraint(known: KnownConstraint) -> Feature:
    return _constraint(known.reference.id, known.reference.manager, known.details)


def _constraint(identity: str, manager: str, details: uss.ConstraintDetails) -> Feature:
    zone = details.geozone
    return Feature(
        identity,
        "" if zone is None else zone.name or zone.identifier,
        Kind.CONSTRAINT,
        volumes_of(details),
        party=manager,
        geozone=zone,
    )


@dataclass(frozen=True, slots=True)
class Collection:
    """Features of one kind.

    Attributes:
        id: in addresses.
        title, description: for people.
        features: what there is now.
    """

    id: str
    title: Words
    description: Words
    features: Callable[[Sky], Sequence[Feature]]


COLLECTIONS: Final[Mapping[str, Collection]] = {
    each.id: each
    for each in (
        Collection(
            "operational-intents",
            Words("Our flights", "Nos vols"),
            Words(
                "Operational intents of this party that have not ended, a feature for each volume.",
                "Intentions opérationnelles de cette partie non terminées, un objet par volume.",
            ),
            Sky.intents,
        ),
        Collection(
            "neighbours",
            Words("Others’ flights", "Vols des autres"),
            Words(
                "Operational intents of others, as this node last heard of them.",
                "Intentions opérationnelles des autres, telles que ce nœud les connaît.",
            ),
            Sky.neighbours,
        ),
        Collection(
            "constraints",
            Words("Constraints", "Contraintes"),
            Words(
                "Constraints and UAS geographical zones: ours, and others’ that are known.",
                "Contraintes et zones géographiques UAS\u202f: les nôtres, et celles des autres "
                "qui sont connues.",
            ),
            Sky.constraints,
        ),
    )
}
"""What is offered, by id."""
