"""What turns the records of one category into columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detente.feeds.quality import (
    CIRCLE_95,
    GVA_M,
    LINE_95,
    NACP_M,
    NIC_M,
    NUCP_ACCURACY_M,
    NUCP_CONTAINMENT_M,
    PIC_M,
)

from . import _cat021, _cat021_early, _cat048, _cat062, radar
from ._columns import CODES, NUMBERS
from .editions import NEWEST, profile
from .items import Table, compiled

Octets: TypeAlias = npt.NDArray[np.uint8]
Offsets: TypeAlias = npt.NDArray[np.int32]
Numbers: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.int64]
Fill: TypeAlias = Callable[[Octets, Offsets, Numbers, Codes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsterixSettings:
    """What the octets of a feed do not say.

    Attributes:
        cat021, cat048, cat062: edition of each category that the sender writes. The newest also
            reads the older ones of its kind: 2.2 and later, 1.27 and later, 1.16 and later.
        sites: radars of category 048. Without a site its records are counted, and give no report.
        origin: latitude and longitude of the origin of category 062's stereographic plane, if the
            velocities are to be turned to true north; else the plane's north is taken for it.
        day_us: any time of the first day of a recording that does not tell when it was received.
        datagrams: what is fed is one datagram each time, and nothing goes on in the next.
    """

    cat021: str = NEWEST[21]
    cat048: str = NEWEST[48]
    cat062: str = NEWEST[62]
    sites: tuple[radar.RadarSite, ...] = ()
    origin: tuple[float, float] | None = None
    day_us: int | None = None
    datagrams: bool = False

    def __post_init__(self) -> None:
        """Check.

        Raises:
            UnknownEdition: an edition is set that is not read.
            BadSite: the origin is not on Earth.
        """
        for category, edition in self.editions.items():
            profile(category, edition)
        lat, lng = self.origin or (0.0, 0.0)
        if not (abs(lat) <= 90 and abs(lng) <= 180):
            raise radar.BadSite(
                f"No place has latitude {lat} and longitude {lng}.",
                where="origin",
                advice="Give degrees, latitude first.",
            )

    @property
    def editions(self) -> dict[int, str]:
        """By category."""
        return {21: self.cat021, 48: self.cat048, 62: self.cat062}


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Of one category.

    Attributes:
        category: which.
        table, items: its profile, and how many items it has.
        slots: how many offsets it keeps of a record.
        fill: puts what the items say into columns.
    """

    category: int
    table: Table
    items: int
    slots: int
    fill: Fill = field(repr=False)

    def columns(self, octets: Octets, offsets: Offsets) -> tuple[Numbers, Codes]:
        """Float64[NUMBERS, records] and int64[CODES, records]; see `_columns`."""
        numbers = np.full((NUMBERS, len(offsets)), np.nan)
        codes = np.zeros((CODES, len(offsets)), dtype=np.int64)
        self.fill(octets, offsets, numbers, codes)
        return numbers, codes


_QUALITY: Final = np.zeros((6, 16))
for _row, _codes in enumerate((NIC_M, NACP_M, NUCP_CONTAINMENT_M, NUCP_ACCURACY_M, PIC_M, GVA_M)):
    _QUALITY[_row, : len(_codes)] = _codes
_QUALITY.setflags(write=False)


def readers(settings: AsterixSettings) -> tuple[Reader, ...]:
    """The readers of all categories that are read."""
    return tuple(
        _reader(category, edition, settings) for category, edition in settings.editions.items()
    )


def _reader(category: int, edition: str, settings: AsterixSettings) -> Reader:
    items = profile(category, edition)
    names, fill = _meaning(category, edition, settings)
    table = compiled(items, {name: slot for slot, name in enumerate(names)})
    return Reader(category, table, len(items), len(names), fill)


def _meaning(
    category: int, edition: str, settings: AsterixSettings
) -> tuple[tuple[str, ...], Fill]:
    if category == 21 and edition.startswith("0."):
        coarse = edition == "0.23"

        def early(octets: Octets, offsets: Offsets, numbers: Numbers, codes: Codes) -> None:
            _cat021_early.read_021_early(octets, offsets, coarse, _QUALITY, numbers, codes)

        return _cat021_early.SLOTS, early
    if category == 21:

        def broadcast(octets: Octets, offsets: Offsets, numbers: Numbers, codes: Codes) -> None:
            _cat021.read_021(octets, offsets, _QUALITY, numbers, codes)

        return _cat021.SLOTS, broadcast
    if category == 48:
        sites = radar.table(settings.sites)

        def polar(octets: Octets, offsets: Offsets, numbers: Numbers, codes: Codes) -> None:
            _cat048.read_048(octets, offsets, sites, CIRCLE_95, numbers, codes)

        return _cat048.SLOTS, polar
    origin = np.array(settings.origin or (np.nan, np.nan))

    def system(octets: Octets, offsets: Offsets, numbers: Numbers, codes: Codes) -> None:
        _cat062.read_062(octets, offsets, origin, CIRCLE_95, LINE_95, numbers, codes)

    return _cat062.SLOTS, system
