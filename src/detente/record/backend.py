"""What the backends of `Log` have in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Coroutine, Mapping, Sequence
from importlib.resources import files
from typing import Any, TypeVar

from .log import (
    Chunks,
    Head,
    HeadMoved,
    LogIncompatible,
    SnapshotDamaged,
    SnapshotInfo,
    missing_entry,
)
from .statements import TableSet

T = TypeVar("T")


async def each_chunk(chunks: Chunks) -> AsyncIterator[bytes]:
    """The chunks of either kind of iterable."""
    if isinstance(chunks, AsyncIterable):
        async for chunk in chunks:
            yield chunk
    else:
        for chunk in chunks:
            yield chunk


async def unstoppable(work: Coroutine[Any, Any, T]) -> T:
    """Await work that goes on to its end even if the caller is cancelled; he waits for it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                continue
        _see(task)
        raise


async def detached(work: Coroutine[Any, Any, T]) -> T:
    """Await work that goes on to its end even if the caller is cancelled; he does not wait for
    it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_see)
        raise


def _see(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()  # marks it as seen


async def rechunked(chunks: Chunks, size: int) -> AsyncIterator[bytes]:
    """The same bytes in chunks of `size`, the last one shorter."""
    buffer = bytearray()
    async for chunk in each_chunk(chunks):
        buffer += chunk
        while len(buffer) >= size:
            yield bytes(buffer[:size])
            del buffer[:size]
    if buffer:
        yield bytes(buffer)


def contiguous(
    rows: Sequence[tuple[int, bytes]], since: int, limit: int, head_size: int
) -> list[bytes]:
    """The bodies of (position, body) rows, up to the head.

    Raises:
        LogDamaged: an entry that should be among them is not.
    """
    wanted = max(0, min(limit, head_size - since))
    for expected, (position, _) in enumerate(rows[:wanted], start=since):
        if position != expected:
            raise missing_entry(expected, head_size)
    if len(rows) < wanted:
        raise missing_entry(since + len(rows), head_size)
    return [body for _, body in rows[:wanted]]


def schema(name: str) -> str:
    """The text of an SQL file of this package."""
    return packaged("sql", name)


def packaged(*path: str) -> str:
    """The text of a file that comes with this package."""
    return files(__package__).joinpath(*path).read_text(encoding="utf-8")


def check_append(
    used: bool,
    expected_size: int,
    bodies: Sequence[bytes],
    leaf_hashes: Sequence[bytes],
    head: Head,
) -> None:
    """Refuse calls that no backend can serve.

    Raises:
        RuntimeError: a second append under one `writing()`.
        ValueError: nothing to append, or numbers that do not fit together.
    """
    if used:
        raise RuntimeError("one append for each time the head is taken")
    if not bodies or len(bodies) != len(leaf_hashes) or head.size != expected_size + len(bodies):
        raise ValueError("bodies, leaf hashes and the new head must fit together")


def check_expected(expected_size: int, size: int) -> None:
    """Raises `HeadMoved` unless the sizes are equal."""
    if expected_size != size:
        raise HeadMoved(
            f"The log has {size} entries, not {expected_size}.", where=f"entry {expected_size}"
        )


def check_body(info: SnapshotInfo, length: int, sha256: bytes) -> None:
    """Raises `SnapshotDamaged` unless a body that was read is the one that was saved."""
    where = f"snapshot {info.key}"
    if length != info.length:
        raise SnapshotDamaged(f"It has {length} bytes instead of {info.length}.", where=where)
    if sha256 != info.sha256:
        raise SnapshotDamaged("Its bytes do not have the hash that was stored.", where=where)


def check_tables(tables: Sequence[TableSet], found: Mapping[str, int], where: str) -> None:
    """Raises `LogIncompatible` unless each set of tables has the version that is wanted."""
    for table_set in tables:
        version = found.get(table_set.name, 0)
        if version != table_set.version:
            raise LogIncompatible(
                f"Its tables {table_set.name!r} have version {version}, not {table_set.version}.",
                where=where,
                advice="Use the program that wrote it, or open it for writing once."
                if version < table_set.version
                else "Use the version that wrote it, or a later one.",
            )
