"""How a node's watching is, for officers and machines."""

from __future__ import annotations

import msgspec


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A feed.

    Attributes:
        name, where, state: what it is called, where it comes from, how it is.
        connections, failures, last_failure: since the start.
        last_received, last_report: when something came, and when it gave a position.
        bytes, messages, reports: that came.
        dropped: what gave no report, by reason.
        lost_datagrams: that came faster than they could be taken.
    """

    name: str
    where: str
    state: str
    connections: int
    failures: int
    last_failure: str
    last_received: str | None
    last_report: str | None
    bytes: int
    messages: int
    reports: int
    dropped: dict[str, int]
    lost_datagrams: int


class TracksStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How keeping raw tracks is.

    Attributes:
        segments: sealed since the start.
        rows: reports in the segment that is being written.
        waiting: reports that wait to be written.
        shed: reports given up since the start, because too many waited.
        trouble: why the last attempt to write or record failed; empty if it did not.
    """

    segments: int
    rows: int
    waiting: int
    shed: int
    trouble: str


class WatchStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How watching is.

    Attributes:
        running: whether it is at work.
        failed: why it ended, if it did.
        feeds: see there.
        boundaries: areas whose borders are watched.
        taken: reports that were looked at.
        taken_out: reports that no monitor saw, by reason.
        waiting: reports that wait.
        shed: reports given up because too many waited, by feed.
        behind_ms: how long the newest report waited before it had been looked at.
        alerts: that are open.
        unrecorded: changes of alerts that were given up, as the record took nothing.
        tracks: how keeping raw tracks is; none if they are not kept.
        own_flights: of ours in the air whose plan names the aircraft: kept an eye on.
    """

    running: bool
    failed: str
    feeds: list[FeedStatus]
    boundaries: int
    taken: int
    taken_out: dict[str, int]
    waiting: int
    shed: dict[str, int]
    behind_ms: float
    alerts: int
    unrecorded: int
    tracks: TracksStatus | None = None
    own_flights: int = 0
