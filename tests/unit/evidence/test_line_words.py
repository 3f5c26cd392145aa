"""Messages of the line as the page of a bundle tells them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.line_messages import NOTICE, Talk
from tests.unit.line.test_forms import FULL

from detente.evidence.line_words import line_words
from detente.evidence.request import Selection
from detente.evidence.selection import Chooser
from detente.evidence.summary import Summary
from detente.evidence.timeline import timeline
from detente.line import FORMS, acknowledgement_draft, read_back_draft, read_read_back
from detente.line.rules import LineRules
from detente.record import Draft, Entry


def told(kind: str, body: dict[str, Any]) -> list[str] | None:
    talk = Talk()
    words = line_words(talk.state("a", Draft(kind, "line/b", ("b",), body)))
    return None if words is None else list(words)


@pytest.mark.parametrize("form", FULL)
def test_a_message_is_told_by_its_form_in_both_languages(form: str) -> None:
    found = told("message", {"form": form, "urgency": "urgent", "fields": FULL[form]})
    assert found is not None
    title = FORMS[form].title
    assert found[0].startswith(f"{title.en} (URGENT). ")
    assert found[1].startswith(f"{title.fr} (URGENT). ")


def test_calls_alarms_and_refusals() -> None:
    assert told("escalation", {"step": 2, "called": ["lind", "desk"]}) == [
        "Step 2: lind, desk called",
        "Étape 2\u202f: appel de lind, desk",
    ]
    assert told("alarm", {"what": "overdue", "party": "b"}) == [
        "No acknowledgement in time by: b",
        "Pas de prise d’acte dans les délais par\u202f: b",
    ]
    assert told("alarm", {"what": "test-call-missed", "parties": ["a", "b"]}) == [
        "Test call not answered by: a, b",
        "Appel d’essai sans réponse de\u202f: a, b",
    ]
    assert told("read-back-refused", {"differences": [{"en": "Off.", "fr": "Faux."}]}) == [
        "Off.",
        "Faux.",
    ]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("message", {"text": "an older one"}),
        ("message", {"form": "warning", "fields": {"area": 1}}),
        ("message", {"form": [], "fields": []}),
        ("escalation", {"called": "x"}),
        ("read-back-refused", {"differences": [1]}),
        ("alarm", {"what": 1}),
        ("outage", {"peer": "b"}),
    ],
)
def test_what_has_another_form_is_shown_as_it_is(kind: str, body: dict[str, Any]) -> None:
    assert told(kind, body) is None


def entries(talk: Talk) -> list[Entry]:
    return [Entry(at, b"", None, payload) for at, payload in enumerate(talk.entries)]


def exchanged() -> Talk:
    talk = Talk()
    message = talk.say(form="activity-notice", fields=NOTICE)
    talk.show(message)
    read = read_back_draft(
        message, read_read_back({k: NOTICE[k] for k in ("area", "levels", "times")}), LineRules()
    )
    assert read is not None
    talk.state("b", read, by="nowak")
    talk.state("b", acknowledgement_draft(message), by="nowak")
    talk.state("a", Draft("watch", "own/watch", (), {"state": "up"}))
    return talk


def test_what_is_said_of_a_message_stands_beside_it_and_in_the_picture() -> None:
    summary = Summary()
    for entry in entries(exchanged()):
        summary.add(entry)
    (row,) = summary.rows()
    assert [answer.kind for answer in row.answers] == [
        "receipt",
        "shown",
        "read-back",
        "acknowledgement",
    ]
    assert row.answers[1].words == "nowak"
    assert summary.kinds["watch"] == 1
    picture = timeline(summary.rows(), ["a", "b"], {})
    assert picture.count("<title>") == 5


def test_a_selected_message_brings_what_was_said_of_it() -> None:
    talk = exchanged()
    chooser = Chooser(Selection(ids=frozenset({str(talk.entries[0].id)})))
    for entry in entries(talk):
        chooser.add(entry)
    kinds = {
        talk.entries[at].kind for first, last in chooser.items() for at in range(first, last + 1)
    }
    assert {"message", "shown", "read-back", "acknowledgement", "receipt"} <= kinds
