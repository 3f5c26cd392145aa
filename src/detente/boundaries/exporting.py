"""Boundaries as GeoJSON that states its own source, uncertainty and licence, and read back so.

The other party can take the very same line: the member `detente` of the collection holds what an
import would have to be told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from .assembling import Assembled, repaired_all
from .boundary_set import attributions
from .errors import BoundaryFileUnreadable, BoundaryUnstated
from .features import NOT_JSON
from .geojson import features_of, statement_of
from .model import Boundary, BoundarySource, Depth, Flags, Kind, Polygon, Ring

FORMAT: Final = "detente-boundaries-geojson/1"
_DIGITS: Final = 9
"""Of a degree: a tenth of a millimetre."""
TEXT_MAX: Final = 2_000
"""Characters of a text that a file states."""


class _Stated(msgspec.Struct, frozen=True):
    format: str
    sources: tuple[BoundarySource, ...]


def exported(boundaries: Sequence[Boundary]) -> bytes:
    """A GeoJSON FeatureCollection of boundaries, with what they state and whom to name."""
    sources = tuple(dict.fromkeys(each.source for each in boundaries))
    document: dict[str, Any] = {
        "type": "FeatureCollection",
        "attribution": list(attributions(sources)),
        "licence": sorted({each.licence for each in sources}),
        "detente": _Stated(FORMAT, sources),
        "features": [_feature(each) for each in boundaries],
    }
    return msgspec.json.encode(document) + b"\n"


def imported(content: bytes, path: Path) -> Assembled:
    """The boundaries of a file that `exported` has made.

    Args:
        content: of the file.
        path: its name, for what is said.

    Raises:
        BoundaryUnstated: the file does not state where its lines come from.
        BoundaryFileUnreadable, BoundaryTooLarge, BoundaryRefused: see `read_boundaries`.
    """
    raw = statement_of(content)
    if raw is None:
        raise BoundaryUnstated(
            "It does not state where its lines come from and how sure they are.",
            where=str(path),
            advice="Import it first: detente boundary import FILE --id NAME --uncertainty-m METRES "
            "--claimant NAME.",
        )
    try:
        stated = msgspec.json.decode(raw, type=_Stated)
        if stated.format != FORMAT:
            raise ValueError(f"its format is {stated.format}; {FORMAT} is read")
        sources = {each.id: each for each in stated.sources}
        features = features_of(content, path)
        for each in stated.sources:
            _readable(*(text for text in asdict(each).values() if isinstance(text, str)))
            _metres(str(each.uncertainty_m))
        for feature in features:
            _readable(*(feature.text(name) for name in ("id", "claimant", "name")))
        outlines: dict[str, Sequence[Sequence[Ring]]] = {
            each.text("id"): each.polygons for each in features
        }
        polygons_of, repairs = repaired_all(outlines)
        boundaries = tuple(
            Boundary(
                id=each.text("id"),
                claimant=each.text("claimant"),
                kind=Kind(each.text("kind")),
                name=each.text("name"),
                source=sources[each.text("source")],
                polygons=polygons_of[each.text("id")],
                depth=Depth(each.text("depth")),
                uncertainty_m=_metres(each.text("uncertainty_m")),
                open_uncertainty_m=_metres(each.text("open_uncertainty_m")),
                shared=_flags(each.text("shared"), polygons_of[each.text("id")]),
            )
            for each in features
        )
    except (*NOT_JSON, ValueError, KeyError) as error:
        raise BoundaryFileUnreadable(f"It cannot be read: {error}.", where=str(path)) from None
    if len(outlines) < len(features):
        raise BoundaryFileUnreadable("A boundary occurs twice.", where=str(path))
    return Assembled(boundaries, tuple(repairs))


def _readable(*texts: str) -> None:
    """Raise ValueError for texts that are too long to be read or not made to be."""
    for text in texts:
        if len(text) > TEXT_MAX or not text.isprintable():
            raise ValueError("a text in it is too long, or has characters that cannot be seen")


def _metres(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"an uncertainty of {text} m")
    return value


def _runs(boundary: Boundary) -> str:
    """Which edges are shared: for each ring the lengths of runs that are not and that are, in turn;
    commas between runs, semicolons between rings, bars between polygons."""
    return "|".join(
        ";".join(",".join(map(str, _lengths(flags))) for flags in part) for part in boundary.shared
    )


def _lengths(flags: Flags) -> list[int]:
    turns = np.flatnonzero(np.diff(flags)) + 1
    lengths = np.diff(np.concatenate([[0], turns, [len(flags)]])).tolist()
    return [0, *lengths] if flags[0] else lengths


def _flags(text: str, polygons: Sequence[Polygon]) -> tuple[tuple[Flags, ...], ...]:
    """The reverse of `_runs`. Raises ValueError if it does not fit the rings."""
    if not text:
        return ()
    return tuple(
        tuple(_told(runs, len(ring) - 1) for runs, ring in zip(part.split(";"), rings, strict=True))
        for part, rings in zip(text.split("|"), polygons, strict=True)
    )


def _told(runs: str, edges: int) -> Flags:
    lengths = [int(each) for each in runs.split(",")]
    if min(lengths) < 0 or sum(lengths) != edges:
        raise ValueError("which edges are shared does not fit their number")
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)


def _feature(boundary: Boundary) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {
            "id": boundary.id,
            "claimant": boundary.claimant,
            "kind": boundary.kind.value,
            "name": boundary.name,
            "source": boundary.source.id,
            "depth": boundary.depth.value,
            "uncertainty_m": boundary.uncertainty_m,
            "open_uncertainty_m": boundary.open_uncertainty_m,
            "shared": _runs(boundary),
        },
        "geometry": {
            "type": "MultiPolygon",
            "coordinates": [
                [ring.round(_DIGITS).tolist() for ring in polygon] for polygon in boundary.polygons
            ],
        },
    }
