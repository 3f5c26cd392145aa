"""Writes what planning does into the record, and keeps the book in step with it.

What decides (orders, outcomes) is durable when its method returns. Exchanges of messages and
positions are many: they get their entry's id at once and are written in batches, in the order in
which they came; `flush` waits for them. The book is told only of what is durable.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, cast
from uuid import UUID

from detente.errors import DetenteError
from detente.f3548 import uss_types as uss
from detente.node.context import NodeContext
from detente.node.officer_context import NOT_STORED
from detente.planning import (
    Book,
    DetailsWriter,
    ExchangeSeen,
    Flown,
    InputBody,
    Intent,
    Judged,
    Made,
    NoticeBody,
    Order,
    Outcome,
    OwnConstraint,
    PlanningRules,
    at_text,
    drafts,
    entries,
)
from detente.record import AppendUnknown, Entry, Reference, uuid7
from detente.words import Words

from .waiting import Waiting

CROWDED_S: Final = 1.0
"""How long a caller waits at most while much waits to be written."""
AGAIN_S: Final = 1.0
"""Until a record that took nothing is tried again."""

_STILL_COUNTING: Final = (
    "SELECT position FROM plans_intents AS i WHERE i.ended = 0 AND NOT EXISTS "
    "(SELECT 1 FROM plans_intents AS n WHERE n.intent = i.intent AND n.version > i.version)",
    "SELECT position FROM plans_pending AS p WHERE NOT EXISTS "
    "(SELECT 1 FROM plans_attempts AS a WHERE a.pending = p.id)",
    "SELECT position FROM plans_constraints AS c WHERE c.ended = 0 AND NOT EXISTS "
    "(SELECT 1 FROM plans_constraints AS n WHERE n.entity = c.entity AND n.version > c.version)",
    "SELECT p.position FROM plans_positions AS p WHERE EXISTS "
    "(SELECT 1 FROM plans_intents AS i WHERE i.intent = p.intent) AND NOT EXISTS "
    "(SELECT 1 FROM plans_intents AS e WHERE e.intent = p.intent AND e.ended = 1)",
)
"""Positions of the entries that a start has to take in."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger("detente.node.uss")


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the end of an attempt stands in the record.

    Attributes:
        attempt_id: the entry that tells the attempt.
        intent_entry_id: the entry that states the intent as it is since; None if it is as it was.
    """

    attempt_id: str
    intent_entry_id: str | None


class Recorder:
    """Everything that planning records goes through here.

    Args:
        context: of the node.
        book: is kept in step.
    """

    def __init__(self, context: NodeContext, book: Book) -> None:
        self._context = context
        self._book = book
        self._waiting = Waiting()
        self._writing: asyncio.Task[None] | None = None
        self._dropped = 0
        self._dropped_told = 0
        self._dropped_us = 0
        self._unsure = False
        self._roomy = asyncio.Event()
        self._references: dict[str, Reference] = {}
        self._details = DetailsWriter()
        self.told: Callable[[str, str, Words, str], None] = lambda event, intent, text, other: None
        """Called with each notice to an operator: event, intent id, text, the other's id."""

    @property
    def waiting(self) -> int:
        """Entries that have an id and are not durable yet."""
        return len(self._waiting)

    @property
    def dropped(self) -> int:
        """Entries that were given up because the record took nothing for too long."""
        return self._dropped

    async def load(self) -> None:
        """Fill the book with what still counts: at the start, before anything else."""
        record = self._context.record
        rows = [row for sql in _STILL_COUNTING for row in await record.query(sql)]
        for position in sorted(cast(int, row[0]) for row in rows):
            entry = await record.entry(position)
            await asyncio.to_thread(self._book.apply, entry)
            self._remember(entry)

    async def pending(self, order: Order, exchanges: Sequence[str]) -> str:
        """State that an order is about to be put to exchanges; durable when it returns.

        Returns:
            The id of the entry, for `settled`.

        Raises:
            LogUnavailable, AppendUnknown, RecordRefused: nothing may be put to any exchange.
        """
        made = drafts.pending_draft(order, exchanges, identity=self._identity())
        await self._append([made])
        return str(made.draft.identity)

    async def settled(
        self, pending_id: str | None, outcome: Outcome, rules: PlanningRules | None = None
    ) -> Settled:
        """State how an attempt has ended, in one append; the book says so when it returns.

        The intent as it is now is stated if it is not what the book says already: also after a
        failure, if undoing has changed how it stands at an exchange. While the outcome names
        exchanges of which nobody knows what stands there, the pending entry stays open.

        Args:
            pending_id: of the entry that announced it; None if nothing was put to an exchange.
            outcome: how it ended.
            rules: that it was decided by.

        Raises:
            LogUnavailable, AppendUnknown, RecordRefused: the pending entry stays unsettled.
        """
        attempt, intent = self._identity(), self._to_state(outcome.intent)
        made: list[Made] = []
        accepted = ""
        if intent is not None:
            identity = self._identity()
            accepted = str(identity)
            made.append(drafts.intent_draft(intent, attempt=str(attempt), identity=identity))
        reference = None if pending_id is None else self._references.get(pending_id)
        made.append(
            drafts.attempt_draft(
                outcome,
                rules,
                identity=attempt,
                pending=reference,
                accepted=accepted,
                writer=self._details,
            )
        )
        await self._append(made)
        if pending_id is not None and not outcome.unsettled:
            self._references.pop(pending_id, None)
        return Settled(str(attempt), accepted or None)

    def exchange(self, seen: ExchangeSeen, identity: str | None = None) -> str:
        """Record an exchange of messages with the next batch; gives its entry's id at once.

        Args:
            seen: what passed.
            identity: from `next_id`, if the id had to be known before it was over.
        """
        chosen = self._identity() if identity is None else UUID(identity)
        self._later(drafts.exchange_draft(seen, identity=chosen))
        return str(chosen)

    def next_id(self) -> str:
        """A fresh id, for an exchange that is not over yet."""
        return str(self._identity())

    async def room(self) -> None:
        """Wait a moment while much waits to be written: callers come no faster than the disk."""
        if not self._waiting.crowded:
            return
        self._roomy.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(CROWDED_S):
                await self._roomy.wait()

    async def flush(self) -> None:
        """Wait until everything that has an id is durable.

        Raises:
            LogUnavailable: the record takes nothing now.
        """
        while self._waiting or self._writing is not None:
            self._write()
            if self._writing is not None:
                await asyncio.shield(self._writing)

    async def operator_notice(
        self,
        event: uss.UserNotificationEvent,
        intent_id: str,
        text: Words,
        triggered_us: int,
        with_id: str = "",
    ) -> str:
        """Record that our operator was told of something, now; gives the entry's id."""
        body = NoticeBody(
            event,
            intent_id,
            text,
            at_text(triggered_us),
            at_text(self._now_us()),
            with_id,
        )
        made = drafts.notice_draft(body, identity=self._identity())
        self._later(made)
        self.told(event, intent_id, text, with_id)
        return str(made.draft.identity)

    async def operator_input(
        self,
        event: uss.UserInputEvent,
        intent_id: str,
        text: str,
        triggered_us: int,
        by: str,
    ) -> str:
        """Record that an operator told us something; gives the entry's id."""
        body = InputBody(event, intent_id, text, at_text(triggered_us), by)
        made = drafts.input_draft(body, identity=self._identity())
        self._later(made)
        return str(made.draft.identity)

    async def positions(self, intent_id: str, positions: Sequence[Judged], flown: Flown) -> str:
        """Record positions of an aircraft of ours; durable when it returns. Gives its id."""
        made = drafts.positions_draft(intent_id, positions, flown, identity=self._identity())
        await self._append([made])
        return str(made.draft.identity)

    async def constraint(self, constraint: OwnConstraint) -> str:
        """State a constraint of ours as every exchange concerned has accepted it; durable."""
        made = drafts.constraint_draft(constraint, identity=self._identity())
        await self._append([made])
        return str(made.draft.identity)

    # --- inside ------------------------------------------------------------------------------

    def _to_state(self, intent: Intent | None) -> Intent | None:
        """The intent as it is to be stated; None if the book says the same."""
        if intent is None:
            return None
        known = self._book.intents.get(intent.id) or self._book.ended.get(intent.id)
        if known is None or intent.version > known.version:
            return intent
        return None if intent == known else replace(intent, version=known.version + 1)

    def _identity(self) -> UUID:
        now_ms = int(self._context.clock().timestamp() * 1000)
        return uuid7(now_ms, self._context.random(10))

    def _now_us(self) -> int:
        return (self._context.clock() - _EPOCH) // timedelta(microseconds=1)

    async def _append(self, made: Sequence[Made]) -> None:
        """Record at once; the book is told. Asks whether it was written if that is not known."""
        record = self._context.record
        await self._keep_files(made)
        try:
            written = await record.append([(each.draft, None) for each in made])
        except AppendUnknown:
            # Our ids tell, should the log answer again.
            found = [await record.by_id(str(each.draft.identity)) for each in made]
            written = [entry for entry in found if entry is not None]
            if len(written) < len(made):
                raise
        for entry in written:
            self._book.apply(entry)
            self._remember(entry)

    async def _keep_files(self, made: Sequence[Made]) -> None:
        """Put files in place; those that are there already count as put now."""
        files = {hashlib.sha256(data).hexdigest(): data for each in made for data in each.files}
        if files:
            blobs = self._context.record.blobs
            absent = await asyncio.to_thread(
                lambda: [data for name, data in files.items() if blobs.touch(name) != len(data)]
            )
            # Side by side: each waits for the disk, and one wait is enough for several.
            await asyncio.gather(*(asyncio.to_thread(blobs.put, each) for each in absent))

    def _remember(self, entry: Entry) -> None:
        payload = entry.payload
        if payload is not None and payload.kind == entries.PENDING:
            self._references[str(payload.id)] = Reference(payload.id, "pending", payload.sha256)

    def _later(self, made: Made) -> None:
        self._give_up(self._waiting.put(made))
        self._write()

    def _give_up(self, count: int) -> None:
        for _ in range(count):
            if self._dropped == self._dropped_told:
                self._dropped_us = self._now_us()
            self._dropped += 1
            if self._dropped % 1000 == 1:
                _log.error("%d exchanges of messages could not be recorded", self._dropped)

    async def _tell_gap(self) -> None:
        """State in the record, once it takes something again, how many entries it lacks."""
        lacking = self._dropped - self._dropped_told
        if lacking and not self._waiting.crowded:
            self._dropped_told = self._dropped
            words = Words(
                f"{lacking} exchanges of messages could not be recorded, and are lost.",
                f"{lacking} échanges de messages n’ont pu être consignés et sont perdus.",
            )
            await self.operator_notice("GEN0400", "", words, self._dropped_us)

    def _write(self) -> None:
        """See to it that what waits is written; nothing waits for it here."""
        if self._writing is None and self._waiting:
            self._writing = asyncio.create_task(self._write_all(), name="uss-recorder")
            self._writing.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writing = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._write()
            return
        if not isinstance(error, DetenteError):
            _log.error("exchanges of messages are not recorded", exc_info=error)
        else:
            _log.warning("%d exchanges of messages wait: %s", len(self._waiting), error)
        asyncio.get_running_loop().call_later(AGAIN_S, self._write)

    async def _write_all(self) -> None:
        while self._waiting:
            batch = self._waiting.take()
            try:
                if self._unsure:
                    batch = await self._unwritten(batch)
                try:
                    await self._append(batch)
                except NOT_STORED:
                    raise
                except DetenteError as error:
                    await self._one_by_one(batch, error)
            except NOT_STORED:
                self._unsure = True
                raise
            self._unsure = False
            self._done(batch)
            await self._tell_gap()

    async def _unwritten(self, batch: list[Made]) -> list[Made]:
        """Those that were not written when nobody could say; the others are done."""
        known = [await self._context.record.by_id(str(each.draft.identity)) for each in batch]
        done = [each for each, entry in zip(batch, known, strict=True) if entry is not None]
        for entry in known:
            if entry is not None:
                self._book.apply(entry)
        self._done(done)
        return [each for each, entry in zip(batch, known, strict=True) if entry is None]

    async def _one_by_one(self, batch: Sequence[Made], why: DetenteError) -> None:
        """One of them is refused for good: the others must not wait for it."""
        for each in batch:
            try:
                await self._append([each])
            except NOT_STORED:
                raise
            except DetenteError:
                _log.error("an entry %s cannot be recorded: %s", each.draft.kind, why)
                self._give_up(1)

    def _done(self, batch: Sequence[Made]) -> None:
        # What was given up while it was written is there all the same.
        self._dropped -= self._waiting.over(batch)
        if not self._waiting.crowded:
            self._roomy.set()
