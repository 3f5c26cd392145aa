"""A node at work: its parts, put together, and what is told of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from random import SystemRandom
from typing import Any, Final

import detente
from detente.line import Link
from detente.line.actions import Report
from detente.record import PartyRecord, Witness
from detente.record.ijson import format_time

from .beats import Watch
from .context import NodeContext
from .cosigning import Cosigning, confirm_witness
from .disk import LifeFile, Room
from .disk_watch import DiskWatch
from .feed import Feed
from .first_contact import FirstContact
from .line_access import PeerAccess
from .line_calls import PeerLine
from .line_clocks import LineClocks
from .line_http import LineServer
from .line_store import LineStore
from .mirror import Mirror
from .neutral import neutral_witnesses
from .opening import Mode
from .outages_api import OutageList, outages_of
from .peer_loop import LinkRunner
from .peers import Peers, addresses_of, others
from .publishing import Publishing
from .recovering import recover_from_all
from .status import (
    DiskStatus,
    LinkStatus,
    NodeStatus,
    PlanningStatus,
    Readiness,
    RecordStatus,
    StatusSource,
    link_status,
)
from .unnamed_files import keep_sweeping
from .watch.watch_status import WatchStatus

MIRROR: Final = "mirror"
FAULT_PAUSE_S: Final = 1.0
HELD_NOTES_EVERY_S: Final = 5.0

_log = logging.getLogger("detente.node")
_random = SystemRandom()

Work = Callable[[], Coroutine[Any, Any, None]]
Works = Mapping[str, Work]


class RunningNode(StatusSource):
    """The line side of a node: links, beats, cosigning. Opened with the record, run by `tasks`."""

    def __init__(
        self,
        context: NodeContext,
        feed: Feed,
        peers: Peers,
        *,
        boot: str,
        mode: Mode,
        why: str | None,
        stop: Callable[[], None],
        behind: list[str],
    ) -> None:
        """Args:
        context: of the node.
        feed: of its record.
        peers: the other parties' nodes.
        boot: random id of this start.
        mode, why: how the record was opened.
        stop: has the node start anew, in order.
        behind: what witnesses have told of a record that was set back; kept over such a start.
        """
        self.context = context
        self.feed = feed
        self.peers = peers
        self._boot = boot
        self._opened: Mode = mode
        self._why = why
        self._witnessed = behind
        self._stop = stop
        self._started: datetime = context.clock()
        self.disk = DiskWatch(
            context.home.directory, context.settings.free_bytes_min, doubted=mode == "read-only"
        )
        record = context.record
        life = LifeFile(context.home.directory)
        self._before = life.read()
        self.watch = Watch(
            record=record,
            peers=peers,
            feed=feed,
            clock=context.clock,
            boot=boot,
            life=life,
            watch_every_s=context.settings.watch_every,
            alive=self._alive,
            came_back=self._came_back,
        )
        self.runners = {party: self._runner(record, party) for party in others(record)}
        self.access = PeerAccess(record, self._authorities, context.clock, heard=self.watch.heard)
        self.line = LineServer(
            record,
            beat=self.watch.beaten,
            resumed=self._resumed,
            may_take=lambda: self.mode == "writing",
            room=lambda: self.disk.free_share,
        )
        self.faults = 0
        self.planning: Callable[[], PlanningStatus | None] = lambda: None
        """How planning is; None if this node does not plan."""
        self.watching: Callable[[], WatchStatus | None] = lambda: None
        """How watching is; None if this node does not watch."""
        self._woken = asyncio.Event()
        self.mirror = Mirror(context.home.directory / MIRROR, lambda: not self.disk.is_low)
        self.publishing = Publishing(context.home.place.tiles, record)
        self._neutral = neutral_witnesses(
            context.agreement(), peers.egress, context.settings.witness_ca
        )
        self._cosigning = Cosigning(
            record,
            peers,
            self.publishing,
            every_s=context.settings.witness_every,
            behind=self._behind,
            neutral=self._neutral,
        )

    # --- running -----------------------------------------------------------------------------

    def start(
        self, group: asyncio.TaskGroup, witness: Witness | None, keep_rooms: Work, more: Works
    ) -> list[asyncio.Task[None]]:
        """Begin all work; the tasks are to be cancelled at the end."""
        work: dict[str, Work] = {
            "watch": self.watch.run,
            "disk": partial(self.disk.run, self._tell, self._writable_again),
            **more,
        }
        if self._opened == "writing":
            work["feed"] = self.feed.follow
            self.watch.say_absences(self._before)
            for party in self.runners:
                work[f"link to {party}"] = partial(self._run_link, party)
            work["links"] = self._wake_links
            work["checkpoints"] = self._cosigning.run
            work["security entries"] = self._record_notes
            work["clocks"] = LineClocks(self.context).run
            work["rooms"] = keep_rooms
            work["files"] = partial(keep_sweeping, self.context.record, self.context.clock)
            if witness is not None:
                first = FirstContact(self.context.home.directory)
                work["witness"] = partial(
                    confirm_witness, self.context.record, witness, self.peers, first, self._woken
                )
        if self._opened == "held":
            work["recovery"] = self._recover
        return [group.create_task(self._keep(name, begin)) for name, begin in work.items()]

    async def _keep(self, name: str, begin: Work) -> None:
        """Do some work to its end; after a fault that nobody foresaw, say so and begin it anew.

        One part that fails must not take the line, or the officers' view of it, with it.
        """
        while True:
            try:
                await begin()
            except Exception:  # noqa: BLE001 - whatever it is, the rest goes on
                _log.exception("%s failed, and begins anew", name)
                self.faults += 1
                await asyncio.sleep(FAULT_PAUSE_S)
            else:
                return

    async def _recover(self) -> None:
        """Recover a record that is held; then begin anew."""
        await recover_from_all(
            self.context, self.peers, self._neutral, self._woken, self._stays_held
        )
        self._stop()

    def _stays_held(self, why: str) -> None:
        self._why = why
        self._tell()

    async def _run_link(self, party: str) -> None:
        runner = self.runners[party] = self._runner(self.context.record, party)
        await runner.run()

    async def end(self) -> None:
        """After the tasks were cancelled: leave the last sign of life."""
        await self.watch.end()

    async def _wake_links(self) -> None:
        """Tell the links at once when the record has grown; follow keys that have changed."""
        record = self.context.record
        size = record.head.size
        told: dict[str, int] = {}
        while True:
            size = await record.wait_beyond(size)
            for party, runner in self.runners.items():
                said = record.said_to(party)
                if said != told.get(party):  # receipts and own affairs are nothing for a link
                    told[party] = said
                    runner.recorded()
            if await self.peers.refresh():
                self.watch.follow_agreement()
                _log.info("keys or addresses have changed: connections are made anew")

    def _writable_again(self) -> None:
        if not self._witnessed:
            _log.info("starting anew, to record again")
            self._stop()

    async def _record_notes(self) -> None:
        while True:
            await asyncio.sleep(HELD_NOTES_EVERY_S)
            await self.context.record_held()

    def _tell(self) -> None:
        self.feed.state(
            "node",
            "node",
            "node",
            {"mode": self.mode, "why": self.why, "disk_low": self.disk.is_low},
        )

    # --- parts -------------------------------------------------------------------------------

    def _runner(self, record: PartyRecord, party: str) -> LinkRunner:
        pulls = party in self.context.settings.pull
        calls = PeerLine(
            self.peers[party],
            record.blobs,
            blob_bytes_max=self.context.settings.max_attachment_bytes,
            has_room=lambda: not self.disk.is_low,
        )
        return LinkRunner(
            Link(party, jitter=_random.random, pull=pulls),
            LineStore(record, party),
            calls,
            report=self._report,
        )

    def _authorities(self) -> frozenset[str]:
        own = addresses_of(self.context.agreement(), self.context.party)
        return frozenset(
            each.host if each.port == 443 else f"{each.host}:{each.port}" for each in own
        )

    def _came_back(self, party: str) -> None:
        self._cosigning.heard(party)
        self._woken.set()
        self._alive(party)

    def _alive(self, party: str) -> None:
        runner = self.runners.get(party)
        if runner is not None:
            runner.peer_heard()

    def _resumed(self, party: str, ends: dict[str, int]) -> None:
        runner = self.runners.get(party)
        if runner is not None:
            runner.peer_holds(ends)

    def _report(self, report: Report) -> None:
        told = (report.trouble.value, report.code, report.detail)
        _log.warning("the line to %s: %s %s %s", report.peer, *told)
        self.feed.state(
            f"trouble/{report.peer}/{report.channel}",
            "trouble",
            "watch",
            {
                "peer": report.peer,
                "trouble": report.trouble.value,
                "channel": report.channel,
                "seq": report.seq,
                "code": report.code,
                "detail": report.detail,
            },
        )

    def _behind(self, why: str) -> None:
        _log.error("a witness has signed more than this record holds: %s", why)
        self._witnessed.append(why)
        self._stop()  # and open it for reading: nothing must be added to it
        self._tell()

    # --- what is told ------------------------------------------------------------------------

    async def settle(self, size: int) -> None:
        """Have what is recorded now cosigned, as far as peers answer."""
        await self._cosigning.once()

    def readiness(self) -> Readiness:
        """See `StatusSource`."""
        low = self.disk.is_low
        why = self.why or ("There is little room on the disk." if low else None)
        test_mode = self.context.settings.test_mode
        return Readiness(self.mode == "writing", self.mode, why, list(test_mode))

    async def status(self) -> NodeStatus:
        """See `StatusSource`."""
        context = self.context
        record, agreement = context.record, context.agreement()
        best = await record.best_checkpoint()
        cosigned = best is not None and bool(best.cosigners)
        return NodeStatus(
            party=context.party,
            agreement=agreement.document.id,
            agreement_version=agreement.document.version,
            version=detente.__version__,
            boot=self._boot,
            started=format_time(self._started),
            now=format_time(context.clock()),
            mode=self.mode,
            why=self.why,
            record=RecordStatus(
                origin=record.origin,
                size=record.head.size,
                root=record.head.root.hex(),
                cosigned=best.size if best is not None and cosigned else 0,
                grade=best.grade if best is not None else "single",
            ),
            disk=DiskStatus(
                free=self.disk.room.free, total=self.disk.room.total, low=self.disk.is_low
            ),
            links=await self.links(),
            security_waiting=len(context.held.drafts),
            listeners=self.feed.listeners,
            faults=self.faults,
            planning=self.planning(),
            watching=self.watching(),
        )

    async def links(self) -> list[LinkStatus]:
        """See `StatusSource`."""
        found = []
        for standing in self.watch.standings():
            runner = self.runners.get(standing.peer)
            waiting = await LineStore(self.context.record, standing.peer).waiting()
            found.append(link_status(standing, None if runner is None else runner.link, waiting))
        return found

    async def outages(self, peer: str | None, days: int) -> OutageList:
        """See `StatusSource`."""
        context = self.context
        seen = self.watch.unrecorded()
        return await outages_of(context.record, seen, context.clock(), peer=peer, days=days)

    def peers_watched(self) -> list[str]:
        """See `StatusSource`."""
        return [each.peer for each in self.watch.standings()]

    def release(self, party: str, channel: str) -> bool:
        """See `StatusSource`."""
        runner = self.runners.get(party)
        if runner is None:
            return False
        runner.release(channel)
        return True

    @property
    def mode(self) -> Mode:
        """What can be done with the record now."""
        stopped = self.disk.full or bool(self._witnessed)
        return "read-only" if stopped and self._opened == "writing" else self._opened

    @property
    def why(self) -> str | None:
        """Why it cannot be written."""
        if bool(self._witnessed):
            return self._witnessed[0]
        return "The disk is full." if self.disk.full else self._why

    @property
    def room(self) -> Room:
        """The room on the disk, as it was a few seconds ago."""
        return self.disk.room
