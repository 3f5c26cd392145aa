"""Where a node is, and by whose certificates it is believed to be itself."""

from __future__ import annotations

import ssl
from typing import ClassVar
from urllib.parse import urlsplit

from detente.errors import DetenteError


class NodeUnreachable(DetenteError):
    """The node gives no answer, or none that can be used."""

    code: ClassVar[str] = "client.unreachable"


def trust_of(ca: str | None) -> ssl.SSLContext | bool:
    """Whom to believe that a node is itself, as httpx takes it.

    Args:
        ca: file of certificates; None: the system's.

    Raises:
        NodeUnreachable: they cannot be read.
    """
    if ca is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise NodeUnreachable(f"The certificates cannot be read: {error}", where=ca) from None


def node_url(text: str) -> str:
    """The base URL of a node: https, or http to this machine itself.

    Raises:
        NodeUnreachable: it cannot be used.
    """
    parts = urlsplit(text)
    try:
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    good = (
        host
        and parts.path in ("", "/")
        and not (parts.query or parts.fragment or parts.username or parts.password)
    )
    if not good or parts.scheme not in ("https", "http"):
        raise NodeUnreachable(
            "It is no address of a node.",
            where=text[:200],
            advice="Give its scheme, host and port only, such as https://node.example:8443.",
        )
    if parts.scheme == "http" and host not in ("127.0.0.1", "localhost", "::1"):
        raise NodeUnreachable(
            "Without TLS everybody on the way reads the session.",
            where=text[:200],
            advice="Use https://.",
        )
    return f"{parts.scheme}://{parts.netloc}"
