"""The life of an operational intent: which state may follow which, and what each must contain.

States and transitions are F3548-21's; ended is not a state that an exchange knows, the reference is
gone then. An exchange takes a new reference as Accepted only: what flies at once is created so, and
activated in the next breath.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from detente.planning.intents import Action, State

_ALL: Final = frozenset(State)

TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    State.ACCEPTED: _ALL,
    State.ACTIVATED: _ALL - {State.ACCEPTED},
    State.NONCONFORMING: _ALL - {State.ACCEPTED},
    State.CONTINGENT: frozenset({State.CONTINGENT}),
}
"""What may follow; each may also end."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Which volumes an intent must have in a state; where False it must have none."""

    volumes: bool
    off_nominal: bool


CONTENTS: Final[Mapping[State, Contents]] = {
    State.ACCEPTED: Contents(volumes=True, off_nominal=False),
    State.ACTIVATED: Contents(volumes=True, off_nominal=False),
    State.NONCONFORMING: Contents(volumes=True, off_nominal=True),
    State.CONTINGENT: Contents(volumes=False, off_nominal=True),
}
"""Off-nominal volumes belong to off-nominal states, and to those only (OPIN0015)."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an action starts from and leads to; `to` None: the state stays."""

    of: frozenset[State]
    to: frozenset[State] | None


STEPS: Final[Mapping[Action, Step]] = {
    Action.PLAN: Step(frozenset(), frozenset({State.ACCEPTED, State.ACTIVATED})),
    Action.MODIFY: Step(_ALL, None),
    Action.ACTIVATE: Step(
        frozenset({State.ACCEPTED, State.ACTIVATED}), frozenset({State.ACTIVATED})
    ),
    Action.DECLARE_NONCONFORMING: Step(
        frozenset({State.ACCEPTED, State.ACTIVATED, State.NONCONFORMING}),
        frozenset({State.NONCONFORMING}),
    ),
    Action.DECLARE_CONTINGENT: Step(_ALL, frozenset({State.CONTINGENT})),
    Action.CONFORM: Step(frozenset({State.NONCONFORMING}), frozenset({State.ACTIVATED})),
    Action.END: Step(_ALL, _ALL),
}
"""PLAN starts from nothing; every other action needs what stands."""


def may_follow(before: State, after: State) -> bool:
    """Whether one state may follow another."""
    return after in TRANSITIONS[before]


def may(action: Action, before: State | None, after: State) -> bool:
    """Whether an action leads from what stands (None: nothing) to a state."""
    step = STEPS[action]
    if before is None:
        return not step.of and step.to is not None and after in step.to
    if before not in step.of:
        return False
    if action is Action.END:
        return True
    wanted = step.to if step.to is not None else frozenset({before})
    return after in wanted and may_follow(before, after)
