"""An instance's way to the server of the simulated log.

Messages take time and get lost in both directions, so the client often knows less than the server.
It keeps every promise of `detente.record.Log`, and uses all the freedom that is left.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random

from tests.simulation.loop import Process
from tests.simulation.server import Server, Session, later, seen

from detente.record import (
    AppendUnknown,
    Head,
    HeadMoved,
    LogUnavailable,
    SnapshotDamaged,
    SnapshotInfo,
    StoredCheckpoint,
    StoredEntry,
    Tail,
    Writing,
)
from detente.record.backend import check_append, check_body, each_chunk
from detente.record.log import Chunks


class SimulatedLog:
    """One process's connection to the server."""

    def __init__(self, server: Server, process: Process, rng: Random) -> None:
        self.server = server
        self.process = process
        self.rng = rng
        self.partitioned: Callable[[], bool] = lambda: False

    # -- messages ----------------------------------------------------------------------------

    def latency_s(self) -> float:
        """How long a message takes."""
        rng, weather = self.rng, self.server.weather
        latency_s = 0.0002 + rng.random() * 0.002
        if rng.random() < weather.slow:
            latency_s += rng.expovariate(1 / weather.slow_s)
        return latency_s

    @property
    def cut(self) -> bool:
        """No message gets through now."""
        return self.server.down or self.process.dead or self.partitioned()

    async def reach(self) -> None:
        """A request goes to the server, which has not done anything with it."""
        if self.process.dead:
            raise LogUnavailable("the process is dead")
        if self.cut:
            await self._time_out()
        if self.rng.random() < self.server.weather.unreachable:
            self.unreachable("the server takes no connections")
        await asyncio.sleep(self.latency_s())
        if self.cut:
            await self._time_out()

    async def answer(self) -> None:
        """The answer to something without consequences comes back."""
        await asyncio.sleep(self.latency_s())
        if self.cut:
            await self._time_out()

    def unreachable(self, message: str) -> None:
        """Raises `LogUnavailable`."""
        self.server.count("log unreachable")
        raise LogUnavailable(message)

    async def _time_out(self) -> None:
        await asyncio.sleep(self.rng.random() * 0.1)
        self.unreachable("the server does not answer")

    # -- reading -----------------------------------------------------------------------------

    async def head(self) -> Head:
        await self.reach()
        head = self.server.head
        await self.answer()
        return head

    async def read(self, since: int, limit: int) -> list[bytes]:
        await self.reach()
        bodies = self.server.bodies[since : since + limit]
        await self.answer()
        return bodies

    async def tail(self, since: int, limit: int) -> Tail:
        await self.reach()
        tail = Tail(self.server.head, self.server.bodies[since : since + limit])
        await self.answer()
        return tail

    async def entries(self, since: int, limit: int) -> list[StoredEntry]:
        await self.reach()
        bodies = self.server.bodies[since : since + limit]
        hashes = self.server.hashes[since : since + limit]
        await self.answer()
        return [
            StoredEntry(since + i, digest, body)
            for i, (digest, body) in enumerate(zip(hashes, bodies, strict=True))
        ]

    async def checkpoints(self, since: int, limit: int) -> list[StoredCheckpoint]:
        await self.reach()
        notes = self.server.checkpoints
        found = [StoredCheckpoint(size, notes[size]) for size in sorted(notes) if size >= since]
        await self.answer()
        return found[:limit]

    async def checkpoint_at_or_before(self, size: int) -> StoredCheckpoint | None:
        await self.reach()
        notes = self.server.checkpoints
        found = max((stored for stored in notes if stored <= size), default=None)
        await self.answer()
        return None if found is None else StoredCheckpoint(found, notes[found])

    # -- writing -----------------------------------------------------------------------------

    @asynccontextmanager
    async def writing(self, since: int | None = None) -> AsyncIterator[Writing]:
        await self.reach()
        session = self.server.open()
        timer = later(self.server.weather.wait_max_s, self._waited_too_long, session)
        try:
            head = await session.granted
            await self.answer()
            yield SimulatedWriting(self, session, head)
        finally:
            timer.cancel()
            self._leave(session)

    def _waited_too_long(self, session: Session) -> None:
        if not session.granted.done():
            self.server.count("lock wait timed out")
            session.granted.set_exception(LogUnavailable("somebody else holds the head too long"))
            self.server.end(session)

    def _leave(self, session: Session) -> None:
        if session.ended or (session.commit_sent and not session.committed):
            return  # a commit that was sent goes on, whoever hears of it
        has_the_head = session.granted.done() and not session.granted.cancelled()
        if has_the_head and (self.cut or self.rng.random() < self.server.weather.left_behind):
            # The server does not notice; it ends the session for its silence.
            self.server.count("session left behind")
        else:
            self.server.end(session)

    # -- snapshots ---------------------------------------------------------------------------

    async def save_snapshot(
        self, size: int, root: bytes, frontier: bytes, chunks: Chunks
    ) -> SnapshotInfo:
        body = b"".join([chunk async for chunk in each_chunk(chunks)])
        info = SnapshotInfo("", size, root, frontier, len(body), hashlib.sha256(body).digest())
        await self.reach()
        info = self.server.keep_snapshot(info, body)
        await self.answer()
        return info

    async def snapshots(self) -> list[SnapshotInfo]:
        await self.reach()
        found = [kept.info for kept in self.server.snapshots]
        await self.answer()
        return found

    async def load_snapshot(self, info: SnapshotInfo) -> AsyncIterator[bytes]:
        await self.reach()
        found = next((k for k in self.server.snapshots if k.info.key == info.key), None)
        await self.answer()
        if found is None:
            raise SnapshotDamaged("It is gone.", where=f"snapshot {info.key}")
        half = len(found.body) // 2
        yield found.body[:half]
        await asyncio.sleep(self.latency_s())
        yield found.body[half:]
        check_body(info, len(found.body), hashlib.sha256(found.body).digest())

    async def drop_snapshot(self, info: SnapshotInfo) -> None:
        await self.reach()
        kept = self.server.snapshots
        kept[:] = [snapshot for snapshot in kept if snapshot.info.key != info.key]
        await self.answer()

    async def close(self) -> None:
        """Nothing is held."""


