"""Rooms: who is in one, and what a party may state next.

Who is in a room follows from what each party has stated itself; see `room_folding`.

Each change of the set of parties counts the epoch up. Its name also has a digest of the set: two
parties that change the set at once have the same number and different names, until each has heard
of the other's change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from detente.errors import DetenteError
from detente.words import Words

from .room_statements import RoomStatement
from .room_texts import NAMES_MAX, Texts, digest_of, founder_of, new_place

Presence = Literal["in", "invited", "out", "unknown"]
"""Of a party: `unknown` when its newest statement has been erased from our record."""

PRESENCE_WORDS: Final[Mapping[Presence, Words]] = {
    "in": Words("in the room", "dans la salle"),
    "invited": Words("invited, has not answered", "invitée, n’a pas répondu"),
    "out": Words("not in the room", "hors de la salle"),
    "unknown": Words("not known: erased from this record", "inconnue : effacée de ce registre"),
}


class RoomRefused(DetenteError):
    """A room does not allow this now; nothing was stated."""

    code: ClassVar[str] = "room.refused"


class NoSuchRoom(DetenteError):
    """There is no such room, or not for this party or officer."""

    code: ClassVar[str] = "room.unknown"


@dataclass(frozen=True, slots=True)
class Erased:
    """Statements of one party about one room that were erased from our record.

    Attributes:
        count: how many.
        position: of the newest one's entry.
        sha256: of its payload, hexadecimal: the leaf keeps it.
    """

    count: int
    position: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RoomParty:
    """How one party stands to a room.

    Attributes:
        party: its id.
        presence: whether it is in.
        invitation: number of its newest invitation.
        officers: its members, by its own statement; none unless it is in.
        statement: its newest statement that counts, if there is one.
        contradicts: it has made two statements under one number, or one that does not name the one
            before it: both are in the record.
    """

    party: str
    presence: Presence
    invitation: int
    officers: tuple[str, ...]
    statement: RoomStatement | None
    contradicts: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """A room as one party knows it.

    Attributes:
        id: names the party that opened it.
        me: whose knowledge it is.
        title: language tag to title.
        purpose: language tag to a text; may be empty.
        status: `actual`, `exercise` or `test`, of everything in it.
        opened: when (RFC 3339).
        closed: when it was closed (RFC 3339); None while it is open.
        number: changes of the set of parties known.
        parties: all who are or were invited, as far as we know, by id.
        own: our newest statement that is there, whatever invitation it was under.
        stated: number of our newest statement, erased or not; 0 if there is none.
        stated_sha256: of that one; empty if there is none.
    """

    id: str
    me: str
    title: Texts
    purpose: Texts
    status: str
    opened: str
    closed: str | None
    number: int
    parties: Mapping[str, RoomParty]
    own: RoomStatement | None
    stated: int
    stated_sha256: str

    @property
    def opener(self) -> str:
        """The party that opened it."""
        return founder_of(self.id)

    @property
    def present(self) -> tuple[str, ...]:
        """The parties that are in it, sorted."""
        return tuple(sorted(each.party for each in self.parties.values() if each.presence == "in"))

    @property
    def others(self) -> tuple[str, ...]:
        """Whom we speak to in it, sorted."""
        return tuple(party for party in self.present if party != self.me)

    @property
    def audience(self) -> tuple[str, ...]:
        """Whom we tell of our members: all others who are in it or invited, sorted."""
        return tuple(
            sorted(
                each.party
                for each in self.parties.values()
                if each.presence in ("in", "invited") and each.party != self.me
            )
        )

    @property
    def epoch(self) -> str:
        """Name of the set of parties as it is now: `<changes>-<digest>`."""
        return epoch_name(self.number, self.present)

    @property
    def mine(self) -> RoomParty:
        """How we stand to it."""
        return self.parties[self.me]

    @property
    def is_in(self) -> bool:
        """Whether we are in it."""
        return self.mine.presence == "in"

    @property
    def is_open(self) -> bool:
        """Whether it has not been closed."""
        return self.closed is None

    def channel(self, *, emergency: bool = False) -> str:
        """The channel of what is said in it now."""
        return message_channel(self.id, self.epoch, emergency=emergency)

    def is_member(self, party: str, holder: str) -> bool:
        """Whether an officer is a member, by his own party's statement."""
        found = self.parties.get(party)
        return found is not None and found.presence == "in" and holder in found.officers

    def check_speaking(self, holder: str | None) -> None:
        """Refuse what cannot be said in it now.

        Args:
            holder: the officer who would speak; None for our node.

        Raises:
            RoomRefused: it is closed, we or the officer are not in it, or nobody would hear it.
        """
        self._check_open()
        if not self.is_in:
            raise RoomRefused(
                "We are not in this room.", where=self.id, advice="Join it first, if invited."
            )
        if holder is not None and not self.is_member(self.me, holder):
            raise RoomRefused(
                f"{holder} is not one of our members in this room.",
                where=self.id,
                advice="Whoever manages our rooms can add members.",
            )
        if not self.others:
            raise RoomRefused("Nobody else is in this room.", where=self.id)

    # --- what we may state next ----------------------------------------------------------------

    def invite(self, parties: Sequence[str]) -> RoomStatement:
        """We opened it, and invite these, again or for the first time.

        Raises:
            RoomRefused: we did not open it, are out of it, or one of them is in or invited.
        """
        self._check_managing()
        if not parties:
            raise RoomRefused("Nobody is invited.", where=self.id)
        invited = self._made_to()
        for party in parties:
            if party in invited:
                raise RoomRefused("That party is invited already.", where=party)
            known = self.parties.get(party)
            invited[party] = 1 if known is None else known.invitation + 1
        return self._next("room-invite", self.mine.officers, invited=invited)

    def set_members(self, officers: Sequence[str]) -> RoomStatement:
        """These are our members from now on; the first time, we join by it.

        Raises:
            RoomRefused: the room is closed, or we are not invited (any more).
        """
        self._check_open()
        chosen = _checked_officers(officers)
        if self.mine.presence == "out":
            raise RoomRefused(
                "We have left this room, and were not invited again.",
                where=self.id,
                advice="Ask the party that opened it.",
            )
        if self.is_in:
            return self._next("room-members", chosen)
        return self._next("room-members", chosen, epoch=self.number + 1)

    def leave(self) -> RoomStatement:
        """We leave it, or decline to join.

        Raises:
            RoomRefused: we are not in it, nor invited.
        """
        self._check_open()
        if self.mine.presence == "out":
            raise RoomRefused("We are not in this room.", where=self.id)
        declined = self.mine.presence == "invited"
        return self._next("room-leave", (), epoch=self.number + (0 if declined else 1))

    def close(self) -> RoomStatement:
        """We opened it, and close it for everybody.

        Raises:
            RoomRefused: we did not open it, have left it, or it is closed.
        """
        self._check_managing()
        return self._next("room-close", self.mine.officers)

    def duty(self) -> RoomStatement | None:
        """What our node must state again, for those who were invited meanwhile; None if nothing."""
        own = self.own
        if own is None or self.me == self.opener or self.mine.presence in ("invited", "unknown"):
            return None
        if all(own.invited.get(party) == self.parties[party].invitation for party in self.audience):
            return None
        return self._next("room-members" if own.present else "room-leave", own.officers)

    def _next(
        self,
        kind: str,
        officers: tuple[str, ...],
        *,
        epoch: int | None = None,
        invited: Mapping[str, int] | None = None,
    ) -> RoomStatement:
        mine = self.me == self.opener
        return RoomStatement(
            room=self.id,
            party=self.me,
            kind=kind,
            number=self.stated + 1,
            previous=self.stated_sha256 or None,
            epoch=max(1, self.number if epoch is None else epoch),
            invited=self._made_to() if invited is None else invited,
            officers=officers,
            title=self.title if mine else {},
            purpose=self.purpose if mine else {},
            status=self.status,
        )

    def _made_to(self) -> dict[str, int]:
        return {
            party: self.parties[party].invitation for party in sorted({*self.audience, self.me})
        }

    def _check_open(self) -> None:
        if self.closed is not None:
            raise RoomRefused("This room has been closed.", where=self.id)

    def _check_managing(self) -> None:
        self._check_open()
        if self.me != self.opener:
            raise RoomRefused(
                f"Only {self.opener}, which opened this room, can do that.", where=self.id
            )
        if not self.is_in:
            raise RoomRefused("We have left this room.", where=self.id, advice="Open another one.")


