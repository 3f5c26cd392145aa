"""`detente node login`, `prove`, `logout`, `accept`, and the officers of a node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from detente.cli.node_client import (
    Json,
    NodeClient,
    connect,
    node_options,
    node_url,
    not_logged_in,
    path_of,
    print_json,
    say,
    session_file,
)
from detente.cli.record_options import PATH, run

_SESSION_FILE = click.option(
    "--session-file",
    "file",
    envvar="DETENTE_NODE_SESSION",
    type=PATH,
    metavar="FILE",
    help="Where sessions are kept. [DETENTE_NODE_SESSION; default: detente/sessions.json among the "
    "settings of the user]",
)
_CA_FILE = click.option(
    "--ca-file",
    envvar="DETENTE_NODE_CA",
    metavar="FILE",
    help="Certificates (PEM) that the node's is checked against. [DETENTE_NODE_CA]",
)


@click.command()
@click.argument("url", metavar="URL")
@click.argument("officer", metavar="OFFICER")
@click.option("--recovery", is_flag=True, help="Use a recovery code instead of the app's.")
@_CA_FILE
@_SESSION_FILE
def login(url: str, officer: str, recovery: bool, ca_file: str | None, file: Path | None) -> None:
    """Log in to the node at URL; the session is kept for the commands that follow.

    Password and code are asked for, and never taken from the command line.
    """
    password = click.prompt("Password", hide_input=True)
    code = click.prompt("Recovery code" if recovery else "Code of the app", hide_input=recovery)
    with NodeClient(url, ca=ca_file) as client:
        given = {"recovery": code} if recovery else {"code": code}
        session, told = client.log_in(officer, password, **given)
    session_file(file).save(session)
    say(f"logged in to {session.node} as {told['name']} ({', '.join(told['roles'])})")
    say(
        f"the session ends at {told['ends']}; it locks after {told['idle_s'] / 60:.0f} idle minutes"
    )
    if told["recovery_codes"] < 3:
        say(f"note: {told['recovery_codes']} recovery codes are left")


@click.command()
@node_options
def prove(node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool) -> None:
    """Prove identity again: unlocks the session, and allows to sign for some minutes."""
    from detente.cli.node_client import session_file as sessions

    code = click.prompt("Code of the app, or password", hide_input=True)
    with connect(node, ca_file, session_file) as client:
        given = {"code": code} if code.isdigit() and len(code) == 6 else {"password": code}
        session, told = client.prove(**given)
    sessions(session_file).save(session)
    if as_json:
        print_json({"scopes": told["scopes"]})
    else:
        say(f"proved; fresh for {told['step_up_s'] / 60:.0f} minutes")


@click.command()
@click.option("--node", "url", metavar="URL", help="Which one. [default: the last one]")
@_CA_FILE
@_SESSION_FILE
def logout(url: str | None, ca_file: str | None, file: Path | None) -> None:
    """End the session with a node, there and here."""
    sessions = session_file(file)
    node = sessions.current() if url is None else node_url(url)
    if node is None or sessions.find(node) is None:
        raise not_logged_in(node)
    try:
        with connect(node, ca_file, file) as client:
            client.delete("session")
    finally:
        sessions.forget(node)
    say(f"logged out of {node}")


@click.command()
@click.argument("url", metavar="URL")
@_CA_FILE
def accept(url: str, ca_file: str | None) -> None:
    """Take an invitation to the node at URL: set a password, and enrol an authenticator app."""
    token = click.prompt("Invitation", hide_input=True).strip()
    with NodeClient(url, ca=ca_file) as client:
        told = client.post("invitation", {"token": token})
        say(f"Account {told['officer']} ({told['name']}).")
        say(f"Enter this secret in an authenticator app: {told['secret']}")
        password = click.prompt("New password", hide_input=True, confirmation_prompt=True)
        code = click.prompt("Code that the app shows")
        body = {"token": token, "password": password, "code": code}
        codes = client.post("invitation/complete", body)
    say("Recovery codes, told this once; each is good once, in place of the app:")
    for each in codes["recovery_codes"]:
        say(f"  {each}")


@click.group(short_help="Accounts of a node.")
def officer() -> None:
    """Accounts of the people who work with a node."""


@officer.command("list")
@node_options
def list_(node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool) -> None:
    """List the accounts, their roles, and how they log in."""
    with connect(node, ca_file, session_file) as client:
        found = client.get("officers")
    if as_json:
        print_json(found)
        return
    for each in found["officers"]:
        say(_line(each))


@officer.command()
@click.argument("account", metavar="ID")
@click.option("--name", required=True, help="For people: rank and name, or a post.")
@click.option("--role", "roles", multiple=True, required=True, help="Repeatable.")
@click.option("--approval", default="", help="Id of the second person's approval.")
@node_options
def add(
    account: str,
    name: str,
    roles: tuple[str, ...],
    approval: str,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Make an account and invite its holder; the token is told this once."""
    body: Json = {"id": account, "name": name, "roles": list(roles), "approval": approval}
    with connect(node, ca_file, session_file) as client:
        client.post("officers", body)
        told = client.post(path_of("officers", account, "invitation"), {})
    if as_json:
        print_json(told)
    else:
        say(f"{account} is invited until {told['until']}; hand this over in person:")
        say(str(told["token"]))


@officer.command()
@click.argument("directory", metavar="NODE", type=PATH)
@click.argument("account", metavar="ID")
@click.option("--name", default="", help="Of an account that is not there yet.")
@click.option("--role", "roles", multiple=True, help="Of an account that is not there yet.")
def rescue(directory: Path, account: str, name: str, roles: tuple[str, ...]) -> None:
    """Invite ID with the node's own files, when nobody can log in any more; NODE must be stopped.

    Whoever has the files could change the tables as well; so it is recorded.
    """
    from detente.cli.node_rescue import rescue_account

    async def work() -> Any:
        return await rescue_account(directory, account, name, roles)

    invited = run(work())
    say(f"{invited.account} is invited until {invited.until:%Y-%m-%d %H:%M}Z:")
    say(invited.token)


def _line(each: Json) -> str:
    ways = [
        word
        for word, there in (
            ("password", each["has_password"]),
            ("app", each["has_app"]),
            (f"{each['security_keys']} keys", each["security_keys"]),
            ("provider", each["subject"]),
        )
        if there
    ]
    state = "active" if each["active"] else "BLOCKED"
    roles = ", ".join(each["roles"])
    return f"{each['id']:20} {state:8} {each['name']}: {roles}; {' + '.join(ways) or 'invited'}"
