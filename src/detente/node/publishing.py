"""Keeping the tiles of a record that are served up with the record."""

from __future__ import annotations

import asyncio
from pathlib import Path

from detente.record import CosignedCheckpoint, PartyRecord, TileDirectory


class TileSource:
    """A record as `TileDirectory` reads it."""

    def __init__(self, record: PartyRecord) -> None:
        self._record = record

    def read(self, level: int, index: int) -> bytes:
        """A hash of the tree."""
        return self._record.node(level, index)

    async def entries(self, first: int, end: int) -> list[bytes]:
        """Leaves from `first` to before `end`."""
        return await self._record.leaves(first, end - first)


class Publishing:
    """Publishes a record's tiles, one publication at a time."""

    def __init__(self, directory: Path, record: PartyRecord) -> None:
        """Args:
        directory: of the tiles: `Home.place.tiles`.
        record: whose.
        """
        self._tiles = TileDirectory(directory)
        self._record = record
        self._turn = asyncio.Lock()

    async def now(self) -> CosignedCheckpoint:
        """Publish all that there is; the checkpoint that was published.

        Raises:
            TilesUnusable: it cannot be written.
        """
        async with self._turn:
            newest = await self._record.checkpoint()
            await self._tiles.publish_async(TileSource(self._record), newest.note)
            return newest
