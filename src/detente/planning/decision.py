"""Who must give way: the decision table of strategic conflict detection (F3548-21).

Two intents are in conflict when any of their volumes meet in four dimensions, to 1 cm (GEN0500);
`geo.conflicts` decides that. Whether a conflict stands is decided by what is wanted (`Move`), by
the other's priority (`Rank`), and by whether the two met before; `TABLE` says how, row by row, and
each row names its requirement and says it in English and in French.

Of a USS that is declared down, what it told last counts as long as it is current. If nothing usable
is known, its planned intents rank below everything (SCD0005), and those that may be flying above
everything (SCD0010): where they are is not known, so whoever is near them meets them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from detente.geo import Circle, Encounter, Prepared, Volume4D, conflicting_pairs, prepare
from detente.planning import known
from detente.planning.faults import STATE_NAMES
from detente.planning.intents import (
    HIGHEST,
    LOWEST,
    Action,
    Conflict,
    Neighbour,
    Order,
    PlanningRules,
    State,
)
from detente.words import Words

FLYING: Final = frozenset({State.ACTIVATED, State.NONCONFORMING, State.CONTINGENT})


class Move(StrEnum):
    """What an order does, as far as the others are concerned."""

    PLAN = "plan"
    MODIFY_PLANNED = "modify-planned"
    ACTIVATE = "activate"
    MODIFY_ACTIVATED = "modify-activated"
    """Also: back from Nonconforming to Activated. The aircraft is in the air."""
    OFF_NOMINAL = "off-nominal"


class Rank(StrEnum):
    """The other's priority against ours."""

    HIGHER = "higher"
    EQUAL = "equal"
    EQUAL_PERMITTED = "equal-permitted"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Ruling:
    """One cell of the table.

    Attributes:
        allowed: whether the conflict may stand.
        rule: the requirement; "" where none is known to speak of it.
        reason: why, with places for `p` and `q`, the priorities.
    """

    allowed: bool
    rule: str
    reason: Words


_MOVES: Final[Mapping[Move, Words]] = {
    Move.PLAN: Words("a new plan", "un nouveau plan"),
    Move.MODIFY_PLANNED: Words("a changed plan", "un plan modifié"),
    Move.ACTIVATE: Words("a flight that begins", "un vol qui commence"),
    Move.MODIFY_ACTIVATED: Words(
        "a flight that changes its way in the air", "un vol qui change de route en l’air"
    ),
}
_RULES: Final[Mapping[tuple[Move, Rank], str]] = {
    (Move.PLAN, Rank.HIGHER): "SCD0015",
    (Move.MODIFY_PLANNED, Rank.HIGHER): "SCD0020",
    (Move.ACTIVATE, Rank.HIGHER): "SCD0025",
    (Move.MODIFY_ACTIVATED, Rank.HIGHER): "SCD0030",
    (Move.PLAN, Rank.EQUAL): "SCD0035",
    (Move.MODIFY_PLANNED, Rank.EQUAL): "SCD0040",
    (Move.ACTIVATE, Rank.EQUAL): "SCD0045",
    (Move.MODIFY_ACTIVATED, Rank.EQUAL): "SCD0050",
}


def _refusal(move: Move, rank: Rank) -> Ruling:
    what = _MOVES[move]
    if rank is Rank.HIGHER:
        en = f"the other has the higher priority ({{q}} over {{p}}), so {what.en} must avoid it"
        fr = (
            f"l’autre a la priorité la plus haute ({{q}} contre {{p}})\u202f: {what.fr} doit "
            "l’éviter"
        )
    else:
        en = (
            f"both have priority {{p}}, at which no two may meet, so {what.en} must avoid what "
            "was there first"
        )
        fr = (
            f"les deux ont la priorité {{p}}, à laquelle nul ne peut en rencontrer un autre"
            f"\u202f: {what.fr} doit éviter ce qui était là avant"
        )
    if move is Move.MODIFY_ACTIVATED:
        en += ". What stood before stays"
        fr += ". Ce qui était en vigueur le reste"
    return Ruling(False, _RULES[move, rank], Words(en, fr))


_PERMITTED: Final = Ruling(
    True,
    "",
    Words(
        "both have priority {p}, at which the rules let two meet",
        "les deux ont la priorité {p}, à laquelle les règles admettent une rencontre",
    ),
)
_LOWER: Final = Ruling(
    True,
    "",
    Words(
        "the other has the lower priority ({q} under {p}) and must avoid this one",
        "l’autre a la priorité la plus basse ({q} sous {p}) et doit éviter celle-ci",
    ),
)
_OFF_NOMINAL: Final = Ruling(
    True,
    "SCD0100",
    Words(
        "who is no longer flying as planned must say so, whomever it meets",
        "qui ne vole plus comme prévu doit le dire, qui que ce soit qu’il rencontre",
    ),
)


