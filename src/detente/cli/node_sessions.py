"""`detente node login`, `prove`, `logout`, `accept`, and the officers of a node."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any, Final

import click

from detente.cli.node_address import node_url
from detente.cli.node_by_two import approval_option, approved_action, ask_second
from detente.cli.node_client import (
    Json,
    NodeClient,
    NodeRefused,
    connect,
    node_options,
    not_logged_in,
    path_of,
    print_json,
    say,
    session_file,
    short_time,
)
from detente.cli.record_options import PATH, run

_NEEDS_SECOND: Final = "approval.missing"
_ASKED_AGAIN: Final = ("password.weak", "auth.factor")

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
    ends, idle_min = short_time(told["ends"]), told["idle_s"] / 60
    say(f"the session ends at {ends}; it locks after {idle_min:.0f} idle minutes")
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
        if sys.stdout.isatty():
            from detente.node.second_factor import qr_terminal

            click.echo(qr_terminal(told["uri"]))
        say(f"Read this into an authenticator app, or type its secret there: {told['secret']}")
        codes = _complete(client, token)
    say("Recovery codes, told this once; each is good once, in place of the app:")
    for each in codes["recovery_codes"]:
        say(f"  {each}")
    say(f"next: `detente node login {client.node} {told['officer']}`, with the app's next code:")
    say("this one has been used.")


def _complete(client: NodeClient, token: str) -> Json:
    """Ask for password and code until the node takes them: the app was enrolled by then."""
    password = _new_password()
    while True:
        code = click.prompt("Code that the app shows")
        try:
            body = {"token": token, "password": password, "code": code.replace(" ", "")}
            return client.post("invitation/complete", body)
        except NodeRefused as error:
            if error.reason not in _ASKED_AGAIN or not sys.stdin.isatty():
                raise
            say(error.message)
            if error.reason == "password.weak":
                password = _new_password()


def _new_password() -> str:
    return str(
        click.prompt(
            "New password (12 characters or more)", hide_input=True, confirmation_prompt=True
        )
    )


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
@click.option("--name", help="For people: rank and name, or a post.")
@click.option("--role", "roles", multiple=True, help="Repeatable.")
@click.option(
    "--language",
    type=click.Choice(["en", "fr"]),
    default="en",
    show_default=True,
    help="That the node speaks to its holder.",
)
@approval_option
@node_options
def add(
    account: str,
    name: str | None,
    roles: tuple[str, ...],
    language: str,
    approval: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Make an account and invite its holder; the token is told this once.

    The first administrator does so alone until somebody else who can decide has a way in. From then
    on a second person must agree to the account, and to the invitation: then this asks for it, and
    says how to go on.
    """
    if approval is None and (name is None or not roles):
        raise click.UsageError("Give --name, and --role once or more.")
    with connect(node, ca_file, session_file) as client:
        if approval is not None:
            body = approved_action(client, approval, "officers", "add")
            if body["id"] != account:
                raise click.UsageError(f"That request is for the account {body['id']}.")
            client.post("officers", body)
        else:
            action: Json = {"id": account, "name": name, "roles": sorted(set(roles))}
            action |= {"language": language, "break_glass": False}
            try:
                client.post("officers", action)
            except NodeRefused as error:
                if error.reason != _NEEDS_SECOND:
                    raise
                again = shlex.join(["officer", "add", account])
                ask_second(client, "officers", {"do": "add", **action}, again, as_json)
                return
        _invite(client, account, None, as_json)


@officer.command()
@click.argument("account", metavar="ID")
@approval_option
@node_options
def invite(
    account: str,
    approval: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Invite the holder of an account to set password and app, for the first time or anew."""
    with connect(node, ca_file, session_file) as client:
        _invite(client, account, approval, as_json)


@officer.command()
@click.argument("account", metavar="ID")
@node_options
def block(
    account: str, node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool
) -> None:
    """Block an account and end its sessions, at once and alone."""
    with connect(node, ca_file, session_file) as client:
        found = client.post(path_of("officers", account, "block"))
    if as_json:
        print_json(found)
    else:
        say(_line(found))


def _invite(client: NodeClient, account: str, approval: str | None, as_json: bool) -> None:
    try:
        told = client.post(path_of("officers", account, "invitation"), {"approval": approval or ""})
    except NodeRefused as error:
        if error.reason != _NEEDS_SECOND:
            raise
        again = shlex.join(["officer", "invite", account])
        ask_second(client, "officers", {"do": "invite", "id": account}, again, as_json)
        return
    if as_json:
        print_json(told)
    else:
        say(f"{account} is invited until {short_time(told['until'])}; hand this over in person:")
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
