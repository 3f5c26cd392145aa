"""Positions against borders: who claims a place, how deep, and where a segment crosses.

Answers are exact in the plane of longitude and latitude, in which edges are straight (RFC 7946):
no rounding puts a position on the wrong side. A position on an edge is inside, as it is for GEOS'
`intersects`; on the date line, or at a pole, if it is for either side. Depths are geodesics of
WGS-84: within 1 mm + 1e-6 of the length up to 100 km, and farther with T. Vincenty's precision.

Memory: some 50 bytes a vertex for claims, 35 more for depths and crossings, and 5 MB.
"""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from detente.errors import DetenteError
from detente.kernels import _balls, _lookup, _nearest, _reach
from detente.kernels._balls import Balls
from detente.kernels._build import Built, TooManyBorders, TooManySets, built
from detente.kernels._columns import F64, I32, I64, Bools, Rows, doubles
from detente.kernels._lookup import OFF_LEAF, UNRESOLVED
from detente.kernels._reach import Reach
from detente.kernels._tree import Tree
from detente.kernels.area import Area, Edges, edges_of
from detente.kernels.crossings import Crossings, crossings_of

__all__ = [
    "BorderIndex",
    "CompiledIndexError",
    "Crossings",
    "Depths",
    "Near",
    "TooManyBorders",
    "TooManySets",
]

_FORMAT: Final = "detente border index 3"


class Depths(NamedTuple):
    """How deep positions are in an area.

    Attributes:
        depth_m: float64[n]: geodesic to the area's nearest border, positive inside, negative
            outside, infinite beyond the limit.
        foot_lat_deg, foot_lng_deg: float64[n], where that is; NaN beyond the limit.
        edge: int64[n], number of the edge; -1 beyond the limit.
    """

    depth_m: F64
    foot_lat_deg: F64
    foot_lng_deg: F64
    edge: I64


class Near(NamedTuple):
    """Positions that are near a border of an area, ordered by row, then area.

    Attributes:
        row: of the position. area: of which it is the border.
        depth_m: as in `Depths`. foot_lat_deg, foot_lng_deg: likewise.
    """

    row: Rows
    area: I32
    depth_m: F64
    foot_lat_deg: F64
    foot_lng_deg: F64


class CompiledIndexError(DetenteError):
    """A file that should hold a compiled index and does not."""

    code: ClassVar[str] = "kernels.compiled_index"


