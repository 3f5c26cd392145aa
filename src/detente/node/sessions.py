"""Sessions of officers: what is held of them here, when they lock, when they end.

A session is named by a random token that only its holder has; here is its SHA-256. It has three
clocks: it ends twelve hours after it began, locks a quarter of an hour after its officer was last
active, and for five minutes after a proof of identity it is fresh enough for what binds the party.
A locked session still reads, so that the watch stays on the wall; it does nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal, Self

from detente.http import Caller, Unauthorized
from detente.record import Clock, Random, SqlRow, Statement, format_time, parse_time

from .officer_context import NOT_STORED, OfficerRecord
from .roles import STEP_UP, while_locked

Method = Literal["password", "password+code", "password+recovery", "password+key", "oidc"]

TOKEN_BYTES: Final = 32
_SEEN_STEP: Final = timedelta(seconds=60)

_log = logging.getLogger("detente.node")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRules:
    """How long sessions last.

    Attributes:
        idle: after so long without activity a session locks.
        lifetime: after so long it ends, whatever happens.
        step_up: for so long after a proof of identity it is fresh.
        renewed: for so long the token before a renewal is still taken, for requests under way.
        most: sessions of one officer; the oldest ends when one more begins.
    """

    idle: timedelta = timedelta(minutes=15)
    lifetime: timedelta = timedelta(hours=12)
    step_up: timedelta = timedelta(minutes=5)
    renewed: timedelta = timedelta(seconds=10)
    most: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One officer at one place.

    Attributes:
        id: public, and what the record names; nothing can be done with it.
        digest: SHA-256 of the token, hexadecimal.
        officer: account.
        method: how identity was proved at the beginning.
        bearer: the token is sent by a script in `Authorization`, not by a browser in a cookie.
        address: where it began.
        agent: what the client called itself then.
        started: when it began.
        proved: when identity was last proved.
        active: when its officer last did something.
        locked: it was locked by hand; see also `SessionRules.idle`.
    """

    id: str
    digest: str
    officer: str
    method: Method
    bearer: bool
    address: str
    agent: str
    started: datetime
    proved: datetime
    active: datetime
    locked: bool = False

    def ends(self, rules: SessionRules) -> datetime:
        """When it ends."""
        return self.started + rules.lifetime

    def is_locked(self, rules: SessionRules, now: datetime) -> bool:
        """Whether it only reads."""
        return self.locked or now >= self.active + rules.idle

    def is_fresh(self, rules: SessionRules, now: datetime) -> bool:
        """Whether identity was proved a moment ago."""
        return not self.is_locked(rules, now) and now < self.proved + rules.step_up

    def scopes(
        self, permissions: frozenset[str], rules: SessionRules, now: datetime
    ) -> frozenset[str]:
        """What may be done in it now."""
        if self.is_locked(rules, now):
            return while_locked(permissions)
        return permissions | {STEP_UP} if self.is_fresh(rules, now) else permissions


def session_of(caller: Caller) -> str:
    """Public id of the session that a request came in; empty if it came in none."""
    return caller.session


def caller_of(
    session: Session, permissions: frozenset[str], rules: SessionRules, now: datetime
) -> Caller:
    """Who sends a request in this session."""
    return Caller(
        session.officer,
        session.scopes(permissions, rules, now),
        "session",
        int(session.ends(rules).timestamp() * 1e6),
        session.id,
    )


class NoSession(Unauthorized):
    """The request comes in no session, or in one that has ended: 401."""

    code: ClassVar[str] = "auth.session"


