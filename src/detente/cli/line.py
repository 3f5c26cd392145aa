"""`detente line`: send, read and acknowledge messages; see how the line is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from detente.cli.line_options import STATES
from detente.cli.node_client import node_options

F = TypeVar("F", bound=Callable[..., Any])

STATUSES = ("actual", "exercise", "test")
URGENCIES = ("distress", "urgent", "routine")
FIELDS = {
    "activity": "What will take place.",
    "danger": "What the danger is.",
    "asks_for": "What is asked for.",
    "answer": "The answer: yes, no, in-part, unable, later, as-follows.",
    "situation": "What the situation of the aircraft is.",
    "incident": "What happened.",
    "purpose": "What the flight is for.",
    "movement": "What moves, or stays.",
    "reason": "Why a message does not hold any more.",
    "area": 'Such as "circle 5 km 36.7N 68.8E".',
    "levels": 'Such as "1000 ft MSL to FL 120".',
    "times": 'Such as "2027-01-01 06:00 to 08:00", in UTC.',
    "at": 'Such as "2027-01-01 06:00", in UTC.',
    "answer_by": "By when an answer is wanted, in UTC.",
    "aircraft": 'Such as "2 helicopter RESCUE 7".',
    "frequencies": 'Such as "121.5 MHz Tower; 4125 kHz".',
    "crosses": "Whether the border is crossed: yes or no.",
    "nearest": 'The nearest approach, such as "5 NM".',
    "organisation": "Whose movement it is.",
    "vehicles": "How many vehicles.",
    "persons": "How many people.",
    "marking": "How they are marked.",
    "contact": "How they are reached.",
    "remarks": "What else others must know.",
    "advice": "What to do.",
    "text": "In your own words.",
    "phrase": "The words of a test call.",
}
"""Fields of forms as options; which a form has, `detente line send FORM --fields` tells."""


@click.group(invoke_without_command=True, short_help="Talk to the other parties over the line.")
@node_options
@click.option("--language", type=click.Choice(["en", "fr"]), help="[default: the officer's]")
@click.pass_context
def line(
    context: click.Context,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
    language: str | None,
) -> None:
    """Talk to the other parties over the line, and see how it is.

    Without a command: a full screen for an officer, in English or French (F1 there: help).
    Log in first: `detente node login`.

    Exit codes: 0 done; 2 refused, or the node does not answer; 3 what was waited for did not come,
    or a line is down; 4 what was read back differs from the message.
    """
    if context.invoked_subcommand is not None:
        # What the environment says is for the command as well, which reads it itself.
        if any(
            context.get_parameter_source(name) is ParameterSource.COMMANDLINE
            for name in context.params
        ):
            raise click.UsageError(f"Give options after `{context.invoked_subcommand}`.")
        return
    if as_json:
        raise click.UsageError("The full screen has no JSON; use a command, such as `inbox`.")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("The full screen needs a terminal; use a command, such as `inbox`.")
    from detente.cli.line_screen import screen

    screen((node, ca_file, session_file), language)


def field_options(command: F) -> F:
    """An option for each field that a form may have."""
    for name, text in reversed(FIELDS.items()):
        option = f"--{name.replace('_', '-')}"
        command = click.option(option, f"field_{name}", metavar="TEXT", help=text)(command)
    return command


@line.command()
@click.argument("form", required=False)
@field_options
@click.option("--to", metavar="PARTY", help="Which party. [default: the only other one]")
@click.option("--room", metavar="ROOM", help="Say it in a room, to all parties that are in it.")
@click.option("--urgency", type=click.Choice(URGENCIES), help="[default: the form's]")
@click.option(
    "--status", type=click.Choice(STATUSES), help="[default: actual, or that of --answers ID]"
)
@click.option(
    "--fields-file",
    type=click.File("rb"),
    metavar="FILE",
    help="Fields as JSON, - for standard input; options win.",
)
@click.option("--interactive", "-i", is_flag=True, help="Ask for each field of the form.")
@click.option(
    "--attach",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file that goes with it; repeatable.",
)
@click.option(
    "--sketch",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A sketch that goes with it: GeoJSON (RFC 7946); repeatable.",
)
@click.option("--answers", metavar="ID", help="The message that it answers.")
@click.option("--corrects", metavar="ID", help="Our message that it replaces.")
@click.option("--wait", "wait_for", type=click.Choice(STATES), help="Wait until it is that far.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="S",
    help="How long to wait: seconds; then exit code 3.",
)
@click.option("--yes", is_flag=True, help="Send without asking.")
@click.option("--dry-run", is_flag=True, help="Show how it will read, and send nothing.")
@click.option("--fields", "only_fields", is_flag=True, help="List the fields of FORM.")
@node_options
def send(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Send a message of a FORM; without FORM, list the forms.

    How it will read is shown in English and in French before it is sent. A message is on the peer's
    disk only when its state says so: --wait delivered.
    """
    from detente.cli.line_send import send_message

    send_message((node, ca_file, session_file), **given)


