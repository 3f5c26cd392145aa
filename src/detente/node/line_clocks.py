"""What a node does by the clock: call officers, sound alarms, try the line, refuse read-backs."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime
from typing import Final

from detente import line
from detente.errors import DetenteError
from detente.line import CallState, WaitingMessages
from detente.record import Draft, Payload

from .message_desk import CALLS_SINCE, DeskContext

TICK_S: Final = 1.0
_JUDGING_S: Final = 0.5
"""For read-backs, in one look at the clock."""
_log = logging.getLogger("detente.node.line")


class LineClocks:
    """Keeps the deadlines of messages and the hours of test calls.

    Whatever it does is an entry of the record, so it goes on after a restart where it was, and does
    nothing twice.

    Args:
        context: of the node.
    """

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._waiting = WaitingMessages(context.party)
        self._since = context.clock()
        self._looked = -1
        self._judged = 0
        self._open: list[line.Waiting] = []
        self._calls: list[line.CallFact] = []

    async def run(self) -> None:
        """Look at the clock each second, until cancelled."""
        told = ""
        while True:
            try:
                await self.tick()
                told = ""
            except DetenteError as error:
                # The disk may be full, the database away: what is due stays due.
                if str(error) != told:
                    told = str(error)
                    _log.warning("the clocks of the line stand still: %s", told)
            await asyncio.sleep(TICK_S)

    async def tick(self) -> list[str]:
        """Do what is due now; kinds of the entries that were added.

        Raises:
            LogUnavailable, LogReadOnly: nothing was recorded.
        """
        context = self._context
        now = context.clock()
        size = context.record.head.size
        rules = line.line_rules(context.agreement())
        if size != self._looked:
            self._open = await self._waiting.refresh(context.record.query, rules)
            self._calls = await line.call_facts(
                context.record.query, context.party, now - CALLS_SINCE
            )
        drafts: list[Draft] = []
        document = context.agreement().document
        due = line.calls_due(now, self._open, document, context.party)
        for call in due.calls:
            message = await self._message(call.message.id)
            if message is not None:
                try:
                    drafts.append(line.escalation_draft(call, message, now))
                except Exception:  # noqa: BLE001 - one that nobody foresaw must not silence others
                    _log.exception("nobody can be called for the message %s", call.message.id)
                    continue
                _log.warning(
                    "%s message %s of %s waits: calling %s",
                    call.message.urgency,
                    call.message.id,
                    call.message.sender,
                    ", ".join(call.called),
                )
        for overdue in due.overdue:
            drafts.append(line.overdue_draft(overdue))
            _log.error("message %s is overdue at %s", overdue.message.id, overdue.message.party)
        drafts += self._test_calls(now, rules)
        if drafts:
            await context.record.append([(draft, None) for draft in drafts])
        # After all that is urgent: comparing takes as long as whoever reads back wants it to.
        judged = self._judged
        if size != self._looked:
            refusals, judged = await self._refusals(rules)
            if refusals:
                await context.record.append([(draft, None) for draft in refusals])
            drafts += refusals
        # There may be more read-backs than one page holds.
        self._looked = size if judged == self._judged else -1
        self._judged = judged
        self._since = max(now, self._since)
        return [draft.kind for draft in drafts]

    def _test_calls(self, now: datetime, rules: line.LineRules) -> list[Draft]:
        context = self._context
        drafts = []
        if now < self._since:
            # The clock was set back: the calls between were made.
            now = self._since
        document = context.agreement().document
        for call in line.calls_to_make(document, context.party, self._since, now):
            phrase = line.random_phrase(context.random)
            drafts.append(line.call_draft(context.party, call.callee, phrase))
        for fact in self._calls:
            if not fact.alarmed and fact.state(now, rules) is CallState.MISSED:
                drafts.append(line.missed_draft(fact))
                _log.error("test call %s was not answered by %s", fact.id, ", ".join(fact.missing))
        return drafts

    async def _refusals(self, rules: line.LineRules) -> tuple[list[Draft], int]:
        """Tell others whose officers read back wrongly: their nodes should not have sent it.

        Gives also the position from which there may be more of them.
        """
        context = self._context
        drafts: list[Draft] = []
        judged = self._judged
        found = await line.read_backs_to_judge(
            context.record.query, context.party, since=self._judged
        )
        until = time.monotonic() + _JUDGING_S
        for message_id, read_back_id, position in found:
            if time.monotonic() > until:
                break
            judged = position + 1
            message, entry = await self._message(message_id), await self._read_back(read_back_id)
            if message is None or entry is None:
                continue
            try:
                differences = await asyncio.to_thread(
                    line.differences_of, message.body, entry.body, rules
                )
            except line.FieldsUnusable as error:
                differences = [line.unreadable(str(error))]
            if differences:
                drafts.append(line.refusal_draft(message, entry, differences))
        return drafts, judged

    async def _message(self, identity: str) -> Payload | None:
        return await self._whole(identity, "message")

    async def _read_back(self, identity: str) -> Payload | None:
        return await self._whole(identity, "read-back")

    async def _whole(self, identity: str, kind: str) -> Payload | None:
        entry = await self._context.record.by_id(identity)
        payload = None if entry is None else entry.payload
        return payload if payload is not None and payload.kind == kind else None
