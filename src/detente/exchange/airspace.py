"""The exchange's state: a projection of its log, held in memory.

What may live here: the things that are in force, the indexes that find them, and `apply`, which
makes an entry true. What must not: decisions, clocks, randomness, I/O. Every change can be taken
back until it is durable: between `begin` and `commit` the journal remembers how, and `rollback`
does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Final

import msgspec

from detente.exchange import entries as e
from detente.exchange.shelves import Journal, Register, Shelf
from detente.f3548.types import UssAvailabilityState
from detente.geo import Extent


class Airspace:
    """Everything that is in force, after a certain number of entries.

    Args:
        guard_m: two footprints closer than this are relevant to each other; must be the same on
            every instance of a pool, but is no part of the log: relevance is decided, not replayed.
    """

    def __init__(self, guard_m: float = 1.0) -> None:
        self.journal: Final = Journal()
        self.intents: Final[Shelf[e.OperationalIntent]] = Shelf(self.journal, guard_m)
        self.constraints: Final[Shelf[e.Constraint]] = Shelf(self.journal, guard_m)
        self.subscriptions: Final[Shelf[e.Subscription]] = Shelf(self.journal, guard_m)
        self._dependents: Final[dict[str, set[str]]] = {}
        self._notification_index: Final[Register[str, int]] = Register(self.journal)
        self._availability: Final[Register[str, e.Availability]] = Register(self.journal)
        self._instances: Final[Register[str, e.Instance]] = Register(self.journal)
        self._heartbeats: Final[Register[str, e.Heartbeat]] = Register(self.journal)
        self._requested_ovns: Final[Register[str, int]] = Register(self.journal)
        self._facts: Final[Register[str, str]] = Register(self.journal)

    # -- questions ---------------------------------------------------------------------------

    @property
    def dar_id(self) -> str:
        """Identifier of the airspace representation; empty before the first entry."""
        return self._facts.items.get("dar_id", "")

    @property
    def instances(self) -> dict[str, e.Instance]:
        """The instances that ever joined, by name. Not to be changed."""
        return self._instances.items

    @property
    def heartbeats(self) -> dict[str, e.Heartbeat]:
        """The last sign of life of each instance. Not to be changed."""
        return self._heartbeats.items

    @property
    def notification_indexes(self) -> dict[str, int]:
        """How often each subscription that is in force has been triggered. Not to be changed."""
        return self._notification_index.items

    def availability(self, uss: str) -> UssAvailabilityState:
        """What is known of a USS; Unknown unless an arbitrator said otherwise."""
        status = self._availability.items.get(uss)
        return "Unknown" if status is None else status.availability

    def availability_status(self, uss: str) -> e.Availability | None:
        """What the arbitrator said last of a USS."""
        return self._availability.items.get(uss)

    def dependents(self, subscription_id: str) -> Set[str]:
        """Identifiers of the operational intents that use a subscription. Not to be changed."""
        return self._dependents.get(subscription_id, frozenset())

    def notification_index(self, subscription_id: str) -> int:
        """How often a subscription that is in force has been triggered."""
        return self._notification_index.items[subscription_id]

    def ovn_was_requested(self, ovn: str) -> bool:
        """Whether this OVN was given lately at a client's request."""
        return ovn in self._requested_ovns.items

    def has_requested_ovns_before(self, instant_us: int) -> bool:
        """Whether any requested OVN older than that is still remembered."""
        return any(at_us < instant_us for at_us in self._requested_ovns.items.values())

    # -- changes -----------------------------------------------------------------------------

    def apply(self, entry: e.Entry) -> None:
        """Make an entry true. Never decides, so replay is exact."""
        match entry:
            case e.OperationalIntentPut():
                self._put_intent(entry)
            case e.OperationalIntentDeleted():
                self._remove_intent(entry.id)
                if entry.removed_subscription is not None:
                    self._remove_subscription(entry.removed_subscription)
                self._notification_index.put_all(entry.notified)
            case e.ConstraintPut():
                self.constraints.put(entry.constraint)
                self._notification_index.put_all(entry.notified)
            case e.ConstraintDeleted():
                self.constraints.remove(entry.id)
                self._notification_index.put_all(entry.notified)
            case e.SubscriptionPut():
                self._put_subscription(entry.subscription)
            case e.SubscriptionDeleted():
                self._remove_subscription(entry.id)
            case e.AvailabilitySet():
                self._availability.put(entry.status.uss, entry.status)
            case e.HeartbeatHeard():
                self._heartbeats.put(entry.heartbeat.instance, entry.heartbeat)
            case e.InstanceJoined():
                self._instances.put(entry.instance.name, entry.instance)
            case e.LogOpened():
                self._facts.put("dar_id", entry.dar_id)
            case e.Evicted():
                self._evict(entry)
            case e.ReportFiled():
                pass  # a report is kept in the log and changes nothing

    def _put_intent(self, entry: e.OperationalIntentPut) -> None:
        intent = entry.intent
        if entry.subscription is not None:
            self._put_subscription(entry.subscription)
        before = self.intents.get(intent.id)
        if before is None or before.subscription_id != intent.subscription_id:
            if before is not None and before.subscription_id is not None:
                self._detach(before.subscription_id, before.id)
            if intent.subscription_id is not None:
                self._attach(intent.subscription_id, intent.id)
        self.intents.put(intent)
        if intent.ovn.startswith(intent.id):
            self._requested_ovns.put(intent.ovn, entry.at_us)
        if entry.removed_subscription is not None:
            self._remove_subscription(entry.removed_subscription)
        self._notification_index.put_all(entry.notified)

    def _remove_intent(self, identifier: str) -> None:
        intent = self.intents.get(identifier)
        if intent is None:
            raise KeyError(identifier)
        if intent.subscription_id is not None:
            self._detach(intent.subscription_id, identifier)
        self.intents.remove(identifier)

    def _attach(self, subscription_id: str, intent_id: str) -> None:
        self._dependents.setdefault(subscription_id, set()).add(intent_id)
        self.journal.note(self._detach, subscription_id, intent_id)

    def _detach(self, subscription_id: str, intent_id: str) -> None:
        users = self._dependents[subscription_id]
        users.remove(intent_id)
        if not users:
            del self._dependents[subscription_id]
        self.journal.note(self._attach, subscription_id, intent_id)

    def _put_subscription(self, subscription: e.Subscription) -> None:
        if self.subscriptions.get(subscription.id) is None:
            self._notification_index.put(subscription.id, 0)
        self.subscriptions.put(subscription)

    def _remove_subscription(self, identifier: str) -> None:
        self.subscriptions.remove(identifier)
        self._notification_index.remove(identifier)

    def _evict(self, entry: e.Evicted) -> None:
        for identifier in entry.operational_intents:
            self._remove_intent(identifier)
        for identifier in entry.constraints:
            self.constraints.remove(identifier)
        for identifier in entry.subscriptions:
            self._remove_subscription(identifier)
        if entry.requested_ovns_before_us is not None:
            for ovn, at_us in list(self._requested_ovns.items.items()):
                if at_us < entry.requested_ovns_before_us:
                    self._requested_ovns.remove(ovn)

    # -- images ------------------------------------------------------------------------------

    def image(self) -> Iterator[bytes]:
        """The state as lines of canonical JSON, the same bytes for the same log."""
        encode = e.encode_image_line
        yield encode(e.ImageStart(self.dar_id))
        for intent in self.intents:
            yield encode(e.IntentLine(intent))
        for constraint in self.constraints:
            yield encode(e.ConstraintLine(constraint))
        for subscription in self.subscriptions:
            index = self.notification_index(subscription.id)
            yield encode(e.SubscriptionLine(subscription, index))
        for _, status in sorted(self._availability.items.items()):
            yield encode(e.AvailabilityLine(status))
        for _, instance in sorted(self._instances.items.items()):
            yield encode(e.InstanceLine(instance))
        for _, heartbeat in sorted(self._heartbeats.items.items()):
            yield encode(e.HeartbeatLine(heartbeat))
        for ovn, at_us in sorted(self._requested_ovns.items.items()):
            yield encode(e.RequestedOvnLine(ovn, at_us))

    def take_line(
        self,
        line: e.ImageLine,
        intents: list[e.OperationalIntent],
        constraints: list[e.Constraint],
        subscriptions: list[e.Subscription],
    ) -> None:
        """Take in one line of an image; what goes onto shelves is left to the caller to `load`."""
        match line:
            case e.IntentLine(intent):
                intents.append(intent)
                if intent.subscription_id is not None:
                    self._attach(intent.subscription_id, intent.id)
            case e.SubscriptionLine(subscription, index):
                subscriptions.append(subscription)
                self._notification_index.items[subscription.id] = index
            case e.ConstraintLine(constraint):
                constraints.append(constraint)
            case e.AvailabilityLine(status):
                self._availability.items[status.uss] = status
            case e.InstanceLine(instance):
                self._instances.items[instance.name] = instance
            case e.HeartbeatLine(heartbeat):
                self._heartbeats.items[heartbeat.instance] = heartbeat
            case e.RequestedOvnLine(ovn, at_us):
                self._requested_ovns.items[ovn] = at_us
            case e.ImageStart(dar_id):
                if dar_id:
                    self._facts.items["dar_id"] = dar_id


