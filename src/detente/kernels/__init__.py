"""Geometry over columns of positions, compiled. Arrays in, arrays out; no input or output."""

from __future__ import annotations

from detente.kernels.approach import (
    SWEEP_MAX_M,
    Approaches,
    Motions,
    Sky,
    Traffic,
    approaches,
    closest_s,
    cylinder_spans,
)
from detente.kernels.area import BORDER, END, SEAM, Area, Edges, Ring, RingError, TooManyEdges
from detente.kernels.border import (
    BorderIndex,
    CompiledIndexError,
    Crossings,
    Depths,
    Near,
    TooManyBorders,
    TooManySets,
)
from detente.kernels.volumes import OwnDistances, OwnersDiffer, Pairs, VolumeIndex
from detente.kernels.warming import warm_up
from detente.kernels.well_clear import (
    WELL_CLEAR,
    WellClear,
    losses,
    warm_up_approaches,
    well_clear_spans,
)

__all__ = [
    "BORDER",
    "END",
    "SEAM",
    "SWEEP_MAX_M",
    "WELL_CLEAR",
    "Approaches",
    "Area",
    "BorderIndex",
    "CompiledIndexError",
    "Crossings",
    "Depths",
    "Edges",
    "Motions",
    "Near",
    "OwnDistances",
    "OwnersDiffer",
    "Pairs",
    "Ring",
    "RingError",
    "Sky",
    "TooManyBorders",
    "TooManyEdges",
    "TooManySets",
    "Traffic",
    "VolumeIndex",
    "WellClear",
    "approaches",
    "closest_s",
    "cylinder_spans",
    "losses",
    "warm_up",
    "warm_up_approaches",
    "well_clear_spans",
]
