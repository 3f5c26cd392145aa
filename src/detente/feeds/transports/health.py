"""How a feed is, and what became of what came."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from detente.feeds.decoding import Counts


class FeedState(StrEnum):
    """How a feed is."""

    STARTING = "starting"
    """It has not been tried yet."""
    FRESH = "fresh"
    """Reports come."""
    SILENT = "silent"
    """It is connected, and no report has come for a while."""
    FAILING = "failing"
    """There is no connection."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRules:
    """When a feed is held for what.

    Attributes:
        silent_s: without a report for so long it is silent.
        give_up_s: without a single byte for so long the connection is given up and made anew;
            longer than `silent_s`, for the sky may be empty.
    """

    silent_s: float = 10.0
    give_up_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """How a feed is now.

    Attributes:
        name, where: what it is called, and where it comes from.
        state: see there.
        connections: that were made so far.
        failures: of connections and of tries to make one.
        last_failure: in words, with its code; "" if there was none.
        last_received_us, last_report_us: when something came, and when it gave a report; None if
            never.
        counts: what became of the bytes.
        lost_datagrams: that came faster than they could be taken.
    """

    name: str
    where: str
    state: FeedState
    connections: int
    failures: int
    last_failure: str
    last_received_us: int | None
    last_report_us: int | None
    counts: Counts
    lost_datagrams: int
