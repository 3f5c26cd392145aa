"""What `detente watch` prints: what was found, how sure it is, and what it rests upon."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from math import isfinite, isinf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from detente.errors import one_line, printable
from detente.words import Language, Words, number, quantity

if TYPE_CHECKING:
    from rich.table import Table

    from detente.cli.watch_run import Job
    from detente.watch import Event, Interval, Outcome, StandOffRules, Summary

EVENTS_MAX: Final = 20
"""Events that are printed; the rest are counted."""
GRADES: Final = {
    "shown": Words("shown", "établi"),
    "cannot-be-told": Words("cannot be told", "indécidable"),
    "refuted": Words("refuted", "réfuté"),
}
KINDS: Final = {
    "crossing": Words("crossing", "franchissement"),
    "crossing-predicted": Words("crossing ahead", "franchissement à venir"),
    "outside-volumes": Words("outside its volumes", "hors de ses volumes"),
    "approach": Words("approach", "rapprochement"),
    "stand-off": Words("too near a boundary", "trop près d’une limite"),
}
_WHAT: Final = Words("what", "nature")
_AGAINST: Final = Words("boundary or rule", "limite ou règle")
_BEGAN: Final = Words("began (UTC)", "début (UTC)")
_AIRCRAFT: Final = Words("aircraft", "aéronef")
_LASTED: Final = Words("lasted, s", "durée, s")
_HOW_MUCH: Final = Words("depth or distance, m", "profondeur ou distance, m")
_SURE: Final = Words("how sure", "certitude")
_NOTHING: Final = Words("Nothing was found.", "Rien n’a été trouvé.")
_NOT_LOOKED: Final = Words(
    "No position could be used, so nothing was looked at.",
    "Aucune position n’a pu être utilisée\u202f: rien n’a été examiné.",
)
_UNSAID: Final = ("edition", "no-date", "no-site")
_HOW_TO_SAY: Final = Words(
    "What captures do not say, such as dates, editions, radar sites: --feeds FILE, --began TIME.",
    "Ce que les enregistrements ne disent pas (dates, éditions, sites des radars)\u202f: "
    "--feeds FICHIER, --began DATE.",
)
_AT_LEAST: Final = Words("over {low}", "plus de {low}")
_MORE: Final = Words("… and {count} more", "… et {count} autres")
_RESUMED: Final = Words(
    "An earlier run had done {count} of these reports.",
    "Une exécution précédente avait traité {count} de ces positions.",
)
_SORTED: Final = Words(
    "The files were not in the order of time: they were sorted.",
    "Les fichiers n’étaient pas dans l’ordre du temps\u202f: ils ont été triés.",
)
_TAKEN_OUT: Final = Words("Not used: {counts}.", "Non utilisés\u202f: {counts}.")
_LEFT_OUT: Final = Words(
    "{file}: {count} events have no place there.",
    "{file}\u202f: {count} événements n’y ont pas de place.",
)
_REASON: Final = Words("{what}: {why}", "{what}\u202f: {why}")
_REPORT: Final = Words("report", "position")
_REPORTS: Final = Words("reports", "positions")
_RATE: Final = Words(
    "{reports} in {seconds} s: {rate} a second.",
    "{reports} en {seconds}\u202fs\u202f: {rate} par seconde.",
)


def print_summary(
    job: Job,
    outcome: Outcome,
    summary: Summary,
    left_out: Mapping[Path, int],
    language: Language,
) -> None:
    """For people: counts, the surest and largest events, and remarks."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 120
    console = Console(width=wide, highlight=False, markup=False, emoji=False)
    if summary.events:
        console.print(counts_table(summary, language))
        console.print(events_table(summary.shown[:EVENTS_MAX], language))
        for line in reasons(summary.shown[:EVENTS_MAX], job.setup.stand_off, language):
            console.print(printable(line), soft_wrap=False)
        more = summary.events - min(EVENTS_MAX, len(summary.shown))
        if more:
            console.print(_MORE.to(language).format(count=number(more).to(language)))
    else:
        used = outcome.reports - sum(outcome.taken_out.values())
        console.print((_NOTHING if used > 0 else _NOT_LOOKED).to(language))
    for line in remarks(job, outcome, left_out, language):
        console.print(printable(line), style="dim")


