"""`python -m detente.exchange.snapshot_process`: make a snapshot of a log that others write.

Reads where the log is from standard input, replays what has come since the newest snapshot, and
stores a new one. The exchange starts this now and then, so that it never pauses for a snapshot.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from detente.errors import DetenteError
from detente.exchange import snapshot
from detente.exchange.entries import decode_entry
from detente.exchange.replay import replay
from detente.record import Ledger, Log, SqliteLog


class Source(msgspec.Struct, frozen=True):
    """Where a log is, and the guard that its instances use."""

    data: str
    database: str | None
    origin: str
    guard_m: float


async def make(source: Source) -> int:
    """Make one snapshot; returns the size of the log that it stands for.

    Raises:
        DetenteError: the log cannot be read, or the snapshot not be stored.
    """
    log: Log
    if source.database is not None:
        from detente.record import PostgresLog  # its driver loads slowly

        log = await PostgresLog.open(source.database)
    else:
        log = await SqliteLog.open(Path(source.data), read_only=True)
    try:
        ledger = Ledger(log, None, source.origin)
        airspace = await snapshot.restore(ledger, source.guard_m, lambda damage: None)

        def apply_all(page: Sequence[bytes], position: int) -> None:
            for i, body in enumerate(page):
                airspace.apply(decode_entry(body, position + i))

        await replay(ledger, apply_all)
        return (await snapshot.save(ledger, airspace)).size
    finally:
        await log.close()


def main() -> int:
    """Entry point; exit code 1 with a message when it cannot be done."""
    os.nice(10)
    source = msgspec.json.decode(sys.stdin.buffer.read(), type=Source)
    try:
        asyncio.run(make(source))
    except DetenteError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
