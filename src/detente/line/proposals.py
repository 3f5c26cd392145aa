"""The register of proposals: what was ever proposed, by whom, and what each party said to it.

A proposal is an entry with its own hash, receipted by every party it went to. So it cannot be said
later that it was never raised, nor that something was raised that is not in the register.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from detente.words import Words

from .conference_contents import Proposal, ProposalFate, ProposalName
from .conference_statements import ConferenceStatement, Stated

OverallFate = Literal["open", "accepted", "rejected", "withdrawn", "deferred"]

FATE_WORDS: Final[Mapping[OverallFate, Words]] = {
    "open": Words("open", "en suspens"),
    "accepted": Words("accepted", "acceptée"),
    "rejected": Words("rejected", "rejetée"),
    "withdrawn": Words("withdrawn", "retirée"),
    "deferred": Words("deferred", "reportée"),
}


@dataclass(frozen=True, slots=True)
class Stance:
    """What one party says to a proposal, by its newest statement on it."""

    content: ProposalFate
    by: Stated


@dataclass(frozen=True, slots=True)
class RegisteredProposal:
    """A proposal and its fate.

    Attributes:
        content: what was proposed.
        by: who proposed it.
        stances: of each party that has said something, the newest one.
        fate: what follows from them.
        decided: time of the statement that brought it (RFC 3339); empty while it is open.
        contradicts: its party has stated two different proposals under this number.
    """

    content: Proposal
    by: Stated
    stances: Mapping[str, Stance]
    fate: OverallFate
    decided: str
    contradicts: bool = False

    @property
    def label(self) -> str:
        """As people call it: `a-3` is the third one of party a."""
        return f"{self.by.party}-{self.content.number}"

    @property
    def name(self) -> ProposalName:
        """By which statements refer to it."""
        return ProposalName(party=self.by.party, number=self.content.number, sha256=self.by.sha256)


def register(
    statements: Iterable[ConferenceStatement], attending: Sequence[str]
) -> list[RegisteredProposal]:
    """Every proposal among the statements of one conference, by party and number.

    The fate follows from the newest statement of each party, in this order: the proposer has
    withdrawn it; somebody rejects it; somebody defers it; all others who attend accept it; else it
    is open. A statement on another text than the recorded one (by its hash) counts for nothing.

    Args:
        statements: in any order.
        attending: parties that have stated that they attend.
    """
    proposals: dict[tuple[str, int], dict[str, ConferenceStatement]] = {}
    fates: dict[str, dict[str, ConferenceStatement]] = {}
    for each in statements:
        if isinstance(each.content, Proposal):
            of_number = proposals.setdefault((each.by.party, each.number), {})
            of_number[each.by.sha256] = each
        elif isinstance(each.content, ProposalFate):
            about = fates.setdefault(each.content.proposal.sha256, {})
            known = about.get(each.by.party)
            if known is None or _order(known) < _order(each):
                about[each.by.party] = each
    found = []
    for _, of_number in sorted(proposals.items()):
        for sha256, each in sorted(of_number.items()):
            content = each.content
            if isinstance(content, Proposal):
                stances = _stances(content, each.by, fates.get(sha256, {}))
                fate, decided = _fate(each.by.party, stances, attending)
                found.append(
                    RegisteredProposal(content, each.by, stances, fate, decided, len(of_number) > 1)
                )
    return found


def _stances(
    content: Proposal, by: Stated, fates: Mapping[str, ConferenceStatement]
) -> dict[str, Stance]:
    return {
        party: Stance(each.content, each.by)
        for party, each in sorted(fates.items())
        if isinstance(each.content, ProposalFate)
        and (each.content.proposal.party, each.content.proposal.number)
        == (by.party, content.number)
    }


def _fate(
    proposer: str, stances: Mapping[str, Stance], attending: Sequence[str]
) -> tuple[OverallFate, str]:
    by_fate: dict[str, list[str]] = {}
    for each in stances.values():
        by_fate.setdefault(each.content.fate, []).append(each.by.created)
    deciding: tuple[OverallFate, ...] = ("withdrawn", "rejected", "deferred")
    for fate in deciding:
        if fate in by_fate:
            return fate, min(by_fate[fate])
    others = set(attending) - {proposer}
    if others and all(
        party in stances and stances[party].content.fate == "accepted" for party in others
    ):
        return "accepted", max(by_fate["accepted"])
    return "open", ""


def _order(statement: ConferenceStatement) -> tuple[int, str]:
    return statement.number, statement.by.sha256
