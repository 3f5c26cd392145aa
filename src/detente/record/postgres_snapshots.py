"""Snapshots as rows of at most one mebibyte; one becomes visible when its last row is there."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator
from typing import cast

from .backend import check_body, rechunked, unstoppable
from .log import (
    SNAPSHOT_CHUNK_MAX,
    SNAPSHOTS_KEPT,
    Chunks,
    LogUnavailable,
    SnapshotInfo,
)
from .postgres_session import SharedSession

_BEGIN = """
    INSERT INTO snapshots (key, size, root, frontier, length, sha256, complete)
    VALUES (%s, %s, %s, %s, 0, %s, FALSE) ON CONFLICT (key) DO NOTHING"""
_ADD = """
    INSERT INTO snapshot_chunks (key, number, body) VALUES (%s, %s, %s)
    ON CONFLICT (key, number) DO NOTHING"""
_FINISH = "UPDATE snapshots SET length = %s, sha256 = %s, complete = TRUE WHERE key = %s"
_LIST = """
    SELECT key, size, root, frontier, length, sha256 FROM snapshots WHERE complete
    ORDER BY size DESC, saved_at DESC, key"""
# No instance takes so long to save one: what is older was left behind by a crash.
_ABANDONED = """
    SELECT key FROM snapshots WHERE NOT complete AND saved_at < now() - interval '6 hours'"""
_CHUNK = "SELECT body FROM snapshot_chunks WHERE key = %s AND number = %s"


class PostgresSnapshots:
    """The snapshots of one log."""

    def __init__(self, session: SharedSession) -> None:
        self._session = session

    async def save(self, size: int, root: bytes, frontier: bytes, chunks: Chunks) -> SnapshotInfo:
        """See `Log.save_snapshot`."""
        key = f"{size:016d}-{secrets.token_hex(4)}"
        await self._session.change(_BEGIN, (key, size, root, frontier, b""))
        sha256, length, number = hashlib.sha256(), 0, 0
        try:
            async for chunk in rechunked(chunks, SNAPSHOT_CHUNK_MAX):
                sha256.update(chunk)
                length += len(chunk)
                await self._session.change(_ADD, (key, number, chunk))
                number += 1
            if await self._session.change(_FINISH, (length, sha256.digest(), key)) != 1:
                raise LogUnavailable("The snapshot was deleted while it was written.")
        except BaseException:
            await unstoppable(self._forget_if_possible(key))
            raise
        for old in (await self.list())[SNAPSHOTS_KEPT:]:
            await self._forget(old.key)
        for (abandoned,) in await self._session.rows(_ABANDONED, ()):
            await self._forget(cast(str, abandoned))
        return SnapshotInfo(key, size, root, frontier, length, sha256.digest())

    async def list(self) -> list[SnapshotInfo]:
        """See `Log.snapshots`."""
        rows = await self._session.rows(_LIST, ())
        return [SnapshotInfo(*cast(tuple[str, int, bytes, bytes, int, bytes], row)) for row in rows]

    async def load(self, info: SnapshotInfo) -> AsyncIterator[bytes]:
        """See `Log.load_snapshot`."""
        sha256, length, number = hashlib.sha256(), 0, 0
        while rows := await self._session.rows(_CHUNK, (info.key, number)):
            chunk = cast(bytes, rows[0][0])
            sha256.update(chunk)
            length += len(chunk)
            number += 1
            yield chunk
        check_body(info, length, sha256.digest())

    async def drop(self, info: SnapshotInfo) -> None:
        """See `Log.drop_snapshot`."""
        await self._forget(info.key)

    async def close(self) -> None:
        """Give the connection back."""
        await self._session.close()

    async def _forget(self, key: str) -> None:
        # The description first: a snapshot without all its parts must not be seen.
        await self._session.change("DELETE FROM snapshots WHERE key = %s", (key,))
        await self._session.change("DELETE FROM snapshot_chunks WHERE key = %s", (key,))

    async def _forget_if_possible(self, key: str) -> None:
        try:
            await self._forget(key)
        except LogUnavailable:
            return  # invisible, and deleted with a later one
