"""`detente conference`: conferences of a party's node, for officers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from detente.cli.conference_minutes import CONFERENCE, minutes
from detente.cli.conference_text import tell, tell_proposal
from detente.cli.node_client import (
    Json,
    connect,
    node_options,
    path_of,
    print_json,
    say,
    short_time,
)
from detente.cli.record_options import INSTANT
from detente.cli.room import texts, title_of

TEXT_FR = click.option("--text-fr", metavar="TEXT", help="The same in French.")


class Person(click.ParamType[Json]):
    """`NAME` or `NAME, FUNCTION`."""

    name = "PERSON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Json:
        """See the class."""
        if isinstance(value, dict):
            return value
        name, _, function = str(value).partition(",")
        if not name.strip():
            self.fail("Give a name, or a name, a comma and a function.")
        found = {"name": name.strip()}
        return found | {"function": function.strip()} if function.strip() else found


class Item(click.ParamType[Json]):
    """`NUMBER=TITLE` of an item of the agenda."""

    name = "NUMBER=TITLE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Json:
        """See the class."""
        if isinstance(value, dict):
            return value
        number, equals, title = str(value).partition("=")
        if not equals or not number.strip() or not title.strip():
            self.fail("Give it as NUMBER=TITLE, such as 1=Incidents.")
        return {"item": number.strip(), "title": {"en": title.strip()}}


@click.group(short_help="Hold conferences: agenda, proposals, minutes.")
def conference() -> None:
    """Conferences of a party's node: agenda, attendance, proposals, minutes that all sign.

    Log in first: `detente node login`. What is stated for the party needs an identity that was
    proved a moment ago: `detente node prove`.
    """


@conference.command("list")
@node_options
def list_(node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool) -> None:
    """List conferences, the one that begins last first."""
    with connect(node, ca_file, session_file) as client:
        found = client.get("conferences")
    if as_json:
        print_json(found)
        return
    for each in found["conferences"]:
        state = "agreed" if each["agreed"] else "closed" if each["closed"] else "open"
        say(f"{each['id']}  {short_time(each['begins'])}  {state:6}  {title_of(each)}")


@conference.command()
@CONFERENCE
@node_options
def show(
    conference: str, node: str | None, ca_file: str | None, session_file: Path | None, as_json: bool
) -> None:
    """Show all of CONFERENCE."""
    with connect(node, ca_file, session_file) as client:
        tell(client.get(path_of("conferences", conference)), as_json)


@conference.command()
@click.option("--title", required=True, metavar="TEXT")
@click.option("--title-fr", metavar="TEXT", help="The same in French.")
@click.option("--begins", required=True, type=INSTANT, help="When, with its zone.")
@click.option("--ends", type=INSTANT, help="When it is to end.")
@click.option("--item", "agenda", multiple=True, type=Item(), help="Of the agenda; repeatable.")
@click.option("--invite", "parties", multiple=True, metavar="PARTY", help="Opens a room for it.")
@click.option("--room", metavar="ROOM", help="Hold it there; all its parties are invited.")
@click.option("--member", "members", multiple=True, metavar="OFFICER", help="Ours in that room.")
@click.option("--dial-in", metavar="TEXT", help="A number to call, if people also talk.")
@click.option(
    "--status",
    type=click.Choice(["actual", "exercise", "test"]),
    default="actual",
    show_default=True,
)
@node_options
def convene(
    title: str,
    title_fr: str | None,
    begins: Any,
    ends: Any,
    agenda: tuple[Json, ...],
    parties: tuple[str, ...],
    room: str | None,
    members: tuple[str, ...],
    dial_in: str | None,
    status: str,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Convene a conference, in a room that there is or one that is opened for it."""
    if bool(parties) == bool(room):
        raise click.UsageError("Give --invite (repeatable), or --room.")
    body: Json = {
        "title": texts(title, title_fr),
        "begins": begins.isoformat(),
        "agenda": agenda,
        "parties": parties,
        "officers": members,
        "status": status,
    }
    if ends is not None:
        body["ends"] = ends.isoformat()
    if room is not None:
        body["room"] = room
    if dial_in is not None:
        body["dial_in"] = dial_in
    with connect(node, ca_file, session_file) as client:
        tell(client.post("conferences", body), as_json)


