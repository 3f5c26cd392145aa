"""What a party has stated about a conference: read from entries, checked, and written.

Statements are numbered by party and subject, so the newest one is known whatever came first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from detente.record import (
    JsonValue,
    NotCanonical,
    Payload,
    canonical_json,
    format_time,
    parse_time,
    plain_channel,
)

from .conference_contents import (
    FORMS,
    HOST_KINDS,
    KIND_OF,
    Attendance,
    Closing,
    Content,
    Convocation,
    Minutes,
    ProposalFate,
)
from .room_texts import StatementMalformed, digest_of, founder_of

C = TypeVar("C", bound=Content)


@dataclass(frozen=True, slots=True)
class Stated:
    """Who stated something, and where it stands.

    Attributes:
        party: whose statement it is.
        id: of its entry.
        sha256: of its payload, hexadecimal.
        author: name of the key that signed it.
        created: when its author says it was made (RFC 3339).
        position: of its entry in our record.
        status: `actual`, `exercise` or `test`.
        to: the parties it was addressed to.
    """

    party: str
    id: UUID
    sha256: str
    author: str
    created: str
    position: int
    status: str
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConferenceStatement:
    """One statement about a conference: what it says, and who says it."""

    content: Content
    by: Stated

    @property
    def conference(self) -> str:
        """The conference's id."""
        return self.content.conference

    @property
    def kind(self) -> str:
        """Kind of its entry."""
        return KIND_OF[type(self.content)]

    @property
    def number(self) -> int:
        """Its number among the party's statements on the same subject; 1 where there is none."""
        return getattr(self.content, "number", 1)

    @property
    def subject(self) -> str:
        """What its number counts within: the party's statements of one kind, or on a proposal."""
        if isinstance(self.content, ProposalFate):
            named = self.content.proposal
            return f"{named.party}-{named.number}"
        return ""


def read_content(kind: str, party: str, body: Mapping[str, JsonValue]) -> Content:
    """What an entry of a kind of `FORMS` states.

    Args:
        kind: of the entry.
        party: its sender.
        body: of its payload.

    Raises:
        StatementMalformed: it has another form, or states what its sender may not.
    """
    form = FORMS.get(kind)
    if form is None:
        raise StatementMalformed("It states nothing about a conference.", where=kind)
    content = convert(body, form)
    host = founder_of(content.conference)
    if kind in HOST_KINDS and party != host:
        raise StatementMalformed("Only the host of the conference states this.", where=kind)
    check_content(content, party)
    return content


def convert(value: object, form: type[C]) -> C:
    """A value as a part of a statement.

    Raises:
        StatementMalformed: it has another form; `where` names the member.
    """
    try:
        return msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        where = path.removesuffix("`").lstrip(".") or None
        raise StatementMalformed(f"{message}.", where=where) from None


def check_content(content: Content, party: str) -> None:
    """What the form alone cannot tell.

    Raises:
        StatementMalformed: says what.
    """
    host = founder_of(content.conference)
    match content:
        case Convocation():
            _check_times(content.begins, content.ends)
            _check_once(content.parties, "parties")
            _check_once([each.item for each in content.agenda], "agenda")
            if party not in content.parties:
                raise StatementMalformed("The host takes part.", where="parties")
        case Attendance():
            if bool(content.people) == (content.state == "declined"):
                raise StatementMalformed(
                    "A party that takes part names its people, and one that declines none.",
                    where="people",
                )
        case ProposalFate():
            if (content.fate == "withdrawn") != (content.proposal.party == party):
                raise StatementMalformed(
                    "A party withdraws its own proposals, and judges those of others.",
                    where="fate",
                )
            if content.until is not None:
                _time(content.until, "until")
        case Minutes():
            document = content.document
            if document.conference != content.conference or document.host != host:
                raise StatementMalformed(
                    "They are of another conference.", where="document.conference"
                )
            # It may have been held before the time for which it was convened.
            _time(document.begins, "document.begins")
            if document.ended is not None:
                _time(document.ended, "document.ended")
            _check_once([each.item for each in document.agenda], "document.agenda")
            _check_once(
                [f"{each.party}-{each.number}" for each in document.proposals],
                "document.proposals",
            )
        case Closing():
            _time(content.ended, "ended")
        case _:
            pass


def statement_in(payload: Payload, position: int) -> ConferenceStatement:
    """The statement in a payload.

    Raises:
        StatementMalformed: as `read_content`, or its channel is not that of its addressees.
    """
    content = read_content(payload.kind, payload.sender, payload.body)
    parties = {payload.sender, *payload.to}
    if plain_channel(payload.channel) != conference_channel(content.conference, parties):
        raise StatementMalformed(
            "Its channel is not that of the parties it is addressed to.", where="channel"
        )
    return ConferenceStatement(
        content,
        Stated(
            payload.sender,
            payload.id,
            payload.sha256.hex(),
            payload.author,
            format_time(payload.created),
            position,
            payload.status,
            payload.to,
        ),
    )


def body_of(content: Content) -> dict[str, JsonValue]:
    """The body of an entry that states it.

    Raises:
        StatementMalformed: it cannot be written, or is not what an entry may say.
    """
    body: dict[str, JsonValue] = msgspec.to_builtins(content)
    try:
        canonical_json(body)
    except NotCanonical as error:
        raise StatementMalformed(f"It cannot be written: {error}") from None
    # A part that was made in the program has not been held against its form yet.
    convert(body, type(content))
    return body


def conference_channel(conference: str, parties: set[str]) -> str:
    """The channel of what is stated in a conference to one set of parties, the sender too."""
    return f"conference/{conference}/{digest_of(parties)}"


def instant(moment: datetime) -> str:
    """A time as statements have it."""
    return format_time(moment)


def _check_times(begins: str, ends: str | None) -> None:
    first = _time(begins, "begins")
    if ends is not None and _time(ends, "ends") < first:
        raise StatementMalformed("It ends before it begins.", where="ends")


def _time(text: str, where: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise StatementMalformed(f"There, {error}.", where=where) from None


def _check_once(values: list[str], where: str) -> None:
    if len(set(values)) != len(values):
        raise StatementMalformed("One stands in it twice.", where=where)
