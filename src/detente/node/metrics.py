"""What is measured of a node, and who may read it: Prometheus on the machine, or who may see it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from detente.http import Authenticator, Caller, Endpoint, Metrics, RequestHead, any_of

from .measures import NodeMeasures
from .running import RunningNode

METRICS_PATH: Final = "/metrics"
METRICS_READER: Final = Caller("metrics", frozenset({"node.read"}), "node", 0)
"""Whoever asks for the metrics on the machine itself."""

_PASSED_ON: Final = frozenset({"forwarded", "via", "x-forwarded-for", "x-real-ip"})


class MetricsReaderOr:
    """Lets programs on this machine read the metrics; leaves the rest to another authenticator.

    Behind a proxy every request comes from its address: one that was passed on is not from here.

    Args:
        others: decides on every other request.
        proxied: whether a proxy stands before the node, so that no address tells anything.
    """

    def __init__(self, others: Authenticator, *, proxied: bool) -> None:
        self._others = others
        self._proxied = proxied

    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        """Who is calling.

        Raises:
            Unauthorized: see the other authenticator.
        """
        if request.path == METRICS_PATH and request.authorization is None and self._local(request):
            return METRICS_READER
        return await self._others.authenticate(request, now_us)

    def _local(self, request: RequestHead) -> bool:
        if self._proxied or not _PASSED_ON.isdisjoint(request.headers):
            return False
        return is_loopback(request.address)


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own, as IPv6 sockets show it too (::ffff:127.0.0.1)."""
    if not address:
        return False
    found = ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    return found.is_loopback if mapped is None else mapped.is_loopback


def metrics_endpoint(metrics: Metrics, *, public: bool) -> Endpoint:
    """`GET /metrics`; unless it is public, for those who may see how the node is."""
    made = metrics.endpoint(METRICS_PATH)
    if public:
        return made
    return replace(
        made,
        public=False,
        scopes=any_of("node.read"),
        description="With `metrics = loopback`, programs on the node's own machine need no "
        "session, unless a proxy has passed the request on; with `public`, nobody does.",
    )


def measure(metrics: Metrics, node: RunningNode) -> NodeMeasures:
    """Have the node's own values read whenever the metrics are."""
    made = NodeMeasures(node)
    metrics.registry.register(made)
    metrics.before_reading(made.look)
    node.feed.seen = made.recorded
    return made
