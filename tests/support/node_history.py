"""What two nodes have recorded, and whether the two histories can both be true.

A `History` is read from a record that is opened for reading, also while its node runs; the rules
below are pure, so that they can be tried with histories that are falsified on purpose. Times are
those of one machine: what is compared was stamped by the same clock.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from detente.node.home import find
from detente.record import PartyRecord, chain_hash

_PAGE = 500


@dataclass(frozen=True)
class Said:
    """An entry, as one record has it. `number` is its place in the log; `chain` what the next one
    of its channel must name as `prev`."""

    number: int
    id: str
    kind: str
    sender: str
    author: str
    channel: str
    seq: int
    prev: str | None
    chain: str
    created: datetime
    to: tuple[str, ...]
    refs: tuple[tuple[str, str], ...]
    body: Mapping[str, Any]
    sha256: str

    def refers(self, rel: str) -> str | None:
        """Id of the entry that it refers to in that way."""
        return next((identity for named, identity in self.refs if named == rel), None)


@dataclass(frozen=True)
class Cosigned:
    """A checkpoint of a log that somebody else has cosigned, as the log's owner keeps it."""

    size: int
    root: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """A party's record.

    Attributes:
        party: whose.
        origin: of its log.
        entries: in the order of the log.
        roots: of the tree at every size, from 0, computed here from the leaves.
        cosigned: its checkpoints with cosignatures of others, smallest first.
        faults: what the record says is wrong with itself.
        holders: party and name of a key, to whose it is.
    """

    party: str
    origin: str
    entries: tuple[Said, ...]
    roots: tuple[str, ...] = ()
    cosigned: tuple[Cosigned, ...] = ()
    faults: tuple[str, ...] = ()
    holders: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def of(self, kind: str) -> Iterator[Said]:
        """Entries of a kind."""
        return (entry for entry in self.entries if entry.kind == kind)


@dataclass(frozen=True, order=True)
class Complaint:
    """Something that cannot be true: which rule, and what breaks it."""

    rule: str
    what: str


async def read_history(directory: Path, *, verify: bool = True) -> History:
    """Read a node's record; its node may be running.

    Args:
        verify: have the record checked as well; that reads everything once more.
    """
    async with find(directory, None).opened(write=False) as record:
        size = record.head.size
        entries: list[Said] = []
        leaves: list[bytes] = []
        while len(entries) < size:
            limit = min(_PAGE, size - len(entries))
            leaves += await record.leaves(len(entries), limit)
            entries += [_said(each) for each in await record.entries(len(entries), limit)]
        cosigned = await _cosigned(record)
        faults = [f"{each.where}: {each.what}" for each in await record.verify()] if verify else []
        holders = {
            (member.id, author.key.name): author.holder
            for member in record.terms.members
            for author in record.keyring.ever(member.id)
            if author.holder
        }
        return History(
            record.party,
            record.origin,
            tuple(entries),
            tuple(tree_roots(leaves)),
            tuple(cosigned),
            tuple(faults),
            holders,
        )


async def _cosigned(record: PartyRecord) -> list[Cosigned]:
    found: list[Cosigned] = []
    since = 1
    while page := await record.checkpoints(since, _PAGE, cosigned_only=True):
        found += [Cosigned(each.size, each.root.hex(), each.cosigners) for each in page]
        since = page[-1].size + 1
    return found


def _said(entry: Any) -> Said:
    payload, envelope = entry.payload, entry.envelope
    assert payload is not None, f"entry {entry.index} was erased"
    assert envelope is not None
    return Said(
        number=entry.index,
        id=str(payload.id),
        kind=payload.kind,
        sender=payload.sender,
        author=payload.author,
        channel=payload.channel,
        seq=payload.seq,
        prev=None if payload.prev is None else payload.prev.hex(),
        chain=chain_hash(envelope).hex(),
        created=payload.created,
        to=tuple(payload.to),
        refs=tuple((ref.rel, str(ref.id)) for ref in payload.refs),
        body=payload.body,
        sha256=payload.sha256.hex(),
    )


def tree_roots(leaves: Sequence[bytes]) -> Iterator[str]:
    """The root of the tree (RFC 9162) at every size from 0, by its own arithmetic."""
    peaks: list[tuple[int, bytes]] = []
    yield hashlib.sha256().hexdigest()
    for leaf in leaves:
        height, digest = 0, hashlib.sha256(b"\0" + leaf).digest()
        while peaks and peaks[-1][0] == height:
            digest = hashlib.sha256(b"\1" + peaks.pop()[1] + digest).digest()
            height += 1
        peaks.append((height, digest))
        root = peaks[-1][1]
        for _, left in reversed(peaks[:-1]):
            root = hashlib.sha256(b"\1" + left + root).digest()
        yield root.hex()


# --- one history by itself ---------------------------------------------------------------------


