"""What goes wrong, and how often: networks, disks, clocks, machines. A seed draws one of each."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from detente.line.standing import Reason

FAULTS: Final = (
    "cut",
    "cut all",
    "half open",
    "lossy",
    "slow",
    "bulk slow",
    "crash",
    "stall",
    "disk full",
    "clock jump",
    "restore",
    "poison",
)
"""The names of what is done to the nodes."""
CALM_DELAY_S: Final = 0.06
CUT_REASONS: Final = (Reason.NO_ROUTE, Reason.CONNECT_TIMEOUT, Reason.NAME)


@dataclass(slots=True)
class Pipe:
    """The way of requests from one node to another, and of answers the same way back.

    What is wrong with it is so until a time.

    Attributes:
        cut: nothing can be connected; and why.
        half_open: everything vanishes without a word.
        lossy: requests or answers are lost, with a probability.
        slow: each way takes so long, at most.
        bulk_s: each way of ordinary requests with envelopes takes so long, at most.
        twice: probability that a request arrives again, later.
        rough_until: end of the last fault that must be noticed.
    """

    cut: tuple[float, Reason] = (0.0, Reason.NO_ROUTE)
    half_open: float = 0.0
    lossy: tuple[float, float] = (0.0, 0.0)
    slow: tuple[float, float] = (0.0, 0.0)
    bulk_s: float = CALM_DELAY_S
    twice: float = 0.02
    rough_until: float = 0.0

    def heal(self) -> None:
        """Nothing is wrong."""
        calm = Pipe(twice=0.0, rough_until=self.rough_until)
        self.cut, self.half_open, self.lossy = calm.cut, calm.half_open, calm.lossy
        self.slow, self.bulk_s, self.twice = calm.slow, calm.bulk_s, calm.twice

    def why_cut(self, now: float) -> Reason | None:
        return self.cut[1] if now < self.cut[0] else None

    def swallows(self, now: float) -> bool:
        return now < self.half_open

    def closed(self, now: float) -> bool:
        return now < max(self.cut[0], self.half_open)

    def loses(self, now: float, rng: Random) -> bool:
        return now < self.lossy[0] and rng.random() < self.lossy[1]

    def delay_s(self, now: float, rng: Random, *, bulk: bool) -> float:
        most = self.slow[1] if now < self.slow[0] else CALM_DELAY_S
        return rng.uniform(0.2, 1.0) * max(most, self.bulk_s if bulk else 0.0)


@dataclass(frozen=True, slots=True)
class Weather:
    """How often what happens: means in seconds, or probabilities."""

    fault_every_s: float
    message_every_s: float
    burst: int
    unknown: float
    favourites: tuple[str, ...]


def draw(rng: Random) -> Weather:
    return Weather(
        fault_every_s=rng.choice((3.0, 8.0, 20.0)),
        message_every_s=rng.choice((0.2, 0.6, 2.0)),
        burst=rng.choice((1, 5, 450)),
        unknown=rng.choice((0.0, 0.01, 0.1)),
        favourites=tuple(rng.sample(FAULTS, rng.randint(3, len(FAULTS)))),
    )
