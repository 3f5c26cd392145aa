"""What all monitors have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

from detente.watch.events import Event
from detente.watch.tracks import Tracked


class Monitor(ABC):
    """Takes positions batch by batch and tells what it finds.

    An event may be given more than once with the same id, as more becomes known: the last one
    counts. Which that is, and all that is in it, does not depend on how the input was cut into
    batches, nor on which other aircraft are in it.
    """

    @abstractmethod
    def take(self, tracked: Tracked) -> list[Event]:
        """The next positions.

        Args:
            tracked: of one `Tracks`, whose numbers of aircraft stay the same.

        Returns:
            What began, changed or ended by them.
        """

    @abstractmethod
    def close(self) -> list[Event]:
        """There are no more positions: what lasts, as it is."""

    @abstractmethod
    def snapshot(self) -> bytes:
        """All that it has to remember; only meaningful with the snapshot of the same `Tracks`."""

    @abstractmethod
    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot of a monitor with the same boundaries, volumes and rules.

        Raises:
            msgspec.ValidationError: it is none.
        """
