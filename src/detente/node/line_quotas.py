"""Quotas of peers on the line: each lane has places of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from detente.http import Endpoint, LaneQuota, Lanes, any_of

from .errands import ERRAND_LANE
from .line_access import LINE_SCOPE

ORDINARY_LANE: Final = "line"
EMERGENCY_LANE: Final = "line-emergency"
BEAT_LANE: Final = "beat"
LOG_LANE: Final = "log"

_BEATEN: Final = 120


def line_lanes() -> Lanes:
    """Quotas of peers: what is urgent has places of its own, whatever else a peer sends."""
    return Lanes(
        [
            LaneQuota(
                name=ORDINARY_LANE,
                requests_per_s=50.0,
                request_burst=400,
                bytes_per_s=20e6,
                byte_burst=64 << 20,
                reserved=2,
                most=8,
            ),
            LaneQuota(
                name=EMERGENCY_LANE,
                requests_per_s=20.0,
                request_burst=200,
                bytes_per_s=5e6,
                byte_burst=16 << 20,
                reserved=4,
                most=4,
            ),
            LaneQuota(
                name=ERRAND_LANE,
                requests_per_s=20.0,
                request_burst=100,
                bytes_per_s=20e6,
                byte_burst=64 << 20,
                reserved=1,
                most=2,
            ),
            LaneQuota(
                name=LOG_LANE,
                requests_per_s=50.0,
                request_burst=500,
                bytes_per_s=5e6,
                byte_burst=16 << 20,
                reserved=2,
                most=8,
            ),
            LaneQuota(
                name=BEAT_LANE, requests_per_s=10.0, request_burst=_BEATEN, reserved=2, most=4
            ),
        ],
        shared=16,
    )


def for_peers(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """The log and the witness, which elsewhere are for everybody, as a node serves its peers.

    Signed as whatever else a peer asks, and within a quota of each peer: reading the log costs the
    disk, and a checkpoint that is shown to the witness costs even more.
    """
    return [
        replace(
            each,
            public=False,
            scopes=any_of(LINE_SCOPE),
            lane=LOG_LANE,
            digest=each.body is not None,
        )
        for each in endpoints
    ]
