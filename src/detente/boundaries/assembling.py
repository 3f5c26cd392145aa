"""From a file's features to boundaries: what is common to all sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import shapely

from .errors import BoundaryError, BoundaryRefused
from .model import Boundary, Polygon, Ring
from .repair import MAX_CHANGE_SHARE, Repair, repaired

_REFUSALS_TOLD = 20


@dataclass(frozen=True, slots=True)
class Assembled:
    """The boundaries of a source.

    Attributes:
        boundaries: in the order of their identifiers.
        repairs: what had to be done to polygons.
        left_out: what of the file became no boundary, and why: a sentence each.
    """

    boundaries: tuple[Boundary, ...]
    repairs: tuple[Repair, ...]
    left_out: tuple[str, ...] = ()


def repaired_all(
    outlines: Mapping[str, Sequence[Sequence[Ring]]],
    *,
    max_change_share: float = MAX_CHANGE_SHARE,
    step: Callable[[str], None] = lambda name: None,
) -> tuple[dict[str, tuple[Polygon, ...]], list[Repair]]:
    """Outlines by name, made valid; what cannot be is told at once, each by its name.

    Args:
        outlines: polygons by name.
        max_change_share: see `repaired`.
        step: called with each name when it is done.

    Raises:
        BoundaryRefused: some cannot be repaired.
    """
    polygons: dict[str, tuple[Polygon, ...]] = {}
    repairs: list[Repair] = []
    refused: list[BoundaryError] = []
    for name, outline in outlines.items():
        try:
            result = repaired(name, outline, max_change_share=max_change_share)
        except BoundaryRefused as error:
            refused.append(error)
            continue
        polygons[name] = result.polygons
        repairs += result.repairs
        step(name)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        told = "; ".join(f"{each.where}: {each.message}" for each in refused[:_REFUSALS_TOLD])
        more = len(refused) - _REFUSALS_TOLD
        raise BoundaryRefused(
            f"{len(refused)} boundaries are not valid and cannot be repaired. {told}"
            + (f"; and {more} more" if more > 0 else ""),
            advice=refused[0].advice,
        )
    return polygons, repairs


def without_repeated_territories(
    boundaries: Sequence[Boundary], sovereign_of: Mapping[str, str]
) -> tuple[list[Boundary], list[str]]:
    """Leave out territories that the area of their state holds anyway: one claim, one boundary.

    Args:
        boundaries: with identifiers such as `source/NC`.
        sovereign_of: the code of the state, by the code of the territory.
    """
    by_code = {each.id.rpartition("/")[2]: each for each in boundaries}
    kept: list[Boundary] = []
    left_out: list[str] = []
    prepared: dict[str, shapely.MultiPolygon] = {}
    for boundary in boundaries:
        code = boundary.id.rpartition("/")[2]
        state = by_code.get(sovereign_of.get(code, code))
        if state is None or state is boundary:
            kept.append(boundary)
            continue
        if state.id not in prepared:
            prepared[state.id] = shape_of(state)
            shapely.prepare(prepared[state.id])
        places = [shapely.point_on_surface(part) for part in shapely.get_parts(shape_of(boundary))]
        if all(shapely.contains(prepared[state.id], place) for place in places):
            left_out.append(f"{boundary.name} ({code}) lies in the area of {state.name}")
        else:
            kept.append(replace(boundary, claimant=state.claimant))
    return kept, left_out


def shape_of(boundary: Boundary) -> shapely.MultiPolygon:
    """A boundary as a geometry of shapely."""
    return shapely.MultiPolygon(
        [shapely.Polygon(outer, holes) for outer, *holes in boundary.polygons]
    )
