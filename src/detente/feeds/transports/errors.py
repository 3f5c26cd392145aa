"""What can be wrong with the way to a feed."""

from __future__ import annotations

from typing import ClassVar

from detente.errors import DetenteError


class TransportError(DetenteError):
    """Nothing comes from there now. Another try may succeed."""

    code: ClassVar[str] = "feeds.transport"


class FeedUnreachable(TransportError):
    """There is no connection: nobody there, a name without address, a file that is not there."""

    code: ClassVar[str] = "feeds.unreachable"


class FeedTlsFailed(TransportError):
    """Who answers is not who is meant, or does not want us."""

    code: ClassVar[str] = "feeds.tls"


class FeedBroken(TransportError):
    """The connection broke, or the other side ended it."""

    code: ClassVar[str] = "feeds.broken"


class FeedSilent(TransportError):
    """Nothing came for so long that the connection was given up."""

    code: ClassVar[str] = "feeds.silent"


class FeedAddressUnusable(DetenteError):
    """An address of a feed, or what belongs to it, cannot be used as it is set."""

    code: ClassVar[str] = "feeds.address"