def counts_table(summary: Summary, language: Language) -> Table:
    """How many events of each kind, against what, and how sure."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(_WHAT.to(language))
    table.add_column(_AGAINST.to(language))
    for words in GRADES.values():
        table.add_column(words.to(language), justify="right")
    rows: dict[tuple[str, str], dict[str, int]] = {}
    for (kind, grade, against), count in summary.counts.items():
        rows.setdefault((kind, against), {})[grade] = count
    for (kind, against), counts in rows.items():
        table.add_row(
            KINDS[kind].to(language),
            one_line(against),
            *(number(counts[each]).to(language) if each in counts else "" for each in GRADES),
        )
    return table


def events_table(events: Sequence[Event], language: Language) -> Table:
    """Events with their figures, each with the bounds between which it lies."""
    from rich import box
    from rich.table import Table

    from detente.interchange import rfc3339

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in (_BEGAN, _AIRCRAFT, _WHAT, _AGAINST):
        table.add_column(heading.to(language), overflow="fold")
    # Figures that break in the middle are read as others: French groups digits with a space.
    table.add_column(_LASTED.to(language), justify="right", no_wrap=True)
    table.add_column(_HOW_MUCH.to(language), justify="right", no_wrap=True)
    table.add_column(_SURE.to(language))
    for each in events:
        table.add_row(
            rfc3339(each.began_us)[:19].replace("T", " "),
            one_line(each.callsign or each.aircraft),
            KINDS[str(each.kind)].to(language),
            one_line(each.rule or each.boundary or each.other),
            _figure(each.duration_s, language),
            _figure(each.depth_nearest_m or each.distance_m, language),
            GRADES[str(each.grade)].to(language),
        )
    return table


def reasons(
    events: Sequence[Event], stand_off: StandOffRules | None, language: Language
) -> list[str]:
    """Why something cannot be told, and what the rules say that were broken; each once."""
    from detente.interchange import rfc3339
    from detente.watch import GROUNDS, Grade, sentence

    doubts: dict[str, list[Event]] = {}
    for each in events:
        if each.grade is Grade.CANNOT_BE_TOLD and each.grounds:
            doubts.setdefault(each.grounds[0].code, []).append(each)
    said = []
    for code, some in doubts.items():
        words = sentence(some[0].grounds[0]) if len(some) == 1 else GROUNDS[code]
        times = ", ".join(rfc3339(each.began_us)[11:19] for each in some)
        said.append(_REASON.to(language).format(what=times, why=words.to(language)))
    limits = () if stand_off is None else stand_off.limits
    broken = {each.rule for each in events}
    rules = {each.rule: each.sentence for each in limits if each.rule in broken}
    said += [
        _REASON.to(language).format(what=rule, why=words.to(language))
        for rule, words in rules.items()
    ]
    return said


def remarks(
    job: Job, outcome: Outcome, left_out: Mapping[Path, int], language: Language
) -> list[str]:
    """What the figures rest upon, and how it went."""
    rate = outcome.reports / max(outcome.took_s, 1e-9)
    said = [
        _RATE.to(language).format(
            reports=quantity(outcome.reports, _REPORT, _REPORTS).to(language),
            seconds=number(outcome.took_s, 1).to(language),
            rate=number(rate).to(language),
        )
    ]
    if outcome.resumed_at is not None:
        said.append(_RESUMED.to(language).format(count=number(outcome.resumed_at).to(language)))
    if not outcome.in_order:
        said.append(_SORTED.to(language))
    unused = {**outcome.dropped, **outcome.taken_out}
    if unused:
        counts = ", ".join(
            f"{name} {number(count).to(language)}" for name, count in sorted(unused.items())
        )
        said.append(_TAKEN_OUT.to(language).format(counts=counts))
        if any(each in unused for each in _UNSAID):
            said.append(_HOW_TO_SAY.to(language))
    said += [each.to(language) for each in outcome.assumptions]
    said += [
        _LEFT_OUT.to(language).format(file=path.name, count=number(count).to(language))
        for path, count in left_out.items()
        if count
    ]
    for source in job.setup.sources:
        said.append(source.attribution or f"{source.title} {source.version} ({source.licence})")
    return said


def print_json(
    job: Job, outcome: Outcome, summary: Summary, written: Sequence[Path], report: Path | None
) -> None:
    """For programs: the summary, not the events."""
    told: dict[str, Any] = {
        "reports": outcome.reports,
        "messages": outcome.messages,
        "dropped": outcome.dropped,
        "taken_out": outcome.taken_out,
        "in_order": outcome.in_order,
        "resumed_at": outcome.resumed_at,
        "took_s": round(outcome.took_s, 3),
        "lanes": outcome.lanes,
        "events": summary.events,
        "counts": [
            {"kind": kind, "grade": grade, "against": against, "events": count}
            for (kind, grade, against), count in summary.counts.items()
        ],
        "files": [
            {"path": file.path, "bytes": file.bytes, "sha256": digest}
            for file, digest in zip(job.files, outcome.digests, strict=True)
        ],
        "sources": [
            {"id": each.id, "version": each.version, "licence": each.licence}
            for each in job.setup.sources
        ],
        "assumptions": [each.en for each in outcome.assumptions],
        "written": [str(each) for each in written],
        "report": None if report is None else str(report),
    }
    click.echo(printable(json.dumps(told, ensure_ascii=False, indent=2)))


def _figure(figure: Interval | None, language: Language) -> str:
    """A figure with its bounds; the lower one alone where there is no upper one."""
    if figure is None:
        return ""
    value, low, high = (
        number(each).to(language).replace("-", "−") if isfinite(each) else "∞"
        for each in (figure.value, figure.low, figure.high)
    )
    if isinf(figure.high) and isfinite(figure.low):
        return _AT_LEAST.to(language).format(low=low)
    return f"{value} ({low}–{high})"
