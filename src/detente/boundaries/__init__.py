"""Boundaries: lines that somebody claims, where they come from and how sure they are.

A place has a *set* of claimants, because claims overlap. Nothing here decides whose claim is right.
A source judges no question that is finer than its lines are known (`judges`).
"""

from .assembling import Assembled, shape_of
from .boundary_set import BoundarySet, attributions
from .catalogue import CATALOGUE, Entry, install
from .comparison import Box, Comparison, Spread, Stretch, compare, distances_m
from .country_coder import states
from .errors import (
    BoundaryDoesNotJudge,
    BoundaryDownloadFailed,
    BoundaryError,
    BoundaryFileUnreadable,
    BoundaryRefused,
    BoundaryStoreUnusable,
    BoundaryTooLarge,
    BoundaryUnknown,
    BoundaryUnstated,
    NothingToCompare,
)
from .exporting import exported, imported
from .judging import Refusal, Why, judges, refusal, require_judge
from .loading import DEFAULT, chosen, compiled, installed, load_boundaries, read_spec
from .model import Boundary, BoundarySource, Depth, Kind, Polygon, Ring
from .own import OwnStatement, read_boundaries
from .packing import Statement
from .repair import Fault, Repair, Repaired, repaired
from .states import State, States
from .store import BoundaryStore

__all__ = [
    "CATALOGUE",
    "DEFAULT",
    "Assembled",
    "Boundary",
    "BoundaryDoesNotJudge",
    "BoundaryDownloadFailed",
    "BoundaryError",
    "BoundaryFileUnreadable",
    "BoundaryRefused",
    "BoundarySet",
    "BoundarySource",
    "BoundaryStore",
    "BoundaryStoreUnusable",
    "BoundaryTooLarge",
    "BoundaryUnknown",
    "BoundaryUnstated",
    "Box",
    "Comparison",
    "Depth",
    "Entry",
    "Fault",
    "Kind",
    "NothingToCompare",
    "OwnStatement",
    "Polygon",
    "Refusal",
    "Repair",
    "Repaired",
    "Ring",
    "Spread",
    "State",
    "Statement",
    "States",
    "Stretch",
    "Why",
    "attributions",
    "chosen",
    "compare",
    "compiled",
    "distances_m",
    "exported",
    "imported",
    "install",
    "installed",
    "judges",
    "load_boundaries",
    "read_boundaries",
    "read_spec",
    "refusal",
    "repaired",
    "require_judge",
    "shape_of",
    "states",
]
