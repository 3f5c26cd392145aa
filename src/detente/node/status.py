"""How the node is: for its operator, for officers, for whatever watches over it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from detente.http import (
    BadRequest,
    Endpoint,
    NotFound,
    Request,
    Response,
    any_of,
)
from detente.line import Lane, Link, Standing
from detente.record.ijson import format_time

from .outages_api import OutageList, outages_endpoint
from .watch.watch_status import WatchStatus


class RecordStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The record.

    Attributes:
        origin: name of its log.
        size: entries.
        root: tree hash, hexadecimal.
        cosigned: entries of the newest checkpoint that other parties have cosigned; 0 if none.
        grade: of that checkpoint.
    """

    origin: str
    size: int
    root: str
    cosigned: int
    grade: str


class HeldStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A channel that stands still; see `detente.line.HeldChannel`."""

    channel: str
    seq: int
    code: str
    detail: str
    pulled: bool


class LaneState(msgspec.Struct, frozen=True, kw_only=True):
    """How a lane does; see `detente.line.LaneStatus`."""

    busy: str
    failures: int
    last_failure: str | None


class LinkStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The line to one peer.

    Attributes:
        peer: its id.
        state: `starting`, `up`, `late`, `down-here`, `down-there` or `peer-silent`.
        words: the state for officers, by language.
        since: since when.
        last_heard: the last sign of life.
        rtt_ms: round trip of the newest answered beat, milliseconds.
        reason: why the newest beat failed, if it did.
        answers_us, calls_us: whether our calls are answered, and its own arrive.
        clock_ahead_ms: how far its clock seems ahead of ours, milliseconds.
        waiting: entries for the peer that it has given no receipt for.
        lanes: by name.
        held: channels that stand still.
    """

    peer: str
    state: str
    words: dict[str, str]
    since: str
    last_heard: str | None
    rtt_ms: float | None
    reason: str | None
    answers_us: bool
    calls_us: bool
    clock_ahead_ms: int | None
    waiting: int
    lanes: dict[str, LaneState]
    held: list[HeldStatus]


class DiskStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The disk of the node's directory.

    Attributes:
        free, total: bytes.
        low: whether there is less room than `free-bytes-min`.
    """

    free: int
    total: int
    low: bool


class PlanningStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How planning is.

    Attributes:
        manager: who we are at the exchanges.
        base_url: what other USSs call us by.
        exchanges: URLs of those that plans are filed at, by name.
        plans: those that have not ended.
        unsettled: orders of which it is not known what the exchanges have made.
        neighbours: intents of others that are known.
        recording: exchanges of messages that wait to be recorded.
        unrecorded: those that were given up since the start, as the record took nothing.
        test_mode: settings that are for tests only, and are on.
    """

    manager: str
    base_url: str
    exchanges: dict[str, str]
    plans: int
    unsettled: int
    neighbours: int
    recording: int
    unrecorded: int = 0
    test_mode: list[str]


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a node is.

    Attributes:
        party, agreement, agreement_version: whose it is, under what.
        version: of the program.
        boot: random id of this start.
        started, now: by the node's clock.
        mode: `writing`; or `read-only`: nothing can be recorded now; or `held`: a restored record,
            whose peers have not told yet what they hold of it.
        why: why it is not writing.
        record, disk: see there; `record` is none while it is held.
        links: the line to each peer.
        security_waiting: security entries that the record could not take yet.
        listeners: streams of events that are open.
        faults: times that a part of the node failed in a way that nobody foresaw; see the log.
        planning: see there; none if the node does not plan.
        watching: see there; none if the node does not watch.
    """

    party: str
    agreement: str
    agreement_version: int
    version: str
    boot: str
    started: str
    now: str
    mode: str
    why: str | None
    record: RecordStatus | None
    disk: DiskStatus
    links: list[LinkStatus]
    security_waiting: int
    listeners: int
    faults: int
    planning: PlanningStatus | None = None
    watching: WatchStatus | None = None


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """Whether the node can do its work, and if not, why.

    Attributes:
        ready: whether it can.
        mode, why: see `NodeStatus`.
        test_mode: settings that are for tests only, and are on: nobody's flights depend on it.
    """

    ready: bool
    mode: str
    why: str | None = None
    test_mode: list[str] = []


class Links(msgspec.Struct, frozen=True):
    """The lines to all peers."""

    links: list[LinkStatus]


class Channel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel by name."""

    channel: str


