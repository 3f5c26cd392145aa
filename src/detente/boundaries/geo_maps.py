"""countries-maritime-10m, the exact source: land and territorial sea, from OpenStreetMap of 2017.

Never `countries-land-*` of the same publisher: those cut lakes out of countries, and on real tracks
38 % of the crossings found with them were no crossings of a border.

Its rings are simple, but holes were written as parts: see `enclaves`. Territories of France, the
Netherlands, the United States and others occur twice, by themselves and within their state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from .assembling import Assembled, repaired_all, without_repeated_territories
from .enclaves import told_apart
from .geojson import features_of
from .grounds import GEO_MAPS
from .model import Boundary, BoundarySource, Kind, Ring
from .shares import with_shares
from .states import States

ID: Final = "maritime-10m"
VERSION: Final = "0.6.0"
UNCERTAINTY_M: Final = 100.0
OPEN_UNCERTAINTY_M: Final = 1_852.0


def assemble(
    content: bytes, path: Path, states: States, *, step: Callable[[str], None] = lambda name: None
) -> Assembled:
    """Boundaries from `map.geo.json`.

    Args:
        content: of the file.
        path: its name, for what is said.
        states: the codes of states.
        step: called with the name of each boundary that is done.

    Raises:
        BoundaryFileUnreadable: it is something else.
        BoundaryRefused: a polygon cannot be repaired.
    """
    outlines: dict[str, Sequence[Sequence[Ring]]] = {}
    for feature in features_of(content, path):
        code = feature.text("A3")
        state = states.find(code)
        outlines[f"{ID}/{state.alpha2 if state else code}"] = feature.polygons
    nested = told_apart({name: outlines[name] for name in sorted(outlines)})
    polygons_of, repairs = repaired_all(
        {name: each.polygons for name, each in nested.items()}, step=step
    )
    source = BoundarySource(
        id=ID,
        title="geo-maps countries-maritime-10m",
        version=VERSION,
        licence="ODbL-1.0",
        sha256=hashlib.sha256(content).hexdigest(),
        uncertainty_m=UNCERTAINTY_M,
        uncertainty_ground=GEO_MAPS.en,
        open_uncertainty_m=OPEN_UNCERTAINTY_M,
        attribution="© OpenStreetMap contributors (ODbL 1.0), through geo-maps by S. Primarosa",
    )
    boundaries = []
    sovereign_of: dict[str, str] = {}
    for name, polygons in polygons_of.items():
        code = name.removeprefix(f"{ID}/")
        state = states.find(code)
        sovereign_of[code] = state.sovereign if state else code
        boundaries.append(
            Boundary(
                id=name,
                claimant=sovereign_of[code],
                kind=Kind.TERRITORIAL_SEA,
                name=state.name if state else code,
                source=source,
                polygons=polygons,
                uncertainty_m=UNCERTAINTY_M,
                open_uncertainty_m=OPEN_UNCERTAINTY_M,
            )
        )
    kept, left_out = without_repeated_territories(boundaries, sovereign_of)
    repairs = [repair for each in nested.values() for repair in each.repairs] + repairs
    return Assembled(with_shares(kept), tuple(repairs), tuple(left_out))
