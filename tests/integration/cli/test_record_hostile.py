"""`detente record` in the hands of somebody hostile, unlucky, or restored from a backup."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from tests.support.agreements import OFFICERS, enrolled
from tests.support.instance import environment
from tests.support.postgres import PostgresServer
from tests.support.postgres import postgres as postgres  # a fixture
from tests.support.program import detente
from tests.support.two_records import Two, begun, exported, fill

from detente.cli.record_work import StatementUnusable, channel_of, draft_of
from detente.formats import RECORD_KINDS
from detente.node.home import find
from detente.node.kept_agreement import keep_agreement
from detente.node.key_changes import revocation
from detente.record import Draft, make_request

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def two(tmp_path: Path) -> Two:
    return await begun(tmp_path)


async def cosigned(two: Two, name: str, *options: str) -> None:
    """A's log, cosigned by B's witness, by files."""
    root = two.world.root
    await two.good("witness request", "a", root / name)
    await two.good("witness cosign", "b", root / name, *options)
    await two.good("witness take", "a", root / f"{name}.answer", "--request", root / name)


@asynccontextmanager
async def served(two: Two, party: str, *options: str) -> AsyncIterator[tuple[str, list[str]]]:
    """`witness serve` of a party; its URL, and what it says on standard error when it is over."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "detente", "record", "witness", "serve"),
        *(str(two.record(party)), "--port", "0", *options),
        env=environment(None),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
        assert line, (await process.communicate())[1].decode()
        yield json.loads(line)["url"], said
    finally:
        if process.returncode is None:
            process.terminate()
        said += (await process.communicate())[1].decode().splitlines()
    assert process.returncode == 0, said


async def submitted(two: Two, url: str, old_size: int) -> httpx.Response:
    """A's newest checkpoint, sent to a witness; what it answers is not kept."""
    async with two.opened("a", write=False) as record:
        body = (await make_request(record, old_size)).format()
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.post(f"{url}/witness/add-checkpoint", content=body)


async def test_a_witness_and_record_that_were_both_rolled_back_ask_the_owner(
    two: Two, tmp_path: Path
) -> None:
    await fill(two, 2)
    await cosigned(two, "one", "--first-contact")
    # B's record and witness are saved together, which is the mistake, and later set back together.
    for place in (two.record("b"), two.world.keys("b")):
        shutil.copytree(place, tmp_path / "saved" / place.name)
    shutil.copytree(two.record("a"), tmp_path / "fork")
    await fill(two, 2)
    await cosigned(two, "two")
    for place in (two.record("b"), two.world.keys("b")):
        shutil.rmtree(place)
        shutil.copytree(tmp_path / "saved" / place.name, place)

    # A goes on from its past with other entries, and says nothing of what it got.
    shutil.move(two.record("a"), tmp_path / "honest")
    shutil.move(tmp_path / "fork", two.record("a"))
    async with two.opened("a") as record:
        await record.append(
            [(Draft("message", "to-b", ("b",), {"other": n}), None) for n in (1, 2)]
        )
    async with served(two, "b") as (url, said):
        answer = await submitted(two, url, 3)
    assert answer.status_code == 503, answer.text
    assert any("--peer a=URL" in line for line in said), said

    # What A had got is shown: the witness goes on from there, and the fork is refused.
    shutil.rmtree(two.record("a"))
    shutil.move(tmp_path / "honest", two.record("a"))
    async with served(two, "a") as (log, _), served(two, "b", "--peer", f"a={log}/log") as (url, _):
        honest = await submitted(two, url, 5)
    assert honest.status_code == 200, honest.text


async def test_a_party_that_does_not_answer_keeps_the_witness_from_signing_not_from_serving(
    two: Two,
) -> None:
    await fill(two, 1)
    async with served(two, "b", "--peer", "a=http://127.0.0.1:9/log", "--first-contact") as (
        url,
        said,
    ):
        answer = await submitted(two, url, 0)
        async with httpx.AsyncClient(trust_env=False) as http:
            checkpoint = await http.get(f"{url}/log/checkpoint")
    assert answer.status_code == 503
    assert checkpoint.status_code == 200
    assert any("asks again" in line for line in said), said
    done = await two.run("witness serve", "b", "--peer", "c=http://127.0.0.1:9/log")
    assert done.code == 2
    assert "Other parties: a." in done.err


