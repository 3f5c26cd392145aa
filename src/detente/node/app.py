"""`detente node run`: a directory and settings become a running node.

Everything that has a life is opened here, in order, and closed in the reverse order: the record,
the officers' desk, the peers, the witness, what plans, the listeners; and beside them the links,
the beats and the clocks. A node starts when its peers are away, and when its disk is full: it says
so then, and shows what it has.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import uvloop

from detente.errors import DetenteError
from detente.http import (
    Answer,
    Application,
    CallLane,
    LineSink,
    Metrics,
    RequestObserver,
    ServerOptions,
    configure_logging,
    serve_all,
)
from detente.record import Witness

from .agreement_now import AgreementNow
from .assembly import Interface, officers_app, peers_app
from .context import NodeContext
from .errands import WAIT_S, ErrandsToo, run_errands
from .exports_api import sweep_exports
from .feed import Feed
from .home import Home, now, trust_logs
from .line_wire import ERRANDS
from .metrics import MetricsReaderOr, measure
from .officers_desk import open_desk
from .opening import open_node_record
from .operator_access import OperatorOr, RunFile, Running
from .pauses import short_turns
from .peers import Peers, addresses_of
from .quiet import QuietBeats
from .reach import settings_with_reach
from .running import RunningNode
from .settings import NodeSettings
from .uss.assembly import Uss

RENEW_S: Final = 0.1
"""Until the answer to what makes the node start again is out."""

_log = logging.getLogger("detente.node")


def run(home: Home, settings: NodeSettings) -> int:
    """Run a node until SIGTERM or SIGINT. Returns the exit code.

    Raises:
        DetenteError: it cannot start, or had to stop.
    """
    sink = LineSink(sys.stderr.buffer)
    configure_logging(sink, settings.log_level, settings.log_format)
    try:
        with short_turns(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            again = _Again()
            while runner.run(_main(home, again.settings(settings), sink, again)):
                _log.info("starting again")
    finally:
        sink.close()
    return 0


@dataclass
class _Again:
    """What is kept when a node starts again within its process.

    Attributes:
        behind: what a witness has told of a record that was set back: it is only read from then on.
        ports: where it listened: those who talk to it must not have to look for it.
    """

    behind: list[str] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    def settings(self, given: NodeSettings) -> NodeSettings:
        """The settings, with the ports that were found."""
        if not self.ports:
            return given
        officers, line, *uss = self.ports
        return replace(
            given,
            api_port=officers,
            peer_port=line,
            uss_port=uss[0] if uss else given.uss_port,
        )


async def _main(home: Home, settings: NodeSettings, sink: LineSink, before: _Again) -> bool:
    """Run once; whether to start again, because the record can or must be opened otherwise.

    Args:
        before: what has to be kept over such a start.
    """
    settings = settings_with_reach(home.directory, settings)
    stop = asyncio.Event()
    again = False

    def restart() -> None:
        nonlocal again
        again = True
        stop.set()

    async with AsyncExitStack() as stack:
        opened = await open_node_record(home, write=not before.behind)
        record = opened.record
        stack.push_async_callback(record.close)
        if opened.why is not None:
            _log.error("nothing can be recorded now: %s", opened.why)
        agreement = AgreementNow(home, record)
        context = NodeContext(
            home.party, record, agreement, now, secrets.token_bytes, home, settings
        )
        feed = Feed(record, record.head.size)
        peers = Peers(record, home, agreement, settings, now, secrets.token_bytes)
        stack.push_async_callback(peers.close)
        await peers.refresh()
        boot = secrets.token_hex(16)
        node = RunningNode(
            context,
            feed,
            peers,
            boot=boot,
            mode=opened.mode,
            why=opened.why,
            stop=restart,
            behind=before.behind,
        )
        desk, guard = await open_desk(context)
        access = OperatorOr(desk.authenticator)
        seen = MetricsReaderOr(access, proxied=settings.public_origin is not None)
        witness = None
        if opened.mode != "read-only":
            witness = _opened_witness(context, stack.enter_context(ExitStack()))
            if witness is not None:
                peers.changed = partial(trust_logs, witness, record)
        if opened.mode == "writing":
            await _publish(node)
        metrics = Metrics()
        measures = measure(metrics, node)
        observer = RequestObserver(
            sink, metrics=metrics, log_format=settings.log_format, level=settings.log_level
        )
        renew = partial(asyncio.get_running_loop().call_later, RENEW_S, restart)
        uss = None
        if settings.plans and opened.mode != "held":
            uss = await stack.enter_async_context(Uss.open(context, feed, desk.approvals))
            node.planning = uss.status
        watching = None
        if settings.watch is not None and opened.mode != "held":
            from .watch.assembly import Watching  # loads slowly

            watching = await Watching.open(context, settings.watch, uss)
            node.watching = watching.status
        interface = Interface.of(node, desk, renew, uss, watching)
        await asyncio.to_thread(sweep_exports, home.directory)
        stack.push_async_callback(interface.jobs.close)
        officers = officers_app(interface, guard, seen, metrics, observer)
        errands = ErrandsToo(node.access)
        line = peers_app(node, witness, errands, QuietBeats(observer, measures.refused))
        run_file = RunFile(home.directory)

        def ready(urls: Sequence[str]) -> None:
            before.ports = [int(url.rpartition(":")[2]) for url in urls]
            guard.allow(urls[0])
            guard.allow(urls[0].replace("127.0.0.1", "localhost"))
            _tell_where(run_file, Running(os.getpid(), boot, urls[0], access.token))
            _print_ready(urls)

        try:
            async with asyncio.TaskGroup() as group:
                writing = opened.mode == "writing"
                more = {} if uss is None else dict(uss.tasks(writing=writing))
                if watching is not None:
                    more |= watching.tasks(writing=writing)
                tasks = node.start(group, witness, interface.rooms.keep, more)
                tasks += [
                    group.create_task(_errands(node, party, line, errands))
                    for party in settings.pull
                ]
                tasks.append(group.create_task(_end_errands(peers, stop)))
                try:
                    listeners = [
                        (officers, _officers_listener(settings)),
                        (line, _peers_listener(settings, peers)),
                    ]
                    if uss is not None:
                        listeners.append((uss.app(observer, lambda: peers.signer), uss.listener()))
                    await serve_all(
                        listeners,
                        stop=stop,
                        on_ready=ready,
                        handle_signals=True,
                    )
                finally:
                    for task in tasks:
                        task.cancel()
        except* DetenteError as errors:
            raise _first(errors) from None
        finally:
            run_file.remove()
            await node.end()
    return again


async def _errands(node: RunningNode, party: str, line: Application, errands: ErrandsToo) -> None:
    """Answer, for a peer that cannot call us, what it wants of our log and our witness."""
    peer = node.peers[party]
    context = node.context
    prefix = addresses_of(context.agreement(), context.party)[0].path.rstrip("/")

    async def ask(body: bytes) -> Answer:
        return await peer.request(
            "POST", ERRANDS, body=body, deadline_s=WAIT_S + 10, lane=CallLane.BULK
        )

    await run_errands(party, ask, line, prefix, errands.header(party))


async def _end_errands(peers: Peers, stop: asyncio.Event) -> None:
    """Let no peer that waits for an errand hold up the node's end."""
    await stop.wait()
    for peer in peers:
        peer.errands.end()


