"""What a party erased or keeps back before the other has imported it, from bundle to bundle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.program import detente
from tests.support.two_records import Two, begun, contents, exported, fill

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def two(tmp_path: Path) -> Two:
    return await begun(tmp_path)


async def test_an_erased_message_does_not_stop_the_import_and_shows(
    two: Two, tmp_path: Path
) -> None:
    await fill(two, 4)
    await two.good("erase", "a", "2", "--ground", "a person asked for it", "--yes")
    done = await two.run("import", "b", await exported(two, "a"))
    assert done.code == 0, done
    assert "3 entries received, 3 receipts made" in done.out
    assert "1 entries never came: their author has erased them" in done.err
    told = await two.good("log", "b", "--oldest-first")
    (line,) = [line for line in told.splitlines() if "  gap  " in line]
    assert "number 2 of a in to-b: erased by its author before it came" in line
    shown = await two.good("show", "b", line.split()[0])
    assert '"seq": 2' in shown
    assert "0 entries received" in await two.good("import", "b", await exported(two, "a", "2.zip"))
    assert "good" in await two.good("verify", "b")
    # B's own bundles say so, too, and need not be believed: A's erasure is in them.
    for name, options in (("all.zip", ()), ("some.zip", ("--subset", "--channel", "to-b"))):
        bundle = await exported(two, "b", name, *options)
        verified = await detente("verify", bundle, "--accept", "single", "--json")
        assert verified.code == 0, verified
        report = json.loads(verified.out)
        assert report["kinds"]["gap"] == 1
        assert any("never reached this record (1)" in text for text in map(str, report["limits"]))


async def test_a_file_that_is_kept_back_does_not_stop_the_import(two: Two, tmp_path: Path) -> None:
    body, plan = tmp_path / "body.json", tmp_path / "plan.txt"
    body.write_text("{}")
    plan.write_text("a plan")
    await two.good("add", "a", "message", body, "--to", "b", "--blob", plan)
    async with two.opened("a", write=False) as record:
        payload = (await record.entry(1)).payload
        assert payload is not None
        sha256 = payload.blobs[0].sha256.hex()
    done = await two.run("import", "b", await exported(two, "a", "1.zip", "--withhold", sha256))
    assert (done.code, "1 entries came without some of their files" in done.err) == (0, True), done
    assert "not here" in await two.good("show", "b", "1")
    assert "good" in await two.good("verify", "b")
    bundle = await exported(two, "b", "of-b.zip")
    assert (await detente("verify", bundle, "--accept", "single")).code == 0
    # A hands it over after all.
    assert "1 known" in await two.good("import", "b", await exported(two, "a", "2.zip"))
    assert "text/plain; charset=utf-8, here" in await two.good("show", "b", "1")
    assert [kind for _, kind, _ in await contents(two, "b")].count("withheld") == 1
