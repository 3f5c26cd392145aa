from __future__ import annotations

import msgspec
import pytest
from tests.support.conferences import World, convened, text

from detente.line import ConferenceRefused, RegisteredProposal
from detente.line.conference_contents import Fate


def proposed() -> World:
    world = convened()
    world.add("b", world.seen_by("b").propose({"en": "A group"}, text("A working group.")))
    return world


def only(world: World) -> RegisteredProposal:
    (found,) = world.seen_by("a").proposals
    return found


def decide(world: World, party: str, fate: Fate) -> None:
    world.add(party, world.seen_by(party).judge("b-1", fate))


def test_a_proposal_is_open_until_all_others_have_accepted() -> None:
    world = proposed()
    assert (only(world).label, only(world).fate, only(world).decided) == ("b-1", "open", "")
    decide(world, "a", "accepted")
    assert only(world).fate == "open"
    decide(world, "c", "accepted")
    assert only(world).fate == "accepted"
    assert only(world).decided == world.said[-1].by.created


@pytest.mark.parametrize("fate", ["rejected", "deferred"])
def test_one_other_is_enough_to_reject_or_defer(fate: Fate) -> None:
    world = proposed()
    decide(world, "a", "accepted")
    decide(world, "c", fate)
    assert only(world).fate == fate
    # Minds can be changed; the newest statement of each counts.
    decide(world, "c", "accepted")
    assert only(world).fate == "accepted"
    assert only(world).stances["c"].content.number == 2


def test_rejection_is_stronger_than_deferral_and_withdrawal_than_all() -> None:
    world = proposed()
    decide(world, "a", "deferred")
    decide(world, "c", "rejected")
    assert only(world).fate == "rejected"
    decide(world, "b", "withdrawn")
    assert only(world).fate == "withdrawn"
    assert only(world).stances["b"].by.party == "b"


def test_a_party_withdraws_its_own_and_judges_those_of_others() -> None:
    world = proposed()
    with pytest.raises(ConferenceRefused, match="its own"):
        decide(world, "a", "withdrawn")
    with pytest.raises(ConferenceRefused, match="its own"):
        decide(world, "b", "accepted")
    with pytest.raises(ConferenceRefused, match="until a time"):
        world.seen_by("a").judge("b-1", "accepted", until="2026-11-24T09:00:00.000000Z")


def test_a_statement_on_another_text_counts_for_nothing() -> None:
    world = proposed()
    decide(world, "c", "accepted")
    content = world.seen_by("a").judge("b-1", "accepted")
    other = msgspec.structs.replace(content.proposal, sha256="0" * 64)
    world.add("a", msgspec.structs.replace(content, proposal=other))
    assert only(world).fate == "open"
    renamed = msgspec.structs.replace(content.proposal, number=9)
    world.add("a", msgspec.structs.replace(content, proposal=renamed))
    assert only(world).fate == "open"


def test_the_older_statement_does_not_come_back() -> None:
    world = proposed()
    first = world.seen_by("a").judge("b-1", "rejected")
    second = msgspec.structs.replace(first, number=2, fate="accepted")
    decide(world, "c", "accepted")
    world.add("a", second)
    world.add("a", first)
    assert only(world).fate == "accepted"
