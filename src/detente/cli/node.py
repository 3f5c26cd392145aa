"""`detente node`: begin a node, run it, see how it is, look after its tables and its officers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from detente.cli.node_agreement import agreement
from detente.cli.node_by_two import approvals, approve, reject, withdraw
from detente.cli.node_client import say
from detente.cli.node_copies import backup, restore
from detente.cli.node_export import export
from detente.cli.node_keys import keys
from detente.cli.node_sessions import accept, login, logout, officer, prove
from detente.cli.node_watch import watch
from detente.cli.options import setting_options
from detente.cli.record_options import PATH, beginning_options, run
from detente.node.settings import NODE_FILE, PREFIX, NodeSettings

NODE = click.argument("directory", metavar="NODE", type=PATH)


@click.group(short_help="Run a party's node: line, record, officers.")
def node() -> None:
    """Run the node of one party under one agreement.

    NODE is its directory: the record, and node.toml with its settings. A node talks to the nodes of
    the other parties over the line, keeps the record, and serves the party's officers.
    """


@node.command()
@NODE
@beginning_options("NODE")
@click.option(
    "--database",
    envvar=f"{PREFIX}_DATABASE",
    metavar="URL",
    help=f"postgresql:// URL to keep the log in; not stored. [{PREFIX}_DATABASE]",
)
@click.option(
    "--admin", default="admin", show_default=True, metavar="ID", help="Id of the first account."
)
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting for node.toml, such as api-port=8090; repeatable, also for lists.",
)
def init(
    directory: Path,
    agreement: Path,
    party: str,
    keys: Path,
    witness_directory: Path | None,
    database: str | None,
    admin: str,
    given: tuple[str, ...],
) -> None:
    """Begin a node: its record, its settings, its secret, and the first administrator.

    The agreement must be signed by everybody. Private keys stay where they are. The administrator
    is told a token, this once, with which a password and a second factor are set.
    """
    from detente.cli.node_settings import for_file
    from detente.cli.record_notes import period_note
    from detente.node.beginning import begin_node
    from detente.node.home import Home, now

    settings = for_file(given)
    place = database or settings.get("database")

    async def work() -> None:
        where = None if place is None else str(place)
        home = Home(directory, party, keys, witness_directory or keys, where)
        begun = await begin_node(home, agreement, settings, admin)
        click.echo(f"wrote {directory}: the node of {party}, log {begun.origin}")
        click.echo(f"settings: {directory / NODE_FILE}")
        click.echo(f"first account: {begun.invited.account}")
        click.echo(f"its invitation, told this once: {begun.invited.token}")
        click.echo(f"next: `detente node run {click.format_filename(directory)}`, and beside it")
        click.echo(
            f"      `detente node accept {_officers_url(settings)}`, which asks for the invitation"
        )
        note = period_note(begun.agreement, now())
        if note is not None:
            click.echo(note, err=True)

    run(work())


def _officers_url(settings: Mapping[str, object]) -> str:
    scheme = "https" if settings.get("api-tls-cert") else "http"
    usual = NodeSettings()
    host = settings.get("api-host", usual.api_host)
    return f"{scheme}://{host}:{settings.get('api-port', usual.api_port)}"


def _run(directory: Path, check: bool, **given: Any) -> int:
    from detente.cli.node_settings import loaded_settings

    loaded = loaded_settings(directory, given)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    from detente.node.home import find

    home = find(directory, loaded.settings.database)
    if check:
        from detente.cli.node_settings import check_node

        return check_node(home, loaded)
    from detente.node.app import run as run_node

    return run_node(home, loaded.settings)


node.add_command(
    click.Command(
        "run",
        callback=_run,
        short_help="Run the node until it is told to stop.",
        help=(
            "Run the node of NODE. Settings are those of NODE/node.toml; every one can also be an "
            "option or an environment variable. Prints one line of JSON when it is ready, logs to "
            "standard error, and ends on SIGTERM with its work done.\n\n"
            "It starts when the other parties' nodes are away, and when its disk is full: then it "
            "shows what it has and says that it records nothing."
        ),
        params=[
            click.Argument(["directory"], metavar="NODE", type=PATH),
            click.Option(
                ["--check"],
                is_flag=True,
                help="Print the settings, look at keys and directory, and end: 0 good, 2 not.",
            ),
            *setting_options(NodeSettings, PREFIX),
        ],
    )
)


@node.command()
@NODE
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(directory: Path, as_json: bool) -> int:
    """Say how the node is: by itself if it runs, by its directory if it does not.

    Exit code 0: it runs and records; 1: it runs, and something is wrong; 3: it does not run.
    """
    from detente.cli.node_status import ask, look, tell

    facts, code = run(ask(directory))
    if facts is None:
        facts, code = run(look(directory)), 3
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    else:
        for line in tell(facts):
            click.echo(line)
    return code


@node.command()
@NODE
@click.option("--replace", is_flag=True, help="Put the tables that differ in order.")
def rebuild(directory: Path, replace: bool) -> int:
    """Make the tables that follow from the record anew, and compare them with those in use.

    The record is the truth: what officers see is read from tables that are kept beside it. NODE
    must not be running. Exit code 1 if something differed.
    """
    from detente.cli.node_settings import home_of
    from detente.cli.node_status import rebuilt_lines
    from detente.node.opening import node_projections, open_node_record

    async def work() -> int:
        home = home_of(directory)
        opened = await open_node_record(home)
        differs = False
        try:
            for projection in node_projections():
                found = await opened.record.rebuild(projection, replace=replace)
                differs = differs or found.differing > 0
                for line in rebuilt_lines(found):
                    click.echo(line)
        finally:
            await opened.record.close()
        return 1 if differs else 0

    return run(work())


def _recover(directory: Path, abandon_uncosigned: bool, **given: Any) -> None:
    from detente.cli.node_recover import recover_node
    from detente.cli.node_settings import loaded_settings

    settings = loaded_settings(directory, given).settings
    confirm = _confirm_abandoning if abandon_uncosigned else None
    done = run(recover_node(directory, settings, lambda text: say(f"{text} …"), confirm))
    say(f"recovered: {done.leaves} leaves, {done.own} envelopes of ours, {done.theirs} of others")
    if done.lost:
        say(f"lost: {done.lost} entries whose leaves are there and whose content nobody has")
    for each in done.refused:
        say(f"refused: {each}")
    say(f"next: `detente node run {click.format_filename(directory)}`")


def _confirm_abandoning(origin: str, why: str) -> None:
    for line in (
        why,
        "",
        "WARNING. That checkpoint has our signature. If its leaves turn up after all, or if",
        "somebody has it cosigned, our log contradicts itself, and everybody can prove that with",
        "the two signatures. Look for the old disk, a newer backup or a bundle first. What is",
        "abandoned cannot be taken up again; the record will quote it for good.",
        "",
    ):
        say(line, err=True)
    if click.prompt(f"To abandon it, type the name of the log, {origin}", err=True) != origin:
        raise click.UsageError("That is not its name. Nothing was changed.")


node.add_command(
    click.Command(
        "recover",
        callback=_recover,
        short_help="Recover a restored node, where something must be decided.",
        help=(
            "Ask everybody what they hold of the restored node in NODE, and take it back. A node "
            "that runs does so by itself; this is for when that is not enough, and NODE must be "
            "stopped. Settings are those of `node run`.\n\n"
            "--abandon-uncosigned: go on although somebody has seen a checkpoint of ours whose "
            "leaves nobody has any more. Only one that nobody has cosigned can be abandoned. It is "
            "warned of and asked for, and the record names it."
        ),
        params=[
            click.Argument(["directory"], metavar="NODE", type=PATH),
            click.Option(
                ["--abandon-uncosigned"],
                is_flag=True,
                help="Give up a checkpoint that was seen, not cosigned, and lost.",
            ),
            *setting_options(NodeSettings, PREFIX),
        ],
    )
)


for command in (
    *(accept, agreement, approvals, approve, backup, export, keys, login, logout, officer),
    *(prove, reject, restore, watch, withdraw),
):
    node.add_command(command)
