"""What an error of the network means, from its number and from how far the call came. Pure."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Iterator
from typing import Final, Literal

import httpx

from detente.errors import printable
from detente.http.egress_errors import (
    AnswerTimedOut,
    AnswerUnreadable,
    ConnectionBroken,
    ConnectionRefused,
    ConnectTimedOut,
    EgressError,
    LaneBusy,
    NoRoute,
    TlsFailed,
)

Stage = Literal["waiting", "connecting", "tls", "taking", "answer", "rest"]

_HERE: Final = frozenset(
    (
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.EACCES,
        errno.EPERM,  # a rule of this machine's packet filter
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EAFNOSUPPORT,
    )
)
# X509_V_ERR_*: not yet valid, expired; name mismatches.
_CLOCK: Final = frozenset((9, 10))
_NAME: Final = frozenset((62, 63, 64))
_WAITED: Final = {
    "tls": "It takes the connection, and does not answer the handshake.",
    "taking": "It does not take the request.",
    "answer": "It took the request, and does not answer.",
    "rest": "The answer is not complete in time.",
}


def timed_out(stage: Stage, where: str, fresh: bool) -> EgressError:
    """The error for a deadline that passed.

    Args:
        stage: what was waited for.
        where: the URL.
        fresh: whether the connection was made for this call. A kept one may have been cut without
            anybody noticing, so that its silence says nothing about the peer.
    """
    if stage == "waiting":
        return LaneBusy("All connections of the lane are in use.", where=where)
    if stage == "connecting":
        return ConnectTimedOut("Nobody answers at the address.", where=where)
    found = AnswerTimedOut(_WAITED[stage], stage=stage, where=where, sent=stage != "tls")
    if not fresh and stage != "rest":
        found.side, found.reached = "unknown", False
    return found


def explain(
    error: BaseException, stage: Stage, where: str, *, sent: bool, fresh: bool
) -> EgressError:
    """The error for what httpx, `ssl` or the operating system raised.

    Args:
        error: as caught.
        stage: how far the call came.
        where: the URL.
        sent: whether a part of the request may have left.
        fresh: see `timed_out`.
    """
    if isinstance(error, httpx.TimeoutException):
        return timed_out(stage, where, fresh)
    chain = list(_chain(error))
    tls = next((each for each in chain if _is_fault(each)), None)
    if isinstance(tls, ssl.SSLError):
        return _tls(tls, where, sent)
    number = next(
        (each.errno for each in chain if isinstance(each, OSError) and each.errno is not None), None
    )
    if stage in ("waiting", "connecting"):
        return _connecting(error, number, where)
    if isinstance(error, httpx.RemoteProtocolError) and not _is_end(error):
        return AnswerUnreadable(
            f"It does not answer in HTTP: {_words(error)}", where=where, sent=sent
        )
    # In TLS 1.3 the client is through before the server has looked at its certificate, and many
    # servers close without a word.
    return ConnectionBroken(
        "The connection ended before the answer did.",
        where=where,
        advice="It ended at once: perhaps the peer does not take our certificate."
        if fresh and stage in ("taking", "answer")
        else None,
        sent=sent,
    )


def _connecting(error: BaseException, number: int | None, where: str) -> EgressError:
    if number == errno.ECONNREFUSED:
        return ConnectionRefused("Nobody listens at the port.", where=where)
    if number == errno.ETIMEDOUT:
        return ConnectTimedOut("Nobody answers at the address.", where=where)
    if number in (errno.ECONNRESET, errno.ECONNABORTED):
        return ConnectionBroken("The connection was cut while it was made.", where=where)
    found = NoRoute(f"There is no way to the address: {_words(error, number)}", where=where)
    if number in _HERE:
        found.side = "here"
    return found


def _tls(error: ssl.SSLError, where: str, sent: bool) -> TlsFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message
        if error.verify_code in _CLOCK:
            return TlsFailed(
                f"Its certificate is not valid at this time: {said}.",
                reason="clock",
                where=where,
                advice="Compare both clocks with a time server.",
                sent=sent,
            )
        if error.verify_code in _NAME:
            return TlsFailed(
                f"Its certificate is for another host: {said}.",
                reason="name",
                where=where,
                sent=sent,
            )
        return TlsFailed(
            f"Its certificate is by no key of the party in the agreement: {said}.",
            reason="stranger",
            where=where,
            advice="Somebody else answers there, or the peer has changed its key and we were not "
            "told.",
            sent=sent,
        )
    reason = error.reason or ""
    if "ALERT" in reason and any(
        word in reason for word in ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "DECRYPT_ERROR")
    ):
        return TlsFailed(
            f"The peer does not take our certificate: {reason}.",
            reason="refused",
            where=where,
            advice="It may have another version of the agreement, or a wrong clock.",
            sent=sent,
        )
    return TlsFailed(
        f"No secure connection: {_words(error)}", reason="protocol", where=where, sent=sent
    )


def _is_fault(error: BaseException) -> bool:
    # The others say that data is wanted, or that there will be none: no fault of TLS.
    return isinstance(error, ssl.SSLError) and not isinstance(
        error,
        ssl.SSLEOFError
        | ssl.SSLWantReadError
        | ssl.SSLWantWriteError
        | ssl.SSLZeroReturnError
        | ssl.SSLSyscallError,
    )


def _is_end(error: httpx.RemoteProtocolError) -> bool:
    text = str(error)
    return "disconnected" in text or "closed connection" in text


def _words(error: BaseException, number: int | None = None) -> str:
    if number is not None:
        return f"{errno.errorcode.get(number, number)}."
    return f"{printable(str(error))[:200] or type(error).__name__}."


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and what led to it, nearest first."""
    todo, seen = [error], set[int]()
    while todo:
        each = todo.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            todo.extend(each.exceptions)
        todo.extend(found for found in (each.__cause__, each.__context__) if found is not None)
