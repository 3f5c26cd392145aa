"""`detente constraint file`, `import`, `modify` and `end`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import msgspec

from detente.cli.constraint_answers import Constraint, Outcome
from detente.cli.constraint_desk import ConstraintDesk, constraint_desk
from detente.cli.constraint_reading import ReadConstraint, ReadConstraints, read_constraints
from detente.cli.constraint_text import (
    ALL_STAND,
    CHANGE,
    END,
    STANDS,
    SURE,
    SURE_ALL,
    Action,
    outcome_lines,
    understood_lines,
)
from detente.cli.node_client import Json, print_json, say
from detente.cli.plan_desk import Connection, confirm, exit_code, progress
from detente.cli.plan_reading import Reading, instant_of
from detente.cli.plan_text import ID_END
from detente.f3548 import types as wire
from detente.words import Language, Words, same


@dataclass(frozen=True, slots=True)
class Tried:
    """What was tried with one constraint.

    Attributes:
        name: of it.
        outcome: what became of it.
        answer: the same as the node gave it.
    """

    name: str
    outcome: Outcome
    answer: Json


def file_constraints(
    connection: Connection,
    *,
    each: bool = False,
    only: Sequence[str] = (),
    again: bool = True,
    partly: bool,
    type_: str | None = None,
    provider: str,
    yes: bool,
    dry_run: bool,
    language: Language | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """Publish what a file holds; the exit code.

    Args:
        each: whether each name in it is a constraint of its own; zones always are.
        only: identifiers of zones; the others are passed over.
        again: whether a zone is published that stands already at the same time.
        language: the officer's if None.

    Raises:
        FileUnreadable: nothing can be made of the file.
        NodeRefused, NodeUnreachable, NotLoggedIn: see these.
    """
    found = read_constraints(Reading(**reading), each=each, only=only)
    if dry_run:
        _show(found, language or "en", err=as_json)
        found.fit_for_filing(partly)
        if as_json:
            print_json(_document(found, type_, provider))
        return 0
    with constraint_desk(connection) as at:
        told = language or at.language
        _show(found, told, err=True)
        found.fit_for_filing(partly)
        wanted = list(found.constraints)
        if not again:
            wanted = _new_ones(at, wanted, told)
        if wanted:
            question = SURE if len(wanted) == 1 else _counted(SURE_ALL, len(wanted))
            confirm(yes, question, told)
        else:
            say(ALL_STAND.to(told), err=True)
        tried = []
        with progress(len(wanted)) as advance:
            for one in wanted:
                body = one.body(type_=type_, provider=provider)
                tried.append(_try(one.name, at.calls.publish(body)))
                if not as_json:
                    _tell(tried[-1], "published", told)
                advance()
    return _finish(tried, as_json)


def modify_constraint(
    connection: Connection,
    *,
    identity: str,
    only: Sequence[str],
    partly: bool,
    type_: str | None,
    provider: str,
    yes: bool,
    dry_run: bool,
    language: Language | None,
    as_json: bool,
    **reading: Any,
) -> int:
    """Change a constraint to what is in a file, or in its times, type or provider alone.

    Returns:
        The exit code. Raises as `file_constraints`.
    """
    given = Reading(**reading) if reading["source"] is not None else None
    begins, ends = reading["begins"], reading["ends"]
    if given is None and type_ is None and not provider and begins is None and ends is None:
        raise click.UsageError("Say what to change: FILE, --from, --until, --type or --provider.")
    found = None if given is None else read_constraints(given, only=only)
    if dry_run and found is not None:
        _show(found, language or "en", err=as_json)
        found.fit_for_filing(partly)
        if as_json:
            found.only_one()
            print_json(_document(found, type_, provider))
        return 0
    with constraint_desk(connection) as at:
        told = language or at.language
        known = at.ours(identity)
        body = known.body()
        if found is not None:
            _show(found, told, err=True)
            found.fit_for_filing(partly)
            # What the file does not say stays as it is: only zones say what they are.
            body |= found.only_one().body(type_=type_, provider=provider or known.provider)
        else:
            volumes = retimed(known.details.volumes, begins, ends)
            body["volumes"] = msgspec.to_builtins(volumes)
            body["provider"] = provider or known.provider
            if type_ is not None:
                body["type"] = type_
        if dry_run:
            print_json(body)
            return 0
        confirm(yes, CHANGE, told)
        tried = _try(known.name, at.calls.change(known.id, body))
        if not as_json:
            _tell(tried, "changed", told)
    return _finish([tried], as_json)


def end_constraints(
    connection: Connection, *, identities: tuple[str, ...], yes: bool, as_json: bool
) -> int:
    """End constraints; the exit code. Raises as `file_constraints`."""
    with constraint_desk(connection) as at:
        known = [at.ours(each) for each in identities]
        names = ", ".join(each.name or each.id for each in known)
        confirm(yes, same(END.to(at.language).format(name=names)), at.language)
        tried = []
        for each in known:
            tried.append(_try(each.name, at.calls.end(each.id)))
            if not as_json:
                _tell(tried[-1], "ended", at.language)
    return _finish(tried, as_json)


def retimed(
    volumes: Sequence[wire.Volume4D], begins: str | None, ends: str | None
) -> list[wire.Volume4D]:
    """Volumes that begin or end at another time: those that were the first to begin, or the last
    to end.

    Raises:
        click.BadParameter: a time makes no sense, or one of them would end before it begins.
    """
    start, end = _time(begins, "--from"), _time(ends, "--until")
    first = min((each.time_start.value for each in volumes if each.time_start), default=None)
    last = max((each.time_end.value for each in volumes if each.time_end), default=None)
    found = []
    for each in volumes:
        changed = each
        if start is not None and each.time_start is not None and each.time_start.value == first:
            changed = msgspec.structs.replace(changed, time_start=start)
        if end is not None and each.time_end is not None and each.time_end.value == last:
            changed = msgspec.structs.replace(changed, time_end=end)
        if (
            changed.time_start is not None
            and changed.time_end is not None
            and changed.time_end.value <= changed.time_start.value
        ):
            raise click.BadParameter(
                "A volume would end before it begins.",
                param_hint="--from" if end is None else "--until",
            )
        found.append(changed)
    return found


def _time(text: str | None, option: str) -> wire.Time | None:
    at_us = instant_of(text, option)
    if at_us is None:
        return None
    return wire.Time(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us))


def _new_ones(
    at: ConstraintDesk, wanted: Sequence[ReadConstraint], language: Language
) -> list[ReadConstraint]:
    """Those of which no zone of ours stands at the same time; the others are named."""
    ours = [each for each in at.calls.constraints()[0].constraints if each.ours]
    found = []
    for each in wanted:
        standing = next((one for one in ours if _same(one, each)), None)
        if standing is None:
            found.append(each)
        else:
            said = STANDS.to(language).format(id=standing.id[-ID_END:])
            say(f"  · {each.name}: {said}", err=True)
    return found


def _same(constraint: Constraint, read: ReadConstraint) -> bool:
    """Whether it is the same zone, at a time in common."""
    theirs, ours = read.geozone, constraint.details.geozone
    if theirs is None or ours is None:
        return False
    if (theirs.country, theirs.identifier) != (ours.country, ours.identifier):
        return False
    start, end = constraint.times
    volumes = read.on_wire
    begins = min(each.time_start.value for each in volumes if each.time_start is not None)
    ends = max(each.time_end.value for each in volumes if each.time_end is not None)
    return (end is None or begins < end) and (start is None or start < ends)


def _show(found: ReadConstraints, language: Language, *, err: bool) -> None:
    for line in understood_lines(found, language):
        click.echo(line, err=err)


def _counted(words: Words, count: int) -> Words:
    return Words(words.en.format(count=count), words.fr.format(count=count))


def _try(name: str, became: tuple[Outcome, Json]) -> Tried:
    return Tried(name, *became)


def _tell(tried: Tried, action: Action, language: Language) -> None:
    done = tried.outcome.result == "done"
    first, *rest = outcome_lines(tried.outcome, action, language)
    say(f"{first}  {tried.name}" if tried.name else first, err=not done)
    for line in rest:
        say(line, err=True)


def _document(found: ReadConstraints, type_: str | None, provider: str) -> Json:
    """What was understood, for programs."""
    return {
        "file": found.name,
        "format": found.format,
        "constraints": [
            {"name": each.name, "line": each.line, **each.body(type_=type_, provider=provider)}
            for each in found.constraints
        ],
        **{
            what: [
                {
                    "line": each.line,
                    "part": each.part,
                    "en": each.message.en,
                    "fr": each.message.fr,
                    "remedy": None if each.remedy is None else each.remedy.en,
                }
                for each in told
            ]
            for what, told in (("problems", found.problems), ("notes", found.notes))
        },
        "left_off": found.left_off,
        "assumptions": [each.en for each in found.assumptions],
    }


def _finish(tried: Sequence[Tried], as_json: bool) -> int:
    """Print the answers if they are wanted; the exit code."""
    if as_json:
        print_json(
            {
                "constraints": [
                    {
                        "name": each.name,
                        "result": each.outcome.result,
                        "id": each.outcome.id,
                        "answer": each.answer,
                    }
                    for each in tried
                ]
            }
        )
    return exit_code(each.outcome.result for each in tried) if tried else 0
