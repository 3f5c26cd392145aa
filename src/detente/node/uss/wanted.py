"""What an operator wants, as an order of the planning core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from detente.errors import DetenteError
from detente.geo import Volume4D
from detente.http import NotFound
from detente.planning import Action, Details, Intent, Order, State

Track = tuple[tuple[int, float, float, float], ...]


class NoSuchPlan(NotFound):
    """There is no plan of that id."""

    def __init__(self, identity: str) -> None:
        super().__init__("There is no such plan.", where=identity[:40])


class PlanEnded(DetenteError):
    """A plan is over; nothing can be done to it any more."""

    code: ClassVar[str] = "plan.ended"


class PlanExists(DetenteError):
    """A new plan was given the id of one that there is, or was not long ago."""

    code: ClassVar[str] = "plan.exists"

    def __init__(self, identity: str) -> None:
        super().__init__(
            "There is a plan of this id, or was not long ago.",
            where=identity,
            advice="Change that one, or give the new one no id: it gets one of its own.",
        )


class PlanBusy(DetenteError):
    """It is not known yet what the exchanges have made of an earlier order for this plan."""

    code: ClassVar[str] = "plan.unsettled"


@dataclass(frozen=True, slots=True)
class PlanWanted:
    """A plan as its operator wants it.

    Attributes:
        volumes, off_nominal, priority: see `detente.planning.Details`.
        name, operator, track, aircraft: see `detente.planning.Intent`; of a change, empty: as
            before.
        state: Accepted, or Activated: straight into the air.
        id: a UUIDv4 of the operator's choice; None: a new one.
    """

    volumes: tuple[Volume4D, ...]
    off_nominal: tuple[Volume4D, ...] = ()
    priority: int = 0
    name: str = ""
    operator: str = ""
    track: Track = ()
    state: State = State.ACCEPTED
    id: str | None = None
    aircraft: str = ""

    @property
    def details(self) -> Details:
        """What is announced to others who ask."""
        return Details(self.volumes, self.off_nominal, self.priority)


def plan_order(wanted: PlanWanted, identity: str, now_us: int) -> Order:
    """To plan something new."""
    return Order(
        Action.PLAN,
        identity,
        wanted.state,
        wanted.details,
        now_us,
        wanted.name,
        wanted.operator,
        wanted.track,
        aircraft=wanted.aircraft,
    )


def change_order(
    action: Action, before: Intent, state: State, wanted: PlanWanted | None, now_us: int
) -> Order:
    """To change what is there.

    Args:
        action: what is done.
        before: as it is.
        state: as it is to be.
        wanted: other volumes; None: the same, without off-nominal ones.
        now_us: when the operator asked.
    """
    kept = Details(before.details.volumes, (), before.details.priority)
    return Order(
        action,
        before.id,
        state,
        kept if wanted is None else wanted.details,
        now_us,
        before.name if wanted is None else wanted.name or before.name,
        before.operator if wanted is None else wanted.operator or before.operator,
        before.track if wanted is None else wanted.track,
        before,
        before.aircraft if wanted is None else wanted.aircraft or before.aircraft,
    )


def declare_order(
    before: Intent, state: State, off_nominal: tuple[Volume4D, ...], now_us: int
) -> Order:
    """To tell that an aircraft does not fly as planned."""
    contingent = state is State.CONTINGENT
    action = Action.DECLARE_CONTINGENT if contingent else Action.DECLARE_NONCONFORMING
    volumes = () if contingent else before.details.volumes
    given = off_nominal or before.details.off_nominal_volumes
    return Order(
        action,
        before.id,
        state,
        Details(volumes, given, before.details.priority),
        now_us,
        before.name,
        before.operator,
        before.track,
        before,
        before.aircraft,
    )


def end_order(before: Intent, now_us: int) -> Order:
    """To end it."""
    return Order(
        Action.END,
        before.id,
        before.state,
        before.details,
        now_us,
        before.name,
        before.operator,
        before.track,
        before,
        before.aircraft,
    )
