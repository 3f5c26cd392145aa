"""The volumes that an aircraft declared, as the page of its excursions takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from detente.geo import Volume4D
from detente.operations import packed_volume

from .events import Event, EventKind
from .own_volumes import OwnVolumes

VOLUMES_MAX: Final = 300
"""Of one event, that a page has."""
_AROUND_US: Final = 900_000_000


def volumes_data(event: Event, until_us: int, declared: Sequence[OwnVolumes]) -> list[list[Any]]:
    """Those of the operation that an event is about: that are meant for its time, or a quarter of
    an hour before or after it; all of them, if none is.
    """
    if event.kind is not EventKind.OUTSIDE_VOLUMES:
        return []
    volumes = [
        volume
        for own in declared
        if (own.aircraft, own.operation) == (event.aircraft, event.rule)
        for volume in own.volumes
    ]
    span = event.began_us - _AROUND_US, until_us + _AROUND_US
    near = [each for each in volumes if _meant(each, *span)]
    return [packed_volume(each) for each in (near or volumes)[:VOLUMES_MAX]]


def _meant(volume: Volume4D, from_us: int, until_us: int) -> bool:
    begins = volume.time_start_us is None or volume.time_start_us <= until_us
    return begins and (volume.time_end_us is None or volume.time_end_us >= from_us)
