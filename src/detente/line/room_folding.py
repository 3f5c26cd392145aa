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
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from detente.record import Payload, format_time
from detente.words import Words

from .room_statements import RoomStatement
from .room_texts import digest_of, founder_of
from .rooms import Erased, Presence, Room, RoomParty


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


def _before(message: Payload, closed: str) -> bool:
    return format_time(message.created) <= closed
