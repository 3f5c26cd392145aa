"""What became of a message at each of its recipients, and what proves it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from detente.record import JsonValue
from detente.words import Words

from .forms import FORMS, FieldsUnusable
from .readback import Difference, compare, read_read_back
from .rules import LineRules


class MessageState(IntEnum):
    """How far a message has come at one recipient; each state is proven by an entry.

    queued: nothing but the message itself. delivered: a receipt of the recipient's node, given
    after its disk had it. shown: its node states that an officer had it on screen. acknowledged:
    an officer has signed, after a good read-back where the form asks for one. answered: another
    message of the recipient names it as what it answers.
    """

    QUEUED = 0
    DELIVERED = 1
    SHOWN = 2
    ACKNOWLEDGED = 3
    ANSWERED = 4

    @property
    def id(self) -> str:
        """As it stands in answers of the node."""
        return self.name.lower()

    @property
    def words(self) -> Words:
        """What officers read."""
        return _STATES[self]


_STATES: Final[Mapping[MessageState, Words]] = {
    MessageState.QUEUED: Words("queued here", "en attente ici"),
    MessageState.DELIVERED: Words("on the other side’s disk", "sur le disque de l’autre partie"),
    MessageState.SHOWN: Words("shown to an officer", "affiché devant un officier"),
    MessageState.ACKNOWLEDGED: Words("acknowledged", "acte pris"),
    MessageState.ANSWERED: Words("answered", "répondu"),
}

NO_READ_BACK: Final = Words(
    "Nothing was read back before it by the same officer.",
    "Rien n’a été collationné auparavant par le même officier.",
)


_COMPARED_MAX: Final = 10_000
_compared: dict[bytes, tuple[Difference, ...]] = {}


@dataclass(frozen=True, slots=True)
class ReadBackFact:
    """What an officer read back, and in what it differs from the message.

    Attributes:
        id: of its entry.
        position: of its entry.
        author: name of the key that signed it.
        at: when its author says it was made (RFC 3339).
        body: what was read back.
        refused: whether the sender's node has said that it is wrong.
    """

    id: str
    position: int
    author: str
    at: str
    body: Mapping[str, JsonValue]
    refused: bool = False


@dataclass(frozen=True, slots=True)
class AcknowledgementFact:
    """An officer's signature under a message.

    Attributes: as those of `ReadBackFact`; `text` is what the officer added.
    """

    id: str
    position: int
    author: str
    at: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """An acknowledgement, whether it counts, and if not, why.

    Attributes:
        fact: the acknowledgement.
        counts: whether it proves that the message is acknowledged.
        why_not: the reasons, in words; empty if it counts.
        read_back: id of the read-back that it rests on, or fails by.
    """

    fact: AcknowledgementFact
    counts: bool
    why_not: tuple[Words, ...] = ()
    read_back: str | None = None


def differences_of(
    message: Mapping[str, JsonValue], read_back: Mapping[str, JsonValue], rules: LineRules
) -> list[Difference]:
    """In what a read-back differs from its message; both as they stand in entries.

    Raises:
        FieldsUnusable: the message is of no form that is known, or the read-back has no right form.
    """
    form = FORMS.get(str(message.get("form")))
    fields = message.get("fields")
    if form is None or not isinstance(fields, Mapping):
        raise FieldsUnusable("The message is of no form that this version knows.")
    # Two outlines of a thousand corners take a second: nobody shall make us compare them twice.
    said = json.dumps([form.id, fields, read_back, rules.place_within_m, rules.time_within_s])
    key = hashlib.sha256(said.encode()).digest()
    known = _compared.get(key)
    if known is None:
        known = tuple(compare(form, form.read(fields), read_read_back(read_back), rules))
        while len(_compared) >= _COMPARED_MAX:
            _compared.pop(next(iter(_compared)), None)
        _compared[key] = known
    return list(known)


def judge(
    message: Mapping[str, JsonValue],
    read_backs: Sequence[ReadBackFact],
    acknowledgements: Sequence[AcknowledgementFact],
    rules: LineRules,
) -> list[Judged]:
    """Which acknowledgements of one recipient count; in the order of the log.

    One of a form that must be read back rests on what the same officer read back last before it.
    Both sides come to the same answer: nothing but entries and the agreement goes in.
    """
    judged = []
    needed = read_back_needed(message)
    for fact in sorted(acknowledgements, key=lambda each: each.position):
        if not needed:
            judged.append(Judged(fact, counts=True))
            continue
        before = [r for r in read_backs if r.author == fact.author and r.position < fact.position]
        if not before:
            judged.append(Judged(fact, False, (NO_READ_BACK,)))
            continue
        last = max(before, key=lambda each: each.position)
        try:
            found = tuple(each.words for each in differences_of(message, last.body, rules))
        except FieldsUnusable as error:
            found = (Words(str(error), str(error)),)
        judged.append(Judged(fact, not found, found, last.id))
    return judged


def read_back_needed(message: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Which parts of a message must be read back; of what cannot be read, none can be."""
    form = FORMS.get(str(message.get("form")))
    fields = message.get("fields")
    if form is None or not isinstance(fields, Mapping):
        return ()
    return tuple(part for part in form.read_back if fields.get(part) is not None)


def state_of(*, delivered: bool, shown: bool, acknowledged: bool, answered: bool) -> MessageState:
    """The furthest state that something proves."""
    if answered:
        return MessageState.ANSWERED
    if acknowledged:
        return MessageState.ACKNOWLEDGED
    if shown:
        return MessageState.SHOWN
    return MessageState.DELIVERED if delivered else MessageState.QUEUED
