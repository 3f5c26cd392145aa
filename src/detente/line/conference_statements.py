"""What a party states about a conference. Each kind of entry has one form, given by its struct.

A party speaks for itself: it names its own people, proposes and judges in its own name, and signs
minutes for nobody else. Statements are numbered by party and subject, so the newest one is known
whatever came first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from detente.record import (
    JsonValue,
    NotCanonical,
    Payload,
    canonical_json,
    format_time,
    parse_time,
    plain_channel,
)

from .room_texts import StatementMalformed, digest_of, founder_of

_TEXT: Final = r"^(?=[\s\S]*\S)[^\x00-\x08\x0b-\x1f\x7f]+\Z"

Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^(?=.*\S)[^\x00-\x1f\x7f]+\Z")]
Long = Annotated[str, Meta(min_length=1, max_length=20_000, pattern=_TEXT)]
Tag = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*\Z", max_length=20)]
Title = Annotated[dict[Tag, Line], Meta(min_length=1, max_length=10)]
Text = Annotated[dict[Tag, Long], Meta(min_length=1, max_length=10)]
Party = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}\Z")]
Holder = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")]
Place = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}\.[0-9a-f]{12}\Z")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Item = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9.]{0,15}\Z")]
Number = Annotated[int, Meta(ge=1, le=1_000_000)]
Instant = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")]
Fate = Literal["accepted", "rejected", "withdrawn", "deferred"]

PEOPLE_MAX: Final = 100


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a statement. Nothing that it does not know is passed over."""


class AgendaItem(Part, frozen=True, kw_only=True):
    """One item: its number as people call it, its title, and the party that asked for it."""

    item: Item
    title: Title
    by: Party | None = None


class Person(Part, frozen=True, kw_only=True):
    """Somebody who takes part, as his own party states it."""

    name: Line
    function: Line | None = None
    holder: Holder | None = None


class ProposalName(Part, frozen=True, kw_only=True):
    """Which proposal is meant: whose, its number, and the SHA-256 of its payload."""

    party: Party
    number: Number
    sha256: Sha256


class Convocation(Part, frozen=True, kw_only=True):
    """`conference`: its host convenes it, or changes time or agenda. The parties stay the same."""

    conference: Place
    number: Number
    room: Place
    title: Title
    purpose: Text | None = None
    begins: Instant
    ends: Instant | None = None
    dial_in: Line | None = None
    agenda: Annotated[list[AgendaItem], Meta(max_length=100)] = []
    parties: Annotated[list[Party], Meta(min_length=2, max_length=100)]


class Attendance(Part, frozen=True, kw_only=True):
    """`attendance`: a party says who of its own people takes part, or that it does not."""

    conference: Place
    number: Number
    state: Literal["attending", "declined"]
    people: Annotated[list[Person], Meta(max_length=PEOPLE_MAX)] = []
    text: Text | None = None


class Proposal(Part, frozen=True, kw_only=True):
    """`proposal`: something a party proposes, in its own words."""

    conference: Place
    number: Number
    item: Item | None = None
    title: Title
    text: Text


class ProposalFate(Part, frozen=True, kw_only=True):
    """`proposal-fate`: what a party says to a proposal; to its own, that it withdraws it."""

    conference: Place
    number: Number
    proposal: ProposalName
    fate: Fate
    text: Text | None = None
    until: Instant | None = None


class MinutesItem(Part, frozen=True, kw_only=True):
    """What was said to an item of the agenda."""

    item: Item
    title: Title
    text: Text | None = None


class MinutesProposal(Part, frozen=True, kw_only=True):
    """A proposal and its fate, as the minutes have them."""

    party: Party
    number: Number
    sha256: Sha256
    title: Title
    fate: Literal["open", "accepted", "rejected", "withdrawn", "deferred"]
    text: Text | None = None


class MinutesDocument(Part, frozen=True, kw_only=True):
    """The minutes themselves. Parties sign the SHA-256 of its canonical JSON (RFC 8785)."""

    conference: Place
    title: Title
    host: Party
    status: Literal["actual", "exercise", "test"]
    begins: Instant
    ended: Instant | None = None
    attendance: Annotated[
        dict[Party, Annotated[list[Person], Meta(max_length=PEOPLE_MAX)]],
        Meta(min_length=1, max_length=100),
    ]
    agenda: Annotated[list[MinutesItem], Meta(max_length=100)] = []
    proposals: Annotated[list[MinutesProposal], Meta(max_length=500)] = []
    decisions: Annotated[list[Text], Meta(max_length=200)] = []
    remarks: Text | None = None
    replaces: Sha256 | None = None

    @property
    def sha256(self) -> str:
        """What is signed, hexadecimal."""
        return hashlib.sha256(canonical_json(self.json())).hexdigest()

    def json(self) -> dict[str, JsonValue]:
        """As it stands in entries."""
        written: dict[str, JsonValue] = msgspec.to_builtins(self)
        return written


class Minutes(Part, frozen=True, kw_only=True):
    """`minutes`: a party puts forward a text of the minutes."""

    conference: Place
    number: Number
    document: MinutesDocument


class MinutesSignature(Part, frozen=True, kw_only=True):
    """`minutes-signature`: a party's officer signs the document of that SHA-256 for the party."""

    conference: Place
    document: Sha256


class Dissent(Part, frozen=True, kw_only=True):
    """`dissent`: a party's officer signs a note of what the party does not agree with."""

    conference: Place
    number: Number
    text: Text
    document: Sha256 | None = None
    proposal: ProposalName | None = None


class Closing(Part, frozen=True, kw_only=True):
    """`conference-close`: its host states that it has ended. Minutes and dissent come after it."""

    conference: Place
    ended: Instant
    text: Text | None = None


Content = (
    Convocation
    | Attendance
    | Proposal
    | ProposalFate
    | Minutes
    | MinutesSignature
    | Dissent
    | Closing
)

FORMS: Final[Mapping[str, type[Content]]] = {
    "conference": Convocation,
    "attendance": Attendance,
    "proposal": Proposal,
    "proposal-fate": ProposalFate,
    "minutes": Minutes,
    "minutes-signature": MinutesSignature,
    "dissent": Dissent,
    "conference-close": Closing,
}
"""Kinds of entries about conferences, and the form of each."""

KIND_OF: Final = {form: kind for kind, form in FORMS.items()}

HOST_KINDS: Final = frozenset({"conference", "conference-close"})

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
