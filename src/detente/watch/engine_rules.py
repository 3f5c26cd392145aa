"""What is watched, and by which rules: from it every engine of a run is made alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from detente.boundaries import BoundarySet, BoundarySource

from .conformance_rules import ConformanceRules
from .crossing_rules import CrossingRules
from .declarations import Declarations
from .engine import Engine
from .monitors.base import Monitor
from .monitors.conformance import ConformanceMonitor
from .monitors.crossing import CrossingMonitor
from .monitors.separation import SeparationMonitor
from .monitors.stand_off import StandOffMonitor
from .own_volumes import OwnVolumes
from .separation_rules import SeparationRules
from .stand_off_rules import StandOffRules
from .tracks import Tracks
from .tracks_rules import TrackRules

Part = Literal["all", "own", "between"]
"""All monitors, those that look at one aircraft at a time, or those that compare aircraft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSetup:
    """A question: boundaries, volumes, and the rules to be applied.

    Attributes:
        boundaries: which may be crossed; None: crossings are not looked for.
        own_volumes: declared for aircraft; none: conformance is not looked at.
        declarations: what is known of aircraft beyond their tracks: party, class, notices.
        separation: None: aircraft are not compared.
        stand_off: None: no distance from a boundary was agreed.
    """

    boundaries: BoundarySet | None = None
    own_volumes: Sequence[OwnVolumes] = ()
    declarations: Declarations = field(default_factory=Declarations)
    tracks: TrackRules = field(default_factory=TrackRules)
    crossing: CrossingRules = field(default_factory=CrossingRules)
    conformance: ConformanceRules = field(default_factory=ConformanceRules)
    separation: SeparationRules | None = None
    stand_off: StandOffRules | None = None

    @property
    def sources(self) -> tuple[BoundarySource, ...]:
        """Of the boundaries, each once."""
        boundaries = () if self.boundaries is None else self.boundaries.boundaries
        return tuple(dict.fromkeys(each.source for each in boundaries))

    def engine(self, part: Part = "all", *, besides: Sequence[Monitor] = ()) -> Engine:
        """A new engine.

        Args:
            part: which monitors it has. What `own` tells of an aircraft does not depend on others,
                so its aircraft may be dealt among engines; `between` has to see everybody.
            besides: more monitors, which come last.
        """
        monitors: list[Monitor] = []
        if part != "between":
            if self.boundaries is not None:
                monitors.append(CrossingMonitor(self.boundaries, self.crossing))
            if self.own_volumes:
                monitors.append(ConformanceMonitor(self.own_volumes, self.conformance))
            if self.stand_off is not None:
                monitors.append(StandOffMonitor(self.stand_off, self.declarations))
        if part != "own" and self.separation is not None:
            monitors.append(SeparationMonitor(self.separation, self.declarations))
        return Engine(Tracks(self.tracks), [*monitors, *besides])
