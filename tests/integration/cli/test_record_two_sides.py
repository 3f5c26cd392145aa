"""`detente record` between two sides: by files alone, by addresses, and for scripts."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.cli.test_record_hostile import cosigned
from tests.support.agreements import OFFICERS
from tests.support.program import detente
from tests.support.two_records import Two, begun, fill

from detente.cli.record_hosts import check_host
from detente.cli.record_notes import period_note
from detente.cli.record_work import StatementUnusable
from detente.node.home import find

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ASKED = ("--officer", OFFICERS["a"][0], "--purpose", "a test")


@pytest.fixture
async def two(tmp_path: Path) -> Two:
    return await begun(tmp_path)


def parsed(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


async def test_by_files_alone_a_bundle_becomes_bilateral(two: Two, tmp_path: Path) -> None:
    await fill(two, 3)
    target = tmp_path / "b.zip"
    done = await two.run("export", "a", target, *ASKED, "--prepare")
    assert (done.code, target.exists()) == (0, False), done
    made = parsed(await two.good("export", "a", target, *ASKED, "--prepare", "--json"))
    assert f"--export {made['export']}" not in done.out
    assert made["cosign_size"] == made["custody_index"] + 1 == 6
    early = parsed(await two.good("export", "a", target, "--export", made["export"], "--json"))
    assert (early["grade"], early["size"]) == ("single", 6)
    assert (await detente("verify", target)).code == 1
    await cosigned(two, "first", "--first-contact")
    await fill(two, 1)
    more = ("--export", made["export"], "--overwrite", "--json")
    late = parsed(await two.good("export", "a", target, *more))
    assert (late["grade"], late["items"], late["scope"]) == ("bilateral", [[0, 5]], "full")
    assert (await detente("verify", target)).code == 0
    # Nothing was recorded by writing it, and the other side takes it.
    assert (await two.good("verify", "a")).startswith("good: 7 entries")
    assert "3 entries received" in await two.good("import", "b", target)
    unknown = await two.run("export", "a", tmp_path / "no.zip", "--export", "no")
    assert (unknown.code, "no such export" in unknown.err) == (2, True), unknown
    assert (await two.run("export", "a", target, "--export", made["export"], *ASKED)).code == 2


async def test_a_selection_can_be_prepared(two: Two, tmp_path: Path) -> None:
    await fill(two, 3)
    target = tmp_path / "b.zip"
    chosen = ("--subset", "--items", "2")
    made = parsed(await two.good("export", "a", target, *ASKED, *chosen, "--prepare", "--json"))
    await fill(two, 2)
    await cosigned(two, "first", "--first-contact")
    late = parsed(await two.good("export", "a", target, "--export", made["export"], "--json"))
    assert (late["grade"], late["items"]) == ("bilateral", [[0, 0], [2, 2], [4, 4]])
    assert (await detente("verify", target)).code == 0


async def test_a_bundle_that_was_written_too_early_is_written_again(two: Two) -> None:
    await fill(two, 1)
    target = two.world.root / "b.zip"
    done = await two.run("export", "a", target, *ASKED)
    assert "--overwrite --export" in done.err
    export = done.err.split("--export ")[1].split("`")[0]
    await cosigned(two, "first", "--first-contact")
    await two.good("export", "a", target, "--overwrite", "--export", export)
    assert (await detente("verify", target)).code == 0


async def test_scripts_read_json(two: Two, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"text": "hello"}')
    said = parsed(await two.good("add", "a", "message", body, "--to", "b", "--json"))
    assert (said["index"], said["kind"], said["grade"]) == (1, "message", "single")
    await cosigned(two, "first", "--first-contact")
    bundle = tmp_path / "b.zip"
    await two.good("export", "a", bundle, *ASKED)
    taken = parsed(await two.good("import", "b", bundle, "--json"))
    assert (taken["party"], taken["new"], taken["receipts"], taken["refused"]) == ("a", 1, 1, [])
    officer = ("--officer", OFFICERS["b"][0], "--json")
    answer = parsed(await two.good("acknowledge", "b", said["id"], *officer))
    assert answer["body"]["of"] == said["id"]
    shown = parsed(await two.good("show", "b", said["id"], "--json"))
    assert [each["kind"] for each in shown["answers"]] == ["receipt", "acknowledgement"]
    assert (shown["payload_sha256"], shown["faults"]) == (said["payload_sha256"], [])
    assert parsed(await two.good("show", "a", "1", "--json"))["checkpoint"] == 2
    stands = parsed(await two.good("checkpoint", "a", "--json"))
    assert (stands["size"], stands["policy_met"], stands["cosigners"]) == (3, False, [])
    standing = parsed(await two.good("witness status", "b", "--json"))
    assert [each["size"] for each in standing["has_cosigned"]] == [2]
    standing = parsed(await two.good("witness status", "a", "--json"))
    assert [each["size"] for each in standing["cosigned_by"]] == [2]
    refused = await two.run("import", "b", bundle, "--accept", "bilateral", "--json")
    assert (refused.code, parsed(refused.out)["refused"] != []) == (1, True), refused


async def test_no_host_is_called_that_the_agreement_does_not_name(two: Two) -> None:
    await fill(two, 1)
    agreement = find(two.record("a")).agreements()[-1]
    for party, named in (("b", True), ("a", False)):
        [address] = [p.addresses[0].url for p in agreement.document.parties if p.id == party]
        urls = {f"{address}/witness": named, f"{address}.evil/witness": False}
        urls |= {address.replace("https", "http"): False, f"{address}:444/": False}
        urls |= {f"{address}/../x": False, address.replace("//", "//me@"): False}
        for url, good in urls.items():
            try:
                check_host(url, agreement, "a", None)
            except StatementUnusable:
                assert not good, url
            else:
                assert good, url
    asked = await two.run("witness submit", "a", "http://127.0.0.1:9/witness")
    assert (asked.code, "it is not called" in asked.err) == (2, True), asked
    target = two.world.root / "b.zip"
    asked = await two.run("export", "a", target, *ASKED, "--witness", "http://127.0.0.1:9/w")
    assert (asked.code, "--allow-any-host" in asked.err) == (2, True), asked
    assert (await two.good("verify", "a")).startswith("good: 2 entries")


async def test_an_agreement_out_of_its_period_is_told(two: Two) -> None:
    agreement = find(two.record("a")).agreements()[-1]
    period = agreement.document.period
    assert period_note(agreement, period.from_) is None
    assert "applies from" in (period_note(agreement, period.from_ - timedelta(days=1)) or "")
    assert "was over" in (period_note(agreement, period.until) or "")


async def test_keys_are_rotated_before_they_are_revoked(two: Two) -> None:
    revoked = ("--good-until", "0", "--reason", "stolen")
    refused = await two.run("revoke-key", "a", "node.a.example/log/ab-2026", *revoked)
    assert (refused.code, "Replace it first, then revoke it" in refused.err) == (2, True), refused
    assert "no successor" not in (await two.run("witness status", "a")).err
    await two.good("revoke-key", "a", "node.a.example/witness/ab-2026", *revoked)
    told = await two.run("witness status", "a")
    assert (told.code, "rotate first, then revoke" in told.err) == (0, True), told
