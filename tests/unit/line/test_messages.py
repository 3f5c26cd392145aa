"""Messages and what becomes of them: every state is proven by an entry, at both sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.line_messages import (
    CIRCLE,
    NINE_KM_OFF,
    NOTICE,
    READ_BACK,
    TEXT,
    TIMES,
    Tables,
    Talk,
)

from detente import line
from detente.line import (
    FieldsUnusable,
    LineRules,
    MessageRefused,
    MessageState,
    MessageView,
    ReadBackWrong,
    RecipientView,
    RoomPlace,
    StatusMixed,
    WaitingMessages,
    acknowledgement_draft,
    message_draft,
    read_back_draft,
    read_read_back,
    refusal_draft,
)
from detente.record import Draft, Payload, Reference

pytestmark = pytest.mark.anyio

RULES = LineRules()


async def view(talk: Talk, message: Payload, whose: str = "a") -> MessageView:
    found = await line.message(talk.tables[whose].query, str(message.id), whose, RULES)
    assert found is not None
    return found


async def at(talk: Talk, message: Payload, party: str = "b", whose: str = "a") -> RecipientView:
    found = (await view(talk, message, whose)).recipient(party)
    assert found is not None
    return found


async def waiting(talk: Talk, whose: str = "a") -> list[str]:
    found = await WaitingMessages(whose).refresh(talk.tables[whose].query, RULES)
    return [f"{each.id[-2:]}:{each.party}" for each in found]


def acknowledge(talk: Talk, message: Payload, *, by: str = "nowak", party: str = "b") -> Payload:
    return talk.state(party, acknowledgement_draft(message), by=by)


def read_back(talk: Talk, message: Payload, *, by: str = "nowak", **parts: Any) -> Payload:
    """A read-back as a node sends it that does not look at it first."""
    draft = Draft(
        "read-back",
        f"line/{message.sender}",
        (message.sender,),
        {"of": str(message.id), **READ_BACK, **parts},
        (Reference(message.id, "read-back", message.sha256),),
        status=message.status,
    )
    return talk.state("b", draft, by=by)


async def test_a_message_goes_through_five_states_at_both_sides() -> None:
    talk = Talk()
    message = talk.say(lost=True)
    assert (await at(talk, message)).state is MessageState.QUEUED
    assert await line.message(talk.tables["b"].query, str(message.id), "b", RULES) is None
    talk.wait(5)
    talk.deliver(message, "b")
    for whose in "ab":
        found = await at(talk, message, whose=whose)
        assert (found.state, found.delivered) == (
            MessageState.DELIVERED,
            "2027-01-01T06:00:05.000000Z",
        )
    talk.wait(5)
    talk.show(message)
    talk.show(message, officer="lind")
    found = await at(talk, message)
    assert found.state is MessageState.SHOWN
    assert [each.officer for each in found.shown] == ["nowak", "lind"]
    assert await waiting(talk) == await waiting(talk, "b") == ["01:b"]
    acknowledge(talk, message)
    for whose in "ab":
        found = await at(talk, message, whose=whose)
        assert found.state is MessageState.ACKNOWLEDGED
        assert found.acknowledged_by is not None
        assert found.acknowledged_by.fact.author == "nowak.b"
    assert await waiting(talk) == await waiting(talk, "b") == []
    answer = talk.say("b", "a", "reply", {"answer": "yes"}, by="nowak", answers=message)
    for whose in "ab":
        found = await at(talk, message, whose=whose)
        assert found.state is MessageState.ANSWERED
        assert found.answers == (str(answer.id),)


async def test_an_answer_alone_proves_no_acknowledgement() -> None:
    talk = Talk()
    message = talk.say()
    talk.say("b", "a", "reply", {"answer": "no"}, by="nowak", answers=message)
    found = await at(talk, message)
    assert found.state is MessageState.ANSWERED
    assert found.acknowledged_by is None
    assert f"{str(message.id)[-2:]}:b" in await waiting(talk)


async def test_what_others_state_proves_nothing() -> None:
    """A party that the message was not for, the sender itself, another status, another entry."""
    talk = Talk()
    message, other = talk.say(), talk.say()
    acknowledgement = acknowledgement_draft(message)
    wrong_status = Draft(
        acknowledgement.kind,
        acknowledgement.channel,
        acknowledgement.to,
        acknowledgement.body,
        acknowledgement.refs,
        status="exercise",
    )
    wrong_entry = Draft(
        acknowledgement.kind,
        acknowledgement.channel,
        acknowledgement.to,
        acknowledgement.body,
        (Reference(other.id, "acknowledgement", other.sha256),),
    )
    talk.state("c", acknowledgement, by="stranger")
    talk.state("b", wrong_status, by="nowak")
    talk.state("b", wrong_entry, by="nowak")
    talk.state("a", line.shown_draft(message, "durand", talk.now), lost=True)
    assert (await at(talk, message)).state is MessageState.DELIVERED
    assert (await at(talk, other)).state is MessageState.DELIVERED
    assert len(await waiting(talk)) == 2


async def test_a_notice_counts_only_after_it_was_read_back_by_the_same_officer() -> None:
    talk = Talk()
    message = talk.say(form="activity-notice", fields=NOTICE)
    acknowledge(talk, message)
    found = await at(talk, message)
    assert found.state is MessageState.DELIVERED
    assert found.acknowledgements[0].why_not[0].en.startswith("Nothing was read back")
    good = read_back_draft(message, read_read_back(READ_BACK), RULES)
    assert good is not None
    talk.state("b", good, by="lind")
    acknowledge(talk, message)
    assert (await at(talk, message)).state is MessageState.DELIVERED, "it was somebody else"
    talk.state("b", good, by="nowak")
    assert (await at(talk, message)).state is MessageState.DELIVERED, "that came after"
    acknowledge(talk, message)
    for whose in "ab":
        assert (await at(talk, message, whose=whose)).state is MessageState.ACKNOWLEDGED
        assert await waiting(talk, whose) == []


def test_what_is_read_back_wrongly_is_refused_before_anything_is_signed() -> None:
    talk = Talk()
    message = talk.say(form="activity-notice", fields=NOTICE)
    with pytest.raises(ReadBackWrong, match="lies 9") as caught:
        read_back_draft(message, read_read_back({**READ_BACK, "area": NINE_KM_OFF}), RULES)
    assert [each.what for each in caught.value.differences] == ["place"]
    with pytest.raises(ReadBackWrong, match="levels were not read back"):
        read_back_draft(message, read_read_back({"area": CIRCLE, "times": TIMES}), RULES)


def test_what_asks_for_nothing_to_be_read_back_gets_no_read_back() -> None:
    talk = Talk()
    assert read_back_draft(talk.say(), read_read_back(READ_BACK), RULES) is None


async def test_a_wrong_read_back_of_another_program_does_not_count_and_is_answered() -> None:
    talk = Talk()
    message = talk.say(form="activity-notice", fields=NOTICE)
    wrong = read_back(talk, message, area=NINE_KM_OFF)
    acknowledge(talk, message)
    for whose in "ab":
        found = await at(talk, message, whose=whose)
        assert found.state is MessageState.DELIVERED
        (judged,) = found.acknowledgements
        assert "9.0 km north-east" in judged.why_not[0].en
        assert judged.read_back == str(wrong.id)
        assert await waiting(talk, whose) == ["01:b"]
    query = talk.tables["a"].query
    ((of, identity, _),) = await line.read_backs_to_judge(query, "a")
    assert (of, identity) == (str(message.id), str(wrong.id))
    differences = line.differences_of(message.body, wrong.body, RULES)
    refusal = talk.state("a", refusal_draft(message, wrong, differences))
    assert refusal.to == ("b",)
    assert await line.read_backs_to_judge(query, "a") == []
    assert (await at(talk, message, whose="b")).read_backs[0].refused
    # Read once more, rightly this time.
    read_back(talk, message)
    acknowledge(talk, message)
    assert (await at(talk, message)).state is MessageState.ACKNOWLEDGED
    # What was read back last counts.
    read_back(talk, message, area=NINE_KM_OFF)
    acknowledge(talk, message)
    judged = (await at(talk, message)).acknowledgements[-1]
    assert not judged.counts


async def test_a_refusal_of_a_good_read_back_changes_nothing() -> None:
    talk = Talk()
    message = talk.say(form="activity-notice", fields=NOTICE)
    good = read_back(talk, message)
    acknowledge(talk, message)
    talk.state("a", refusal_draft(message, good, []))
    assert (await at(talk, message, whose="b")).state is MessageState.ACKNOWLEDGED
    assert await waiting(talk, "b") == []


async def test_a_correction_supersedes_and_ends_the_old_deadline_once_acknowledged() -> None:
    talk = Talk()
    first = talk.say()
    second = talk.say(corrects=first)
    third = talk.say(form="cancellation", fields={"reason": "other"}, corrects=second)
    for whose in "ab":
        assert (await view(talk, first, whose)).superseded_by == str(second.id)
        assert (await view(talk, second, whose)).superseded_by == str(third.id)
        assert (await view(talk, third, whose)).superseded_by is None
        assert len(await waiting(talk, whose)) == 3
    listed = WaitingMessages("a")
    assert len(await listed.refresh(talk.tables["a"].query, RULES)) == 3
    acknowledge(talk, second)
    left = [each.id for each in await listed.refresh(talk.tables["a"].query, RULES)]
    assert left == [str(third.id)], "the correction of the first one is acknowledged"
    acknowledge(talk, third)
    assert await listed.refresh(talk.tables["a"].query, RULES) == []
    later = talk.say()
    assert [e.id for e in await listed.refresh(talk.tables["a"].query, RULES)] == [str(later.id)]


async def test_an_unacknowledged_correction_ends_nothing() -> None:
    talk = Talk()
    first = talk.say()
    talk.say(form="cancellation", fields={"reason": "other"}, corrects=first)
    found = await WaitingMessages("b").refresh(talk.tables["b"].query, RULES)
    assert [each.superseded_by is not None for each in found] == [True, False]


async def test_nobody_else_supersedes_a_message() -> None:
    talk = Talk()
    message = talk.say()
    forged = Draft(
        "message", "line/a", ("a",), {"form": "text"}, (Reference(message.id, "corrects", b"x"),)
    )
    talk.state("b", forged, by="nowak")
    assert (await view(talk, message)).superseded_by is None


async def test_two_corrections_that_name_each_other_end() -> None:
    talk = Talk()
    one = talk.say()
    body: Mapping[str, Any] = {"form": "text", "urgency": "routine", "fields": TEXT}
    two = talk.state(
        "a", Draft("message", "line/b", ("b",), body, (Reference(one.id, "corrects", b"x"),))
    )
    assert (await view(talk, two)).superseded_by is None
    assert len(await waiting(talk)) == 2


@pytest.mark.parametrize("status", ["exercise", "test"])
async def test_exercises_and_tests_are_lists_of_their_own(status: str) -> None:
    talk = Talk()
    actual, other = talk.say(), talk.say(status=status)
    for whose, listing in (("a", line.outbox), ("b", line.inbox)):
        query = talk.tables[whose].query
        assert [e.id for e in await listing(query, whose, RULES)] == [str(actual.id)]
        assert [e.id for e in await listing(query, whose, RULES, status=status)] == [str(other.id)]


def test_what_is_actual_does_not_refer_to_what_is_not() -> None:
    talk = Talk()
    exercise = talk.say(status="exercise")
    with pytest.raises(StatusMixed, match="never mixed"):
        talk.say(corrects=exercise)
    with pytest.raises(StatusMixed, match="never mixed"):
        talk.say("b", "a", "reply", {"answer": "yes"}, answers=exercise)
    with pytest.raises(StatusMixed, match="are tests"):
        talk.say(form="test-call", fields={"phrase": ["moon"]})


async def test_a_reference_across_statuses_that_came_all_the_same_is_not_followed() -> None:
    talk = Talk()
    message = talk.say()
    body: Mapping[str, Any] = {"form": "reply", "urgency": "routine", "fields": {"answer": "yes"}}
    refs = (Reference(message.id, "answers", message.sha256),)
    answer = talk.state("b", Draft("message", "line/a", ("a",), body, refs, status="exercise"))
    assert (await at(talk, message)).state is MessageState.DELIVERED
    query = talk.tables["a"].query
    assert [e.id for e in await line.thread(query, str(message.id), "a", RULES)] == [
        str(message.id)
    ]
    assert [e.id for e in await line.thread(query, str(answer.id), "a", RULES)] == [str(answer.id)]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"to": ()}, "nobody"),
        ({"to": ("a",)}, "own sender"),
        ({"to": ("b", "c")}, "one party"),
        ({"urgency": "flash"}, "no such urgency"),
        ({"form": "reply", "fields": {"answer": "yes"}}, "say which"),
        ({"form": "cancellation", "fields": {"reason": "other"}}, "say which"),
    ],
)
def test_messages_that_cannot_be(wrong: dict[str, Any], what: str) -> None:
    usual: dict[str, Any] = {"form": "text", "fields": TEXT, "to": ("b",)}
    given = {**usual, **wrong}
    with pytest.raises(MessageRefused, match=what):
        message_draft(given.pop("form"), given.pop("fields"), sender="a", language="en", **given)


def test_references_that_cannot_be() -> None:
    talk = Talk()
    ours, theirs = talk.say(), talk.say("b", "a", by="nowak")
    receipt = talk.show(ours)
    with pytest.raises(MessageRefused, match="Only who sent"):
        talk.say(corrects=theirs)
    with pytest.raises(MessageRefused, match="those who have"):
        talk.say(to="c", corrects=ours)
    with pytest.raises(MessageRefused, match="has the form"):
        talk.say(form="warning", fields={"danger": "traffic", "area": CIRCLE}, corrects=ours)
    with pytest.raises(MessageRefused, match="no message"):
        talk.say(corrects=receipt)
    with pytest.raises(MessageRefused, match="his own"):
        talk.say(answers=ours)
    with pytest.raises(MessageRefused, match="not for its sender"):
        talk.say("c", "a", answers=ours)
    with pytest.raises(MessageRefused, match="form"):
        talk.say(
            "b",
            "a",
            "test-answer",
            {"phrase": ["moon"]},
            answers=talk.say(status="test"),
            status="test",
        )
    with pytest.raises(FieldsUnusable, match="no such form"):
        talk.say(form="order")


def test_channels_follow_urgency_and_room() -> None:
    talk = Talk()
    place = RoomPlace("r1", "4-1f3a")
    assert talk.say().channel == "line/b"
    assert talk.say(urgency="urgent").channel == "line/b/emergency"
    distress = talk.say(urgency="distress", to="bc", room=place)
    assert distress.channel == "room/r1/4-1f3a/emergency"
    assert distress.body["room"] == "r1"
    assert talk.say(to="b", room=place).channel == "room/r1/4-1f3a"
    # What is said of a message goes to its sender, as fast as the message.
    assert talk.show(distress).channel == "line/a/emergency"
    assert acknowledgement_draft(talk.say()).channel == "line/a"


async def test_each_recipient_has_a_state_of_its_own() -> None:
    talk = Talk()
    message = talk.say(to="bc", room=RoomPlace("r1", "1-aa"))
    acknowledge(talk, message, party="c", by="x")
    assert (await at(talk, message, "b")).state is MessageState.DELIVERED
    assert (await at(talk, message, "c")).state is MessageState.ACKNOWLEDGED
    assert await waiting(talk) == ["01:b"]
    assert await waiting(talk, "c") == []


async def test_pages_are_cut_by_position() -> None:
    talk = Talk()
    said = [str(talk.say().id) for _ in range(5)]
    query = talk.tables["b"].query
    first = await line.inbox(query, "b", RULES, limit=2)
    rest = await line.inbox(query, "b", RULES, before=first[-1].position, limit=10)
    assert [each.id for each in (*first, *rest)] == said[::-1]
    assert await line.inbox(query, "b", RULES, peer="c") == []
    assert len(await line.outbox(talk.tables["a"].query, "a", RULES, peer="b")) == 5
    assert await line.outbox(talk.tables["a"].query, "a", RULES, peer="c") == []
    assert await line.outbox(query, "b", RULES) == []


async def test_a_thread_is_all_that_belongs_together() -> None:
    talk = Talk()
    first = talk.say()
    second = talk.say(corrects=first)
    answer = talk.say("b", "a", "reply", {"answer": "yes"}, by="nowak", answers=second)
    back = talk.say(answers=answer)
    talk.say()
    expected = [str(each.id) for each in (first, second, answer, back)]
    for start in (first, second, answer, back):
        for whose in "ab":
            found = await line.thread(talk.tables[whose].query, str(start.id), whose, RULES)
            assert [each.id for each in found] == expected
    assert await line.thread(talk.tables["a"].query, "no-such", "a", RULES) == []


async def test_words_of_a_message() -> None:
    talk = Talk()
    message = talk.say(form="activity-notice", fields=NOTICE)
    found = await view(talk, message, "b")
    assert [row.label.en for row in found.rows()] == ["Activity", "Area", "Levels", "Times"]
    assert found.known_form is not None
    assert found.known_form.title.fr == "Avis d’activité"
    assert found.deadline is not None
    assert MessageState.ANSWERED.words.fr == "répondu"
    assert [state.id for state in MessageState] == [
        "queued",
        "delivered",
        "shown",
        "acknowledged",
        "answered",
    ]


HOSTILE: list[tuple[str, Any]] = [
    ("message", {}),
    ("message", {"form": 3, "urgency": [], "fields": "x", "room": {}, "language": None}),
    ("message", {"form": "activity-notice", "urgency": "flash", "fields": {"area": None}}),
    ("message", {"form": "activity-notice", "urgency": "urgent", "fields": {"area": 1}}),
    ("shown", {}),
    ("shown", {"of": 5, "officer": {}, "at": 7}),
    ("read-back", {"of": "x", "area": "y"}),
    ("read-back-refused", {"of": [], "differences": 1}),
    ("escalation", {"of": "x", "step": 1e300, "called": ["a", "a", 3], "at": None}),
    ("escalation", {"of": "x", "step": True, "called": ["a"], "at": ""}),
    ("escalation", {"of": "x", "step": 2**53, "called": ["a"], "at": ""}),
    ("alarm", {"what": {}, "of": 3}),
    ("acknowledgement", {"of": "x", "text": 5}),
    ("receipt", {"of": "x", "received": 5}),
]


@pytest.mark.parametrize(("kind", "body"), HOSTILE)
async def test_whatever_another_party_writes_is_taken_and_shows_as_what_it_is(
    kind: str, body: dict[str, Any]
) -> None:
    talk = Talk()
    known = talk.say("b", "a", "activity-notice", NOTICE, by="nowak")
    about = (Reference(known.id, kind, known.sha256),)
    talk.state("b", Draft(kind, "line/a", ("a",), body, about))
    talk.state("b", Draft(kind, "line/a", ("a",), {**body, "of": str(known.id)}, about))
    query = talk.tables["a"].query
    listed = await line.inbox(query, "a", RULES)
    assert listed[-1].id == str(known.id)
    for strange in listed[:-1]:
        with pytest.raises(FieldsUnusable):
            strange.rows()
    found = await WaitingMessages("a").refresh(query, RULES)
    assert len(found) == len(listed)
    await line.alarms(query, "b")


async def test_an_unreadable_read_back_does_not_count() -> None:
    talk = Talk()
    message = talk.say(form="activity-notice", fields=NOTICE)
    read_back(talk, message, area={"shape": "square"})
    acknowledge(talk, message)
    (judged,) = (await at(talk, message)).acknowledgements
    assert not judged.counts
    assert "read_back.area" in judged.why_not[0].en


async def test_what_is_erased_leaves_nothing_and_nothing_else_changes() -> None:
    """Whatever is erased, the tables are those of a record that never had it."""
    talk = Talk()
    message = talk.say(form="activity-notice", fields=NOTICE)
    talk.show(message)
    read_back(talk, message, area=NINE_KM_OFF)
    read_back(talk, message)
    acknowledge(talk, message)
    talk.say("b", "a", "reply", {"answer": "yes"}, by="nowak", answers=message)
    talk.state(
        "b",
        Draft(
            "escalation",
            "line/a",
            ("a",),
            {"of": str(message.id), "step": 1, "called": ["nowak", "lind"], "at": "x"},
            (Reference(message.id, "escalation", message.sha256),),
        ),
    )
    talk.state("a", Draft("alarm", "own/watch", (), {"what": "overdue", "of": str(message.id)}))
    kinds = set()
    for gone in talk.entries:
        kinds.add(gone.kind)
        with_it, without = Tables("a"), Tables("a")
        erased = None
        for each in talk.entries:
            entry = with_it.take(each)
            if each is gone:
                erased = entry
                without.size += 1
            else:
                without.take(each)
        assert erased is not None
        with_it.erase(erased)
        assert with_it.everything() == without.everything()
    assert len(kinds) >= 7
