"""The tables of conferences, and the questions that are asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final
from uuid import UUID

from detente.record import (
    Entry,
    KeyRing,
    SqlRow,
    SqlValue,
    Statement,
    TableSet,
    canonical_json,
    parse_object,
)

from .conference_contents import FORMS
from .conference_folding import conference_of
from .conference_statements import ConferenceStatement, Stated, read_content, statement_in
from .conferences import Conference
from .known_conferences import NoSuchConference
from .minutes import HolderOf
from .proposals import RegisteredProposal
from .room_tables import Queried
from .room_texts import StatementMalformed


class ConferenceProjection:
    """Statements about conferences, as rows."""

    tables: Final = TableSet.from_sql(
        "conferences", files("detente.line").joinpath("sql/conferences.sql").read_text("utf-8")
    )

    def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
        """The row of an entry about a conference; of others none."""
        said = entry.payload
        if said is None or said.kind not in FORMS:
            return []
        try:
            found = statement_in(said, entry.index)
        except StatementMalformed as error:
            return [
                Statement(
                    "INSERT INTO conferences_faults (position, sender, kind, what) "
                    "VALUES (?, ?, ?, ?)",
                    [(entry.index, said.sender, said.kind, str(error))],
                )
            ]
        return [
            Statement(
                "INSERT INTO conferences_statements (position, conference, party, kind, number, "
                "id, sha256, author, created, status, recipients, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        entry.index,
                        found.conference,
                        said.sender,
                        said.kind,
                        found.number,
                        str(said.id),
                        said.sha256.hex(),
                        said.author,
                        found.by.created,
                        said.status,
                        " ".join(said.to),
                        canonical_json(said.body).decode(),
                    )
                ],
            )
        ]

    def forget(self, entry: Entry) -> Sequence[Statement]:
        """Nothing is left of it."""
        return [
            Statement(f"DELETE FROM {table} WHERE position = ?", [(entry.index,)])  # noqa: S608
            for table in ("conferences_statements", "conferences_faults")
        ]


CONFERENCE_PROJECTION: Final = ConferenceProjection()
"""The one to open a record with."""


@dataclass(frozen=True, slots=True)
class FoundProposal:
    """A proposal of any conference.

    Attributes:
        conference: that it belongs to.
        proposal: with its fate.
    """

    conference: Conference
    proposal: RegisteredProposal


@dataclass(frozen=True, slots=True)
class ChannelEnd:
    """How much of what a party stated in conferences a record has: what it never said is not there.

    Attributes:
        party: whose statements.
        channel: their channel.
        newest: number of the newest entry; they run from 1 without gaps, or a `gap` says so.
        held: entries that are there.
        erased: of these, whose content was erased.
    """

    party: str
    channel: str
    newest: int
    held: int
    erased: int

    @property
    def complete(self) -> bool:
        """Whether nothing is missing up to the newest one."""
        return self.held == self.newest and not self.erased


def officer_by(keyring: KeyRing) -> HolderOf:
    """Who signed a statement, by the keys that were in force at its entry."""

    def holder(by: Stated) -> str | None:
        author = keyring.author(by.party, by.author, by.position)
        return author.holder if author is not None and author.purpose == "officer" else None

    return holder


async def conference_statements(record: Queried, conference: str) -> list[ConferenceStatement]:
    """All statements about a conference in a record, in the order in which they came."""
    rows = await record.query(
        f"SELECT {_COLUMNS} FROM conferences_statements "  # noqa: S608
        "WHERE conference = ? ORDER BY position",
        (conference,),
    )
    return [_statement(row) for row in rows]


async def load_conference(record: Queried, conference: str, holder_of: HolderOf) -> Conference:
    """A conference as a party's record knows it.

    Raises:
        NoSuchConference: the record knows none of that id.
    """
    found = conference_of(record.party, await conference_statements(record, conference), holder_of)
    if found is None:
        raise NoSuchConference("There is no such conference.", where=conference[:100])
    return found


async def load_conferences(record: Queried, holder_of: HolderOf) -> list[Conference]:
    """Every conference that a record knows, the one that begins last first."""
    rows = await record.query(
        f"SELECT {_COLUMNS} FROM conferences_statements ORDER BY position"  # noqa: S608
    )
    by_conference: dict[str, list[ConferenceStatement]] = {}
    for row in rows:
        each = _statement(row)
        by_conference.setdefault(each.conference, []).append(each)
    found = [conference_of(record.party, said, holder_of) for said in by_conference.values()]
    return sorted(
        (each for each in found if each is not None),
        key=lambda each: (each.convocation.begins, each.id),
        reverse=True,
    )


async def find_proposals(
    record: Queried,
    holder_of: HolderOf,
    *,
    text: str = "",
    party: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> list[FoundProposal]:
    """Proposals of all conferences, the oldest first.

    Args:
        record: to look into.
        holder_of: who signed a statement.
        text: occurs in title or text, in any language and whatever case.
        party: that proposed it.
        since: stated at or after (RFC 3339).
        until: stated before.
    """
    conditions, values = ["kind = ?"], ["proposal"]
    for condition, value in (("party = ?", party), ("created >= ?", since), ("created < ?", until)):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    rows = await record.query(
        "SELECT DISTINCT conference FROM conferences_statements "  # noqa: S608
        f"WHERE {' AND '.join(conditions)}",
        values,
    )
    words = text.casefold()
    found = []
    for (conference,) in rows:
        about = conference_of(
            record.party, await conference_statements(record, str(conference)), holder_of
        )
        for each in () if about is None else about.proposals:
            texts = (*each.content.title.values(), *each.content.text.values())
            if (
                about is not None
                and (party is None or each.by.party == party)
                and (since is None or each.by.created >= since)
                and (until is None or each.by.created < until)
                and any(words in one.casefold() for one in texts)
            ):
                found.append(FoundProposal(about, each))
    return sorted(found, key=lambda each: (each.proposal.by.created, each.proposal.by.sha256))


async def channel_ends(record: Queried) -> list[ChannelEnd]:
    """How much of each party's statements in conferences the record has.

    Sequences have no gaps: what a party has stated up to the newest number is all here. So what is
    not found was not stated to this party up to there.
    """
    rows = await record.query(
        "SELECT sender, channel, MAX(seq), COUNT(*), COUNT(erased_by) FROM party_entries "
        "WHERE channel LIKE 'conference/%' GROUP BY sender, channel ORDER BY sender, channel"
    )
    return [
        ChannelEnd(str(sender), str(channel), _int(newest), _int(held), _int(erased))
        for sender, channel, newest, held, erased in rows
    ]


_COLUMNS: Final = "party, kind, body, id, sha256, author, created, position, status, recipients"


def _statement(row: SqlRow) -> ConferenceStatement:
    party, kind, body, identity, sha256, author, created, position, status, recipients = row
    content = read_content(str(kind), str(party), parse_object(str(body).encode()))
    return ConferenceStatement(
        content,
        Stated(
            str(party),
            UUID(str(identity)),
            str(sha256),
            str(author),
            str(created),
            _int(position),
            str(status),
            tuple(str(recipients).split()),
        ),
    )


def _int(value: SqlValue) -> int:
    if not isinstance(value, int):
        raise TypeError("a whole number is expected")
    return value
