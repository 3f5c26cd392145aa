"""`detente line`: what officers type, and what they are told, at two running nodes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.integration.cli.at_node import People, called, people_at
from tests.support.nodes import until

from detente.terminal.files import FILES_MAX

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("line-commands")]

TEXT = ("line", "send", "text", "--text")
SENT = ("--yes", "--json", "--wait", "delivered", "--timeout", "20")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    async with people_at(tmp_path_factory.mktemp("line-commands")) as found:
        yield found


async def test_forms_and_their_fields_are_listed() -> None:
    forms = await called("line", "send")
    assert "warning " in forms.out
    fields = await called("line", "send", "warning", "--fields")
    assert "  --area  " in fields.out
    assert "debris" in fields.out
    assert "(optional)" in fields.out
    assert (await called("line", "send", "rumour")).code == 2


async def test_what_cannot_be_sent_is_told_before_anything_is(
    people: People, tmp_path: Path
) -> None:
    before = await people.json("durand", "line", "inbox", "--box", "out")
    shown = await people.good("durand", *TEXT, "Soon.", "--dry-run")
    assert "Free text" in shown or "Soon." in shown
    file = tmp_path / "fields.json"
    bad = [
        ((*TEXT, "Soon."), "give --yes"),
        ((*TEXT, "Soon.", "--area", "circle 1 km 1N 1E"), "has no --area"),
        ((*TEXT, "Soon.", "--room", "nowhere"), "no such room"),
        ((*TEXT, "Soon.", "--room", "r", "--to", "b"), "not both"),
        ((*TEXT, "Soon.", "--answers", "x", "--corrects", "y"), "not both"),
        ((*TEXT, "Soon.", "--to", "nobody", "--yes"), "no party 'nobody'"),
        (("line", "send", "warning", "--area", "somewhere"), "begins with circle"),
        (("line", "send", "text", "--fields-file", file), "no JSON object"),
        (("line", "send", "text", "--fields-file", "-"), "no JSON"),
        ((*TEXT, "x", *("--attach", file) * (FILES_MAX + 1)), "no more than"),
    ]
    file.write_text("[]")
    for arguments, why in bad:
        assert why in await people.refused("durand", *arguments)
    assert await people.json("durand", "line", "inbox", "--box", "out") == before


async def test_fields_come_from_a_file_and_are_corrected(people: People, tmp_path: Path) -> None:
    file = tmp_path / "fields.json"
    file.write_text(json.dumps({"text": {"language": "en", "text": "The firts."}}))
    send = ("line", "send", "text")
    first = json.loads(await people.good("durand", *send, "--fields-file", file, *SENT))
    again = json.loads(
        await people.good("durand", *TEXT, "The first.", "--corrects", first["id"][-8:], *SENT)
    )
    assert again["corrects"] == first["id"]
    told = await people.good("nowak", "line", "show", first["id"])
    assert "replaced by a correction" in told
    assert "The first." in told
    assert told.count("── ") == 2


async def test_lists_are_narrowed(people: People) -> None:
    sent = json.loads(await people.good("durand", *TEXT, "Which one?", *SENT))
    end = sent["id"][-8:]
    for more, there in (
        (("--peer", "a"), True),
        (("--state", "delivered"), True),
        (("--state", "answered"), False),
        (("--overdue",), False),
        (("--room", "none"), False),
        (("--box", "out"), False),
        (("--status", "test"), False),
    ):
        assert (end in await people.good("nowak", "line", "inbox", *more)) is there, more
    nothing = await people.good("nowak", "line", "inbox", "--room", "none")
    assert len(nothing.splitlines()) == 1
    assert "no message among the newest" in await people.refused("nowak", "line", "show", "zz")
    assert "messages among the newest" in await people.refused("nowak", "line", "show", "")
    missing = f"{sent['id'][:-4]}0000"
    assert "code:" in await people.refused("nowak", "line", "show", missing)
    assert "message" in await people.refused("durand", "line", "ack", end)
    assert await people.good("nowak", "line", "ack", end)
    assert "already" in await people.refused("nowak", "line", "ack", end)


async def test_a_file_is_listed_saved_and_not_replaced(people: People, tmp_path: Path) -> None:
    file = tmp_path / "note.txt"
    file.write_text("Here.")
    sent = json.loads(await people.good("durand", *TEXT, "See.", "--attach", file, *SENT))
    listed = await people.good("nowak", "line", "file", "list", sent["id"])
    sha256, size, unit, kind = listed.split()
    assert (size, unit, kind) == ("5", "B", "text/plain")
    out = tmp_path / "out.txt"
    get = ("line", "file", "get", sent["id"], sha256[:10])
    assert str(out) in await people.good("nowak", *get, out)
    assert "there already" in await people.refused("nowak", *get, out)
    out.write_text("Other.")
    saved = await people.json("nowak", *get, out, "--overwrite")
    assert (saved["file"]["sha256"], out.read_text()) == (sha256, "Here.")
    assert "6 digits" in await people.refused("nowak", "line", "file", "get", sent["id"], "0", out)


async def test_test_calls_are_made_waited_for_and_answered(people: People) -> None:
    test = ("line", "test")
    assert "not both" in await people.refused("durand", *test, "--start", "b", "--answer", "x")
    assert "--wait goes with" in await people.refused("durand", *test, "--wait", "1")
    assert "No such test call" in await people.refused("durand", *test, "--answer", "alpha")
    late = await people("durand", *test, "--start", "b", "--wait", "0")
    assert late.code == 3
    assert late.out.rstrip().endswith("a, b")
    call = late.out.split()[0]
    asked = await people.good("durand", *test)
    words = asked.partition("Write these words: ")[2].splitlines()[0]
    said = await people.json("durand", *test, "--answer", words, "--call", call[-8:])
    assert said["missing"] == ["b"]


async def test_lines_and_their_outages(people: People) -> None:
    assert (await people.good("durand", "line", "status")).startswith("= b up")
    assert [each["peer"] for each in (await people.json("durand", "line", "status"))["links"]] == [
        "b"
    ]
    both = await people.json("durand", "line", "status", "--outages", "--peer", "b")
    assert both["links"]
    assert both["outages"]["party"] == "a"
    assert "30" in await people.good("durand", "line", "status", "--outages")


async def test_what_happens_is_watched_from_the_beginning(people: People) -> None:
    heard: list[str] = []
    for _ in range(20):  # how quickly a machine begins to listen is not known
        out = await people.good("durand", "line", "watch", "--after", "0", "--seconds", "0.5")
        heard = [json.loads(line)["event"] for line in out.splitlines()]
        if "entryevent" in heard:
            break
    assert heard[0] == "listening"
    assert "entryevent" in heard


async def test_options_that_cannot_be_meant(people: People) -> None:
    assert "needs a terminal" in await people.refused("durand", "line")
    whole = await called("line", "--language", "fr", "inbox")
    assert (whole.code, "Give options after" in whole.err) == (2, True)
    assert "no JSON" in (await called("line", "--json")).err


async def test_a_session_that_has_ended(people: People) -> None:
    file = people.root / "ended"
    file.write_bytes((people.root / "durand").read_bytes().replace(b'"token": "', b'"token": "x'))
    file.chmod(0o600)
    assert "detente node login" in await people.refused("ended", "line", "status")
    certificates = await people("durand", "line", "status", "--ca-file", people.root / "none.pem")
    assert "certificates cannot be read" in certificates.err


WARNING = {
    "area": "circle 5 km 36.718031N 68.862211E",
    "levels": "1000 ft MSL to 5000 ft MSL",
    "times": "2027-01-05 06:00 to 08:00",
}


async def test_a_message_is_asked_for_field_by_field_shown_and_read_back(people: People) -> None:
    typed = ["99", "debris", *WARNING.values(), "", "y"]
    sent = await people("durand", "line", "send", "warning", "-i", typed=typed, terminal=True)
    assert sent.code == 0, sent
    assert "is not in the list" in sent.err
    assert "Send it?" in sent.err
    assert "b: ●" in sent.out
    identity = sent.out.split()[0]

    async def there() -> bool:
        return identity[-8:] in await people.good("nowak", "line", "inbox")

    await until(there, every_s=0.1)
    wrong = "circle 5 km 36.8N 68.862211E"
    typed = [wrong, WARNING["levels"], WARNING["times"], WARNING["area"]]
    done = await people("nowak", "line", "ack", identity, typed=typed, terminal=True)
    assert done.code == 0, done
    assert "NOT SIGNED" in done.err
    assert "Acknowledged and signed." in done.out
    shown = await people.json("nowak", "line", "show", identity)
    (ours,) = shown["messages"][0]["recipients"]
    assert [each["officer"] for each in ours["shown"]] == ["nowak"]
    assert ours["acknowledged_by"] == "nowak"


async def test_what_was_begun_and_not_confirmed_is_not_sent(people: People) -> None:
    before = await people.json("durand", "line", "inbox", "--box", "out")
    done = await people("durand", *TEXT, "Soon.", typed="n\n", terminal=True)
    assert done.code == 130
    assert await people.json("durand", "line", "inbox", "--box", "out") == before


async def test_a_terminal_shows_messages_and_lines_as_they_change(people: People) -> None:
    sent = json.loads(await people.good("durand", *TEXT, "Look here.", *SENT))
    shown = ""
    for _ in range(20):
        done = await people("nowak", "line", "watch", "--seconds", "1", terminal=True)
        assert done.code == 0, done
        shown = done.out
        if sent["id"][-8:] in shown:
            break
    assert "= a up" in shown
    assert "here.”" in shown
