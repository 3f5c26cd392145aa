"""Boundaries of one's own, from a file: what its user must state, and what the file may tell."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detente.errors import one_line

from .assembling import Assembled, repaired_all
from .errors import BoundaryFileUnreadable, BoundaryUnstated
from .features import Feature
from .geojson import read_geojson
from .grounds import STATED
from .model import Boundary, BoundarySource, Depth, Kind, Ring
from .repair import MAX_CHANGE_SHARE
from .vector_files import SIGNATURES, read_vector_file

GEOJSON_SUFFIXES: Final = (".geojson", ".json")
TEXT_MAX: Final = 200
CLAIMED_BY_FIELDS: Final = ("claimant", "iso_a2", "ISO_A2", "iso1A2")
NAME_FIELDS: Final = ("name", "Name", "NAME")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStatement:
    """What the user states of a file.

    Attributes:
        id: what the source shall be called.
        uncertainty_m: how far the lines may be from the true ones, 95 %; nobody else knows.
        uncertainty_ground, uncertainty_ground_fr: how that is known; and in French.
        claimant: who claims all of it; "" if a property of each feature tells.
        claimant_field, name_field: the properties that tell; "" for the usual ones.
        kind: of all of it.
        depth: which definition of depth the claimant uses.
        title, version, licence: of the source; a version is made of the hash if there is none.
        layer: of a file with several.
        max_change_share: see `repaired`.
    """

    id: str
    uncertainty_m: float
    uncertainty_ground: str = STATED.en
    uncertainty_ground_fr: str = ""
    claimant: str = ""
    claimant_field: str = ""
    name_field: str = ""
    kind: Kind = Kind.OWN
    depth: Depth = Depth.NEAREST_BORDER
    title: str = ""
    version: str = ""
    licence: str = "not stated"
    layer: str | None = None
    max_change_share: float = MAX_CHANGE_SHARE


def read_boundaries(path: Path, statement: OwnStatement) -> Assembled:
    """The boundaries in a GeoJSON, GeoPackage, Shapefile or KML file. Features of one claimant and
    name are one boundary.

    Args:
        path: of the file; its ending tells the format.
        statement: what the file does not tell.

    Raises:
        BoundaryUnstated: the uncertainty makes no sense, or nobody tells who claims a feature.
        BoundaryFileUnreadable, BoundaryTooLarge: see the formats.
        BoundaryRefused: a polygon cannot be repaired.
    """
    if not (math.isfinite(statement.uncertainty_m) and statement.uncertainty_m > 0):
        raise BoundaryUnstated(
            "The uncertainty of a line is a number of metres above 0.", where=str(path)
        )
    features = read_features(path, statement.layer)
    if not features:
        raise BoundaryFileUnreadable("It holds no polygon.", where=str(path))
    named: dict[tuple[str, str], list[tuple[Ring, ...]]] = {}
    for feature in features:
        named.setdefault(_named(feature, statement), []).extend(feature.polygons)
    ids = _ids(statement.id, list(named))
    outlines = {ids[key]: polygons for key, polygons in named.items()}
    polygons_of, repairs = repaired_all(outlines, max_change_share=statement.max_change_share)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    source = BoundarySource(
        id=statement.id,
        title=statement.title or path.name,
        version=statement.version or sha256[:12],
        licence=statement.licence,
        sha256=sha256,
        uncertainty_m=statement.uncertainty_m,
        uncertainty_ground=statement.uncertainty_ground,
        uncertainty_ground_fr=statement.uncertainty_ground_fr,
    )
    boundaries = tuple(
        Boundary(
            id=ids[claimant, name],
            claimant=claimant,
            kind=statement.kind,
            name=name or claimant,
            source=source,
            polygons=polygons_of[ids[claimant, name]],
            depth=statement.depth,
            uncertainty_m=statement.uncertainty_m,
            open_uncertainty_m=statement.uncertainty_m,
        )
        for claimant, name in named
    )
    return Assembled(tuple(sorted(boundaries, key=lambda each: each.id)), tuple(repairs))


def read_features(path: Path, layer: str | None = None) -> list[Feature]:
    """The features of a file, in the format that its ending tells. Raises as `read_boundaries`."""
    suffix = path.suffix.lower()
    try:
        if suffix in GEOJSON_SUFFIXES:
            return read_geojson(path)
        if suffix in SIGNATURES:
            return read_vector_file(path, layer)
    except OSError as error:
        raise BoundaryFileUnreadable(
            f"It cannot be read: {error.strerror}.", where=str(path)
        ) from None
    raise BoundaryFileUnreadable(
        f"Files that end in {suffix or 'nothing'} are not read.",
        where=str(path),
        advice="GeoJSON (.geojson, .json), GeoPackage (.gpkg), Shapefile (.shp), KML (.kml). "
        "Unpack .kmz and .zip first.",
    )


def _named(feature: Feature, statement: OwnStatement) -> tuple[str, str]:
    """Claimant and name."""
    tells = (statement.claimant_field,) if statement.claimant_field else CLAIMED_BY_FIELDS
    claimant = statement.claimant or _first(feature, tells)
    if not claimant:
        told = ", ".join(sorted(feature.properties)[:20]) or "none"
        raise BoundaryUnstated(
            "Nobody tells who claims it.",
            where=feature.where,
            advice="State --claimant for all of the file, or the property that tells with "
            f"--claimant-field; it has these: {told}.",
        )
    names = (statement.name_field,) if statement.name_field else NAME_FIELDS
    # Names go into events, pages and other files: what cannot be seen in them is written out.
    return one_line(claimant[:TEXT_MAX]), one_line(_first(feature, names)[:TEXT_MAX])


def _first(feature: Feature, fields: tuple[str, ...]) -> str:
    return next((text for field in fields if (text := feature.text(field))), "")


def _ids(source: str, named: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Identifiers: the claimant where it has only one boundary, else with the name."""
    claimants = [claimant for claimant, _ in named]
    return {
        (claimant, name): f"{source}/{claimant}"
        if claimants.count(claimant) == 1
        else f"{source}/{claimant}/{name or 'unnamed'}"
        for claimant, name in named
    }
