"""The engine: reports in, events out; the same in a node that watches live and over an archive.

Whoever has reports gives them to `Engine.take`: a node, as they come over the network; an archive,
batch by batch; a worker on another machine, those of its aircraft. An engine knows no files, no
sockets and no clock, and what it finds does not depend on how the reports were cut into batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from .events import Event
from .interference import Jumps

if TYPE_CHECKING:
    from detente.feeds import Reports, Source

    from .monitors.base import Monitor
    from .tracks import TrackCounts, Tracks


class _Snapshot(msgspec.Struct, frozen=True, array_like=True):
    tracks: bytes
    monitors: tuple[bytes, ...]
    jumps: bytes
    taken: int


class Engine:
    """Tracks of aircraft and the monitors that look at them.

    Args:
        tracks: takes out what cannot be used, and counts it.
        monitors: each sees all that is left, in this order.
    """

    def __init__(self, tracks: Tracks, monitors: Sequence[Monitor]) -> None:
        self._tracks = tracks
        self._monitors = tuple(monitors)
        self.taken = 0
        """Reports that were given, used or not."""
        self.jumps = Jumps()
        """Those of all aircraft: see `annotated`."""

    @property
    def taken_out(self) -> Counter[str]:
        """Reports that no monitor saw, by reason. Nothing is dropped without being counted."""
        return self._tracks.taken_out

    @property
    def counts(self) -> Mapping[Source, TrackCounts]:
        """What became of the reports, by source."""
        return self._tracks.counts

    def take(self, reports: Reports) -> list[Event]:
        """The next reports.

        Args:
            reports: those of one aircraft in the order of time; what is late is counted.

        Returns:
            What began, changed or ended by them; of events with the same id the last one counts.
        """
        self.taken += len(reports)
        told: list[Event] = []
        for part in self._tracks.parts(reports):
            tracked = self._tracks.take(part)
            self.jumps.take(tracked)
            told += [event for each in self._monitors for event in each.take(tracked)]
        return told

    def close(self) -> list[Event]:
        """There are no more reports: what lasts, as it is."""
        return [event for each in self._monitors for event in each.close()]

    def snapshot(self) -> bytes:
        """All that has to be remembered to go on later, in another process as well."""
        return msgspec.msgpack.encode(
            _Snapshot(
                self._tracks.snapshot(),
                tuple(each.snapshot() for each in self._monitors),
                self.jumps.snapshot(),
                self.taken,
            )
        )

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot of an engine that was set up in the same way.

        Raises:
            ValueError: it is none, or one of an engine with other monitors.
        """
        found = msgspec.msgpack.decode(snapshot, type=_Snapshot)
        if len(found.monitors) != len(self._monitors):
            raise ValueError(f"a snapshot of {len(found.monitors)} monitors")
        self._tracks.restore(found.tracks)
        for each, state in zip(self._monitors, found.monitors, strict=True):
            each.restore(state)
        self.jumps = Jumps.restored(found.jumps)
        self.taken = found.taken
