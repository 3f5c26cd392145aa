"""Constraints as officers read them: what was understood, tables, what became of an order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal

from rich import box
from rich.table import Table
from rich.text import Text

from detente.cli.constraint_answers import Constraint, Outcome
from detente.cli.plan_list import volume_line
from detente.cli.plan_text import ID_END, fault_line, span
from detente.errors import one_line
from detente.f3548 import types as wire
from detente.words import Language, Words

if TYPE_CHECKING:
    from detente.cli.constraint_reading import ReadConstraints
    from detente.f3548 import uss_types as uss
    from detente.f3548.uss_types import GeoZone
    from detente.interchange import Problem

Action = Literal["published", "changed", "ended"]

SURE: Final = Words("Publish it?", "Publier\u202f?")
SURE_ALL: Final = Words("Publish these {count}?", "Publier ces {count}\u202f?")
CHANGE: Final = Words("Change it?", "Modifier\u202f?")
END: Final = Words("End {name}?", "Mettre fin à {name}\u202f?")
STANDS: Final = Words(
    "stands already as …{id}: modify that one, or give --again",
    "existe déjà sous …{id}\u202f: modifiez celle-là, ou donnez --again",
)
ALL_STAND: Final = Words(
    "All of them stand already: nothing was published.",
    "Toutes existent déjà\u202f: rien n’a été publié.",
)
UNSETTLED: Final = Words(
    "Orders of which it is not known yet what the exchanges have made of them: {count}.",
    "Ordres dont on ne sait pas encore ce que les échanges ont fait\u202f: {count}.",
)
VOLUMES_MAX: Final = 60
"""Volumes of a file that are shown; the rest are counted."""

_DONE: Final = {
    "published": Words("published", "publiée"),
    "changed": Words("changed", "modifiée"),
    "ended": Words("ended", "terminée"),
}
_NOT_DONE: Final = {
    "refused": Words("REFUSED, nothing was changed.", "REFUSÉ, rien n’a été modifié."),
    "failed": Words("FAILED.", "ÉCHEC."),
}
_TOLD: Final = Words("to be told: {count}", "à aviser\u202f: {count}")
_OPEN: Final = Words(
    "Not known yet what became of it at: {names}. They are asked until they answer; "
    "`detente constraint show` says how it stands.",
    "On ne sait pas encore ce qu’il en est à\u202f: {names}. La question est posée jusqu’à la "
    "réponse\u202f; `detente constraint show` dit où l’on en est.",
)
_COUNTS: Final = Words(
    "{name}: {format}, constraints: {constraints}, volumes: {volumes}",
    "{name}\u202f: {format}, contraintes\u202f: {constraints}, volumes\u202f: {volumes}",
)
_LINE: Final = Words("line {line}", "ligne {line}")
_MORE: Final = Words("… and {count} more of these", "… et {count} autres")


def zone_text(zone: GeoZone) -> str:
    """A zone's identifier, where it is valid, and what it says."""
    reasons = ", ".join(zone.reason or ())
    parts = (zone.identifier, zone.country, zone.restriction, zone.type, reasons)
    return "  ".join(each for each in parts if each)


def understood_lines(found: ReadConstraints, language: Language) -> Iterator[str]:
    """What was understood of a file: each constraint with its volumes, then problems, notes and
    what the conversion rests on."""
    shown = 0
    for number, each in enumerate(found.constraints, start=1):
        if shown >= VOLUMES_MAX:
            rest = len(found.constraints) - number + 1
            yield f"  {_MORE.to(language).format(count=rest)}"
            break
        where = _LINE.to(language).format(line=each.line) if each.line else ""
        what = "" if each.geozone is None else zone_text(each.geozone)
        parts = (f"{number:4}", where, what, each.name)
        yield one_line("  ".join(part for part in parts if part))
        room = VOLUMES_MAX - shown
        yield from _volume_lines(each.on_wire, language, room)
        shown += len(each.volumes)
    yield one_line(
        _COUNTS.to(language).format(
            name=found.name,
            format=found.format,
            constraints=len(found.constraints),
            volumes=sum(len(each.volumes) for each in found.constraints),
        )
    )
    for problem in found.problems:
        yield from _told("✗", problem, language)
    for note in found.notes:
        yield from _told("·", note, language)
    if found.left_off:
        yield f"  {_MORE.to(language).format(count=found.left_off)}"
    for words in found.assumptions:
        yield one_line(f"  = {words.to(language)}")


