"""`detente record` as a person uses it: two parties, files between them, mistakes, and kill -9."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import shutil
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.agreements import OFFICERS, enrolled
from tests.support.instance import environment
from tests.support.killing import KILLS, killed_at_random
from tests.support.postgres import PostgresServer
from tests.support.postgres import postgres as postgres  # a fixture
from tests.support.program import Finished, detente
from tests.support.two_records import Two, begun, contents, exported, fill

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MESSAGES = 700


@pytest.fixture
async def two(tmp_path: Path) -> Two:
    return await begun(tmp_path)


async def test_an_agreement_that_not_all_have_signed_begins_no_record(tmp_path: Path) -> None:
    world = enrolled(tmp_path, fresh=True)
    keys = world.keys("a")
    arguments = ("--agreement", world.agreement, "--party", "a", "--keys", keys)
    done = await detente("record", "init", tmp_path / "r", *arguments)
    assert done.code == 2
    assert "not in force: a, b have not signed" in done.err
    assert not (tmp_path / "r").exists()
    world.sign_all()
    stranger = ("--agreement", world.agreement, "--party", "c", "--keys", keys)
    done = await detente("record", "init", tmp_path / "r", *stranger)
    assert done.code == 2
    assert "Its parties: a, b." in done.err
    # Another party's keys are no keys of ours.
    mixed = ("--agreement", world.agreement, "--party", "a", "--keys", world.keys("b"))
    assert (await detente("record", "init", tmp_path / "r", *mixed)).code == 2
    assert (await detente("record", "init", tmp_path / "r", *arguments)).code == 0
    again = await detente("record", "init", tmp_path / "r", *arguments)
    assert again.code == 2
    assert "There is a record already." in again.err


async def test_what_cannot_be_recorded_is_refused_in_words(two: Two, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"a": 1, "a": 2}')
    done = await two.run("add", "a", "message", body, "--to", "b")
    assert done.code == 2
    assert "no JSON that can be signed" in done.err
    body.write_text("[]")
    assert "no JSON object" in (await two.run("add", "a", "message", body)).err
    body.write_text("{}")
    assert "Parties: b." in (await two.run("add", "a", "message", body, "--to", "x")).err
    done = await two.run("add", "a", "message", body, "--officer", "nobody")
    assert done.code == 2
    assert "Keys there: " in done.err
    # A receipt is for the node to give, not for whoever types it.
    assert (await two.run("add", "a", "receipt", body)).code == 2
    assert (await two.run("show", "a", "99")).code == 2
    assert (await two.run("search", "a", "no such words")).code == 1
    assert len(await contents(two, "a")) == 1
    nowhere = await detente("record", "log", tmp_path / "nowhere")
    assert nowhere.code == 2
    assert "detente record init" in nowhere.err


async def test_entries_are_found_shown_erased_and_verified(two: Two, tmp_path: Path) -> None:
    body, plan = tmp_path / "body.json", tmp_path / "plan.geojson"
    body.write_text('{"text": "a balloon over the lake"}')
    plan.write_text("{}")
    await two.good("add", "a", "message", body, "--to", "b", "--blob", plan, "--status", "exercise")
    found = json.loads(await two.good("search", "a", "BALLOON", "--json"))
    assert (found["index"], found["status"], found["grade"]) == (1, "exercise", "single")
    assert "EXERCISE" in await two.good("log", "a", "--limit", "1")
    await two.good("add", "a", "answer", body, "--ref", f"{found['id']}=answer")
    shown = await two.good("show", "a", "2")
    assert f"{found['id']} (answer)" in shown
    shown = await two.good("show", "a", found["id"], "--proof", tmp_path / "proof")
    assert "node of a: good" in shown
    assert "application/geo+json, here" in shown
    assert (tmp_path / "proof").read_text().startswith("c2sp.org/tlog-proof@v1\nindex 1\n")
    raw = json.loads(await two.good("show", "a", "1", "--raw"))
    assert set(raw) == {"payload", "payloadType", "signatures"}
    await two.good("clock", "a", "--offset-ms", "-2", "--uncertainty-ms", "5", "--source", "GPS")
    refused = await two.run("erase", "a", "0", "--ground", "x", "--yes")
    assert refused.code == 2
    await two.good("erase", "a", "1", "--ground", "a court's order", "--yes")
    assert "erased, as entry 4 states" in await two.good("show", "a", "1")
    assert (await two.run("search", "a", "balloon over", "--kind", "message")).code == 1
    assert "good: 5 entries" in await two.good("verify", "a")


async def test_a_rewritten_entry_is_found_by_show_and_by_verify(two: Two) -> None:
    import apsw

    await fill(two, 3)
    database = apsw.Connection(str(two.record("a") / "log.sqlite"))
    tables = {str(row[0]) for row in database.execute("SELECT name FROM sqlite_master")}
    assert "entries" in tables
    (body,) = database.execute("SELECT body FROM entries WHERE position = 2").fetchone() or (b"",)
    assert isinstance(body, bytes)
    changed = body.replace(b'"content":"', b'"content":"AAAA', 1)
    assert changed != body
    database.execute("UPDATE entries SET body = ? WHERE position = 2", (changed,))
    database.close()
    done = await two.run("verify", "a")
    assert done.code == 1, done
    assert "NOT GOOD" in done.out
    assert (await two.run("show", "a", "2")).code != 0


async def test_a_witness_that_is_asked_with_an_older_tree_refuses(two: Two, tmp_path: Path) -> None:
    await fill(two, 5)
    root = tmp_path
    backup = root / "backup"
    shutil.copytree(two.record("a"), backup)
    await fill(two, 5)
    await two.good("witness request", "a", root / "new")
    unsure = await two.run("witness cosign", "b", root / "new")
    assert unsure.code == 2
    assert "first contact" in unsure.err
    await two.good("witness cosign", "b", root / "new", "--first-contact")
    await two.good("witness take", "a", root / "new.answer", "--request", root / "new")
    assert "11 entries" in await two.good("witness status", "a")
    assert "met: bilateral" in (await two.run("checkpoint", "a")).err

    # The record is set back, and goes on differently: another tree of the same size.
    shutil.rmtree(two.record("a"))
    shutil.copytree(backup, two.record("a"))
    await fill(two, 6)
    await two.good("witness request", "a", root / "forked")
    refused = await two.run("witness cosign", "b", root / "forked")
    assert refused.code != 0, refused
    async with two.opened("b", write=False) as record:
        assert len([e for e in await record.entries(0, 100) if _kind(e) == "anchor"]) == 1


def _kind(entry: Any) -> str:
    return "" if entry.payload is None else str(entry.payload.kind)


async def test_a_new_key_signs_and_the_old_one_does_not(two: Two, tmp_path: Path) -> None:
    async with two.opened("a", write=False) as record:
        name = record.terms.member("a").signing[0].name
    new = two.world.keys("a") / "node-2.key"
    assert (await detente("keys", "new", "--log", "--name", name, new)).code == 0
    await two.good("rotate-key", "a", "--old", "node", "--new", new)
    await fill(two, 2)
    # By whichever key: what matters is that it is the one in force.
    assert "good" in await two.good("show", "a", "2")
    gone = await two.run("rotate-key", "a", "--old", "node", "--new", new)
    assert gone.code == 2
    lost = ("--good-until", "2", "--reason", "lost")
    alone = await two.run("revoke-key", "a", name, *lost)
    assert alone.code == 2
    assert "A key cannot revoke itself" in alone.err
    await two.good("revoke-key", "a", name, *lost, "--officer", OFFICERS["a"][0])
    refused = await two.run(
        "clock", "a", "--offset-ms", "0", "--uncertainty-ms", "1", "--source", "x"
    )
    assert refused.code == 2
    assert len(await contents(two, "a")) == 5


async def test_a_bundle_that_was_changed_changes_nothing(two: Two, tmp_path: Path) -> None:
    await fill(two, 3)
    good = await exported(two, "a")
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "envelopes/000.jsonl":
                data = data.replace(b'"sig":"', b'"sig":"A', 1)
            target.writestr(info, data)
    before = await contents(two, "b")
    done = await two.run("import", "b", bad)
    assert done.code == 1
    assert "nothing was taken" in done.err
    assert "envelopes/000.jsonl" in done.err
    (tmp_path / "no.zip").write_bytes(b"PK")
    assert (await two.run("import", "b", tmp_path / "no.zip")).code == 2
    assert await contents(two, "b") == before
    # One's own bundle holds nothing for oneself.
    assert "0 entries received" in await two.good("import", "a", good)
    folder = tmp_path / "stick"
    folder.mkdir()
    shutil.copy(good, folder / "one.zip")
    assert "3 entries received, 3 receipts" in await two.good("import", "b", folder)
    assert "0 entries received" in await two.good("import", "b", folder)


async def test_an_import_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    two = await begun(tmp_path)
    await fill(two, MESSAGES)
    bundle = await exported(two, "a")
    untouched = tmp_path / "untouched"
    shutil.copytree(two.record("b"), untouched)
    began_s = time.monotonic()
    assert f"{MESSAGES} entries received" in await two.good("import", "b", bundle)
    whole_s = time.monotonic() - began_s
    at_once = await contents(two, "b")
    shutil.rmtree(two.record("b"))
    shutil.copytree(untouched, two.record("b"))
    delays = random.Random(seed)
    for _ in range(KILLS):
        await killed_at_random(delays, whole_s, "record", "import", two.record("b"), bundle)
    await two.good("import", "b", bundle)
    assert await contents(two, "b") == at_once
    assert "0 entries received, 0 receipts" in await two.good("import", "b", bundle)


async def test_an_export_that_is_killed_leaves_no_half_bundle(tmp_path: Path) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    two = await begun(tmp_path)
    await fill(two, MESSAGES)
    began_s = time.monotonic()
    await exported(two, "a")
    whole_s = time.monotonic() - began_s
    target = tmp_path / "killed" / "bundle.zip"
    target.parent.mkdir()
    arguments = ("--officer", OFFICERS["a"][0], "--purpose", "killed", "--overwrite")
    delays = random.Random(seed)
    for _ in range(KILLS):
        await killed_at_random(
            delays, whole_s, "record", "export", two.record("a"), target, *arguments
        )
        if target.exists():
            assert (await detente("verify", target, "--accept", "single")).code == 0
    await two.good("export", "a", target, *arguments)
    assert (await detente("verify", target, "--accept", "single")).code == 0
    kinds = [kind for _, kind, _ in await contents(two, "a")]
    assert kinds.count("message") == MESSAGES
    # Every attempt that got so far stands in the record, and nothing else is new.
    assert 2 <= kinds.count("custody") == len(kinds) - 1 - MESSAGES


async def test_a_record_in_postgresql_does_the_same(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    world = enrolled(tmp_path, fresh=True)
    world.sign_all()
    body = tmp_path / "body.json"
    body.write_text('{"text": "hello"}')
    with postgres.database() as url:
        variables = {"DETENTE_RECORD_DATABASE": url}

        async def run(*arguments: str | Path) -> Finished:
            return await detente("record", *arguments, variables=variables)

        record = tmp_path / "record"
        begin_it = ("--agreement", world.agreement, "--party", "a", "--keys", world.keys("a"))
        assert (await run("init", record, *begin_it)).code == 0
        assert (await run("add", record, "message", body, "--to", "b")).code == 0
        assert "message  to-b 1  single" in (await run("log", record)).out
        target = tmp_path / "out.zip"
        given = ("--officer", OFFICERS["a"][0], "--purpose", "a test")
        assert (await run("export", record, target, *given)).code == 0
        assert (await run("verify", record)).code == 0
        assert (await detente("verify", target, "--accept", "single")).code == 0
        # The URL may hold a password: it is nowhere in the directory.
        kept = [path for path in record.rglob("*") if path.is_file()]
        assert not [path for path in kept if url.encode() in path.read_bytes()]


async def test_a_new_witness_remembers_what_the_old_one_signed(two: Two, tmp_path: Path) -> None:
    await fill(two, 2)
    await two.good("witness request", "a", tmp_path / "one")
    await two.good("witness cosign", "b", tmp_path / "one", "--first-contact")
    await two.good("witness take", "a", tmp_path / "one.answer", "--request", tmp_path / "one")
    new = tmp_path / "new-witness.db"
    await two.good("rotate-key", "b", "--old", "witness", "--new", new)
    shutil.move(new, two.world.keys("b") / "witness.db")
    assert "node.a.example/log/ab-2026: 3 entries" in await two.good("witness status", "b")
    # A learns of the new key from B's record, and then believes it.
    bundle = await exported(two, "b")
    assert "1 entries received" in await two.good("import", "a", bundle)
    await two.good("witness request", "a", tmp_path / "two")
    # What the old one signed is what the new one remembers.
    await two.good("witness cosign", "b", tmp_path / "two")
    await two.good("witness take", "a", tmp_path / "two.answer", "--request", tmp_path / "two")
    assert "met: bilateral" in (await two.run("checkpoint", "a")).err


async def test_witnesses_meet_over_http(two: Two) -> None:
    await fill(two, 3)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "detente", "record", "witness", "serve", str(two.record("a"))),
        *("--port", "0"),
        env=environment(None),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    other = None
    try:
        async with asyncio.timeout(60):
            url = json.loads(await process.stdout.readline())["url"]
        other = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "detente", "record", "witness", "serve"),
            *(str(two.record("b")), "--port", "0", "--first-contact", "--peer", f"a={url}/log"),
            env=environment(None),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert other.stdout is not None
        async with asyncio.timeout(60):
            theirs = json.loads(await other.stdout.readline())["url"]
        process.terminate()
        await process.communicate()
        assert process.returncode == 0
        assert "4 entries cosigned by" in await two.good(
            "witness submit", "a", f"{theirs}/witness", "--allow-any-host"
        )
        other.terminate()
        await other.communicate()
        assert other.returncode == 0
    finally:
        for each in (process, other):
            if each is not None and each.returncode is None:
                each.kill()
                await each.communicate()
    assert ("b", "anchor", None) in await contents(two, "b")
