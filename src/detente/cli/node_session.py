"""`detente node login`, `prove`, `logout`: an officer's session with a node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from detente.cli.node_client import (
    Json,
    NodeClient,
    connect,
    node_options,
    node_url,
    not_logged_in,
    print_json,
    say,
    session_file,
)


@click.command(short_help="Log in to a node.")
@click.option("--officer", required=True, metavar="ID", help="The account.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Its first line is the password (`-` for standard input); asked for if not given.",
)
@click.option("--code", metavar="DIGITS", help="Of the authenticator app; asked for if not given.")
@click.option("--recovery", metavar="CODE", help="A recovery code instead.")
@node_options
def login(
    officer: str,
    password_file: Path | None,
    code: str | None,
    recovery: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Log in to the node --node and keep the session, for the commands of officers."""
    file = _file(session_file)
    wanted = node or file.current()
    if wanted is None:
        raise click.UsageError("Say which node: --node https://….")
    url = node_url(wanted)
    known = file.find(url)
    ca = None if ca_file is None else str(Path(ca_file).resolve())
    ca = ca or (None if known is None else known.ca)
    if password_file is None:
        password = str(click.prompt("Password", hide_input=True, err=True))
    else:
        with click.open_file(str(password_file), encoding="utf-8") as opened:
            password = opened.readline().rstrip("\r\n")
    if recovery is None and code is None:
        code = click.prompt("Code of the app", err=True)
    with NodeClient(url, ca=ca) as client:
        session, answer = client.log_in(officer, password, code=code or "", recovery=recovery or "")
    file.save(replace(session, ca=ca))
    _tell(answer, as_json)


@click.command(short_help="Prove who you are again.")
@click.option("--code", metavar="DIGITS", help="Of the authenticator app; asked for if not given.")
@node_options
def prove(
    code: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Prove identity again: unlocks the session, and allows for minutes what binds the party."""
    with connect(node, ca_file, session_file) as client:
        given = code if code is not None else click.prompt("Code of the app", err=True)
        session, answer = client.prove(code=given)
    _file(session_file).save(session)
    _tell(answer, as_json)


@click.command(short_help="End the session with a node.")
@node_options
def logout(node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool) -> None:
    """End the session here and at the node."""
    file = _file(session_file)
    wanted = node_url(node) if node else file.current()
    session = None if wanted is None else file.find(wanted)
    if session is None:
        raise not_logged_in(wanted)
    # Whatever the node says, the token is gone from here.
    file.forget(session.node)
    with NodeClient(session.node, session, ca=ca_file) as client:
        client.delete("session")
    if as_json:
        print_json({"node": session.node, "officer": session.officer})
    else:
        say(f"{session.officer} has logged out of {session.node}")


_file = session_file


def _tell(answer: Json, as_json: bool) -> None:
    if as_json:
        # The token is in the session file; a log of this output must not have it.
        print_json({name: value for name, value in answer.items() if name != "token"})
        return
    say(f"{answer['officer']} ({answer['name']}), {', '.join(answer['roles'])}")
    say(f"locks {answer['locks']}, ends {answer['ends']}")
