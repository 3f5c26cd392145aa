"""Stand-off rules as sentences, in English and in French, made of the very data that is applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from detente.agreement.document import Document
from detente.agreement.rules import Row, RuleFault, RulesSection, register_rules
from detente.agreement.stand_off import (
    OTHER,
    OWN,
    SECTION_NAME,
    AircraftClass,
    Border,
    Distance,
    Purpose,
    StandOffRule,
    StandOffSection,
    Stretch,
)
from detente.words import Words, choose, number, quantity, same

_CLASSES: Final = {
    AircraftClass.FIXED_WING_COMBAT: Words("fixed-wing combat aircraft", "avions de combat"),
    AircraftClass.FIXED_WING_UNARMED: Words("unarmed fixed-wing aircraft", "avions non armés"),
    AircraftClass.ROTARY_WING_ARMED: Words("armed helicopters", "hélicoptères armés"),
    AircraftClass.ROTARY_WING_UNARMED: Words("unarmed helicopters", "hélicoptères non armés"),
    AircraftClass.UNMANNED: Words("unmanned aircraft", "aéronefs sans équipage"),
    AircraftClass.BALLOON: Words("balloons", "ballons"),
    AircraftClass.AIRLINER: Words("airliners", "avions de ligne"),
}
_BOTH: Final = (
    (
        AircraftClass.FIXED_WING_COMBAT,
        AircraftClass.FIXED_WING_UNARMED,
        Words("fixed-wing aircraft", "avions"),
    ),
    (
        AircraftClass.ROTARY_WING_ARMED,
        AircraftClass.ROTARY_WING_UNARMED,
        Words("helicopters", "hélicoptères"),
    ),
)
_PURPOSES: Final = {
    Purpose.SURVEY: Words("survey", "de relevé"),
    Purpose.SUPPLY: Words("supply", "de ravitaillement"),
    Purpose.MERCY: Words("mercy", "humanitaires"),
    Purpose.RESCUE: Words("rescue", "de sauvetage"),
    Purpose.MEDICAL: Words("medical evacuation", "d’évacuation médicale"),
    Purpose.FIRE_FIGHTING: Words("fire-fighting", "de lutte contre le feu"),
    Purpose.WEATHER: Words("weather observation", "d’observation météorologique"),
    Purpose.FARMING: Words("farming", "agricoles"),
}
_SIDES: Final = {
    "east_of": Words("east of", "à l’est de"),
    "west_of": Words("west of", "à l’ouest de"),
    "north_of": Words("north of", "au nord de"),
    "south_of": Words("south of", "au sud de"),
}
_UNITS: Final = {"m": same("m"), "km": same("km"), "NM": same("NM")}


def sentence(rule: StandOffRule, section: StandOffSection) -> Words:
    """A rule in a plain sentence, or two."""
    who = _joined(_classes(rule.classes))
    whose = (
        Words(f" of {_parties(rule.parties).en}", f" de {_parties(rule.parties).fr}")
        if rule.parties
        else Words(" of every party", " de toutes les parties")
    )
    distance = _distance(rule.distance)
    line = _line(rule, section)
    en = f"{who.en}{whose.en} stay at least {distance.en} from {line.en}."
    fr = f"{who.fr}{whose.fr} restent à au moins {distance.fr} {line.fr}."
    exempt = _exempt(rule)
    if exempt is not None:
        en, fr = f"{en} {exempt.en}", f"{fr} {exempt.fr}"
    return Words(en[0].upper() + en[1:], fr[0].upper() + fr[1:])


def _classes(classes: Sequence[AircraftClass]) -> list[Words]:
    """In the order given; where armed and unarmed ones are both meant, neither is said."""
    told: list[Words] = []
    for each in classes:
        both = next(
            (word for a, b, word in _BOTH if each in (a, b) and {a, b} <= set(classes)), None
        )
        word = both or _CLASSES[each]
        if word not in told:
            told.append(word)
    return told


def _exempt(rule: StandOffRule) -> Words | None:
    if not rule.exempt:
        return None
    what = _joined([_PURPOSES[each] for each in rule.exempt])
    lead = _lead(rule.notice_min)
    notice = (
        Words(f"announced {lead.en} before", f"annoncés {lead.fr} auparavant")
        if rule.notice_min
        else Words("announced before", "annoncés auparavant")
    )
    near = (
        Words("up to the line itself", "jusqu’à la ligne même")
        if rule.exempt_to is None
        else Words(
            f"up to {_distance(rule.exempt_to).en}", f"jusqu’à {_distance(rule.exempt_to).fr}"
        )
    )
    return Words(
        f"Flights for {what.en} that were {notice.en} may come closer, {near.en}.",
        f"Les vols {what.fr} {notice.fr} peuvent s’approcher davantage, {near.fr}.",
    )


def _lead(minutes: int) -> Words:
    if minutes % 60:
        return quantity(minutes, Words("minute", "minute"), Words("minutes", "minutes"))
    return quantity(minutes // 60, Words("hour", "heure"), Words("hours", "heures"))


def _line(rule: StandOffRule, section: StandOffSection) -> Words:
    if rule.from_ == OTHER:
        line = Words("the airspace of every other party", "de l’espace aérien des autres parties")
    elif rule.from_ == OWN:
        line = Words("the border of their own party", "de la frontière de leur propre partie")
    else:
        border = section.border(rule.from_)
        name = choose(border.name) if border is not None else same(rule.from_)
        line = Words(f"“{name.en}”", f"de «\u00a0{name.fr}\u00a0»")
    if rule.stretch is None:
        return line
    where = _stretch(rule.stretch, section)
    return Words(
        f"{line.en}, as far as it runs {where.en}", f"{line.fr}, dans sa partie {where.fr}"
    )


def _stretch(stretch: Stretch, section: StandOffSection) -> Words:
    parts = []
    for side, limit in stretch.limits:
        if isinstance(limit, str):
            marker = section.marker(limit)
            name = choose(marker.name) if marker is not None else same(limit)
            at = Words(f"“{name.en}”", f"«\u00a0{name.fr}\u00a0»")
        else:
            at = _degrees(side, limit)
        parts.append(Words(f"{_SIDES[side].en} {at.en}", f"{_SIDES[side].fr} {at.fr}"))
    return _joined(parts)


def _degrees(side: str, limit: float) -> Words:
    east = side in ("east_of", "west_of")
    if east:
        letter = Words("E", "E") if limit >= 0 else Words("W", "O")
    else:
        letter = Words("N", "N") if limit >= 0 else Words("S", "S")
    text = _number(abs(limit))
    return Words(f"{text.en}° {letter.en}", f"{text.fr}° {letter.fr}")


def _distance(distance: Distance) -> Words:
    shown = _number(distance.value)
    unit = _UNITS[distance.unit]
    return Words(f"{shown.en} {unit.en}", f"{shown.fr}\u00a0{unit.fr}")


def _number(value: float) -> Words:
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return number(value, max(0, -exponent) if isinstance(exponent, int) else 0)


def _parties(parties: Sequence[str]) -> Words:
    return _joined([same(each) for each in parties])


def _joined(parts: Sequence[Words]) -> Words:
    """With commas, and "and" before the last."""

    def language(texts: Sequence[str], last: str) -> str:
        if len(texts) < 2:
            return texts[0]
        return f"{', '.join(texts[:-1])} {last} {texts[-1]}"

    return Words(
        language([each.en for each in parts], "and"), language([each.fr for each in parts], "et")
    )


def _rows(section: StandOffSection) -> list[Row]:
    rows = [Row(same(each.id), sentence(each, section)) for each in section.rules]
    rows += [Row(_named(each), _border(each)) for each in section.borders]
    for marker in section.markers:
        name = choose(marker.name)
        place = same(f"{marker.lat_deg:.7f}, {marker.lng_deg:.7f}")
        rows.append(Row(Words(f"{name.en} ({marker.id})", f"{name.fr} ({marker.id})"), place))
    return rows


def _named(border: Border) -> Words:
    name = choose(border.name)
    return Words(f"{name.en} ({border.id})", f"{name.fr} ({border.id})")


def _border(border: Border) -> Words:
    whose = (
        Words(f"bounds the airspace of {border.party}", f"borde l’espace aérien de {border.party}")
        if border.party
        else Words("is nobody’s", "n’appartient à personne")
    )
    sure = (
        Words(
            f"may be off by {number(border.uncertainty_m).en} m",
            f"peut s’écarter de {number(border.uncertainty_m).fr}\u00a0m",
        )
        if border.uncertainty_m
        else Words("is what is agreed", "est ce qui est convenu")
    )
    return Words(
        f"{border.file}; {whose.en}; {sure.en}", f"{border.file}\u202f; {whose.fr}\u202f; {sure.fr}"
    )


def _faults(section: StandOffSection, document: Document) -> list[RuleFault]:
    found = list(_border_faults(section, document))
    found += _twice("markers", [each.id for each in section.markers])
    found += _twice("rules", [each.id for each in section.rules])
    for position, rule in enumerate(section.rules):
        found += _rule_faults(position, rule, section, document)
    return found


def _twice(table: str, ids: Sequence[str]) -> list[RuleFault]:
    return [
        RuleFault((table, position, "id"), f"{each} is named twice.", "Give each an id of its own.")
        for position, each in enumerate(ids)
        if each in ids[:position]
    ]


def _border_faults(section: StandOffSection, document: Document) -> Iterable[RuleFault]:
    annexes = {each.file for each in document.annexes}
    for position, each in enumerate(section.borders):
        if each.file not in annexes or not each.file.endswith(".geojson"):
            yield RuleFault(
                ("borders", position, "file"),
                f"{each.file} is no annex of this agreement with the ending .geojson.",
                "Name it in [[annexes]], so that it is signed.",
            )
        if each.party is not None and document.party(each.party) is None:
            yield _no_party(("borders", position, "party"), each.party, document)
        if each.id in (OTHER, OWN):
            yield RuleFault(
                ("borders", position, "id"), f"{each.id} means something else.", "Rename it."
            )
    yield from _twice("borders", [each.id for each in section.borders])


def _rule_faults(
    position: int, rule: StandOffRule, section: StandOffSection, document: Document
) -> Iterable[RuleFault]:
    here = ("rules", position)
    for each in rule.parties:
        if document.party(each) is None:
            yield _no_party((*here, "parties"), each, document)
    parties = rule.parties or [each.id for each in document.parties]
    if not any(section.measured_from(rule, each) for each in parties):
        yield RuleFault(
            (*here, "from"),
            f"There is no border {rule.from_} to stay away from.",
            f"Borders: {', '.join(each.id for each in section.borders)}; or other, or own.",
        )
    for name, distance in (("distance", rule.distance), ("exempt_to", rule.exempt_to)):
        if distance is not None and distance.decimetres % 1:
            yield RuleFault(
                (*here, name),
                "A distance is no whole number of decimetres, in which it is judged.",
                "Write it in metres with one decimal at most.",
            )
    if rule.exempt_to is not None and rule.exempt_to.decimetres >= rule.distance.decimetres:
        yield RuleFault(
            (*here, "exempt_to"),
            "Exempt flights may come no closer than others.",
            "Give a distance that is shorter.",
        )
    if rule.exempt_to is not None and not rule.exempt:
        yield RuleFault(
            (*here, "exempt_to"), "No errand is exempt.", "Name errands in exempt, or leave it out."
        )
    for side, limit in rule.stretch.limits if rule.stretch is not None else ():
        if isinstance(limit, str) and section.marker(limit) is None:
            yield RuleFault(
                (*here, "stretch", side),
                f"There is no marker {limit}.",
                f"Markers: {', '.join(each.id for each in section.markers) or 'none'}.",
            )


def _no_party(path: tuple[str | int, ...], party: str, document: Document) -> RuleFault:
    return RuleFault(
        path,
        f"{party} is no party of this agreement.",
        f"Parties: {', '.join(each.id for each in document.parties)}.",
    )


SECTION: Final = RulesSection(
    SECTION_NAME,
    Words("Stand-off: distances from lines", "Distances à garder\u202f: écart aux lignes"),
    "How far aircraft of which class stay from which line, on which stretch of it, and which "
    "errands may come closer when they are announced. A distance is the geodesic one on WGS-84 "
    "from the position to the nearest point of the line, whose edges are straight in longitude and "
    "latitude; where the line bounds an airspace, it is below zero inside. It is judged in whole "
    "decimetres, of a position in 10⁻⁷ degrees, at times in microseconds, so that both sides come "
    "to the same answer: nearer than the agreed distance is too near, equal to it is not. Without "
    "this section: no distances are agreed upon.",
    StandOffSection,
    _rows,
    _faults,
)

register_rules(SECTION)
