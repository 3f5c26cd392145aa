"""`detente`: the commands, and how their errors are told."""

from __future__ import annotations

import sys
import traceback

import click

import detente
from detente.cli.agreement import agreement
from detente.cli.boundary import boundary
from detente.cli.check import check
from detente.cli.conference import conference
from detente.cli.constraint import constraint
from detente.cli.demo import demo
from detente.cli.exchange import exchange
from detente.cli.keys import keys
from detente.cli.line import line
from detente.cli.log import log
from detente.cli.node import node
from detente.cli.plan import plan
from detente.cli.record import record
from detente.cli.room import room
from detente.cli.token import token
from detente.cli.verify import verify
from detente.cli.watch import watch
from detente.errors import DetenteError, printable

EXIT_BAD_INPUT = 2
EXIT_FAULT = 70
EXIT_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(detente.__version__, prog_name="detente")
def root() -> None:
    """Keeps aircraft of parties that share a sky but no command apart."""


for command in (
    agreement,
    boundary,
    check,
    conference,
    constraint,
    demo,
    exchange,
    keys,
    line,
    log,
    node,
    plan,
    record,
    room,
    token,
    verify,
    watch,
):
    root.add_command(command)


def explain(error: DetenteError) -> str:
    """An error as a person reads it: what, where, and what to do."""
    lines = [f"error: {error.message}"]
    if error.where:
        lines.append(f"  where:  {error.where}")
    if error.advice:
        lines.append(f"  advice: {error.advice}")
    lines.append(f"  code:   {error.code}")
    # A node's answer may have several lines: none of them may look like one of these.
    return "\n".join(printable(line).replace("\n", "\n          ") for line in lines)


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit code 2 for anything the user can put right."""
    try:
        result = root.main(arguments, prog_name="detente", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(EXIT_INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except DetenteError as error:
        click.echo(explain(error), err=True)
        sys.exit(EXIT_BAD_INPUT)
    except Exception:  # noqa: BLE001 - Python's own exit code, 1, would mean "conflicts"
        traceback.print_exc()
        sys.exit(EXIT_FAULT)
    sys.exit(result if isinstance(result, int) else 0)
