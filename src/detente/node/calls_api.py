"""Endpoints of test calls: how they went, making one, answering one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from detente import line
from detente.http import BadRequest, Endpoint, QueryParameter, Request, Response, any_of
from detente.record import format_time

from .call_bodies import (
    CallBody,
    PhraseBody,
    PlannedBody,
    TestCallBody,
    TestCallList,
    call_body,
    statistics_body,
)
from .message_desk import MessageDesk, identity_of
from .operations import Operations

DAYS: Final = 7
"""So far back one looks if nothing else is asked for."""
_operation: Final = Operations("line", {"call": "id of the test call"})
_DAYS: Final = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_DAYS_MAX: Final = 366


def calls_endpoints(desk: MessageDesk) -> list[Endpoint]:
    """Every operation on test calls."""
    handlers = _Calls(desk)
    return [
        _operation(
            "GET",
            "/api/v1/line/test-calls",
            handlers.test_calls,
            "listTestCalls",
            "Test calls, how they went, and the next ones.",
            any_of("line.read"),
            {200: TestCallList, 400: None},
            query=(QueryParameter(name="days", help="Since so many days, 1 to 366; 7."),),
        ),
        _operation(
            "POST",
            "/api/v1/line/test-calls",
            handlers.call,
            "makeTestCall",
            "Try the line now.",
            any_of("line.send step-up"),
            {201: TestCallBody, 409: None, 422: None},
            body=CallBody,
        ),
        _operation(
            "POST",
            "/api/v1/line/test-calls/{call}/answer",
            handlers.answer_call,
            "answerTestCall",
            "Answer a test call with its words.",
            any_of("line.acknowledge step-up"),
            {200: TestCallBody, 404: None, 409: None, 422: None},
            body=PhraseBody,
        ),
    ]


class _Calls:
    def __init__(self, desk: MessageDesk) -> None:
        self._desk = desk
        self._context = desk.context

    async def test_calls(self, request: Request[None]) -> Response:
        days = _days(request.query.get("days", str(DAYS)))
        now, rules = self._context.clock(), self._desk.rules
        since = now - timedelta(days=days)
        calls = await self._desk.calls(since)
        return Response(
            200,
            TestCallList(
                calls=[call_body(call, now, rules) for call in calls],
                statistics=statistics_body(line.statistics(calls, now, rules)),
                planned=self._planned(now),
            ),
        )

    async def call(self, request: Request[CallBody]) -> Response:
        fact = await self._desk.call(request.body.to, request.caller.sub)
        return Response(201, call_body(fact, self._context.clock(), self._desk.rules))

    async def answer_call(self, request: Request[PhraseBody]) -> Response:
        identity = identity_of(request.path["call"])
        fact = await self._desk.answer_call(identity, request.caller.sub, request.body.phrase)
        return Response(200, call_body(fact, self._context.clock(), self._desk.rules))

    def _planned(self, now: datetime) -> list[PlannedBody]:
        document, day = self._context.agreement().document, now.astimezone(UTC).date()
        planned = [
            call
            for each in (day, day + timedelta(days=1))
            for call in line.planned_calls(document, each)
            if self._context.party in (call.caller, call.callee)
            and now < call.at <= now + timedelta(days=1)
        ]
        return [
            PlannedBody(caller=each.caller, callee=each.callee, at=format_time(each.at))
            for each in planned
        ]


def _days(text: str) -> int:
    if _DAYS.fullmatch(text) is None or int(text) > _DAYS_MAX:
        raise BadRequest(f"`days` is 1 to {_DAYS_MAX}.")
    return int(text)
