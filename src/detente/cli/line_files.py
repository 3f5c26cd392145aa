"""`detente line file`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from detente.cli.line_connect import desk, find, print_answer, run
from detente.cli.line_options import Connection
from detente.errors import one_line


def list_files(connection: Connection, *, identity: str, as_json: bool) -> None:
    """List the files of a message.

    Raises:
        NodeRefused, NodeAway: see these.
    """

    async def work() -> None:
        async with desk(*connection) as at:
            message = await find(at, identity)
        if as_json:
            print_answer({"message": message.id, "files": message.files})
            return
        for each in message.files:
            click.echo(one_line(f"{each.sha256}  {each.size:>10} B  {each.media_type}"))

    run(work)


def get_file(
    connection: Connection, *, identity: str, start: str, out: Path, overwrite: bool, as_json: bool
) -> None:
    """Save a file of a message.

    Raises:
        FileFault: there is no such file with it, it is another one, or it cannot be written.
        NodeRefused, NodeAway: see these.
    """
    from detente.terminal.files import find_file, save

    async def work() -> None:
        async with desk(*connection) as at:
            message = await find(at, identity)
            file = find_file(message.files, start)
            data = await at.calls.file(message.id, file)
        path = await asyncio.to_thread(save, out, file, data, overwrite=overwrite)
        if as_json:
            print_answer({"message": message.id, "file": file, "path": str(path)})
        else:
            click.echo(one_line(f"{file.sha256}  {path}"))

    run(work)
