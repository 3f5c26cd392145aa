"""Test calls: when they are made, what answers them, and what becomes of those that are missed."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from tests.support.line_messages import START, Talk
from tests.unit.line.test_escalation import document

from detente import line
from detente.agreement import Document, load_agreement
from detente.line import (
    CallFact,
    CallState,
    LineRules,
    MessageRefused,
    call_answer_draft,
    call_draft,
    calls_to_make,
    missed_draft,
    planned_calls,
    random_phrase,
    same_phrase,
    statistics,
)
from detente.record import Payload

pytestmark = pytest.mark.anyio

DAY = date(2027, 3, 14)
RULES = LineRules()


def with_calls(count: int, parties: int = 2) -> Document:
    found = document()
    more = [
        msgspec.structs.replace(found.parties[0], id=f"p{number}") for number in range(parties - 2)
    ]
    rules = msgspec.structs.replace(found.line, test_calls_per_day=count)
    return msgspec.structs.replace(found, line=rules, parties=[*found.parties, *more])


@pytest.mark.parametrize("count", [1, 2, 7, 96])
def test_both_parties_call_so_often_a_day_evenly_and_in_turns(count: int) -> None:
    calls = planned_calls(with_calls(count), DAY)
    assert [call.caller for call in calls] == ["a", "b"] * count
    assert [call.callee for call in calls] == ["b", "a"] * count
    assert all(call.at.date() == DAY and call.at.second == 0 for call in calls)
    tomorrow = planned_calls(with_calls(count), DAY + timedelta(days=1))
    gaps = [(b.at - a.at).total_seconds() for a, b in pairwise([*calls, tomorrow[0]])]
    assert max(gaps) - min(gaps) <= 60
    assert sum(gaps) == 86_400


def test_calls_follow_from_the_agreement_alone() -> None:
    assert planned_calls(document(), DAY) == planned_calls(document(), DAY)
    other = msgspec.structs.replace(document(), id="another")
    assert [c.at for c in planned_calls(other, DAY)] != [
        c.at for c in planned_calls(document(), DAY)
    ]
    assert planned_calls(with_calls(0), DAY) == []


def test_each_pair_of_three_parties_has_its_calls() -> None:
    calls = planned_calls(with_calls(2, parties=3), DAY)
    pairs = {frozenset((call.caller, call.callee)) for call in calls}
    assert len(pairs) == 3
    assert len(calls) == 12
    assert len({call.at for call in calls}) == 12


def test_a_node_makes_its_own_calls_and_does_not_make_up_for_missed_ones() -> None:
    begin = datetime(2027, 3, 14, tzinfo=UTC)
    made = []
    for minute in range(0, 2 * 24 * 60, 5):
        since = begin + timedelta(minutes=minute)
        made += calls_to_make(document(), "a", since, since + timedelta(minutes=5))
    planned = [
        call
        for day in (DAY, DAY + timedelta(days=1))
        for call in planned_calls(document(), day)
        if call.caller == "a"
    ]
    assert made == planned
    (last,) = calls_to_make(document(), "a", begin, begin + timedelta(days=2))
    assert last == planned[-1]


def test_phrases_are_different_words_from_the_random_bytes_that_are_given() -> None:
    source = random.Random(5)
    phrases = [tuple(random_phrase(source.randbytes)) for _ in range(300)]
    assert all(len(set(phrase)) == 4 for phrase in phrases)
    assert len(set(phrases)) == 300
    assert {word for phrase in phrases for word in phrase} == set(line.TEST_WORDS)
    assert random_phrase(random.Random(7).randbytes) == random_phrase(random.Random(7).randbytes)


@pytest.mark.parametrize(
    ("again", "same"),
    [
        (("river", "coffee"), True),
        (("rivière", "café"), True),
        ((" RIVIERE ", "cafe"), True),
        (("river", "café"), True),
        (("coffee", "river"), False),
        (("river",), False),
        (("river", "coffee", "lamp"), False),
        (("rivers", "coffee"), False),
        ((), False),
    ],
)
def test_words_in_either_language_answer(again: tuple[str, ...], same: bool) -> None:
    assert same_phrase(("river", "coffee"), again) is same


def call(talk: Talk, phrase: tuple[str, ...] = ("river", "lamp")) -> Payload:
    return talk.state("a", call_draft("a", "b", phrase))


async def facts(talk: Talk, whose: str = "a") -> list[CallFact]:
    return await line.call_facts(talk.tables[whose].query, whose, START)


async def test_both_officers_answer_and_both_sides_know_it() -> None:
    talk = Talk()
    made = call(talk)
    assert made.status == "test"
    talk.wait(20)
    talk.state("b", call_answer_draft("b", made, ["rivière", "lampe"]), by="nowak")
    (fact,) = await facts(talk, "b")
    assert fact.missing == ("a",)
    assert fact.state(talk.now, RULES) is CallState.OPEN
    talk.wait(20)
    talk.state("a", call_answer_draft("a", made, ["river", "lamp"]), by="durand")
    for whose in "ab":
        (fact,) = await facts(talk, whose)
        assert fact.missing == ()
        assert (fact.caller, fact.callee) == ("a", "b")
        assert {p: (at - fact.at).total_seconds() for p, at in fact.answers.items()} == {
            "b": 20,
            "a": 40,
        }
        for later in (0, 900, 100_000):
            assert fact.state(talk.now + timedelta(seconds=later), RULES) is CallState.ANSWERED


async def test_wrong_words_are_no_answer() -> None:
    talk = Talk()
    made = call(talk)
    with pytest.raises(MessageRefused, match="not the words"):
        call_answer_draft("b", made, ["river", "moon"])
    # Another program sends them all the same.
    wrong = line.message_draft(
        "test-answer",
        {"phrase": ["river", "moon"]},
        sender="b",
        to=("a",),
        language="en",
        status="test",
        answers=made,
    )
    talk.state("b", wrong, by="nowak")
    (fact,) = await facts(talk)
    assert fact.answers == {}
    assert fact.wrong == ("b",)


async def test_only_those_between_whom_it_is_answer() -> None:
    talk = Talk()
    made = call(talk)
    with pytest.raises(MessageRefused, match="between these parties"):
        call_answer_draft("c", made, ["river", "lamp"])


async def test_late_after_ten_minutes_missed_after_thirty() -> None:
    talk = Talk()
    made = call(talk)
    talk.state("b", call_answer_draft("b", made, ["river", "lamp"]), by="nowak")
    (fact,) = await facts(talk)
    states = [
        fact.state(START + timedelta(seconds=after), RULES) for after in (599, 600, 1799, 1800)
    ]
    assert states == [CallState.OPEN, CallState.LATE, CallState.LATE, CallState.MISSED]
    agreed = LineRules(test_call_late_after_s=30, test_call_missed_after_s=60)
    assert fact.state(START + timedelta(seconds=59), agreed) is CallState.LATE
    assert fact.state(START + timedelta(seconds=60), agreed) is CallState.MISSED
    # An answer that comes later does not undo it.
    talk.wait(1801)
    talk.state("a", call_answer_draft("a", made, ["river", "lamp"]), by="durand")
    (fact,) = await facts(talk)
    assert fact.missing == ()
    assert fact.state(talk.now, RULES) is CallState.MISSED
    assert fact.state(talk.now + timedelta(days=1), RULES) is CallState.MISSED
    assert CallState.MISSED.words.fr == "manqué"


async def test_a_missed_call_is_an_alarm_once() -> None:
    talk = Talk()
    call(talk)
    talk.wait(1800)
    (fact,) = await facts(talk)
    assert not fact.alarmed
    draft = missed_draft(fact)
    assert (draft.to, draft.channel, draft.status) == ((), "own/watch", "test")
    assert draft.body["parties"] == ["a", "b"]
    talk.state("a", draft)
    (fact,) = await facts(talk)
    assert fact.alarmed
    (fact,) = await facts(talk, "b")
    assert not fact.alarmed
    (alarm,) = await line.alarms(talk.tables["a"].query, "a", status="test")
    assert alarm.what == "test-call-missed"


async def test_statistics() -> None:
    talk = Talk()
    for wait_s in (10, 30, 50):
        made = call(talk)
        talk.wait(wait_s)
        for party, by in (("b", "nowak"), ("a", "durand")):
            talk.state(party, call_answer_draft(party, made, ["river", "lamp"]), by=by)
    half = call(talk)
    talk.state("a", call_answer_draft("a", half, ["river", "lamp"]), by="durand")
    talk.wait(1800)
    call(talk)
    found = statistics(await facts(talk), talk.now, RULES)
    assert (found.calls, found.answered, found.missed, found.waiting) == (5, 3, 1, 1)
    assert found.median_s == {"a": 20, "b": 30}
    assert found.unanswered == {"a": 0, "b": 1}
    empty = statistics([], talk.now, RULES)
    assert (empty.calls, empty.median_s) == (0, {})


async def test_test_calls_are_no_part_of_lists_of_actual_messages_and_need_no_acknowledgement() -> (
    None
):
    talk = Talk()
    call(talk)
    query = talk.tables["b"].query
    assert await line.inbox(query, "b", RULES) == []
    assert len(await line.inbox(query, "b", RULES, status="test")) == 1
    assert await line.WaitingMessages("b").refresh(query, RULES) == []


def test_the_rules_of_an_agreement_are_read_and_checked(tmp_path: Path) -> None:
    from tests.support.agreements import enrolled

    from detente.agreement import AgreementUnusable, sections

    world = enrolled(tmp_path)
    assert line.line_rules(load_agreement(world.agreement)) == LineRules()
    world.change("[incidents]", "[rules.line]\nplace_within_m = 250\n\n[incidents]")
    agreement = load_agreement(world.agreement)
    assert line.line_rules(agreement) == LineRules(place_within_m=250)
    (section,) = [each for each in sections(agreement) if each.key == "rules line"]
    assert [row.value.en for row in section.rows] == [
        "250 metres",
        "60 seconds",
        "600 seconds",
        "1,800 seconds",
    ]
    world.change("place_within_m = 250", "test_call_missed_after_s = 600")
    with pytest.raises(AgreementUnusable, match="missed before it is late"):
        load_agreement(world.agreement)
