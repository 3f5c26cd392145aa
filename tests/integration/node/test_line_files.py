"""Files and sketches between two real nodes, and messages in a room, by the commands."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.node.test_line_cli import Officer, officers
from tests.support.nodes import two_nodes, until

pytestmark = pytest.mark.anyio

SKETCH = b'{"type": "Feature", "geometry": {"type": "Point", "coordinates": [68.8, 36.7]}}\n'
FILE = bytes(range(256)) * 600


async def listed(officer: Officer, identity: str) -> Any:
    return json.loads((await officer.line("file", "list", identity, "--json")).out)["files"]


async def test_a_file_and_a_sketch_arrive_byte_for_byte_and_are_saved(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(FILE)
    (tmp_path / "sketch.geojson").write_bytes(SKETCH)
    (tmp_path / "no.geojson").write_bytes(b"[1]")
    async with two_nodes(tmp_path) as net:
        await net.up()
        a, b = await officers(net, tmp_path)
        text = ("send", "text", "--text", "See these.", "--yes", "--json")
        bad = await a.line(*text, "--sketch", str(tmp_path / "no.geojson"))
        assert bad.code == 2
        assert "terminal.file" in bad.err or "GeoJSON" in bad.err
        sent = await a.line(
            *(*text, "--attach", str(tmp_path / "photo.png")),
            *("--sketch", str(tmp_path / "sketch.geojson"), "--wait", "delivered"),
        )
        assert sent.code == 0, sent.err
        identity = json.loads(sent.out)["id"]
        # A receipt says that B's node has the entry: then it has the files as well.
        files = {each["media_type"]: each for each in await listed(b, identity)}
        photo, sketch = files["image/png"], files["application/geo+json"]
        assert photo["sha256"] == hashlib.sha256(FILE).hexdigest()
        shown = await b.line("show", identity)
        assert photo["sha256"][:16] in shown.out
        out = tmp_path / "saved"
        out.mkdir()
        got = await b.line("file", "get", identity[-8:], photo["sha256"][:8], str(out))
        assert got.code == 0, got.err
        saved = out / f"{photo['sha256'][:16]}.png"
        assert saved.read_bytes() == FILE
        assert saved.stat().st_mode & 0o777 == 0o600
        again = await b.line("file", "get", identity, photo["sha256"], str(saved))
        assert again.code == 2
        assert "there already" in again.err
        named = out / "named"
        got = await b.line("file", "get", identity, sketch["sha256"], str(named))
        assert got.code == 0, got.err
        assert named.read_bytes() == SKETCH
        none = await b.line("file", "get", identity, "000000", str(out))
        assert none.code == 2
        assert sorted(each.name for each in out.iterdir()) == sorted([saved.name, "named"])

        headers = {"authorization": f"Bearer {b.token}"}
        async with httpx.AsyncClient(base_url=b.url, headers=headers, trust_env=False) as http:
            path = f"/api/v1/line/messages/{identity}/files/{photo['sha256']}"
            answer = await http.get(path)
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"

        # B's disk has lost the file: what was promised is not given for something else.
        blob = next(
            path for path in (net["b"].directory / "blobs").rglob(f"*{photo['sha256'][4:]}*")
        )
        blob.chmod(0o600)
        blob.write_bytes(FILE[::-1])
        lost = await b.line("file", "get", identity, photo["sha256"], str(out / "lost"))
        assert lost.code == 2
        assert not (out / "lost").exists()

        status = await a.line("status", "--outages", "--json")
        assert status.code == 0, status.err
        assert json.loads(status.out)["outages"]["outages"] == []

        # What is said in a room by the same command, apart from the rest.
        none_there = await a.line(*text, "--room", "a.000000000000")
        assert none_there.code == 2
        async with httpx.AsyncClient(
            base_url=a.url, headers={"authorization": f"Bearer {a.token}"}, trust_env=False
        ) as http:
            opened = {"parties": ["b"], "officers": ["durand"], "title": {"en": "North"}}
            room = (await http.post("/api/v1/rooms", json=opened)).json()["id"]
        async with httpx.AsyncClient(base_url=b.url, headers=headers, trust_env=False) as http:

            async def joined() -> bool:
                path = f"/api/v1/rooms/{room}/members"
                return (await http.put(path, json={"officers": ["nowak"]})).status_code == 200

            await until(joined, every_s=0.1)
        async with httpx.AsyncClient(
            base_url=a.url, headers={"authorization": f"Bearer {a.token}"}, trust_env=False
        ) as http:

            async def present() -> bool:
                return "b" in (await http.get(f"/api/v1/rooms/{room}")).json()["present"]

            await until(present, every_s=0.1)
        said = await a.line(
            *(*text, "--room", room, "--attach", str(tmp_path / "photo.png")),
            *("--wait", "delivered"),
        )
        assert said.code == 0, said.err
        message = json.loads(said.out)
        assert (message["room"], message["files"][0]["sha256"]) == (room, photo["sha256"])
        answer_ = await b.line(
            *("send", "reply", "--answers", message["id"], "--answer", "yes", "--yes", "--json")
        )
        assert answer_.code == 0, answer_.err
        assert json.loads(answer_.out)["room"] == room
        apart = await b.line("inbox", "--room", room, "--json")
        assert [each["room"] for each in json.loads(apart.out)["messages"]] == [room, room]
