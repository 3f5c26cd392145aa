"""One PostgreSQL connection that comes back by itself.

Every exchange with the server runs under a watchdog: a server that does not answer in time costs
the connection, never the caller's patience. Cancelling a query politely would need the server's
help.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from .backend import detached
from .log import LogUnavailable

P = ParamSpec("P")
T = TypeVar("T")

Connection = psycopg.AsyncConnection[tuple[object, ...]]
Work = Callable[[Connection], Awaitable[T]]
Row = tuple[object, ...]

_log = logging.getLogger("detente.record")

_BACKOFF_FIRST_S = 0.05
_BACKOFF_MAX_S = 2.0

_READ_ONLY = "25006"

_UNKNOWN_SETTING = (
    psycopg.errors.UndefinedObject,
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.InvalidParameterValue,
)


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """How to use the database.

    Attributes:
        schema: the schema that holds the log's tables; one log a schema.
        head_wait_s: how long to wait for the head while another instance holds it.
        head_hold_s: after so long without a word from an instance that holds the head, the server
            ends its session, so that others can go on. Less than `head_wait_s`.
        answer_s: how long to wait for any answer before the connection is given up.
        connect_s: how long to wait for a connection.
    """

    schema: str = "detente"
    head_wait_s: float = 6.0
    head_hold_s: float = 3.0
    answer_s: float = 15.0
    connect_s: float = 5.0


class Session:
    """A connection to one server, made when needed and again when lost. For one user at a time."""

    def __init__(
        self, conninfo: str, settings: PostgresSettings, *, read_only: bool, writer: bool
    ) -> None:
        self._settings = settings
        self._conninfo = _with_defaults(conninfo, settings, read_only=read_only)
        self._writer = writer
        self._connection: Connection | None = None
        self._failures = 0
        self._not_before_s = 0.0
        self._aborted = False
        self._closed = False

    @property
    def alive(self) -> bool:
        """Whether there is a connection that has not been lost."""
        return self._connection is not None and not self._connection.closed

    @property
    def in_transaction(self) -> bool:
        """Whether there is a connection with a transaction open, in whatever state."""
        return (
            self._connection is not None
            and not self._connection.closed
            and self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
        )

    def still_in_transaction(self) -> bool:
        """Whether the transaction is open, after looking for a goodbye that has arrived."""
        if self._connection is None or self._connection.closed:
            return False
        with contextlib.suppress(psycopg.OperationalError):
            # Neither waits: the first takes what the server said, the second sees that it hung up.
            self._connection.pgconn.consume_input()
            self._connection.pgconn.consume_input()
        return self.in_transaction

    async def run(
        self,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Do something on the connection, which is made if there is none.

        Raises:
            LogUnavailable: no connection could be made.
            psycopg.Error: whatever the work raised; `alive` tells whether the connection survived.
        """
        connection = await self._connected()
        watchdog = asyncio.get_running_loop().call_later(self._settings.answer_s, self.abort)
        try:
            return await work(connection, *args, **kwargs)
        finally:
            watchdog.cancel()
            if connection.closed:
                await self.discard()

    async def run_again(self, work: Work[T]) -> T:
        """As `run`, for work that may be done twice: once more if the connection had died idle."""
        was_alive = self.alive
        self._aborted = False
        try:
            return await self.run(work)
        except psycopg.Error:
            if not was_alive or self.alive or self._aborted:
                raise
        return await self.run(work)

    def abort(self) -> None:
        """Cut the connection, whatever is going on; who waits for an answer gets an error."""
        self._aborted = True
        connection = self._connection
        if connection is None or connection.closed:
            return
        with contextlib.suppress(OSError, psycopg.Error):
            wire = socket.socket(fileno=os.dup(connection.fileno()))
            try:
                wire.shutdown(socket.SHUT_RDWR)
            finally:
                wire.close()

    async def discard(self) -> None:
        """Close the connection; the next use makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()

    async def close(self) -> None:
        """Close the connection for good."""
        self._closed = True
        await self.discard()

    async def _connected(self) -> Connection:
        if self._closed:
            raise LogUnavailable("The log has been closed.")
        if self._connection is not None:
            if not self._connection.closed:
                return self._connection
            await self.discard()
        now_s = asyncio.get_running_loop().time()
        if now_s < self._not_before_s:
            raise LogUnavailable(
                "The database could not be reached a moment ago.",
                advice="It is tried again within two seconds.",
            )
        try:
            self._connection = await self._connect()
        except (TimeoutError, psycopg.Error, OSError) as error:
            pause_s = min(_BACKOFF_MAX_S, _BACKOFF_FIRST_S * 2**self._failures)
            self._failures = min(self._failures + 1, 10)
            # Not a secret: it only keeps instances from knocking at the same moment.
            pause_s *= 0.5 + random.random() / 2  # noqa: S311
            self._not_before_s = asyncio.get_running_loop().time() + pause_s
            raise LogUnavailable(f"The database cannot be reached: {reason(error)}") from error
        if self._failures:
            _log.info("connected to the database again after %d attempts", self._failures + 1)
        self._failures = 0
        if self._is_closed():  # while it was being made
            await self.discard()
            raise LogUnavailable("The log has been closed.")
        return self._connection

    def _is_closed(self) -> bool:
        """As it is now: another task may have closed the session since the last look."""
        return self._closed

    async def _connect(self) -> Connection:
        async with asyncio.timeout(self._settings.connect_s):
            connection: Connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, prepare_threshold=0
            )
            try:
                await self._configure(connection)
            except BaseException:
                await connection.close()
                raise
        return connection

    async def _configure(self, connection: Connection) -> None:
        settings = self._settings
        await connection.execute(
            sql.SQL("SET search_path = {}").format(sql.Identifier(settings.schema))
        )
        limits = {
            "lock_timeout": settings.head_wait_s,
            "idle_in_transaction_session_timeout": settings.head_hold_s,
            # None for the writer: cancelling a COMMIT that waits for a standby would make the
            # server report success without it. The watchdog and the two limits above are enough.
            "statement_timeout": 0.0 if self._writer else settings.answer_s,
        }
        for name, seconds in limits.items():
            statement = sql.SQL("SET {} = {}").format(
                sql.Identifier(name), sql.Literal(f"{round(seconds * 1000)}ms")
            )
            try:
                await connection.execute(statement)
            except _UNKNOWN_SETTING:
                _log.warning("the database does not know the setting %s", name)
        if self._writer:
            await _insist_on_durability(connection)


class SharedSession:
    """A session that many tasks use, one statement at a time, each complete in itself."""

    def __init__(self, conninfo: str, settings: PostgresSettings, *, read_only: bool) -> None:
        self._session = Session(conninfo, settings, read_only=read_only, writer=False)
        self._turn = asyncio.Lock()

    async def run(
        self,
        work: Callable[Concatenate[Connection, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Do something that may be done twice, in its turn. A caller who is cancelled leaves at
        once.

        Raises:
            LogUnavailable: the server cannot be reached or refuses.
        """
        return await detached(self._run(lambda connection: work(connection, *args, **kwargs)))

    async def rows(self, query: str, values: Sequence[object]) -> list[Row]:
        """The rows that a query gives.

        Raises:
            LogUnavailable: the server cannot be reached or refuses.
        """
        return await self.run(_rows, query, values)

    async def change(self, statement: str, values: Sequence[object]) -> int:
        """How many rows a statement touched; it may be executed twice.

        Raises:
            LogUnavailable: the server cannot be reached or refuses.
        """
        return await self.run(_change, statement, values)

    async def close(self) -> None:
        """Close the connection for good, after what is under way."""
        async with self._turn:
            await self._session.close()

    async def _run(self, work: Work[T]) -> T:
        async with self._turn:
            try:
                return await self._session.run_again(work)
            except psycopg.Error as error:
                if error.sqlstate == _READ_ONLY:
                    # We ended up at a standby: the next connection may find the primary.
                    await self._session.discard()
                raise unavailable(error) from error


