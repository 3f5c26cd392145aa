"""What may be said about a conference: each kind of entry has one form, given by its struct.

A party speaks for itself: it names its own people, proposes and judges in its own name, and signs
minutes for nobody else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from detente.record import JsonValue, canonical_json

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
