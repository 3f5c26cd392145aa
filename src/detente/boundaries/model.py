"""A boundary: a line that somebody claims, with its source and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from detente.words import Words

from .grounds import ground_words

Ring: TypeAlias = npt.NDArray[np.float64]
"""Float64[n, 2]: longitude and latitude in degrees, WGS-84; closed (the first vertex is the last).
Edges are straight in longitude and latitude, as in RFC 7946. No edge crosses the date line."""

Polygon: TypeAlias = tuple[Ring, ...]
"""An outer ring, counter-clockwise, and its holes, clockwise."""


Flags: TypeAlias = npt.NDArray[np.bool_]


class Kind(StrEnum):
    """What a boundary bounds."""

    LAND = "land"
    TERRITORIAL_SEA = "territorial-sea"
    FIR = "fir"
    ADIZ = "adiz"
    AGREED_LINE = "agreed-line"
    OWN = "own"


class Depth(StrEnum):
    """What "how deep" means."""

    NEAREST_BORDER = "nearest-border"
    ALONG_TRACK = "along-track"
    CHORD = "chord"


@dataclass(frozen=True, slots=True)
class BoundarySource:
    """Where boundaries come from.

    Attributes:
        id: short name, such as `country-coder`.
        title: what it is called.
        version: of the data, as its publisher counts.
        licence: SPDX identifier or name.
        sha256: of the file that was read, lower-case hex.
        uncertainty_m: how far the line may be from the true one: 95 %.
        uncertainty_ground: how that figure is known.
        judges: whether it may decide at all; a picture may not.
        open_uncertainty_m: the same of stretches that no other boundary of this source shares:
            coasts, limits at sea. None if they are as sure as the rest.
        uncertainty_by_length_m: for coarse lines: pairs, ascending, of an edge's length and of the
            uncertainty of edges up to that length, metres; a longer edge cuts off more. Empty: it
            does not depend on the length.
        attribution: what must be shown wherever the data or a picture of them are.
        uncertainty_ground_fr: the ground in French; "" if its source stated it in one language.
    """

    id: str
    title: str
    version: str
    licence: str
    sha256: str
    uncertainty_m: float
    uncertainty_ground: str
    judges: bool = True
    open_uncertainty_m: float | None = None
    uncertainty_by_length_m: tuple[tuple[float, float], ...] = ()
    attribution: str = ""
    uncertainty_ground_fr: str = ""

    @property
    def ground(self) -> Words:
        """How the uncertainty is known, in both languages where it is known in both."""
        return ground_words(self.uncertainty_ground, self.uncertainty_ground_fr)


@dataclass(frozen=True, slots=True, eq=False)
class Boundary:
    """One claimed area.

    Attributes:
        id: unique within its set, such as `country-coder/TR`.
        claimant: who claims it: ISO 3166-1 alpha-2 where there is one, else a name.
        kind: see `Kind`.
        name: what people call it.
        source: where it comes from.
        polygons: outer ring and holes of each part; valid, disjoint, cut at the date line.
        depth: the definition of depth that its claimant uses.
        uncertainty_m: of this one; the source's unless it is known better.
        open_uncertainty_m: of its stretches that no other boundary of its source shares; never less
            than the other, whatever stands here.
        shared: bool for each edge of each ring of each polygon: whether another boundary of its
            source has it, too. Empty if that is not known or does not matter.
    """

    id: str
    claimant: str
    kind: Kind
    name: str
    source: BoundarySource
    polygons: tuple[Polygon, ...]
    depth: Depth = Depth.NEAREST_BORDER
    uncertainty_m: float = 0.0
    open_uncertainty_m: float = 0.0
    shared: tuple[tuple[Flags, ...], ...] = ()

    @property
    def worst_uncertainty_m(self) -> float:
        """The greater of both: for a question that is not about one stretch."""
        return max(self.uncertainty_m, self.open_uncertainty_m)
