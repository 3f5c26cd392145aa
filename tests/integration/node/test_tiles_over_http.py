"""A log's files over HTTP: types, caching, and no way out of the directory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from detente.http import ConnectionLimits, ServerOptions, build_app, serve
from detente.node import http_client, tiles_endpoints
from detente.record import TileRef, consistency_proof, entries_path, leaf_hash, tile_path
from detente.record.merkle import reader_of

pytestmark = pytest.mark.anyio
LEAVES = [leaf_hash(b"%d" % number) for number in range(10)]
PUBLISHED = [
    tile_path(0, 0),
    tile_path(0, 1, 7),
    tile_path(1, 1234),
    tile_path(63, 1234067, 255),
    entries_path(0),
    entries_path(1234067),
    entries_path(1, 1),
]


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    log = tmp_path / "log"
    for name in PUBLISHED:
        path = log / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    (log / "checkpoint").write_text("a checkpoint")
    (tmp_path / "007").write_text("secret")
    (log / "tile/0/secret").write_text("secret")
    (log / "tile/0/008").symlink_to(tmp_path / "007")
    (log / "tile/0/009").mkdir()
    os.mkfifo(log / "tile/0/010")

    def consistency(old: int, new: int) -> list[bytes]:
        if new > len(LEAVES):
            raise ValueError("the log is not that long")
        return consistency_proof(old, new, reader_of(LEAVES))

    stop = asyncio.Event()
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    app = build_app(tiles_endpoints("/log", log, consistency=consistency))
    options = ServerOptions(connections=ConnectionLimits())
    task = asyncio.create_task(serve(app, options, stop=stop, on_ready=found.set_result))
    try:
        yield await found
    finally:
        stop.set()
        await task


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with http_client() as client:
        yield client


@pytest.mark.parametrize("name", PUBLISHED)
async def test_a_tile_is_what_was_published(url: str, http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get(f"{url}/log/{name}")
    assert (answer.status_code, answer.content) == (200, name.encode())
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_the_checkpoint_is_read_anew_each_time(
    url: str, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    for text in ("a checkpoint", "another"):
        (tmp_path / "log/checkpoint").write_text(text)
        answer = await http.get(f"{url}/log/checkpoint")
        assert (answer.status_code, answer.text) == (200, text)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
    (tmp_path / "log/checkpoint").unlink()
    assert (await http.get(f"{url}/log/checkpoint")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/log/tile/0/002",  # not there
        "/log/tile/0/000.p/256",
        "/log/tile/0/000.p/0",
        "/log/tile/0/001.p/07",
        "/log/tile/00/000",
        "/log/tile/64/000",
        "/log/tile/-1/000",
        "/log/tile/0/0",
        "/log/tile/0/x000/000",  # a second name of 000
        "/log/tile/0/secret",
        "/log/tile/0/",
        "/log/tile/0/000/",
        "/log/tile/../checkpoint",
        "/log/tile/0/..%2f..%2f..%2f007",
        "/log/tile/..%2f..%2fx/007",
        "/log/tile/%2e%2e/%2e%2e/007",
        "/log/tile/0/000%00",
        "/log/tile/0/000%0a",
        "/log/tile/0/%d9%a0%d9%a0%d9%a0",
        "/log//tile/0/000",
        "/log/consistency/0/x",
        "/log/consistency/3/2",
        "/log/consistency/1/11",
        "/log/consistency/01/2",
        "/log/cosigned/00",
    ],
)
async def test_nothing_else_has_an_address(url: str, path: str) -> None:
    # Sent as it is: a client would tidy such paths up.
    parsed = httpx.URL(url)
    reader, writer = await asyncio.open_connection(parsed.host, parsed.port)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 404 "), answer[:100]
    assert b"secret" not in answer


@pytest.mark.parametrize("number", ["008", "009", "010"])
async def test_what_is_no_file_is_a_fault_of_the_server(
    url: str, http: httpx.AsyncClient, number: str
) -> None:
    answer = await http.get(f"{url}/log/tile/0/{number}")
    assert (answer.status_code, answer.json()["code"]) == (500, "tiles.unreadable")
    assert "secret" not in answer.text


async def test_a_proof_is_lines_of_base64(url: str, http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{url}/log/consistency/3/10")
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) == len(consistency_proof(3, 10, reader_of(LEAVES)))
    assert (await http.get(f"{url}/log/consistency/10/10")).text == ""


async def test_a_tile_has_a_head(url: str, http: httpx.AsyncClient) -> None:
    name = TileRef(0, 0).path
    answer = await http.head(f"{url}/log/{name}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(name))
