"""Position reports, column by column: what every decoder gives and every monitor takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Final, Self, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int32]
Bytes: TypeAlias = npt.NDArray[np.uint8]
T = TypeVar("T")

NEVER: Final = np.iinfo(np.int64).min
"""A time that was not told."""


class Basis(IntEnum):
    """Where the accuracy of a report comes from."""

    STATED = 0
    """The report says it: NACp, CoT `ce`, ASTERIX quality, telemetry's accuracy."""
    DERIVED = 1
    """It follows from an integrity that the report says (NIC alone, PIC)."""
    ASSUMED = 2
    """Nothing was said: the source's assumption stands in, and every figure made of it says so."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where reports came from.

    Attributes:
        name: of the feed or file, as its user calls it.
        format: the decoder's name, such as `beast` or `asterix`.
        assumed_horizontal_m: radius that holds 95 % of positions, for reports that state none.
        assumed_vertical_m: half the height that holds 95 % of altitudes, likewise.
    """

    name: str
    format: str
    assumed_horizontal_m: float = 185.2
    assumed_vertical_m: float = 45.0


@dataclass(frozen=True, slots=True, eq=False)
class Reports:
    """Position reports: row i of each column is one report. Unknown numbers are NaN.

    Attributes:
        time_us: int64, when the aircraft was there: µs since 1970 UTC.
        received_us: int64, when we heard it; `NEVER` where an archive does not say.
        aircraft: int32, index into `identities`.
        source: int32, index into `sources`.
        lat_deg, lng_deg: float64, WGS-84; longitude in [-180, 180).
        altitude_m: float64, above the WGS-84 ellipsoid.
        pressure_m: float64, pressure altitude (1013.25 hPa).
        speed_m_s, track_deg, climb_m_s: float64, over ground; track clockwise from true north.
        horizontal_m: float64, radius that holds 95 % of positions (EPU); never NaN.
        vertical_m: float64, half of what holds 95 % of altitudes; never NaN.
        containment_m: float64, radius outside which the source would have alerted (NIC); NaN if
            not told.
        basis: uint8, a `Basis` of `horizontal_m`.
        on_ground: uint8: 0 in the air, 1 on the ground, 2 not told.
        identities: names of aircraft: ICAO address in six lower-case hex digits where there is one,
            else what the format has (`track:…`, `uid:…`, `serial:…`).
        callsigns: by aircraft, "" where not told: the last one of the batch.
        sources: see above.
    """

    time_us: Ints
    received_us: Ints
    aircraft: Codes
    source: Codes
    lat_deg: Floats
    lng_deg: Floats
    altitude_m: Floats
    pressure_m: Floats
    speed_m_s: Floats
    track_deg: Floats
    climb_m_s: Floats
    horizontal_m: Floats
    vertical_m: Floats
    containment_m: Floats
    basis: Bytes
    on_ground: Bytes
    identities: tuple[str, ...]
    callsigns: tuple[str, ...]
    sources: tuple[Source, ...]

    def __len__(self) -> int:
        return len(self.time_us)

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_] | slice) -> Self:
        """Some rows, with the same identities and sources."""
        return type(self)(
            **{name: getattr(self, name)[rows] for name in COLUMNS},
            identities=self.identities,
            callsigns=self.callsigns,
            sources=self.sources,
        )


COLUMNS: Final = tuple(
    each.name for each in fields(Reports) if each.name not in {"identities", "callsigns", "sources"}
)


