"""`detente line send`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from detente.cli.line_connect import EXIT_NOT_SO, Desk, desk, find, print_answer, run, show
from detente.cli.line_options import STATES, Connection
from detente.errors import one_line

if TYPE_CHECKING:
    from detente.line import Form
    from detente.record import JsonValue
    from detente.terminal import Message, Question
    from detente.words import Language

POLL_S: Final = 0.5


def send_message(
    connection: Connection,
    *,
    form: str | None,
    to: str | None,
    room: str | None,
    urgency: str | None,
    status: str | None,
    fields_file: IO[bytes] | None,
    interactive: bool,
    attach: tuple[Path, ...],
    sketch: tuple[Path, ...],
    answers: str | None,
    corrects: str | None,
    wait_for: str | None,
    timeout: float,
    yes: bool,
    dry_run: bool,
    only_fields: bool,
    as_json: bool,
    **given: str | None,
) -> None:
    """Send a message.

    Raises:
        FieldsUnusable, NodeRefused, NodeAway: see these.
    """
    from detente.line import form_of
    from detente.terminal import Outgoing
    from detente.terminal.drafting import peers_to, preview
    from detente.terminal.files import FILES_MAX, SKETCH_TYPE, read_file

    if form is None:
        _list_forms()
        return
    shape = form_of(form)
    if only_fields:
        _list_fields(shape)
        return
    typed = {
        name.removeprefix("field_"): text
        for name, text in given.items()
        if name.startswith("field_") and text is not None
    }
    # Read before anything is asked, so that what is wrong is told at once.
    before = _from_file(fields_file)
    contents = [read_file(path) for path in attach]
    contents += [read_file(path, SKETCH_TYPE) for path in sketch]
    if len(contents) > FILES_MAX:
        raise click.UsageError(f"A message has no more than {FILES_MAX} files.")
    if room and to:
        raise click.UsageError("A message goes to a party, or is said in a room; not both.")

    async def work() -> None:
        async with desk(*connection) as at:
            named = answers or corrects
            other = await find(at, named) if named else None
            fields = await _fields(
                shape,
                typed,
                before,
                other,
                at.language,
                interactive=interactive,
                correcting=corrects is not None,
            )
            place = room
            if other is not None and other.room and not to:
                place = place or other.room  # what was said before all is answered before all
            if place is not None:
                known = {each.id: each for each in await at.calls.rooms()}
                if place not in known:
                    raise click.BadParameter("There is no such room.", param_hint="--room")
                chosen = ", ".join(p for p in known[place].present if p != at.party)
                chosen_status = known[place].status
                if status not in (None, chosen_status):
                    raise click.UsageError(f"Everything in this room is {chosen_status}.")
            else:
                chosen = to or (peers_to(other, at.party) if other else await _only_peer(at))
                chosen_status = status or (
                    other.status if other else "test" if shape.test else "actual"
                )
            draft = Outgoing(
                shape.id,
                fields,
                chosen,
                language=at.language,
                urgency=urgency or (other.urgency if other else None),
                status=chosen_status,
                answers=other.id if other and answers else None,
                corrects=other.id if other and corrects else None,
                files=[each.named for each in contents],
                room=place,
            )
            shown = await asyncio.to_thread(preview, draft, at.party)
            if dry_run:
                show(shown)
                return
            show(shown, err=True)
            _confirm(yes, at.language)
            for each in contents:
                await at.calls.upload(each.data, each.media_type)
            message = await at.calls.send(draft)
            reached = True
            if wait_for is not None:
                message, reached = await _wait(at, message, wait_for, timeout)
            if as_json:
                print_answer(message)
            else:
                _tell(message, at.language)
            if not reached:
                sys.exit(EXIT_NOT_SO)

    if answers and corrects:
        raise click.UsageError("A message answers another one, or corrects one; not both.")
    run(work)


async def _fields(
    shape: Form,
    typed: dict[str, str],
    before: dict[str, JsonValue],
    other: Message | None,
    language: Language,
    *,
    interactive: bool,
    correcting: bool,
) -> dict[str, JsonValue]:
    from detente.terminal import questions_of, read_answers

    asked = questions_of(shape)
    unknown = [name for name in typed if name not in {question.name for question in asked}]
    if unknown:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in unknown)
        raise click.UsageError(f"The form {shape.id} has no {options}.")
    known: dict[str, JsonValue] = {}
    if correcting and other is not None and other.form == shape.id:
        # A correction begins with what is corrected, and says again what stays.
        known = dict(other.fields)
    known |= before
    if interactive:
        begun = {q.name: q.write(known[q.name], language) for q in asked if q.name in known}
        typed = await asyncio.to_thread(_ask_all, asked, begun | typed, language)
        known = {}
    read, faults = read_answers(
        tuple(question for question in asked if question.name in typed), typed, language
    )
    for name, fault in faults.items():
        raise click.BadParameter(fault.words.to(language), param_hint=f"--{name}")
    return known | read


def _ask_all(
    asked: tuple[Question, ...], begun: dict[str, str], language: Language
) -> dict[str, str]:
    return {
        question.name: ask(question, begun.get(question.name, ""), language) for question in asked
    }


def ask(question: Question, begun: str, language: Language) -> str:
    """Ask for one field on the terminal until it is understood; empty if it may be left out."""
    from detente.terminal import NotUnderstood
    from detente.terminal.texts import OPTIONAL

    label = question.label.to(language)
    if not question.required:
        label += f" ({OPTIONAL.to(language)})"
    for number, (value, words) in enumerate(question.choices, start=1):
        click.echo(f"  {number:2}  {value:24} {words.to(language)}", err=True)
    click.echo(f"  [{question.hint.to(language)}]", err=True)
    while True:
        text = str(click.prompt(label, default=begun, show_default=bool(begun), err=True))
        if not text.strip() and not question.required:
            return ""
        try:
            question.read(text, language)
        except NotUnderstood as error:
            click.echo(f"  {one_line(error.words.to(language))}", err=True)
        else:
            return text


async def _wait(at: Desk, message: Message, state: str, timeout_s: float) -> tuple[Message, bool]:
    """Until every recipient is at least that far."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    while True:
        if all(_step(each.state) >= _step(state) for each in message.recipients):
            return message, True
        if loop.time() >= end:
            return message, False
        await asyncio.sleep(min(POLL_S, max(0.0, end - loop.time())))
        message = await at.calls.message(message.id)


