"""What an error of the network means for whoever supervises the line."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import threading
from typing import Any

import httpx
import pytest

from detente.http import (
    AnswerTimedOut,
    ConnectionBroken,
    ConnectionRefused,
    ConnectTimedOut,
    LaneBusy,
    NameNotResolved,
    NoRoute,
    SystemResolver,
    TlsFailed,
)
from detente.http.failures import Stage, explain, timed_out


def caused(number: int) -> httpx.ConnectError:
    """As httpx tells it: the number is somewhere below."""
    error, group = httpx.ConnectError("All attempts failed"), OSError("All attempts failed")
    group.__cause__ = ExceptionGroup("several", [OSError(number, "words")])
    error.__cause__ = group
    return error


@pytest.mark.parametrize(
    ("number", "kind", "side", "reached"),
    [
        (errno.ENETUNREACH, NoRoute, "here", False),
        (errno.ENETDOWN, NoRoute, "here", False),
        (errno.EPERM, NoRoute, "here", False),
        (errno.EADDRNOTAVAIL, NoRoute, "here", False),
        (errno.EMFILE, NoRoute, "here", False),
        (errno.EHOSTUNREACH, NoRoute, "unknown", False),
        (errno.EHOSTDOWN, NoRoute, "unknown", False),
        (errno.ECONNREFUSED, ConnectionRefused, "there", True),
        (errno.ETIMEDOUT, ConnectTimedOut, "unknown", False),
        (errno.ECONNRESET, ConnectionBroken, "unknown", True),
    ],
)
def test_numbers_of_the_system_say_where_it_is_broken(
    number: int, kind: type[Any], side: str, reached: bool
) -> None:
    found = explain(caused(number), "connecting", "https://b.example/", sent=False, fresh=True)
    assert type(found) is kind
    assert (found.side, found.reached, found.sent) == (side, reached, False)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("TLSV1_ALERT_UNKNOWN_CA", "refused"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "refused"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "refused"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "refused"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "protocol"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "protocol"),
        ("WRONG_VERSION_NUMBER", "protocol"),
    ],
)
def test_what_the_peer_says_in_tls_is_understood(reason: str, said: str) -> None:
    below = ssl.SSLError(1, f"[SSL: {reason}]")
    below.reason = reason
    error = httpx.ReadError("")
    error.__context__ = below
    found = explain(error, "answer", "https://b.example/", sent=True, fresh=True)
    assert isinstance(found, TlsFailed)
    assert (found.reason, found.sent) == (said, True)


@pytest.mark.parametrize(
    ("stage", "fresh", "kind", "side"),
    [
        ("waiting", False, LaneBusy, "here"),
        ("connecting", True, ConnectTimedOut, "unknown"),
        ("tls", True, AnswerTimedOut, "there"),
        ("taking", True, AnswerTimedOut, "there"),
        ("answer", True, AnswerTimedOut, "there"),
        ("answer", False, AnswerTimedOut, "unknown"),
        ("rest", False, AnswerTimedOut, "there"),
    ],
)
def test_silence_means_something_else_at_each_stage(
    stage: Stage, fresh: bool, kind: type[Any], side: str
) -> None:
    found = timed_out(stage, "https://b.example/", fresh)
    assert type(found) is kind
    assert found.side == side


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("number", "side"), [(socket.EAI_NONAME, "unknown"), (socket.EAI_AGAIN, "here")]
)
async def test_no_such_name_is_not_a_dead_name_server(
    number: int, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "words")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NameNotResolved) as caught:
        await SystemResolver().resolve("b.example")
    assert caught.value.side == side


@pytest.mark.anyio
async def test_a_name_is_asked_for_once_at_a_time_whoever_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, go_on = [], threading.Event()

    def answer(host: str, *_: object, **__: object) -> list[tuple[Any, ...]]:
        asked.append(host)
        go_on.wait(10)
        return [(socket.AF_INET, 1, 6, "", ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    resolver = SystemResolver()
    first, second = (asyncio.create_task(resolver.resolve("b.example")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()
    assert await second == ["192.0.2.1"]
    assert asked == ["b.example"]
    assert await resolver.resolve("b.example") == ["192.0.2.1"]
    assert len(asked) == 2
