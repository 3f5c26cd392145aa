"""`detente room`: rooms of a party's node, for officers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from detente.cli.node_client import (
    Json,
    connect,
    node_options,
    path_of,
    print_json,
    say,
    short_time,
)

ROOM = click.argument("room", metavar="ROOM")
MEMBER = click.option(
    "--member",
    "members",
    multiple=True,
    required=True,
    metavar="OFFICER",
    help="One of our members; repeatable. Whoever is not named is none any more.",
)


@click.group(short_help="Speak with several parties in rooms.")
def room() -> None:
    """Rooms of a party's node: any number of parties, each with members of its own.

    Log in first: `detente node login`. What changes a room needs an identity that was proved a
    moment ago: `detente node prove`.
    """


@room.command("list")
@node_options
def list_(node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool) -> None:
    """List rooms, the newest first."""
    with connect(node, ca_file, session_file) as client:
        found = client.get("rooms")
    if as_json:
        print_json(found)
        return
    for each in found["rooms"]:
        state = "closed" if each["closed"] else "open"
        say(f"{each['id']}  {state:6}  {', '.join(each['present']):20}  {title_of(each)}")
    for each in found["faults"]:
        say(f"FAULT  entry {each['index']} of {each['sender']}: {each['kind']}: {each['what']}")


@room.command()
@ROOM
@node_options
def show(
    room: str, node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool
) -> None:
    """Show who is in ROOM, by each party's own statement."""
    with connect(node, ca_file, session_file) as client:
        found = client.get(path_of("rooms", room))
    _tell(found, as_json)


@room.command("open")
@click.option("--invite", "parties", multiple=True, required=True, metavar="PARTY")
@MEMBER
@click.option("--title", required=True, metavar="TEXT", help="What the room is called.")
@click.option("--title-fr", metavar="TEXT", help="The same in French.")
@click.option(
    "--status",
    type=click.Choice(["actual", "exercise", "test"]),
    default="actual",
    show_default=True,
    help="Of everything in it.",
)
@node_options
def open_(
    parties: tuple[str, ...],
    members: tuple[str, ...],
    title: str,
    title_fr: str | None,
    status: str,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Open a room and invite other parties to it."""
    body = {
        "parties": parties,
        "officers": members,
        "title": texts(title, title_fr),
        "status": status,
    }
    with connect(node, ca_file, session_file) as client:
        _tell(client.post("rooms", body), as_json)


@room.command()
@ROOM
@MEMBER
@node_options
def members(
    room: str,
    members: tuple[str, ...],
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """State who our members in ROOM are; the first time, we join."""
    with connect(node, ca_file, session_file) as client:
        _tell(client.put(path_of("rooms", room, "members"), {"officers": members}), as_json)


@room.command()
@ROOM
@click.argument("parties", nargs=-1, required=True, metavar="PARTY…")
@node_options
def invite(
    room: str,
    parties: tuple[str, ...],
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Invite more parties to a ROOM that we opened, or one that left it."""
    with connect(node, ca_file, session_file) as client:
        _tell(client.post(path_of("rooms", room, "invitations"), {"parties": parties}), as_json)


@room.command()
@ROOM
@node_options
def leave(
    room: str, node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool
) -> None:
    """Leave ROOM, or decline to join it. Only a new invitation brings us back."""
    with connect(node, ca_file, session_file) as client:
        _tell(client.post(path_of("rooms", room, "leave")), as_json)


@room.command()
@ROOM
@node_options
def close(
    room: str, node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool
) -> None:
    """Close a ROOM that we opened, for everybody and for good."""
    with connect(node, ca_file, session_file) as client:
        _tell(client.post(path_of("rooms", room, "close")), as_json)


@room.command("say")
@ROOM
@click.argument("text")
@click.option("--language", default="en", show_default=True, help="That TEXT is in.")
@click.option("--urgency", type=click.Choice(["distress", "urgent", "routine"]))
@node_options
def say_(
    room: str,
    text: str,
    language: str,
    urgency: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Say TEXT to all parties that are in ROOM now."""
    body: Json = {
        "form": "text",
        "language": language,
        "fields": {"text": {"language": language, "text": text}},
    }
    if urgency is not None:
        body["urgency"] = urgency
    with connect(node, ca_file, session_file) as client:
        found = client.post(path_of("rooms", room, "messages"), body)
    if as_json:
        print_json(found)
    else:
        say(f"recorded as entry {found['index']}, to {', '.join(found['to'])}")


@room.command()
@ROOM
@click.option("--after", type=click.IntRange(0), metavar="INDEX", help="Go on after this entry.")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@node_options
def log(
    room: str,
    after: int | None,
    limit: int,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Print what was stated about ROOM and said in it."""
    with connect(node, ca_file, session_file) as client:
        query = {"after": after, "limit": limit}
        found = client.get(path_of("rooms", room, "entries"), query)
    if as_json:
        print_json(found)
        return
    for each in found["entries"]:
        who = f"{each['sender']}/{each['officer'] or 'node'}"
        say(f"{each['index']:6}  {short_time(each['created'])}  {who:16}  {_said(each)}")
        if each["fault"]:
            say(f"        FAULT  {each['fault']['en']}")
    if found["next"] is not None:
        say(f"… go on with --after {found['next']}")


def texts(english: str, french: str | None) -> Json:
    """A text by language."""
    return {"en": english} if french is None else {"en": english, "fr": french}


def title_of(each: Json) -> str:
    """The English title, or the first that there is."""
    title = each["title"]
    return str(title.get("en") or next(iter(title.values()), ""))


def _said(each: Json) -> str:
    body = each["body"]
    match each["kind"]:
        case "message":
            text = body.get("fields", {}).get("text")
            said = text.get("text") if isinstance(text, dict) else None
            return f"[{body.get('form')}] {said or ''}".rstrip()
        case "room-members":
            return f"members: {', '.join(body['officers'])}"
        case "room-leave":
            return "not in the room"
        case "room-invite":
            return f"invites: {', '.join(body['invited'])}"
        case kind:
            return str(kind)


def _tell(found: Json, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    say(f"room     {found['id']}  {title_of(found)}")
    mark: list[Any] = [found["status"] if found["status"] != "actual" else None]
    mark.append("closed" if found["closed"] else "open")
    say(f"state    {', '.join(str(each) for each in mark if each)}, epoch {found['epoch']}")
    for each in found["parties"]:
        officers = f": {', '.join(each['officers'])}" if each["officers"] else ""
        say(f"{each['party']:8} {each['words']['en']}{officers}")
        if each["contradicts"]:
            say("         CONTRADICTS ITSELF: two statements under one number, both recorded")
