"""Plans as officers read them: tables, how an attempt ended, ways out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from detente.cli.plan_answers import Conflict, Fault, Outcome, Plan, Said, WayOut
from detente.errors import one_line
from detente.words import Language, Words

ID_END: Final = 8
OPEN: Final = Words("open", "non borné")
SURE: Final = Words("File it?", "Déposer\u202f?")
END: Final = Words("End {name}?", "Mettre fin à {name}\u202f?")
CHANGE: Final = Words("Change it?", "Modifier\u202f?")
FILE_THIS: Final = Words("File this one?", "Déposer celle-ci\u202f?")
NO_WAY: Final = Words(
    "No way out was found within the limits.", "Aucune issue n’a été trouvée dans les limites."
)
NOTHING: Final = Words("There is none.", "Il n’y en a pas.")
WAYS_OUT: Final = Words("Ways out, the cheapest first:", "Issues, la moins coûteuse d’abord\u202f:")
_RESULTS: Final = {
    "refused": Words("REFUSED, nothing was filed.", "REFUSÉ, rien n’a été déposé."),
    "failed": Words("FAILED, nothing was published.", "ÉCHEC, rien n’a été publié."),
}
_UNCHANGED: Final = Words("REFUSED, nothing was changed.", "REFUSÉ, rien n’a été modifié.")
_STANDS: Final = Words("may stand", "peut subsister")
_SIGNED: Final = Words("signed by", "signé par")
_STATES: Final = {
    "Accepted": Words("accepted", "accepté"),
    "Activated": Words("activated", "activé"),
    "Nonconforming": Words("nonconforming", "non conforme"),
    "Contingent": Words("contingent", "en urgence"),
    "ended": Words("ended", "terminé"),
}
CONSTRAINTS_MAX: Final = 10
"""Constraints that are named with an outcome."""
_CONSTRAINTS: Final = Words(
    "constraints near it, to be minded: {ids} (`detente constraint show`)",
    "contraintes proches, à prendre en compte\u202f: {ids} (`detente constraint show`)",
)
_COUNTS: Final = Words(
    "others compared: {others}, times filed: {rounds}, to be told: {notices}",
    "autres comparés\u202f: {others}, dépôts\u202f: {rounds}, à aviser\u202f: {notices}",
)


def said(text: Said, language: Language) -> str:
    """A text of a node's, in a language, on one line."""
    return one_line(text.fr if language == "fr" and text.fr else text.en)


def state_words(state: str, language: Language) -> str:
    """A state in words; as it stands if it is not known."""
    words = _STATES.get(state)
    return one_line(state) if words is None else words.to(language)


def moment(at: datetime | None, language: Language) -> str:
    """A time to the second in UTC."""
    return OPEN.to(language) if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def span(since: datetime | None, until: datetime | None, language: Language) -> str:
    """From then to then; the day is said once if it is the same."""
    first, last = moment(since, language), moment(until, language)
    return f"{first} – {last[11:] if last[:11] == first[:11] else last}"


def metres(value: float | None, language: Language) -> str:
    """A height in whole metres."""
    return OPEN.to(language) if value is None else f"{value:.0f}"


def plan_table(plans: Sequence[Plan], language: Language) -> Table:
    """Plans, one a row."""
    headings = Words(
        "state|from – until (UTC)|prio|volumes|name|ID", "état|de – à (UTC)|prio|volumes|nom|ID"
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings.to(language).split("|")):
        table.add_column(
            heading, justify="right" if number in (2, 3) else "left", no_wrap=number != 4
        )
    for each in plans:
        since, until = times_of(each)
        table.add_row(
            state_words(each.shown_state, language),
            span(since, until, language),
            str(each.priority),
            str(len(each.volumes) + len(each.off_nominal_volumes)),
            Text(one_line(each.name)),
            Text(each.id[-ID_END:]),
        )
    return table


def times_of(plan: Plan) -> tuple[datetime | None, datetime | None]:
    """When it begins and ends."""
    volumes = plan.volumes + plan.off_nominal_volumes
    if plan.time_start is not None or plan.time_end is not None or not volumes:
        return plan.time_start, plan.time_end
    starts = [each.time_start.value for each in volumes if each.time_start is not None]
    ends = [each.time_end.value for each in volumes if each.time_end is not None]
    return min(starts, default=None), max(ends, default=None)


