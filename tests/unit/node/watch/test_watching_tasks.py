"""What a node that watches does besides."""

from __future__ import annotations

from typing import cast

from detente.node.pauses import collect_only_what_is_new
from detente.node.watch.alerting import Alerting
from detente.node.watch.assembly import Watching
from detente.node.watch.live import LiveWatch
from detente.node.watch.retention import Retention
from detente.node.watch.watch_file import WatchFile


class Keeps:
    """Stands for what keeps raw tracks."""

    async def run(self) -> None: ...


def test_no_alert_waits_for_the_collector() -> None:
    keeps = cast(Retention, Keeps())
    watching = Watching(
        WatchFile(), cast(Alerting, None), cast(LiveWatch, None), 0, keeps, None, None
    )
    assert watching.tasks(writing=True)["collector"] is collect_only_what_is_new
    assert watching.tasks(writing=False) == {}