async def lost(two: Two, request: Path) -> None:
    """B's witness signs, and dies before that is recorded and answered."""
    asked, shown = request.read_bytes(), request.with_name(request.name + ".cosigned").read_text()  # noqa: ASYNC240
    home = find(two.record("b"))
    async with home.opened(write=False) as record:
        with home.witnessing(record) as witness:
            [origin] = witness.origins
            witness.confirm(origin, [shown])
            assert witness.add_checkpoint(asked).status == 200


async def test_a_lost_answer_is_given_again(two: Two, tmp_path: Path) -> None:
    await fill(two, 2)
    await cosigned(two, "one", "--first-contact")
    await fill(two, 2)
    await two.good("witness request", "a", tmp_path / "two")
    await lost(two, tmp_path / "two")

    # The same request proves by itself that nothing but the answer was lost.
    first = await two.run("witness cosign", "b", tmp_path / "two")
    assert first.code == 1, first
    assert "409" in first.out
    done = await two.run(
        "witness take", "a", tmp_path / "two.answer", "--request", tmp_path / "two"
    )
    assert done.code == 1
    assert "made anew" in done.out
    await two.good("witness cosign", "b", tmp_path / "two")
    await two.good("witness take", "a", tmp_path / "two.answer", "--request", tmp_path / "two")
    assert "5 entries" in await two.good("witness status", "a")


async def test_a_lost_answer_is_proven_when_the_log_has_grown(two: Two, tmp_path: Path) -> None:
    await fill(two, 2)
    await cosigned(two, "one", "--first-contact")
    await fill(two, 2)
    await two.good("witness request", "a", tmp_path / "two")
    await lost(two, tmp_path / "two")
    await fill(two, 2)

    await two.good("witness request", "a", tmp_path / "three")
    stuck = await two.run("witness cosign", "b", tmp_path / "three")
    assert stuck.code == 2
    assert "--prove 3-5" in stuck.err
    await two.good("witness request", "a", tmp_path / "three", "--prove", "3-5")
    shown = tmp_path / "three.cosigned"
    assert (await two.run("witness confirm", "b", shown)).code == 2
    proof = ("--proof", tmp_path / "three.proof")
    assert "up to 5 entries" in await two.good("witness confirm", "b", shown, *proof)
    await two.run("witness cosign", "b", tmp_path / "three")
    await two.run("witness take", "a", tmp_path / "three.answer", "--request", tmp_path / "three")
    await two.good("witness cosign", "b", tmp_path / "three")
    # A proof that is none does not pass for one.
    (tmp_path / "three.proof").write_bytes(b"\xff\n")
    assert (await two.run("witness confirm", "b", shown, *proof)).code == 2
    assert (await two.run("witness request", "a", tmp_path / "x", "--prove", "9-3")).code == 2


async def stated(two: Two, command: str, party: str = "a") -> Path:
    """A statement about the agreement, signed by an officer; its file."""
    key = two.world.keys(party) / "officers" / f"{OFFICERS[party][0]}.key"
    given = ("--party", party, "--key", key, "--reason", "a test")
    done = await detente("agreement", command, two.world.agreement, *given)
    assert done.code == 0, done
    return Path(done.out.removeprefix("wrote ").partition(";")[0])


