"""Parties change a room at the same time, and what they state arrives in any order.

The model is one look at everything, as nobody really has it: who has joined by which invitation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from detente.line import Room, RoomRefused, RoomStatement, open_room, room_of
from detente.line.room_statements import read_statement
from detente.record import canonical_json

OPENER = "a"
PARTIES = ("a", "b", "c", "d")
OFFICERS = ("x", "y", "z")


@dataclass
class Node:
    """What one party has, and what is on its way to it: in no order at all."""

    party: str
    held: list[RoomStatement] = field(default_factory=list)
    coming: list[RoomStatement] = field(default_factory=list)

    @property
    def room(self) -> Room | None:
        return room_of(self.party, self.held)


class Rooms(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.nodes = {party: Node(party) for party in PARTIES}
        self.invitations = {OPENER: 1}
        self.joined: dict[str, tuple[str, ...]] = {}
        self.answered = {OPENER: 1}
        self.settled: tuple[int, tuple[str, ...]] = (0, ())
        self.closed = False
        self.stated = 0

    def state(self, statement: RoomStatement) -> None:
        """Written, read again as others read it, kept, and sent off."""
        draft = statement.draft()
        body = canonical_json(dict(draft.body))
        sha256 = hashlib.sha256(statement.party.encode() + body).hexdigest()
        self.stated += 1
        said = read_statement(draft.kind, statement.party, dict(draft.body), draft.status)
        assert replace(said, sha256=statement.sha256) == statement
        said = replace(said, sha256=sha256, created=f"{self.stated:06}")
        assert statement.party not in draft.to
        for party in draft.to:
            assert party in self.invitations, "an outsider is told something"
            self.nodes[party].coming.append(said)
        self.keep_all(self.nodes[statement.party], [said])

    def tried(self, party: str, make: Callable[[Room], RoomStatement]) -> Room | None:
        """The room as it was before, if the party could state that."""
        room = self.nodes[party].room
        if room is None:
            return None
        try:
            statement = make(room)
        except RoomRefused:
            return None
        self.state(statement)
        return room

    def receive(self, node: Node, at: int) -> None:
        self.keep_all(node, [node.coming.pop(at % len(node.coming))])

    def keep_all(self, node: Node, said: list[RoomStatement]) -> None:
        """Kept at the position where it came, which tells nothing of what was said first."""
        for each in said:
            node.held.append(replace(each, position=len(node.held)))

    def duty(self, node: Node) -> bool:
        room = node.room
        statement = None if room is None else room.duty()
        if statement is not None:
            self.state(statement)
        return statement is not None

    @initialize(invited=st.sets(st.sampled_from(PARTIES[1:]), min_size=2))
    def open(self, invited: set[str]) -> None:
        statement = open_room(
            OPENER, invite=sorted(invited), officers=["x"], title={"en": "T"}, random=bytes(6)
        )
        self.invitations |= dict.fromkeys(invited, 1)
        self.joined[OPENER] = ("x",)
        self.state(statement)

    @rule(party=st.sampled_from(PARTIES), officers=st.sets(st.sampled_from(OFFICERS), min_size=1))
    def members(self, party: str, officers: set[str]) -> None:
        if room := self.tried(party, lambda room: room.set_members(sorted(officers))):
            self.joined[party] = tuple(sorted(officers))
            self.answered[party] = room.mine.invitation

    @rule(party=st.sampled_from(PARTIES))
    def leave(self, party: str) -> None:
        if room := self.tried(party, Room.leave):
            self.joined.pop(party, None)
            self.answered[party] = room.mine.invitation

    @rule(party=st.sampled_from(PARTIES[1:]))
    def invite(self, party: str) -> None:
        def make(room: Room) -> RoomStatement:
            statement = room.invite([party])
            assert party not in self.joined, "invited although it has not left"
            self.invitations[party] = self.invitations.get(party, 0) + 1
            assert statement.invited[party] == self.invitations[party]
            return statement

        self.tried(OPENER, make)

    @rule(party=st.sampled_from(PARTIES[1:]))
    def others_cannot_invite_or_close(self, party: str) -> None:
        assert self.tried(party, lambda room: room.invite(["f"])) is None
        assert self.tried(party, Room.close) is None

    @precondition(lambda self: self.stated > 12)
    @rule()
    def close(self) -> None:
        if self.tried(OPENER, Room.close):
            self.closed = True

    @rule(party=st.sampled_from(PARTIES), at=st.integers(0, 50))
    def deliver(self, party: str, at: int) -> None:
        node = self.nodes[party]
        if node.coming:
            self.receive(node, at)

    @rule(party=st.sampled_from(PARTIES), but=st.sampled_from(PARTIES))
    def hear(self, party: str, but: str) -> None:
        """Everything comes but what one other party has said; the node does its duty."""
        node = self.nodes[party]
        late = [each for each in node.coming if each.party == but]
        self.keep_all(node, [each for each in reversed(node.coming) if each.party != but])
        node.coming = late
        self.duty(node)

    @rule(party=st.sampled_from(PARTIES[1:]))
    def come_back(self, party: str) -> None:
        """It leaves, the opener hears of it and invites it again, and it joins."""
        self.leave(party)
        self.hear(OPENER, OPENER)
        self.invite(party)
        self.hear(party, party)
        self.members(party, {"y"})

    @rule(party=st.sampled_from(PARTIES))
    def keep(self, party: str) -> None:
        self.duty(self.nodes[party])

    @rule()
    def settle(self) -> None:
        for _ in range(1000):
            moved = False
            for node in self.nodes.values():
                while node.coming:
                    self.receive(node, 0)
                    moved = True
                moved = self.duty(node) or moved
            if not moved:
                break
        else:
            raise AssertionError("it never comes to rest")
        self.check()

    def teardown(self) -> None:
        if self.invitations != {OPENER: 1}:
            self.settle()

    def check(self) -> None:
        rooms = {party: node.room for party, node in self.nodes.items()}
        for party, room in rooms.items():
            assert (room is None) == (party not in self.invitations)
        epochs = set()
        for party, room in rooms.items():
            if room is None:
                continue
            waiting = self.invitations[party] > self.answered.get(party, 0)
            assert (room.mine.presence == "invited") == waiting
            if room.mine.presence == "out":
                continue
            assert room.present == tuple(sorted(self.joined)), party
            assert {each: room.parties[each].officers for each in room.present} == self.joined
            assert (room.closed is not None) == self.closed
            assert not any(each.contradicts for each in room.parties.values())
            epochs.add((room.number, room.epoch))
            for each in room.audience:
                assert rooms[each] is not None
                other = rooms[each]
                assert other is not None
                assert other.mine.presence in ("in", "invited"), "one who left would be told"
        assert len(epochs) <= 1
        for number, _ in epochs:
            parties = tuple(sorted(self.joined))
            assert number > self.settled[0] or self.settled == (number, parties)
            self.settled = (number, parties)
        for party in self.joined:
            room = rooms[party]
            assert room is not None
            assert room.is_in


Rooms.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestRooms = Rooms.TestCase


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_order_of_arrival_does_not_matter(data: st.DataObject) -> None:
    machine = Rooms()
    machine.open({"b", "c"})
    for _ in range(data.draw(st.integers(1, 12))):
        party = data.draw(st.sampled_from(PARTIES[:3]))
        match data.draw(st.integers(0, 3)):
            case 0:
                machine.members(party, data.draw(st.sets(st.sampled_from(OFFICERS), min_size=1)))
            case 1:
                machine.leave(party)
            case 2:
                machine.invite("d")
            case _:
                machine.deliver(party, 0)
    for node in machine.nodes.values():
        held = [*node.held, *node.coming]
        shuffled = data.draw(st.permutations(held))
        assert room_of(node.party, shuffled) == room_of(node.party, held)
        # What comes twice changes nothing.
        assert room_of(node.party, [*shuffled, *held]) == room_of(node.party, held)


def channels_of(statements: list[RoomStatement]) -> dict[tuple[str, str], set[tuple[str, ...]]]:
    found: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for each in statements:
        draft = each.draft()
        found.setdefault((each.party, draft.channel), set()).add(draft.to)
    return found


@given(st.lists(st.tuples(st.sampled_from(PARTIES), st.integers(0, 9)), max_size=60))
@settings(max_examples=150, deadline=None)
def test_a_channel_has_the_same_addressees_for_good(steps: list[tuple[str, int]]) -> None:
    machine = Rooms()
    machine.open({"b", "c"})
    spoken: dict[tuple[str, str], tuple[str, ...]] = {}
    for party, step in steps:
        match step:
            case 0:
                machine.members(party, {"x"})
            case 1:
                machine.leave(party)
            case 2:
                machine.invite(party if party != OPENER else "d")
            case 3 | 4:
                machine.deliver(party, 0)
            case 5:
                machine.come_back(party if party != OPENER else "d")
            case _:
                machine.hear(party, PARTIES[step - 6])
        room = machine.nodes[party].room
        if room is not None and room.is_in:
            channel = (party, room.channel(emergency=False))
            assert spoken.setdefault(channel, room.others) == room.others
            assert len(channel[1]) <= 100
    for node in machine.nodes.values():
        own = [each for each in node.held if each.party == node.party]
        assert all(len(each) == 1 for each in channels_of(own).values())
