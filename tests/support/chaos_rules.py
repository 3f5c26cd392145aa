"""What nodes have told while they were disturbed, held against what both records prove.

Pure, as the rules of `node_history`. Times are of one machine's clock.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.support.node_history import Complaint, History, Said

from detente.record import parse_time

STATES = ("queued", "delivered", "shown", "acknowledged", "answered")
_CLOCK = timedelta(milliseconds=20)
"""Answers and entries are stamped by two readings of one clock, which may be set meanwhile."""


@dataclass(frozen=True)
class Sample:
    """How a node's interface said that a message stood.

    Attributes:
        party: whose node.
        at: when the answer had come.
        message: id.
        recipient: party whose state it is.
        state: see `STATES`.
        shown: officers that it was shown to.
        acknowledged_by: officer; None if nobody.
        answers: ids of messages that answer it.
    """

    party: str
    at: datetime
    message: str
    recipient: str
    state: str
    shown: tuple[str, ...] = ()
    acknowledged_by: str | None = None
    answers: tuple[str, ...] = ()


def judge_samples(
    samples: Sequence[Sample], histories: Mapping[str, History]
) -> Iterator[Complaint]:
    """No state is ahead of what the recipient's own record proves for that moment, or taken back.

    Args:
        samples: in the order in which they were taken, at each node.
        histories: read after the last sample.
    """
    proofs = {party: _Proofs(history) for party, history in histories.items()}
    highest: dict[tuple[str, str, str], int] = {}
    for sample in samples:
        where = f"{sample.party} at {sample.at:%H:%M:%S.%f}: {sample.message} {sample.state}"
        rank = STATES.index(sample.state)
        key = sample.party, sample.message, sample.recipient
        if rank < highest.get(key, 0):
            yield Complaint("never back", f"{where}, after {STATES[highest[key]]}")
        highest[key] = max(rank, highest.get(key, 0))
        for missing in proofs[sample.recipient].missing(sample):
            yield Complaint("never ahead", f"{where}: {sample.recipient} has no {missing}")


class _Proofs:
    """When a party's record came to prove something of a message."""

    def __init__(self, history: History) -> None:
        self._there: set[str] = {entry.id for entry in history.entries}
        self._receipt: dict[str, datetime] = {}
        self._shown: dict[tuple[str, str], datetime] = {}
        self._acknowledged: dict[tuple[str, str], datetime] = {}
        self._answered: dict[tuple[str, str], datetime] = {}
        messages = {entry.id: entry for entry in history.of("message")}
        read_back: set[tuple[str, str]] = set()
        for entry in history.entries:
            if entry.sender != history.party:
                continue
            of = str(entry.body.get("of"))
            match entry.kind:
                case "receipt":
                    self._receipt.setdefault(str(entry.refers("receipt")), entry.created)
                case "shown":
                    key = of, str(entry.body.get("officer"))
                    self._shown.setdefault(key, entry.created)
                case "read-back":
                    read_back.add((of, entry.author))
                case "acknowledgement":
                    officer = history.holders.get((entry.sender, entry.author), "")
                    if _counts(entry, messages.get(of), read_back):
                        self._acknowledged.setdefault((of, officer), entry.created)
                case "message":
                    answered = entry.refers("answers")
                    if answered is not None:
                        self._answered[answered, entry.id] = entry.created

    def missing(self, sample: Sample) -> Iterator[str]:
        """What the record lacks, or had not yet, of what the sample says."""
        rank = STATES.index(sample.state)
        of = sample.message
        if sample.party == sample.recipient or rank >= STATES.index("delivered"):
            if of not in self._there:
                yield "such entry"
            elif not _by(self._receipt.get(of), sample.at):
                yield "receipt for it by then"
        for officer in sample.shown:
            if not _by(self._shown.get((of, officer)), sample.at):
                yield f"statement by then that {officer} had it on screen"
        if sample.state == "shown" and not sample.shown:
            yield "officer to whom it was shown"
        who = sample.acknowledged_by
        if who is not None and not _by(self._acknowledged.get((of, who)), sample.at):
            yield f"acknowledgement of {who} by then"
        if sample.state == "acknowledged" and who is None:
            yield "officer who acknowledged it"
        for answer in sample.answers:
            if not _by(self._answered.get((of, answer)), sample.at):
                yield f"answer {answer} by then"
        if sample.state == "answered" and not sample.answers:
            yield "answer"


def _counts(entry: Said, message: Said | None, read_back: set[tuple[str, str]]) -> bool:
    if message is None or entry.body.get("payload_sha256") != message.sha256:
        return False
    fields = message.body.get("fields", {})
    must = any(part in fields for part in ("area", "levels", "times"))
    return not must or (message.id, entry.author) in read_back


def _by(created: datetime | None, at: datetime) -> bool:
    return created is not None and created <= at + _CLOCK


# --- logs --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Head:
    """A tree head of a node's log that its interface told."""

    party: str
    at: datetime
    size: int
    root: str
    cosigned: int


def judge_logs(heads: Sequence[Head], histories: Mapping[str, History]) -> Iterator[Complaint]:
    """Every log has grown only, with one root at each size: in its own words and in anchors.

    Args:
        heads: as they were told, at each node in order.
        histories: read afterwards.
    """
    sizes: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for head in heads:
        size, cosigned = sizes[head.party]
        if head.size < size or head.cosigned < cosigned:
            yield Complaint("grows", f"{head.party} told {head}, after {size}, {cosigned} cosigned")
        sizes[head.party] = max(head.size, size), max(head.cosigned, cosigned)
        yield from _at_root(histories[head.party], head.size, head.root, "its interface")
    for history in histories.values():
        for checkpoint in history.cosigned:
            yield from _at_root(history, checkpoint.size, checkpoint.root, "a cosigned checkpoint")
        told = sizes[history.party][1]
        if told and told > max((each.size for each in history.cosigned), default=0):
            yield Complaint("grows", f"{history.party} lost the cosignatures under {told} entries")
        for other in histories.values():
            yield from _anchors(history, other)