def open_room(
    party: str,
    *,
    invite: Sequence[str],
    officers: Sequence[str],
    title: Texts,
    purpose: Texts | None = None,
    status: str = "actual",
    random: bytes,
) -> RoomStatement:
    """The statement that opens a room.

    Args:
        party: that opens it.
        invite: other parties.
        officers: its own members.
        title: language tag to title.
        purpose: language tag to a text.
        status: `actual`, `exercise` or `test`.
        random: at least 6 random bytes, for its id.

    Raises:
        RoomRefused: nobody is invited, or there is no member.
    """
    others = set(invite) - {party}
    if not others or len(others) != len(invite):
        raise RoomRefused("Invite one or more other parties, each once.", where="invite")
    return RoomStatement(
        room=new_place(party, random),
        party=party,
        kind="room-open",
        number=1,
        previous=None,
        epoch=1,
        invited=dict.fromkeys(sorted({party, *others}), 1),
        officers=_checked_officers(officers),
        title=title,
        purpose=purpose or {},
        status=status,
    )


def message_channel(room: str, epoch: str, *, emergency: bool = False) -> str:
    """The channel of what is said in a room to one set of parties."""
    return f"room/{room}/{epoch}{'/emergency' if emergency else ''}"


def epoch_name(number: int, parties: Iterable[str]) -> str:
    """Name of an epoch of a room: number of changes, and digest of the set of parties."""
    return f"{number}-{digest_of(parties)}"


def _checked_officers(officers: Sequence[str]) -> tuple[str, ...]:
    chosen = tuple(sorted(set(officers)))
    if not chosen:
        raise RoomRefused(
            "A party has at least one member in a room it is in.",
            where="officers",
            advice="To be in it no more, leave it.",
        )
    if len(chosen) > NAMES_MAX:
        raise RoomRefused(f"At most {NAMES_MAX} members.", where="officers")
    return chosen