class Sessions:
    """All sessions of a node. They are in memory; the tables let them outlive a restart."""

    def __init__(
        self, record: OfficerRecord, clock: Clock, random: Random, rules: SessionRules
    ) -> None:
        self._record = record
        self._clock = clock
        self._random = random
        self.rules = rules
        self._by_digest: dict[str, Session] = {}
        self._former: dict[str, tuple[str, datetime]] = {}
        self._stored: dict[str, datetime] = {}
        self._writing = asyncio.Lock()

    @classmethod
    async def open(
        cls, record: OfficerRecord, clock: Clock, random: Random, rules: SessionRules
    ) -> Self:
        """Those that have not ended."""
        sessions = cls(record, clock, random, rules)
        rows = await record.query(f"SELECT {_COLUMNS} FROM officers_sessions")  # noqa: S608
        for row in rows:
            session = _read(row)
            sessions._by_digest[session.digest] = session
        await sessions.sweep()
        return sessions

    def __len__(self) -> int:
        return len(self._by_digest)

    def now(self) -> datetime:
        """The time by the clock that sessions go by."""
        return self._clock()

    async def begin(
        self, officer: str, method: Method, *, bearer: bool, address: str, agent: str
    ) -> tuple[Session, str]:
        """A new session, and the token that only its holder has from now on.

        It begins even if it cannot be stored, and ends with the node then: who must see what goes
        on gets in when the disk is full.
        """
        await self.sweep()
        own = self.of(officer)
        oldest = own[: max(0, len(own) - self.rules.most + 1)]
        for each in oldest:
            self._forget(each.digest)
        await self._tidy([each.digest for each in oldest])
        token = self._token()
        now = self._clock()
        session = Session(
            id=self._random(16).hex(),
            digest=_digest(token),
            officer=officer,
            method=method,
            bearer=bearer,
            address=address[:64],
            agent=_plain(agent)[:200],
            started=now,
            proved=now,
            active=now,
        )
        self._by_digest[session.digest] = session
        try:
            await self._store(session.digest)
        except NOT_STORED as error:
            _log.warning("a session of %s is in memory alone: %s", officer, error)
        except BaseException:
            self._forget(session.digest)
            raise
        return session, token

    def find(self, token: str) -> Session | None:
        """The session of a token, unless it has ended."""
        digest = _digest(token)
        now = self._clock()
        while (former := self._former.get(digest)) is not None:  # two renewals may follow at once
            if now >= former[1]:
                del self._former[digest]
                return None
            digest = former[0]
        session = self._by_digest.get(digest)
        if session is None or now >= session.ends(self.rules):
            return None
        return session

    def by_id(self, identity: str) -> Session | None:
        """The session with a public id, unless it has ended."""
        now = self._clock()
        for session in self._by_digest.values():
            if session.id == identity and now < session.ends(self.rules):
                return session
        return None

    def of(self, officer: str | None = None) -> list[Session]:
        """Sessions of an officer, or all of them, the oldest first."""
        now = self._clock()
        found = [
            session
            for session in self._by_digest.values()
            if officer in (None, session.officer) and now < session.ends(self.rules)
        ]
        return sorted(found, key=lambda session: (session.started, session.id))

    async def touch(self, session: Session) -> Session:
        """Its officer is active. A locked one stays locked."""
        now = self._clock()
        if session.is_locked(self.rules, now):
            return session
        session = replace(session, active=now)
        self._by_digest[session.digest] = session
        # A restart may take a minute of activity from it, a write each second would take more.
        if now - self._stored.get(session.digest, session.started) >= _SEEN_STEP:
            with contextlib.suppress(*NOT_STORED):
                await self._store(session.digest)
        return session

    async def renew(self, session: Session) -> tuple[Session, str]:
        """Identity was proved anew: unlocked, fresh, and under a new token.

        Raises:
            NoSession: it has ended while identity was being proved; it stays ended.
        """
        now = self._clock()
        token = self._token()
        current = self.by_id(session.id)
        if current is None:
            raise NoSession("The session has ended. Log in again.")
        session = current
        renewed = replace(session, digest=_digest(token), proved=now, active=now, locked=False)
        self._forget(session.digest)
        self._by_digest[renewed.digest] = renewed
        self._former[session.digest] = (renewed.digest, now + self.rules.renewed)
        async with self._writing:
            await self._record.execute([_delete([session.digest])])
        await self._store(renewed.digest)
        return renewed, token

    async def lock(self, session: Session) -> None:
        """Lock it now."""
        current = self._by_digest.get(session.digest)
        if current is not None:
            self._by_digest[session.digest] = replace(current, locked=True)
            await self._store(session.digest)

    async def end(self, session: Session) -> None:
        """End it now, for good."""
        self._forget(session.digest)
        async with self._writing:
            await self._record.execute([_delete([session.digest])])

    async def end_all(self, officer: str, *, but: str = "") -> int:
        """End an officer's sessions, except the one with the public id `but`; tells how many."""
        ended = [session for session in self.of(officer) if session.id != but]
        # All at once: one that is renewed meanwhile must not escape.
        for session in ended:
            self._forget(session.digest)
        if ended:
            async with self._writing:
                await self._record.execute([_delete([session.digest for session in ended])])
        return len(ended)

    async def sweep(self) -> None:
        """Forget those that have ended."""
        now = self._clock()
        gone = [
            session.digest
            for session in self._by_digest.values()
            if now >= session.ends(self.rules)
        ]
        for digest in gone:
            self._forget(digest)
        await self._tidy(gone)
        self._former = {
            digest: (now_called, until)
            for digest, (now_called, until) in self._former.items()
            if now < until
        }

    async def _tidy(self, digests: list[str]) -> None:
        """Delete what has ended by the clock. If not now, another time: `find` looks at it."""
        if digests:
            with contextlib.suppress(*NOT_STORED):
                async with self._writing:
                    await self._record.execute([_delete(digests)])

    async def _store(self, digest: str) -> None:
        async with self._writing:
            # One that has ended meanwhile must not come back.
            session = self._by_digest.get(digest)
            if session is None:
                return
            await self._record.execute([_delete([digest]), _insert(session)])
            self._stored[digest] = self._clock()

    def _forget(self, digest: str) -> None:
        self._by_digest.pop(digest, None)
        self._stored.pop(digest, None)

    def _token(self) -> str:
        return urlsafe_b64encode(self._random(TOKEN_BYTES)).rstrip(b"=").decode()


_COLUMNS: Final = (
    "digest, id, officer, method, bearer, address, agent, started, proved, active, locked"
)


def _insert(session: Session) -> Statement:
    return Statement(
        f"INSERT INTO officers_sessions ({_COLUMNS}) "  # noqa: S608
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                session.digest,
                session.id,
                session.officer,
                session.method,
                int(session.bearer),
                session.address,
                session.agent,
                format_time(session.started),
                format_time(session.proved),
                format_time(session.active),
                int(session.locked),
            )
        ],
    )


def _delete(digests: Iterable[str]) -> Statement:
    return Statement(
        "DELETE FROM officers_sessions WHERE digest = ?", [(digest,) for digest in digests]
    )


def _read(row: SqlRow) -> Session:
    digest, identity, officer, method, bearer, address, agent, started, proved, active, locked = row
    return Session(
        id=str(identity),
        digest=str(digest),
        officer=str(officer),
        method=_METHODS[str(method)],
        bearer=bool(bearer),
        address=str(address),
        agent=str(agent),
        started=parse_time(str(started)),
        proved=parse_time(str(proved)),
        active=parse_time(str(active)),
        locked=bool(locked),
    )


_METHODS: Final[dict[str, Method]] = {
    "password": "password",
    "password+code": "password+code",
    "password+recovery": "password+recovery",
    "password+key": "password+key",
    "oidc": "oidc",
}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