@line.command()
@click.option("--box", type=click.Choice(["in", "out", "all"]), default="all", show_default=True)
@click.option("--status", type=click.Choice(STATUSES), default="actual", show_default=True)
@click.option("--peer", metavar="PARTY", help="Only to or from this party.")
@click.option("--room", metavar="ROOM", help="Only what was said in this room.")
@click.option("--state", type=click.Choice(STATES), help="Only what is exactly that far.")
@click.option("--waiting", is_flag=True, help="Only what waits for our officers.")
@click.option("--overdue", is_flag=True, help="Only what is overdue, on either side.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, metavar="N")
@node_options
def inbox(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """List messages of one status, the newest first, with how far each has come."""
    from detente.cli.line_inbox import list_messages

    list_messages((node, ca_file, session_file), **given)


@line.command("show")
@click.argument("identity", metavar="ID")
@node_options
def show_(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Show a message, its thread, and what became of each. ID may be the end of it.

    On a terminal, the message is reported to its sender as shown.
    """
    from detente.cli.line_inbox import show_message

    show_message((node, ca_file, session_file), **given)


@line.command()
@click.argument("identity", metavar="ID")
@click.option("--area", metavar="TEXT", help="The area, read back.")
@click.option("--levels", metavar="TEXT", help="The levels, read back.")
@click.option("--times", metavar="TEXT", help="The times, read back.")
@click.option("--remark", metavar="TEXT", help="What goes with the acknowledgement.")
@node_options
def ack(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Acknowledge a message, after reading back what it asks for. ID may be the end of it.

    What is not given as an option is asked for on the terminal. If it differs from the message, the
    differences are told, nothing is signed, and the exit code is 4.
    """
    from detente.cli.line_ack import acknowledge

    acknowledge((node, ca_file, session_file), **given)


@line.command()
@click.option("--after", metavar="INDEX", help="Begin after this entry of the record.")
@click.option("--seconds", type=click.FloatRange(min=0), metavar="S", help="End after so long.")
@click.option("--quiet", is_flag=True, help="Do not ring the bell.")
@node_options
def watch(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Watch messages and links as they change; the bell rings at alarms.

    With --json, or where there is no terminal: a line of JSON for each event. When the connection
    is lost it is made again, and nothing is missed.
    """
    from detente.cli.line_watch import watch_node

    watch_node((node, ca_file, session_file), **given)


@line.command()
@click.option("--start", metavar="PARTY", help="Make a test call.")
@click.option("--answer", metavar="WORDS", help="Answer with these words, in their order.")
@click.option("--call", metavar="ID", help="Which call. [default: the oldest that waits for us]")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    metavar="S",
    help="Wait so long until both sides have answered; exit code 3 if not.",
)
@click.option(
    "--days", type=click.IntRange(1, 366), default=7, show_default=True, help="Of the statistics."
)
@node_options
def test(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Make or answer a test call; without an option, show how test calls went."""
    from detente.cli.line_test import test_line

    test_line((node, ca_file, session_file), **given)


@line.group()
def file() -> None:
    """Files that came with a message: list them, save one. None is ever opened."""


@file.command("list")
@click.argument("identity", metavar="ID")
@node_options
def list_(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """List the files of a message. ID may be the end of it."""
    from detente.cli.line_files import list_files

    list_files((node, ca_file, session_file), **given)


@file.command()
@click.argument("identity", metavar="ID")
@click.argument("start", metavar="HASH")
@click.argument(
    "out", metavar="[OUT]", default=".", type=click.Path(path_type=Path), required=False
)
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@node_options
def get(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Save a file of a message, after comparing its hash with the message's.

    HASH may be its beginning, six digits or more. OUT is a file, or a directory: then the name is
    made from the hash, whatever the sender called it.
    """
    from detente.cli.line_files import get_file

    get_file((node, ca_file, session_file), **given)


@line.command()
@click.option("--outages", is_flag=True, help="Show when the lines were down as well.")
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=30,
    show_default=True,
    help="Of --outages: what was stated since.",
)
@click.option("--peer", metavar="PARTY", help="Of --outages: only of the line to this party.")
@node_options
def status(node: str | None, ca_file: str | None, session_file: Path | None, **given: Any) -> None:
    """Show how the line to each party is, when it was last heard, and its clock.

    With --outages: when it was down, as each side states it. Exit code 3 if a line is down.
    """
    from detente.cli.line_status import line_status

    line_status((node, ca_file, session_file), **given)
