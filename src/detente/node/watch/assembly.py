"""A node's watching, put together: feeds, engine, alerts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detente.boundaries import BoundarySet, load_boundaries
from detente.feeds.transports import Feed, WaitingReports
from detente.http import AddressPolicy, Endpoint
from detente.node.approvals import Approvals
from detente.node.context import NodeContext
from detente.node.pauses import collect_only_what_is_new
from detente.watch import About, AlertRules, ConformanceRules, read_rules, stand_off_rules

from .alerting import Alerting
from .alerts_api import AlertsApi
from .endpoints import watch_endpoints
from .feeds_running import made_feed
from .health import status_of
from .live import LiveWatch
from .own_watch import OwnWatch
from .places import LastPlaces
from .retention import Retention
from .segments import Segments
from .segments_api import SegmentsApi
from .warming import warm_up
from .watch_file import (
    AlertsPart,
    ConformancePart,
    WatchFile,
    WatchFileUnusable,
    read_watch_file,
)
from .watch_status import WatchStatus

if TYPE_CHECKING:
    from detente.node.uss.assembly import Uss

Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Watching:
    """The watching of a running node.

    Attributes:
        file: what it says.
        alerting: takes what is found.
        live: the thread that watches.
        boundaries: how many areas are watched.
        retention: says how long raw tracks are kept.
        segments: keep them; None if they are not.
        own: watches our own flights; None if the node does not plan.
    """

    file: WatchFile
    alerting: Alerting
    live: LiveWatch
    boundaries: int
    retention: Retention
    segments: Segments | None
    own: OwnWatch | None

    @classmethod
    async def open(cls, context: NodeContext, path: Path, uss: Uss | None = None) -> Watching:
        """Read what is to be watched, and load it; nothing runs yet.

        Args:
            context: of the node.
            path: of the file.
            uss: plans; None if the node does not.

        Raises:
            WatchFileUnusable: the file cannot be used.
            DetenteError: a boundary, rule or feed in it cannot be.
        """
        file = read_watch_file(path)
        return await asyncio.to_thread(cls._of, context, file, path.parent, uss)

    @classmethod
    def _of(cls, context: NodeContext, file: WatchFile, base: Path, uss: Uss | None) -> Watching:
        boundaries = load_boundaries(_specs(file, base)) if file.crossings else None
        _known(file.alerts, boundaries)
        setup = read_rules([base / each for each in file.rules], boundaries=boundaries, live=True)
        own = _own(context, file.conformance, uss, setup.conformance)
        if setup.stand_off is None:
            setup = replace(setup, stand_off=stand_off_rules(context.agreement()))
        warm_up(setup, {each.format for each in file.feed})
        engine = setup.engine(besides=[] if own is None else [own.monitor])
        policy = AddressPolicy.of(file.networks)

        def feeds(waiting: WaitingReports) -> Sequence[Feed]:
            return [made_feed(each, base, policy, waiting, now_us) for each in file.feed]

        feeds(WaitingReports())  # what cannot be is told now, not on the thread
        places = LastPlaces()
        rules = _alert_rules(file.alerts, setup.tracks.gap_s)
        proposals = tuple if own is None else own.monitor.proposals
        alerting = Alerting(context, rules, setup.declarations.of, places.of, proposals)
        record, tracks = context.record, file.tracks
        segments = None
        if tracks.keep:
            segments = Segments(
                record, context.home.directory, tracks, context.clock, context.random
            )
        takers = [places.take] if segments is None else [places.take, segments.take]
        live = LiveWatch(engine, feeds, alerting.on_events, takers, now_us)
        count = 0 if boundaries is None else len(boundaries.boundaries)
        retention = Retention(record, tracks.keep_days, context.clock)
        return cls(file, alerting, live, count, retention, segments, own)

    def tasks(self, *, writing: bool) -> Mapping[str, Work]:
        """Work to be done as long as the node runs, by name.

        Args:
            writing: whether the record takes anything now; otherwise nothing is watched.
        """
        if not writing:
            return {}
        return {
            "watching": self._run,
            "raw-tracks": self.retention.run,
            "collector": collect_only_what_is_new,
        }

    def endpoints(self, approvals: Approvals) -> list[Endpoint]:
        """What the officers' interface offers besides."""
        context = self.alerting.context
        segments = SegmentsApi(context.record, self.retention, approvals)
        return watch_endpoints(self.status, AlertsApi(context), segments)

    def status(self) -> WatchStatus:
        """How watching is."""
        tracks = None if self.segments is None else self.segments.status()
        own = 0 if self.own is None else self.own.flights
        return status_of(self.live.health(), self.alerting, self.boundaries, tracks, own)

    async def _run(self) -> None:
        segments = self.segments
        await self.alerting.start()
        if segments is not None:
            await segments.start()
        self.live.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.alerting.run())
                if self.own is not None:
                    group.create_task(
                        self.own.run(self.alerting.on_events, lambda: self.alerting.proposed)
                    )
                if segments is not None:
                    group.create_task(segments.run())
        finally:
            await self.live.stop()
            if segments is not None:
                await segments.close()


def now_us() -> int:
    """The wall clock: µs since 1970 UTC."""
    return time.time_ns() // 1000


def _specs(file: WatchFile, base: Path) -> list[str]:
    """Names of what is installed, and paths relative to the file."""
    return [
        str(base / each) if Path(each).suffix and (base / each).exists() else each
        for each in file.boundaries
    ]


def _known(part: AlertsPart, boundaries: BoundarySet | None) -> None:
    """Refuse alerts of boundaries that nobody watches: they would never come."""
    known = set() if boundaries is None else {each.id for each in boundaries.boundaries}
    unknown = sorted(set(part.boundaries or ()) - known)
    if unknown:
        raise WatchFileUnusable(
            f'No boundary that is watched is called "{unknown[0]}".',
            where="alerts.boundaries",
            advice="`detente boundary show NAME` tells the ids.",
        )


def _own(
    context: NodeContext, part: ConformancePart, uss: Uss | None, rules: ConformanceRules
) -> OwnWatch | None:
    if uss is None and part.declare:
        raise WatchFileUnusable(
            "This node does not plan: nothing can be declared.",
            where="conformance.declare",
            advice="Leave it out, or have the node plan: see plan.md.",
        )
    if uss is None:
        return None
    hear = uss.conformance.heard if part.declare else None
    return OwnWatch(uss.book, context.party, rules, hear, now_us)


def _alert_rules(part: AlertsPart, silent_s: float) -> AlertRules:
    def names(given: Sequence[str] | None) -> frozenset[str] | None:
        return None if given is None else frozenset(given)

    try:
        about = None if part.about is None else frozenset(About(each) for each in part.about)
    except ValueError as error:
        raise WatchFileUnusable(
            f"{error}.", where="alerts.about", advice=f"There are {', '.join(About)}."
        ) from None
    return AlertRules(
        about=about,
        parties=names(part.parties),
        boundaries=names(part.boundaries),
        uncertain=part.uncertain,
        silent_s=silent_s,
    )
