"""What an officer is told: the newest that the node said, how old it is, what is alarming. Pure.

Times of day are aware and UTC; durations are measured by a steady clock, in seconds, so that a
terminal whose clock is wrong still counts down rightly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from detente.line import URGENCIES, State
from detente.words import Words, same

from . import texts
from .answers import Link, Message, NodeState, Recipient, TestCall, TestCalls, Waits
from .retyped import span_left
from .typesetting import filled, labelled

KEPT_MAX: Final = 500
"""Messages of a status that a terminal keeps; older ones are asked for again."""
_RANK: Final = {"distress": 0, "urgent": 1}


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """Something that somebody must see now.

    Attributes:
        key: the same as long as it is the same alarm.
        rank: the smaller, the worse.
        words: what is wrong.
        about: id of the message, if it is about one.
    """

    key: str
    rank: int
    words: Words
    about: str | None = None


@dataclass(slots=True)
class Picture:
    """All that a terminal knows.

    Attributes:
        party: whose node it is.
        messages: by id.
        links: by peer.
        node: whether it records.
        calls: test calls; None before the node has told of any.
        heard: when the node has last answered; None if never.
        blind: since when the node does not answer; None while it does.
        why: what the node, or the network, said then.
    """

    party: str
    messages: dict[str, Message] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    node: NodeState = field(default_factory=NodeState)
    calls: TestCalls | None = None
    heard: datetime | None = None
    blind: datetime | None = None
    why: Words = field(default_factory=lambda: Words("", ""))
    _waits: dict[tuple[str, str], tuple[Waits, float]] = field(default_factory=dict)

    # --- what the node says ------------------------------------------------------------------

    def answered(self, now: datetime) -> bool:
        """The node has answered; whether it had not before."""
        before, self.blind, self.heard, self.why = self.blind, None, now, Words("", "")
        return before is not None

    def unanswered(self, now: datetime, why: Words) -> bool:
        """The node has not answered; whether it had before. Blind since it was last heard."""
        self.why = why
        if self.blind is not None:
            return False
        self.blind = self.heard or now
        return True

    def put(self, messages: Iterable[Message]) -> None:
        """Messages as they are now."""
        for message in messages:
            self.messages[message.id] = message
        for status in texts.STATUS_BANNER:
            kept = [each for each in self.messages.values() if each.status == status]
            for old in sorted(kept, key=lambda each: each.position)[: -KEPT_MAX or None]:
                if not any(key[0] == old.id for key in self._waits):
                    del self.messages[old.id]

    def put_waiting(self, waiting: Iterable[Waits], steady_s: float) -> None:
        """All that waits, as it was at a moment of the steady clock."""
        self._waits = {(each.id, each.party): (each, steady_s) for each in waiting}

    def put_link(self, link: Link) -> None:
        """How the line to a peer is; events say less of it than answers."""
        old = self.links.get(link.peer)
        if old is not None and not link.words.en:
            link = Link(
                peer=link.peer,
                state=link.state,
                since=link.since,
                last_heard=link.last_heard or old.last_heard,
                rtt_ms=link.rtt_ms,
                reason=link.reason,
                clock_ahead_ms=link.clock_ahead_ms,
                waiting=old.waiting,
                held=old.held,
            )
        self.links[link.peer] = link

    # --- what follows from it ----------------------------------------------------------------

    def listed(self, status: str, box: str = "all") -> list[Message]:
        """Messages of one status, the newest first.

        Args:
            status: `actual`, `exercise` or `test`.
            box: `all`, `waiting`, `room` (said in rooms), or `in` and `out` (not in rooms).
        """
        found = [each for each in self.messages.values() if each.status == status]
        if box == "in":
            found = [each for each in found if each.sender != self.party and not each.room]
        elif box == "out":
            found = [each for each in found if each.sender == self.party and not each.room]
        elif box == "room":
            found = [each for each in found if each.room]
        elif box == "waiting":
            found = [each for each in found if self.waits_of(each.id)]
        return sorted(found, key=lambda each: -each.position)

    def waits_of(self, identity: str) -> list[Waits]:
        """Whose acknowledgements of a message are missing."""
        return [each for (of, _), (each, _) in self._waits.items() if of == identity]

    def left_s(self, identity: str, party: str, steady_s: float) -> float | None:
        """Seconds until an acknowledgement is overdue, negative after; None: it does not wait."""
        found = self._waits.get((identity, party))
        return None if found is None else found[0].left_s - (steady_s - found[1])

    def soonest_s(self, identity: str, steady_s: float) -> float | None:
        """The same for whoever is due first."""
        left = [self.left_s(identity, each.party, steady_s) for each in self.waits_of(identity)]
        return min((each for each in left if each is not None), default=None)

    def ours(self, status: str) -> list[Waits]:
        """Messages of a status that wait for an officer of ours."""
        return [
            each
            for each, _ in self._waits.values()
            if each.status == status and each.party == self.party
        ]

    def open_calls(self) -> list[TestCall]:
        """Test calls that our officer has not answered, the oldest first."""
        if self.calls is None:
            return []
        return [
            call
            for call in self.calls.calls
            if self.party in call.missing and call.state in ("open", "late")
        ]

    def counted(self, status: str) -> int:
        """How much of a status waits for our officers."""
        return len(self.ours(status)) + (len(self.open_calls()) if status == "test" else 0)

    def furthest(self, message: Message) -> Recipient | None:
        """The recipient that a list shows: ourselves, or the one that is least far."""
        if message.sender != self.party:
            return message.recipient(self.party)
        steps = {name: number for number, name in enumerate(texts.STEPS)}
        return min(message.recipients, key=lambda each: steps.get(each.state, 0), default=None)

    def alarms(self, steady_s: float) -> list[AlarmLine]:
        """What somebody must see now, the worst first. Only what is actual is alarming by itself.

        An exercise and a test have alarms too, which say first that they are such.
        """
        found: list[AlarmLine] = []
        if self.node.mode != "writing" or self.node.disk_low:
            why = self.node.why or self.node.mode
            if self.node.mode == "writing":
                words = texts.DISK_LOW
            else:
                words = filled(texts.ALARM_NODE, why=why)
            found.append(AlarmLine("node", 0, words))
        for each, at in self._waits.values():
            line = self._waiting_alarm(each, each.left_s - (steady_s - at))
            if line is not None:
                found.append(line)
        for link in self.links.values():
            state = _state(link.state)
            if state is not None and state.outage:
                since = link.since[11:19] + "Z"
                words = filled(
                    texts.ALARM_LINK,
                    peer=link.peer,
                    state=state.words,
                    time=since,
                )
                found.append(AlarmLine(f"link/{link.peer}/{link.since}", 4, words))
        found += self._missed()
        return sorted(found, key=lambda each: (each.rank, each.key))

    def _waiting_alarm(self, each: Waits, left_s: float) -> AlarmLine | None:
        message = self.messages.get(each.id)
        title = same("?") if message is None else title_of(message)
        rank = _RANK.get(each.urgency, 3) + (0 if each.status == "actual" else 5)
        late = span_left(-left_s) if left_s < 0 else None
        urgency = URGENCIES.get(each.urgency, same(each.urgency))
        if each.party == self.party:
            if late is not None:
                template = texts.ALARM_OVERDUE_IN
            elif each.urgency in _RANK:
                template = texts.ALARM_NEW
            else:
                return None
            peer = each.sender
        elif late is not None:
            template, peer = texts.ALARM_OVERDUE_OUT, each.party
        else:
            return None
        words = filled(template, urgency=urgency, peer=peer, what=title, time=late or "")
        if each.status != "actual":
            mark = texts.STATUS_SHORT.get(each.status, same(each.status))
            words = labelled(mark, words)
        key = f"{'late' if late else 'new'}/{each.id}/{each.party}"
        return AlarmLine(key, rank, words, each.id)

    def _missed(self) -> list[AlarmLine]:
        newest: dict[tuple[str, str], TestCall] = {}
        for call in () if self.calls is None else self.calls.calls:
            pair = (min(call.caller, call.callee), max(call.caller, call.callee))
            if call.state in ("answered", "missed"):
                newest[pair] = max(call, newest.get(pair, call), key=lambda each: each.at)
        return [
            AlarmLine(
                f"test/{call.id}",
                4,
                filled(texts.ALARM_TEST, peer=", ".join(call.missing) or call.callee),
                call.id,
            )
            for call in newest.values()
            if call.state == "missed"
        ]


def title_of(message: Message) -> Words:
    """What a message is, in few words: its form and the first thing it says."""
    title = same(message.form) if message.title is None else message.title.words
    first = message.rows[0].value.words if message.rows else None
    if first is None:
        return title
    return labelled(title, first)


def _state(name: str) -> State | None:
    return next((state for state in State if state.value == name), None)


def link_words(link: Link) -> Words:
    """How the line to a peer is, for officers."""
    if link.words.en:
        return link.words.words
    state = _state(link.state)
    return same(link.state) if state is None else state.words
