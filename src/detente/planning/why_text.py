"""Why an order was accepted or refused, for people: one sentence, then all of it, line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from detente.planning.entry_forms import instant_of
from detente.planning.intents import Action, Conflict, Neighbour, Outcome, Result
from detente.planning.why_forms import Considered, Rules, Source, Why
from detente.words import NARROW, Words, listed, moment, number, quantity, same

_DONE: Final[Mapping[Action, Words]] = {
    Action.PLAN: Words("accepted", "acceptée"),
    Action.MODIFY: Words("changed", "modifiée"),
    Action.ACTIVATE: Words("activated", "activée"),
    Action.DECLARE_NONCONFORMING: Words(
        "declared nonconforming", "déclarée hors de ses volumes (Nonconforming)"
    ),
    Action.DECLARE_CONTINGENT: Words(
        "declared contingent", "déclarée en situation d’urgence (Contingent)"
    ),
    Action.CONFORM: Words("back within its volumes", "de retour dans ses volumes"),
    Action.END: Words("ended", "terminée"),
}
_OTHER: Final = Words("other intent", "autre intention")
_OTHERS: Final = Words("other intents", "autres intentions")


# --- one sentence ------------------------------------------------------------------------------


def decided_words(outcome: Outcome, considered: Sequence[Considered]) -> Words:
    """In one sentence, what decided."""
    if outcome.result is Result.DONE:
        return _why_done(outcome, considered)
    refused = outcome.result is Result.REFUSED
    verdict = Words("Refused", "Refusée") if refused else Words("Failed", "Échouée")
    if outcome.refusing:
        return _joined(verdict, meeting_words(outcome.refusing[0]), outcome.refusing[0].rule)
    if outcome.faults:
        return _joined(verdict, outcome.faults[0].message, outcome.faults[0].rule)
    unknown = [each for each in outcome.neighbours if each.problem is not None]
    if unknown:
        return _joined(verdict, _unknown(unknown[0]), "")
    return _joined(verdict, Words("nothing says why.", "rien ne dit pourquoi."), "")


def _why_done(outcome: Outcome, considered: Sequence[Considered]) -> Words:
    done = _DONE[outcome.order.action]
    count = quantity(len(considered), _OTHER, _OTHERS)
    allowed = len(outcome.conflicts)
    if outcome.order.action is Action.END:
        return Words(
            f"{_capital(done.en)}: an end is in nobody's way, so that nobody else counted.",
            f"{_capital(done.fr)}{NARROW}: une fin ne gêne personne, nulle autre n’a compté.",
        )
    if not considered:
        return Words(
            f"{_capital(done.en)}: no other intent is near.",
            f"{_capital(done.fr)}{NARROW}: aucune autre intention n’est à proximité.",
        )
    if not allowed:
        gaps = [each.nearest.horizontal_m for each in considered if each.nearest is not None]
        beside = [gap for gap in gaps if gap is not None]
        en = f"{_capital(done.en)}: it meets none of {count.en}"
        fr = f"{_capital(done.fr)}{NARROW}: elle n’en rencontre aucune sur {count.fr}"
        if beside:
            gap = number(min(beside), 1)
            en += f"; the nearest at its time and altitude is {gap.en} m away"
            fr += f"{NARROW}; la plus proche, à son heure et à son altitude, est à {gap.fr} m"
        return Words(f"{en}.", f"{fr}.")
    first = outcome.conflicts[0]
    what = meeting_words(first)
    return Words(
        f"{_capital(done.en)} all the same: {what.en}",
        f"{_capital(done.fr)} malgré tout{NARROW}: {what.fr}",
    )


def meeting_words(conflict: Conflict) -> Words:
    """Whom an order meets, where, and what the rules say of it."""
    place = f"{conflict.lat_deg:.5f}, {conflict.lng_deg:.5f}"
    en = f"it meets the intent {conflict.with_id} of {conflict.manager} ({conflict.state})"
    fr = f"elle rencontre l’intention {conflict.with_id} de {conflict.manager} ({conflict.state})"
    if conflict.time_start_us is not None and conflict.time_end_us is not None:
        since = moment(instant_of(conflict.time_start_us))
        until = moment(instant_of(conflict.time_end_us))
        en += f" from {since.en} to {until.en}"
        fr += f" du {since.fr} au {until.fr}"
    if conflict.altitude_lower_m is not None and conflict.altitude_upper_m is not None:
        low, high = number(conflict.altitude_lower_m), number(conflict.altitude_upper_m)
        en += f" between {low.en} and {high.en} m"
        fr += f" entre {low.fr} et {high.fr} m"
    return Words(
        f"{en}, near {place}; {conflict.reason.en}.",
        f"{fr}, près de {place}{NARROW}; {conflict.reason.fr}.",
    )


def _unknown(neighbour: Neighbour) -> Words:
    of = neighbour.reference
    said = neighbour.problem or same("")
    return Words(
        f"the intent {of.id} of {of.manager} could not be learnt: {said.en}",
        f"l’intention {of.id} de {of.manager} n’a pu être connue{NARROW}: {said.fr}",
    )


def _joined(verdict: Words, what: Words, rule: str) -> Words:
    by = f" ({rule})" if rule else ""
    return Words(f"{verdict.en}{by}: {what.en}", f"{verdict.fr}{by}{NARROW}: {what.fr}")


# --- all of it for people ------------------------------------------------------------------------


def lines_of(found: Why, outcome: Outcome, decided: Words) -> list[Words]:
    """All of it, line by line."""
    inputs = found.inputs
    lines = [decided]
    name = f" “{found.name}”" if found.name else ""
    nom = f" «{NARROW}{found.name}{NARROW}»" if found.name else ""
    volumes = quantity(inputs.volumes, Words("volume", "volume"), Words("volumes", "volumes"))
    points = quantity(inputs.vertices, Words("vertex", "sommet"), Words("vertices", "sommets"))
    lines.append(
        Words(
            f"Asked for: {found.action} of{name} {found.intent}, given {inputs.given}; "
            f"{volumes.en}, {points.en}, priority {inputs.priority}, {inputs.time_start} to "
            f"{inputs.time_end}.",
            f"Demandé{NARROW}: {found.action} de{nom} {found.intent}, le {inputs.given}{NARROW}; "
            f"{volumes.fr}, {points.fr}, priorité {inputs.priority}, de {inputs.time_start} à "
            f"{inputs.time_end}.",
        )
    )
    if found.rules is not None:
        lines.append(_rules_line(found.rules))
    lines += [
        _bullet(_joined(Words("Fault", "Défaut"), each.message, each.rule))
        for each in outcome.faults
    ]
    for conflict, met in zip(outcome.conflicts, found.conflicts, strict=True):
        verdict = Words("May stand", "Admise") if met.allowed else Words("Decides", "Décide")
        lines.append(_bullet(_joined(verdict, meeting_words(conflict), met.rule)))
        lines.append(_source_line(met.source))
    lines += _considered_lines(found.considered)
    if found.constraints:
        of = listed([same(each) for each in found.constraints])
        lines.append(Words(f"Constraints: {of.en}.", f"Contraintes{NARROW}: {of.fr}."))
    proof = found.attempt
    lines.append(
        Words(
            f"All of it: entry {proof.index} of our record, payload {proof.sha256}, signed by "
            f"{proof.author}.",
            f"Le tout{NARROW}: écriture {proof.index} de notre registre, contenu {proof.sha256}, "
            f"signée par {proof.author}.",
        )
    )
    return lines


def _rules_line(rules: Rules) -> Words:
    levels = ", ".join(map(str, rules.same_priority_allowed))
    equal = Words("no two of equal priority may meet", "à priorité égale, nulle rencontre")
    if levels:
        equal = Words(
            f"two of equal priority may meet at {levels}",
            f"à priorité égale, rencontre admise à {levels}",
        )
    return Words(
        f"Rules: {equal.en}; at most {rules.horizon_days} days ahead, {rules.vertices_max} "
        "vertices.",
        f"Règles{NARROW}: {equal.fr}{NARROW}; au plus {rules.horizon_days} jours d’avance, "
        f"{rules.vertices_max} sommets.",
    )


def _considered_lines(considered: Sequence[Considered]) -> list[Words]:
    lines = []
    for each in considered:
        if each.met:
            continue
        whose = f"{each.id} {each.manager} {each.state} v{each.version}"
        if each.problem is not None:
            lines.append(
                _bullet(
                    Words(
                        f"Not known: {whose}: {each.problem.en}",
                        f"Inconnue{NARROW}: {whose}{NARROW}: {each.problem.fr}",
                    )
                )
            )
            continue
        gap = _gap(each)
        lines.append(
            _bullet(
                Words(f"Not met: {whose}{gap.en}.", f"Non rencontrée{NARROW}: {whose}{gap.fr}.")
            )
        )
    return lines


def _gap(each: Considered) -> Words:
    nearest_of = each.nearest
    if nearest_of is None:
        return same("")
    parts = []
    if nearest_of.horizontal_m is not None:
        gap = number(nearest_of.horizontal_m, 1)
        parts.append(Words(f"{gap.en} m beside", f"{gap.fr} m de côté"))
    if nearest_of.vertical_m is not None:
        gap = number(nearest_of.vertical_m, 1)
        parts.append(Words(f"{gap.en} m in altitude", f"{gap.fr} m en altitude"))
    if nearest_of.time_s is not None:
        gap = number(nearest_of.time_s)
        parts.append(Words(f"{gap.en} s in time", f"{gap.fr} s en temps"))
    if not parts:
        return same("")
    all_of = listed(parts)
    return Words(f" ({all_of.en})", f" ({all_of.fr})")


def _source_line(source: Source | None) -> Words:
    if source is None:
        return Words(
            "    what the other has said is in no entry",
            "    ce que l’autre a dit n’est dans aucune écriture",
        )
    entry = source.entry
    en = f"    told by {source.url} at {source.at}: entry {entry.index}, payload {entry.sha256}"
    fr = f"    dit par {source.url} à {source.at}{NARROW}: écriture {entry.index}, contenu "
    fr += entry.sha256
    if source.signature is None:
        return Words(f"{en}, not signed by the other", f"{fr}, non signé par l’autre")
    key = source.signature.key
    return Words(f"{en}, signed by {key}", f"{fr}, signé par {key}")


def _bullet(words: Words) -> Words:
    return Words(f"  {words.en}", f"  {words.fr}")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
