"""Ways out: the smallest changes that make a refused plan fly.

Later or earlier, higher or lower, aside, around, or two of these together when none alone is
enough. Each is the smallest of its kind: no smaller multiple of the steps in `Limits` clears every
conflict that the rules refuse. Each is checked again, whole, by the same functions that decide a
plan when it is filed (`decision`, `validation`), against everything that is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from detente.operations import Corridor
from detente.planning.costs import Costs, Limits
from detente.planning.intents import Details, Neighbour, Order, PlanningRules
from detente.words import Words


class Kind(StrEnum):
    """What a way out changes."""

    LATER = "later"
    EARLIER = "earlier"
    HIGHER = "higher"
    LOWER = "lower"
    SIDEWAYS = "sideways"
    AROUND = "around"
    COMBINED = "combined"


@dataclass(frozen=True, slots=True)
class WayOut:
    """A change of a plan that clears every conflict that the rules refuse.

    Attributes:
        kind: what is changed.
        details: the plan so changed, ready to be filed.
        track: the positions so changed, as in `Order`; empty if they were not known.
        delay_s: how much later it starts, negative: earlier; of a detour, how much later it ends.
        climb_m: how much higher it is, negative: lower.
        shift_m: how far aside.
        extra_distance_m: how much longer its way is.
        cost: as the party reckons it (`Costs`).
        says: a sentence.
    """

    kind: Kind
    details: Details
    track: tuple[tuple[int, float, float, float], ...]
    delay_s: float
    climb_m: float
    shift_m: float
    extra_distance_m: float
    cost: float
    says: Words


def ways_out(
    order: Order,
    others: Sequence[Neighbour],
    rules: PlanningRules,
    limits: Limits,
    costs: Costs,
    now_us: int,
    *,
    corridor: Corridor | None = None,
) -> tuple[WayOut, ...]:
    """The smallest changes of a refused order that would be accepted, the cheapest first.

    Args:
        order: what was refused; nothing of it is changed but details and track.
        others: all that is known of others, our own other intents among them.
        corridor: how much room the flight needs around its track, for ways around; by default it
            is measured from the volumes.

    Returns:
        At most one of each kind; a combined one only when no other is found. Empty if nothing
        refuses the order, or nothing within the limits helps.

    An aircraft that flies already (the intent stands as Activated or beyond) cannot wait or jump
    aside: what is left is to climb or descend out of the volume it is in, and to fly around.
    """
    raise NotImplementedError
