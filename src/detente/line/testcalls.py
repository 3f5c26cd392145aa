"""Test calls: the line is tried by people, several times a day, and silence is an alarm.

At fixed moments, which both nodes work out from the agreement, one of them sends a few words that
mean nothing. An officer of either side answers with them. An answer proves that the line carries,
that somebody sits at both ends, and that what is written arrives as it was written.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from statistics import median
from typing import Final

from detente.agreement import Document
from detente.record import Draft, JsonValue, Payload, Random
from detente.words import Words

from .messages import OWN_WATCH, MessageRefused, message_draft
from .phrases import TEST_WORDS
from .rules import LineRules

PHRASE_WORDS: Final = 4
_DAY_MINUTES: Final = 24 * 60
_WORDS: Final = tuple(TEST_WORDS)


class CallState(Enum):
    """What became of a test call."""

    OPEN = "open"
    ANSWERED = "answered"
    LATE = "late"
    MISSED = "missed"

    @property
    def words(self) -> Words:
        """What officers read."""
        return _STATES[self]


_STATES: Final = {
    CallState.OPEN: Words("waiting for answers", "en attente de réponses"),
    CallState.ANSWERED: Words("answered by both sides", "répondu par les deux parties"),
    CallState.LATE: Words("late", "en retard"),
    CallState.MISSED: Words("missed", "manqué"),
}


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A test call that the agreement asks for.

    Attributes:
        caller: the party whose node sends it.
        callee: the party that it is sent to.
        at: when.
    """

    caller: str
    callee: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallFact:
    """A test call and its answers, as the record has them.

    Attributes:
        id: of the message.
        caller: who sent it.
        callee: to whom.
        at: when its sender says that it was made.
        answers: party to when its officer answered first, with the right words.
        wrong: parties of which an officer has answered with other words.
        alarmed: whether our alarm that it was missed is recorded.
    """

    id: str
    caller: str
    callee: str
    at: datetime
    answers: dict[str, datetime]
    wrong: tuple[str, ...] = ()
    alarmed: bool = False

    def state(self, now: datetime, rules: LineRules) -> CallState:
        """What became of it, at a time."""
        last = max(self.answers.values(), default=now) if self.missing == () else now
        waited_s = (last - self.at).total_seconds()
        if waited_s >= rules.test_call_missed_after_s:
            return CallState.MISSED
        if self.missing == ():
            return CallState.ANSWERED
        return CallState.LATE if waited_s >= rules.test_call_late_after_s else CallState.OPEN

    @property
    def missing(self) -> tuple[str, ...]:
        """Parties of which no officer has answered."""
        return tuple(p for p in (self.caller, self.callee) if p not in self.answers)


@dataclass(frozen=True, slots=True)
class CallStatistics:
    """How test calls went.

    Attributes:
        calls: how many there were.
        answered: by both sides in time.
        missed: not answered by both sides in time.
        waiting: still open or late.
        median_s: party to the median time of its answers, seconds; None if it gave none.
        unanswered: party to how many it did not answer.
    """

    calls: int
    answered: int
    missed: int
    waiting: int
    median_s: dict[str, float | None]
    unanswered: dict[str, int]


def planned_calls(document: Document, day: date) -> list[PlannedCall]:
    """The test calls of a day (UTC), the same at every node. Pure.

    Each pair of parties has `test_calls_per_day` calls by either of them, spread evenly over the
    day and taken in turns. When the first one is differs from agreement to agreement and from pair
    to pair, so that lines which share people are not all tried at once.
    """
    count = document.line.test_calls_per_day
    parties = sorted(party.id for party in document.parties)
    begin = datetime.combine(day, time(), UTC)
    planned = []
    for number, one in enumerate(parties):
        for other in parties[number + 1 :]:
            turns = 2 * count
            step = _DAY_MINUTES / turns if turns else 0.0
            seed = hashlib.sha256(f"{document.id}\n{one}\n{other}".encode()).digest()
            offset = int.from_bytes(seed[:8], "big") / 2**64
            for turn in range(turns):
                minute = int((turn + offset) * step)
                caller, callee = (one, other) if turn % 2 == 0 else (other, one)
                planned.append(PlannedCall(caller, callee, begin + timedelta(minutes=minute)))
    return sorted(planned, key=lambda call: (call.at, call.caller, call.callee))


