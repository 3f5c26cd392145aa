"""How rough a run is: which faults happen, and how often. Each seed gets its own mixture."""

from __future__ import annotations

from dataclasses import dataclass, fields
from random import Random
from typing import Final

NEMESIS: Final = (
    "crash",
    "stall",
    "partition",
    "outage",
    "clock jump",
    "graceful stop",
    "snapshot",
    "damaged snapshot",
)
"""Faults (and chores) that befall an instance or the log as a whole."""

APPEND: Final = (
    "append refused",
    "answer lost",
    "commit lost",
    "commit late",
)
"""What happens to single appends; the fates of an append, drawn once for each."""

EMERGENT: Final = (
    "log unreachable",
    "lock wait timed out",
    "head lost",
    "head moved",
    "late commit landed",
    "session left behind",
    "connection cut during append",
    "snapshot not stored",
    "snapshot skipped",
    "client gave up",
    "client cut off by crash",
    "command fault",
)
"""What follows from the above and from latencies."""


@dataclass(slots=True)
class Weather:
    """Probabilities of each single fault, and mean times between faults of a whole instance.

    Attributes:
        nemesis_every_s: mean time between two faults of NEMESIS.
        kinds: which of them happen.
        slow: share of messages that are slow.
        slow_s: mean extra latency of those.
        unreachable: share of messages to the log that are refused at once.
        append_refused: the log says no before anything happened.
        answer_lost: the commit happens, its answer is lost.
        commit_lost: the commit is sent and never arrives; the client sees the connection die.
        commit_late: as before, but the commit arrives later.
        left_behind: share of sessions whose end the server does not notice until they time out.
        hold_max_s: the server ends a session that holds the head and is silent for so long.
        wait_max_s: whoever waits longer for the head is told that the log is unavailable.
        command_fault: carrying out a command fails by a programming error.
        patience_s: mean time that a client waits.
    """

    nemesis_every_s: float = 0.4
    kinds: tuple[str, ...] = NEMESIS
    slow: float = 0.02
    slow_s: float = 0.05
    unreachable: float = 0.002
    append_refused: float = 0.01
    answer_lost: float = 0.01
    commit_lost: float = 0.005
    commit_late: float = 0.01
    left_behind: float = 0.01
    command_fault: float = 0.004
    hold_max_s: float = 0.5
    wait_max_s: float = 0.4
    patience_s: float = 1.0

    def calm(self) -> None:
        """Nothing fails any more."""
        self.kinds = ()
        for name in _PROBABILITIES:
            setattr(self, name, 0.0)


_PROBABILITIES: Final = tuple(
    f.name for f in fields(Weather) if f.name not in ("kinds",) and not f.name.endswith("_s")
)


def draw(rng: Random) -> Weather:
    """A mixture: some faults much more often than usual, some not at all."""
    weather = Weather()
    for name in _PROBABILITIES:
        usual: float = getattr(weather, name)
        setattr(weather, name, usual * rng.choice((0.0, 0.3, 1.0, 1.0, 4.0)))
    weather.kinds = tuple(kind for kind in NEMESIS if rng.random() < 0.7)
    weather.nemesis_every_s = rng.choice((0.15, 0.4, 1.0))
    weather.hold_max_s = rng.choice((0.1, 0.5, 2.0))
    weather.wait_max_s = rng.choice((0.05, 0.4, 3.0))
    weather.patience_s = rng.choice((0.3, 1.0, 5.0))
    return weather
