"""Runs an application on a socket until it is told to stop.

Order of life: the socket is bound (an address in use is an error before anything else happens), the
application's lifespan is entered, connections are accepted, readiness is announced. SIGTERM or
SIGINT: no new connections, requests at work are answered, the lifespan is left, the process ends
with exit code 0. A second signal does not wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from detente.errors import DetenteError
from detente.http.protocol import ConnectionLimits, Connections, GuardedProtocol
from detente.http.routing import Application

_TLS_HANDSHAKE_TIMEOUT_S = 10.0
_BACKLOG = 1024


class CannotListen(DetenteError):
    """The address cannot be bound, the certificate not loaded, or the port file not written."""

    code: ClassVar[str] = "http.listen"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Where and how to listen. Port 0 takes any free port; `port_file` is then told which."""

    host: str = "127.0.0.1"
    port: int = 0
    port_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    shutdown_timeout_s: int = 30
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)


def bind(host: str, port: int) -> socket.socket:
    """A bound TCP socket that does not listen yet.

    Raises:
        CannotListen: the name does not resolve, or the address is taken or not ours.
    """
    where = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListen(f"The host cannot be used: {error.strerror}.", where=where) from None
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        found.close()
        advice = "Choose another --port, or 0 for any that is free."
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            advice = "Choose another --host."
        raise CannotListen(
            f"The address cannot be bound: {error.strerror}.", where=where, advice=advice
        ) from None
    found.setblocking(False)
    return found


def tls_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """A server context for TLS 1.2 and later (F3548-21 DSS0205).

    Raises:
        CannotListen: the files cannot be read or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        raise CannotListen(
            f"The TLS certificate and key cannot be used: {error.strerror or error}.",
            where=str(certificate),
            advice="Both must be PEM files, the certificate with its chain.",
        ) from None
    return context


class _Server(uvicorn.Server):
    """uvicorn's server, with our protocol, and without its signals and its startup messages."""

    def __init__(
        self,
        config: uvicorn.Config,
        connections: Connections,
        tls: ssl.SSLContext | None,
        announce: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._connections = connections
        self._tls = tls
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return GuardedProtocol(self._connections, self.config, self.server_state, {}, loop)

        timeout_s = _TLS_HANDSHAKE_TIMEOUT_S if self._tls is not None else None
        self.servers = [
            await loop.create_server(
                protocol,
                sock=found,
                ssl=self._tls,
                backlog=_BACKLOG,
                ssl_handshake_timeout=timeout_s,
            )
            for found in sockets or []
        ]
        self.started = True
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    app: Application,
    options: ServerOptions,
    *,
    stop: asyncio.Event | None = None,
    on_ready: Callable[[str], None] | None = None,
    handle_signals: bool = False,
) -> None:
    """Serve `app` until `stop` is set or, if asked to handle them, a signal comes.

    `on_ready` is called with the base URL once connections are accepted.

    Raises:
        CannotListen: see `bind` and `tls_context`; or the port file cannot be written.
        DetenteError: whatever the application's lifespan raises when it is entered.
    """
    tls = tls_context(options.tls_cert, options.tls_key) if options.tls_cert else None
    listener = bind(options.host, options.port)
    with contextlib.closing(listener):
        config = uvicorn.Config(
            app,
            http=HttpToolsProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=options.shutdown_timeout_s,
        )

        def announce() -> None:
            port = listener.getsockname()[1]
            _write_port_file(options.port_file, port)
            if on_ready is not None:
                host = f"[{options.host}]" if ":" in options.host else options.host
                on_ready(f"{'https' if tls else 'http'}://{host}:{port}")

        connections = Connections(options.connections)
        server = _Server(config, connections, tls, announce)
        stop = stop or asyncio.Event()
        with _signals(stop, server) if handle_signals else contextlib.nullcontext():
            async with app.lifespan():
                try:
                    await _accept(server, connections, listener, stop)
                finally:
                    if options.port_file is not None:
                        options.port_file.unlink(missing_ok=True)


async def _accept(
    server: _Server,
    connections: Connections,
    listener: socket.socket,
    stop: asyncio.Event,
) -> None:
    async def obey() -> None:
        await stop.wait()
        server.should_exit = True

    helpers = [asyncio.create_task(task) for task in (obey(), connections.sweep_for_ever())]
    try:
        await server.serve([listener])
    finally:
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)


@contextlib.contextmanager
def _signals(stop: asyncio.Event, server: _Server) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def obey() -> None:
        if stop.is_set():
            server.force_exit = True
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, obey)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _write_port_file(path: Path | None, port: int) -> None:
    if path is None:
        return
    # Whoever waits for the file must never see it half written.
    partial_path = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial_path.write_text(f"{port}\n")
        partial_path.replace(path)
    except OSError as error:
        raise CannotListen(
            f"The port file cannot be written: {error.strerror}.", where=str(path)
        ) from None


def print_ready(program: str, url: str) -> None:
    """The line on standard output that a starting script waits for."""
    line = {"event": "ready", "program": program, "url": url, "pid": os.getpid()}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def run(app: Application, options: ServerOptions, *, program: str = "detente") -> int:
    """Run `app` in a fresh event loop until SIGTERM or SIGINT. Returns the exit code, 0.

    Raises:
        DetenteError: as `serve`.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(app, options, on_ready=partial(print_ready, program), handle_signals=True))
    return 0