async def test_a_partys_suspension_comes_into_its_record_and_the_others(
    two: Two, tmp_path: Path
) -> None:
    first, second = await stated(two, "suspend"), await stated(two, "resume")
    gap = await two.run("add-statement", "a", second)
    assert gap.code == 2
    assert "has number 2, and 1 is next" in gap.err
    assert "entry 1  suspension" in await two.good("add-statement", "a", first)
    assert "entry 1  suspension" in await two.good("add-statement", "a", first)
    both = await two.good("add-statement", "a", first, second)
    assert [line.split()[:3:2] for line in both.splitlines()] == [
        ["entry", "suspension"],
        ["entry", "resumption"],
    ]
    # It is A's own: B cannot put it into its record in this way, but receives it from A's.
    assert "not from us" in (await two.run("add-statement", "b", first)).err
    bundle = await exported(two, "a")
    assert (await detente("verify", bundle, "--accept", "single")).code == 0
    assert "2 entries received" in await two.good("import", "b", bundle)
    shown = await two.good("search", "b", "--kind", "suspension", "--json")
    entry = str(json.loads(shown)["index"])
    assert (await two.good("show", "b", entry, "--raw")).encode() == first.read_bytes()

    changed = tmp_path / "changed.json"
    changed.write_bytes(first.read_bytes().replace(b"suspension", b"withdrawal"))
    for what, words in ((changed, "same id"), (two.world.document, "right form")):
        refused = await two.run("add-statement", "a", what)
        assert refused.code == 2
        assert words in refused.err
    assert (await two.run("verify", "a")).code == 0


async def test_kinds_that_must_have_a_form_are_not_written_by_hand(
    two: Two, tmp_path: Path
) -> None:
    """One entry without that form, and no verifier takes a bundle of this record any more."""
    body = tmp_path / "body.json"
    body.write_text("{}")
    done = await two.run("add", "a", "custody", body)
    assert done.code == 2
    assert "See `detente record export`" in done.err
    async with two.opened("a", write=False) as record:
        for kind in RECORD_KINDS:
            with pytest.raises(StatementUnusable, match="not written by hand"):
                await draft_of(record, kind, body, (), None, (), (), "actual")


async def test_a_body_without_end_is_refused_before_it_is_read(two: Two) -> None:
    done = await two.run("add", "a", "message", "/dev/zero", "--to", "b")
    assert done.code == 2
    assert "has more than 1,048,576 bytes" in done.err
    for program in ("--chronyc", "--timedatectl"):
        assert (await two.run("clock", "a", program, "/dev/zero")).code == 2


async def test_a_copy_of_the_agreement_that_was_cut_short_does_not_count(two: Two) -> None:
    """As a kill leaves it: without its last files, and with one that was being written."""
    home = find(two.record("a"))
    half = home.directory / "agreement" / ".2"
    half.mkdir()
    (half / ".area.geojson.00000000").write_text("{")
    assert (await two.run("verify", "a")).code == 0
    keep_agreement(home, two.world.agreement, 1)
    assert [path.name for path in half.parent.iterdir()] == ["1"]
    assert (await two.run("verify", "a")).code == 0


