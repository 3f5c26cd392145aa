"""Officers' commands against a node's interface on 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.desks import PASSWORD, Office, office
from tests.support.program import Finished, detente
from tests.support.three_parties import Three, three

from detente.cli.node_client import (
    NodeClient,
    NodeRefused,
    NotLoggedIn,
    connect,
)
from detente.cli.session_file import SavedSession, SessionFile, SessionFileUnusable
from detente.http import Application, ServerOptions, serve
from detente.line import Person
from detente.node.roles import Role

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served(app: Application) -> AsyncIterator[str]:
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app, ServerOptions(), stop=stop, on_ready=url.set_result))
    try:
        yield await asyncio.wait_for(url, 10)
    finally:
        stop.set()
        await task


class Desktop:
    """A person's machine, with a session of a duty chief at a node."""

    def __init__(self, directory: Path, node: str, token: str) -> None:
        self.variables = {"DETENTE_NODE_SESSION": str(directory / "sessions.json")}
        SessionFile(directory / "sessions.json").save(SavedSession(node, "a-1", token))

    async def run(self, *arguments: str) -> Finished:
        return await detente(*arguments, variables=self.variables)

    async def good(self, *arguments: str) -> str:
        done = await self.run(*arguments)
        assert done.code == 0, done
        return done.out

    async def json(self, *arguments: str) -> Any:
        return json.loads(await self.good(*arguments, "--json"))


@pytest.fixture
async def parties(tmp_path: Path) -> AsyncIterator[Three]:
    async with three(tmp_path) as made:
        yield made


