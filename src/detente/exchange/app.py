"""`detente exchange`: settings become a running instance.

Everything that has a life is opened here, in order, and closed in the reverse order: the log, the
state from its newest snapshot and the entries after it, the writer, the server; and beside them
heartbeats, retention and snapshots.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final

import uvloop

import detente
from detente.errors import DetenteError
from detente.exchange import commands as c
from detente.exchange import snapshot, wiring
from detente.exchange.handlers import Handlers
from detente.exchange.refusals import Refused
from detente.exchange.routes import endpoints, statuses
from detente.exchange.service import CommandFailed, Exchange, Overloaded
from detente.exchange.settings import ExchangeSettings
from detente.geo import warm_up
from detente.http import (
    ApiInfo,
    Application,
    JwksSource,
    LineSink,
    Metrics,
    OtelTracer,
    RequestObserver,
    build_app,
    configure_logging,
    print_ready,
    serve,
)
from detente.record import Ledger, LogUnavailable, SnapshotDamaged

API_INFO: Final = ApiInfo(
    title="Détente exchange",
    version=detente.__version__,
    description="An ASTM F3548-21 DSS: operational intents, constraints, subscriptions, "
    "availability, reports.",
)

SNAPSHOT_AT_STOP_ENTRIES: Final = 1000
"""A clean stop leaves a snapshot behind if there is more than this to replay."""

_WATCH_SNAPSHOT_S: Final = 5.0
_EVICT_EVERY_S: Final = 60.0
_FIRST_RETRY_S: Final = 0.2
_LAST_RETRY_S: Final = 5.0

_COLLECT: Final = (50_000, 20, 50)
"""Thresholds of the collector: a batch of requests at work must not be taken for a leak."""

_log = logging.getLogger(__name__)


def run(settings: ExchangeSettings) -> int:
    """Run an instance until SIGTERM or SIGINT. Returns the exit code.

    Raises:
        DetenteError: it cannot start, or had to stop because its log cannot be believed.
    """
    sink = LineSink(sys.stderr.buffer)
    configure_logging(sink, settings.log_level, settings.log_format)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_main(settings, sink))
    finally:
        sink.close()
    return 0


def clock_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


class MetricsMeter:
    """Turns what the writer does into metrics."""

    def __init__(self, metrics: Metrics) -> None:
        sizes = (1, 2, 4, 8, 16, 32, 64, 128, 256)
        seconds = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
        self._commands = metrics.histogram("batch_commands", "Commands decided in a turn.", sizes)
        self._entries = metrics.counter("entries_appended", "Entries this instance appended.")
        self._seconds = metrics.histogram("batch_seconds", "Time that a turn took.", seconds)
        self._failures = metrics.counter("log_failures", "Times the log was not available.")

    def batch(self, commands: int, entries: int, seconds: float) -> None:
        """A turn with this many commands and accepted entries took this long."""
        self._commands.observe(commands)
        self._entries.inc(entries)
        self._seconds.observe(seconds)

    def log_failed(self) -> None:
        """The log could not be reached, or did not answer."""
        self._failures.inc()


async def _main(settings: ExchangeSettings, sink: LineSink) -> None:
    warm_up()
    metrics = Metrics()
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(wiring.open_log(settings))
        signer = wiring.log_signer(settings, (await log.head()).size)
        await wiring.check_origin(log, settings)
        ledger = Ledger(
            log, signer, settings.origin, verifiers=wiring.log_verifiers(settings, signer)
        )
        # Millions of things come to stay now: looking for garbage among them would be most of the
        # work of a start.
        gc.disable()
        airspace = await snapshot.restore(ledger, settings.relevance_guard_m, _report_damage)
        restored_size = ledger.size
        exchange = Exchange(
            ledger,
            airspace,
            rules=wiring.rules(settings),
            clock=clock_us,
            entropy=os.urandom,
            alone=settings.database is None,
            batch_max=settings.max_batch,
            queue_max=settings.max_queue,
            meter=MetricsMeter(metrics),
        )
        await exchange.start()
        _collect_only_what_is_new()
        _log.info("%d entries, %d of them from a snapshot", ledger.size, restored_size)
        try:
            await _persist(partial(exchange.submit, c.OpenLog()))
            join = c.JoinPool(
                settings.instance_name, settings.public_endpoint, signer.verifier.to_vkey()
            )
            await _persist(partial(exchange.submit, join))
            metrics.gauge("entries", "Entries in the log.", lambda: exchange.head.size)
            metrics.gauge("queue", "Commands that wait.", lambda: exchange.waiting)
            for name, shelf in (
                ("operational_intents", airspace.intents),
                ("constraints", airspace.constraints),
                ("subscriptions", airspace.subscriptions),
            ):
                metrics.gauge(name, f"Stored {name.replace('_', ' ')}.", partial(len, shelf))
            app = await _application(settings, exchange, metrics, sink, stack)
            async with asyncio.TaskGroup() as group:
                beside = [
                    group.create_task(work)
                    for work in _work_beside(settings, exchange, restored_size)
                ]
                watcher = group.create_task(_watch(exchange, stop))
                try:
                    await serve(
                        app,
                        wiring.server_options(settings),
                        stop=stop,
                        on_ready=partial(print_ready, "exchange"),
                        handle_signals=True,
                    )
                finally:
                    for task in beside:
                        task.cancel()
                    await exchange.stop()
                    await watcher
        except* DetenteError as errors:
            raise _first(errors) from None
        finally:
            await exchange.stop()
        if ledger.size - restored_size > SNAPSHOT_AT_STOP_ENTRIES:
            info = await snapshot.save(ledger, airspace)
            _log.info("left a snapshot of %d entries", info.size)


def _collect_only_what_is_new() -> None:
    """Let the collector forget what was restored: each full round would stop the exchange for it.

    Whatever is frozen is still freed when nothing refers to it; nothing in the state is a cycle.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    gc.enable()


