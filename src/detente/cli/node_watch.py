"""`detente node watch`: feeds, alerts and raw tracks of a node that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from detente.cli.node_by_two import approval_option, approved_action, ask_second
from detente.cli.node_client import (
    NodeClient,
    connect,
    node_options,
    path_of,
    print_json,
    say,
)
from detente.cli.node_watch_text import (
    ABOUT,
    alert_lines,
    history_lines,
    hold_lines,
    segment_lines,
    status_lines,
)
from detente.words import Language

_MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"])
Lines = Callable[[Any, Language], Iterator[str]]
_ALERT = click.argument("alert", metavar="ALERT")


@click.group("watch", short_help="Feeds, alerts and raw tracks of a running node.")
def watch() -> None:
    """What a node that runs watches: feeds, alerts, raw tracks.

    ALERT is an alert's id, or as many of its first digits as tell it from others that are listed.
    Holding raw tracks beyond their time, and letting them go, take two persons: the first run asks
    for the second one, who approves it with `detente node approve`; the second run, with
    --approval, does it.
    """


@watch.command()
@node_options
def status(node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool) -> None:
    """Tell how each feed is, what was dropped, and whether raw tracks are kept."""
    with connect(node, ca_file, session_file) as client:
        _show(client, client.get("watch"), as_json, status_lines)


@watch.command()
@click.option("--open", "only_open", is_flag=True, help="Only those that are not over.")
@click.option("--about", type=click.Choice(ABOUT), help="Only those about this.")
@click.option("--aircraft", metavar="ID", help="Only those of this aircraft.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@node_options
def alerts(
    only_open: bool,
    about: str | None,
    aircraft: str | None,
    limit: int,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """List alerts, newest first, each in its newest stage."""
    query = {"limit": str(limit)}
    query |= {"open": "1"} if only_open else {}
    query |= {} if about is None else {"about": about}
    query |= {} if aircraft is None else {"aircraft": aircraft}
    with connect(node, ca_file, session_file) as client:
        _show(client, client.get("watch/alerts", query), as_json, alert_lines)


@watch.command()
@_ALERT
@node_options
def show(
    alert: str, node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool
) -> None:
    """Show ALERT: its stages, what decided them, what the other side was told, who took note."""
    with connect(node, ca_file, session_file) as client:
        found = client.get(path_of("watch", "alerts", _whole(client, alert)))
        _show(client, found, as_json, history_lines)


@watch.command()
@_ALERT
@click.option("--text", default="", metavar="TEXT", help="A word on it; it is recorded.")
@node_options
def note(
    alert: str,
    text: str,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """State, signed by your key, that you have taken note of ALERT."""
    with connect(node, ca_file, session_file) as client:
        path = path_of("watch", "alerts", _whole(client, alert), "seen")
        _show(client, client.post(path, {"note": text}), as_json, history_lines)


@watch.command()
@click.option("--since", type=_MOMENT, metavar="TIME", help="Received at this time or later.")
@click.option("--until", type=_MOMENT, metavar="TIME", help="Received at this time or earlier.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@node_options
def segments(
    since: datetime | None,
    until: datetime | None,
    limit: int,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """List raw tracks that are kept, newest first, and what holds them.

    Each is a file of an entry of the record: `detente node export --items INDEX` gives it out with
    proof that it is what was received.
    """
    query = {"limit": str(limit)}
    query |= {} if since is None else {"since": _text(since)}
    query |= {} if until is None else {"until": _text(until)}
    with connect(node, ca_file, session_file) as client:
        found = client.get("watch/segments", query) | client.get("watch/holds")
        _show(client, found, as_json, segment_lines)


@watch.command()
@click.option("--since", type=_MOMENT, metavar="TIME", help="Received at this time or later.")
@click.option("--until", type=_MOMENT, metavar="TIME", help="Received at this time or earlier.")
@click.option("--aircraft", default="", metavar="ID", help="Only where this aircraft is in it.")
@click.option("--ground", default="", metavar="TEXT", help="Why; it is recorded.")
@approval_option
@node_options
def hold(
    since: datetime | None,
    until: datetime | None,
    aircraft: str,
    ground: str,
    approval: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Keep raw tracks of a time until they are released."""
    with connect(node, ca_file, session_file) as client:
        if approval is not None:
            body = approved_action(client, approval, "tracks", "hold")
            _show(client, client.post("watch/holds", body), as_json, hold_lines)
            return
        if since is None or until is None or not ground:
            raise click.UsageError("Give --since, --until and --ground, or --approval.")
        action = {
            "do": "hold",
            "since": _text(since),
            "until": _text(until),
            "aircraft": aircraft,
            "ground": ground,
        }
        ask_second(client, "tracks", action, "watch hold", as_json)


@watch.command()
@click.argument("hold_id", metavar="HOLD", required=False)
@click.option("--ground", default="", metavar="TEXT", help="Why; it is recorded.")
@approval_option
@node_options
def release(
    hold_id: str | None,
    ground: str,
    approval: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Let go of raw tracks that HOLD keeps: they are deleted when their time is over."""
    with connect(node, ca_file, session_file) as client:
        if approval is not None:
            body = approved_action(client, approval, "tracks", "release")
            path = path_of("watch", "holds", str(body.pop("hold")), "release")
            _show(client, client.post(path, body), as_json, hold_lines)
            return
        if hold_id is None or not ground:
            raise click.UsageError("Name the hold and give --ground, or give --approval.")
        action = {"do": "release", "hold": hold_id, "ground": ground}
        ask_second(client, "tracks", action, "watch release", as_json)


def _show(client: NodeClient, found: Any, as_json: bool, lines: Lines) -> None:
    if as_json:
        print_json(found)
        return
    language: Language = "fr" if client.get("session").get("language") == "fr" else "en"
    for line in lines(found, language):
        say(line)


def _whole(client: NodeClient, given: str) -> str:
    """The id that begins so."""
    if len(given) == 64:
        return given
    listed = [each["id"] for each in client.get("watch/alerts", {"limit": "500"})["alerts"]]
    found = [each for each in listed if given and each.startswith(given)]
    if len(found) != 1:
        what = "Several alerts begin" if found else "No alert that is listed begins"
        raise click.UsageError(f"{what} with {given!r}.")
    return str(found[0])


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).isoformat(timespec="microseconds")[:26] + "Z"
