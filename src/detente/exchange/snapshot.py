"""Snapshots of the exchange's state, so that a start need not replay the whole log.

A snapshot is the state's image, bound to a position and root of the log. It is never needed: what
is damaged is reported and skipped, and at worst the log is replayed from its first entry.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import msgspec

from detente.exchange.airspace import Airspace, ImageReader
from detente.record import Ledger, SnapshotDamaged, SnapshotInfo

_CHUNK_BYTES = 1 << 19


async def save(ledger: Ledger, airspace: Airspace) -> SnapshotInfo:
    """Store the state that `airspace` shows, which must be that after `ledger.size` entries.

    Raises:
        LogUnavailable: it could not be stored.
    """
    return await ledger.save_snapshot(ledger.size, ledger.frontier, _chunks(airspace))


async def restore(
    ledger: Ledger, guard_m: float, on_damaged: Callable[[SnapshotDamaged], None]
) -> Airspace:
    """The state of the newest good snapshot, or that of an empty log; `ledger` stands there, too.

    Raises:
        LogUnavailable, LogDamaged: the log cannot be read or believed.
    """

    async def read(chunks: AsyncIterator[bytes]) -> Airspace:
        reader = ImageReader(guard_m)
        rest = b""
        try:
            async for chunk in chunks:
                whole, newline, tail = chunk.rpartition(b"\n")
                if newline:
                    reader.add(rest + whole)
                    rest = tail
                else:
                    rest += tail
        except msgspec.DecodeError as error:
            raise SnapshotDamaged(f"This version cannot read it: {error}.") from error
        if rest:
            raise SnapshotDamaged("Its last line is cut off.")
        return reader.airspace()

    restored = await ledger.restore(read, on_damaged)
    return Airspace(guard_m) if restored is None else restored.state


def _chunks(airspace: Airspace) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for line in airspace.image():
        lines.append(line)
        size += len(line)
        if size > _CHUNK_BYTES:
            yield b"\n".join([*lines, b""])
            lines, size = [], 0
    yield b"\n".join([*lines, b""])