class BorderIndex:
    """Areas, laid out so that millions of positions a second can be asked about.

    Made by `build` or `load`. Safe to be used by several threads at once; kernels release the
    interpreter. Can be pickled.
    """

    def __init__(self, edges: Edges, built_: Built, balls: Balls, reach: Reach) -> None:
        """Put together what `build` computes; not for use elsewhere."""
        self._edges = edges
        self._built = built_
        self._balls = balls
        self._reach = reach
        self._tree: Tree = built_.tree
        self._later: dict[frozenset[int], int] = {}
        self._content, self._first = built_.content, built_.first
        self._sets: tuple[frozenset[int], ...] | None = None
        self._lock = threading.Lock()

    @classmethod
    def build(
        cls, areas: Sequence[Area], *, progress: Callable[[float], None] | None = None
    ) -> Self:
        """Lay areas out.

        Args:
            areas: they may overlap, share edges, hold each other.
            progress: is told the part that is done, 0 to 1, now and then.

        Raises:
            RingError, TooManyEdges: see `Area`.
            TooManySets: areas overlap in more than some millions of ways.
            TooManyBorders: more than 31 areas that differ have a border in half a square metre.
        """
        tell = progress or (lambda part: None)
        edges = edges_of(areas)
        tell(0.1)
        done = built(edges, lambda part: tell(0.1 + 0.7 * part))
        balls = _balls.balls_of(edges.xy, edges.kind, edges.first)
        tell(0.9)
        reach = _reach.reach_of(edges.xy, edges.kind, edges.area, len(areas))
        tell(1.0)
        return cls(edges, done, balls, reach)

    @property
    def areas(self) -> int:
        """How many areas there are."""
        return len(self._edges.first) - 1

    @property
    def edges(self) -> Edges:
        """Edges of all areas, in columns; not to be written to."""
        return self._edges

    @property
    def sets(self) -> tuple[frozenset[int], ...]:
        """Sets of areas by their numbers; 0 is the empty one.

        Queries may add sets, at the end: at places on the date line or where many borders meet.
        """
        with self._lock:
            if self._sets is None or len(self._sets) != len(self._first) - 1:
                content, first = self._content.tolist(), self._first.tolist()
                self._sets = tuple(frozenset(content[begin:end]) for begin, end in pairwise(first))
            return self._sets

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the arrays take."""
        return sum(array.nbytes for array in self._arrays().values())

    def edge(self, number: int) -> tuple[float, float, float, float]:
        """Latitude and longitude of both ends of an edge, degrees."""
        ends = self._edges.xy[number : number + 2]
        (x_0, y_0), (x_1, y_1) = ends.tolist()
        return y_0, x_0, y_1, x_1

    def claimants(self, lat_deg: npt.ArrayLike, lng_deg: npt.ArrayLike) -> I32:
        """Which areas hold each position: int32[n], numbers of `sets`.

        Longitudes may go on beyond 180, up to 540. What is not on Earth (NaN, a latitude above 90)
        is in the empty set.
        """
        lat, lng = doubles(lat_deg), doubles(lng_deg)
        found = _lookup.sets_at(self._tree, lat, lng, self._built.north, self._built.south)
        open_ = np.flatnonzero(found == UNRESOLVED)
        for row in open_.tolist():
            found[row] = self._number(self._set_at(float(lat[row]), float(lng[row])))
        return found

    def inside(self, number: I32, area: npt.ArrayLike) -> Bools:
        """Whether sets, by their numbers, have the areas beside them; an area below 0: no."""
        with self._lock:
            content, first = self._content, self._first
        which = np.ascontiguousarray(np.broadcast_to(area, number.shape), dtype=np.int32)
        return _lookup.members(content, first, number, which)

    def signed_depth(
        self,
        lat_deg: npt.ArrayLike,
        lng_deg: npt.ArrayLike,
        area: npt.ArrayLike,
        limit_m: float = np.inf,
    ) -> Depths:
        """How deep each position is in an area; edges where areas were cut only do not count.

        Args:
            area: int32[n] or one for all; below 0: none, so infinitely far outside.
            limit_m: farther borders do not interest.
        """
        lat, lng = doubles(lat_deg), doubles(lng_deg)
        which = np.ascontiguousarray(np.broadcast_to(area, lat.shape), dtype=np.int32)
        away, foot_lat, foot_lng, edge = _nearest.depths(
            self._balls, lat, lng, which, float(limit_m)
        )
        inside = self._hold(lat, lng, which)
        return Depths(np.where(inside, away, -away) + 0.0, foot_lat, foot_lng, edge)

    def near(self, lat_deg: npt.ArrayLike, lng_deg: npt.ArrayLike, within_m: float) -> Near:
        """All pairs of a position and an area whose border is at most `within_m` away."""
        lat, lng = doubles(lat_deg), doubles(lng_deg)
        row, area = _reach.pairs_near(self._reach, self.areas, lat, lng, float(within_m))
        found = self.signed_depth(lat[row], lng[row], area, within_m)
        kept = np.flatnonzero(found.edge >= 0)
        return Near(
            row[kept].astype(np.intp), area[kept].astype(np.int32), found.depth_m[kept],
            found.foot_lat_deg[kept], found.foot_lng_deg[kept],
        )  # fmt: skip

    def crossings(
        self,
        lat_0_deg: npt.ArrayLike,
        lng_0_deg: npt.ArrayLike,
        lat_1_deg: npt.ArrayLike,
        lng_1_deg: npt.ArrayLike,
    ) -> Crossings:
        """Where segments between positions enter and leave areas.

        Segments are straight in longitude and latitude, the short way around the Earth. What is
        found agrees with `claimants` at both ends: from outside to inside there is one entry more
        than there are exits. A border that is touched from one side is not crossed; a segment that
        begins on a border and leaves has an exit at 0, one that comes to end there an entry at 1.
        Segments with an end that is not on the map have none.
        """
        return crossings_of(
            self._tree, self._balls, self._reach, self._hold,
            doubles(lat_0_deg), doubles(lng_0_deg), doubles(lat_1_deg), doubles(lng_1_deg),
        )  # fmt: skip

    def save(self, path: Path) -> None:
        """Write the index to a file that `load` reads: NumPy's, without pickles."""
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, format=np.array(_FORMAT), **self._arrays())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote. It is taken at its word: load files of your own only.

        Raises:
            CompiledIndexError: the file is not such an index, or one of another version.
            OSError: it cannot be read.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                if str(stored["format"]) != _FORMAT:
                    raise _not_an_index(path)
                return cls._of({name: stored[name] for name in stored.files if name != "format"})
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise _not_an_index(path) from error

    def __getstate__(self) -> dict[str, npt.NDArray[Any]]:
        return self._arrays()

    def __setstate__(self, state: dict[str, npt.NDArray[Any]]) -> None:
        self.__dict__.update(self._of(state).__dict__)

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        with self._lock:
            content, first = self._content, self._first
        built_ = self._built
        return {
            "xy": self._edges.xy, "owner": self._edges.area, "kind": self._edges.kind,
            "area_first": self._edges.first, "entry": self._tree.entry, "page": self._tree.page,
            "label": built_.label, "leaf_begin": built_.begin, "leaf_area": built_.area,
            "leaf_bit": built_.bit, "set_content": content, "set_first": first,
            "poles": np.array([built_.north, built_.south]),
            "place": self._balls.place, "sag": self._balls.sag, "ball": self._balls.ball,
            "reach_first": self._reach.first, "reach_area": self._reach.area,
        }  # fmt: skip

    @classmethod
    def _of(cls, a: dict[str, npt.NDArray[Any]]) -> Self:
        edges = Edges(a["xy"], a["owner"], a["kind"], a["area_first"])
        tree = Tree(a["entry"], a["page"], edges.xy)
        north, south = a["poles"].tolist()
        done = Built(
            tree, a["label"], a["leaf_begin"], a["leaf_area"], a["leaf_bit"],
            a["set_content"], a["set_first"], north, south,
        )  # fmt: skip
        balls = _balls.balls_of(
            edges.xy, edges.kind, edges.first, (a["place"], a["sag"], a["ball"])
        )
        return cls(edges, done, balls, Reach(a["reach_first"], a["reach_area"]))

    def _hold(self, lat: F64, lng: F64, area: I32) -> Bools:
        """Whether areas hold the positions beside them."""
        return self.inside(self.claimants(lat, lng), area)

    def _set_at(self, lat: float, lng: float) -> frozenset[int]:
        """The set at one position that the kernel did not resolve."""
        lng -= 360.0 * np.floor((lng + 180.0) / 360.0)
        if lng == -180.0:
            return self._on_map(lat, -180.0) | self._on_map(lat, 180.0)
        return self._on_map(lat, lng)

    def _on_map(self, lat: float, lng: float) -> frozenset[int]:
        leaf, found = _lookup.leaf_at(self._tree, lng, lat)
        if leaf == OFF_LEAF:
            return self.sets[found]
        built_ = self._built
        chosen = set(self.sets[int(built_.label[leaf])])
        some = slice(int(built_.begin[leaf]), int(built_.begin[leaf + 1]))
        for area, bit in zip(built_.area[some].tolist(), built_.bit[some].tolist(), strict=True):
            if (found >> bit) & 1:
                chosen.add(area)
            else:
                chosen.discard(area)
        return frozenset(chosen)

    def _number(self, areas: frozenset[int]) -> int:
        """The number of a set, a new one if need be."""
        with self._lock:
            if len(self._later) != len(self._first) - 1:
                content, first = self._content.tolist(), self._first.tolist()
                spans = enumerate(pairwise(first))
                self._later = {frozenset(content[a:b]): number for number, (a, b) in spans}
            if areas not in self._later:
                self._later[areas] = len(self._first) - 1
                self._content = np.concatenate((self._content, np.array(sorted(areas), np.int32)))
                self._first = np.append(self._first, len(self._content))
            return self._later[areas]


def _not_an_index(path: Path) -> CompiledIndexError:
    return CompiledIndexError(
        "This is not a compiled border index of this version.",
        where=str(path),
        advice="Compile it anew from the boundaries.",
    )