class StatusSource(ABC):
    """What the endpoints ask; made by the running node."""

    @abstractmethod
    async def status(self) -> NodeStatus:
        """Everything."""

    @abstractmethod
    async def links(self) -> list[LinkStatus]:
        """The lines alone."""

    @abstractmethod
    async def outages(self, peer: str | None, days: int) -> OutageList:
        """Outages of the line to a peer, or to all, stated within so many days."""

    @abstractmethod
    def peers_watched(self) -> list[str]:
        """The other parties."""

    @abstractmethod
    def readiness(self) -> Readiness:
        """At once, without asking the disk."""

    @abstractmethod
    def release(self, party: str, channel: str) -> bool:
        """Try a channel again that stands still; False if there is no such peer."""


def link_status(standing: Standing, link: Link | None, waiting: int) -> LinkStatus:
    """What is told of the line to one peer."""
    ahead = standing.clock_ahead_s
    lanes: dict[str, LaneState] = {}
    held: list[HeldStatus] = []
    if link is not None:
        for lane in Lane:
            found = link.status(lane)
            lanes[lane.value] = LaneState(
                busy=found.busy, failures=found.failures, last_failure=found.last_failure
            )
        held = [
            HeldStatus(
                channel=each.channel,
                seq=each.seq,
                code=each.code,
                detail=each.detail,
                pulled=each.pulled,
            )
            for each in link.held
        ]
    words = standing.state.words
    return LinkStatus(
        peer=standing.peer,
        state=standing.state.value,
        words={"en": words.en, "fr": words.fr},
        since=format_time(standing.since),
        last_heard=None if standing.last_heard is None else format_time(standing.last_heard),
        rtt_ms=None if standing.rtt_s is None else round(standing.rtt_s * 1000, 1),
        reason=None if standing.reason is None else standing.reason.value,
        answers_us=standing.answers_us,
        calls_us=standing.calls_us,
        clock_ahead_ms=None if ahead is None else round(ahead * 1000),
        waiting=waiting,
        lanes=lanes,
        held=held,
    )


def status_endpoints(source: StatusSource) -> list[Endpoint]:
    """Health and readiness for everybody; the rest for whoever may see it."""

    async def health(request: Request[None]) -> Response:
        return Response(200, Health("ok"))

    async def ready(request: Request[None]) -> Response:
        found = source.readiness()
        return Response(200 if found.ready else 503, found)

    async def status(request: Request[None]) -> Response:
        return Response(200, await source.status())

    async def links(request: Request[None]) -> Response:
        return Response(200, Links(await source.links()))

    async def release(request: Request[Channel]) -> Response:
        if not request.body.channel:
            raise BadRequest("The channel has no name.")
        if not source.release(request.path["party"], request.body.channel):
            raise NotFound("There is no such peer.")
        return Response(204)

    return [
        _get("/health", health, "getHealth", "Whether the process answers.", Health, public=True),
        _get(
            "/ready",
            ready,
            "getReadiness",
            "Whether the node can do its work: 503 while nothing can be recorded.",
            Readiness,
            public=True,
            also=(503,),
        ),
        _get("/api/v1/status", status, "getStatus", "How the node is.", NodeStatus, "node.read"),
        _get(
            "/api/v1/links",
            links,
            "listLinks",
            "How the line to each peer is.",
            Links,
            "peers.read",
            "line.read",
        ),
        outages_endpoint(source.outages, source.peers_watched),
        Endpoint(
            method="POST",
            path="/api/v1/links/{party}/release",
            handler=release,
            operation_id="releaseChannel",
            summary="Try a channel again that stands still, after something was done about it.",
            responses={204: None, 404: None},
            scopes=any_of("node.manage step-up", "peers.manage step-up"),
            body=Channel,
            tags=("node",),
        ),
    ]


def _get(
    path: str,
    handler: Callable[[Request[Any]], Any],
    name: str,
    summary: str,
    body: type[msgspec.Struct],
    *scopes: str,
    public: bool = False,
    also: Sequence[int] = (),
) -> Endpoint:
    return Endpoint(
        method="GET",
        path=path,
        handler=handler,
        operation_id=name,
        summary=summary,
        responses={200: body, **dict.fromkeys(also, body)},
        scopes=any_of(*scopes),
        public=public,
        tags=("node",),
    )
