"""Who is told what the exchange's writer does."""

from __future__ import annotations

from typing import Protocol


class Meter(Protocol):
    """Is told what the writer does; `detente.http` turns it into metrics."""

    def batch(self, commands: int, entries: int, seconds: float) -> None:
        """A turn with this many commands and accepted entries took this long."""

    def log_failed(self) -> None:
        """The log could not be reached, or did not answer."""


class NoMeter:
    """A meter that measures nothing."""

    def batch(self, commands: int, entries: int, seconds: float) -> None:
        """Nothing."""

    def log_failed(self) -> None:
        """Nothing."""