def calls_to_make(
    document: Document,
    party: str,
    since: datetime,
    now: datetime,
) -> list[PlannedCall]:
    """Our own test calls with `since` < their time <= `now`; at most the last one to each peer.

    A node that was away does not make up for what it has missed: the other side has noticed.
    """
    found: dict[str, PlannedCall] = {}
    day = since.astimezone(UTC).date()
    while day <= now.astimezone(UTC).date():
        for call in planned_calls(document, day):
            if call.caller == party and since < call.at <= now:
                found[call.callee] = call
        day += timedelta(days=1)
    return list(found.values())


def random_phrase(random: Random) -> list[str]:
    """Different words of the phrasebook, as they stand in messages.

    Args:
        random: gives random bytes.
    """
    words = list(_WORDS)
    # 8 bytes for some sixty words: what is left of bias does not matter.
    return [words.pop(int.from_bytes(random(8), "big") % len(words)) for _ in range(PHRASE_WORDS)]


def call_draft(caller: str, callee: str, phrase: Sequence[str]) -> Draft:
    """A test call, sent by the caller's node."""
    fields: dict[str, JsonValue] = {"phrase": list(phrase)}
    return message_draft(
        "test-call", fields, sender=caller, to=(callee,), language="en", status="test"
    )


def call_answer_draft(party: str, call: Payload, phrase: Sequence[str]) -> Draft:
    """An officer's answer to a test call, signed by the officer.

    Args:
        party: the officer's.
        call: the test call, ours or the other side's.
        phrase: the words as they were read, in any language of the phrasebook.

    Raises:
        MessageRefused: these are not the words of the call.
    """
    said = _fields_phrase(call.body)
    if said is None or not same_phrase(said, phrase):
        raise MessageRefused(
            "These are not the words of the test call.",
            where="phrase",
            advice="Read the words again and write them in their order.",
        )
    other = call.to[0] if call.sender == party else call.sender
    fields: dict[str, JsonValue] = {"phrase": list(said)}
    return message_draft(
        "test-answer", fields, sender=party, to=(other,), language="en", status="test", answers=call
    )


def missed_draft(call: CallFact) -> Draft:
    """Our node notes that a test call was missed, and by whom; to nobody."""
    body: dict[str, JsonValue] = {
        "what": "test-call-missed",
        "of": call.id,
        "parties": list(call.missing),
    }
    return Draft("alarm", OWN_WATCH, (), body, status="test")


def same_phrase(said: Sequence[str], again: Sequence[str]) -> bool:
    """Whether words are those of a test call, in either language, capitals and accents aside."""
    return len(said) == len(again) and all(
        _plain(word) in {_plain(each) for each in (one, *TEST_WORDS.get(one, Words(one, one)))}
        for one, word in zip(said, again, strict=True)
    )


def statistics(calls: Iterable[CallFact], now: datetime, rules: LineRules) -> CallStatistics:
    """How test calls went so far."""
    listed = list(calls)
    states = [call.state(now, rules) for call in listed]
    waits: dict[str, list[float]] = {}
    unanswered: dict[str, int] = {}
    for call, state in zip(listed, states, strict=True):
        for party in (call.caller, call.callee):
            waits.setdefault(party, [])
            unanswered.setdefault(party, 0)
            if party in call.answers:
                waits[party].append((call.answers[party] - call.at).total_seconds())
            elif state is CallState.MISSED:
                unanswered[party] += 1
    return CallStatistics(
        calls=len(listed),
        answered=states.count(CallState.ANSWERED),
        missed=states.count(CallState.MISSED),
        waiting=states.count(CallState.OPEN) + states.count(CallState.LATE),
        median_s={p: median(found) if found else None for p, found in waits.items()},
        unanswered=unanswered,
    )


def _fields_phrase(body: object) -> list[str] | None:
    fields = body.get("fields") if isinstance(body, dict) else None
    phrase = fields.get("phrase") if isinstance(fields, dict) else None
    if isinstance(phrase, list) and all(isinstance(word, str) for word in phrase):
        return [str(word) for word in phrase]
    return None


def _plain(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.strip().casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))
