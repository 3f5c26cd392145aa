"""Runs applications on sockets until they are told to stop.

Order of life: the sockets are bound (an address in use is an error before anything else happens),
the applications' lifespans are entered, connections are accepted, readiness is announced. SIGTERM
or SIGINT: no new connections, streams end, requests at work are answered, the lifespans are left,
the process ends with exit code 0. A second signal does not wait.
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
from collections.abc import Callable, Iterator, Sequence
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
_TLS_SHUTDOWN_TIMEOUT_S = 1.0
_BACKLOG = 1024


class CannotListen(DetenteError):
    """The address cannot be bound, the certificate not loaded, or the port file not written."""

    code: ClassVar[str] = "http.listen"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """Where and how to listen. Port 0 takes any free port; `port_file` is then told which.

    `tls` is a server context that is ready, for what the two files cannot say, such as mutual TLS;
    it goes instead of them.
    """

    host: str = "127.0.0.1"
    port: int = 0
    port_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls: ssl.SSLContext | None = None
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
                # A client that does not answer our goodbye must not keep the server from ending.
                ssl_shutdown_timeout=None if self._tls is None else _TLS_SHUTDOWN_TIMEOUT_S,
            )
            for found in sockets or []
        ]
        self.started = True
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._connections.ending = True
        await super().shutdown(sockets)

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

    def ready(urls: Sequence[str]) -> None:
        if on_ready is not None:
            on_ready(urls[0])

    await serve_all([(app, options)], stop=stop, on_ready=ready, handle_signals=handle_signals)


async def serve_all(
    listeners: Sequence[tuple[Application, ServerOptions]],
    *,
    stop: asyncio.Event | None = None,
    on_ready: Callable[[Sequence[str]], None] | None = None,
    handle_signals: bool = False,
) -> None:
    """Serve several applications, or one at several places, in one process; they stop together.

    `on_ready` is called once, with the base URLs in the order of `listeners`, when all accept
    connections. The lifespan of an application that is there twice is entered once.

    Raises:
        CannotListen: as `serve`; nothing has been accepted then.
        DetenteError: whatever an application's lifespan raises when it is entered.
    """
    stop = stop or asyncio.Event()
    with contextlib.ExitStack() as places:
        found = [places.enter_context(_listening(app, options)) for app, options in listeners]
        urls: list[str] = []

        def announce() -> None:
            if on_ready is not None and all(listener.server.started for listener in found):
                urls.extend(listener.url for listener in found)
                on_ready(urls)

        with _signals(stop, found) if handle_signals else contextlib.nullcontext():
            async with contextlib.AsyncExitStack() as lives:
                for app in dict.fromkeys(app for app, _ in listeners):
                    app.streams.start()
                    await lives.enter_async_context(app.lifespan())
                await _run_all(found, stop, announce)


class _Listener:
    """One application at one place."""

    def __init__(self, app: Application, options: ServerOptions) -> None:
        tls = options.tls
        if tls is None and options.tls_cert is not None:
            tls = tls_context(options.tls_cert, options.tls_key)
        self.app = app
        self._options = options
        self._scheme = "https" if tls else "http"
        self.socket = bind(options.host, options.port)
        self._connections = Connections(options.connections)
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
        self.announce: Callable[[], None] = lambda: None
        self.server = _Server(config, self._connections, tls, self._accepting)

    @property
    def url(self) -> str:
        """Where it can be reached."""
        host = self._options.host
        shown = f"[{host}]" if ":" in host else host
        return f"{self._scheme}://{shown}:{self.socket.getsockname()[1]}"

    def _accepting(self) -> None:
        _write_port_file(self._options.port_file, self.socket.getsockname()[1])
        self.announce()

    async def run(self) -> None:
        """Accept connections until told to stop."""
        sweeping = asyncio.create_task(self._connections.sweep_for_ever())
        try:
            await self.server.serve([self.socket])
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
            if self._options.port_file is not None:
                self._options.port_file.unlink(missing_ok=True)

    def stop(self) -> None:
        """Accept no more, end the streams, answer what is at work."""
        self.server.should_exit = True
        self.app.streams.stop()


@contextlib.contextmanager
def _listening(app: Application, options: ServerOptions) -> Iterator[_Listener]:
    listener = _Listener(app, options)
    with contextlib.closing(listener.socket):
        yield listener


async def _run_all(
    listeners: Sequence[_Listener], stop: asyncio.Event, announce: Callable[[], None]
) -> None:
    async def obey() -> None:
        await stop.wait()
        for listener in listeners:
            listener.stop()

    async def run(listener: _Listener) -> None:
        try:
            await listener.run()
        finally:
            # If one cannot go on, or never began, the others end as well.
            for other in listeners:
                other.stop()

    for listener in listeners:
        listener.announce = announce
    obeying = asyncio.create_task(obey())
    try:
        results = await asyncio.gather(*map(run, listeners), return_exceptions=True)
    finally:
        obeying.cancel()
        await asyncio.gather(obeying, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


@contextlib.contextmanager
def _signals(stop: asyncio.Event, listeners: Sequence[_Listener]) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def obey() -> None:
        if stop.is_set():
            for listener in listeners:
                listener.server.force_exit = True
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
