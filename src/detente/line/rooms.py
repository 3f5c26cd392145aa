"""Rooms: who is in one, by what each party has stated itself, whatever came first.

The state is a function of the set of statements that a party has, not of their order, so parties
come to the same state however the line delivered them:

* Of each party the statement with the highest number counts. Nobody else writes in its name.
* The party that opened the room numbers its invitations of each party. A party is in the room by a
  statement under its newest invitation, and out by a leave. Only a new invitation brings it back.
* A statement counts for us only if it was made to us under our own newest invitation: what we heard
  before we left is of the past.
* Whoever learns of an invitation that the newest statement of its own was not made to, states it
  again (`duty`). So whoever is invited hears all who are in the room, and nobody else does.

Each change of the set of parties counts the epoch up. Its name also has a digest of the set: two
parties that change the set at once have the same number and different names, until each has heard
of the other's change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from detente.errors import DetenteError
from detente.record import Payload, format_time
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


def room_of(
    me: str, statements: Iterable[RoomStatement], erased: Mapping[str, Erased] | None = None
) -> Room | None:
    """A room, by all statements about it that a party has.

    Args:
        me: that party.
        statements: about one room, in any order.
        erased: party to what was erased of its statements.

    Returns:
        The room; None if no statement is there by which the party was invited.
    """
    by_party: dict[str, list[RoomStatement]] = {}
    for each in statements:
        by_party.setdefault(each.party, []).append(each)
    if not by_party:
        return None
    opener = founder_of(next(iter(by_party.values()))[0].room)
    ours = max((each.invited.get(me, 0) for each in by_party.get(opener, ())), default=0)
    opening = [each for each in by_party.get(opener, ()) if each.invited.get(me) == ours]
    if not ours or not opening:
        return None
    invitations: dict[str, int] = {}
    for each in opening:
        for party, number in each.invited.items():
            invitations[party] = max(number, invitations.get(party, 0))
    gone = erased or {}
    own = max(by_party.get(me, ()), key=_order, default=None)
    own_gone = gone.get(me)
    parties: dict[str, RoomParty] = {}
    epochs = [each.epoch for each in opening]
    for party, invitation in sorted(invitations.items()):
        said = by_party.get(party, [])
        made_to_us = [each for each in said if party == me or each.invited.get(me) == ours]
        epochs += [each.epoch for each in made_to_us]
        parties[party] = _standing(party, invitation, made_to_us, said, gone.get(party))
    first = min(opening, key=_order)
    newest = max(opening, key=_order)
    return Room(
        id=first.room,
        me=me,
        title=newest.title,
        purpose=newest.purpose,
        status=newest.status,
        opened=first.created,
        closed=next(
            (e.created for e in sorted(opening, key=_order) if e.kind == "room-close"), None
        ),
        number=max(epochs),
        parties=parties,
        own=own,
        # Our own statements are numbered without gaps, and stand in our record in their order.
        stated=(own.number if own is not None else 0)
        if own_gone is None
        else len({each.number for each in by_party.get(me, ())}) + own_gone.count,
        stated_sha256=own_gone.sha256
        if own_gone is not None and (own is None or own_gone.position > own.position)
        else own.sha256
        if own is not None
        else "",
    )


def message_channel(room: str, epoch: str, *, emergency: bool = False) -> str:
    """The channel of what is said in a room to one set of parties."""
    return f"room/{room}/{epoch}{'/emergency' if emergency else ''}"


def epoch_name(number: int, parties: Iterable[str]) -> str:
    """Name of an epoch of a room: number of changes, and digest of the set of parties."""
    return f"{number}-{digest_of(parties)}"


def message_fault(
    room: Room, statements: Iterable[RoomStatement], message: Payload, holder: str | None
) -> Words | None:
    """What is wrong with something that was said in a room; None if nothing is.

    It is judged by what its sender has stated at any time, so it does not depend on the order in
    which things came.

    Args:
        room: as we know it.
        statements: all about it.
        message: whose body names the room.
        holder: the officer whose key signed it; None if it was the sender's node.
    """
    own = [each for each in statements if each.party == message.sender and each.present]
    if not own:
        return Words(
            f"{message.sender} has not stated that it is in the room.",
            f"{message.sender} n’a pas déclaré être dans la salle.",
        )
    if holder is not None and not any(holder in each.officers for each in own):
        return Words(
            f"{holder} has never been one of its party’s members in the room.",
            f"{holder} n’a jamais été membre de la salle pour sa partie.",
        )
    parts = message.channel.split("/")
    digest = digest_of({message.sender, *message.to})
    if parts[:2] != ["room", room.id] or len(parts) < 3 or not parts[2].endswith(f"-{digest}"):
        return Words(
            "Its channel is not that of the parties it is addressed to.",
            "Son canal n’est pas celui des parties auxquelles il est adressé.",
        )
    if message.status != room.status:
        return Words(
            f"It is marked {message.status}, and the room {room.status}.",
            f"Il porte la mention {message.status}, et la salle {room.status}.",
        )
    if room.closed is not None and not _before(message, room.closed):
        return Words(
            "It was written after the room was closed.",
            "Il a été écrit après la fermeture de la salle.",
        )
    return None


def _standing(
    party: str,
    invitation: int,
    made_to_us: Sequence[RoomStatement],
    said: Sequence[RoomStatement],
    erased: Erased | None,
) -> RoomParty:
    newest = max(made_to_us, key=_order, default=None)
    contradicts = _contradict(said)
    if erased is not None and erased.position > max((e.position for e in said), default=-1):
        return RoomParty(party, "unknown", invitation, (), None, contradicts)
    if newest is None or newest.invited[party] != invitation:
        # Under an older invitation it is of the past, under a newer one we shall hear of that.
        return RoomParty(party, "invited", invitation, (), None, contradicts)
    presence: Presence = "in" if newest.present else "out"
    return RoomParty(party, presence, invitation, newest.officers, newest, contradicts)


def _contradict(said: Iterable[RoomStatement]) -> bool:
    hashes: dict[int, str] = {}
    ordered = sorted(said, key=_order)
    for each in ordered:
        if hashes.setdefault(each.number, each.sha256) != each.sha256:
            return True
    return any(
        each.number - 1 in hashes and each.previous != hashes[each.number - 1] for each in ordered
    )


def _order(statement: RoomStatement) -> tuple[int, str]:
    # The hash decides between two of one number, so that it is the same one everywhere.
    return statement.number, statement.sha256


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


def _before(message: Payload, closed: str) -> bool:
    return format_time(message.created) <= closed
