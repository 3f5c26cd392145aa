"""A feed that another program writes into a file."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from .connection import Clock, Connection, Piece, Transport
from .errors import FeedUnreachable
from .polling import Pause

_READ_BYTES: Final = 1 << 18


class FollowingTransport(Transport):
    """What is added to a file, from now on or from its beginning.

    A new file of that name is read from its beginning, once the old one has been read to its end.

    Args:
        path: of an ordinary file.
        clock: when it was read.
        every_s: how often it is looked for more.
        from_start: whether what stands in the file at the first opening is read as well.
        pause: waits.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        every_s: float = 0.1,
        from_start: bool = False,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._path = path
        self._clock = clock
        self._every_s = every_s
        self._pause = pause
        self._left: tuple[int, int, int] | None = None
        self._from_start = from_start

    @property
    def where(self) -> str:
        """The path."""
        return f"file://{self._path}"

    async def open(self) -> Connection:
        """Open the file; see `Transport`."""
        file = await asyncio.to_thread(self.begin)
        return _Following(self, file, self._clock, self._every_s, self._pause)

    def begin(self) -> BinaryIO:
        """The file, where reading goes on: what was written while we were away is not missed.

        Raises:
            FeedUnreachable: it cannot be read.
        """
        try:
            # Asked first: a pipe would hold whoever opens it.
            if not stat.S_ISREG(self._path.stat().st_mode):
                raise FeedUnreachable("This is no ordinary file.", where=self.where)
            file = self._path.open("rb", buffering=0)
        except OSError as error:
            raise FeedUnreachable(
                f"The file cannot be read: {error.strerror}.", where=self.where
            ) from None
        now = os.fstat(file.fileno())
        if self._left is None:
            file.seek(0, os.SEEK_SET if self._from_start else os.SEEK_END)
        elif self._left[:2] == (now.st_dev, now.st_ino) and self._left[2] <= now.st_size:
            file.seek(self._left[2])
        self._note(file)
        return file

    def follow(self, file: BinaryIO) -> tuple[BinaryIO, bytes]:
        """What was added; from the new file, where there is one and the old one has ended.

        Raises:
            FeedUnreachable: the file is gone.
        """
        data = file.read(_READ_BYTES)
        if data:
            self._note(file)
            return file, data
        now = os.fstat(file.fileno())
        try:
            named = self._path.stat()
        except OSError:
            return file, b""  # between two files
        if (named.st_dev, named.st_ino) != (now.st_dev, now.st_ino):
            file.close()
            return self.begin(), b""
        if now.st_size < file.tell():
            file.seek(0)  # emptied, and written anew
            self._note(file)
        return file, b""

    def _note(self, file: BinaryIO) -> None:
        now = os.fstat(file.fileno())
        self._left = (now.st_dev, now.st_ino, file.tell())


class _Following(Connection):
    def __init__(
        self, way: FollowingTransport, file: BinaryIO, clock: Clock, every_s: float, pause: Pause
    ) -> None:
        self._way = way
        self._file = file
        self._clock = clock
        self._every_s = every_s
        self._pause = pause

    async def receive(self) -> Sequence[Piece]:
        while True:
            self._file, data = await asyncio.to_thread(self._way.follow, self._file)
            if data:
                return (Piece(data, self._clock()),)
            await self._pause(self._every_s)

    async def close(self) -> None:
        self._file.close()
