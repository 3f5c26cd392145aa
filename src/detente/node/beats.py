"""A beat each second to every peer, and what follows: watch entries, outages, what officers see."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import msgspec

from detente.errors import DetenteError
from detente.http import (
    CallLane,
)
from detente.line.outages import Outage, outage_draft, own_absences
from detente.line.standing import Instant, Reason, Standing, State
from detente.line.supervision import (
    BEAT_TIMEOUT_S,
    TICK_EVERY_S,
    Act,
    Changed,
    OutageBegan,
    OutageEnded,
    Rebooted,
    SendBeat,
    Stalled,
    Supervisor,
)
from detente.line.wire import Beat
from detente.record import (
    AppendUnknown,
    Clock,
    LogReadOnly,
    LogUnavailable,
    PartyRecord,
    Query,
)
from detente.record.ijson import format_time, parse_time

from . import line_wire as wire
from .disk import Life, LifeFile
from .feed import Feed
from .outages_api import Unrecorded
from .peer_standings import fields_of, reason_of, standing_facts, watch_draft
from .peers import Peers, others

LIFE_EVERY_S: Final = 1.0
"""A node that was killed and is back at once must not seem to have been away for as long as makes
an outage."""
AGAIN_S: Final = 2.0
"""Between watch entries about one peer, however often its state changes."""
_BEAT_BYTES_MAX: Final = 64 * 1024
_RECALLED_MAX: Final = 100

_log = logging.getLogger("detente.node.line")
_boottime = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady_s() -> float:
    """Seconds of a clock that never goes back and goes on while the machine sleeps."""
    return time.clock_gettime(_boottime)


@dataclass(slots=True)
class _Told:
    """What of a peer has been written down."""

    at: float = -1e9
    due: bool = True


@dataclass(slots=True)
class Watch:
    """Watches the peers while `run` runs, and answers their beats.

    Attributes:
        record: ours.
        peers: how they are called.
        feed: is told how each stands.
        clock: the wall clock.
        boot: random id of this start.
        life: where signs of life are left.
        watch_every_s: between watch entries when nothing changes.
        alive: called with the id of a peer at each of its signs of life.
        came_back: called with the id of a peer that was not heard and is heard again.
    """

    record: PartyRecord
    peers: Peers
    feed: Feed
    clock: Clock
    boot: str
    life: LifeFile
    watch_every_s: float
    alive: Callable[[str], None]
    came_back: Callable[[str], None]
    _supervisor: Supervisor = field(init=False)
    _told: dict[str, _Told] = field(default_factory=dict)
    _lasting: dict[str, Outage] = field(default_factory=dict)
    _owed: list[Outage] = field(default_factory=list)
    _unsure: bool = False
    _write_at: float = -1e9
    _before: Life | None = None
    _size_before: int = 0
    _beats: set[asyncio.Task[None]] = field(default_factory=set)
    _life_at: float = -1e9

    def __post_init__(self) -> None:
        parties = others(self.record)
        self._size_before = self.record.head.size
        self._supervisor = Supervisor(tuple(parties), self._now())
        self._told = {party: _Told() for party in parties}
        for node in self.peers:
            node.answered = self._answered(node.party)

    def standing(self, party: str) -> Standing:
        """How a peer stands. KeyError if it is not watched."""
        return self._supervisor.standing(party)

    def standings(self) -> list[Standing]:
        """How all peers stand."""
        return [self._supervisor.standing(party) for party in self._told]

    def unrecorded(self) -> Unrecorded:
        """Outages that are seen and not on record yet: those that last, as they look now."""
        lasting = []
        for party, outage in self._lasting.items():
            if party in self._told:
                state = self._supervisor.standing(party).state
                lasting.append(replace(outage, seen_as=state) if state.outage else outage)
        return Unrecorded(tuple(lasting), tuple(self._owed))

    def heard(self, party: str) -> None:
        """A peer has called us, with whatever it was."""
        if party in self._told:
            self._act(self._supervisor.peer_heard(party, self._now()))
            self.alive(party)

    def beaten(self, party: str, beat: Beat) -> Beat:
        """A peer's beat has arrived; our answer.

        Raises:
            ValueError: it is none.
        """
        if party in self._told:
            self._act(self._supervisor.beat_heard(party, fields_of(beat), self._now()))
        return self._beat(party, beat.sequence)

    def follow_agreement(self) -> None:
        """Watch who is in the agreement now."""
        parties = others(self.record)
        self._told = {party: self._told.get(party, _Told()) for party in parties}
        for node in self.peers:
            node.answered = self._answered(node.party)
        self._act(self._supervisor.set_peers(tuple(parties), self._now()))

    def say_absences(self, before: Life | None) -> None:
        """State, once `run` runs, that this node was away, and what it saw before.

        Args:
            before: what the last start has left.
        """
        self._before = before

    async def run(self) -> None:
        """Watch until this is cancelled."""
        # Beside each other: a disk that is slow must not look like a line that is.
        writing = asyncio.create_task(self._keep_writing())
        try:
            while not writing.done():
                self._act(self._supervisor.tick(self._now()))
                delay_s = self._supervisor.wake_at - steady_s()
                await asyncio.sleep(min(TICK_EVERY_S, max(0.01, delay_s)))
            writing.result()
        finally:
            for task in (writing, *self._beats):
                task.cancel()
            await asyncio.gather(writing, *self._beats, return_exceptions=True)

    async def _keep_writing(self) -> None:
        await self._recall(self._now().wall)
        while True:
            await self._write()
            await self._leave_sign(stopped=False)
            await asyncio.sleep(TICK_EVERY_S)

    async def _recall(self, started: datetime) -> None:
        before, self._before = self._before, None
        if before is None:
            return
        # The record may have been alive for longer than the sign that was left.
        rows = await self.record.query(
            "SELECT created FROM party_entries WHERE sender = ? AND position < ? "
            "AND created IS NOT NULL ORDER BY position DESC LIMIT 1",
            (self.record.party, self._size_before),
        )
        signs = [before.at, *(parse_time(str(row[0])) for row in rows)]
        # A clock that was set back since then tells nothing.
        last_sign = max((sign for sign in signs if sign <= started), default=started)
        peers = others(self.record)
        seen = [each for each in before.outages if each.peer in peers]
        said = own_absences(peers, last_sign, started, seen)
        self._owed[:0] = await self._not_stated(said)

    async def _not_stated(self, outages: list[Outage]) -> list[Outage]:
        """Those of them that are not on record."""
        query = Query(kinds=("outage",), senders=(self.record.party,), newest_first=True)
        page = await self.record.search(query, limit=_RECALLED_MAX)
        stated = {
            (entry.payload.body["peer"], entry.payload.body["from"], entry.payload.body["own"])
            for entry in page.entries
            if entry.payload is not None
        }
        return [
            each for each in outages if (each.peer, format_time(each.since), each.own) not in stated
        ]

    async def end(self) -> None:
        """Leave the last sign of life: this node stops in order."""
        self._life_at = -1e9
        await self._leave_sign(stopped=True)

    # --- inside ------------------------------------------------------------------------------

    def _now(self) -> Instant:
        return Instant(steady_s(), self.clock())

    def _answered(self, party: str) -> Callable[[], None]:
        return lambda: self.heard(party)

    def _act(self, acts: list[Act]) -> None:
        for act in acts:
            match act:
                case SendBeat():
                    task = asyncio.create_task(self._send(act.peer, act.sequence))
                    self._beats.add(task)
                    task.add_done_callback(self._beats.discard)
                case Changed():
                    self._changed(act)
                case OutageBegan():
                    self._lasting[act.outage.peer] = act.outage
                    self._life_at = -1e9
                    _log.warning("the line to %s is out: %s", act.outage.peer, act.outage.seen_as)
                case OutageEnded():
                    self._lasting.pop(act.outage.peer, None)
                    self._owed.append(act.outage)
                case Stalled():
                    _log.warning("this process stood still for %.1f s", act.seconds)
                case Rebooted():
                    _log.info("the node of %s was started anew", act.peer)

    def _changed(self, act: Changed) -> None:
        now = act.now
        _log.info("the line to %s: %s", now.peer, now.state.value)
        if now.peer in self._told:
            self._told[now.peer].due = True
        self.feed.state(f"link/{now.peer}", "link", "watch", standing_facts(now))
        if now.state is State.UP:
            self.came_back(now.peer)

    async def _send(self, party: str, sequence: int) -> None:
        if party not in self._told:
            return
        body = msgspec.json.encode(self._beat(party, sequence))
        started = steady_s()
        try:
            answer = await self.peers[party].request(
                "POST",
                wire.BEAT,
                body=body,
                deadline_s=BEAT_TIMEOUT_S,
                lane=CallLane.BEAT,
                max_bytes=_BEAT_BYTES_MAX,
            )
            if answer.status != 200:
                self._failed(party, sequence, Reason.BAD_ANSWER)
                return
            fields = fields_of(msgspec.json.decode(answer.body, type=Beat))
        except DetenteError as error:
            self._failed(party, sequence, reason_of(error))
            return
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
            self._failed(party, sequence, Reason.BAD_ANSWER)
            return
        if party in self._told:
            self._act(
                self._supervisor.beat_answered(
                    party, sequence, steady_s() - started, fields, self._now()
                )
            )

    def _failed(self, party: str, sequence: int, reason: Reason) -> None:
        if party in self._told:
            self._act(self._supervisor.beat_failed(party, sequence, reason, self._now()))

    def _beat(self, party: str, sequence: int) -> Beat:
        heard = self._supervisor.standing(party).last_heard if party in self._told else None
        return Beat(
            sequence=sequence,
            sent=format_time(self.clock()),
            boot=self.boot,
            head=self.record.head.size,
            heard=None if heard is None else format_time(heard),
        )

    async def _write(self) -> None:
        """Write down what is due; what the record cannot take now waits."""
        now = steady_s()
        if now < self._write_at:
            return
        if self._unsure:
            self._owed = await self._not_stated(self._owed)
            self._unsure = False
        owed = list(self._owed)
        drafts = [outage_draft(each, f"line/{each.peer}") for each in owed]
        for party, told in self._told.items():
            late = now - told.at >= self.watch_every_s
            if late or (told.due and now - told.at >= AGAIN_S):
                told.at, told.due = now, False
                drafts.append(watch_draft(self._supervisor.standing(party)))
        if not drafts:
            return
        try:
            await self.record.append([(draft, None) for draft in drafts])
        except (LogUnavailable, LogReadOnly) as error:
            self._write_at = now + AGAIN_S
            _log.warning("the watch is not on record now: %s", error)
        except AppendUnknown as error:
            self._write_at, self._unsure = now + AGAIN_S, True
            _log.warning("the watch may not be on record: %s", error)
        else:
            del self._owed[: len(owed)]
            if owed:
                self._life_at = -1e9

    async def _leave_sign(self, *, stopped: bool) -> None:
        now = steady_s()
        if now - self._life_at < LIFE_EVERY_S:
            return
        self._life_at = now
        heard: dict[str, datetime] = {}
        for standing in self.standings():
            if standing.last_heard is not None:
                heard[standing.peer] = standing.last_heard
        outages = (*self._owed, *self._lasting.values())
        sign = Life(self.clock(), self.boot, stopped, heard, outages)
        await asyncio.to_thread(self.life.write, sign)
