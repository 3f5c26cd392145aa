"""Alerts of a running node: recorded, and told to the other side as the agreement says."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import structs

from detente import line
from detente.errors import DetenteError
from detente.node.context import NodeContext
from detente.node.watching_rules import watch_section
from detente.record import Draft, Payload, RecordRefused, Signer, uuid7
from detente.watch import (
    Alert,
    AlertRules,
    Alerts,
    Declared,
    Event,
    Place,
    Proposal,
    Proposed,
    Stage,
)

from .alert_entries import alert_draft, alert_told, announcement_draft
from .announcing import PENDING, Announcement, Announcing, Said

LOOK_EVERY_S: Final = 1.0
AHEAD_US: Final = 60_000_000
WAITING_MAX: Final = 10_000
"""Changes of alerts that the record could not take yet; further ones are dropped, and counted."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger("detente.node.watch")

OPEN_SQL: Final = (
    "SELECT a.id FROM watch_alerts a WHERE a.stage <> 'over' AND a.position = "
    "(SELECT MAX(b.position) FROM watch_alerts b WHERE b.alert = a.alert) ORDER BY a.position"
)
SAID_SQL: Final = (
    "SELECT w.alert, w.party, w.stage, w.message FROM watch_announcements w "
    "WHERE w.alert = ? ORDER BY w.position"
)


@dataclass(frozen=True, slots=True)
class _Change:
    """What is recorded together: an alert in a new stage, and what is said because of it."""

    alert: Alert | None
    announcements: tuple[Announcement, ...]

    @property
    def about(self) -> str:
        """Id of the alert in question."""
        return self.announcements[0].alert.id if self.alert is None else self.alert.id


