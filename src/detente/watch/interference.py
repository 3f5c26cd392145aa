"""Many aircraft that jump at once, near one another: not one of them is believed there and then.

What one aircraft says is judged by its own track alone, so that the answer does not depend on which
others were looked at together. This is the other half: jumps are gathered from all parts of a run,
and events near enough to too many of them are called into question at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct, structs

from .events import Event, EventKind, Grade, Ground
from .motion import length_m
from .tracks import Tracked
from .tracks_flags import Flag

JUMPS_MAX: Final = 1_000_000
_FAR: Final = 10.0
_FAR_M: Final = 5_000.0
"""A position counts as jumped to that is farther from where the motion reported leads than this,
and by so many times than accuracies, times and turns explain."""


class InterferenceRules(Struct, frozen=True, kw_only=True):
    """How many are too many.

    Attributes:
        aircraft: so many different ones jumping
        within_s: within so many seconds
        within_m: and so many metres of an event make it doubtful. A jammer or spoofer on the ground
            reaches aircraft at cruising height over some 300 km.
    """

    aircraft: int = 3
    within_s: float = 300.0
    within_m: float = 300_000.0


class Jump(Struct, frozen=True, order=True):
    """A position that an aircraft cannot have come to."""

    time_us: int
    aircraft: str
    lat: float
    lng: float


class Jumps:
    """All jumps of a run, or of a part of it.

    Memory: some 150 bytes each; after a million, further ones are counted in `left_out` only.
    """

    def __init__(self, jumps: Iterable[Jump] = (), left_out: int = 0) -> None:
        self._jumps = list(jumps)
        self.left_out = left_out

    def __len__(self) -> int:
        return len(self._jumps)

    def take(self, tracked: Tracked) -> None:
        """Gather those of a batch."""
        reports = tracked.reports
        some = np.flatnonzero(tracked.flags & int(Flag.INCONSISTENT | Flag.JUMP))
        far = np.maximum(_FAR_M, _FAR * tracked.allowed_m[some])
        jumped = (tracked.flags[some] & Flag.JUMP) != 0
        for row in some[jumped | (tracked.residual_m[some] > far)].tolist():
            if len(self._jumps) >= JUMPS_MAX:
                self.left_out += 1
                continue
            self._jumps.append(
                Jump(
                    int(reports.time_us[row]),
                    reports.identities[int(reports.aircraft[row])],
                    float(reports.lat_deg[row]),
                    float(reports.lng_deg[row]),
                )
            )

    def merged(self, other: Jumps) -> Jumps:
        """Those of both."""
        return Jumps(sorted({*self._jumps, *other._jumps}), self.left_out + other.left_out)

    def snapshot(self) -> bytes:
        """All of them."""
        return msgspec.msgpack.encode((self._jumps, self.left_out))

    @classmethod
    def restored(cls, snapshot: bytes) -> Jumps:
        """From a snapshot.

        Raises:
            msgspec.ValidationError: it is none.
        """
        jumps, left_out = msgspec.msgpack.decode(snapshot, type=tuple[list[Jump], int])
        return cls(jumps, left_out)

    def near(self, event: Event, rules: InterferenceRules) -> int:
        """How many aircraft jumped near a place and time of an event."""
        places = [each for each in (event.entry, event.exit, event.deepest) if each is not None]
        aircraft: set[str] = set()
        if not self._jumps or not places:
            return 0
        times = np.array([each.time_us for each in self._jumps])
        lat = np.array([each.lat for each in self._jumps])
        lng = np.array([each.lng for each in self._jumps])
        for place in places:
            then = np.abs(times - place.time_us) <= rules.within_s * 1e6
            way = length_m(
                np.full(len(lat), place.lat_deg), np.full(len(lat), place.lng_deg), lat, lng
            )
            aircraft.update(
                self._jumps[i].aircraft
                for i in np.flatnonzero(then & (way <= rules.within_m)).tolist()
            )
        return len(aircraft)


def annotated(
    events: Sequence[Event], jumps: Jumps, rules: InterferenceRules | None = None
) -> list[Event]:
    """The events, those near too many jumps called into question.

    Args:
        events: of any kind; only crossings are touched.
        jumps: of the whole run.
        rules: how many are too many.
    """
    rules = rules or InterferenceRules()
    if len(jumps) < rules.aircraft:
        return list(events)
    made = []
    for event in events:
        near = jumps.near(event, rules) if event.kind is EventKind.CROSSING else 0
        if near < rules.aircraft:
            made.append(event)
            continue
        figures: dict[str, float | str] = {"aircraft": float(near), "window_s": rules.within_s}
        grounds = (Ground("interference-around", figures), *event.grounds)
        made.append(structs.replace(event, grade=Grade.CANNOT_BE_TOLD, grounds=grounds))
    return made
