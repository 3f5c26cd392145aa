"""Minutes: one document that all who attended sign by its hash, or that is not agreed upon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from detente.words import Words

from .conference_contents import (
    Closing,
    Convocation,
    Dissent,
    Minutes,
    MinutesDocument,
    MinutesItem,
    MinutesProposal,
    MinutesSignature,
    Person,
    Text,
)
from .conference_statements import ConferenceStatement, Stated
from .proposals import FATE_WORDS, RegisteredProposal

HolderOf = Callable[[Stated], str | None]
"""The officer whose key signed a statement; None if it was a key of the party's node."""

MinutesState = Literal["unsigned", "signed in part", "agreed"]

STATE_WORDS: Final[Mapping[MinutesState, Words]] = {
    "unsigned": Words("draft: nobody has signed it", "projet : personne ne l’a signé"),
    "signed in part": Words("signed in part: not agreed", "signé en partie : pas d’accord"),
    "agreed": Words("agreed: signed by all who attended", "approuvé : signé par tous les présents"),
}


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """The line of one party under the minutes.

    Attributes:
        party: whose line it is.
        officer: who has signed, if anybody has.
        signed: when (RFC 3339); empty if nobody has.
        by: the statement; None if nobody has.
    """

    party: str
    officer: str
    signed: str
    by: Stated | None


@dataclass(frozen=True, slots=True)
class MinutesText:
    """One text of the minutes, and how far it has come.

    Attributes:
        document: the text.
        sha256: of the document, hexadecimal: what is signed.
        put_forward: by whom, the earliest first: the same text may come from several.
        number: of the party that put it forward first.
        lines: of every party that must sign.
        state: whether it is agreed.
        agreed: when the last one signed (RFC 3339); empty if not agreed.
        replaced_by: SHA-256 of agreed minutes that replace these; None if there are none.
        dissents: notes of dissent about this very document.
        left_out: parties that attended, and that it does not name.
    """

    document: MinutesDocument
    sha256: str
    put_forward: tuple[Stated, ...]
    number: int
    lines: tuple[SignatureLine, ...]
    state: MinutesState
    agreed: str
    replaced_by: str | None
    dissents: tuple[ConferenceStatement, ...]
    left_out: tuple[str, ...]

    @property
    def label(self) -> str:
        """As people call it: `a-2` is the second text of party a."""
        return f"{self.put_forward[0].party}-{self.number}"


def minutes_texts(
    statements: Iterable[ConferenceStatement], attending: Sequence[str], holder_of: HolderOf
) -> list[MinutesText]:
    """Every text of the minutes of a conference, in the order of party and number.

    A text is agreed when every party that attended, and every one that it names, has signed its
    hash by the key of an officer. What a node's key signs is not counted.

    Args:
        statements: of one conference, in any order.
        attending: parties that have stated that they attend.
        holder_of: who signed a statement.
    """
    texts: dict[str, list[ConferenceStatement]] = {}
    signatures: dict[str, dict[str, ConferenceStatement]] = {}
    dissents: dict[str, list[ConferenceStatement]] = {}
    for each in sorted(statements, key=lambda each: (each.by.created, each.by.sha256)):
        content = each.content
        if isinstance(content, Minutes):
            texts.setdefault(content.document.sha256, []).append(each)
        elif isinstance(content, MinutesSignature) and holder_of(each.by) is not None:
            signatures.setdefault(content.document, {}).setdefault(each.by.party, each)
        elif isinstance(content, Dissent) and content.document is not None:
            dissents.setdefault(content.document, []).append(each)
    found = [
        _text(
            sha256, put, signatures.get(sha256, {}), dissents.get(sha256, []), attending, holder_of
        )
        for sha256, put in texts.items()
    ]
    agreed = {each.document.replaces: each.sha256 for each in found if each.state == "agreed"}
    ordered = sorted(found, key=lambda each: (each.put_forward[0].party, each.number, each.sha256))
    return [_replaced(each, agreed.get(each.sha256)) for each in ordered]


