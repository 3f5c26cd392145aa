"""A node's watching, put together: feeds, engine, alerts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from detente.boundaries import load_boundaries
from detente.feeds.transports import Feed, WaitingReports
from detente.http import AddressPolicy, Endpoint
from detente.node.context import NodeContext
from detente.watch import About, AlertRules, read_rules, stand_off_rules

from .alerting import Alerting
from .alerts_api import AlertsApi, alerts_endpoints
from .feeds_running import made_feed
from .health import status_of
from .live import LiveWatch
from .places import LastPlaces
from .warming import warm_up
from .watch_file import AlertsPart, WatchFile, WatchFileUnusable, read_watch_file
from .watch_status import WatchStatus

Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Watching:
    """The watching of a running node.

    Attributes:
        file: what it says.
        alerting: takes what is found.
        live: the thread that watches.
        boundaries: how many areas are watched.
    """

    file: WatchFile
    alerting: Alerting
    live: LiveWatch
    boundaries: int

    @classmethod
    async def open(cls, context: NodeContext, path: Path) -> Watching:
        """Read what is to be watched, and load it; nothing runs yet.

        Raises:
            WatchFileUnusable: the file cannot be used.
            DetenteError: a boundary, rule or feed in it cannot be.
        """
        file = read_watch_file(path)
        return await asyncio.to_thread(cls._of, context, file, path.parent)

    @classmethod
    def _of(cls, context: NodeContext, file: WatchFile, base: Path) -> Watching:
        boundaries = load_boundaries(_specs(file, base)) if file.crossings else None
        setup = read_rules([base / each for each in file.rules], boundaries=boundaries, live=True)
        if setup.stand_off is None:
            setup = replace(setup, stand_off=stand_off_rules(context.agreement()))
        warm_up(setup, {each.format for each in file.feed})
        engine = setup.engine()
        policy = AddressPolicy.of(file.networks)

        def feeds(waiting: WaitingReports) -> Sequence[Feed]:
            return [made_feed(each, base, policy, waiting, now_us) for each in file.feed]

        feeds(WaitingReports())  # what cannot be is told now, not on the thread
        places = LastPlaces()
        rules = _alert_rules(file.alerts)
        alerting = Alerting(context, rules, setup.declarations.of, places.of)
        live = LiveWatch(engine, feeds, alerting.on_events, [places.take], now_us)
        count = 0 if boundaries is None else len(boundaries.boundaries)
        return cls(file, alerting, live, count)

    def tasks(self, *, writing: bool) -> Mapping[str, Work]:
        """Work to be done as long as the node runs, by name.

        Args:
            writing: whether the record takes anything now; otherwise nothing is watched.
        """
        if not writing:
            return {}
        return {"watching": self._run}

    def endpoints(self) -> list[Endpoint]:
        """What the officers' interface offers besides."""
        return alerts_endpoints(AlertsApi(self.alerting.context))

    def status(self) -> WatchStatus:
        """How watching is."""
        return status_of(self.live.health(), self.alerting, self.boundaries)

    async def _run(self) -> None:
        await self.alerting.start()
        self.live.start()
        try:
            await self.alerting.run()
        finally:
            await self.live.stop()


def now_us() -> int:
    """The wall clock: µs since 1970 UTC."""
    return time.time_ns() // 1000


def _specs(file: WatchFile, base: Path) -> list[str]:
    """Names of what is installed, and paths relative to the file."""
    return [
        str(base / each) if Path(each).suffix and (base / each).exists() else each
        for each in file.boundaries
    ]


def _alert_rules(part: AlertsPart) -> AlertRules:
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
    )
