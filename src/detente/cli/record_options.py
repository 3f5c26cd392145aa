"""What the commands of `detente record` have in common: arguments, progress, running."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

Progress = Callable[[int, int], None]

PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def of_record(command: F) -> F:
    """The argument RECORD, and where its log is when it is in a database."""
    command = click.option(
        "--database",
        envvar="DETENTE_RECORD_DATABASE",
        metavar="URL",
        help="postgresql:// URL of the log, if it is not in RECORD. [DETENTE_RECORD_DATABASE]",
    )(command)
    return click.argument("directory", metavar="RECORD", type=PATH)(command)


def beginning_options(what: str) -> Callable[[F], F]:
    """Options of what begins a record: under which agreement, whose, with which keys and witness.

    Args:
        what: the argument that names its directory.
    """

    def with_them(command: F) -> F:
        for option in (
            click.option(
                "--witness",
                "witness_directory",
                type=PATH,
                metavar="DIR",
                help=f"Where the party's witness.db is; best on another disk than {what}. "
                "[default: --keys]",
            ),
            click.option(
                "--keys",
                required=True,
                type=PATH,
                metavar="DIR",
                help="The party's private keys.",
            ),
            click.option(
                "--party", required=True, metavar="ID", help=f"Whose {what.lower()} it is."
            ),
            click.option(
                "--agreement",
                required=True,
                type=PATH,
                metavar="DIR",
                help="The signed agreement.",
            ),
        ):
            command = option(command)
        return command

    return with_them


def officer_option(*, required: bool) -> Callable[[F], F]:
    """`--officer`: whose key signs."""
    return click.option(
        "--officer",
        required=required,
        metavar="KEY",
        help="Officer whose key signs: the officer's id, a key's name, or a key file.",
    )


def any_host_option(command: F) -> F:
    """`--allow-any-host`: whether hosts that the agreement does not name may be called."""
    return click.option(
        "--allow-any-host",
        is_flag=True,
        help="Call URL though it is no address of the other party in the agreement: that of a "
        "neutral witness, or in trials.",
    )(command)


def json_option(command: F) -> F:
    """`--json`: what a program reads, as one JSON object."""
    return click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")(command)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one command's work."""
    return asyncio.run(work)


@contextmanager
def progress(description: str) -> Iterator[Progress]:
    """A bar on standard error while the block runs, if a person is there to see it."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        task = bars.add_task(description, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


class Instant(click.ParamType[datetime]):
    """A time with its zone (RFC 3339), or a day, which begins at midnight UTC."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """See the class."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time such as 2026-11-22T20:34:37Z or 2026-11-22.")
        if found.tzinfo is None:
            if len(str(value)) > len("2026-11-22"):
                self.fail(f"{value!r} does not say its zone: add Z for UTC, or +01:00.")
            found = found.replace(tzinfo=UTC)
        return found


INSTANT = Instant()
