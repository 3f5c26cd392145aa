"""What is said of a report of a track: of one that is kept, and of one that is taken out."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Flag(IntFlag):
    """Of a kept report; those of a step tell about the way from the kept report before it."""

    JUMP = 1
    """No aircraft is so fast."""
    INCONSISTENT = 2
    """The step differs from the motion that both reports state, by more than is explained."""
    RETURNED = 4
    """The report before was a lone outlier: this one is reached from the one before that."""
    SETTLED = 8
    """The report before had broken away, and this one follows from it: the new place holds."""
    FIRST = 16
    """Nothing leads here: the first of its aircraft, after a silence, or after its clock was set
    back."""
    AHEAD = 32
    """It says a time after that of its receipt."""
    GROUND = 64
    """It says that it is on the ground."""
    CLIMB = 128
    """No aircraft climbs or falls so fast: one of the two altitudes is wrong."""
    CONTESTED = 256
    """Since the report before, one of the same instant said another place. That one was taken
    out."""


class Fate(IntEnum):
    """What became of a report; all but the kept ones are taken out and counted by these names."""

    KEPT = 0
    UNUSABLE = 1
    """No time, no position, or one that is not on Earth."""
    DUPLICATE = 2
    """The same again: the same instant and place, or the same place within half a second."""
    CONTRADICTING = 3
    """The same instant as the one before, at another place."""
    LATE = 4
    """Before one of its aircraft that has been taken already."""
    STALE = 5
    """Too old when it was received."""
    FROZEN = 6
    """It is said to move, and has the place of the one before to the last digit: held over."""
    AHEAD = 7
    """Its time is so far after its receipt that it would shut out those that are right."""
    TOO_MANY_AIRCRAFT = 8
    """There was no room for one more aircraft."""

    @property
    def words(self) -> str:
        """As it is counted."""
        return self.name.lower().replace("_", "-")


BREAKS = Flag.JUMP | Flag.INCONSISTENT
"""A report with one of these does not follow from the one before it."""
