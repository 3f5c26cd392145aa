"""Times in which a line was down: what each side says of one, and what both say together.

Each side states by itself what it saw, once the line is back (`outage`, to the peer). Neither can
state the other's view; a reader sees both, and where they differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final

from detente.errors import DetenteError
from detente.record import Draft, JsonValue, format_time, parse_time
from detente.words import NARROW, Words, moment

from .standing import State

AWAY_MIN: Final = timedelta(seconds=3)
"""A start that takes less is no outage."""
CLOCKS_APART: Final = timedelta(seconds=30)
"""By so much the clocks of two nodes differ at most (requests with more are refused)."""


class OutageMalformed(DetenteError):
    """The body of an `outage` entry has not the form that it must have."""

    code: ClassVar[str] = "line.outage"


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without the line, as one side saw it. Times are of that side's wall clock.

    Attributes:
        peer: whom that side did not hear.
        since: when it last heard it; of an own absence, its own last sign of life.
        until: when it was heard again; None while it lasts.
        seen_as: what it looked like: the state that lasted longest (DOWN_HERE of an own absence).
        own: True says "it was my node that was away": it had stopped, or stood still.
    """

    peer: str
    since: datetime
    until: datetime | None
    seen_as: State
    own: bool


def own_absences(
    peers: Sequence[str],
    last_sign: datetime,
    started: datetime,
    lasting: Sequence[Outage] = (),
) -> list[Outage]:
    """What a node says after its own start, if it had been running before.

    Args:
        last_sign: the last sign of life that it had left on its disk (each few seconds; the newest
            entry of the record will do if it is later).
        started: when it started.
        lasting: outages that had begun and are not in the record yet, to be kept on disk as they
            change: from `OutageBegan`, over or not, until the statement is recorded. What this
            function returns is kept there likewise, until it is.

    Returns: what is to be stated now, all of it over: what had begun, as far as it was seen; and an
    own absence for each peer, unless it was shorter than 3 s, for that no peer calls an outage.
    """
    seen = [
        replace(each, until=max(each.since, last_sign)) if each.until is None else each
        for each in lasting
    ]
    if started - last_sign < AWAY_MIN:
        return seen
    away = [Outage(peer, last_sign, started, State.DOWN_HERE, own=True) for peer in peers]
    return seen + away


def outage_draft(outage: Outage, channel: str) -> Draft:
    """The entry of an outage that is over: kind `outage`, to the peer, in a channel to it.

    Raises:
        ValueError: it is not over.
    """
    if outage.until is None:
        raise ValueError("an outage is stated when it is over")
    # A wall clock that was set back meanwhile must not make it end before it began.
    until = max(outage.since, outage.until)
    body: dict[str, JsonValue] = {
        "peer": outage.peer,
        "from": format_time(outage.since),
        "until": format_time(until),
        "seen_as": outage.seen_as.value,
        "own": outage.own,
    }
    return Draft("outage", channel, (outage.peer,), body)


def read_outage(body: dict[str, JsonValue]) -> Outage:
    """What the body of an `outage` entry says.

    Raises:
        OutageMalformed: it has not exactly the members that it must have.
    """
    if body.keys() != {"peer", "from", "until", "seen_as", "own"}:
        raise OutageMalformed("It has peer, from, until, seen_as and own, and nothing else.")
    peer, own = body["peer"], body["own"]
    if not isinstance(peer, str) or not isinstance(own, bool):
        raise OutageMalformed("The peer is a text, and `own` is true or false.", where="own")
    try:
        since, until = (parse_time(str(body[name])) for name in ("from", "until"))
    except ValueError as error:
        raise OutageMalformed(f"It is not said from when until when: {error}.") from None
    try:
        seen_as = State(body["seen_as"])
    except ValueError:
        seen_as = State.UP
    if not seen_as.outage:
        raise OutageMalformed("It is not a state in which a line is down.", where="seen_as")
    if until < since:
        raise OutageMalformed("It ends before it began.", where="until")
    return Outage(peer, since, until, seen_as, own)


@dataclass(frozen=True, slots=True)
class Stated:
    """An outage that a party has stated.

    Attributes:
        party: who says so.
        outage: what it says.
    """

    party: str
    outage: Outage


@dataclass(frozen=True, slots=True)
class SharedOutage:
    """One outage between two parties, as both tell it.

    Attributes:
        since: the earliest beginning that either states.
        until: the latest end that either states.
        stated: the statements, by party and time.
        away: the parties whose node was away, by their own word.
        unstated: the parties that have said nothing of it, yet.
    """

    since: datetime
    until: datetime
    stated: tuple[Stated, ...]
    away: tuple[str, ...]
    unstated: tuple[str, ...]

    @property
    def words(self) -> Words:
        """A few sentences for officers: from when to when, who saw what, where it was."""
        first, last = moment(self.since), moment(self.until)
        parts = [
            Words(
                f"The line was down from {first.en} to {last.en}.",
                f"La ligne a été coupée du {first.fr} au {last.fr}.",
            )
        ]
        for each in self.stated:
            seen = each.outage.seen_as.words
            if each.outage.own:
                parts.append(
                    Words(
                        f"{each.party}: its own node was away.",
                        f"{each.party}{NARROW}: son propre nœud était absent.",
                    )
                )
            else:
                parts.append(
                    Words(
                        f"{each.party} saw: {seen.en}.",
                        f"{each.party} a constaté{NARROW}: {seen.fr}.",
                    )
                )
        parts += [
            Words(f"{party} has stated nothing.", f"{party} n’a rien déclaré.")
            for party in self.unstated
        ]
        return Words(" ".join(part.en for part in parts), " ".join(part.fr for part in parts))


def lasting_words(outage: Outage) -> Words:
    """A sentence for officers on an outage that is not over: since when, what it looks like."""
    first, seen = moment(outage.since), outage.seen_as.words
    return Words(
        f"The line has been down since {first.en}: {seen.en}.",
        f"La ligne est coupée depuis le {first.fr}{NARROW}: {seen.fr}.",
    )


def reconcile(parties: tuple[str, str], stated: Sequence[Stated]) -> list[SharedOutage]:
    """Bring the statements of two parties about the line between them together, oldest first.

    Statements that overlap, or lie within 30 s of each other (clocks differ so much at most), are
    about the same outage. What is about other peers, or not over, is left out.
    """
    one, other = parties
    about = [
        (each.outage.since, each.outage.until, each)
        for each in stated
        if each.outage.until is not None
        and (each.party, each.outage.peer) in ((one, other), (other, one))
    ]
    about.sort(key=lambda each: (each[0], each[1], each[2].party))
    groups: list[list[tuple[datetime, datetime, Stated]]] = []
    ends: list[datetime] = []
    for each in about:
        if groups and each[0] <= ends[-1] + CLOCKS_APART:
            groups[-1].append(each)
            ends[-1] = max(ends[-1], each[1])
        else:
            groups.append([each])
            ends.append(each[1])
    return [
        SharedOutage(
            since=group[0][0],
            until=end,
            stated=tuple(each for _, _, each in group),
            away=tuple(
                party
                for party in parties
                if any(each.party == party and each.outage.own for _, _, each in group)
            ),
            unstated=tuple(
                party for party in parties if all(each.party != party for _, _, each in group)
            ),
        )
        for group, end in zip(groups, ends, strict=True)
    ]
