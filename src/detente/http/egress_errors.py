"""How a call can fail, told apart as finely as can be known from this side.

Whoever supervises a line must say where it is broken: here, in between, or there. Each error
says what it shows of that, and whether the request may have taken effect all the same.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from detente.errors import DetenteError

Side = Literal["here", "there", "unknown"]
TlsReason = Literal["stranger", "name", "clock", "refused", "protocol"]


class EgressError(DetenteError):
    """A call brought no answer that can be used.

    Attributes:
        side: where the fault is, as far as this error alone shows it.
        reached: whether something at the peer's address answered, if only with a refusal.
        sent: whether the request, or a part of it, has left: it may have taken effect.
    """

    reached: bool = False
    side: Side = "unknown"

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        advice: str | None = None,
        sent: bool = False,
    ) -> None:
        super().__init__(message, where=where, advice=advice)
        self.sent = sent


class NameNotResolved(EgressError):
    """The host's name could not be turned into addresses.

    `side` is "here" if our name server gave no answer, "unknown" if it says that there is none.
    """

    code: ClassVar[str] = "egress.name"


class NoRoute(EgressError):
    """The operating system has no way to the address.

    `side` is "here" if the network is unreachable or forbidden from this machine, "unknown" if some
    router says that the host is.
    """

    code: ClassVar[str] = "egress.no_route"


class ConnectionRefused(EgressError):
    """The peer's machine answers, and nobody listens at the port."""

    code: ClassVar[str] = "egress.connection_refused"
    reached: bool = True
    side: Side = "there"


class ConnectTimedOut(EgressError):
    """Nobody answers at the address: the machine is off, or something in between swallows it."""

    code: ClassVar[str] = "egress.connect_timeout"


class TlsFailed(EgressError):
    """Somebody answers, and no secure connection to the peer came about.

    Attributes:
        reason: "stranger": the certificate is not by a key of the peer in the agreement; "name": it
            is for another host; "clock": it is not valid now, by our clock; "refused": the peer
            does not take our certificate; "protocol": they have no version in common, or what
            answers is no TLS.
    """

    code: ClassVar[str] = "egress.tls"
    reached: bool = True

    def __init__(
        self,
        message: str,
        *,
        reason: TlsReason,
        where: str | None = None,
        advice: str | None = None,
        sent: bool = False,
    ) -> None:
        super().__init__(message, where=where, advice=advice, sent=sent)
        self.reason = reason


class AnswerTimedOut(EgressError):
    """There is a connection, and no whole answer came in time: the peer is stuck, or slow.

    On a connection that was kept from before, `side` is "unknown" and `reached` is false: it may
    have been cut without notice. It is not used again, so the next call will tell.

    Attributes:
        stage: what was waited for: "tls" (its half of the handshake), "taking" (that it reads the
            request), "answer" (the first byte), "rest" (the rest of the answer).
    """

    code: ClassVar[str] = "egress.silent"
    reached: bool = True
    side: Side = "there"

    def __init__(
        self,
        message: str,
        *,
        stage: Literal["tls", "taking", "answer", "rest"],
        where: str | None = None,
        sent: bool = False,
    ) -> None:
        super().__init__(message, where=where, sent=sent)
        self.stage = stage


class ConnectionBroken(EgressError):
    """The connection ended before the answer did."""

    code: ClassVar[str] = "egress.broken"
    reached: bool = True


class AnswerTooLarge(EgressError):
    """The answer is larger than was allowed; the rest was not read."""

    code: ClassVar[str] = "egress.too_large"
    reached: bool = True
    side: Side = "there"


class RedirectRefused(EgressError):
    """The answer points somewhere else; nothing is followed."""

    code: ClassVar[str] = "egress.redirect"
    reached: bool = True
    side: Side = "there"


class AnswerUnreadable(EgressError):
    """What came back is not an HTTP answer in the form that was asked for."""

    code: ClassVar[str] = "egress.unreadable"
    reached: bool = True
    side: Side = "there"


class LaneBusy(EgressError):
    """All connections of the lane were in use for the whole time: too much is sent at once."""

    code: ClassVar[str] = "egress.lane_busy"
    side: Side = "here"
