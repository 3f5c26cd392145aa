"""The officers' manual says what the program does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from detente.line import FORMS, READ_BACK_PARTS, LineRules, MessageState, message_draft
from detente.node.line_api import line_endpoints
from detente.node.message_desk import MessageDesk

PAGE = (Path(__file__).parents[3] / "docs" / "line.md").read_text(encoding="utf-8")


class Nobody:
    party = "a"


def test_every_form_stands_in_the_manual_with_what_must_be_read_back() -> None:
    for form in FORMS.values():
        if form.test:
            continue
        row = re.search(rf"^\| {form.title.en} \|[^|]*\|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE)
        assert row is not None, form.id
        told = [part.strip() for part in row[1].split(",") if part.strip()]
        assert told == [part for part in READ_BACK_PARTS if part in form.read_back]
        assert row[2].strip() == form.urgency


def test_every_state_stands_in_the_manual() -> None:
    for state in MessageState:
        assert f"| {state.words.en.replace('’', chr(39))} |" in PAGE
        assert state.words.fr in re.sub(r"\n\s*", " ", PAGE)


def test_every_endpoint_stands_in_the_manual_with_its_permission() -> None:
    nobody: Any = Nobody()
    endpoints = line_endpoints(MessageDesk(nobody))
    rows = dict(re.findall(r"^\| `((?:GET|POST) [^`?]+)[^`]*` \| ([^|]+) \|", PAGE, re.MULTILINE))
    assert set(rows) == {f"{each.method} {each.path}" for each in endpoints}
    for each in endpoints:
        (scopes,) = each.scopes
        told = set(re.findall(r"`([^`]+)`", rows[f"{each.method} {each.path}"]))
        assert told == scopes


def test_the_example_can_be_sent() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    body = json.loads(text)
    draft = message_draft(body["form"], body["fields"], sender="a", to=(body["to"],), language="en")
    assert draft.body["urgency"] == body["urgency"]


def test_the_figures_are_those_of_the_rules() -> None:
    rules = LineRules()
    assert f"may be off by {rules.place_within_m:.0f} m" in PAGE
    assert f"times may be off by {rules.time_within_s} s" in PAGE
    assert f"After {rules.test_call_late_after_s // 60} minutes without both answers" in PAGE
    assert rules.test_call_missed_after_s == 30 * 60
