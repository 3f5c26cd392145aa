"""Boundaries on disk: a directory with a readable statement and their coordinates beside it.

source.json      what they are, where they come from, what was repaired
rings.npz        their coordinates (NumPy, without objects)
LICENCE          where the source has one of its own
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from .assembling import Assembled
from .errors import BoundaryStoreUnusable
from .features import NOT_JSON
from .model import Boundary, BoundarySource, Depth, Flags, Kind, Polygon
from .repair import Repair

FORMAT: Final = "detente-boundaries/1"
STATEMENT: Final = "source.json"
RINGS: Final = "rings.npz"
LICENCE: Final = "LICENCE"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class PackedBoundary(msgspec.Struct, frozen=True):
    """A boundary without its coordinates; see `Boundary`."""

    id: str
    claimant: str
    kind: Kind
    name: str
    depth: Depth
    uncertainty_m: float
    open_uncertainty_m: float
    polygons: int
    shares_told: bool


class Statement(msgspec.Struct, frozen=True):
    """What `source.json` holds.

    Attributes:
        format: see `FORMAT`.
        source: where the boundaries come from.
        boundaries: what they are.
        repairs, left_out: see `Assembled`.
        rings_sha256: of `rings.npz`, lower-case hex.
    """

    format: str
    source: BoundarySource
    boundaries: tuple[PackedBoundary, ...]
    repairs: tuple[Repair, ...]
    left_out: tuple[str, ...]
    rings_sha256: str


def packed(source: BoundarySource, assembled: Assembled) -> dict[str, bytes]:
    """The files of boundaries, by name: the same bytes for the same boundaries."""
    rings = [ring for each in assembled.boundaries for polygon in each.polygons for ring in polygon]
    polygons = [polygon for each in assembled.boundaries for polygon in each.polygons]
    columns: dict[str, npt.NDArray[np.generic]] = {
        "places": np.concatenate(rings) if rings else np.empty((0, 2)),
        "ring_lengths": np.array([len(ring) for ring in rings], dtype=np.int64),
        "polygon_lengths": np.array([len(polygon) for polygon in polygons], dtype=np.int64),
        "shared": _shared(assembled.boundaries),
    }
    content = _npz(columns)
    statement = Statement(
        FORMAT,
        source,
        tuple(
            PackedBoundary(
                each.id,
                each.claimant,
                each.kind,
                each.name,
                each.depth,
                each.uncertainty_m,
                each.open_uncertainty_m,
                len(each.polygons),
                bool(each.shared),
            )
            for each in assembled.boundaries
        ),
        assembled.repairs,
        assembled.left_out,
        hashlib.sha256(content).hexdigest(),
    )
    text = msgspec.json.format(msgspec.json.encode(statement), indent=1)
    return {STATEMENT: text + b"\n", RINGS: content}


def read_statement(directory: Path) -> Statement:
    """What a directory of boundaries says of itself.

    Raises:
        BoundaryStoreUnusable: it is none, or damaged.
    """
    path = directory / STATEMENT
    try:
        statement = msgspec.json.decode(path.read_bytes(), type=Statement)
    except (OSError, *NOT_JSON) as error:
        raise BoundaryStoreUnusable(
            f"It cannot be read: {error}.", where=str(path), advice="Install or import it again."
        ) from None
    if statement.format != FORMAT:
        raise BoundaryStoreUnusable(
            f"It has the format {statement.format}; this version reads {FORMAT}.",
            where=str(path),
            advice="Install or import it again.",
        )
    return statement


def unpacked(directory: Path) -> Assembled:
    """The boundaries of a directory.

    Raises:
        BoundaryStoreUnusable: it is none, or damaged.
    """
    statement = read_statement(directory)
    path = directory / RINGS
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != statement.rings_sha256:
            raise ValueError("its hash is not the one in source.json")
        with np.load(io.BytesIO(content), allow_pickle=False) as columns:
            places = columns["places"]
            rings = np.split(places, np.cumsum(columns["ring_lengths"])[:-1])
            lengths = columns["polygon_lengths"].tolist()
            told = np.unpackbits(columns["shared"], count=len(places) - len(rings)).astype(np.bool_)
            flags = np.split(told, np.cumsum(columns["ring_lengths"] - 1)[:-1])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BoundaryStoreUnusable(
            f"It cannot be read: {error}.", where=str(path), advice="Install or import it again."
        ) from None
    polygons: list[Polygon] = []
    shared: list[tuple[Flags, ...]] = []
    first = 0
    for length in lengths:
        polygons.append(tuple(rings[first : first + length]))
        shared.append(tuple(flags[first : first + length]))
        first += length
    boundaries = []
    first = 0
    for each in statement.boundaries:
        boundaries.append(
            Boundary(
                each.id,
                each.claimant,
                each.kind,
                each.name,
                statement.source,
                tuple(polygons[first : first + each.polygons]),
                each.depth,
                each.uncertainty_m,
                each.open_uncertainty_m,
                tuple(shared[first : first + each.polygons]) if each.shares_told else (),
            )
        )
        first += each.polygons
    return Assembled(tuple(boundaries), statement.repairs, statement.left_out)


def _shared(boundaries: Sequence[Boundary]) -> npt.NDArray[np.uint8]:
    """Which edges are shared, a bit for each; none where that is not told."""
    flags: list[Flags] = []
    for each in boundaries:
        if each.shared:
            flags += [told for part in each.shared for told in part]
        else:
            flags += [np.zeros(len(r) - 1, np.bool_) for part in each.polygons for r in part]
    return np.packbits(np.concatenate(flags) if flags else np.empty(0, np.bool_))


def _npz(columns: Mapping[str, npt.NDArray[np.generic]]) -> bytes:
    """As `numpy.savez`, but without the time of day in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, column in columns.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(column), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), member.getvalue())
    return out.getvalue()
