from __future__ import annotations

import msgspec
import pytest
from tests.support.conferences import BEGINS, convened, holder_of, person, text

from detente.line import (
    AgendaItem,
    ConferenceRefused,
    NoSuchConference,
    StatementMalformed,
    conference_of,
)
from detente.line.conference_contents import Attendance, Closing, Dissent, Proposal
from detente.line.conference_statements import body_of, read_content


def test_nothing_is_known_before_the_convocation() -> None:
    world = convened()
    assert conference_of("b", world.said[1:], holder_of) is None


def test_the_newest_convocation_counts() -> None:
    world = convened()
    later = "2026-11-24T09:00:00.000000Z"
    item = AgendaItem(item="1", title={"en": "One"})
    world.add("a", world.seen_by("a").revise(begins=later, agenda=[item], dial_in="+00 1"))
    world.add("a", world.seen_by("a").revise(ends="2026-11-24T10:00:00.000000Z"))
    seen = world.seen_by("b")
    assert (seen.convocation.begins, seen.convocation.number) == (later, 3)
    assert seen.convocation.ends == "2026-11-24T10:00:00.000000Z"
    # A new beginning puts the old end off.
    assert world.seen_by("a").revise(begins=BEGINS).ends is None


def test_the_parties_stay_those_of_the_first_convocation() -> None:
    world = convened()
    change = world.seen_by("a").revise()
    world.add("a", msgspec.structs.replace(change, parties=["a", "b"]))
    seen = world.seen_by("c")
    assert sorted(seen.attendance) == ["a", "b", "c"]
    assert len(seen.ignored) == 1
    assert seen.convocation.number == 1


def test_each_party_states_its_own_people() -> None:
    world = convened(attending=False)
    world.attend("b")
    world.add("b", world.seen_by("b").attend([person("X"), person("Y")], text("Two of us.")))
    seen = world.seen_by("a")
    assert [each.name for each in seen.people["b"]] == ["X", "Y"]
    assert seen.attending == ("b",)
    with pytest.raises(ConferenceRefused, match="at least one"):
        seen.attend([])


def test_who_declines_is_out_for_good() -> None:
    world = convened(attending=False)
    world.attend("a", "b")
    world.add("c", world.seen_by("c").decline(text("No.")))
    assert world.seen_by("a").audience == ("b",)
    with pytest.raises(ConferenceRefused, match="do not take part"):
        world.seen_by("c").attend([person("X")])
    # Whatever it states all the same counts for nothing.
    world.add("c", Attendance(conference=world.identity, number=2, state="attending"))
    world.add(
        "c",
        Proposal(conference=world.identity, number=1, title={"en": "T"}, text=text("t")),
    )
    seen = world.seen_by("a")
    assert seen.attendance["c"].state == "declined"
    assert seen.proposals == ()
    assert [each.kind for each in seen.ignored] == ["proposal"]


def test_who_attends_or_hosts_does_not_decline() -> None:
    world = convened()
    for party in "ab":
        with pytest.raises(ConferenceRefused, match="cannot decline"):
            world.seen_by(party).decline()
    # One that says so all the same is still told everything, and must still sign.
    number = 2
    for party in "ab":
        content = Attendance(conference=world.identity, number=number, state="declined")
        world.add(party, content)
    seen = world.seen_by("c")
    assert seen.audience == ("a", "b")
    assert seen.attending == ("a", "b", "c")


def test_statements_of_strangers_and_of_another_status_count_for_nothing() -> None:
    world = convened("b")
    proposal = Proposal(conference=world.identity, number=1, title={"en": "T"}, text=text("t"))
    world.add("d", proposal)
    world.add("b", proposal, status="exercise")
    seen = world.seen_by("a")
    assert (seen.proposals, len(seen.ignored)) == ((), 2)


def test_what_is_stated_must_be_possible() -> None:
    world = convened(attending=False)
    seen = world.seen_by("b")
    with pytest.raises(ConferenceRefused, match="have not stated who"):
        seen.propose({"en": "T"}, text("t"))
    with pytest.raises(ConferenceRefused, match="Only a hosts"):
        seen.close(BEGINS)
    world.attend("a", "b")
    with pytest.raises(ConferenceRefused, match="no such item"):
        world.seen_by("b").propose({"en": "T"}, text("t"), "7")
    with pytest.raises(NoSuchConference):
        world.seen_by("b").judge("a-1", "accepted")
    with pytest.raises(NoSuchConference):
        world.seen_by("b").sign("0" * 64)
    world.add("a", world.seen_by("a").close(BEGINS))
    with pytest.raises(ConferenceRefused, match="closed"):
        world.seen_by("b").propose({"en": "T"}, text("t"))
    with pytest.raises(ConferenceRefused, match="closed"):
        world.seen_by("a").revise()


