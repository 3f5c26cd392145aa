"""Natural Earth by way of world-atlas (TopoJSON): a picture. It never judges.

Near Yayladağı its border lies up to 2.2 km from OpenStreetMap's, where a whole disputed violation
was 1.85 km long. TopoJSON: https://github.com/topojson/topojson-specification.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
import numpy as np

from .assembling import Assembled, repaired_all
from .errors import BoundaryFileUnreadable
from .features import NOT_JSON
from .grounds import WORLD_ATLAS
from .model import Boundary, BoundarySource, Kind, Ring
from .rings import VERTICES_MIN, signed_area_m2
from .states import States

ID: Final = "natural-earth"
VERSION: Final = "2.0.2"
UNCERTAINTY_M: Final = 2_800.0
_CHANGE_SHARE: Final = 1.0
"""A picture may change by its repair."""


class _Transform(msgspec.Struct):
    scale: tuple[float, float]
    translate: tuple[float, float]


class _Name(msgspec.Struct):
    name: str = ""


class _Geometry(msgspec.Struct):
    type: str | None = None
    id: str = ""
    properties: _Name = msgspec.field(default_factory=_Name)
    arcs: msgspec.Raw = msgspec.Raw()


class _Collection(msgspec.Struct):
    geometries: list[_Geometry]


class _Objects(msgspec.Struct):
    countries: _Collection


class _Topology(msgspec.Struct):
    transform: _Transform
    arcs: list[list[tuple[int, int]]]
    objects: _Objects


def assemble(content: bytes, states: States) -> Assembled:
    """Boundaries from `countries-10m.json`.

    Raises:
        BoundaryFileUnreadable: it is something else.
    """
    try:
        topology = msgspec.json.decode(content, type=_Topology)
        arcs = _arcs(topology)
        outlines: dict[str, list[tuple[Ring, ...]]] = {}
        names: dict[str, str] = {}
        left_out: list[str] = []
        for each in topology.objects.countries.geometries:
            state = states.find(each.id)
            code = state.alpha2 if state else each.properties.name
            names[code] = state.name if state else each.properties.name
            polygons = [tuple(_ring(ring, arcs) for ring in polygon) for polygon in _polygons(each)]
            outlines.setdefault(code, []).extend(
                polygon for polygon in polygons if _has_area(polygon)
            )
            if not any(map(_has_area, polygons)):
                left_out.append(f"{names[code]}: too small for this source")
    except (*NOT_JSON, IndexError) as error:
        raise BoundaryFileUnreadable(f"It is not world-atlas's data: {error}.") from None
    source = BoundarySource(
        id=ID,
        title="Natural Earth 4.1 (world-atlas)",
        version=VERSION,
        licence="public domain",
        sha256=hashlib.sha256(content).hexdigest(),
        uncertainty_m=UNCERTAINTY_M,
        uncertainty_ground=WORLD_ATLAS.en,
        judges=False,
        attribution="Made with Natural Earth",
    )
    polygons_of, repairs = repaired_all(
        {f"{ID}/{code}": outlines[code] for code in sorted(outlines) if outlines[code]},
        max_change_share=_CHANGE_SHARE,
    )
    boundaries = []
    for name, polygons_kept in polygons_of.items():
        code = name.removeprefix(f"{ID}/")
        state = states.find(code)
        boundaries.append(
            Boundary(
                id=name,
                claimant=state.sovereign if state else code,
                kind=Kind.LAND,
                name=names[code],
                source=source,
                polygons=polygons_kept,
                uncertainty_m=UNCERTAINTY_M,
                open_uncertainty_m=UNCERTAINTY_M,
            )
        )
    return Assembled(tuple(boundaries), tuple(repairs), tuple(left_out))


def _arcs(topology: _Topology) -> list[Ring]:
    scale, translate = np.array(topology.transform.scale), np.array(topology.transform.translate)
    found = []
    for arc in topology.arcs:
        steps = np.array(arc, dtype=np.int64).reshape(-1, 2)
        # Positions are differences of whole numbers.
        found.append(np.cumsum(steps, axis=0) * scale + translate)
    return found


def _polygons(geometry: _Geometry) -> list[list[list[int]]]:
    if geometry.type == "Polygon":
        return [msgspec.json.decode(geometry.arcs, type=list[list[int]])]
    if geometry.type == "MultiPolygon":
        return msgspec.json.decode(geometry.arcs, type=list[list[list[int]]])
    return []


def _has_area(polygon: tuple[Ring, ...]) -> bool:
    return len(polygon[0]) >= VERTICES_MIN and signed_area_m2(polygon[0]) != 0


def _ring(numbers: list[int], arcs: list[Ring]) -> Ring:
    # ~n is arc n, backwards; each arc begins where the one before has ended.
    pieces = [arcs[~each][::-1] if each < 0 else arcs[each] for each in numbers]
    if not pieces:
        return np.empty((0, 2))
    ring = np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])
    # 90 comes out as 90.00000000000001.
    return np.asarray(np.clip(ring, [-180.0, -90.0], [180.0, 90.0]), dtype=np.float64)