async def _rows(connection: Connection, query: str, values: Sequence[object]) -> list[Row]:
    cursor = connection.cursor(binary=True)
    await cursor.execute(query.encode(), values)
    return await cursor.fetchall()


async def _change(connection: Connection, statement: str, values: Sequence[object]) -> int:
    cursor = await connection.execute(statement.encode(), values)
    return cursor.rowcount


def reason(error: BaseException) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def unavailable(error: psycopg.Error) -> LogUnavailable:
    """The error for a database that answers, but not with what was asked for."""
    state = f" ({error.sqlstate})" if error.sqlstate else ""
    return LogUnavailable(f"The database refuses: {reason(error)}{state}")


async def pause(attempt: int) -> None:
    """Wait a little before trying again; longer, and less in step with others, each time."""
    await asyncio.sleep(0.002 * 2**attempt * random.random())  # noqa: S311  # not a secret


async def _insist_on_durability(connection: Connection) -> None:
    """Acknowledged must mean flushed, whatever the server's defaults are."""
    try:
        cursor = await connection.execute("SHOW synchronous_commit")
        row = await cursor.fetchone()
        if row is not None and row[0] == "off":
            await connection.execute("SET synchronous_commit = on")
        cursor = await connection.execute("SHOW fsync")
        row = await cursor.fetchone()
    except _UNKNOWN_SETTING:
        return
    if row is not None and row[0] == "off":
        _log.warning("fsync is off in the database: a power failure can lose what was acknowledged")


def _with_defaults(conninfo: str, settings: PostgresSettings, *, read_only: bool) -> str:
    """The connection string, completed by what keeps a dead network from being waited for."""
    try:
        given = conninfo_to_dict(conninfo)
    except psycopg.Error as error:
        raise LogUnavailable(
            f"The database URL cannot be understood: {str(error).strip()}",
            advice="Example: postgresql://user@host:5432/database",
        ) from error
    defaults: dict[str, str | int] = {
        "application_name": "detente",
        "connect_timeout": max(2, round(settings.connect_s)),
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": round(settings.answer_s * 1000),
        "target_session_attrs": "any" if read_only else "read-write",
    }
    return psycopg.conninfo.make_conninfo(
        conninfo, **{name: value for name, value in defaults.items() if name not in given}
    )