class ImageReader:
    """Builds the state from the lines of its image, one after another."""

    def __init__(self, guard_m: float = 1.0) -> None:
        self._airspace = Airspace(guard_m)
        self._intents: list[e.OperationalIntent] = []
        self._constraints: list[e.Constraint] = []
        self._subscriptions: list[e.Subscription] = []
        self._extents: dict[str, Extent] = {}
        self._decode = msgspec.json.Decoder(e.ImageLine).decode_lines

    def add(self, lines: bytes) -> None:
        """Take one or more whole lines in.

        Raises:
            msgspec.DecodeError: these are no lines of an image.
        """
        for line in self._decode(lines):
            match line:
                case e.IntentLine(intent):
                    e.share_names(intent)
                    if intent.subscription_id is not None:
                        self._extents[intent.subscription_id] = intent.extent
                case e.SubscriptionLine(subscription):
                    e.share_names(subscription)
                    extent = self._extents.pop(subscription.id, None)
                    if extent is not None:
                        e.share_extent(subscription, extent)
            self._airspace.take_line(line, self._intents, self._constraints, self._subscriptions)

    def airspace(self) -> Airspace:
        """The state, once all lines are in."""
        self._airspace.intents.load(self._intents)
        self._airspace.constraints.load(self._constraints)
        self._airspace.subscriptions.load(self._subscriptions)
        return self._airspace