def joined(batches: Sequence[Reports]) -> Reports:
    """Several batches as one, in their order; identities and sources are numbered anew."""
    identities: dict[str, int] = {}
    callsigns: dict[str, str] = {}
    sources: dict[Source, int] = {}
    columns: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in COLUMNS}
    for each in batches:
        aircraft = _numbers(each.identities, identities)
        source = _numbers(each.sources, sources)
        for identity, callsign in zip(each.identities, each.callsigns, strict=True):
            if callsign or identity not in callsigns:
                callsigns[identity] = callsign
        for name in COLUMNS:
            column = getattr(each, name)
            if name == "aircraft":
                column = aircraft[column]
            elif name == "source":
                column = source[column]
            columns[name].append(column)
    if not batches:
        return empty()
    return Reports(
        **{name: np.concatenate(parts) for name, parts in columns.items()},
        identities=tuple(identities),
        callsigns=tuple(callsigns[each] for each in identities),
        sources=tuple(sources),
    )


def empty() -> Reports:
    """No report."""
    return of_columns(0, (), (), ())


def of_columns(
    count: int,
    identities: Sequence[str],
    callsigns: Sequence[str],
    sources: Sequence[Source],
    **columns: npt.NDArray[np.generic],
) -> Reports:
    """Reports of the columns that a format has; the others are unknown, or assumed.

    Args:
        count: how many.
        identities, callsigns, sources: see `Reports`.
        columns: by their names; `time_us`, `lat_deg` and `lng_deg` for any report at all.
            `horizontal_m` and `vertical_m` may hold NaN: there the source's assumption stands in.

    Raises:
        ValueError: a column has another length or an unknown name.
    """
    unknown = set(columns) - set(COLUMNS)
    if unknown:
        raise ValueError(f"no such columns: {sorted(unknown)}")
    made: dict[str, npt.NDArray[np.generic]] = {}
    unknowns: dict[tuple[type[np.generic], float], npt.NDArray[np.generic]] = {}
    for name in COLUMNS:
        given = columns.get(name)
        kind, value = _KINDS[name], _UNKNOWN.get(name, np.nan)
        if given is not None:
            # Kernels would be compiled once more for columns that cannot be written to.
            made[name] = np.require(given, dtype=kind, requirements=["C", "W"])
        else:
            # Columns are not changed, so that those without anything in them may be one.
            if (kind, value) not in unknowns:
                unknowns[kind, value] = np.full(count, value, dtype=kind)
            made[name] = unknowns[kind, value]
        if len(made[name]) != count:
            raise ValueError(f"{name} has {len(made[name])} rows, not {count}")
    if count:
        source = made["source"]
        made["horizontal_m"], missing = _or_assumed(
            made["horizontal_m"], np.array([each.assumed_horizontal_m for each in sources])[source]
        )
        if missing is not None:
            made["basis"] = np.where(missing, np.uint8(Basis.ASSUMED), made["basis"])
        made["vertical_m"], _ = _or_assumed(
            made["vertical_m"], np.array([each.assumed_vertical_m for each in sources])[source]
        )
    # Each column was made of its kind by `_KINDS` above; a type cannot say that of a dictionary.
    return Reports(
        **made,  # type: ignore[arg-type]
        identities=tuple(identities),
        callsigns=tuple(callsigns),
        sources=tuple(sources),
    )


def _or_assumed(
    stated: npt.NDArray[np.generic], assumed: Floats
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.bool_] | None]:
    """What is stated, and what is assumed where it is not; and where that is, if anywhere."""
    missing = np.isnan(stated)
    if not missing.any():
        return stated, None
    if missing.all():
        return assumed, missing
    return np.where(missing, assumed, stated), missing


_KINDS: Final[dict[str, type[np.generic]]] = dict.fromkeys(COLUMNS, np.float64) | {
    "time_us": np.int64,
    "received_us": np.int64,
    "aircraft": np.int32,
    "source": np.int32,
    "basis": np.uint8,
    "on_ground": np.uint8,
}
_UNKNOWN: Final[dict[str, int]] = {
    "time_us": NEVER,
    "received_us": NEVER,
    "aircraft": 0,
    "source": 0,
    "basis": 0,
    "on_ground": 2,
}


def _numbers(names: Iterable[T], numbered: dict[T, int]) -> Codes:
    return np.array([numbered.setdefault(each, len(numbered)) for each in names], dtype=np.int32)