def _first(group: BaseExceptionGroup[DetenteError]) -> DetenteError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, DetenteError):
        raise error
    return error


async def _application(
    settings: ExchangeSettings,
    exchange: Exchange,
    metrics: Metrics,
    sink: LineSink,
    stack: AsyncExitStack,
) -> Application:
    jwks = None
    if settings.jwks_url is not None:
        jwks = JwksSource(
            settings.jwks_url, interval_s=settings.jwks_refresh, grace_s=settings.jwks_grace
        )
        refreshing = asyncio.create_task(jwks.run())
        stack.callback(refreshing.cancel)
    tracer = None
    if settings.tracing:
        tracer = OtelTracer(settings.otlp_endpoint, service_name="detente-exchange")
        stack.callback(tracer.close)
    handlers = Handlers(
        exchange,
        wiring.acceptance(settings),
        instance=settings.instance_name,
        version=f"v{detente.__version__}",
        system_identity=settings.system_identity,
    )
    offered = endpoints(handlers)
    if settings.metrics:
        offered.append(metrics.endpoint())
    return build_app(
        offered,
        authenticator=wiring.authenticator(settings, jwks),
        limits=wiring.limits(settings),
        observer=RequestObserver(
            sink,
            metrics=metrics,
            tracer=tracer,
            log_format=settings.log_format,
            level=settings.log_level,
        ),
        statuses=statuses(),
        info=API_INFO,
    )


async def _persist(attempt: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Keep trying while the log is not available, or too much else waits for it."""
    wait_s = _FIRST_RETRY_S
    while True:
        try:
            await attempt()
        except (LogUnavailable, Overloaded) as error:
            _log.warning("waiting: %s", error)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LAST_RETRY_S)
        else:
            return


async def _watch(exchange: Exchange, stop: asyncio.Event) -> None:
    """When the writer ends by itself, the instance must not go on without it."""
    try:
        await exchange.wait_closed()
    finally:
        stop.set()


def _work_beside(
    settings: ExchangeSettings, exchange: Exchange, restored_size: int
) -> Sequence[Coroutine[Any, Any, None]]:
    work = [_evict(settings, exchange)]
    if settings.heartbeat_every:
        work.append(_beat(settings, exchange, settings.heartbeat_every))
    if settings.snapshot_every:
        work.append(_take_snapshots(settings, exchange, restored_size, settings.snapshot_every))
    return work


async def _beat(settings: ExchangeSettings, exchange: Exchange, every_s: float) -> None:
    async def attempt() -> None:
        next_us = exchange.now_us + round(2e6 * every_s)
        name = settings.instance_name
        await exchange.submit(c.SendHeartbeat(name, name, "instance", None, next_us))

    await _again_and_again(attempt, every_s)


async def _evict(settings: ExchangeSettings, exchange: Exchange) -> None:
    async def attempt() -> None:
        await exchange.submit(wiring.eviction(settings, exchange.now_us))

    await _again_and_again(attempt, _EVICT_EVERY_S)


async def _again_and_again(
    attempt: Callable[[], Coroutine[Any, Any, None]], every_s: float
) -> None:
    """A chore that fails must not end the instance: it has its next turn."""
    while True:
        try:
            await _persist(attempt)
        except (Refused, CommandFailed) as error:
            _log.warning("a chore was not done: %s", error)
        await asyncio.sleep(every_s)


async def _take_snapshots(
    settings: ExchangeSettings, exchange: Exchange, last_size: int, every: int
) -> None:
    """Have another process make a snapshot now and then: this one must not pause for it."""
    while True:
        await asyncio.sleep(_WATCH_SNAPSHOT_S)
        size = exchange.head.size
        if size - last_size < every:
            continue
        last_size = size
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "detente.exchange.snapshot_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            # By standard input: a database's password must not be seen in a list of processes.
            await process.communicate(wiring.snapshot_source(settings))
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            _log.warning("no snapshot was made; the next attempt is %d entries away", every)


def _report_damage(damage: SnapshotDamaged) -> None:
    _log.warning("a snapshot is skipped: %s", damage)