def _existing(rank: Rank) -> Ruling:
    return Ruling(
        True,
        _RULES[Move.MODIFY_ACTIVATED, rank],
        Words(
            "both were in the air and met before this change: it may lead out of the conflict",
            "les deux étaient en l’air et se rencontraient déjà avant ce changement, qui peut "
            "mener hors du conflit",
        ),
    )


TABLE: Final[Mapping[tuple[Move, Rank, bool], Ruling]] = {
    **{
        (move, rank, existed): _refusal(move, rank)
        for move, rank in _RULES
        for existed in (False, True)
    },
    **{(Move.MODIFY_ACTIVATED, rank, True): _existing(rank) for rank in (Rank.HIGHER, Rank.EQUAL)},
    **{
        (move, rank, existed): ruling
        for move in _MOVES
        for rank, ruling in ((Rank.EQUAL_PERMITTED, _PERMITTED), (Rank.LOWER, _LOWER))
        for existed in (False, True)
    },
    **{
        (Move.OFF_NOMINAL, rank, existed): _OFF_NOMINAL
        for rank in Rank
        for existed in (False, True)
    },
}
"""By move, the other's rank, and whether both were in the air and met before the change."""

_UNREACHABLE_PLANNED: Final = Ruling(
    True,
    "SCD0005",
    Words(
        "its USS is down and tells nothing of it; only planned, it ranks below all others",
        "son USS est hors service et n’en dit rien\u202f; simplement prévue, elle passe après "
        "toutes les autres",
    ),
)
_UNREACHABLE_FLYING: Final = Ruling(
    False,
    "SCD0010",
    Words(
        "its USS is down and tells nothing of it; it may be flying and ranks above all others",
        "son USS est hors service et n’en dit rien\u202f; elle vole peut-être et passe avant "
        "toutes les autres",
    ),
)
_UNKNOWN: Final = Ruling(
    False,
    "",
    Words(
        "where it will be is not known, so it cannot be said to be out of the way",
        "on ne sait où elle se trouvera\u202f: on ne peut dire qu’elle ne gêne pas",
    ),
)


def move_of(order: Order) -> Move:
    """What an order does, as far as the others are concerned."""
    if not order.state.nominal or order.action is Action.END:
        return Move.OFF_NOMINAL
    before = None if order.before is None else order.before.state
    if before in FLYING:
        return Move.MODIFY_ACTIVATED
    if order.state is State.ACTIVATED:
        return Move.ACTIVATE
    return Move.PLAN if before is None else Move.MODIFY_PLANNED


def priority_of(neighbour: Neighbour) -> int:
    """As it counts: that of an unreachable one is not what it may have said."""
    if neighbour.details is not None:
        return neighbour.details.priority
    return LOWEST if State(neighbour.reference.state) is State.ACCEPTED else HIGHEST


def ruling(order: Order, neighbour: Neighbour, rules: PlanningRules, *, existed: bool) -> Ruling:
    """What holds if an order meets a neighbour.

    Args:
        existed: whether they met before this change. It counts only where the other is in the air.
    """
    move = move_of(order)
    if move is Move.OFF_NOMINAL:
        return _OFF_NOMINAL
    if neighbour.details is None:
        if not neighbour.down:
            return _UNKNOWN
        planned = State(neighbour.reference.state) is State.ACCEPTED
        return _UNREACHABLE_PLANNED if planned else _UNREACHABLE_FLYING
    rank = _rank(order.details.priority, neighbour.details.priority, rules)
    flying = State(neighbour.reference.state) in FLYING
    return TABLE[move, rank, existed and flying]


def _rank(p: int, q: int, rules: PlanningRules) -> Rank:
    if q > p:
        return Rank.HIGHER
    if q < p:
        return Rank.LOWER
    return Rank.EQUAL_PERMITTED if p in rules.same_priority_allowed else Rank.EQUAL


def refused_if_met(
    order: Order, neighbour: Neighbour, rules: PlanningRules, *, existed: bool
) -> bool:
    """Whether the order would be refused if it met the neighbour; volumes are not looked at.

    Args:
        existed: whether they met before this change.
    """
    return not ruling(order, neighbour, rules, existed=existed).allowed


