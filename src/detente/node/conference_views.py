"""What the endpoints of conferences take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from detente.line import (
    ChannelEnd,
    Conference,
    MinutesDocument,
    MinutesText,
    Person,
    RegisteredProposal,
)
from detente.line.attending import ATTENDANCE_WORDS
from detente.line.conference_contents import AgendaItem, Dissent
from detente.line.conference_statements import ConferenceStatement
from detente.line.minutes import STATE_WORDS
from detente.line.proposals import FATE_WORDS
from detente.words import Words

from .conference_desk import Receipt
from .room_views import WordsView

Moment = Annotated[datetime, Meta(tz=True)]


class AttendingView(msgspec.Struct, kw_only=True):
    """A party and a conference, by its own statement. `state`: invited, attending, declined."""

    party: str
    state: str
    words: WordsView
    people: list[Person]
    text: dict[str, str]
    stated: str | None


class StanceView(msgspec.Struct, kw_only=True):
    """What one party says to a proposal."""

    party: str
    fate: str
    text: dict[str, str]
    until: str | None
    stated: str
    index: int


class ReceiptView(msgspec.Struct, kw_only=True):
    """A party's node states that it has the proposal, at `index` of its own log."""

    party: str
    index: int
    received: str
    receipt_index: int


class ProposalView(msgspec.Struct, kw_only=True):
    """A proposal of a conference. `decided`: when its fate came about; null while it is open."""

    conference: str
    proposal: str
    party: str
    item: str | None
    title: dict[str, str]
    text: dict[str, str]
    stated: str
    to: list[str]
    index: int
    id: str
    sha256: str
    fate: str
    words: WordsView
    decided: str | None
    stances: list[StanceView]
    contradicts: bool
    receipts: list[ReceiptView] = []


class ProposalViews(msgspec.Struct, kw_only=True):
    """Proposals, and how much of what each party has stated in conferences this record holds.

    What a party states in a channel is numbered without gaps. Where a channel is `complete`, no
    proposal was made to this party there that is not found here, up to the number `newest`.
    """

    proposals: list[ProposalView]
    searched: list[SearchedView]


class SearchedView(msgspec.Struct, kw_only=True):
    """A party's statements in a channel of a conference."""

    party: str
    channel: str
    newest: int
    held: int
    erased: int
    complete: bool


class SignatureView(msgspec.Struct, kw_only=True):
    """A party's line under minutes; `officer` and `signed` are null before it has signed."""

    party: str
    officer: str | None
    signed: str | None
    index: int | None


class DissentView(msgspec.Struct, kw_only=True):
    """A party's note of dissent."""

    party: str
    text: dict[str, str]
    document: str | None
    proposal: str | None
    stated: str
    index: int


class MinutesView(msgspec.Struct, kw_only=True):
    """A text of the minutes. `differences`: in what it is not what this record has."""

    minutes: str
    sha256: str
    put_forward_by: list[str]
    state: str
    words: WordsView
    agreed: str | None
    replaced_by: str | None
    left_out: list[str]
    signatures: list[SignatureView]
    differences: list[WordsView]
    document: MinutesDocument


class ConferenceView(msgspec.Struct, kw_only=True):
    """A conference as this party knows it.

    `contradicting`: parties that have stated two different things under one number. `ignored`: the
    number of statements that count for nothing.
    """

    id: str
    host: str
    room: str
    status: str
    title: dict[str, str]
    purpose: dict[str, str]
    begins: str
    ends: str | None
    dial_in: str | None
    agenda: list[AgendaItem]
    convened: str
    revision: int
    closed: str | None
    attendance: list[AttendingView]
    proposals: list[ProposalView]
    minutes: list[MinutesView]
    agreed: str | None
    dissents: list[DissentView]
    contradicting: list[str]
    ignored: int


class ConferenceLine(msgspec.Struct, kw_only=True):
    """A conference in a list."""

    id: str
    host: str
    room: str
    status: str
    title: dict[str, str]
    begins: str
    closed: str | None
    attending: list[str]
    proposals: int
    agreed: str | None


class ConferenceLines(msgspec.Struct, kw_only=True):
    """Conferences, the one that begins last first."""

    conferences: list[ConferenceLine]


