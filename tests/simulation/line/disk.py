"""A party's record, as small as the rules of delivery need it, and what survives of it.

What is in a `Disk` is durable. Envelopes are known by number; on the wire they are that number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from detente.line.lanes import Lane, lane_of
from detente.line.outcomes import (
    BlobsMissing,
    EnvelopeRefused,
    Item,
    OutboxPage,
    OutOfOrder,
    RunPage,
)


class Violation(AssertionError):
    """Something happened that must not."""


def demand(condition: object, what: str) -> None:
    if not condition:
        raise Violation(what)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An envelope: signed once, the same everywhere."""

    id: int
    sender: str
    channel: str
    seq: int
    prev: str | None
    kind: str
    to: tuple[str, ...]
    of: int | None = None
    body: dict[str, object] = field(default_factory=dict)
    blobs: tuple[str, ...] = ()

    @property
    def chain(self) -> str:
        return f"h{self.id}"

    @property
    def wire(self) -> bytes:
        return b"%d" % self.id


Draft = tuple[str, str, tuple[str, ...], int | None, dict[str, object], tuple[str, ...]]
"""Kind, channel, to, of, body, blobs."""
Seal = Callable[[str, Draft, int, str | None], Sealed]


class Disk:
    """The log of one party, and what is computed from it."""

    def __init__(self, party: str) -> None:
        self.party = party
        self.log: list[Sealed] = []
        self.index: dict[int, int] = {}
        self.channels: dict[tuple[str, str], list[Sealed]] = {}
        self.receipts: dict[tuple[int, str], int] = {}
        self.outbox: dict[str, dict[int, Sealed]] = {}
        self.answered: dict[tuple[str, str], int] = {}
        self.receipt_channel: dict[str, str] = {}
        self.about: dict[int, list[Sealed]] = {}
        self.blobs: set[str] = set()
        self.commits = [0]
        self.life = 0  # of the restored copies

    def copy_of(self, size: int) -> Disk:
        """The disk as it was when the log was so long."""
        old = Disk(self.party)
        old.append(self.log[:size])
        old.blobs = {sha256 for each in old.log for sha256 in each.blobs}
        old.life = self.life
        return old

    # --- writing -----------------------------------------------------------------------------

    def append(self, entries: Sequence[Sealed]) -> None:
        """Make entries durable; each must fit."""
        for entry in entries:
            number, chain = self.end(entry.sender, entry.channel)
            demand(entry.id not in self.index, f"{self.party}: {entry} stands there twice")
            demand(
                (entry.seq, entry.prev) == (number + 1, chain),
                f"{self.party}: gap in {entry.channel} of {entry.sender} before {entry.seq}",
            )
            position = len(self.log)
            self.log.append(entry)
            self.index[entry.id] = position
            self.channels.setdefault((entry.sender, entry.channel), []).append(entry)
            if entry.of is not None:
                self.about.setdefault(entry.of, []).append(entry)
            if entry.sender == self.party and entry.kind != "receipt":
                for party in entry.to:
                    self.outbox.setdefault(party, {})[position] = entry
            if entry.kind == "receipt" and entry.of is not None:
                self.receipts.setdefault((entry.of, entry.sender), entry.id)
                if entry.sender != self.party:
                    self.receipt_channel[entry.sender] = entry.channel
                    about = self.log[self.index[entry.of]]
                    self.outbox.get(entry.sender, {}).pop(self.index[entry.of], None)
                    key = entry.sender, about.channel
                    self.answered[key] = max(self.answered.get(key, 0), about.seq)
        self.commits.append(len(self.log))

    def end(self, sender: str, channel: str) -> tuple[int, str | None]:
        run = self.channels.get((sender, channel))
        return (run[-1].seq, run[-1].chain) if run else (0, None)

    def planned(self, drafts: Sequence[Draft], seal: Seal) -> list[Sealed]:
        """What this party says, sealed."""
        ends: dict[str, tuple[int, str | None]] = {}
        made = []
        for draft in drafts:
            number, chain = ends.get(draft[1]) or self.end(self.party, draft[1])
            entry = seal(self.party, draft, number + 1, chain)
            ends[draft[1]] = entry.seq, entry.chain
            made.append(entry)
        return made

    def receipts_to(self, peer: str) -> str:
        """The channel of our receipts: a fresh one for each life."""
        return f"receipts/{peer}" + (f"/{self.life}" if self.life else "")

    def received(
        self, arrived: Sequence[Sealed], seal: Seal, poison: Callable[[Sealed], bool]
    ) -> list[Sealed] | OutOfOrder | BlobsMissing | EnvelopeRefused:
        """What is to be written for envelopes that came: those that are new, and receipts."""
        fresh: list[Sealed] = []
        staged: set[int] = set()
        ends: dict[tuple[str, str], tuple[int, str | None]] = {}

        def add(entry: Sealed) -> None:
            fresh.append(entry)
            staged.add(entry.id)
            ends[entry.sender, entry.channel] = entry.seq, entry.chain

        for number, entry in enumerate(arrived):
            if entry.id in self.index or entry.id in staged:
                continue
            if poison(entry):
                return EnvelopeRefused(number, "record.refused", "We do not know that kind.")
            key = entry.sender, entry.channel
            seq, chain = ends.get(key) or self.end(*key)
            if (entry.seq, entry.prev) != (seq + 1, chain):
                return OutOfOrder(entry.channel, seq + 1, chain)
            answers = entry.kind in ("receipt", "acknowledgement")
            if answers and entry.of not in self.index and entry.of not in staged:
                return EnvelopeRefused(number, "record.refused", "It answers what we have not.")
            missing = tuple(sha256 for sha256 in entry.blobs if sha256 not in self.blobs)
            if missing:
                return BlobsMissing(missing)
            add(entry)
            if entry.kind != "receipt":
                channel = self.receipts_to(entry.sender)
                seq, chain = ends.get((self.party, channel)) or self.end(self.party, channel)
                draft: Draft = ("receipt", channel, (entry.sender,), entry.id, {}, ())
                add(seal(self.party, draft, seq + 1, chain))
        return fresh

    # --- reading -----------------------------------------------------------------------------

    def receipts_held(self, peer: str) -> int:
        channel = self.receipt_channel.get(peer)
        return 0 if channel is None else self.end(peer, channel)[0]

    def load_outbox(
        self, peer: str, lane: Lane, after: int, limit: int, skip: frozenset[str]
    ) -> OutboxPage:
        items = []
        for position, entry in self.outbox.get(peer, {}).items():
            if position > after and lane_of(entry.channel) is lane and entry.channel not in skip:
                items.append(item_of(entry, position))
                if len(items) == limit:
                    break
        return OutboxPage(tuple(items), len(self.log) - 1, self.receipts_held(peer))

    def load_run(self, peer: str, channel: str, first: int, limit: int) -> RunPage:
        run = self.channels.get((self.party, channel), [])
        items = tuple(item_of(entry, self.index[entry.id]) for entry in run[first - 1 :][:limit])
        return RunPage(
            items,
            (),
            run[first - 2].chain if 2 <= first <= len(run) + 1 else None,
            len(run),
            self.answered.get((peer, channel), 0),
            self.receipts_held(peer),
        )

    def load_receipts(self, peer: str, after: int, limit: int) -> tuple[list[Sealed], int]:
        run = self.channels.get((self.party, self.receipts_to(peer)), [])
        return run[after : after + limit], len(run)


def item_of(entry: Sealed, position: int) -> Item:
    return Item(position, entry.channel, entry.seq, entry.wire, entry.blobs)