@pytest.fixture
async def desktop(parties: Three, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with served(parties["a"].app) as url:
        yield Desktop(tmp_path, url, "a-1 duty-chief")


async def test_a_room_from_the_command_line(parties: Three, desktop: Desktop) -> None:
    opened = await desktop.json(
        "room", "open", "--invite", "b", "--member", "a-1", "--title", "North", "--title-fr", "Nord"
    )
    room = opened["id"]
    await parties.settle()
    await parties["b"].rooms.set_members(room, parties["b"].chief, ["b-1"])
    await parties.settle()
    assert "recorded as entry" in await desktop.good("room", "say", room, "Clear?")
    shown = await desktop.good("room", "show", room)
    assert "b        in the room: b-1" in shown
    log = await desktop.good("room", "log", room)
    assert "[text] Clear?" in log
    assert "a/a-1" in log
    assert "go on with --after" in await desktop.good("room", "log", room, "--limit", "1")
    assert room in await desktop.good("room", "list")
    await desktop.good("room", "members", room, "--member", "a-1", "--member", "a-2")
    assert "c        invited" in await desktop.good("room", "invite", room, "c")
    refused = await desktop.run("room", "invite", room, "x")
    assert (refused.code, "room.refused" in refused.err) == (2, True)
    assert "closed" in await desktop.good("room", "close", room)
    left = await desktop.run("room", "leave", room)
    assert left.code == 2
    assert "has been closed" in left.err


async def test_a_conference_from_the_command_line(parties: Three, desktop: Desktop) -> None:
    convened = await desktop.json(
        *("conference", "convene", "--title", "Incidents", "--begins", "2026-11-23T09:00:00Z"),
        *("--item", "1=Working group", "--invite", "b", "--dial-in", "+00 1"),
    )
    conference = convened["id"]
    await desktop.good("conference", "attend", conference, "--person", "Col. A, Delegate")
    await desktop.good(
        *("conference", "propose", conference, "--title", "A group", "--text", "A working group."),
        *("--title-fr", "Un groupe", "--item", "1"),
    )
    await parties.settle()
    b = parties["b"]
    people = [Person(name="Col. B")]
    await b.conferences.state(conference, b.chief, lambda each: each.attend(people))
    await parties.settle()
    found = await desktop.good("conference", "proposals", "--text", "GROUPE")
    assert "proposal    a-1  open" in found
    assert "receipt of b" in found
    none = await desktop.run("conference", "proposals", "--text", "hotline", "--party", "b")
    assert none.code == 1
    assert "all of 1 statements of b" in none.out
    await desktop.good("conference", "decide", conference, "a-1", "withdrawn", "--text", "Later.")
    written = await desktop.json("conference", "minutes", "write", conference)
    sha256 = written["minutes"][0]["sha256"]
    await desktop.good(
        "conference", "dissent", conference, "Not so.", "--minutes", sha256, "--text-fr", "Non."
    )
    refused = await desktop.run(
        "conference", "minutes", "sign", conference, sha256, "--approval", "none"
    )
    assert refused.code == 2
    assert "approval.unknown" in refused.err
    await parties["a"].sign(conference, sha256)
    shown = await desktop.good("conference", "minutes", "show", conference, sha256[:10])
    assert "a: a-1, 2026-" in shown
    page = await desktop.good(
        "conference", "minutes", "show", conference, sha256, "--as", "markdown-fr"
    )
    assert page.startswith("# Procès")
    await desktop.good("conference", "close", conference, "--ended", "2026-11-23T10:00:00Z")
    whole = await desktop.good("conference", "show", conference)
    assert "item 1      Working group" in whole
    assert "Col. A (Delegate)" in whole
    assert "dissent     a" in whole
    assert conference in await desktop.good("conference", "list")
    assert (await desktop.run("conference", "attend", conference)).code == 2
    assert (await desktop.run("conference", "convene", "--title", "T", "--begins", "x")).code == 2


async def test_minutes_are_read_from_a_file(
    parties: Three, desktop: Desktop, tmp_path: Path
) -> None:
    convened = await desktop.json(
        *("conference", "convene", "--title", "T", "--begins", "2026-11-23T09:00:00Z"),
        *("--invite", "b", "--item", "1=One"),
    )
    conference = convened["id"]
    await desktop.good("conference", "attend", conference, "--person", "Col. A")
    file = tmp_path / "minutes.json"
    file.write_text(json.dumps({"texts": {"1": {"fr": "Dit."}}, "decisions": [{"en": "Go on."}]}))
    write = ("conference", "minutes", "write", conference, "--file", str(file))
    view = await desktop.json(*write)
    document = view["minutes"][0]["document"]
    assert document["agenda"][0]["text"] == {"fr": "Dit."}
    assert document["decisions"] == [{"en": "Go on."}]
    file.write_text("[")
    assert (await desktop.run(*write)).code == 2
    file.write_text('{"texts": {"9": {"en": "x"}}}')
    assert "no such item" in (await desktop.run(*write)).err


async def test_logging_in_and_out(tmp_path: Path) -> None:
    file = SessionFile(tmp_path / "s" / "sessions.json")
    async with office(tmp_path, staffed=False) as made:
        await made.staff("a-2", Role.DUTY_CHIEF)
        async with served(made.app) as url:
            await asyncio.to_thread(log_in_and_out, made, url, file)
    assert file.find(None) is None


def log_in_and_out(made: Office, url: str, file: SessionFile) -> None:
    with NodeClient(url) as client:
        with pytest.raises(NotLoggedIn) as wrong:
            client.log_in("a-2", PASSWORD, code="000000")
        assert "ended" not in wrong.value.message
        session, told = client.log_in("a-2", PASSWORD, code=made.code("a-2"))
        assert (session.node, session.officer) == (url, "a-2")
        file.save(session)
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
        assert "step-up" in told["scopes"]
    with connect(None, None, file.path) as client:
        renewed, _ = client.prove(code=made.code("a-2"))
        assert renewed.token != session.token
        file.save(renewed)
    with connect(url, None, file.path) as client:
        assert client.get("session")["officer"] == "a-2"
        with pytest.raises(NodeRefused) as refused:
            client.get("nothing/there")
        assert refused.value.reason == "http.not_found"
        with pytest.raises(NodeRefused) as refused:
            client.post("officers", {"id": "x", "name": "X", "roles": []})
        assert (refused.value.status, refused.value.reason) == (403, "auth.scope")
        assert "detente node prove" in str(refused.value)
        client.delete("session")
        with pytest.raises(NotLoggedIn):
            client.get("session")
        assert file.forget(url)
    with NodeClient(url) as client, pytest.raises(NotLoggedIn):
        client.prove(code="1")


async def test_what_a_client_is_told_when_it_cannot_ask(tmp_path: Path) -> None:
    file = tmp_path / "sessions.json"
    variables = {"DETENTE_NODE_SESSION": str(file)}

    async def told(*arguments: str) -> str:
        done = await detente("room", "list", *arguments, variables=variables)
        assert done.code == 2, done
        return done.err

    assert "detente node login" in await told()
    assert "Without TLS" in await told("--node", "http://node.example")
    assert "no address" in await told("--node", "https://u:p@node.example/x")
    SessionFile(file).save(SavedSession("http://127.0.0.1:1", "a-1", "t"))
    assert "client.unreachable" in await told()
    file.chmod(0o644)
    assert "chmod 600" in await told()
    file.chmod(0o600)
    begun = '{"format": "detente-sessions/1", "current": null, "sessions": '
    entry = '{"officer": 1, "token": "t", "ca": null, "ends": ""}'
    for damaged in ("{", "[]", begun + "1}", begun + '{"http://127.0.0.1:1": ' + entry + "}}"):
        file.write_text(damaged)
        assert "client.session_file" in await told()


def test_several_sessions_are_kept(tmp_path: Path) -> None:
    file = SessionFile(tmp_path / "deep" / "sessions.json")
    assert file.find(None) is None
    file.save(SavedSession("https://a.example", "a-1", "one", "/ca.pem", "then"))
    file.save(SavedSession("https://b.example", "a-2", "two"))
    assert file.current() == "https://b.example"
    assert file.find("https://a.example") == SavedSession(
        "https://a.example", "a-1", "one", "/ca.pem", "then"
    )
    assert file.forget("https://b.example")
    assert not file.forget("https://b.example")
    assert file.current() == "https://a.example"
    assert list(file.path.parent.iterdir()) == [file.path]
    blocked = SessionFile(tmp_path / "deep" / "sessions.json" / "below")
    with pytest.raises(SessionFileUnusable):
        blocked.save(SavedSession("https://a.example", "a-1", "one"))
