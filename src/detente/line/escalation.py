"""Who is called when a message waits: by the clocks and the escalation list of the agreement.

A call that waits for one named person waits for ever when that person is away. So every step has a
deputy, further steps begin by the clock whoever has been called before, and at the deadline both
sides are told, with the channels that are left.

* distress: officer and deputy of the first step at once; officer and deputy of each further step
  when it begins.
* urgent: the officer of each step when it begins, its deputy at half of the deadline, or with the
  officer if that is later.
* routine: nobody before half of the deadline; then the officer of the first step, at the deadline
  the deputy. Further steps call nobody.

Calls are for the recipient's own people; its node makes them and says so (`escalation`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from detente.agreement import Document
from detente.record import Draft, JsonValue, Payload, format_time
from detente.words import Words

from .messages import OWN_WATCH, channel_of, is_emergency, reference
from .urgency import acknowledge_within, clock_start, deadline_of, in_force


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that a party's officers have not acknowledged.

    Attributes:
        id: of the message.
        sender: who sent it.
        party: whose acknowledgement is missing.
        urgency: as the message says.
        status: of the message.
        created: when its sender says that it was made.
        received: when our own node received it; None if we sent it.
        called: steps and officers that were called already, as our `escalation` entries say.
        alarmed: whether our alarm that it is overdue is recorded.
        superseded_by: id of the newest correction to the same party, if there is one.
    """

    id: str
    sender: str
    party: str
    urgency: str
    status: str
    created: datetime
    received: datetime | None = None
    called: Collection[tuple[int, str]] = ()
    alarmed: bool = False
    superseded_by: str | None = None

    def deadline(self, document: Document) -> datetime:
        """When it is overdue."""
        return deadline_of(self.urgency, self.created, self.received, document)


@dataclass(frozen=True, slots=True)
class Call:
    """Officers to be called now.

    Attributes:
        message: what waits.
        step: of the escalation list, from 1.
        officer: of that step.
        deputy: of that step.
        called: whom of the two to call now.
        due: since when.
        reach: numbers and places of the step, the best one first.
    """

    message: Waiting
    step: int
    officer: str
    deputy: str
    called: tuple[str, ...]
    due: datetime
    reach: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overdue:
    """A deadline that has passed.

    Attributes:
        message: what waits.
        deadline: when it passed.
        channels: ids of the agreement's fall-back channels, the first one first.
    """

    message: Waiting
    deadline: datetime
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done now.

    Attributes:
        calls: of our own officers.
        overdue: alarms, of messages that we sent and of those that we got.
    """

    calls: tuple[Call, ...] = ()
    overdue: tuple[Overdue, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.calls or self.overdue)


def calls_due(now: datetime, waiting: Iterable[Waiting], document: Document, party: str) -> Due:
    """Who is to be called now, and what is overdue, that is not stated already. Pure.

    Args:
        now: the time.
        waiting: messages without acknowledgement, sent and received.
        document: the agreement in force.
        party: whose node asks.
    """
    calls: list[Call] = []
    overdue: list[Overdue] = []
    channels = tuple(channel.id for channel in document.line.channels)
    for each in waiting:
        if each.party == party:
            calls += _calls(now, each, document)
        if not each.alarmed and now >= (deadline := each.deadline(document)):
            overdue.append(Overdue(each, deadline, channels))
    return Due(tuple(calls), tuple(overdue))


def next_due(
    now: datetime, waiting: Iterable[Waiting], document: Document, party: str
) -> datetime | None:
    """When `calls_due` will next have something more to say, if nothing changes; None: never."""
    moments: list[datetime] = []
    for each in waiting:
        if not each.alarmed:
            moments.append(each.deadline(document))
        if each.party == party:
            moments += [at for _, _, at in call_times(each, document)]
    return min((at for at in moments if at > now), default=None)


def call_times(message: Waiting, document: Document) -> Iterator[tuple[int, str, datetime]]:
    """Step, officer and time of every call that a message will lead to if nobody acknowledges."""
    start = clock_start(message.created, message.received)
    within = acknowledge_within(message.urgency, document)
    urgency = in_force(message.urgency)
    contacts = [each for each in document.line.contacts if each.party == message.party]
    for step, contact in enumerate(contacts, start=1):
        begins = start + timedelta(seconds=contact.after_s)
        if urgency == "distress":
            officer = deputy = start if step == 1 else begins
        elif urgency == "urgent":
            officer, deputy = begins, max(begins, start + within / 2)
        elif step == 1:
            officer, deputy = start + within / 2, start + within
        else:
            return
        yield step, contact.officer, officer
        yield step, contact.deputy, deputy


def escalation_draft(call: Call, message: Payload, at: datetime) -> Draft:
    """Our node states whom it has called for a message."""
    body: dict[str, JsonValue] = {
        "of": str(message.id),
        "step": call.step,
        "officer": call.officer,
        "deputy": call.deputy,
        "called": list(call.called),
        "at": format_time(at),
    }
    return Draft(
        "escalation",
        channel_of(message.sender, emergency=is_emergency(message)),
        (message.sender,),
        body,
        (reference(message, "escalation"),),
        status=message.status,
    )


def overdue_draft(overdue: Overdue) -> Draft:
    """Our node notes that a message is overdue; to nobody."""
    body: dict[str, JsonValue] = {
        "what": "overdue",
        "of": overdue.message.id,
        "party": overdue.message.party,
        "deadline": format_time(overdue.deadline),
        "channels": list(overdue.channels),
    }
    return Draft("alarm", OWN_WATCH, (), body, status=overdue.message.status)


def overdue_words(overdue: Overdue, document: Document) -> Words:
    """What the officers on watch read when a message is overdue."""
    party = document.party(overdue.message.party)
    names = party.name if party is not None else {}
    en = names.get("en", overdue.message.party)
    fr = names.get("fr", overdue.message.party)
    ways = [
        (channel.name.get("en", channel.id), channel.name.get("fr", channel.id), channel.at)
        for channel in document.line.channels
        if channel.id in overdue.channels
    ]
    return Words(
        f"No officer of {en} has acknowledged in time. Use, in this order: "
        + "; ".join(f"{name} ({at})" for name, _, at in ways)
        + ".",
        f"Aucun officier de {fr} n’a pris acte dans les délais. Utilisez, dans cet ordre\u202f: "
        + "\u202f; ".join(f"{name} ({at})" for _, name, at in ways)
        + ".",
    )


def _calls(now: datetime, message: Waiting, document: Document) -> Iterator[Call]:
    contacts = [each for each in document.line.contacts if each.party == message.party]
    due: dict[int, list[tuple[str, datetime]]] = {}
    done = set(message.called)
    for step, officer, at in call_times(message, document):
        if at <= now and (step, officer) not in done:
            due.setdefault(step, []).append((officer, at))
            done.add((step, officer))
    for step, people in due.items():
        contact = contacts[step - 1]
        yield Call(
            message,
            step,
            contact.officer,
            contact.deputy,
            tuple(officer for officer, _ in people),
            min(at for _, at in people),
            tuple(contact.reach),
        )
