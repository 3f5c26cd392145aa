"""A change of a plan, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from detente.geo import Volume4D
from detente.planning.costs import Costs
from detente.planning.intents import Details
from detente.words import Words, number

Position = tuple[int, float, float, float]


class Kind(StrEnum):
    """What a way out changes."""

    LATER = "later"
    EARLIER = "earlier"
    HIGHER = "higher"
    LOWER = "lower"
    SIDEWAYS = "sideways"
    AROUND = "around"
    COMBINED = "combined"


@dataclass(frozen=True, slots=True)
class WayOut:
    """A change of a plan that clears every conflict that the rules refuse.

    Attributes:
        kind: what is changed.
        details: the plan so changed, ready to be filed.
        track: the positions so changed, as in `Order`; empty if they were not known.
        delay_s: how much later it starts, negative: earlier; of a detour, how much later it ends.
        climb_m: how much higher it is, negative: lower.
        shift_m: how far aside.
        extra_distance_m: how much longer its way is.
        cost: as the party reckons it (`Costs`).
        says: a sentence.
    """

    kind: Kind
    details: Details
    track: tuple[tuple[int, float, float, float], ...]
    delay_s: float
    climb_m: float
    shift_m: float
    extra_distance_m: float
    cost: float
    says: Words


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to a plan; members as in `WayOut`.

    Attributes:
        azimuth_deg: to which side it is moved.
    """

    kind: Kind
    volumes: tuple[Volume4D, ...]
    track: tuple[Position, ...]
    delay_s: float = 0.0
    climb_m: float = 0.0
    shift_m: float = 0.0
    azimuth_deg: float = 0.0
    extra_distance_m: float = 0.0

    def cost(self, costs: Costs) -> float:
        """As the party reckons it."""
        return costs.of(self.delay_s, self.climb_m, self.shift_m, self.extra_distance_m)

    def way_out(self, details: Details, costs: Costs) -> WayOut:
        """The same as a proposal; `details` are those of the plan before."""
        return WayOut(
            self.kind,
            Details(self.volumes, details.off_nominal_volumes, details.priority),
            self.track,
            self.delay_s,
            self.climb_m,
            self.shift_m,
            self.extra_distance_m,
            self.cost(costs),
            self.says(),
        )

    def says(self) -> Words:
        """A sentence."""
        parts: list[Words] = []
        if self.kind is Kind.AROUND:
            longer = _distance(max(self.extra_distance_m, 0.0))
            parts.append(Words(f"around, {longer.en} longer", f"un détour de {longer.fr} de plus"))
            late = _time(abs(self.delay_s))
            if self.delay_s:
                parts.append(Words(f"ending {late.en} later", f"fin {late.fr} plus tard"))
            return _sentence(parts, Words(", ", ", "))
        if self.delay_s:
            much = _time(abs(self.delay_s))
            parts.append(
                Words(f"{much.en} later", f"{much.fr} plus tard")
                if self.delay_s > 0
                else Words(f"{much.en} earlier", f"{much.fr} plus tôt")
            )
        if self.climb_m:
            much = _metres(abs(self.climb_m))
            parts.append(
                Words(f"{much.en} higher", f"{much.fr} plus haut")
                if self.climb_m > 0
                else Words(f"{much.en} lower", f"{much.fr} plus bas")
            )
        if self.shift_m:
            much, side = _distance(self.shift_m), _compass(self.azimuth_deg)
            parts.append(Words(f"{much.en} to the {side.en}", f"{much.fr} vers {side.fr}"))
        return _sentence(parts, Words(" and ", " et "))


_COMPASS: Final = (
    Words("north", "le nord"),
    Words("north-east", "le nord-est"),
    Words("east", "l’est"),
    Words("south-east", "le sud-est"),
    Words("south", "le sud"),
    Words("south-west", "le sud-ouest"),
    Words("west", "l’ouest"),
    Words("north-west", "le nord-ouest"),
)


def _compass(azimuth_deg: float) -> Words:
    return _COMPASS[round(azimuth_deg / 45) % 8]


def _time(seconds: float) -> Words:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    shown = [part for part in parts if part[0]] or [(0, "s")]
    en = " ".join(f"{value} {unit}" for value, unit in shown)
    return Words(en, " ".join(f"{value}\u00a0{unit}" for value, unit in shown))


def _metres(metres: float) -> Words:
    shown = number(metres, 0 if float(metres).is_integer() else 1)
    return Words(f"{shown.en} m", f"{shown.fr}\u00a0m")


def _distance(metres: float) -> Words:
    if metres < 1000:
        shown = number(round(metres))
        return Words(f"{shown.en} m", f"{shown.fr}\u00a0m")
    shown = number(metres / 1000, 2)
    return Words(f"{shown.en} km", f"{shown.fr}\u00a0km")


def _sentence(parts: list[Words], between: Words) -> Words:
    en = between.en.join(part.en for part in parts)
    fr = between.fr.join(part.fr for part in parts)
    return Words(f"{en[:1].upper()}{en[1:]}.", f"{fr[:1].upper()}{fr[1:]}.")