def draft_minutes(
    convocation: Convocation,
    host: str,
    status: Literal["actual", "exercise", "test"],
    attendance: Mapping[str, Sequence[Person]],
    proposals: Sequence[RegisteredProposal],
    closing: Closing | None,
    *,
    texts: Mapping[str, Text] | None = None,
    decisions: Sequence[Text] = (),
    remarks: Text | None = None,
    replaces: str | None = None,
) -> MinutesDocument:
    """The minutes as the record has the conference: who attended, the agenda, every proposal.

    Args:
        convocation: the newest one.
        host: the party that convened it.
        status: of the conference.
        attendance: party to its people, by its own statement.
        proposals: the register.
        closing: if it has been closed.
        texts: item of the agenda to what was said to it.
        decisions: what was decided.
        remarks: anything else.
        replaces: SHA-256 of the text that this one is to replace.
    """
    said = texts or {}
    return MinutesDocument(
        conference=convocation.conference,
        title=convocation.title,
        host=host,
        status=status,
        begins=convocation.begins,
        ended=None if closing is None else closing.ended,
        attendance={party: list(people) for party, people in sorted(attendance.items())},
        agenda=[
            MinutesItem(item=each.item, title=each.title, text=said.get(each.item))
            for each in convocation.agenda
        ],
        proposals=[
            MinutesProposal(
                party=each.by.party,
                number=each.content.number,
                sha256=each.by.sha256,
                title=each.content.title,
                fate=each.fate,
            )
            for each in proposals
        ],
        decisions=list(decisions),
        remarks=remarks,
        replaces=replaces,
    )


def minutes_differences(
    document: MinutesDocument,
    attendance: Mapping[str, Sequence[Person]],
    proposals: Sequence[RegisteredProposal],
) -> list[Words]:
    """In what a text of the minutes is not what the record has: told before anybody signs it."""
    found = []
    named = {each.sha256: each for each in document.proposals}
    for proposal in proposals:
        stated = named.pop(proposal.by.sha256, None)
        if stated is None:
            found.append(
                Words(
                    f"Proposal {proposal.label} is missing.",
                    f"La proposition {proposal.label} manque.",
                )
            )
        elif stated.fate != proposal.fate:
            ours, theirs = FATE_WORDS[proposal.fate], FATE_WORDS[stated.fate]
            found.append(
                Words(
                    f"Proposal {proposal.label} is {ours.en}; the minutes say {theirs.en}.",
                    f"La proposition {proposal.label} est {ours.fr} ; "
                    f"le procès-verbal la dit {theirs.fr}.",
                )
            )
    found += [
        Words(
            f"There is no proposal {each.party}-{each.number} of that text in this record.",
            f"Ce registre n’a pas de proposition {each.party}-{each.number} ayant ce texte.",
        )
        for each in named.values()
    ]
    for party in sorted({*attendance, *document.attendance}):
        ours_of = [each.name for each in attendance.get(party, ())]
        theirs_of = [each.name for each in document.attendance.get(party, [])]
        if ours_of != theirs_of:
            found.append(
                Words(
                    f"The people of {party} are others than it has stated itself.",
                    f"Les présents de {party} ne sont pas ceux qu’elle a déclarés.",
                )
            )
    return found


def _text(
    sha256: str,
    put: Sequence[ConferenceStatement],
    signed: Mapping[str, ConferenceStatement],
    dissents: Sequence[ConferenceStatement],
    attending: Sequence[str],
    holder_of: HolderOf,
) -> MinutesText:
    first = put[0].content
    if not isinstance(first, Minutes):
        raise TypeError("minutes are put forward by minutes")
    document = first.document
    required = sorted({*attending, *document.attendance})
    lines = []
    for party in required:
        each = signed.get(party)
        lines.append(
            SignatureLine(party, "", "", None)
            if each is None
            else SignatureLine(party, holder_of(each.by) or "", each.by.created, each.by)
        )
    times = [line.signed for line in lines if line.by is not None]
    left_out = tuple(party for party in required if party not in document.attendance)
    # Whoever attended and is not named has not agreed to that, whatever it signed.
    agreed = len(times) == len(required) and not left_out
    state: MinutesState = "agreed" if agreed else "signed in part" if times else "unsigned"
    return MinutesText(
        document=document,
        sha256=sha256,
        put_forward=tuple(each.by for each in put),
        number=first.number,
        lines=tuple(lines),
        state=state,
        agreed=max(times) if agreed else "",
        replaced_by=None,
        dissents=tuple(dissents),
        left_out=left_out,
    )


def _replaced(text: MinutesText, by: str | None) -> MinutesText:
    return text if by is None or by == text.sha256 else replace(text, replaced_by=by)
