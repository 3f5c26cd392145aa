"""The full screen: outages, files that came and that are sent, what is said in rooms."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.unit.terminal.fake_node import OUTAGES, SCOPES, FakeNode, message
from tests.unit.terminal.test_terminal import terminal
from textual.widgets import Input, Select

from detente.node import message_bodies as bodies
from detente.terminal.answers import File
from detente.terminal.compose_screen import ComposeScreen
from detente.terminal.dialogs import PreviewScreen
from detente.terminal.files import (
    FileDiffers,
    FileFault,
    checked,
    find_file,
    name_of,
    read_file,
    save,
    typed_paths,
)
from detente.terminal.outages_screen import OutagesScreen

pytestmark = pytest.mark.anyio

DATA = b"\x7fELF no program"
SHA256 = hashlib.sha256(DATA).hexdigest()
FILE = File(sha256=SHA256, size=len(DATA), media_type="application/x-executable")


def names(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir())


async def test_outages_are_each_partys_own_words_in_both_languages() -> None:
    async with terminal(FakeNode(), size=(140, 40)) as at:
        await at.press("o")
        await at.on(OutagesScreen)
        await at.until(lambda: "10:05:00Z" in at.text)
        assert "a states that it saw: peer silent" in at.text
        assert "b states that its own node was away" in at.text
        assert "c has stated nothing" in at.text
        assert "LASTS" in at.text
        assert "It ends before it began." in at.text
        await at.press("f2")
        await at.until(lambda: "c n’a rien déclaré" in at.text)
        assert "a déclare avoir constaté\u202f: correspondant muet" in at.text
    assert len(OUTAGES["outages"]) == 2


async def test_a_file_that_came_is_saved_under_a_name_that_its_sender_did_not_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    view = bodies.FileView(sha256=SHA256, size=len(DATA), media_type=FILE.media_type)
    node = FakeNode(messages=[message(5, files=[view])], files={SHA256: DATA})
    saved = tmp_path / f"{SHA256[:16]}.bin"
    async with terminal(node) as at:
        await at.press("enter", "d")
        await at.until(saved.exists)
        assert saved.read_bytes() == DATA
        assert saved.stat().st_mode & 0o777 == 0o600
        node.files[SHA256] = b"something else"
        saved.unlink()
        await at.press("d")
        await at.until(lambda: any("not the file" in n.message for n in at.app._notifications))
    assert names(tmp_path) == []


async def test_a_message_with_a_file_is_said_in_a_room(tmp_path: Path) -> None:
    room: dict[str, Any] = {"id": "a.0123456789ab", "title": {"en": "North"}, "status": "exercise"}
    room |= {"present": ["a", "b", "c"], "joined": True, "member": True}
    gone = room | {"id": "a.closed", "closed": "2027-01-04T11:00:00Z"}
    node = FakeNode(rooms=[room, gone])
    sketch = tmp_path / "sketch.geojson"
    scopes = [*SCOPES, "room.read", "room.write", "step-up"]
    async with terminal(node, scopes=scopes) as at:
        await at.press("c", "down", "enter")
        await at.on(ComposeScreen)
        screen = at.app.screen
        to = screen.query_one("#to", Select)
        assert "a.closed" not in str(to._options)
        to.value = "room/a.0123456789ab"
        await at.until(lambda: "EXERCISE – EXERCISE" in at.static("#banner"))
        assert screen.query_one("#status", Select).disabled
        screen.query_one("#field-danger", Select).value = "debris"
        area = screen.query_one("#field-area", Input)
        area.value = "circle 5 km 36.718031N 68.862211E"
        screen.query_one("#files", Input).value = str(sketch)
        await at.press("ctrl+s")
        await at.until(lambda: "cannot be read" in at.static("#told"))
        sketch.write_text('{"type": "Point", "coordinates": [68, 36]}')
        await at.press("ctrl+s")
        await at.on(PreviewScreen)
        assert "a → b, c (room a.0123456789ab)" in at.text
        await at.press("y")
        await at.until(lambda: node.asked_for("POST", "/a.0123456789ab/messages"))
        (body,) = node.asked_for("POST", "/a.0123456789ab/messages")
        assert node.asked_for("POST", "/files") == [sketch.read_bytes()]
        assert body["files"][0]["media_type"] == "application/geo+json"
        assert "to" not in body
        assert "status" not in body


async def test_what_is_said_in_rooms_is_listed_apart() -> None:
    inside = message(6, room="a.0123456789ab")
    async with terminal(FakeNode(messages=[message(5), inside]), size=(140, 40)) as at:
        assert [row[3].startswith("#a.0123456789ab") for row in at.table] == [True, False]
        for box, count in (("in", 1), ("out", 0), ("room", 1), ("waiting", 0), ("all", 2)):
            await at.press("f")
            assert at.app.main.box == box
            assert len(at.table) == count


def test_files_are_checked_named_and_never_replaced(tmp_path: Path) -> None:
    assert checked(FILE, DATA) == DATA
    with pytest.raises(FileDiffers):
        checked(FILE, DATA + b"x")
    assert name_of(File(sha256=SHA256, media_type="../../x/y")) == f"{SHA256[:16]}.bin"
    path = save(tmp_path, FILE, DATA)
    with pytest.raises(FileFault, match="already"):
        save(tmp_path, FILE, b"other")
    assert path.read_bytes() == DATA
    assert save(path, FILE, b"other", overwrite=True).read_bytes() == b"other"
    with pytest.raises(FileFault, match="written"):
        save(tmp_path / "nowhere" / "x", FILE, DATA)
    assert list(tmp_path.iterdir()) == [path]
    other = File(sha256=SHA256[:6] + "0" * 58, size=1)
    with pytest.raises(FileFault):
        find_file([FILE, other], SHA256[:6])
    assert find_file([FILE, other], SHA256[:8].upper()) is FILE
    with pytest.raises(FileFault):
        find_file([FILE], "")
    assert typed_paths("a b.png; c.csv ;") == [Path("a b.png"), Path("c.csv")]
    (tmp_path / "long.docx").write_bytes(b"x")
    assert read_file(tmp_path / "long.docx").media_type == "application/octet-stream"
    (tmp_path / "none.txt").write_bytes(b"")
    with pytest.raises(FileFault, match="empty"):
        read_file(tmp_path / "none.txt")
