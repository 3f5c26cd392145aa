"""Boundaries with the index that answers for all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyproj

from detente.kernels import Area, BorderIndex

from .errors import BoundaryUnknown
from .model import Boundary, BoundarySource
from .shares import neighbours, shared_edges

Progress = Callable[[float], None]

_GEOD: Final = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True, eq=False)
class BoundarySet:
    """Boundaries, and an index of their areas in the same order.

    Attributes:
        boundaries: area number i of the index is boundary i.
        index: of their areas.
    """

    boundaries: tuple[Boundary, ...]
    index: BorderIndex

    @classmethod
    def build(cls, boundaries: Sequence[Boundary], progress: Progress | None = None) -> BoundarySet:
        """Compile the index; seconds for a million vertices.

        Args:
            boundaries: with identifiers of which none occurs twice.
            progress: told the share that is done, from 0 to 1.
        """
        kept = tuple(boundaries)
        if len({each.id for each in kept}) < len(kept):
            raise ValueError("a boundary occurs twice")
        return cls(kept, BorderIndex.build(areas_of(kept), progress=progress))

    @property
    def ids(self) -> tuple[str, ...]:
        """Identifiers, by area number."""
        return tuple(each.id for each in self.boundaries)

    @property
    def sources(self) -> tuple[BoundarySource, ...]:
        """Each source once, in the order in which they occur."""
        return tuple(dict.fromkeys(each.source for each in self.boundaries))

    def find(self, name: str) -> Boundary:
        """By identifier, such as `country-coder/TR`.

        Raises:
            BoundaryUnknown: there is none.
        """
        for each in self.boundaries:
            if each.id == name:
                return each
        raise BoundaryUnknown(f"There is no boundary {name!r}.")

    def claimants_at(self, lat_deg: float, lng_deg: float) -> frozenset[str]:
        """Who claims a place; on a line, whoever is on either side of it."""
        sets = self.index.claimants(np.array([lat_deg]), np.array([lng_deg]))
        return self.claimants_in(int(sets[0]))

    def claimants_in(self, number: int) -> frozenset[str]:
        """Who claims the places that have this set number."""
        return frozenset(self.boundaries[area].claimant for area in self.index.sets[number])

    def uncertainty_m(
        self, area: npt.NDArray[np.int32], edge: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """How far lines may be from the true ones, 95 %, by the stretch that each edge is in.

        Args:
            area: int32[n], numbers of boundaries.
            edge: int64[n], numbers of edges as `BorderIndex.signed_depth` has them; negative where
                none is near: there it is the greatest of the boundary.
        """
        return np.where(edge < 0, self._worst_m[area], self._edge_uncertainty_m[edge])

    @cached_property
    def neighbours(self) -> npt.NDArray[np.int32]:
        """int32 by edge number: a boundary of the same source that shares the edge; -1 if none."""
        numbers = {source: number for number, source in enumerate(self.sources)}
        source_of = np.array([numbers[each.source] for each in self.boundaries], dtype=np.int64)
        return neighbours(self.index.edges, source_of)

    @cached_property
    def _worst_m(self) -> npt.NDArray[np.float64]:
        """The greatest uncertainty, by area number."""
        return np.array([each.worst_uncertainty_m for each in self.boundaries], dtype=np.float64)

    @cached_property
    def _edge_uncertainty_m(self) -> npt.NDArray[np.float64]:
        """Uncertainty by edge number."""
        edges = self.index.edges
        shared_m = np.array([each.uncertainty_m for each in self.boundaries], dtype=np.float64)
        open_m = self._worst_m
        by_length = np.array(
            [bool(each.source.uncertainty_by_length_m) for each in self.boundaries], dtype=np.bool_
        )
        found = shared_m[edges.area]
        if (open_m == shared_m).all() and not by_length.any():
            return found
        alone = ~shared_edges(edges, self.boundaries)
        found[alone] = open_m[edges.area[alone]]
        measured = np.flatnonzero(~alone & by_length[edges.area])
        begin, end = edges.xy[measured], edges.xy[measured + 1]
        length_m = np.asarray(_GEOD.inv(begin[:, 0], begin[:, 1], end[:, 0], end[:, 1])[2])
        for number in np.unique(edges.area[measured]).tolist():
            rows = edges.area[measured] == number
            lengths, metres = np.array(self.boundaries[number].source.uncertainty_by_length_m).T
            step = np.minimum(np.searchsorted(lengths, length_m[rows]), len(metres) - 1)
            found[measured[rows]] = metres[step]
        return found


def areas_of(boundaries: Sequence[Boundary]) -> list[Area]:
    """What the index is built of: every ring of each boundary."""
    return [
        Area(tuple(ring for polygon in each.polygons for ring in polygon)) for each in boundaries
    ]


def attributions(sources: Sequence[BoundarySource]) -> tuple[str, ...]:
    """What must be shown with data or pictures of these sources: a sentence each."""
    return tuple(
        dict.fromkeys(
            each.attribution or f"{each.title} {each.version} ({each.licence})" for each in sources
        )
    )