def judge_alone(history: History) -> Iterator[Complaint]:
    """What a single record must be: whole, in order, nothing in it twice."""
    us = history.party
    for fault in history.faults:
        yield Complaint("verifies", f"{us}: {fault}")
    ids: set[str] = set()
    ends: dict[tuple[str, str], Said] = {}
    receipts: dict[str, int] = defaultdict(int)
    held = {entry.id: entry for entry in history.entries}
    for entry in history.entries:
        if entry.id in ids:
            yield Complaint("once", f"{us}: {entry.id} stands twice, again at {entry.number}")
        ids.add(entry.id)
        place = entry.sender, entry.channel
        before = ends.get(place)
        expected = 1 if before is None else before.seq + 1
        if entry.seq != expected:
            yield Complaint(
                "order", f"{us}: {place} has {entry.seq} at {entry.number}, not {expected}"
            )
        elif entry.prev != (None if before is None else before.chain):
            yield Complaint("order", f"{us}: {place} number {entry.seq} follows another entry")
        ends[place] = entry
        if entry.kind == "receipt" and entry.sender == us:
            subject = str(entry.refers("receipt"))
            receipts[subject] += 1
            of = held.get(subject)
            if of is None or of.number > entry.number:
                yield Complaint("receipts", f"{us}: a receipt at {entry.number} of what is not")
    for entry in history.entries:
        if entry.sender != us and entry.kind != "receipt" and receipts[entry.id] != 1:
            yield Complaint(
                "receipts", f"{us}: {receipts[entry.id]} receipts of {entry.kind} {entry.id}"
            )
    yield from _only_once(history)


def _only_once(history: History) -> Iterator[Complaint]:
    """What an officer does once stands once, though the screen had to ask again after a fault."""
    done: set[tuple[str, ...]] = set()
    for entry in history.entries:
        match entry.kind:
            case "acknowledgement":
                what: tuple[str, ...] = (entry.kind, str(entry.body.get("of")), entry.author)
            case "shown":
                of, officer = str(entry.body.get("of")), str(entry.body.get("officer"))
                what = (entry.kind, of, officer)
            case "message":
                token = token_of(entry.body)
                if token is None:
                    continue
                what = (entry.kind, token)
            case _:
                continue
        if what in done:
            yield Complaint("once", f"{history.party}: {' '.join(what)} is said twice")
        done.add(what)


TOKEN = "token-"


def token_of(body: Mapping[str, Any]) -> str | None:
    """The word that makes a message of the load the only one of its kind."""
    fields = body.get("fields")
    for value in fields.values() if isinstance(fields, Mapping) else ():
        text = value.get("text") if isinstance(value, Mapping) else None
        if isinstance(text, str) and text.startswith(TOKEN):
            return text.split()[0]
    return None


# --- two histories -----------------------------------------------------------------------------


def judge_together(one: History, other: History, *, settled: bool) -> Iterator[Complaint]:
    """What both records say of one another.

    Args:
        settled: everything that was on its way has had the time to arrive, and nobody speaks any
            more. If not, `one` was read before `other`, and whatever `one` proves of `other` must
            be there; what is merely under way must not.
    """
    pairs = ((one, other), (other, one)) if settled else ((one, other),)
    for ours, theirs in pairs:
        there = {entry.id: entry for entry in theirs.entries}
        us, them = ours.party, theirs.party
        for entry in ours.entries:
            if entry.sender == them:
                if entry.id not in there:
                    yield Complaint(
                        "not invented", f"{us} has {entry.kind} {entry.id} of {them}, who has not"
                    )
                elif there[entry.id].sha256 != entry.sha256:
                    yield Complaint("same", f"{entry.id} is not the same with {us} and {them}")
                subject = entry.refers("receipt")
                if entry.kind == "receipt" and subject not in there:
                    yield Complaint(
                        "not lost", f"{us} has a receipt of {them} for {subject}, which {them} lost"
                    )
            elif settled and them in entry.to and entry.id not in there:
                yield Complaint(
                    "not lost", f"{them} has not {entry.kind} {entry.id} of {us}, {entry.channel}"
                )


@dataclass(frozen=True)
class Promise:
    """Something that an answer of a node's interface said is done: from then on it must be there.

    Attributes:
        party: whose node said so.
        kind: of entry.
        of: id of the message sent, shown or acknowledged.
        officer: who did it.
        at: when the answer had come.
    """

    party: str
    kind: str
    of: str
    officer: str
    at: datetime


def judge_promises(
    promises: Sequence[Promise], histories: Mapping[str, History], *, settled: bool
) -> Iterator[Complaint]:
    """Whatever an officer was told is done stands in the own record; in the end in the other, too.

    Args:
        promises: made before the histories were read.
        histories: by party.
        settled: see `judge_together`.
    """
    found = {party: _done(history) for party, history in histories.items()}
    for promise in promises:
        key = promise.kind, promise.of, promise.officer
        for party in histories if settled else (promise.party,):
            if key not in found[party]:
                yield Complaint(
                    "promises", f"{party} has lost {' '.join(key)}, promised by {promise.party}"
                )


def _done(history: History) -> set[tuple[str, str, str]]:
    done = set()
    for entry in history.entries:
        holder = history.holders.get((entry.sender, entry.author), entry.author)
        if entry.kind == "message":
            done.add((entry.kind, entry.id, holder))
        elif entry.kind == "shown":
            done.add((entry.kind, str(entry.body["of"]), str(entry.body["officer"])))
        elif entry.kind == "acknowledgement":
            done.add((entry.kind, str(entry.body["of"]), holder))
    return done
