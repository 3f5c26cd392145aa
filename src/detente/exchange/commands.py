"""What clients may ask of the exchange, already read and validated as far as that needs no state.

A command carries who asks (`caller`, the `sub` of the token) and no time: the moment at which it is
decided, and the random bits it may use, come in a `Moment`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from detente.f3548.types import OperationalIntentState, UssAvailabilityState
from detente.geo import Extent

MINUTE_US: Final = 60_000_000
HOUR_US: Final = 60 * MINUTE_US

CLOCK_SKEW_US: Final = 5 * MINUTE_US
"""How far a client's clock may be off (start of a subscription, time in a requested OVN suffix)."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that an operator may switch; the same on every instance of a pool.

    Attributes:
        tolerance_m: how far an extent may stick out of the subscription that covers it.
        state_transitions: refuse changes of state that F3548-21 does not know.
        down_precondition: answer 412 to the changes of a USS that is Down.
        subscription_duration_max_us: DSSMaxSubscriptionDuration.
    """

    tolerance_m: float = 1.0
    state_transitions: bool = True
    down_precondition: bool = True
    subscription_duration_max_us: int = 24 * HOUR_US


@dataclass(frozen=True, slots=True)
class Moment:
    """When a command is decided, and 64 random bytes that nothing else uses."""

    now_us: int
    random: bytes


class NewSubscription(Struct, frozen=True):
    """An implicit subscription that an operational intent asks for."""

    uss_base_url: str
    notify_for_constraints: bool


class PutOperationalIntent(Struct, frozen=True):
    """O3 and O4; `ovn` is None when the intent is to be created."""

    caller: str
    id: str
    ovn: str | None
    extent: Extent
    state: OperationalIntentState
    uss_base_url: str
    key: frozenset[str]
    subscription_id: str | None = None
    new_subscription: NewSubscription | None = None
    requested_ovn_suffix: str | None = None


class DeleteOperationalIntent(Struct, frozen=True):
    """O5."""

    caller: str
    id: str
    ovn: str


class PutConstraint(Struct, frozen=True):
    """C3 and C4; `ovn` is None when the constraint is to be created."""

    caller: str
    id: str
    ovn: str | None
    extent: Extent
    uss_base_url: str


class DeleteConstraint(Struct, frozen=True):
    """C5."""

    caller: str
    id: str
    ovn: str


class PutSubscription(Struct, frozen=True):
    """S3 and S4; `version` is None when the subscription is to be created.

    Times that the extent leaves open take their defaults from the moment or from what was before.
    """

    caller: str
    id: str
    version: str | None
    extent: Extent
    uss_base_url: str
    notify_for_operational_intents: bool
    notify_for_constraints: bool


class DeleteSubscription(Struct, frozen=True):
    """S5."""

    caller: str
    id: str
    version: str


class SetAvailability(Struct, frozen=True):
    """A2; the caller is an arbitrator."""

    caller: str
    uss: str
    old_version: str
    availability: UssAvailabilityState


class FileReport(Struct, frozen=True):
    """R1; `report` is the text as received."""

    caller: str
    report: str


class OpenLog(Struct, frozen=True):
    """Names a new log's airspace representation; without effect on a log that has one."""


class JoinPool(Struct, frozen=True):
    """An instance says who it is; without effect when the pool knows that already."""

    name: str
    public_endpoint: str
    verifier_key: str


class SendHeartbeat(Struct, frozen=True):
    """A sign of life of an instance."""

    caller: str
    instance: str
    source: str
    at_us: int | None = None
    next_expected_us: int | None = None


class Evict(Struct, frozen=True):
    """Remove what is long over. None keeps for ever.

    At most `most` of each kind go at once, so that eviction never holds others up.
    """

    intents_ended_before_us: int | None
    constraints_ended_before_us: int | None
    subscriptions_ended_before_us: int | None
    most: int = 500


Command = (
    PutOperationalIntent
    | DeleteOperationalIntent
    | PutConstraint
    | DeleteConstraint
    | PutSubscription
    | DeleteSubscription
    | SetAvailability
    | FileReport
    | OpenLog
    | JoinPool
    | SendHeartbeat
    | Evict
)