class Alerting:
    """Takes what monitors find; keeps alerts in the record, and tells the other side of them.

    An alert and what is said of it are recorded together or not at all. What the record cannot take
    now waits, in order, and is tried again.

    Args:
        context: of the node.
        rules: which alerts officers want.
        declared: what is known of an aircraft.
        where: where an aircraft was last; None if nobody knows.
        proposals: what our own flights are to be declared, since this was asked last.
    """

    def __init__(
        self,
        context: NodeContext,
        rules: AlertRules,
        declared: Callable[[str], Declared],
        where: Callable[[str], Place | None],
        proposals: Callable[[], Sequence[Proposal]] = tuple,
    ) -> None:
        self.context = context
        self._rules = rules
        self._alerts = Alerts(rules)
        parties = [each.id for each in context.agreement().document.parties]
        self._announcing = Announcing(context.party, parties, declared, where)
        self._declared = declared
        self._where = where
        self._proposals = proposals
        self._turn = asyncio.Lock()
        self._waiting: deque[_Change] = deque()
        self.dropped = 0
        """Changes that could not be recorded, and did not fit among those that wait."""

    @property
    def open(self) -> Sequence[Alert]:
        """Alerts that are not over."""
        return self._alerts.open

    @property
    def proposed(self) -> Mapping[str, Proposed]:
        """What officers were told that our flights are to be declared, by plan."""
        return self._alerts.proposed

    async def start(self) -> None:
        """Go on with what the record says was open.

        Raises:
            LogUnavailable: the record could not be asked.
        """
        record = self.context.record
        found = []
        for (identity,) in await record.query(OPEN_SQL):
            payload = await self._payload(str(identity))
            if payload is None:
                continue  # erased
            alert = alert_told(payload)
            found.append(alert)
            for _, party, stage, message in await record.query(SAID_SQL, [alert.id]):
                said = Said(Stage(str(stage)), str(message))
                self._announcing.said(alert.id, str(party), said)
        self._alerts = Alerts(self._rules, found, self._now_us())

    async def run(self) -> None:
        """Look after what becomes due with time, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def on_events(self, events: Sequence[Event]) -> None:
        """What monitors have found: recorded and on its way when this returns, or waiting."""
        async with self._turn:
            now_us = self._now_us()
            owned = [self._owned(each) for each in events]
            alerts = self._alerts.take(owned, now_us, self._proposals())
            await self._carry_out(alerts, now_us)

    async def look(self) -> None:
        """What time alone has changed; and what waits is tried again."""
        async with self._turn:
            now_us = self._now_us()
            alerts = self._alerts.look(now_us, self._heard_us)
            alerts += self._alerts.take([], now_us, self._proposals())
            await self._carry_out(alerts, now_us)

    async def _carry_out(self, alerts: Sequence[Alert], now_us: int) -> None:
        rules = watch_section(self.context.agreement())
        for alert in alerts:
            self._wait(alert, self._announcing.take([alert], rules, now_us))
        for each in self._announcing.look(rules, now_us):
            self._wait(None, [each])
        held: list[_Change] = []
        refused: set[str] = set()  # alerts of which a change is refused, and those after it wait
        try:
            while self._waiting:
                change = self._waiting[0]
                if change.about not in refused:
                    try:
                        await self._record(change)
                    except RecordRefused as error:
                        if not refused:
                            _log.warning("an alert waits: %s", error)
                        refused.add(change.about)
                    else:
                        self._waiting.popleft()
                        continue
                held.append(self._waiting.popleft())
        except DetenteError as error:
            _log.warning("alerts wait: %s", error)
        finally:
            self._waiting.extendleft(reversed(held))

    def _wait(self, alert: Alert | None, announcements: Sequence[Announcement]) -> None:
        if len(self._waiting) >= WAITING_MAX:
            self.dropped += 1
            return
        for each in announcements:
            # At once, so that it is said once; which message it was follows when it is recorded.
            said = Said(each.alert.stage, PENDING if each.form else "")
            self._announcing.said(each.alert.id, each.party, said)
        self._waiting.append(_Change(alert, tuple(announcements)))

    async def _record(self, change: _Change) -> None:
        drafts: list[Draft] = []
        if change.alert is not None:
            drafts.append(alert_draft(change.alert, identity=self._identity()))
        said = []
        for each in change.announcements:
            found = await self._said(each)
            message = str(found[0].identity) if len(found) > 1 else ""
            said.append((each, Said(each.alert.stage, message)))
            drafts += found
        signed: list[tuple[Draft, Signer | None]] = [(each, None) for each in drafts]
        await self.context.record.append(signed)
        for announcement, what in said:
            if self._announcing.stage(announcement.alert.id, announcement.party) is what.stage:
                self._announcing.said(announcement.alert.id, announcement.party, what)

    async def _said(self, announcement: Announcement) -> list[Draft]:
        """The message, if anything is said, and the entry that says so."""
        alert, party = announcement.alert, announcement.party
        message = None
        why = announcement.why
        if announcement.form:
            corrects = None
            if announcement.form == "cancellation":
                corrects = await self._payload(await self._last_said(alert.id, party))
            if announcement.form == "cancellation" and corrects is None:
                why = "what was said of it is not in the record any more"
            else:
                try:
                    message = line.message_draft(
                        announcement.form,
                        announcement.fields,
                        sender=self.context.party,
                        to=(party,),
                        language="en",
                        urgency=announcement.urgency,
                        corrects=corrects,
                    )
                except DetenteError as error:
                    # It is a fault of ours; the alert must stand in the record all the same.
                    _log.error("an alert cannot be said on the line: %s", error)
                    why = str(error)
        if message is not None:
            message = replace(message, identity=self._identity())
        entry = announcement_draft(
            alert, party, identity=self._identity(), message=message, why=why
        )
        return [entry] if message is None else [message, entry]

    async def _last_said(self, alert: str, party: str) -> str:
        rows = await self.context.record.query(SAID_SQL, [alert])
        said = [str(row[3]) for row in rows if row[1] == party and row[3]]
        return said[-1] if said else ""

    async def _payload(self, identity: str) -> Payload | None:
        entry = await self.context.record.by_id(identity) if identity else None
        return None if entry is None else entry.payload

    def _owned(self, event: Event) -> Event:
        """With the party whose aircraft it is, where a monitor does not know."""
        if event.party:
            return event
        party = self._declared(event.aircraft).party
        return structs.replace(event, party=party) if party else event

    def _heard_us(self, aircraft: str) -> int | None:
        place = self._where(aircraft)
        # A clock that is far ahead says nothing of when it was heard.
        ahead = place is not None and place.time_us > self._now_us() + AHEAD_US
        return None if place is None or ahead else place.time_us

    def _identity(self) -> UUID:
        now_ms = self._now_us() // 1000
        return uuid7(now_ms, self.context.random(10))

    def _now_us(self) -> int:
        return (self.context.clock() - _EPOCH) // timedelta(microseconds=1)