async def test_a_record_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Also in a directory that was made before, with the widest umask."""
    world = enrolled(tmp_path, fresh=True)
    world.sign_all()
    record = tmp_path / "record"
    record.mkdir(mode=0o755)
    keys = world.keys("a")
    before = os.umask(0)
    try:
        given = ("--agreement", world.agreement, "--party", "a", "--keys", keys)
        assert (await detente("record", "init", record, *given)).code == 0
    finally:
        os.umask(before)
    for path in (record / "log.sqlite", record / "nodes", record / "blobs", record / "agreement"):
        assert path.stat().st_mode & 0o077 == 0, path


async def test_a_second_directory_does_not_take_over_a_record_in_postgresql(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    world = enrolled(tmp_path, fresh=True)
    world.sign_all()
    given = ("--agreement", world.agreement, "--party", "a", "--keys", world.keys("a"))
    first, second = tmp_path / "first", tmp_path / "second"
    with postgres.database() as url:
        variables = {"DETENTE_RECORD_DATABASE": url}
        assert (await detente("record", "init", first, *given, variables=variables)).code == 0
        done = await detente("record", "init", second, *given, variables=variables)
        assert done.code == 2
        assert "its files are in another directory" in done.err
        assert not (second / "record.json").exists()
        # An attempt that was interrupted is still taken up.
        (first / "record.json").unlink()
        assert (await detente("record", "init", first, *given, variables=variables)).code == 0


async def test_who_joined_later_meets_no_gap_in_changes_of_keys(two: Two) -> None:
    async with two.opened("a", write=False) as record:
        name = record.keyring.authors("a", 1)[-1].key.name
        to_b = revocation(record, name, 1, None, "lost", ("b",))
        to_others = revocation(record, name, 1, None, "lost", ("b", "c"))
    assert to_b.channel != to_others.channel


def test_many_addressees_still_have_a_channel_of_their_own() -> None:
    many = tuple(f"party-number-{number}" for number in range(20))
    first, second = channel_of(many[:-1]), channel_of((*many[:-2], many[-1]))
    assert first != second
    assert max(len(first), len(second)) <= 100


async def test_what_cannot_be_written_or_found_is_said_without_a_traceback(
    two: Two, tmp_path: Path
) -> None:
    huge = "9" * 25
    (tmp_path / "file").write_text("")
    for command in (
        ("witness request", "a", tmp_path / "none" / "out"),
        ("witness request", "a", "."),
        ("show", "a", "0", "--proof", tmp_path / "file" / "out"),
        ("erase", "a", huge, "--ground", "none", "--yes"),
        ("log", "a", "--since", huge),
    ):
        done = await two.run(*command)
        assert done.code == 2, done
        assert "Traceback" not in done.err
    given = ("--agreement", two.world.agreement, "--party", "a", "--keys", two.world.keys("a"))
    done = await detente("record", "init", tmp_path / "file" / "record", *given)
    assert done.code == 2
    assert "cli.not_written" in done.err
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []  # noqa: ASYNC240


async def test_what_was_erased_does_not_come_back_with_an_old_bundle(
    two: Two, tmp_path: Path
) -> None:
    body, file = tmp_path / "body.json", tmp_path / "picture.png"
    body.write_text("{}")
    file.write_bytes(b"a face")
    await two.good("add", "a", "message", body, "--to", "b", "--blob", file)
    bundle = await exported(two, "a")
    await two.good("import", "b", bundle)
    sha256 = hashlib.sha256(b"a face").hexdigest()
    kept = two.record("b") / "blobs" / sha256[:2] / sha256
    assert kept.exists()
    await two.good("erase", "b", "1", "--ground", "asked for", "--yes")
    assert not kept.exists()
    assert "1 known already" in await two.good("import", "b", bundle)
    assert not kept.exists()
    async with two.opened("a", write=False) as record:
        envelope = (await record.entry(1)).envelope
        assert envelope is not None
    async with two.opened("b") as record:
        [received] = await record.receive([envelope.to_json()], {sha256: b"a face"})
        assert received.known
    assert not kept.exists()


NASTY = "\x9b31m\u202e\x1b]0;owned\x07\u2028"


async def test_nothing_that_others_wrote_commands_the_terminal(two: Two, tmp_path: Path) -> None:
    async with two.opened("a") as record:
        said = Draft("message", "to-b", ("b",), {"text": NASTY})
        await record.append([(said, None)])
    bundle = await exported(two, "a")
    await two.good("import", "b", bundle)
    await two.good("witness request", "a", tmp_path / "one")
    answer = tmp_path / "answer"
    answer.write_bytes(b"422 text/plain\n\n" + NASTY.encode())
    outputs = [
        await two.run(*command)
        for command in (
            ("log", "b"),
            ("log", "b", "--json"),
            ("search", "b", "owned", "--json"),
            ("show", "b", "1"),
            ("witness take", "a", answer, "--request", tmp_path / "one"),
        )
    ]
    for done in outputs:
        assert done.out, done
        assert "Traceback" not in done.err
        assert not {each for each in done.out + done.err if each != "\n" and each in NASTY} & set(
            "\x9b\u202e\x1b\x07\u2028"
        ), done
    assert json.loads(outputs[2].out)["body"]["text"] == NASTY