async def _publish(node: RunningNode) -> None:
    try:
        await node.publishing.now()
    except DetenteError as error:
        _log.warning("the log that is served stays behind: %s", error)


def _tell_where(run_file: RunFile, running: Running) -> None:
    try:
        run_file.write(running)
    except (DetenteError, OSError) as error:
        _log.warning("commands on this machine will not find the node: %s", error)


def _print_ready(urls: Sequence[str]) -> None:
    """The line on standard output that a starting script waits for."""
    named = dict(zip(("url", "line", "uss"), urls, strict=False))
    told = {"event": "ready", "program": "node", **named, "pid": os.getpid()}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _officers_listener(settings: NodeSettings) -> ServerOptions:
    return ServerOptions(
        host=settings.api_host,
        port=settings.api_port,
        port_file=settings.api_port_file,
        tls_cert=settings.api_tls_cert,
        tls_key=settings.api_tls_key,
        shutdown_timeout_s=settings.shutdown_timeout,
    )


def _peers_listener(settings: NodeSettings, peers: Peers) -> ServerOptions:
    return ServerOptions(
        host=settings.peer_host,
        port=settings.peer_port,
        port_file=settings.peer_port_file,
        tls=peers.identity.server_context(),
        shutdown_timeout_s=settings.shutdown_timeout,
    )


def _first(group: BaseExceptionGroup[DetenteError]) -> DetenteError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, DetenteError):
        raise error
    return error


def _opened_witness(context: NodeContext, stack: ExitStack) -> Witness | None:
    """The party's witness, until the stack ends; None if it cannot be opened now."""
    try:
        return stack.enter_context(context.home.witnessing(context.record))
    except DetenteError as error:
        _log.error("our witness signs nothing: %s", error)
        return None
