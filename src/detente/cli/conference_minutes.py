"""`detente conference minutes`: minutes of a conference, written, read and signed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from detente.cli.conference_text import tell, tell_minutes
from detente.cli.node_client import (
    Json,
    connect,
    node_options,
    path_of,
    print_json,
    say,
    say_lines,
)

CONFERENCE = click.argument("conference", metavar="CONFERENCE")
MINUTES = click.argument("minutes", metavar="SHA256")


@click.group()
def minutes() -> None:
    """Write, read and sign minutes. SHA256 is that of the text, or its first digits."""


@minutes.command("write")
@CONFERENCE
@click.option(
    "--file",
    "file",
    type=click.File("r", encoding="utf-8"),
    help='JSON with any of "texts", "decisions", "remarks", "replaces", or with "document"; '
    "without it the record's own account.",
)
@node_options
def write(
    conference: str,
    file: Any,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Put a text of the minutes forward: who attended, agenda, proposals come from the record."""
    body: Json = {}
    if file is not None:
        try:
            body = json.load(file)
        except ValueError as error:
            raise click.UsageError(f"--file is not JSON: {error}") from None
        if not isinstance(body, dict):
            raise click.UsageError("--file is not a JSON object.")
    with connect(node, ca_file, session_file) as client:
        tell(client.post(path_of("conferences", conference, "minutes"), body), as_json)


@minutes.command("show")
@CONFERENCE
@MINUTES
@click.option(
    "--as",
    "form",
    type=click.Choice(["summary", "html", "markdown-en", "markdown-fr"]),
    default="summary",
    show_default=True,
)
@node_options
def show_minutes(
    conference: str,
    minutes: str,
    form: str,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Show a text of the minutes and who has signed it."""
    path = path_of("conferences", conference, "minutes", minutes)
    with connect(node, ca_file, session_file) as client:
        if form != "summary" and not as_json:
            say_lines(client.get_text(path, {"as": form}))
            return
        found = client.get(path)
    if as_json:
        print_json(found)
    else:
        tell_minutes(found)


@minutes.command("sign")
@CONFERENCE
@MINUTES
@click.option("--approval", metavar="ID", help="Of the request that a second person approved.")
@node_options
def sign_minutes(
    conference: str,
    minutes: str,
    approval: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Sign minutes for our party: once without --approval to ask a second person, once with it."""
    path = path_of("conferences", conference, "minutes", minutes)
    with connect(node, ca_file, session_file) as client:
        sha256 = client.get(path)["sha256"]
        if approval is not None:
            found = client.post(f"{path}/signature", {"approval": approval})
        else:
            action = {"do": "sign", "conference": conference, "document": sha256}
            found = client.post("approvals", {"kind": "minutes", "action": action})
    if as_json:
        print_json(found)
    elif approval is not None:
        tell_minutes(found)
    else:
        say(f"asked for a second person: request {found['id']}")
        say(f"somebody else: detente node approve {found['id']}")
        say(
            f"then again:    detente conference minutes sign {conference} {sha256[:12]} "
            f"--approval {found['id']}"
        )