def conference_line(each: Conference) -> ConferenceLine:
    """A conference in a list."""
    return ConferenceLine(
        id=each.id,
        host=each.host,
        room=each.convocation.room,
        status=each.status,
        title=each.convocation.title,
        begins=each.convocation.begins,
        closed=None if each.closing is None else each.closing.ended,
        attending=list(each.attending),
        proposals=len(each.proposals),
        agreed=None if each.agreed is None else each.agreed.sha256,
    )


def conference_view(each: Conference) -> ConferenceView:
    """A conference with all that belongs to it."""
    now = each.convocation
    return ConferenceView(
        id=each.id,
        host=each.host,
        room=now.room,
        status=each.status,
        title=now.title,
        purpose=now.purpose or {},
        begins=now.begins,
        ends=now.ends,
        dial_in=now.dial_in,
        agenda=now.agenda,
        convened=each.convened.created,
        revision=now.number,
        closed=None if each.closing is None else each.closing.ended,
        attendance=[
            AttendingView(
                party=party,
                state=one.state,
                words=_words(ATTENDANCE_WORDS[one.state]),
                people=list(one.people),
                text=one.text or {},
                stated=None if one.by is None else one.by.created,
            )
            for party, one in sorted(each.attendance.items())
        ],
        proposals=[proposal_view(each.id, one) for one in each.proposals],
        minutes=[minutes_view(each, one) for one in each.minutes],
        agreed=None if each.agreed is None else each.agreed.sha256,
        dissents=[view for one in each.dissents if (view := _dissent_view(one)) is not None],
        contradicting=list(each.contradicting),
        ignored=len(each.ignored),
    )


def proposal_view(
    conference: str, each: RegisteredProposal, receipts: list[Receipt] | None = None
) -> ProposalView:
    """A proposal and its fate."""
    return ProposalView(
        conference=conference,
        proposal=each.label,
        party=each.by.party,
        item=each.content.item,
        title=each.content.title,
        text=each.content.text,
        stated=each.by.created,
        to=list(each.by.to),
        index=each.by.position,
        id=str(each.by.id),
        sha256=each.by.sha256,
        fate=each.fate,
        words=_words(FATE_WORDS[each.fate]),
        decided=each.decided or None,
        stances=[
            StanceView(
                party=party,
                fate=one.content.fate,
                text=one.content.text or {},
                until=one.content.until,
                stated=one.by.created,
                index=one.by.position,
            )
            for party, one in each.stances.items()
        ],
        contradicts=each.contradicts,
        receipts=[
            ReceiptView(
                party=one.party,
                index=one.index,
                received=one.received,
                receipt_index=one.position,
            )
            for one in receipts or ()
        ],
    )


def searched_view(each: ChannelEnd) -> SearchedView:
    """How far a party's statements in a channel are here."""
    return SearchedView(
        party=each.party,
        channel=each.channel,
        newest=each.newest,
        held=each.held,
        erased=each.erased,
        complete=each.complete,
    )


def minutes_view(conference: Conference, each: MinutesText) -> MinutesView:
    """A text of the minutes and who has signed it."""
    return MinutesView(
        minutes=each.label,
        sha256=each.sha256,
        put_forward_by=[one.party for one in each.put_forward],
        state=each.state,
        words=_words(STATE_WORDS[each.state]),
        agreed=each.agreed or None,
        replaced_by=each.replaced_by,
        left_out=list(each.left_out),
        signatures=[
            SignatureView(
                party=line.party,
                officer=line.officer or None,
                signed=line.signed or None,
                index=None if line.by is None else line.by.position,
            )
            for line in each.lines
        ],
        differences=[_words(one) for one in conference.differences(each.document)],
        document=each.document,
    )


def _dissent_view(each: ConferenceStatement) -> DissentView | None:
    content = each.content
    if not isinstance(content, Dissent):
        return None
    named = content.proposal
    return DissentView(
        party=each.by.party,
        text=content.text,
        document=content.document,
        proposal=None if named is None else f"{named.party}-{named.number}",
        stated=each.by.created,
        index=each.by.position,
    )


def _words(words: Words) -> WordsView:
    return WordsView(en=words.en, fr=words.fr)
