"""Why two flights are in conflict, as a sentence in English and in French."""

from __future__ import annotations

from typing import Final

from detente.operations.approach import Approach, Closeness
from detente.operations.flights import Flight
from detente.operations.instants import format_clock
from detente.words import NARROW

FEET_M: Final = 0.3048
LEVEL_M: Final = 1000 * FEET_M
# Altitudes are reported in steps of 25 ft, and each aircraft may hold its level to some 50 ft.
LEVEL_TOLERANCE_M: Final = 150 * FEET_M


def explain(
    own: Flight, other: Flight, approach: Approach | None, cause: str, closeness: Closeness
) -> tuple[str, str]:
    """The reason of a conflict in English and in French."""
    limit_en = f"{_ground_en(closeness.horizontal_m)} and {_height_en(closeness.vertical_m)}"
    limit_fr = f"{_ground_fr(closeness.horizontal_m)} et {_height_fr(closeness.vertical_m)}"
    if cause == "unknown":
        whose = [f.name for f in (own, other) if f.track is None]
        names_en, names_fr = " and ".join(whose), " et ".join(whose)
        return (
            f"The volumes overlap. The track of {names_en} is not known, so how close the aircraft "
            "will come cannot be told.",
            f"Les volumes se recouvrent. La trajectoire de {names_fr} n’est pas connue\u202f: "
            "on ne peut dire à quelle distance les aéronefs passeront l’un de l’autre.",
        )
    if approach is None:
        return (
            "Only the corridors overlap: the two aircraft are never in the air at the same time.",
            "Seuls les couloirs se recouvrent\u202f: les deux aéronefs ne sont jamais en vol au "
            "même moment.",
        )
    when = format_clock(approach.time_us)
    apart_en = (
        f"{_ground_en(approach.horizontal_m)} apart and "
        f"{_height_en(approach.vertical_m)} in altitude"
    )
    apart_fr = (
        f"à {_ground_fr(approach.horizontal_m)} l’un de l’autre et à "
        f"{_height_fr(approach.vertical_m)} d’écart d’altitude"
    )
    if cause == "closeness":
        level_en, level_fr = _one_level_apart(approach)
        return (
            f"The aircraft come close: at {when} UTC they are {apart_en}, less than {limit_en}."
            f"{level_en}",
            f"Les aéronefs se rapprochent réellement\u202f: à {when} UTC ils sont {apart_fr}, "
            f"moins de {limit_fr}.{level_fr}",
        )
    return (
        f"Only the corridors overlap: even at their closest, at {when} UTC, the aircraft are "
        f"{apart_en}, not within {limit_en} at once.",
        f"Seuls les couloirs se recouvrent\u202f: même au plus près, à {when} UTC, les aéronefs "
        f"sont {apart_fr}, et non à moins de {limit_fr} à la fois.",
    )


def _one_level_apart(approach: Approach) -> tuple[str, str]:
    """A word on aircraft one flight level apart, whose altimeters differ a little from it."""
    if abs(approach.vertical_m - LEVEL_M) > LEVEL_TOLERANCE_M:
        return "", ""
    return (
        " That is the 1,000 ft between flight levels, as exactly as aircraft hold and report them.",
        " C’est l’écart de 1\u202f000 ft entre niveaux de vol, à la précision près de la tenue et "
        "du report d’altitude.",
    )


def _ground_en(metres: float) -> str:
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"


def _ground_fr(metres: float) -> str:
    if metres < 1000:
        return f"{metres:.0f}{NARROW}m"
    return f"{metres / 1000:.1f}{NARROW}km".replace(".", ",")


def _height_en(metres: float) -> str:
    return f"{metres:.0f} m ({metres / FEET_M:,.0f} ft)"


def _height_fr(metres: float) -> str:
    feet = f"{metres / FEET_M:,.0f}".replace(",", NARROW)
    return f"{metres:.0f}{NARROW}m ({feet}{NARROW}ft)"