@conference.command()
@CONFERENCE
@click.option(
    "--person", "people", multiple=True, type=Person(), help="'Name' or 'Name, function'."
)
@click.option("--decline", is_flag=True, help="We do not take part; nothing more is told to us.")
@node_options
def attend(
    conference: str,
    people: tuple[Json, ...],
    decline: bool,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """State all of our own people who take part, or that we do not."""
    if bool(people) == decline:
        raise click.UsageError("Give --person (repeatable), or --decline.")
    with connect(node, ca_file, session_file) as client:
        path = path_of("conferences", conference, "attendance")
        tell(client.post(path, {"people": people}), as_json)


@conference.command()
@CONFERENCE
@click.option("--title", required=True, metavar="TEXT")
@click.option("--title-fr", metavar="TEXT", help="The same in French.")
@click.option("--text", required=True, metavar="TEXT", help="What is proposed.")
@TEXT_FR
@click.option("--item", metavar="NUMBER", help="Of the agenda.")
@node_options
def propose(
    conference: str,
    title: str,
    title_fr: str | None,
    text: str,
    text_fr: str | None,
    item: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Propose something. It stands in every party's record from then on."""
    body: Json = {"title": texts(title, title_fr), "text": texts(text, text_fr)}
    if item is not None:
        body["item"] = item
    with connect(node, ca_file, session_file) as client:
        tell(client.post(path_of("conferences", conference, "proposals"), body), as_json)


@conference.command()
@CONFERENCE
@click.argument("proposal")
@click.argument("fate", type=click.Choice(["accepted", "rejected", "deferred", "withdrawn"]))
@click.option("--text", metavar="TEXT", help="Why.")
@TEXT_FR
@click.option("--until", type=INSTANT, help="Deferred until then.")
@node_options
def decide(
    conference: str,
    proposal: str,
    fate: str,
    text: str | None,
    text_fr: str | None,
    until: Any,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Say what we say to PROPOSAL (such as b-1), or withdraw our own."""
    body: Json = {"fate": fate}
    if text is not None:
        body["text"] = texts(text, text_fr)
    if until is not None:
        body["until"] = until.isoformat()
    with connect(node, ca_file, session_file) as client:
        path = path_of("conferences", conference, "proposals", proposal, "fate")
        tell(client.post(path, body), as_json)


@conference.command()
@click.option("--text", metavar="WORDS", help="In title or text, in any language.")
@click.option("--party", metavar="PARTY", help="Who proposed it.")
@click.option("--since", type=INSTANT, help="Stated at or after this time.")
@click.option("--until", type=INSTANT, help="Stated before this time.")
@node_options
def proposals(
    text: str | None,
    party: str | None,
    since: Any,
    until: Any,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> int:
    """Whether something was ever proposed, in any conference. Exit code 0 if so, 1 if not."""
    query: dict[str, str | int | None] = {
        "text": text,
        "party": party,
        "since": None if since is None else since.isoformat(),
        "until": None if until is None else until.isoformat(),
    }
    with connect(node, ca_file, session_file) as client:
        found = client.get("proposals", query)
    if as_json:
        print_json(found)
    else:
        for each in found["proposals"]:
            tell_proposal(each, whole=True)
        if not found["proposals"]:
            say("No such proposal is in this record, which holds")
            for each in found["searched"]:
                whole = "all" if each["complete"] else f"{each['held']}, not all,"
                say(
                    f"  {whole} of {each['newest']} statements of {each['party']}"
                    f" in {each['channel']}"
                )
    return 0 if found["proposals"] else 1


@conference.command()
@CONFERENCE
@click.argument("text")
@TEXT_FR
@click.option("--minutes", "minutes", metavar="SHA256", help="The text it is about, all digits.")
@click.option("--proposal", metavar="PROPOSAL", help="The proposal it is about, such as b-1.")
@node_options
def dissent(
    conference: str,
    text: str,
    text_fr: str | None,
    minutes: str | None,
    proposal: str | None,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Note, signed by our officer, what we do not agree with."""
    body: Json = {"text": texts(text, text_fr)}
    if minutes is not None:
        body["minutes"] = minutes
    if proposal is not None:
        body["proposal"] = proposal
    with connect(node, ca_file, session_file) as client:
        tell(client.post(path_of("conferences", conference, "dissents"), body), as_json)


@conference.command()
@CONFERENCE
@click.option("--ended", type=INSTANT, help="When it ended; now if not given.")
@node_options
def close(
    conference: str,
    ended: Any,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """State that a CONFERENCE that we host has ended. Minutes and dissent come after it."""
    body = {} if ended is None else {"ended": ended.isoformat()}
    with connect(node, ca_file, session_file) as client:
        tell(client.post(path_of("conferences", conference, "close"), body), as_json)


conference.add_command(minutes)
