"""What a user tells of a Mode S receiver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from detente.errors import DetenteError


class BadReceiver(DetenteError):
    """The settings of a receiver cannot be so."""

    code: ClassVar[str] = "feeds.receiver"


class Timestamps(StrEnum):
    """What the counters beside frames are."""

    AUTO = "auto"
    """Counters, until a status message says that they are times of day."""
    COUNTER = "counter"
    """Ticks of 12 MHz since the receiver was switched on."""
    DAY = "day"
    """Time of day by satellite."""


@dataclass(frozen=True, slots=True)
class ModeSSettings:
    """How frames are understood.

    Attributes:
        receiver: its latitude and longitude in degrees: without it the first position on the
            ground of an aircraft that was not heard in the air is not told. None if unknown, or
            if there are several far apart.
        range_m: positions further from the receiver are dropped and counted.
        timestamps: see `Timestamps`.
        began_us: when the first frame of a capture was heard, µs since 1970 UTC; it is needed
            where the receipt is not known.
        correct: put one wrong bit of an extended squitter right. Off: evidence is not guessed.
        aircraft: how many are followed at once; the longest unheard are forgotten (and counted)
            when there is one more. Each takes some 300 octets.
    """

    receiver: tuple[float, float] | None = None
    range_m: float = 1_000_000.0
    timestamps: Timestamps = Timestamps.AUTO
    began_us: int | None = None
    correct: bool = False
    aircraft: int = 65_536

    def __post_init__(self) -> None:
        """Check.

        Raises:
            BadReceiver: a value cannot be.
        """
        if self.receiver is not None:
            lat, lng = self.receiver
            if not (-90 <= lat <= 90 and -180 <= lng <= 180):
                raise BadReceiver(
                    f"No place has latitude {lat} and longitude {lng}.",
                    where="receiver",
                    advice="Give degrees, latitude first.",
                )
        if not self.range_m > 0:
            raise BadReceiver(f"A range of {self.range_m} m leaves no positions.", where="range_m")
        check_aircraft(self.aircraft)


def check_aircraft(limit: int) -> None:
    """How many are followed at once.

    Raises:
        BadReceiver: so many cannot be.
    """
    if not 16 <= limit <= 1 << 22:
        raise BadReceiver(
            f"{limit} aircraft cannot be followed.",
            where="aircraft",
            advice="Give a number from 16 to 4,194,304.",
        )
