"""What is told of the health of watching."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from detente.feeds.transports import FeedHealth
from detente.record import format_time

from .alerting import Alerting
from .live import LiveHealth
from .watch_status import FeedStatus, TracksStatus, WatchStatus

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def status_of(
    health: LiveHealth,
    alerting: Alerting,
    boundaries: int,
    tracks: TracksStatus | None,
    own_flights: int,
) -> WatchStatus:
    """What is told of it."""
    return WatchStatus(
        running=health.running,
        failed=health.failed,
        feeds=[_feed(each) for each in health.feeds],
        boundaries=boundaries,
        taken=health.taken,
        taken_out=dict(health.taken_out),
        waiting=health.waiting,
        shed=dict(health.shed),
        behind_ms=round(health.behind_ms, 1),
        alerts=len(alerting.open),
        unrecorded=alerting.dropped,
        tracks=tracks,
        own_flights=own_flights,
    )


def _feed(health: FeedHealth) -> FeedStatus:
    return FeedStatus(
        name=health.name,
        where=health.where,
        state=str(health.state),
        connections=health.connections,
        failures=health.failures,
        last_failure=health.last_failure,
        last_received=_at(health.last_received_us),
        last_report=_at(health.last_report_us),
        bytes=health.counts.bytes,
        messages=health.counts.messages,
        reports=health.counts.reports,
        dropped=dict(health.counts.dropped),
        lost_datagrams=health.lost_datagrams,
    )


def _at(time_us: int | None) -> str | None:
    if time_us is None:
        return None
    return format_time(_EPOCH + timedelta(microseconds=time_us))
