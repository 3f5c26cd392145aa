"""A supervised feed: connected for as long as it is wanted, whatever happens to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from detente.feeds.decoding import Decoder
from detente.feeds.reports import Reports

from .backoff import Backoff, BackoffRules
from .connection import Clock, Connection, Piece, Transport
from .errors import FeedBroken, FeedSilent, TransportError
from .health import FeedHealth, FeedRules, FeedState
from .polling import Pause
from .waiting import WaitingReports

_SECOND_US = 1_000_000
_log = logging.getLogger("detente.feeds")


@runtime_checkable
class Conversing(Protocol):
    """A decoder whose protocol wants answers, such as that of TAK servers."""

    def outgoing(self) -> bytes:
        """What is to be sent now; b"" if nothing."""
        ...

    def overdue(self, now_us: int) -> bool:
        """Whether the other side has left us without an answer: then the connection is useless."""
        ...


@runtime_checkable
class TakesDatagrams(Protocol):
    """A decoder that takes many datagrams at once."""

    def feed_datagrams(self, datagrams: Sequence[bytes], received_us: Sequence[int]) -> Reports:
        """Take datagrams, each with the time at which it came."""
        ...


class Feed:
    """Connects, decodes, and has the reports wait; connects anew when it must.

    What a connection left unfinished is dropped by the decoder and counted; what is known of
    aircraft stays.

    Args:
        name: as its user calls it.
        transport: how to get there.
        decoder: of what comes.
        waiting: where reports go.
        clock: µs since 1970 UTC.
        random: see `Backoff`.
        rules, backoff: see there.
        pause: waits between tries.
    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        decoder: Decoder,
        waiting: WaitingReports,
        *,
        clock: Clock,
        random: Callable[[], float],
        rules: FeedRules | None = None,
        backoff: BackoffRules | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self.name = name
        self._transport = transport
        self._decoder = decoder
        self._waiting = waiting
        self._clock = clock
        self._rules = rules or FeedRules()
        self._backoff = Backoff(backoff or BackoffRules(), random)
        self._pause = pause
        self._connected = False
        self._state = FeedState.STARTING
        self._connections = 0
        self._failures = 0
        self._last_failure = ""
        self._last_received_us: int | None = None
        self._last_report_us: int | None = None
        self._opened_us = 0
        self._lost = 0
        self._connection: Connection | None = None

    async def run(self) -> None:
        """Keep it going until cancelled."""
        try:
            while True:
                began_us = self._clock()
                held_s = 0.0
                try:
                    await self._once()
                except TransportError as failure:
                    self._failures += 1
                    self._last_failure = f"{failure} [{failure.code}]"
                    if self._connected:
                        held_s = (self._clock() - began_us) / _SECOND_US
                except Exception as fault:  # noqa: BLE001 - it must be seen, and the feed go on
                    self._failures += 1
                    self._last_failure = f"{type(fault).__name__}: {fault}"
                    _log.exception("feed %s: a fault of the program", self.name)
                finally:
                    self._connected = False
                self._state = FeedState.FAILING
                await self._pause(self._backoff.failed(held_s))
        finally:
            self._state = FeedState.STOPPED

    def health(self) -> FeedHealth:
        """How it is now."""
        return FeedHealth(
            name=self.name,
            where=self._transport.where,
            state=self._state_now(),
            connections=self._connections,
            failures=self._failures,
            last_failure=self._last_failure,
            last_received_us=self._last_received_us,
            last_report_us=self._last_report_us,
            counts=self._decoder.counts,
            lost_datagrams=self._lost + (self._connection.lost if self._connection else 0),
        )

    def _state_now(self) -> FeedState:
        if not self._connected:
            return self._state
        since_us = max(self._last_report_us or 0, self._opened_us)
        quiet_s = (self._clock() - since_us) / _SECOND_US
        reported = self._last_report_us is not None and self._last_report_us >= self._opened_us
        if quiet_s > self._rules.silent_s:
            return FeedState.SILENT
        return FeedState.FRESH if reported else self._state

    async def _once(self) -> None:
        """One connection, from its beginning to its end.

        Raises:
            TransportError: it ended; it always does.
        """
        connection = await self._transport.open()
        self._connection = connection
        self._connected = True
        self._connections += 1
        self._opened_us = self._clock()
        try:
            await self._converse(connection)
            while True:
                self._take(await self._received(connection))
                await self._converse(connection)
        finally:
            self._lost += connection.lost
            self._connection = None
            try:
                self._waiting.put(self._decoder.close())
            finally:
                await connection.close()

    async def _received(self, connection: Connection) -> Sequence[Piece]:
        try:
            async with asyncio.timeout(self._rules.give_up_s):
                return await connection.receive()
        except TimeoutError:
            raise FeedSilent(
                f"Nothing came for {self._rules.give_up_s:g} s; the connection is made anew.",
                where=self._transport.where,
            ) from None

    def _take(self, pieces: Sequence[Piece]) -> None:
        if not pieces:
            return
        self._last_received_us = pieces[-1].received_us
        for reports in self._decoded(pieces):
            if len(reports):
                self._last_report_us = pieces[-1].received_us
                self._waiting.put(reports)

    def _decoded(self, pieces: Sequence[Piece]) -> list[Reports]:
        decoder = self._decoder
        if pieces[0].whole and isinstance(decoder, TakesDatagrams):
            return [
                decoder.feed_datagrams(
                    [each.data for each in pieces], [each.received_us for each in pieces]
                )
            ]
        return [decoder.feed(each.data, each.received_us) for each in pieces]

    async def _converse(self, connection: Connection) -> None:
        if isinstance(self._decoder, Conversing):
            if self._decoder.overdue(self._clock()):
                raise FeedBroken("It did not answer as agreed.", where=self._transport.where)
            outgoing = self._decoder.outgoing()
            if outgoing:
                await connection.send(outgoing)
