"""Outages of the lines: what each party has stated of one, and what both say together."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from detente.http import BadRequest, Endpoint, QueryParameter, Request, Response, any_of
from detente.line import Outage, OutageMalformed, SharedOutage, Stated, read_outage, reconcile
from detente.line.outages import lasting_words
from detente.record import PartyRecord, Query, format_time
from detente.words import Words

DAYS: Final = 30
DAYS_MAX: Final = 366
STATEMENTS_MAX: Final = 1000
"""Statements that are looked at; of more, the newest."""


class OutageWords(msgspec.Struct, frozen=True, kw_only=True):
    """A text in both languages."""

    en: str
    fr: str

    @classmethod
    def of(cls, words: Words) -> OutageWords:
        """From words."""
        return cls(en=words.en, fr=words.fr)


class StatementView(msgspec.Struct, frozen=True, kw_only=True):
    """What one party says of an outage: by its own clock, and by nobody's word but its own.

    Attributes:
        party: who says so.
        since, until: when it last heard the other one, and when again; null while it lasts.
        seen_as: `down-here`, `down-there` or `peer-silent`.
        words: the same for officers.
        own: it says that its own node was away.
        entry: index in this party's record; null as long as it is not recorded.
        id: of the entry.
    """

    party: str
    since: str
    until: str | None
    seen_as: str
    words: OutageWords
    own: bool
    entry: int | None
    id: str | None


class OutageView(msgspec.Struct, frozen=True, kw_only=True):
    """One outage of the line to one peer, as both sides tell it.

    Attributes:
        peer: the other party.
        since: the earliest beginning that either states.
        until: the latest end that either states; null while it lasts.
        lasted_s: seconds from one to the other; until now while it lasts.
        stated: the statements, each its party's.
        away: parties whose node was away, by their own word.
        unstated: parties that have said nothing of it, yet.
        words: all of it in a few sentences.
    """

    peer: str
    since: str
    until: str | None
    lasted_s: float
    stated: list[StatementView]
    away: list[str]
    unstated: list[str]
    words: OutageWords


class OutageFault(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that tells of no outage between its party and this one, and why not."""

    party: str
    entry: int
    id: str
    what: str


