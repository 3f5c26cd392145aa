"""The two applications of a node: for officers, and for the peers' nodes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import detente
from detente.errors import DetenteError
from detente.http import (
    API_HEADERS,
    STRICT_TRANSPORT,
    ApiInfo,
    Application,
    Authenticator,
    Caller,
    EgressError,
    Endpoint,
    Limits,
    Metrics,
    NonceStoreFull,
    Observer,
    Overloaded,
    SecurityScheme,
    SignatureRefused,
    build_app,
)
from detente.record import (
    Answer,
    AppendUnknown,
    KeyFileUnusable,
    LogReadOnly,
    LogUnavailable,
    NoSuchEntry,
    RecordRefused,
    TilesUnusable,
    Witness,
)

from . import line_wire as wire
from .agreement_api import AGREEMENT_STATUSES, agreement_endpoints
from .conference_desk import ConferenceDesk
from .conferences_api import CONFERENCE_STATUSES, conferences_endpoints
from .context import NodeContext
from .desk import OFFICER_STATUSES, Desk
from .desk_endpoints import desk_endpoints
from .erasures_api import erasures_endpoints
from .errands import errands_endpoint
from .events_api import events_endpoints
from .exports_api import exports_endpoints
from .feed import Feed
from .first_contact import FirstContact
from .jobs import Jobs
from .keys_api import KEYS_STATUSES, keys_endpoints
from .line_api import LINE_STATUSES, line_endpoints
from .line_quotas import for_peers, line_lanes
from .message_desk import MessageDesk
from .metrics import metrics_endpoint
from .mirror import MirrorRefused, MirrorUnusable
from .mirroring import Mirroring
from .newest import newest_cosigned
from .officers_desk import Origins
from .operator_access import OPERATOR, OPERATOR_SCOPES
from .peers import addresses_of
from .peers_api import PEERS_STATUSES, peers_endpoints
from .publications_api import publications_endpoints
from .record_api import record_endpoints
from .recovery_http import recovery_endpoints
from .recovery_source import RecoverySource
from .room_desk import RoomDesk
from .rooms_api import ROOM_STATUSES, rooms_endpoints
from .running import RunningNode
from .session_authenticator import CookieNames
from .standing_api import STANDING_STATUSES, standing_endpoints
from .status import StatusSource, status_endpoints
from .tiles_http import tiles_endpoints
from .uss.assembly import Uss
from .uss.endpoints import OFFICERS_STATUSES as PLANNING_STATUSES
from .witness_client import WitnessUnreachable
from .witness_http import WITNESS_STATUSES, witness_endpoints
from .witnessing import keep_answer, who_may_ask

if TYPE_CHECKING:  # it loads slowly, and many nodes do not watch
    from .watch.assembly import Watching


def officers_info(*, secure: bool) -> ApiInfo:
    """What the description of the officers' interface says of the whole.

    Args:
        secure: whether browsers see it over TLS; cookies have other names otherwise.
    """
    return ApiInfo(
        title="Détente node",
        version=detente.__version__,
        description="A party's node: the line to the other parties, its record, its officers.",
        security=(
            SecurityScheme(
                name="session",
                definition={
                    "type": "apiKey",
                    "in": "cookie",
                    "name": CookieNames(secure=secure).session,
                    "description": "A browser's session: the cookie that log-in sets (`detente` "
                    "where the interface is served without TLS). What changes something must come "
                    "from a page of the node (`Origin`).",
                },
            ),
            SecurityScheme(
                name="token",
                definition={
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A script's session: the token that log-in with `bearer` gives; "
                    "it means nothing but to this node. What the session may do follows from its "
                    "officer's roles; `step-up` is there for a few minutes after a proof of "
                    "identity.",
                },
            ),
        ),
    )


API_INFO: Final = officers_info(secure=True)

_log = logging.getLogger("detente.node")

STATUSES: Final[Mapping[type[DetenteError], int]] = {
    **AGREEMENT_STATUSES,
    **CONFERENCE_STATUSES,
    **KEYS_STATUSES,
    **LINE_STATUSES,
    **OFFICER_STATUSES,
    **PEERS_STATUSES,
    **PLANNING_STATUSES,
    **ROOM_STATUSES,
    **STANDING_STATUSES,
    **WITNESS_STATUSES,
    AppendUnknown: 503,
    KeyFileUnusable: 409,
    LogReadOnly: 503,
    LogUnavailable: 503,
    NoSuchEntry: 404,
    RecordRefused: 422,
}
"""HTTP statuses of errors that come from further down."""


@dataclass(frozen=True, slots=True)
class Interface:
    """What the officers' interface is made of.

    Attributes:
        context: of the node.
        source: says how the node is.
        feed: tells what happens.
        desk: accounts, sessions, four eyes.
        messages, rooms, conferences: what officers do there.
        jobs: work that takes longer than a request.
        settle: has the newest checkpoint cosigned, if that is possible.
        renew: has the node start again within its process, once the answer is out.
        uss: plans; None if the node does not.
        watching: watches; None if the node does not.
    """

    context: NodeContext
    source: StatusSource
    feed: Feed
    desk: Desk
    messages: MessageDesk
    rooms: RoomDesk
    conferences: ConferenceDesk
    jobs: Jobs
    settle: Callable[[int], Awaitable[None]]
    renew: Callable[[], object]
    uss: Uss | None = None
    watching: Watching | None = None

    @classmethod
    def of(
        cls,
        node: RunningNode,
        desk: Desk,
        renew: Callable[[], object],
        uss: Uss | None = None,
        watching: Watching | None = None,
    ) -> Interface:
        """That of a running node."""
        context = node.context
        rooms = RoomDesk(context)
        return cls(
            context,
            node,
            node.feed,
            desk,
            MessageDesk(context, node.disk.has_room),
            rooms,
            ConferenceDesk(context, rooms, desk.approvals),
            Jobs(context.clock),
            node.settle,
            renew,
            uss,
            watching,
        )

    def endpoints(self) -> list[Endpoint]:
        """Every operation."""

        def scopes_now(caller: Caller) -> frozenset[str]:
            # An account may have the operator's name; only the operator is in no session.
            if caller.sub == OPERATOR and not caller.session:
                return OPERATOR_SCOPES
            return self.desk.scopes_now(caller)

        context, approvals = self.context, self.desk.approvals
        return [
            *status_endpoints(self.source),
            *desk_endpoints(self.desk),
            *events_endpoints(self.feed, scopes_now, self.rooms.may_hear),
            *line_endpoints(self.messages),
            *rooms_endpoints(self.rooms),
            *conferences_endpoints(self.conferences),
            *record_endpoints(context, self.jobs, self.rooms.may_hear),
            *exports_endpoints(context, approvals, self.jobs, self.settle),
            *erasures_endpoints(context, approvals),
            *publications_endpoints(context, approvals),
            *agreement_endpoints(context, approvals, self.renew),
            *standing_endpoints(context, approvals, self.source.links),
            *peers_endpoints(context, approvals, self.renew),
            *keys_endpoints(context, approvals),
            *([] if self.uss is None else self.uss.endpoints_officers()),
            *([] if self.watching is None else self.watching.endpoints(approvals)),
        ]


def officers_app(
    interface: Interface,
    guard: Origins,
    access: Authenticator,
    metrics: Metrics,
    observer: Observer,
) -> Application:
    """What officers, their screens and their scripts use."""
    settings = interface.context.settings
    endpoints = interface.endpoints()
    if settings.metrics != "off":
        endpoints.append(metrics_endpoint(metrics, public=settings.metrics == "public"))
    secure = interface.desk.rules.secure
    return build_app(
        endpoints,
        authenticator=access,
        guard=guard,
        headers=(*API_HEADERS, STRICT_TRANSPORT) if secure else API_HEADERS,
        limits=Limits(
            max_body_bytes=max(settings.max_body_bytes, settings.max_attachment_bytes),
            max_in_flight=settings.max_in_flight,
            max_streams=settings.max_streams,
            rate_per_s=settings.rate_limit,
            rate_burst=settings.rate_burst,
        ),
        observer=observer,
        statuses=STATUSES,
        info=officers_info(secure=secure),
    )


def peers_app(
    node: RunningNode, witness: Witness | None, access: Authenticator, observer: Observer
) -> Application:
    """What the other parties' nodes call, under every path of our addresses in the agreement."""
    record = node.context.record
    settings = node.context.settings
    own = addresses_of(node.context.agreement(), node.context.party)
    endpoints: list[Endpoint] = []

    mirroring = Mirroring(record, node.peers, node.mirror)

    async def before(body: bytes) -> None:
        if node.mode != "writing":
            raise Overloaded("Nothing can be recorded here now.", retry_after_s=30)
        await mirroring.before(body)

    def source_for(party: str) -> RecoverySource | None:
        if witness is None:
            return None
        return RecoverySource(record, node.mirror, witness, party)

    for prefix in dict.fromkeys(address.path.rstrip("/") for address in own):
        endpoints += node.line.endpoints(prefix)
        endpoints.append(errands_endpoint(prefix, node.peers.errands_of))
        if witness is not None:
            endpoints += for_peers(
                witness_endpoints(
                    prefix + wire.WITNESS, witness, keep=Keeping(node).keep, before=before
                )
            )
        endpoints += recovery_endpoints(prefix, source_for)
        endpoints += for_peers(
            tiles_endpoints(
                prefix + wire.LOG,
                node.context.home.place.tiles,
                witnesses=lambda: who_may_ask(record),
                newest_cosigned=lambda key: newest_cosigned(record, key),
                consistency=record.consistency,
            )
        )
    return build_app(
        endpoints,
        authenticator=access,
        limits=Limits(
            max_body_bytes=max(settings.max_peer_body_bytes, settings.max_attachment_bytes),
            max_json_depth=64,
            body_timeout_s=60.0,
            handler_timeout_s=60.0,
            max_bodies_per_client=16,
        ),
        lanes=line_lanes(),
        observer=observer,
        statuses={
            **STATUSES,
            SignatureRefused: 401,
            NonceStoreFull: 429,
            MirrorRefused: 422,
            MirrorUnusable: 503,
            EgressError: 503,
            WitnessUnreachable: 503,
        },
    )


class Keeping:
    """Records what our witness answered, and publishes it with the log."""

    def __init__(self, node: RunningNode) -> None:
        self._node = node

    async def keep(self, answer: Answer) -> None:
        """Record what our witness answered; what is served holds it from then on."""
        context = self._node.context
        await keep_answer(context.record, answer)
        if answer.status == 200:
            for member in context.record.terms.members:
                if member.origin == answer.origin:
                    FirstContact(context.home.directory).over(member.id)
        try:
            await self._node.publishing.now()
        except TilesUnusable as error:
            # It is on record. The next answer, or the next start, publishes it.
            _log.warning("the log that is served stays behind: %s", error)
