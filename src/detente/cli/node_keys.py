"""`detente node keys`: the keys of a node that runs, by two persons."""

from __future__ import annotations

from pathlib import Path

import click

from detente.cli.node_by_two import approval_option, approved_action, ask_second
from detente.cli.node_client import Json, NodeClient, connect, node_options, print_json, say


@click.group(short_help="See, replace and revoke keys of a running node.")
def keys() -> None:
    """Keys of a node that runs.

    Replacing and revoking take two persons: the first run asks for the second one, who approves it
    with `detente node approve`; the second run, with --approval, does it. The line goes on.
    """


@keys.command()
@node_options
def show(node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool) -> None:
    """Show the keys of all parties that are in force."""
    with connect(node, ca_file, session_file) as client:
        found = client.get("keys")
    if as_json:
        print_json(found)
        return
    for each in found["keys"]:
        whose = f"{each['party']} {each['purpose']}"
        missing = "  (private key not here)" if each["here"] is False else ""
        say(f"{whose:12} {each['holder'] or '':12} {each['key']}{missing}")


@keys.command()
@click.argument("key", metavar="NAME|VKEY", required=False)
@click.option(
    "--force",
    is_flag=True,
    help="Though a party has not got all that the old key has signed: it will refuse the rest.",
)
@approval_option
@node_options
def rotate(
    key: str | None,
    force: bool,
    approval: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Replace a key of ours by a new one, which the node makes.

    The others learn of it over the line. A witness is replaced while the node is stopped:
    `detente record rotate-key`.
    """
    with connect(node, ca_file, session_file) as client:
        if approval is not None:
            body = approved_action(client, approval, "keys", "rotate")
            _stated(client.post("keys/rotations", body), as_json)
            return
        if key is None:
            raise click.UsageError("Name the key, or give --approval.")
        old = _one(client, key)
        made = client.post("keys", {"replaces": old})
        action = {"do": "rotate", "old": old, "new": made["key"]} | (
            {"force": True} if force else {}
        )
        ask_second(client, "keys", action, "keys rotate", as_json)


@keys.command()
@click.argument("key", metavar="NAME|VKEY", required=False)
@click.option(
    "--good-until",
    type=click.IntRange(0),
    metavar="INDEX",
    help="Last entry of our log in which it is believed.",
)
@click.option("--reason", metavar="TEXT", help="Why; the others read it.")
@approval_option
@node_options
def revoke(
    key: str | None,
    good_until: int | None,
    reason: str | None,
    approval: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """State that a key of ours is not to be believed after an entry: it was lost or stolen.

    A key that was replaced already is named by all of its VKEY.
    """
    with connect(node, ca_file, session_file) as client:
        if approval is not None:
            body = approved_action(client, approval, "keys", "revoke")
            _stated(client.post("keys/revocations", body), as_json)
            return
        if key is None or good_until is None or reason is None:
            raise click.UsageError("Give the key, --good-until and --reason, or --approval.")
        wanted = key if key.count("+") >= 2 else _one(client, key)
        action = {"do": "revoke", "key": wanted, "good_until": good_until, "reason": reason}
        ask_second(client, "keys", action, "keys revoke", as_json)


def _one(client: NodeClient, named: str) -> str:
    """The one key of ours that is meant."""
    ours = [each for each in client.get("keys")["keys"] if each["here"] is not None]
    found = [each["key"] for each in ours if named in (each["name"], each["key"])]
    if len(found) != 1:
        raise click.UsageError(
            f"{named} is not one key of ours: " + ", ".join(each["name"] for each in ours)
        )
    key: str = found[0]
    return key


def _stated(found: Json, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        say(f"entry {found['index']}  {found['id']}")