def test_nobody_is_addressed_when_all_others_have_declined() -> None:
    world = convened("b", attending=False)
    world.attend("a")
    world.add("b", world.seen_by("b").decline())
    seen = world.seen_by("a")
    with pytest.raises(ConferenceRefused, match="Every other"):
        seen.draft(seen.close(BEGINS))


def test_two_statements_of_one_number_are_told() -> None:
    world = convened()
    content = world.seen_by("b").propose({"en": "T"}, text("t"))
    world.add("b", content)
    world.add("b", content)
    seen = world.seen_by("a")
    assert seen.contradicting == ("b",)
    assert [each.contradicts for each in seen.proposals] == [True, True]
    with pytest.raises(ConferenceRefused, match="two proposals"):
        seen.proposal("b-1")


def test_numbers_of_erased_statements_are_not_given_again() -> None:
    world = convened()
    found = conference_of("b", world.said, holder_of, erased=2)
    assert found is not None
    assert found.propose({"en": "T"}, text("t")).number == 3


def test_dissent_is_an_officers() -> None:
    world = convened()
    note = world.seen_by("b").dissent(text("Not so."))
    world.add("b", note, author="node")
    assert world.seen_by("a").dissents == ()
    world.add("b", world.seen_by("b").dissent(text("Not so.")))
    (said,) = world.seen_by("a").dissents
    assert isinstance(said.content, Dissent)
    assert said.content.number == 2


@pytest.mark.parametrize(
    ("kind", "party", "body"),
    [
        ("conference", "b", {}),
        ("message", "a", {}),
        ("attendance", "b", {"number": 1, "state": "attending", "people": []}),
        ("attendance", "b", {"number": 1, "state": "declined", "people": [{"name": "X"}]}),
        ("attendance", "b", {"number": 1, "state": "attending", "people": [{"name": "X\n"}]}),
        ("proposal", "b", {"number": 1, "title": {"en": "T"}}),
        ("proposal", "b", {"number": 1, "title": {}, "text": {"en": "t"}}),
        ("proposal", "b", {"number": 1, "title": {"en": "T"}, "text": {"en": "\x00"}}),
        ("proposal", "b", {"number": 1, "title": {"en": "T"}, "text": {"en": "t"}, "x": 1}),
        ("conference-close", "b", {"ended": BEGINS}),
        ("conference-close", "a", {"ended": "2026-13-01T00:00:00.000000Z"}),
        ("conference-close", "a", {"ended": "2026-11-23"}),
        ("minutes-signature", "b", {"document": "0"}),
    ],
)
def test_what_is_no_statement(kind: str, party: str, body: dict[str, object]) -> None:
    with pytest.raises(StatementMalformed):
        read_content(kind, party, {"conference": "a.000102030405", **body})  # type: ignore[dict-item]


def test_what_is_written_is_read_again() -> None:
    world = convened()
    world.add("b", world.seen_by("b").propose({"en": "T"}, text("t")))
    world.add("a", world.seen_by("a").judge("b-1", "deferred", text("Later."), BEGINS))
    document = world.seen_by("a").draft_minutes(remarks=text("None."))
    world.add("a", world.seen_by("a").put_forward(document))
    content, _ = world.seen_by("b").sign(document.sha256)
    world.add("b", content)
    world.add("b", world.seen_by("b").dissent(text("No."), proposal="b-1"))
    world.add("a", Closing(conference=world.identity, ended=BEGINS))
    for each in world.said:
        assert read_content(each.kind, each.by.party, body_of(each.content)) == each.content


def test_a_host_that_declines_its_own_conference_does_not_make_it_vanish() -> None:
    world = convened(attending=False)
    world.add("a", Attendance(conference=world.identity, number=1, state="declined"))
    seen = world.seen_by("b")
    assert seen.convocation.begins == BEGINS
    assert seen.attendance["a"].state == "invited"
    assert seen.audience == ("a", "c")
