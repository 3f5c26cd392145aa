from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import apsw
import pytest
from tests.support.postgres import PostgresServer
from tests.support.postgres import postgres as postgres  # a fixture

from detente.record import (
    Head,
    Log,
    MemoryLog,
    MemoryStore,
    PostgresLog,
    PostgresSettings,
    SqliteLog,
    StoredEntry,
)


class Place:
    """Somewhere a log can be kept, opened any number of times, and damaged."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._opened: list[Log] = []
        # SQLite has one owner: whoever opens it again in this process shares the object.
        self.shared = name == "sqlite"

    async def open(self) -> Log:
        """Another instance's view of the log."""
        if self.shared and self._opened:
            return self._opened[0]
        log = await self._open()
        self._opened.append(log)
        return log

    async def reopen(self) -> Log:
        """As after a restart of every instance."""
        await self.close()
        return await self.open()

    async def close(self) -> None:
        for log in self._opened:
            await log.close()
        self._opened.clear()

    async def execute(self, sql: str) -> None:
        """Damage a database behind its users' backs."""
        raise NotImplementedError

    async def damage_entry(self, position: int, entry: StoredEntry | None) -> None:
        await self.execute(f"DELETE FROM entries WHERE position = {position}")
        if entry is not None:
            await self.execute(
                "INSERT INTO entries (position, leaf_hash, body) VALUES "
                f"({entry.position}, {self.blob(entry.leaf_hash)}, {self.blob(entry.body)})"
            )

    async def damage_head(self, size: int, root: bytes) -> None:
        await self.execute(f"UPDATE head SET size = {size}, root = {self.blob(root)}")

    async def damage_snapshot(self, key: str, how: str) -> None:
        raise NotImplementedError

    def blob(self, data: bytes) -> str:
        return f"x'{data.hex()}'"

    async def _open(self) -> Log:
        raise NotImplementedError


class MemoryPlace(Place):
    def __init__(self) -> None:
        super().__init__("memory")
        self.store = MemoryStore()

    async def _open(self) -> Log:
        return MemoryLog(self.store)

    async def damage_entry(self, position: int, entry: StoredEntry | None) -> None:
        del self.store.stored[position]
        if entry is not None:
            self.store.stored[position] = entry

    async def damage_head(self, size: int, root: bytes) -> None:
        self.store.head = Head(size, root, self.store.head.checkpoint)

    async def damage_snapshot(self, key: str, how: str) -> None:
        (kept,) = [kept for kept in self.store.snapshots if kept.info.key == key]
        kept.body = _damaged(kept.body, how)


class SqlitePlace(Place):
    def __init__(self, directory: Path) -> None:
        super().__init__("sqlite")
        self.directory = directory

    async def _open(self) -> Log:
        return await SqliteLog.open(self.directory)

    async def execute(self, sql: str) -> None:
        connection = apsw.Connection(str(self.directory / "log.sqlite"))
        connection.set_busy_timeout(5000)
        connection.execute(sql)
        connection.close()

    async def damage_snapshot(self, key: str, how: str) -> None:
        path = self.directory / "snapshots" / f"{key}.snapshot"
        path.write_bytes(path.read_bytes()[:4096] + _damaged(path.read_bytes()[4096:], how))


class PostgresPlace(Place):
    """A schema of its own in one database, because making databases is slow."""

    def __init__(self, server: PostgresServer) -> None:
        super().__init__("postgres")
        self.server = server
        self.schema = f"t{secrets.token_hex(6)}"

    async def _open(self) -> Log:
        return await PostgresLog.open(self.server.url(), PostgresSettings(schema=self.schema))

    async def execute(self, sql: str) -> None:
        self.server.execute(f"SET search_path = {self.schema}; {sql}")

    async def damage_snapshot(self, key: str, how: str) -> None:
        if how == "flip":
            change = "SET body = set_byte(body, 0, get_byte(body, 0) # 1)"
        else:
            change = "SET body = substring(body FROM 1 FOR length(body) - 1)"
        await self.execute(f"UPDATE snapshot_chunks {change} WHERE key = '{key}' AND number = 0")

    def blob(self, data: bytes) -> str:
        return f"'\\x{data.hex()}'::bytea"


def _damaged(body: bytes, how: str) -> bytes:
    return bytes([body[0] ^ 1]) + body[1:] if how == "flip" else body[:-1]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str
) -> AsyncIterator[Place]:
    """Each backend in turn."""
    made: Place
    if request.param == "memory":
        made = MemoryPlace()
    elif request.param == "sqlite":
        made = SqlitePlace(tmp_path / "data")
    else:
        made = PostgresPlace(cast(PostgresServer, request.getfixturevalue("postgres")))
    yield made
    await made.close()


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh database."""
    with postgres.database() as made:
        yield made