def _volume_lines(volumes: Sequence[wire.Volume4D], language: Language, room: int) -> Iterator[str]:
    for each in volumes[:room]:
        yield one_line(f"        {volume_line(each, language)}")
    if len(volumes) > room:
        yield f"        {_MORE.to(language).format(count=len(volumes) - room)}"


def _told(mark: str, problem: Problem, language: Language) -> Iterator[str]:
    where = f"{_LINE.to(language).format(line=problem.line)}: " if problem.line else ""
    part = f" [{problem.part}]" if problem.part else ""
    yield one_line(f"  {mark} {where}{problem.message.to(language)}{part}")
    if problem.remedy is not None:
        yield one_line(f"      {problem.remedy.to(language)}")


def constraints_table(found: Sequence[Constraint], language: Language) -> Table:
    """Constraints, one a row."""
    headings = Words(
        "who|from – until (UTC)|volumes|what|name|ID",
        "qui|de – à (UTC)|volumes|quoi|nom|ID",
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings.to(language).split("|")):
        table.add_column(
            heading, justify="right" if number == 2 else "left", no_wrap=number not in (3, 4)
        )
    for each in found:
        zone = each.details.geozone
        table.add_row(
            Text(one_line(_who(each, language))),
            span(*each.times, language),
            str(len(each.details.volumes)),
            Text(one_line(each.details.type or "" if zone is None else _short(zone))),
            Text(one_line("" if zone is None else zone.name or "")),
            Text(each.id[-ID_END:]),
        )
    return table


def _short(zone: GeoZone) -> str:
    return f"{zone.identifier} {zone.country} {zone.restriction}"


def _who(constraint: Constraint, language: Language) -> str:
    if not constraint.ours:
        return constraint.manager
    words = Words("ours", "nôtre")
    ended = Words("ours, ended", "nôtre, terminée")
    return (ended if constraint.ended else words).to(language)


def constraint_lines(found: Constraint, language: Language) -> Iterator[str]:
    """A constraint in full."""
    words = Words(
        "constraint|who|time|type|zone|message|authority|provider|version|exchange",
        "contrainte|qui|temps|type|zone|message|autorité|prestataire|version|échange",
    )
    names = words.to(language).split("|")
    zone = found.details.geozone
    authorities = (
        "" if zone is None else ", ".join(_authority(each) for each in zone.zone_authority)
    )
    values = (
        f"{found.id}  {found.name}",
        f"{_who(found, language)}  ({found.manager})" if found.ours else found.manager,
        span(*found.times, language),
        found.details.type or "",
        "" if zone is None else zone_text(zone),
        "" if zone is None else zone.message or "",
        authorities,
        found.provider,
        str(found.version),
        ", ".join(found.exchanges),
    )
    for name, value in zip(names, values, strict=True):
        if value:
            yield one_line(f"{name:11} {value}")
    for number, each in enumerate(found.details.volumes, start=1):
        yield one_line(f"{number:4}  {volume_line(each, language)}")


def _authority(authority: uss.Authority) -> str:
    said = (authority.name, authority.service, authority.phone, authority.email, authority.site_url)
    return " ".join(each for each in said if each)


def outcome_lines(outcome: Outcome, action: Action, language: Language) -> list[str]:
    """What became of an order, and why."""
    if outcome.result == "done":
        lines = [f"{outcome.id}  {_DONE[action].to(language)}"]
    else:
        lines = [_NOT_DONE[outcome.result].to(language)]
    lines += [fault_line(each, language) for each in outcome.faults]
    if outcome.unsettled:
        names = ", ".join(outcome.unsettled)
        lines.append(one_line(f"  ! {_OPEN.to(language).format(names=names)}"))
    if outcome.result == "done":
        lines.append(f"  {_TOLD.to(language).format(count=outcome.notices)}")
    return lines