class SimulatedWriting:
    """The head, held as far as the client knows."""

    def __init__(self, log: SimulatedLog, session: Session, head: Head) -> None:
        self.head = head
        self._log = log
        self._session = session
        self._used = False

    async def read(self, since: int, limit: int) -> list[bytes]:
        log, session = self._log, self._session
        await log.reach()
        if log.rng.random() < 0.5:
            # Else through another connection, on which it does not show that the head is lost.
            if session.ended:
                log.unreachable("the server ended the session")
            log.server.heard(session)
        bodies = log.server.bodies[since : min(since + limit, self.head.size)]
        await log.answer()
        return bodies

    async def append(
        self,
        expected_size: int,
        bodies: Sequence[bytes],
        leaf_hashes: Sequence[bytes],
        head: Head,
        also: Sequence[object] = (),
    ) -> None:
        check_append(self._used, expected_size, bodies, leaf_hashes, head)
        self._used = True
        log, server, session = self._log, self._log.server, self._session
        weather, rng = server.weather, log.rng
        fate = rng.random() - weather.append_refused
        if fate < 0 or log.cut:
            server.count("append refused")
            await asyncio.sleep(log.latency_s())
            raise LogUnavailable("the server refuses to write")
        session.commit_sent = True
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(seen)
        fate -= weather.commit_lost
        if fate < 0:
            server.count("commit lost")
            later(log.latency_s(), _die, answer)
            if rng.random() < 0.5:
                later(log.latency_s(), server.end, session)
            await answer
        fate -= weather.commit_late
        late = fate < 0
        if late:
            server.count("commit late")
            later(log.latency_s(), _die, answer)
            delay_s = rng.expovariate(1 / weather.hold_max_s)
        else:
            delay_s = log.latency_s()
        fate -= weather.answer_lost
        arrive = _Arrival(log, session, answer, late, not late and fate < 0)
        later(delay_s, arrive, expected_size, bodies, leaf_hashes, head)
        await answer


class _Arrival:
    """A commit that reaches the server, or does not, whatever became of who sent it."""

    def __init__(
        self,
        log: SimulatedLog,
        session: Session,
        answer: asyncio.Future[None],
        late: bool,
        answer_lost: bool,
    ) -> None:
        self._log = log
        self._session = session
        self._answer = answer
        self._late = late
        self._answer_lost = answer_lost

    def __call__(
        self,
        expected_size: int,
        bodies: Sequence[bytes],
        leaf_hashes: Sequence[bytes],
        head: Head,
    ) -> None:
        log, server, session = self._log, self._log.server, self._session
        if session.cut or (log.partitioned() and log.rng.random() < 0.5):
            server.count("connection cut during append")
            later(log.latency_s(), _die, self._answer)
            return
        try:
            server.commit(session, expected_size, bodies, leaf_hashes, head)
        except (LogUnavailable, HeadMoved) as error:
            self._reply(error)
            return
        if self._late:
            server.count("late commit landed")
            server.end(session)  # the client has left: nobody else would give the head back
        self._reply(None)

    def _reply(self, error: LogUnavailable | HeadMoved | None) -> None:
        log = self._log
        if self._answer_lost or log.cut:
            log.server.count("answer lost")
            later(log.latency_s(), _die, self._answer)
        else:
            later(log.latency_s(), self._deliver, error)

    def _deliver(self, error: LogUnavailable | HeadMoved | None) -> None:
        if self._answer.done():
            return
        if self._log.cut:
            self._log.server.count("answer lost")
            _die(self._answer)
        elif error is None:
            self._answer.set_result(None)
        else:
            self._answer.set_exception(error)


def _die(answer: asyncio.Future[None]) -> None:
    if not answer.done():
        answer.set_exception(AppendUnknown("the connection died after the commit was sent"))
