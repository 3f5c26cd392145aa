"""The first steps of the manual: keys, a token, an exchange; then its log, live and afterwards."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest
from tests.support.instance import gone_afterwards, intent_body, launch, uuid4_of
from tests.support.program import Finished, detente

OIR = "/dss/v1/operational_intent_references"

pytestmark = pytest.mark.anyio


async def good(*arguments: str | Path, cwd: Path) -> Finished:
    done = await detente(*arguments, cwd=cwd)
    assert done.code == 0, done
    return done


def intent(number: int) -> dict[str, Any]:
    now_s = int(time.time())
    return intent_body(46 + number * 0.01, 7.0, start_s=now_s, end_s=now_s + 600)


def tamper(directory: Path, position: int, *, with_hash: bool) -> None:
    """Change one entry behind the program's back; with its stored hash, if so asked."""
    from hashlib import sha256

    database = apsw.Connection(str(directory / "log.sqlite"))
    found = database.execute("SELECT body FROM entries WHERE position = ?", (position,))
    [(body,)] = found.fetchall()
    assert isinstance(body, bytes)
    changed = body.replace(b'"manager":"uss1"', b'"manager":"uss2"')
    assert changed != body
    database.execute("UPDATE entries SET body = ? WHERE position = ?", (changed, position))
    if with_hash:
        # A leaf of RFC 9162: SHA-256 over a zero byte and the entry.
        leaf_hash = sha256(b"\x00" + changed).digest()
        database.execute(
            "UPDATE entries SET leaf_hash = ? WHERE position = ?", (leaf_hash, position)
        )
    database.close()


async def test_from_new_keys_to_a_verified_log(tmp_path: Path) -> None:
    await good("keys", "new", cwd=tmp_path)
    made = await good("keys", "new", "--log", "--name", "first/log", cwd=tmp_path)
    vkey = made.out.strip()
    issued = await good(
        *("token", "--key", "dev.key", "--sub", "uss1", "--aud", "localhost"),
        *("--scope", "utm.strategic_coordination"),
        cwd=tmp_path,
    )
    headers = {"authorization": f"Bearer {issued.out.strip()}"}
    data = tmp_path / "data"
    arguments = [
        *("--port", "0", "--data", str(data), "--audience", "localhost"),
        *("--auth-public-key", str(tmp_path / "dev.key.pub")),
        *("--log-key", str(tmp_path / "log.key"), "--origin", "first/log"),
    ]
    async with gone_afterwards(await launch(tmp_path, arguments)) as instance:
        base = f"http://127.0.0.1:{instance.port}"
        async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False) as http:
            enough = asyncio.Event()

            async def write() -> None:
                number = 0
                while not enough.is_set():
                    answer = await http.put(f"{OIR}/{uuid4_of(number)}", json=intent(number))
                    assert answer.status_code == 201, answer.text
                    number += 1

            async with asyncio.TaskGroup() as group:
                group.create_task(write())
                # Beside the running instance, while it writes.
                live = await detente("log", "verify", "--data", data, "--verifier", vkey, "--json")
                exported = await detente("log", "export", "--data", data, tmp_path / "live")
                enough.set()
        assert live.code == 0, live
        report = json.loads(live.out)
        assert report["good"] is True
        assert report["origin"] == "first/log"
        assert report["entries"] == report["size"] > 0
        assert report["signatures"] == report["checkpoints"] > 0
        assert exported.code == 0, exported
        refused = await detente("log", "verify", "--data", data, "--origin", "another/log")
        assert refused.code == 1
        assert "another/log" in refused.out
        assert await instance.stop() == 0

    after = await good(
        *("log", "verify", "--verifier", vkey, "--origin", "first/log"), cwd=tmp_path
    )
    assert "signatures" in after.out
    shown = await good("log", "show", "--since", "1", "--limit", "2", cwd=tmp_path)
    entries = [json.loads(line) for line in shown.out.splitlines()]
    assert [entry["position"] for entry in entries] == [1, 2]
    assert entries[0]["entry"]["instance"]["verifier_key"] == vkey
    assert "first/log" in shown.err
    again = await good(
        "log", "verify", "--export", tmp_path / "live", "--verifier", vkey, cwd=tmp_path
    )
    assert "NOT GOOD" not in again.out
    other = await good("keys", "new", "--log", "other.key", cwd=tmp_path)
    stranger = await detente("log", "verify", "--data", data, "--verifier", other.out.strip())
    assert stranger.code == 1

    for name, with_hash in (("body", False), ("both", True)):
        copy = tmp_path / name
        shutil.copytree(data, copy)
        tamper(copy, 7, with_hash=with_hash)
        found = await detente("log", "verify", "--data", copy, "--verifier", vkey, "--json")
        assert found.code == 1
        wrong = json.loads(found.out)
        assert wrong["good"] is False
        assert wrong["findings"][0]["where"] == "entry 7", wrong
    tampered_export = tmp_path / "live" / "entries.jsonl"
    lines = tampered_export.read_text().splitlines(keepends=True)
    lines[5] = lines[5].replace("uss1", "uss2")
    tampered_export.write_text("".join(lines))
    found = await detente("log", "verify", "--export", tmp_path / "live", "--verifier", vkey)
    assert found.code == 1
    assert "WRONG        entry 5" in found.out
