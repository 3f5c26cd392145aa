"""What a node knows of its own planning: intents and constraints as accepted, orders under way.

A fold over entries of the record. Entries may come in any order, and more than once: what an intent
is follows from its highest version, an order is under way until an attempt names it. So what was
made durable can be taken in as it comes, and a start takes in only what still counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from detente.planning.constraints import last_end_us
from detente.planning.entries import (
    ATTEMPT,
    CONSTRAINT,
    INTENT,
    PENDING,
    POSITIONS,
    PendingOrder,
    ReadBlob,
    constraint_told,
    intent_told,
    pending_told,
    positions_told,
)
from detente.planning.entry_forms import Flown, Judged, OwnConstraint
from detente.planning.intents import Intent
from detente.record import Entry

SETTLED_MAX: Final = 10_000
"""Orders that ended, of which it is remembered that they did: their first entry may come late."""


@dataclass(frozen=True, slots=True)
class Flight:
    """Where one of our aircraft was last, and how well it has kept to its volumes.

    Attributes:
        last: its newest position, by the time of measurement; None without any.
        flown: over all positions since the start of the node, or taken in since.
    """

    last: Judged | None
    flown: Flown


class Book:
    """What the node knows of itself. In memory; no I/O but through `read`.

    Args:
        read: gives the bytes of a file beside an entry.
    """

    def __init__(self, read: ReadBlob) -> None:
        self._read = read
        self._intents: dict[str, Intent] = {}
        self._ended: dict[str, Intent] = {}
        self._pending: dict[str, PendingOrder] = {}
        self._settled: dict[str, None] = {}
        self._constraints: dict[str, OwnConstraint] = {}
        self._ended_constraints: dict[str, OwnConstraint] = {}
        self._batches: dict[str, set[str]] = {}
        self._last: dict[str, Judged] = {}
        self._flown: dict[str, Flown] = {}
        self._entry_of: dict[str, str] = {}

    @property
    def intents(self) -> Mapping[str, Intent]:
        """Our intents that every exchange concerned has accepted and that have not ended, by id."""
        return MappingProxyType(self._intents)

    @property
    def ended(self) -> Mapping[str, Intent]:
        """Our intents that are over, as they were at last, by id."""
        return MappingProxyType(self._ended)

    @property
    def pending(self) -> Mapping[str, PendingOrder]:
        """Orders of which it is not known what the exchanges have made, by their entry's id."""
        return MappingProxyType(self._pending)

    @property
    def constraints(self) -> Mapping[str, OwnConstraint]:
        """Our constraints that have not ended, by id."""
        return MappingProxyType(self._constraints)

    @property
    def ended_constraints(self) -> Mapping[str, OwnConstraint]:
        """Our constraints that are over, by id."""
        return MappingProxyType(self._ended_constraints)

    def flight(self, intent_id: str) -> Flight | None:
        """Where the aircraft of an intent was last; None if no position of it is known."""
        last = self._last.get(intent_id)
        return None if last is None else Flight(last, self._flown[intent_id])

    def entry_of(self, entity_id: str) -> str:
        """Id of the entry that says what an intent or constraint of ours is now; "" if none."""
        return self._entry_of.get(entity_id, "")

    def apply(self, entry: Entry) -> None:
        """Take in an entry; of other kinds, or erased, nothing happens.

        Raises:
            ValueError: it is of one of our kinds and of another form.
        """
        payload = entry.payload
        if payload is None:
            return
        identity = str(payload.id)
        if payload.kind == INTENT:
            self._take_intent(intent_told(payload, self._read)[0], identity)
        elif payload.kind == PENDING:
            if identity not in self._settled:
                self._pending[identity] = pending_told(payload, self._read)
        elif payload.kind == ATTEMPT:
            settled = payload.body.get("pending")
            if isinstance(settled, str) and settled and not payload.body.get("unsettled"):
                self._pending.pop(settled, None)
                self._settled[settled] = None
                if len(self._settled) > SETTLED_MAX:
                    del self._settled[next(iter(self._settled))]
        elif payload.kind == CONSTRAINT:
            self._take_constraint(constraint_told(payload, self._read), identity)
        elif payload.kind == POSITIONS:
            self._take_positions(identity, *positions_told(payload, self._read))

    def apply_all(self, entries: Iterable[Entry]) -> None:
        """Take in several; see `apply`."""
        for entry in entries:
            self.apply(entry)

    def drop_ended(self, before_us: int) -> None:
        """Forget what ended before a moment; the record keeps it. Called now and then."""
        for identity, intent in list(self._ended.items()):
            ends = [each.time_end_us or 0 for each in intent.details.all_volumes]
            if max(ends, default=0) < before_us:
                del self._ended[identity]
                self._last.pop(identity, None)
                self._flown.pop(identity, None)
                self._batches.pop(identity, None)
                self._entry_of.pop(identity, None)
        for identity, constraint in list(self._ended_constraints.items()):
            if last_end_us(constraint.details) < before_us:
                del self._ended_constraints[identity]
                self._entry_of.pop(identity, None)

    def _take_intent(self, intent: Intent, entry: str) -> None:
        known = self._intents.get(intent.id) or self._ended.get(intent.id)
        if known is not None and known.version >= intent.version:
            return
        self._entry_of[intent.id] = entry
        if intent.ended:
            self._intents.pop(intent.id, None)
            self._ended[intent.id] = intent
        else:
            self._intents[intent.id] = intent

    def _take_constraint(self, constraint: OwnConstraint, entry: str) -> None:
        identity = constraint.id
        known = self._constraints.get(identity) or self._ended_constraints.get(identity)
        if known is not None and known.version >= constraint.version:
            return
        self._entry_of[identity] = entry
        if constraint.ended:
            self._constraints.pop(identity, None)
            self._ended_constraints[identity] = constraint
        else:
            self._constraints[identity] = constraint

    def _take_positions(
        self, entry: str, intent_id: str, positions: tuple[Judged, ...], flown: Flown
    ) -> None:
        seen = self._batches.setdefault(intent_id, set())
        if entry in seen or not positions:
            return
        seen.add(entry)
        self._flown[intent_id] = self._flown.get(intent_id, Flown()) + flown
        newest = max(positions, key=_measured)
        last = self._last.get(intent_id)
        if last is None or _measured(newest) > _measured(last):
            self._last[intent_id] = newest


def _measured(judged: Judged) -> tuple[float, int]:
    return judged.telemetry.time_measured.value.timestamp(), judged.received_us
