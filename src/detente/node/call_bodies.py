"""Test calls as the interface shows them and is told of them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from detente.line import CallFact, CallStatistics, LineRules
from detente.record import format_time

from .message_bodies import Told


class PhraseBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The words of a test call as they were read, in either language."""

    phrase: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(min_length=1, max_length=8)]


class CallBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Whom to try the line to."""

    to: str


class TestCallBody(msgspec.Struct, kw_only=True):
    """A test call. `answers` maps a party to when its officer answered."""

    id: str
    caller: str
    callee: str
    at: str
    state: str
    words: Told
    answers: dict[str, str]
    missing: list[str]
    wrong: list[str]


class PlannedBody(msgspec.Struct, kw_only=True):
    """A test call that the agreement asks for."""

    caller: str
    callee: str
    at: str


class StatisticsBody(msgspec.Struct, kw_only=True):
    """How test calls went; times in seconds."""

    calls: int
    answered: int
    missed: int
    waiting: int
    median_s: dict[str, float | None]
    unanswered: dict[str, int]


class TestCallList(msgspec.Struct, kw_only=True):
    """Test calls since a moment, how they went, and the next ones."""

    calls: list[TestCallBody]
    statistics: StatisticsBody
    planned: list[PlannedBody]


def call_body(call: CallFact, now: Any, rules: LineRules) -> TestCallBody:
    """A test call as JSON."""
    state = call.state(now, rules)
    return TestCallBody(
        id=call.id,
        caller=call.caller,
        callee=call.callee,
        at=format_time(call.at),
        state=state.value,
        words=Told.of(state.words),
        answers={party: format_time(at) for party, at in call.answers.items()},
        missing=list(call.missing),
        wrong=list(call.wrong),
    )


def statistics_body(found: CallStatistics) -> StatisticsBody:
    """Statistics as JSON."""
    return StatisticsBody(
        calls=found.calls,
        answered=found.answered,
        missed=found.missed,
        waiting=found.waiting,
        median_s=found.median_s,
        unanswered=found.unanswered,
    )
