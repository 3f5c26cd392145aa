"""What a peer serves of C2SP, asked with httpx by the way that all calls of a node take."""

from __future__ import annotations

import httpx

from detente.errors import DetenteError

from .peers import PeerNode
from .witness_client import DEADLINE_S


class PeerTransport(httpx.AsyncBaseTransport):
    """Lets a client of httpx speak to a peer's node by the way that all calls to it take."""

    def __init__(self, node: PeerNode, deadline_s: float = DEADLINE_S) -> None:
        self._node = node
        self._deadline_s = deadline_s

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; only its path counts."""
        body = await request.aread()
        try:
            answer = await self._node.request(
                request.method,
                request.url.raw_path.decode("ascii"),
                body=body,
                deadline_s=self._deadline_s,
                content_type=request.headers.get("content-type", "text/plain; charset=utf-8"),
            )
        except DetenteError as error:
            raise httpx.TransportError(str(error)) from error
        kept = {
            name: value for name, value in answer.headers.items() if name != "transfer-encoding"
        }
        stream = httpx.ByteStream(answer.body)
        return httpx.Response(answer.status, headers=kept, stream=stream, request=request)


def witness_http(node: PeerNode) -> httpx.AsyncClient:
    """A client for what a peer serves of C2SP; hosts in addresses mean nothing."""
    return httpx.AsyncClient(
        transport=PeerTransport(node), trust_env=False, follow_redirects=False, timeout=DEADLINE_S
    )
