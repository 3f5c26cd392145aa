"""The other parties' nodes: where they are by the agreement, and how we reach them.

Addresses are in the agreement, and change with it. What a node adds for itself, such as fetching
from a peer that cannot call, is changed here by two persons.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from detente.errors import DetenteError
from detente.http import Endpoint, Request, Response, any_of
from detente.record import JsonValue

from .approvals import Approvals
from .context import NodeContext
from .peers import others
from .reach import Reach, ReachUnusable, write_reach

TAGS: Final = ("peers",)
PEERS_STATUSES: Final[Mapping[type[DetenteError], int]] = {ReachUnusable: 422}
"""For `build_app(statuses=…)`."""


class PeerView(msgspec.Struct, frozen=True, kw_only=True):
    """Another party of the agreement.

    Attributes:
        party: its id.
        name: by language.
        addresses: where its node is, by the agreement.
        pulled: whether what it has for us is fetched.
    """

    party: str
    name: dict[str, str]
    addresses: list[str]
    pulled: bool


class PeerViews(msgspec.Struct, frozen=True, kw_only=True):
    """The other parties, and how their nodes are reached."""

    peers: list[PeerView]
    reach: Reach


class ReachBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved as `peers` is `{"do": "reach", "pull": …, "connect_to": …,
    "peer_network": …}`; see `Reach`."""

    pull: list[str]
    connect_to: list[str]
    peer_network: list[str]
    approval: str = ""


def peers_endpoints(
    context: NodeContext, approvals: Approvals, renew: Callable[[], object]
) -> list[Endpoint]:
    """Endpoints under /api/v1/peers.

    Args:
        renew: has the node start again within its process, once the answer is out.
    """

    async def show(request: Request[None]) -> Response:
        document, settings = context.agreement().document, context.settings
        views = []
        for identity in others(context.record):
            party = document.party(identity)
            if party is not None:
                views.append(
                    PeerView(
                        party=identity,
                        name=dict(party.name),
                        addresses=[address.url for address in party.addresses],
                        pulled=identity in settings.pull,
                    )
                )
        return Response(200, PeerViews(peers=views, reach=Reach.of(settings)))

    async def change(request: Request[ReachBody]) -> Response:
        body, caller = request.body, request.caller
        reach = Reach(pull=body.pull, connect_to=body.connect_to, peer_network=body.peer_network)
        reach.check(others(context.record))
        action: dict[str, JsonValue] = {"do": "reach", **reach.facts()}
        await approvals.consume(caller, body.approval, "peers", action)
        await asyncio.to_thread(write_reach, context.home.directory, reach)
        await context.note_security(
            "peers-changed", caller.sub, session=caller.session, **reach.facts()
        )
        renew()
        return Response(200, reach)

    refusals: dict[int, Any] = {403: None, 404: None, 409: None, 422: None}
    return [
        Endpoint(
            method="GET",
            path="/api/v1/peers",
            handler=show,
            operation_id="listPeers",
            summary="The other parties, and how their nodes are reached.",
            responses={200: PeerViews},
            scopes=any_of("peers.read"),
            tags=TAGS,
        ),
        Endpoint(
            method="PUT",
            path="/api/v1/peers/reach",
            handler=change,
            operation_id="setReach",
            summary="Change how the peers are reached (with a second person's approval).",
            description="It stands above node.toml from then on. The node starts again within its "
            "process: streams end and can be taken up where they were.",
            body=ReachBody,
            responses={200: Reach, **refusals},
            scopes=any_of("peers.manage step-up"),
            tags=TAGS,
        ),
    ]
