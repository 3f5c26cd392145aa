"""The seam between feeds and the ways in which they come."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Clock: TypeAlias = Callable[[], int]
"""Tells the time: µs since 1970 UTC."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that came.

    Attributes:
        data: as they came.
        received_us: when.
        whole: whether it is a datagram or a document; else it is cut anywhere.
    """

    data: bytes
    received_us: int
    whole: bool = False


class Connection(ABC):
    """One connection, or what takes its place, while it lasts."""

    lost: int = 0
    """Datagrams that found no room before they were received."""

    @abstractmethod
    async def receive(self) -> Sequence[Piece]:
        """Wait until something has come; all of it.

        Raises:
            TransportError: it ended.
        """

    async def send(self, data: bytes) -> None:  # noqa: B027 - most only listen
        """Tell the other side something, where a protocol wants that; else nothing is sent.

        Raises:
            TransportError: it ended.
        """

    @abstractmethod
    async def close(self) -> None:
        """End it. Does not raise."""


class Transport(ABC):
    """A way to a feed, which may be opened again and again."""

    @property
    @abstractmethod
    def where(self) -> str:
        """For messages."""

    @abstractmethod
    async def open(self) -> Connection:
        """Connect.

        Raises:
            TransportError: nothing can come now.
        """
