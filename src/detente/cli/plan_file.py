"""`detente plan file`, `modify`, `activate` and `end`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import click

from detente.cli.node_client import Json, print_json, say
from detente.cli.plan_answers import Outcome, WayOut
from detente.cli.plan_desk import (
    Connection,
    PlanDesk,
    confirm,
    exit_code,
    plan_desk,
    progress,
    show,
)
from detente.cli.plan_reading import ReadFile, Reading, ReadPlan, read_plans
from detente.cli.plan_text import (
    CHANGE,
    END,
    FILE_THIS,
    NO_WAY,
    SURE,
    WAYS_OUT,
    outcome_lines,
    said,
    ways_table,
)
from detente.words import Language, Words

Resolve = Literal["best", "ask", "off"]
Attempt = Callable[[Json], tuple[Outcome, Json]]

_CHANGEABLE: Final = ("volumes", "priority", "name", "operator", "aircraft", "track")
ROUNDS_MAX: Final = 6
"""Ways out that are filed one after another: somebody else may file meanwhile."""


@dataclass(slots=True)
class Tried:
    """What was tried for one plan.

    Attributes:
        name: of the plan.
        outcomes: of the attempts, in their order.
        answers: the same as the node gave them.
        way: the way out that was filed last; None if none was.
    """

    name: str
    outcomes: list[Outcome] = field(default_factory=list)
    answers: list[Json] = field(default_factory=list)
    way: WayOut | None = None

    @property
    def last(self) -> Outcome:
        """How it ended."""
        return self.outcomes[-1]


def file_plans(
    connection: Connection,
    *,
    name: str | None,
    operator: str,
    each: bool,
    activate: bool,
    priority: int | None,
    aircraft: str,
    resolve: Resolve | None,
    yes: bool,
    dry_run: bool,
    language: Language | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """File what a file holds; the exit code.

    Raises:
        FileUnreadable: nothing can be made of the file.
        NodeRefused, NodeUnreachable, NotLoggedIn: see these.
    """
    wanted = Reading(**reading)
    found = read_plans(wanted, each=each)
    bodies = [
        plan.body(
            name=name,
            operator=operator,
            aircraft=aircraft,
            priority=priority,
            state="Activated" if activate else "Accepted",
        )
        for plan in found.plans
    ]
    if dry_run:
        _show(found, wanted, language or "en", err=as_json)
        if as_json:
            print_json({"plans": bodies})
        return 0
    with plan_desk(connection, language) as at:
        _show(found, wanted, at.language, err=True)
        confirm(yes, SURE, at.language)
        tried = []
        with progress(len(bodies)) as advance:
            for body in bodies:
                made = try_plan(at, at.calls.file, body, resolve, quiet=as_json)
                tried.append(made)
                advance()
    return _finish(tried, as_json)


def modify_plan(
    connection: Connection,
    *,
    identity: str,
    source: Path | None,
    priority: int | None,
    aircraft: str,
    resolve: Resolve | None,
    nonconforming: bool,
    contingent: bool,
    conform: bool,
    yes: bool,
    dry_run: bool,
    language: Language | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """Change a plan, or declare how its flight goes; the exit code. Raises as `file_plans`."""
    declared = [
        what
        for what, chosen in (
            ("nonconforming", nonconforming),
            ("contingent", contingent),
            ("conform", conform),
        )
        if chosen
    ]
    if len(declared) > 1:
        raise click.UsageError(f"One of --{', --'.join(declared)}; not all.")
    if source is None and not declared and priority is None and not aircraft:
        raise click.UsageError(
            "Say what to change: FILE, --priority, --aircraft, or how the flight goes."
        )
    wanted = None if source is None else Reading(source=source, **reading)
    found = None if wanted is None else read_plans(wanted, each=False)
    if dry_run:
        _one_plan(found, wanted, language or "en", err=False)
        return 0
    with plan_desk(connection, language) as at:
        plan = _one_plan(found, wanted, at.language, err=True)
        known = at.find(identity)
        confirm(yes, CHANGE, at.language)

        def attempt(body: Json) -> tuple[Outcome, Json]:
            if declared and declared[0] != "conform":
                return at.calls.act(
                    known.id, declared[0], {"off_nominal_volumes": body.get("volumes", [])}
                )
            if declared:
                return at.calls.act(known.id, "conform", _change(body))
            return at.calls.modify(known.id, body)

        body: Json = {}
        if plan is not None:
            body = plan.body(name=known.name, operator=known.operator, priority=known.priority)
        elif not declared:
            body = known.body()
        if priority is not None:
            body["priority"] = priority
        if aircraft:
            body["aircraft"] = aircraft
        tried = try_plan(at, attempt, body, resolve, name=known.name, quiet=as_json)
    return _finish([tried], as_json)


def activate_plan(
    connection: Connection,
    *,
    identity: str,
    source: Path | None,
    priority: int | None,
    aircraft: str,
    resolve: Resolve | None,
    yes: bool,
    dry_run: bool,
    language: Language | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """Activate a plan; the exit code. Raises as `file_plans`."""
    wanted = None if source is None else Reading(source=source, **reading)
    found = None if wanted is None else read_plans(wanted, each=False)
    if dry_run:
        _one_plan(found, wanted, language or "en", err=False)
        return 0
    with plan_desk(connection, language) as at:
        plan = _one_plan(found, wanted, at.language, err=True)
        known = at.find(identity)
        if plan is not None:
            confirm(yes, CHANGE, at.language)

        def attempt(body: Json) -> tuple[Outcome, Json]:
            return at.calls.act(known.id, "activate", _change(body))

        body: Json = {}
        if plan is not None:
            body = plan.body(name=known.name, operator=known.operator, priority=known.priority)
        elif priority is not None:
            body = known.body()
        if priority is not None:
            body["priority"] = priority
        if aircraft:
            body["aircraft"] = aircraft
        tried = try_plan(at, attempt, body, resolve, name=known.name, quiet=as_json)
    return _finish([tried], as_json)


def end_plan(connection: Connection, *, identity: str, yes: bool, as_json: bool) -> int:
    """End a plan; the exit code. Raises as `file_plans`."""
    with plan_desk(connection) as at:
        known = at.find(identity)
        question = END.to(at.language).format(name=known.name or known.id)
        confirm(yes, Words(question, question), at.language)
        tried = try_plan(
            at, lambda body: at.calls.act(known.id, "end", body), {}, "off", quiet=as_json
        )
    return _finish([tried], as_json)


def _show(found: ReadFile, wanted: Reading, language: Language, *, err: bool) -> None:
    """What was understood, before anything is done. Raises as `fit_for_filing`."""
    found.show(language, err=err)
    found.fit_for_filing(wanted.partly)


def _one_plan(
    found: ReadFile | None, wanted: Reading | None, language: Language, *, err: bool
) -> ReadPlan | None:
    """All of a file as one plan, shown first; None without a file."""
    if found is None or wanted is None:
        return None
    _show(found, wanted, language, err=err)
    [plan] = found.plans
    return plan


def try_plan(
    at: PlanDesk,
    attempt: Attempt,
    body: Json,
    resolve: Resolve | None,
    *,
    name: str = "",
    quiet: bool = False,
) -> Tried:
    """Try something with a plan; if it is refused, with ways out as `resolve` has it.

    Args:
        at: where.
        attempt: does it.
        body: with which content.
        resolve: None: ask, if there is somebody to be asked.
        name: of the plan, if the body does not say it.
        quiet: whether nothing is printed: the answers are, at the end.
    """
    tried = Tried(str(body.get("name") or name))
    chosen = resolve or ("ask" if sys.stdin.isatty() and sys.stderr.isatty() else "off")
    for _ in range(ROUNDS_MAX):
        outcome, answer = attempt(body)
        tried.outcomes.append(outcome)
        tried.answers.append(answer)
        if not quiet:
            _tell(tried, at.language)
        if outcome.result != "refused" or not outcome.refusing:
            break
        way = _choose(outcome.ways_out, chosen, at.language, quiet=quiet)
        if way is None:
            break
        # The same plan, changed: what refused it first is found under the same id.
        tried.way, body = way, {**way.plan, "id": outcome.id}
    return tried


def _change(body: Json) -> Json:
    """What of a plan can be changed while it is activated, or conforms again."""
    return {name: body[name] for name in _CHANGEABLE if name in body}


def _tell(tried: Tried, language: Language) -> None:
    first, *rest = outcome_lines(tried.last, language)
    name = f"  {tried.name}" if tried.name else ""
    way = ""
    if tried.last.result == "done" and tried.way is not None:
        way = f"  {said(tried.way.words, language)}"
    say(f"{first}{name}{way}", err=tried.last.result != "done")
    for line in rest:
        say(line, err=True)


def _choose(
    ways: Sequence[WayOut], resolve: Resolve, language: Language, *, quiet: bool
) -> WayOut | None:
    if not ways:
        if not quiet:
            say(NO_WAY.to(language), err=True)
        return None
    if resolve == "best":
        return ways[0]
    if not quiet or resolve == "ask":
        say(WAYS_OUT.to(language), err=True)
        show(ways_table(ways, language), err=True)
    if resolve == "off":
        return None
    number = click.prompt(
        FILE_THIS.to(language),
        type=click.IntRange(0, len(ways)),
        default=0,
        err=True,
    )
    return ways[number - 1] if number else None


def _finish(tried: Sequence[Tried], as_json: bool) -> int:
    """Print the answers if they are wanted; the exit code."""
    if as_json:
        print_json(
            {
                "plans": [
                    {
                        "name": each.name,
                        "result": each.last.result,
                        "id": each.last.id,
                        "attempts": each.answers,
                    }
                    for each in tried
                ]
            }
        )
    return exit_code(each.last.result for each in tried)
