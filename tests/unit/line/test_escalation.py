"""Who is called when a message waits: by the clock, whoever is away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.support.agreements import enrolled
from tests.support.line_messages import NOTICE, READ_BACK, Talk

from detente import line
from detente.agreement import Document, load_agreement
from detente.line import (
    Due,
    LineRules,
    Waiting,
    WaitingMessages,
    acknowledge_within,
    acknowledgement_draft,
    call_times,
    calls_due,
    clock_start,
    escalation_draft,
    next_due,
    overdue_draft,
    overdue_words,
    read_back_draft,
    read_read_back,
)
from detente.line.urgency import in_force

pytestmark = pytest.mark.anyio

START = datetime(2027, 1, 1, 6, tzinfo=UTC)
RULES = LineRules()


@cache
def document() -> Document:
    """Deadlines 60 s, 300 s, 3600 s; steps of either party after 0 s and 120 s."""
    with TemporaryDirectory() as place:
        return load_agreement(enrolled(Path(place)).agreement).document


def waits(urgency: str, **more: object) -> Waiting:
    usual = Waiting("m", "a", "b", urgency, "actual", START, START)
    return replace(usual, **more)  # type: ignore[arg-type]  # fields by name


def times(urgency: str) -> list[tuple[int, str, float]]:
    found = call_times(waits(urgency), document())
    return [(step, who, (at - START).total_seconds()) for step, who, at in found]


def test_distress_calls_officer_and_deputy_at_once() -> None:
    assert times("distress") == [
        (1, "nowak", 0),
        (1, "lind", 0),
        (2, "lind", 120),
        (2, "desk", 120),
    ]


def test_urgent_calls_the_deputy_at_half_of_the_deadline_and_further_steps_all_the_same() -> None:
    assert times("urgent") == [
        (1, "nowak", 0),
        (1, "lind", 150),
        (2, "lind", 120),
        (2, "desk", 150),
    ]


def test_routine_calls_nobody_before_half_of_the_deadline() -> None:
    assert times("routine") == [(1, "nowak", 1800), (1, "lind", 3600)]


def test_an_urgency_that_is_not_known_is_taken_for_distress() -> None:
    assert times("flash") == times("distress")
    assert acknowledge_within("flash", document()) == timedelta(seconds=60)
    assert [in_force(each) for each in ("urgent", "routine", "")] == [
        "urgent",
        "routine",
        "distress",
    ]


def run(message: Waiting, party: str, until_s: int, every_s: int = 10) -> list[tuple[int, str]]:
    """A node that asks every ten seconds and states what it does: what happened when."""
    log: list[tuple[int, str]] = []
    for second in range(0, until_s + 1, every_s):
        due = calls_due(START + timedelta(seconds=second), [message], document(), party)
        for call in due.calls:
            log += [(second, f"step {call.step}: {officer}") for officer in call.called]
            called = {*message.called, *((call.step, officer) for officer in call.called)}
            message = replace(message, called=called)
        for overdue in due.overdue:
            log.append((second, f"overdue: {', '.join(overdue.channels)}"))
            message = replace(message, alarmed=True)
    return log


def test_a_message_that_nobody_answers_for_27_minutes() -> None:
    """Once a caller waited so long for one named person, and what he had to say came too late."""
    log = run(waits("urgent"), "b", 27 * 60)
    assert log == [
        (0, "step 1: nowak"),
        (120, "step 2: lind"),
        (150, "step 1: lind"),
        (150, "step 2: desk"),
        (300, "overdue: telephone, guard"),
    ]
    assert log[-1][0] < 27 * 60 / 5
    # The sender's node calls nobody of the other side, and knows of the deadline by itself.
    assert run(replace(waits("urgent"), received=None), "a", 27 * 60) == [log[-1]]


def test_a_node_that_was_away_calls_everybody_at_once_and_only_once() -> None:
    now = START + timedelta(hours=2)
    due = calls_due(now, [waits("urgent")], document(), "b")
    assert [(call.step, call.called) for call in due.calls] == [
        (1, ("nowak", "lind")),
        (2, ("lind", "desk")),
    ]
    assert due.calls[0].reach == ("line room B", "+00 0000 0201")
    assert due.calls[0].due == START
    assert len(due.overdue) == 1
    called = {(c.step, each) for c in due.calls for each in c.called}
    again = calls_due(now, [waits("urgent", called=called, alarmed=True)], document(), "b")
    assert again == Due()
    assert not again


def test_nobody_is_made_late_by_a_date_in_the_past() -> None:
    long_ago = waits("distress", created=START - timedelta(days=700_000 // 365))
    assert not calls_due(START, [long_ago], document(), "b").overdue
    late = START + timedelta(seconds=60)
    assert [each.deadline for each in calls_due(late, [long_ago], document(), "b").overdue] == [
        late
    ]
    # What is old should wait no longer: everybody is called at once.
    assert {call.step for call in calls_due(START, [long_ago], document(), "b").calls} == {1, 2}


def test_the_clock_of_a_message_from_the_future_begins_when_it_comes() -> None:
    late = START + timedelta(days=1)
    assert clock_start(late, START) == START
    assert clock_start(START, late) == START
    assert clock_start(START, None) == START
    message = waits("distress", created=late)
    assert calls_due(START, [message], document(), "b").calls
    assert message.deadline(document()) == START + timedelta(seconds=60)


@pytest.mark.parametrize("urgency", ["distress", "urgent", "routine"])
@pytest.mark.parametrize("party", ["a", "b"])
def test_the_next_moment_is_the_next_that_something_is_due(urgency: str, party: str) -> None:
    message = waits(urgency)
    moments = [START - timedelta(seconds=1)]
    while (at := next_due(moments[-1], [message], document(), party)) is not None:
        moments.append(at)
    assert moments[1:]
    for before, after in pairwise(moments):
        until = after - timedelta(microseconds=1)
        quiet = calls_due(until, [message], document(), party)
        assert quiet == calls_due(before, [message], document(), party), "nothing in between"
        assert quiet != calls_due(after, [message], document(), party)
    last = calls_due(moments[-1], [message], document(), party)
    assert last == calls_due(START + timedelta(days=9), [message], document(), party)
    assert next_due(START, [], document(), party) is None


def test_words_name_the_channels_that_are_left() -> None:
    (overdue,) = calls_due(START + timedelta(hours=1), [waits("urgent")], document(), "a").overdue
    words = overdue_words(overdue, document())
    assert words.en == (
        "No officer of Party B has acknowledged in time. Use, in this order: Direct telephone "
        "line (+00 0000 0100 / +00 0000 0200); International distress frequency (in the air)."
    )
    assert words.fr.startswith("Aucun officier de Partie B n’a pris acte dans les délais.")
    assert "Ligne téléphonique directe" in words.fr


async def test_what_a_node_states_is_what_it_asks_for_next_time() -> None:
    """Tables, clocks and statements together: nobody is called twice, and an answer ends it."""
    talk = Talk()
    message = talk.say(form="warning", fields={"danger": "traffic", "area": NOTICE["area"]})
    asked = {party: WaitingMessages(party) for party in "ab"}

    async def tick(party: str) -> list[str]:
        tables = talk.tables[party]
        waiting = await asked[party].refresh(tables.query, RULES)
        due = calls_due(talk.now, waiting, document(), party)
        for call in due.calls:
            talk.state(party, escalation_draft(call, message, talk.now))
        for overdue in due.overdue:
            talk.state(party, overdue_draft(overdue))
        return [each for call in due.calls for each in call.called] + ["overdue"] * len(due.overdue)

    assert await tick("b") == ["nowak"]
    assert await tick("b") == await tick("a") == []
    talk.wait(150)
    assert await tick("b") == ["lind", "lind", "desk"]
    talk.wait(149)
    assert await tick("b") == await tick("a") == []
    talk.wait(1)
    assert await tick("b") == await tick("a") == ["overdue"]
    assert await tick("b") == await tick("a") == []
    for party in "ab":
        view = await line.message(talk.tables[party].query, str(message.id), party, RULES)
        assert view is not None
        assert view.overdue == ("b",)
        (recipient,) = view.recipients
        assert sorted((call.step, call.officer) for call in recipient.calls) == [
            (1, "lind"),
            (1, "nowak"),
            (2, "desk"),
            (2, "lind"),
        ]
        (alarm,) = await line.alarms(talk.tables[party].query, party)
        assert (alarm.what, alarm.about) == ("overdue", str(message.id))
        assert alarm.body["channels"] == ["telephone", "guard"]
    good = read_back_draft(message, read_read_back({"area": READ_BACK["area"]}), RULES)
    assert good is not None
    talk.state("b", good, by="lind")
    talk.state("b", acknowledgement_draft(message), by="lind")
    talk.wait(3600)
    assert await tick("b") == await tick("a") == []


async def test_an_exercise_is_called_for_as_an_exercise() -> None:
    talk = Talk()
    message = talk.say(urgency="distress", status="exercise")
    waiting = await WaitingMessages("b").refresh(talk.tables["b"].query, RULES)
    talk.wait(60)
    due = calls_due(talk.now, waiting, document(), "b")
    assert {draft.status for draft in (escalation_draft(due.calls[0], message, talk.now),)} == {
        "exercise"
    }
    talk.state("b", overdue_draft(due.overdue[0]))
    assert await line.alarms(talk.tables["b"].query, "b") == []
    assert len(await line.alarms(talk.tables["b"].query, "b", status="exercise")) == 1
