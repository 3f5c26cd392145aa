"""The simulated log's server: what is durable, and who may change it.

Sessions take the head one after another, and lose it when they end, commit, or are silent for too
long. The server runs in nobody's process: it goes on whoever is stalled or dead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, replace

from tests.simulation.weather import Weather

from detente.record import Head, HeadMoved, LogUnavailable, SnapshotInfo
from detente.record.log import EMPTY_HEAD, SNAPSHOTS_KEPT

Count = Callable[[str], None]

_NOBODY = Context()
"""The server and the network go on whoever is stalled or dead."""


def later(delay_s: float, action: Callable[..., None], *arguments: object) -> asyncio.TimerHandle:
    """Have the server or the network do something."""
    return asyncio.get_running_loop().call_later(delay_s, action, *arguments, context=_NOBODY)


def seen(future: asyncio.Future[Head] | asyncio.Future[None]) -> None:
    """A failure that nobody waits for is no fault of the simulator."""
    if not future.cancelled():
        future.exception()


class Session:
    """A transaction that wants, has or had the head."""

    def __init__(self) -> None:
        self.granted: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self.granted.add_done_callback(seen)
        self.ended = False
        self.cut = False  # by an outage: the client gets no answer any more
        self.commit_sent = False
        self.committed = False
        self.silence: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class StoredSnapshot:
    """A snapshot, which may be damaged on purpose."""

    info: SnapshotInfo
    body: bytes


class Server:
    """What is durable, and who may change it."""

    def __init__(self, weather: Weather, count: Count, release_at_commit: bool) -> None:
        self.head = EMPTY_HEAD
        self.bodies: list[bytes] = []
        self.hashes: list[bytes] = []
        self.checkpoints: dict[int, str] = {}
        self.snapshots: list[StoredSnapshot] = []
        self.down = False
        self.weather = weather
        self.count = count
        self._release_at_commit = release_at_commit
        self._sessions: deque[Session] = deque()  # the first one has the head
        self._saved = 0

    def open(self) -> Session:
        """A session that waits for the head."""
        session = Session()
        self._sessions.append(session)
        self._grant()
        return session

    def end(self, session: Session) -> None:
        """Roll it back; the next one gets the head."""
        if session.ended:
            return
        session.ended = True
        if session.silence is not None:
            session.silence.cancel()
        if not session.granted.done():
            session.granted.set_exception(LogUnavailable("the server ended the session"))
        self._sessions.remove(session)
        self._grant()

    def heard(self, session: Session) -> None:
        """A session that has the head said something."""
        if session.silence is not None:
            session.silence.cancel()
        session.silence = later(self.weather.hold_max_s, self.end, session)

    def outage(self) -> None:
        """The server dies: whatever was not committed never was."""
        self.down = True
        for session in list(self._sessions):
            session.cut = True
            self.end(session)

    def commit(
        self,
        session: Session,
        expected_size: int,
        bodies: Sequence[bytes],
        leaf_hashes: Sequence[bytes],
        head: Head,
    ) -> None:
        """Make it durable, all together.

        Raises:
            LogUnavailable: the session had ended.
            HeadMoved: the same, and somebody else has appended since.
        """
        if session.ended:
            self.count("head lost")
            if self.head.size != expected_size and len(self.bodies) % 2:
                self.count("head moved")
                raise HeadMoved(f"the log has {self.head.size} entries, not {expected_size}")
            raise LogUnavailable("the server ended the session: it was silent for too long")
        assert self.head.size == expected_size
        self.bodies.extend(bytes(body) for body in bodies)
        self.hashes.extend(leaf_hashes)
        self.checkpoints[head.size] = head.checkpoint
        self.head = head
        session.committed = True
        if self._release_at_commit:
            self.end(session)
        else:
            self.heard(session)

    def keep_snapshot(self, info: SnapshotInfo, body: bytes) -> SnapshotInfo:
        """Store one under a new name; only the newest stay."""
        self._saved += 1
        info = replace(info, key=f"snapshot-{self._saved}")
        self.snapshots.append(StoredSnapshot(info, body))
        self.snapshots.sort(key=lambda kept: -kept.info.size)
        del self.snapshots[SNAPSHOTS_KEPT:]
        return info

    def _grant(self) -> None:
        if self._sessions and not self._sessions[0].granted.done():
            session = self._sessions[0]
            session.granted.set_result(self.head)
            self.heard(session)
