"""What `/metrics` tells of watching. Labels hold names of the file of watching, and fixed ones."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from detente.feeds.transports import FeedState

from .watch_status import WatchStatus


def watch_metrics(status: WatchStatus) -> Iterable[Metric]:
    """The values of one look."""
    yield _gauge("watch_running", "1 while the node watches.", status.running)
    yield _gauge("watch_alerts_open", "Alerts that are not over.", status.alerts)
    words = "Own flights whose plan names the aircraft, held against what is heard."
    yield _gauge("watch_own_flights", words, status.own_flights)
    words = "How long the newest report waited before it had been looked at."
    yield _gauge("watch_behind_seconds", words, status.behind_ms / 1000)
    yield _gauge("watch_waiting", "Reports that wait to be looked at.", status.waiting)
    yield _counter("watch_taken", "Reports that were looked at.", status.taken)
    words = "Changes of alerts given up, as the record took nothing."
    yield _counter("watch_unrecorded", words, status.unrecorded)
    if status.tracks is not None:
        words = "Reports that are in no segment of raw tracks."
        yield _counter("watch_tracks_shed", words, status.tracks.shed)
    state = GaugeMetricFamily(
        "detente_watch_feed_state",
        "1 for the state that a feed is in, 0 for the others.",
        labels=("feed", "state"),
    )
    reports = _by_feed("watch_feed_reports", "Reports that a feed gave.")
    dropped = _by_feed("watch_feed_dropped", "What came and gave no report.")
    shed = _by_feed("watch_feed_shed", "Reports given up because too many waited.")
    for feed in status.feeds:
        for each in FeedState:
            state.add_metric((feed.name, str(each)), int(str(each) == feed.state))
        reports.add_metric((feed.name,), feed.reports)
        dropped.add_metric((feed.name,), sum(feed.dropped.values()))
        shed.add_metric((feed.name,), status.shed.get(feed.name, 0))
    yield from (state, reports, dropped, shed)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"detente_{name}", words, value=value)


def _counter(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(f"detente_{name}", words, value=value)


def _by_feed(name: str, words: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"detente_{name}", words, labels=("feed",))
