"""What two persons do at a node: the first asks, the second approves, the first does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from detente.cli.node_client import (
    Json,
    NodeClient,
    connect,
    node_options,
    path_of,
    print_json,
    say,
    short_time,
)

approval_option = click.option(
    "--approval", metavar="ID", help="Of the request that a second person has approved."
)
REQUEST = click.argument("request", metavar="REQUEST")


def ask_second(
    client: NodeClient, kind: str, action: dict[str, Any], command: str, as_json: bool
) -> None:
    """Ask for a second person, and say how it goes on."""
    found = client.post("approvals", {"kind": kind, "action": action})
    if as_json:
        print_json(found)
        return
    say(f"asked for a second person: request {found['id']}")
    say(f"somebody else: detente node approve {found['id']}")
    say(f"then again:    detente node {command} --approval {found['id']}")


def approved_action(client: NodeClient, approval: str, kind: str, do: str) -> Json:
    """What was asked for in a request: it is done as it was approved, to the byte.

    Raises:
        click.UsageError: the request is for something else.
    """
    found = client.get(path_of("approvals", approval))
    if found["kind"] != kind or found["action"].get("do") != do:
        raise click.UsageError("That request is for something else.")
    action: Json = {name: value for name, value in found["action"].items() if name != "do"}
    return action | {"approval": approval}


@click.command()
@click.option("--state", metavar="STATE", help="Only those in this state. [default: pending]")
@node_options
def approvals(
    state: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """List what waits for a second person."""
    with connect(node, ca_file, session_file) as client:
        found = client.get("approvals", {"state": state or "pending"})
    if as_json:
        print_json(found)
        return
    if not found["approvals"]:
        say("Nothing waits for a second person." if state is None else "There is none.")
    for each in found["approvals"]:
        mine, ends = "  (yours)" if each["mine"] else "", short_time(each["expires"])
        say(f"{each['id']}  {each['kind']:9}  by {each['officer']}, until {ends}{mine}")
        say(f"    {json.dumps(each['action'], ensure_ascii=False)}")


@click.command()
@REQUEST
@click.option("--text", default="", metavar="TEXT", help="A word on it; it is recorded.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@node_options
def approve(
    request: str,
    text: str,
    yes: bool,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Approve REQUEST as the second person: exactly what it says, bound to its hash.

    Needs an identity that was proved a moment ago: `detente node prove`.
    """
    with connect(node, ca_file, session_file) as client:
        found = client.get(path_of("approvals", request))
        if not yes:
            say(f"{found['kind']}, asked for by {found['officer']}:")
            print_json(found["action"])
            click.confirm("Approve this?", abort=True, err=True)
        body = {"action_sha256": found["action_sha256"], "text": text}
        done = client.post(path_of("approvals", request, "approve"), body)
    if as_json:
        print_json(done)
    else:
        say(f"{done['state']}: {done['id']}")


@click.command()
@REQUEST
@click.option("--text", default="", metavar="TEXT", help="Why; it is recorded.")
@node_options
def reject(
    request: str,
    text: str,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Refuse REQUEST as the second person."""
    with connect(node, ca_file, session_file) as client:
        done = client.post(path_of("approvals", request, "reject"), {"text": text})
    if as_json:
        print_json(done)
    else:
        say(f"{done['state']}: {done['id']}")


@click.command()
@REQUEST
@node_options
def withdraw(
    request: str, node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool
) -> None:
    """Take back a REQUEST of your own, approved or not: nobody can use it any more."""
    with connect(node, ca_file, session_file) as client:
        done = client.post(path_of("approvals", request, "withdraw"))
    if as_json:
        print_json(done)
    else:
        say(f"{done['state']}: {done['id']}")