def _anchors(ours: History, theirs: History) -> Iterator[Complaint]:
    """What our record says our witness has signed of their log."""
    last = 0
    for entry in ours.of("anchor"):
        lines = str(entry.body["checkpoint"]).splitlines()
        if entry.sender != ours.party or lines[0] != theirs.origin or ours is theirs:
            continue
        size, root = int(lines[1]), base64.b64decode(lines[2]).hex()
        if size < last:
            yield Complaint("grows", f"{ours.party} cosigned {size} of {theirs.party} after {last}")
        last = max(last, size)
        yield from _at_root(theirs, size, root, f"an anchor of {ours.party}")


def _at_root(history: History, size: int, root: str, told_by: str) -> Iterator[Complaint]:
    if size >= len(history.roots):
        yield Complaint("one root", f"{told_by}: {history.party} had {size} entries, and lost some")
    elif history.roots[size] != root:
        yield Complaint("one root", f"{told_by}: another root of {history.party} at {size}")


# --- outages -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Disturbance:
    """What was done to the line or a node, and how long.

    Attributes:
        what: in a few words.
        since, until: when it was begun, and over.
        dark: nothing could get through, in either direction.
        ended: party whose process ended and was started again.
    """

    what: str
    since: datetime
    until: datetime
    dark: bool
    ended: str | None = None


@dataclass(frozen=True)
class OutageRules:
    """What may be expected of statements about outages.

    Attributes:
        surely: a darkness that is longer is an outage for both sides.
        notice: a statement begins at most so long after the darkness (its beginning is the last
            sign of life, or that of an own start).
        gap: between statements about one darkness: a node that started meanwhile.
        short: what a node may leave out before its own end, or after its own start: it had not been
            silent for long enough to be noticed.
        early: a statement begins at most so long before anything was disturbed.
        late: and ends at most so long after it was over.
    """

    surely: timedelta = timedelta(seconds=5)
    notice: timedelta = timedelta(seconds=2.5)
    gap: timedelta = timedelta(seconds=2)
    short: timedelta = timedelta(seconds=4)
    early: timedelta = timedelta(seconds=4)
    late: timedelta = timedelta(seconds=8)


def judge_outages(
    disturbances: Sequence[Disturbance],
    histories: Mapping[str, History],
    rules: OutageRules,
) -> Iterator[Complaint]:
    """Every long darkness was stated by both sides and stands in both records; none is made up.

    A side that says that it stood still itself is believed: so it is on a machine that is busy.
    """
    parties = tuple(histories)
    dark = [each for each in joined(disturbances) if each.until - each.since > rules.surely]
    for history in histories.values():
        for party in parties:
            (other,) = (each for each in parties if each != party)
            stated = stated_by(history, party, other)
            for each in dark:
                for since, until in _uncovered(each, stated, rules.gap):
                    if since == each.since and until - since <= rules.notice:
                        continue
                    if until - since <= rules.short and any(
                        end.ended == party
                        and end.since <= until + rules.gap
                        and end.until >= since - rules.gap
                        for end in disturbances
                    ):
                        continue
                    yield Complaint(
                        "outages",
                        f"{history.party}'s record: {party} does not state {_span(since, until)} "
                        f"of {each.what}, {_span(each.since, each.until)}",
                    )
            blamed = stated_by(history, party, other, own=False)
            for since, until in blamed if history.party == party else ():
                yield from _made_up(party, since, until, disturbances, rules)


def joined(disturbances: Sequence[Disturbance]) -> list[Disturbance]:
    """The times in which it was dark, those that touch or overlap made one."""
    found: list[Disturbance] = []
    for each in sorted((d for d in disturbances if d.dark), key=lambda d: d.since):
        if found and each.since <= found[-1].until:
            last = found[-1]
            until = max(last.until, each.until)
            found[-1] = Disturbance(f"{last.what}, {each.what}", last.since, until, True)
        else:
            found.append(each)
    return found


def stated_by(
    history: History, party: str, peer: str, *, own: bool = True
) -> list[tuple[datetime, datetime]]:
    """What a party states of the line to another, as a record has it.

    Args:
        own: also that it was itself away.
    """
    return sorted(
        (parse_time(str(entry.body["from"])), parse_time(str(entry.body["until"])))
        for entry in history.of("outage")
        if entry.sender == party
        and entry.body["peer"] == peer
        and (own or not entry.body.get("own"))
    )


def _uncovered(
    dark: Disturbance, stated: Iterable[tuple[datetime, datetime]], gap: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    at = dark.since
    for since, until in stated:
        if until < at:
            continue
        if since >= dark.until:
            break
        if since - at > gap:
            yield at, since
        at = max(at, until)
    if dark.until - at > gap:
        yield at, dark.until


def _made_up(
    party: str,
    since: datetime,
    until: datetime,
    disturbances: Sequence[Disturbance],
    rules: OutageRules,
) -> Iterator[Complaint]:
    """A statement lies within disturbances that follow one another closely."""
    at = since
    for each in sorted(disturbances, key=lambda d: d.since):
        if each.until + rules.late < at:
            continue
        if each.since - rules.early > at:
            break
        at = max(at, each.until + rules.late)
        if at >= until:
            return
    if at < until:
        yield Complaint(
            "outages", f"{party} states {_span(since, until)}; nothing was wrong from {at:%H:%M:%S}"
        )


def _span(since: datetime, until: datetime) -> str:
    return f"{since:%H:%M:%S.%f} to {until:%H:%M:%S.%f}"