def _step(state: str) -> int:
    return STATES.index(state) if state in STATES else -1


async def _only_peer(at: Desk) -> str:
    peers = [link.peer for link in (await at.calls.links()).links]
    if len(peers) == 1:
        return peers[0]
    raise click.UsageError(f"Say to whom: --to {' | '.join(peers) or 'PARTY'}.")


def _confirm(yes: bool, language: Language) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Nothing was sent: give --yes where nobody can be asked.")
    question = "Send it?" if language == "en" else "Envoyer\u202f?"
    click.confirm(question, abort=True, err=True)


def _from_file(file: IO[bytes] | None) -> dict[str, JsonValue]:
    if file is None:
        return {}
    try:
        found = json.loads(file.read())
    except ValueError as error:
        raise click.BadParameter(f"It is no JSON: {error}", param_hint="--fields-file") from None
    if not isinstance(found, dict):
        raise click.BadParameter("It is no JSON object.", param_hint="--fields-file")
    return found


def _list_forms() -> None:
    from detente.line import FORMS

    for form in FORMS.values():
        click.echo(f"{form.id:24} {form.title.en} / {form.title.fr}\n    {form.help.en}")


def _list_fields(shape: Form) -> None:
    from detente.terminal import questions_of

    click.echo(f"{shape.id}: {shape.title.en} / {shape.title.fr}")
    for question in questions_of(shape):
        need = "" if question.required else "  (optional)"
        click.echo(f"  --{question.name.replace('_', '-')}  {question.label.en}{need}")
        if question.choices:
            click.echo(f"      {', '.join(value for value, _ in question.choices)}")
        else:
            click.echo(f"      {question.hint.en}")


def _tell(message: Message, language: Language) -> None:
    from detente.terminal.showing import state_text

    states = ", ".join(
        f"{each.party}: {state_text(each.state, language, ours=True)}"
        for each in message.recipients
    )
    click.echo(one_line(f"{message.id}  {states}"))
