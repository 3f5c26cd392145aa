"""The figures of grounds in plain words: what each is, as a part of a sentence."""

from __future__ import annotations

from typing import Final

from detente.interchange import rfc3339
from detente.words import Words, number, same

from .events import Grade

FIGURES: Final[dict[str, Words]] = {
    "agreed_m": Words("agreed are {}", "il est convenu {}"),
    "aircraft": Words("aircraft: {}", "aéronefs\u202f: {}"),
    "assumed": Words("positions: {}", "positions\u202f: {}"),
    "between_reports_m": Words(
        "between two positions it may have strayed {}",
        "entre deux positions il a pu s’écarter de {}",
    ),
    "boundary_m": Words("the boundary may be {} off", "la limite peut être fausse de {}"),
    "claimed_m": Words("claimed are {}", "sont affirmés {}"),
    "closest_us": Words("closest at {}", "au plus près à {}"),
    "closing_m_s": Words("closing at {}", "rapprochement à {}"),
    "company_s": Words("together for {}", "ensemble depuis {}"),
    "depth_high_m": Words("depth at most {}", "profondeur au plus {}"),
    "depth_low_m": Words("depth at least {}", "profondeur au moins {}"),
    "depth_m": Words("depth {}", "profondeur {}"),
    "distance_m": Words("distance {}", "distance {}"),
    "doubtful": Words("doubtful positions: {}", "positions douteuses\u202f: {}"),
    "flown_m_s": Words("its greatest speed was {}", "sa plus grande vitesse était de {}"),
    "limit_m": Words("looked for up to {}", "cherché jusqu’à {}"),
    "nearest_jump_s": Words("the nearest one {} away", "la plus proche à {}"),
    "look": Words(
        "position number {} of those in question",
        "position n°\u202f{} de celles en question",
    ),
    "needed_m_s": Words("needed are {}", "il faudrait {}"),
    "notice": Words("notice {}", "annonce {}"),
    "occasion": Words("not the first time: number {}", "pas la première fois\u202f: n°\u202f{}"),
    "other_party": Words("the other’s party: {}", "partie de l’autre\u202f: {}"),
    "position_m": Words("the position may be {} off", "la position peut être fausse de {}"),
    "relative_speed_m_s": Words("relative speed {}", "vitesse relative {}"),
    "reports": Words("positions in question: {}", "positions en question\u202f: {}"),
    "seen_us": Words("as seen at {}", "vu à {}"),
    "source": Words("source {}", "source {}"),
    "spread_m": Words("that may be {} off", "avec une erreur possible de {}"),
    "vertical_m": Words("height beyond {}", "hauteur en dehors {}"),
    "window_s": Words("time considered: {}", "délai considéré\u202f: {}"),
}
"""By name; units are in the names, and put in with the figure."""

GRADES: Final = {
    Grade.SHOWN: Words("shown", "établi"),
    Grade.CANNOT_BE_TOLD: Words("cannot be told", "indécidable"),
    Grade.REFUTED: Words("refuted", "réfuté"),
}
_UNITS: Final = {"_m_s": "m/s", "_m": "m", "_s": "s"}


def figure_words(name: str, value: float | str) -> Words:
    """One figure, with what it is.

    A name that is none of `FIGURES` is that of a source, and its figure what that source leads to.
    """
    plain = FIGURES.get(name, Words(f"{name}: {{}}", f"{name}\u202f: {{}}"))
    shown = _text(name, value) if isinstance(value, str) else _quantity(name, value)
    return Words(plain.en.replace("{}", shown.en), plain.fr.replace("{}", shown.fr))


def _text(name: str, value: str) -> Words:
    if name.endswith("_us") and value.isascii() and value.isdigit():
        return same(f"{rfc3339(int(value))[11:19]} UTC")
    grade = next((each for each in Grade if each.value == value), None)
    return same(value) if grade is None else GRADES[grade]


def _quantity(name: str, value: float) -> Words:
    unit = next((each for end, each in _UNITS.items() if name.endswith(end)), "")
    decimals = 0 if not unit or value == 0 or abs(value) >= 10 else 2
    shown = number(value, decimals)
    if not unit:
        return shown
    # A hyphen before a figure, after a dash between figures, is not seen.
    en, fr = (text.replace("-", "−") for text in shown)
    return Words(f"{en} {unit}", f"{fr}\u202f{unit}")