def plan_lines(plan: Plan, language: Language) -> list[str]:
    """A plan in full, but for its volumes."""
    since, until = times_of(plan)
    words = Words(
        "plan|state|time|priority|volumes|operator|aircraft|version|exchange",
        "plan|état|temps|priorité|volumes|exploitant|aéronef|version|échange",
    )
    plan_, state, time_, priority, volumes, operator, aircraft, version, exchange = words.to(
        language
    ).split("|")
    count = f"{len(plan.volumes)}"
    if plan.off_nominal_volumes:
        count += f" + {len(plan.off_nominal_volumes)}"
    rows = [
        (plan_, f"{plan.id}  {plan.name}"),
        (state, state_words(plan.shown_state, language)),
        (time_, span(since, until, language)),
        (priority, str(plan.priority)),
        (volumes, count),
    ]
    if plan.operator:
        rows.append((operator, plan.operator))
    if plan.aircraft:
        rows.append((aircraft, plan.aircraft))
    rows.append((version, str(plan.version)))
    rows += [(exchange, f"{each.exchange}  {each.ovn}") for each in plan.filed]
    return [f"{name:11} {one_line(value)}" for name, value in rows]


def outcome_lines(outcome: Outcome, language: Language) -> list[str]:
    """How an attempt ended, and why."""
    if outcome.result == "done":
        state = "" if outcome.plan is None else state_words(outcome.plan.shown_state, language)
        lines = [f"{outcome.id}  {state}"]
    else:
        lines = [_not_done(outcome).to(language)]
    lines += [fault_line(each, language) for each in outcome.faults]
    lines += [line for each in outcome.conflicts for line in conflict_lines(each, language)]
    if outcome.constraints:
        near = ", ".join(f"…{each[-ID_END:]}" for each in outcome.constraints[:CONSTRAINTS_MAX])
        if len(outcome.constraints) > CONSTRAINTS_MAX:
            near += " …"
        lines.append(one_line(f"  ! {_CONSTRAINTS.to(language).format(ids=near)}"))
    counts = _COUNTS.to(language).format(
        others=outcome.neighbours, rounds=outcome.rounds, notices=outcome.notices
    )
    return [*lines, f"  {counts}"]


def _not_done(outcome: Outcome) -> Words:
    if outcome.result == "refused" and outcome.action not in ("", "plan"):
        return _UNCHANGED
    return _RESULTS[outcome.result]


def fault_line(fault: Fault, language: Language) -> str:
    """Why a request cannot be."""
    words = said(fault.words, language)
    rule = f" ({fault.rule})" if fault.rule and fault.rule not in words else ""
    where = f"{fault.where}: " if fault.where else ""
    return one_line(f"  ✗ {where}{words}{rule}")


def conflict_lines(conflict: Conflict, language: Language) -> list[str]:
    """Whom a plan meets, where, when, and by which rule it may be or not."""
    mark = "·" if conflict.allowed else "✗"
    words = said(conflict.words, language)
    # The node's sentence may name the rule by itself.
    rule = f" ({conflict.rule})" if conflict.rule and conflict.rule not in words else ""
    stands = f" [{_STANDS.to(language)}]" if conflict.allowed else ""
    where = (
        f"{conflict.lat:.4f} {conflict.lng:.4f}  "
        f"{metres(conflict.altitude_lower_m, language)}–"
        f"{metres(conflict.altitude_upper_m, language)} m  "
        f"{span(conflict.time_start, conflict.time_end, language)}"
    )
    who = (
        f"{conflict.manager} …{conflict.with_id[-ID_END:]} {state_words(conflict.state, language)}"
    )
    signed = f"  {_SIGNED.to(language)} {conflict.signed_by}" if conflict.signed_by else ""
    return [
        one_line(f"  {mark} {who}{stands}  {where}"),
        one_line(f"      {words}{rule}{signed}"),
    ]


def ways_table(ways: Sequence[WayOut], language: Language) -> Table:
    """Ways out, numbered from 1, the cheapest first."""
    headings = Words(
        "no|what|later s|higher m|aside m|longer m|cost",
        "n°|quoi|retard s|plus haut m|de côté m|plus long m|coût",
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings.to(language).split("|")):
        table.add_column(heading, justify="left" if number == 1 else "right")
    for number, each in enumerate(ways, start=1):
        table.add_row(
            str(number),
            Text(said(each.words, language) or each.kind),
            f"{each.delay_s:+.0f}",
            f"{each.climb_m:+.0f}",
            f"{each.shift_m:.0f}",
            f"{each.extra_distance_m:.0f}",
            f"{each.cost:.1f}",
        )
    return table
