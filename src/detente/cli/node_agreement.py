"""`detente node agreement`: the agreement of a node that runs, and what parties state about it."""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from detente.cli.node_by_two import approval_option, approved_action, ask_second
from detente.cli.node_client import Json, connect, node_options, print_json, say, short_time
from detente.cli.record_options import PATH
from detente.words import NARROW

_KINDS: Final = {"suspend": "suspension", "resume": "resumption", "leave": "withdrawal"}


@click.group(short_help="See and amend the agreement of a running node; state how it stands.")
def agreement() -> None:
    """The agreement of a node that runs.

    What changes takes two persons: the first run asks for the second one, who approves it with
    `detente node approve`; the second run, with --approval, does it.
    """


@agreement.command()
@click.option(
    "--lang", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Language."
)
@node_options
def show(
    lang: str, node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool
) -> None:
    """Show the version in force."""
    with connect(node, ca_file, session_file) as client:
        found = client.get("agreement")
    if as_json:
        print_json(found)
        return
    begins, ends = short_time(found["begins"]), short_time(found["ends"])
    say(f"{found['id']}, version {found['version']}, {begins} to {ends}")
    say(found["sha256"])
    colon = ":" if lang == "en" else f"{NARROW}:"
    for section in found["sections"]:
        say()
        say(section["title"][lang])
        for row in section["rows"]:
            first, *more = f"{row['label'][lang]}{colon} {row['value'][lang]}".split("\n")
            say(f"  {first}")
            for line in more:
                say(f"      {line}")


@agreement.command()
@click.argument("directory", type=PATH, required=False)
@approval_option
@node_options
def amend(
    directory: Path | None,
    approval: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Put the next version of the agreement, in DIRECTORY and signed by everybody, in force.

    The node starts again within its process. Each party does this for itself.
    """
    with connect(node, ca_file, session_file) as client:
        if approval is not None:
            asked = approved_action(client, approval, "agreement", "amend")
            body = {"sha256": asked["sha256"], "approval": approval}
            _tell(client.post("agreement/amendments", body), as_json)
            return
        if directory is None:
            raise click.UsageError("Name the directory, or give --approval.")
        found = client.post("agreement/proposed", {"files": _files(directory)})
        if not as_json:
            say(f"version {found['version']}, {found['sha256']}")
            for each in found["changes"]:
                old, new = ((side or {}).get("en", "–") for side in (each["old"], each["new"]))
                say(f"  {each['section']['en']}, {each['label']['en']}: {old} → {new}")
        action = {"do": "amend", "version": found["version"], "sha256": found["sha256"]}
        ask_second(client, "agreement", action, "agreement amend", as_json)


@agreement.command()
@node_options
def statements(
    node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool
) -> None:
    """Show how the agreement stands: what each party states, and apart from it how its line is."""
    with connect(node, ca_file, session_file) as client:
        found = client.get("agreement/standing")
    if as_json:
        print_json(found)
        return
    say(f"{found['agreement']}, version {found['version']}: {found['state']}")
    for each in found["statements"]:
        who = f" ({each['officer']})" if each["officer"] else ""
        old = "" if each["about"] == found["sha256"] else ", about another version"
        since = short_time(each["since"])
        say(f"  {each['party']}{who}: {each['kind']} from {since}{old}: {each['reason']}")
    for line in found["lines"]:
        say(f"line to {line['peer']}: {line['state']}")


@agreement.command()
@click.argument("what", type=click.Choice(list(_KINDS)), required=False)
@click.option("--reason", metavar="TEXT", help="In the party's words; the others read it.")
@click.option(
    "--from",
    "since",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ"]),
    help="From when it shall hold, UTC. [default: when it is stated]",
)
@approval_option
@node_options
def state(
    what: str | None,
    reason: str | None,
    since: datetime | None,
    approval: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """State that our party suspends, resumes or leaves the agreement.

    One of the two persons must be an officer of the agreement: it is signed with that key. The line
    goes on working whatever is stated.
    """
    with connect(node, ca_file, session_file) as client:
        if approval is not None:
            body = approved_action(client, approval, "agreement", "state")
            _tell(client.post("agreement/statements", body), as_json)
            return
        if what is None or reason is None:
            raise click.UsageError("Say what, and --reason; or give --approval.")
        action = {
            "do": "state",
            "kind": _KINDS[what],
            "reason": reason,
            "since": None if since is None else since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "about": client.get("agreement")["sha256"],
        }
        ask_second(client, "agreement", action, "agreement state", as_json)


def _files(directory: Path) -> dict[str, str]:
    """An agreement's directory as the interface takes it; statements beside it are no part of it.

    Raises:
        click.UsageError: it cannot be read.
    """
    try:
        return {
            path.relative_to(directory).as_posix(): base64.b64encode(path.read_bytes()).decode()
            for path in sorted(directory.rglob("*"))
            if path.is_file() and path.relative_to(directory).parts[0] != "statements"
        }
    except OSError as error:
        raise click.UsageError(f"{directory} cannot be read: {error.strerror}.") from None


def _tell(found: Json, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        say(f"entry {found['index']}  {found['id']}")
