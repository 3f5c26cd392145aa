"""Which entries a bundle shows.

What was asked for; what the verifier cannot do without (the agreement, changes of keys, erasures);
and what belongs to it: the entries that an item refers to, and the receipts and acknowledgements
of an item. The last rule is applied until nothing is added any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from detente.record import Payload
from detente.record.entries import Entry

from .ranges import holds, ranges_of
from .request import ExportRefused, Ranges, Selection

MANDATORY_KINDS = frozenset(
    {"agreement", "key-rotation", "key-revocation", "erasure", "gap", "withheld"}
)
"""Entries of these kinds are items of every bundle."""

_ANSWER_KINDS = frozenset(
    {"receipt", "acknowledgement", "shown", "read-back", "read-back-refused", "escalation"}
)


@dataclass(slots=True)
class Chooser:
    """Decides while entries stream by, then closes the set over what belongs to it.

    Holds the index of every entry, and references of those that have some; no content.
    """

    selection: Selection
    asked_for: set[int] = field(default_factory=set)
    mandatory: set[int] = field(default_factory=set)
    _by_id: dict[UUID, int] = field(default_factory=dict)
    _refs: dict[int, tuple[UUID, ...]] = field(default_factory=dict)
    _answers: defaultdict[UUID, list[int]] = field(default_factory=lambda: defaultdict(list))
    _ids: dict[int, UUID] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Look at an entry; call in the order of the log."""
        payload = entry.payload
        if entry.index == 0 or (payload is not None and payload.kind in MANDATORY_KINDS):
            self.mandatory.add(entry.index)
        if matches(self.selection, entry.index, payload):
            self.asked_for.add(entry.index)
        if payload is None:
            return
        self._by_id[payload.id] = entry.index
        self._ids[entry.index] = payload.id
        if payload.refs:
            self._refs[entry.index] = tuple(ref.id for ref in payload.refs)
            if payload.kind in _ANSWER_KINDS:
                for ref in payload.refs:
                    self._answers[ref.id].append(entry.index)

    def items(self) -> Ranges:
        """The entries to show.

        Raises:
            ExportRefused: an id asked for is not in the log, or nothing matches.
        """
        unknown = sorted(self.selection.ids - {str(identity) for identity in self._by_id})
        if unknown:
            raise ExportRefused(
                "There is no such entry, or its content was erased.",
                where=unknown[0],
                advice="Select erased entries by their index.",
            )
        if not self.asked_for:
            raise ExportRefused("Nothing in the record matches the selection.")
        return ranges_of(self._closed(self.asked_for | self.mandatory))

    def _closed(self, begin: Iterable[int]) -> set[int]:
        found = set(begin)
        todo = list(found)
        while todo:
            index = todo.pop()
            new = [
                at for ref in self._refs.get(index, ()) if (at := self._by_id.get(ref)) is not None
            ]
            identity = self._ids.get(index)
            if identity is not None:
                new += self._answers.get(identity, ())
            for at in new:
                if at not in found:
                    found.add(at)
                    todo.append(at)
        return found


def matches(selection: Selection, index: int, payload: Payload | None) -> bool:
    """Whether an entry meets every part of a selection that is given.

    An erased entry is met by ranges alone.
    """
    if selection.ranges and not holds(selection.ranges, index):
        return False
    if payload is None:
        only_ranges = Selection(ranges=selection.ranges)
        return selection == only_ranges
    return (
        (not selection.ids or str(payload.id) in selection.ids)
        and (not selection.channels or payload.channel in selection.channels)
        and (not selection.kinds or payload.kind in selection.kinds)
        and (selection.since is None or payload.created >= selection.since)
        and (selection.until is None or payload.created < selection.until)
    )
