"""`detente record` and the outside: a timestamp authority, a witness, and readers of tiles."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
import threading
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.cli.test_record_hostile import cosigned, served
from tests.support.instance import environment
from tests.support.program import Finished, detente
from tests.support.rfc9162 import mth
from tests.support.timestamps import Authority
from tests.support.two_records import Two, begun, exported, fill

from detente.http import ConnectionLimits, ServerOptions, build_app, serve
from detente.node import http_client, tiles_endpoints
from detente.record import (
    ENTRIES,
    decode_entries,
    inclusion_proof,
    open_checkpoint,
    parse_proof,
    reader_of_tiles,
    tiles_of,
    verify_inclusion,
)

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

LOCAL = "--allow-any-host"
"""The witnesses of these tests are at 127.0.0.1, which no agreement may name."""


@pytest.fixture
async def two(tmp_path: Path) -> Two:
    return await begun(tmp_path)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def roots(authority: Authority, tmp_path: Path) -> Path:
    path = tmp_path / "roots.pem"
    path.write_bytes(authority.root_pem)
    return path


@contextmanager
def answering(authority: Authority, spoil: bytes | None = None) -> Iterator[str]:
    """The authority behind HTTP (RFC 3161, section 3.4); `spoil` is answered instead."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["content-length"]))
            good = self.headers["content-type"] == "application/timestamp-query"
            answer = authority.answer(request) if spoil is None else spoil
            self.send_response(200 if good else 415)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            """Nothing is said of requests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()


async def report_on(bundle: Path, *options: str) -> dict[str, Any]:
    done = await detente("verify", bundle, "--json", *options)
    assert done.code == 0, done
    report: dict[str, Any] = json.loads(done.out)
    return report


async def verified_without_library(bundle: Path) -> Finished:
    """`detente verify --accept single` where nobody has installed `rfc3161_client`."""
    program = (
        "import sys; sys.modules['rfc3161_client'] = None\n"
        "from detente.verify.__main__ import main\n"
        f"sys.argv = ['verify', {str(bundle)!r}, '--accept', 'single', '--lang', 'en']\n"
        "sys.exit(main())"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        env=environment(None),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Finished(process.returncode or 0, out.decode(), err.decode())


async def check_stamped(two: Two, roots: Path, tmp_path: Path) -> None:
    """A has a stamped checkpoint of 3 entries: it goes into a bundle, and is worth something."""
    assert "timestamped" in await two.good("log", "a", "--limit", "1")
    assert "RFC 3161 token kept" in await two.good("show", "a", "2")
    bundle = await exported(two, "a", "stamped.zip", "--tsa", roots)
    report = await report_on(bundle, "--accept", "single")
    grades = {item["index"]: item["grade"] for item in report["items"]}
    # The export's own entry came later than the stamp.
    assert (grades[1], grades[2], report["grade"]) == ("timestamped", "timestamped", "single")
    (stamped,) = [each for each in report["checkpoints"] if each["timestamps"]]
    assert stamped["size"] == 3
    assert stamped["timestamps"][0].startswith("20")
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(unpacked)
    process = await asyncio.create_subprocess_exec(
        *("openssl", "ts", "-verify", "-data", "timestamps/3.note", "-in", "timestamps/3.tsr"),
        *("-CAfile", "timestamps/tsa.pem"),
        cwd=unpacked,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert (process.returncode, b"OK" in out + err) == (0, True), (out, err)
    unchecked = await verified_without_library(bundle)
    assert unchecked.code == 0, unchecked
    assert "openssl ts -verify -data timestamps/3.note" in unchecked.out


async def test_a_checkpoint_is_stamped_by_an_authority(
    two: Two, authority: Authority, roots: Path, tmp_path: Path
) -> None:
    await fill(two, 2)
    with answering(authority) as url:
        unnamed = await two.run("checkpoint", "a", "--timestamp", url)
        assert (unnamed.code, "--tsa PEM" in unnamed.err) == (2, True)
        assert "single" in await two.good("log", "a", "--limit", "1")
        done = await two.run("checkpoint", "a", "--timestamp", url, "--tsa", roots)
        assert done.code == 0, done
        assert "3 entries existed at " in done.err
    await check_stamped(two, roots, tmp_path)
    # Whoever cannot give the authority's certificates gives no timestamps, and is told.
    done = await two.run(
        "export", "a", tmp_path / "bare.zip", "--officer", "durand", "--purpose", "x"
    )
    assert "1 timestamps are left out" in done.err
    report = await report_on(tmp_path / "bare.zip", "--accept", "single")
    assert {item["grade"] for item in report["items"]} == {"single"}


async def test_a_stamp_may_come_days_later_on_a_stick(
    two: Two, authority: Authority, roots: Path, tmp_path: Path
) -> None:
    await fill(two, 2)
    request, answer = tmp_path / "request.tsq", tmp_path / "answer.tsr"
    done = await two.run("checkpoint", "a", "--timestamp-request", request)
    assert done.code == 0, done
    answer.write_bytes(authority.answer(request.read_bytes()))
    # Meanwhile the log has grown; the answer is over the checkpoint that it was asked for.
    await fill(two, 1)
    done = await two.run("checkpoint", "a", "--tsr", answer, "--tsa", roots)
    assert done.code == 0, done
    assert "3 entries existed at " in done.err
    assert "single" in await two.good("log", "a", "--limit", "1")
    assert "timestamped" in await two.good("log", "a", "--oldest-first", "--limit", "1")


async def test_what_is_no_good_stamp_is_not_kept(
    two: Two, authority: Authority, roots: Path, tmp_path: Path
) -> None:
    await fill(two, 2)
    strange = authority.stamp(b"something else")
    with answering(authority, spoil=strange) as url:
        done = await two.run("checkpoint", "a", "--timestamp", url, "--tsa", roots)
        assert (done.code, "record.timestamp" in done.err) == (2, True), done
    with answering(authority, spoil=b"<html>busy</html>") as url:
        done = await two.run("checkpoint", "a", "--timestamp", url, "--tsa", roots)
        assert (done.code, "It proves nothing" in done.err) == (2, True), done
    # Now there is nobody at that address.
    done = await two.run("checkpoint", "a", "--timestamp", url, "--tsa", roots)
    assert (done.code, "No answer" in done.err) == (2, True), done
    (tmp_path / "strange.tsr").write_bytes(strange)
    done = await two.run("checkpoint", "a", "--tsr", tmp_path / "strange.tsr", "--tsa", roots)
    assert done.code == 2
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "others.pem").write_bytes(Authority(other).root_pem)
    with answering(authority) as url:
        unknown = tmp_path / "others.pem"
        done = await two.run("checkpoint", "a", "--timestamp", url, "--tsa", unknown)
    assert done.code == 2
    assert "single" in await two.good("log", "a", "--limit", "1")


@asynccontextmanager
async def tiles_of_directory(directory: Path) -> AsyncIterator[str]:
    stop = asyncio.Event()
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    app = build_app(tiles_endpoints("/log", directory))
    options = ServerOptions(connections=ConnectionLimits())
    task = asyncio.create_task(serve(app, options, stop=stop, on_ready=found.set_result))
    try:
        yield f"{await found}/log"
    finally:
        stop.set()
        await task


class Reader:
    """A reader who knows C2SP tlog-tiles from its text only, and shares no code with the record."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self.http = http

    async def get(self, path: str) -> bytes:
        answer = await self.http.get(f"{self.url}/{path}")
        assert answer.status_code == 200, path
        return answer.content

    async def entries(self, size: int) -> list[bytes]:
        found: list[bytes] = []
        for number in range(-(-size // 256)):
            width = min(256, size - 256 * number)
            part = "" if width == 256 else f".p/{width}"
            data = await self.get(f"tile/entries/{number:03}{part}")
            while data:
                length = int.from_bytes(data[:2])
                found.append(data[2 : 2 + length])
                data = data[2 + length :]
        return found

    async def leaf_hashes(self, size: int) -> bytes:
        parts = []
        for number in range(-(-size // 256)):
            width = min(256, size - 256 * number)
            part = "" if width == 256 else f".p/{width}"
            parts.append(await self.get(f"tile/0/{number:03}{part}"))
        return b"".join(parts)


async def test_a_published_log_is_read_by_strangers(two: Two, tmp_path: Path) -> None:
    published = tmp_path / "published"
    await fill(two, 300)
    done = await two.run("checkpoint", "a", "--publish", published)
    assert "published 301 entries" in done.err
    async with tiles_of_directory(published) as url, http_client() as http:
        reader = Reader(url, http)
        for size, more in ((301, 220), (521, 0)):
            note = await reader.get("checkpoint")
            origin, count, root = note.decode().split("\n")[:3]
            assert (origin, int(count)) == ("node.a.example/log/ab-2026", size)
            entries = await reader.entries(size)
            assert base64.b64decode(root) == mth(entries)
            hashes = [sha256(b"\x00" + entry).digest() for entry in entries]
            assert await reader.leaf_hashes(size) == b"".join(hashes)
            if more:
                await fill(two, more)
                assert (await two.run("checkpoint", "a", "--publish", published)).code == 0
        # Who still has the older checkpoint finds the full tile in place of the partial one.
        assert len(await reader.get("tile/entries/001")) > 0
        await check_a_proof_from_tiles(two, reader, tmp_path)


async def check_a_proof_from_tiles(two: Two, reader: Reader, tmp_path: Path) -> None:
    """From hash tiles alone, with our own functions, the proof that the record itself gives."""
    note = (await reader.get("checkpoint")).decode()
    async with two.opened("a", write=False) as record:
        checkpoint = open_checkpoint(note, [record.keyring.log_key("a", 521)])
    refs = [ref for ref in tiles_of(checkpoint.size) if ref.level != ENTRIES]
    read = reader_of_tiles({ref: await reader.get(ref.path) for ref in refs})
    hashes = inclusion_proof(300, checkpoint.size, read)
    entry = decode_entries(await reader.get("tile/entries/001"))[300 - 256]
    leaf = sha256(b"\x00" + entry).digest()
    assert verify_inclusion(300, checkpoint.size, leaf, hashes, checkpoint.root)
    await two.good("show", "a", "300", "--proof", tmp_path / "proof")
    proof = parse_proof((tmp_path / "proof").read_text())
    assert (proof.index, proof.hashes) == (300, tuple(hashes))


async def test_an_export_has_its_own_entry_cosigned(two: Two, tmp_path: Path) -> None:
    await fill(two, 3)
    await cosigned(two, "first", "--first-contact")
    async with AsyncExitStack() as stack:
        # A's record has one writer: it serves no more while it exports.
        async with served(two, "a") as (url, _):
            serving = served(two, "b", "--peer", f"a={url}/log")
            theirs, _ = await stack.enter_async_context(serving)
        bundle = await exported(two, "a", "cosigned.zip", "--witness", f"{theirs}/witness", LOCAL)
        async with http_client() as http:
            # What B serves holds the anchor that it has just recorded, after two others.
            note = await Reader(f"{theirs}/log", http).get("checkpoint")
            assert int(note.split(b"\n")[1]) == 3
            entries = await Reader(f"{theirs}/log", http).entries(3)
            assert base64.b64decode(note.split(b"\n")[2]) == mth(entries)
    report = await report_on(bundle)
    assert report["grade"] == "bilateral"
    async with two.opened("b", write=False) as record:
        kinds = [entry.payload.kind for entry in await record.entries(0, 100) if entry.payload]
    assert kinds.count("anchor") == 2
    # A witness that cannot be reached: nothing is said to be cosigned that is not.
    target = tmp_path / "alone.zip"
    asked = ("--officer", "durand", "--purpose", "x", "--witness", f"{theirs}/witness", LOCAL)
    alone = await two.run("export", "a", target, *asked)
    assert alone.code != 0
    assert not target.exists()
    # That it was to be made is on record; so it is said how it can be made after all.
    (export,) = re.findall(r"with --export ([0-9a-f-]{36})", alone.err)
    await two.good("export", "a", target, "--export", export)
    assert (await report_on(target, "--accept", "single"))["proven"]