class OutageList(msgspec.Struct, frozen=True, kw_only=True):
    """Outages, the newest first.

    Attributes:
        party: whose node answers.
        days: so many days were looked at.
        outages: those that last, then those that are over.
        faults: statements that tell of none.
        more: there are older statements within those days than were looked at.
    """

    party: str
    days: int
    outages: list[OutageView]
    faults: list[OutageFault]
    more: bool


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Outages that this node has seen and not recorded yet.

    Attributes:
        lasting: those that go on: as they look now.
        over: those whose entry is still to be written.
    """

    lasting: tuple[Outage, ...] = ()
    over: tuple[Outage, ...] = ()


async def outages_of(
    record: PartyRecord,
    unrecorded: Unrecorded,
    now: datetime,
    *,
    peer: str | None = None,
    days: int = DAYS,
) -> OutageList:
    """Outages of the last days, by the statements of both sides.

    Args:
        record: of this party.
        unrecorded: what it does not hold yet.
        now: the time.
        peer: only of the line to this party.
        days: how far to look back: to what was stated since.
    """
    us = record.party
    found: dict[Stated, tuple[int, str]] = {}
    faults, more = [], False
    since = now - timedelta(days=days)
    # Each party by itself: whoever states much must not push out what others state.
    for party in sorted({us, *(member.id for member in record.terms.members)}):
        query = Query(kinds=("outage",), senders=(party,), since=since, newest_first=True)
        page = await record.search(query, limit=STATEMENTS_MAX)
        more = more or page.next is not None
        for entry in page.entries:
            said = entry.payload
            if said is None:
                continue  # erased
            identity = str(said.id)
            try:
                outage = read_outage(said.body)
                if party != us and outage.peer != us:
                    raise OutageMalformed("It is about a line that is not ours.", where="peer")
            except OutageMalformed as error:
                faults.append(
                    OutageFault(party=party, entry=entry.index, id=identity, what=error.message)
                )
            else:
                found.setdefault(Stated(party, outage), (entry.index, identity))
    ours = {_key(each.outage) for each in found if each.party == us}
    told = list(found)
    # One of them may have been recorded while the record was asked.
    told += [Stated(us, each) for each in unrecorded.over if _key(each) not in ours]
    peers = {each.outage.peer if each.party == us else each.party for each in told}
    lasting = [each for each in unrecorded.lasting if peer in (None, each.peer)]
    past = [
        _view(other, each, found)
        for other in sorted(peers)
        if peer in (None, other)
        for each in reconcile((us, other), told)
    ]
    past.sort(key=lambda each: each.since, reverse=True)
    return OutageList(
        party=us,
        days=days,
        outages=[_lasting(us, each, now) for each in lasting] + past,
        faults=[each for each in faults if peer in (None, each.party)],
        more=more,
    )


def outages_endpoint(
    ask: Callable[[str | None, int], Awaitable[OutageList]], parties: Callable[[], Sequence[str]]
) -> Endpoint:
    """The operation.

    Args:
        ask: gives outages of the line to a party, or to all, of so many days.
        parties: the peers that there are.
    """

    async def handler(request: Request[None]) -> Response:
        peer = request.query.get("peer")
        if peer is not None and peer not in parties():
            raise BadRequest("There is no such peer.", where="peer")
        return Response(200, await ask(peer, _days(request.query.get("days"))))

    return Endpoint(
        method="GET",
        path="/api/v1/outages",
        handler=handler,
        operation_id="listOutages",
        summary="When the lines were down: what either side states, and both together.",
        description="Each side states by itself what it saw, once the line is back. Neither can "
        "state the other's view; where they differ, both stand here.",
        query=(
            QueryParameter(name="peer", help="Only of the line to this party."),
            QueryParameter(
                name="days", help=f"Stated since so many days, 1 to {DAYS_MAX}; {DAYS}."
            ),
        ),
        responses={200: OutageList, 400: None},
        scopes=any_of("peers.read", "line.read"),
        tags=("node",),
    )


def _key(outage: Outage) -> tuple[str, str, bool]:
    return outage.peer, format_time(outage.since), outage.own


def _days(text: str | None) -> int:
    if text is None:
        return DAYS
    if re.fullmatch(r"[0-9]{1,3}", text, re.ASCII) is None or not 1 <= int(text) <= DAYS_MAX:
        raise BadRequest(f"`days` is 1 to {DAYS_MAX}.")
    return int(text)


def _view(peer: str, shared: SharedOutage, recorded: dict[Stated, tuple[int, str]]) -> OutageView:
    statements = []
    for each in shared.stated:
        index, identity = recorded.get(each, (None, None))
        statements.append(_statement(each, index, identity))
    return OutageView(
        peer=peer,
        since=format_time(shared.since),
        until=format_time(shared.until),
        lasted_s=(shared.until - shared.since).total_seconds(),
        stated=statements,
        away=list(shared.away),
        unstated=list(shared.unstated),
        words=OutageWords.of(shared.words),
    )


def _lasting(us: str, outage: Outage, now: datetime) -> OutageView:
    return OutageView(
        peer=outage.peer,
        since=format_time(outage.since),
        until=None,
        lasted_s=max(0.0, (now - outage.since).total_seconds()),
        stated=[_statement(Stated(us, outage), None, None)],
        away=[],
        unstated=[outage.peer],
        words=OutageWords.of(lasting_words(outage)),
    )


def _statement(each: Stated, index: int | None, identity: str | None) -> StatementView:
    outage = each.outage
    return StatementView(
        party=each.party,
        since=format_time(outage.since),
        until=None if outage.until is None else format_time(outage.until),
        seen_as=outage.seen_as.value,
        words=OutageWords.of(outage.seen_as.words),
        own=outage.own,
        entry=index,
        id=identity,
    )