def decide(
    order: Order,
    neighbours: Sequence[Neighbour],
    rules: PlanningRules,
    prepared: Callable[[Neighbour], Prepared] | None = None,
) -> tuple[Conflict, ...]:
    """Every neighbour that the order meets, and whether it may: those that refuse it first.

    Args:
        order: with valid volumes.
        neighbours: what is known of others, our own other intents among them. One that stands at
            several exchanges counts once. One without details is taken to be met.
        rules: the parties'.
        prepared: gives a neighbour's volumes laid out (`Neighbourhood.prepared`); by default they
            are laid out here.

    Raises:
        OutlineTooLarge: when outlines reach too far to be compared.
    """
    volumes = order.details.all_volumes
    if not volumes or order.action is Action.END:
        return ()
    mine = prepare(volumes)
    lay_out = prepared or known.lay_out
    others = [each for each in neighbours if each.id != order.id]
    theirs = [lay_out(each) for each in others]
    met = known.met_by(mine, theirs)
    before = order.before
    stood = None if before is None or before.ended else prepare(before.details.all_volumes)
    found: dict[str, Conflict] = {}
    for i, neighbour in enumerate(others):
        if neighbour.details is not None and i not in met:
            continue
        existed = i in met and stood is not None and _met_before(stood, theirs[i])
        conflict = _conflict(order, neighbour, rules, met.get(i, ()), existed=existed)
        earlier = found.get(neighbour.id)
        if earlier is None or (earlier.allowed and not conflict.allowed):
            found[neighbour.id] = conflict
    return tuple(sorted(found.values(), key=lambda each: each.allowed))


def _met_before(stood: Prepared, theirs: Prepared) -> bool:
    return len(conflicting_pairs(stood, theirs)[0]) > 0


def _conflict(
    order: Order,
    neighbour: Neighbour,
    rules: PlanningRules,
    encounters: Sequence[Encounter],
    *,
    existed: bool,
) -> Conflict:
    held = ruling(order, neighbour, rules, existed=existed)
    reference = neighbour.reference
    starts = [e.time_start_us for e in encounters if e.time_start_us is not None]
    ends = [e.time_end_us for e in encounters if e.time_end_us is not None]
    lows = [e.altitude_lower_m for e in encounters if e.altitude_lower_m is not None]
    highs = [e.altitude_upper_m for e in encounters if e.altitude_upper_m is not None]
    lat, lng = _somewhere(order.details.all_volumes)
    if encounters:
        lat, lng = encounters[0].lat_deg, encounters[0].lng_deg
    priority = priority_of(neighbour)
    return Conflict(
        with_id=reference.id,
        manager=reference.manager,
        state=State(reference.state),
        priority=priority,
        allowed=held.allowed,
        existed=existed,
        rule=held.rule,
        reason=_sentence(order, neighbour, held),
        time_start_us=min(starts, default=None),
        time_end_us=max(ends, default=None),
        altitude_lower_m=min(lows, default=None),
        altitude_upper_m=max(highs, default=None),
        lat_deg=lat,
        lng_deg=lng,
        pairs=tuple((e.first, e.second) for e in encounters),
        source=neighbour.source,
        signed_by=neighbour.signed_by,
    )


def _sentence(order: Order, neighbour: Neighbour, held: Ruling) -> Words:
    reference = neighbour.reference
    state = STATE_NAMES[State(reference.state)]
    p, q = order.details.priority, priority_of(neighbour)
    rule = f" ({held.rule})" if held.rule else ""
    met = (
        Words("It meets", "Elle rencontre")
        if neighbour.details is not None
        else Words("It comes near", "Elle approche")
    )
    verdict = (
        Words("That may stand", "C’est admis")
        if held.allowed
        else Words("That may not be", "Ce n’est pas admis")
    )
    return Words(
        f"{met.en} the intent {reference.id} of {reference.manager}, {state.en}. {verdict.en}: "
        f"{held.reason.en.format(p=p, q=q)}{rule}.",
        f"{met.fr} l’intention {reference.id} de {reference.manager}, {state.fr}. {verdict.fr}"
        f"\u202f: {held.reason.fr.format(p=p, q=q)}{rule}.",
    )


def _somewhere(volumes: Sequence[Volume4D]) -> tuple[float, float]:
    outline = volumes[0].outline
    if isinstance(outline, Circle):
        return outline.lat_deg, outline.lng_deg
    return outline.vertices[0]


def table_in_markdown() -> str:
    """The table, for the manual."""
    lines = [
        "| what is wanted | the other's priority | both in the air and met before | | rule |",
        "|---|---|---|---|---|",
    ]
    for (move, rank, existed), held in TABLE.items():
        twin = TABLE[move, rank, not existed]
        if twin == held and existed:
            continue
        before = "either" if twin == held else ("yes" if existed else "no")
        verdict = "allowed" if held.allowed else "refused"
        lines.append(f"| {move} | {rank} | {before} | {verdict} | {held.rule or '–'} |")
    for state, held in (("Accepted", _UNREACHABLE_PLANNED), ("in the air", _UNREACHABLE_FLYING)):
        verdict = "allowed" if held.allowed else "refused"
        lines.append(
            f"| any but off-nominal | unknown, USS down, {state} | either | {verdict} "
            f"| {held.rule} |"
        )
    return "\n".join(lines) + "\n"
