from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bench.load import Measured, Stream, drive


async def _serve(statuses: Iterator[int], split: bool) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            head = f"HTTP/1.1 {next(statuses)} X\r\ncontent-length: 5\r\n\r\n".encode()
            for piece in [head[:20], head[20:] + b"he", b"llo"] if split else [head + b"hello"]:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def _measure(statuses: list[int], *, split: bool = False) -> Measured:
    async def run() -> Measured:
        async with await _serve(iter(statuses), split) as server:
            port = server.sockets[0].getsockname()[1]
            requests = iter([b"GET / HTTP/1.1\r\n\r\n"] * len(statuses))
            return await drive([port], [Stream(requests, 200)], warm_s=0.0, seconds=5.0)

    return asyncio.run(run())


def test_answers_are_counted_whatever_pieces_they_come_in() -> None:
    measured = _measure([200] * 20, split=True)
    assert not measured.failures
    assert measured.exhausted
    assert measured.requests <= 20


def test_any_other_status_is_a_failure() -> None:
    measured = _measure([200, 503, 200])
    assert measured.failures == {"503 hello": 1}


def test_a_connection_that_breaks_is_a_failure() -> None:
    async def run() -> Measured:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            requests = iter([b"GET / HTTP/1.1\r\n\r\n"])
            return await drive([port], [Stream(requests, 200)], warm_s=0.0, seconds=5.0)

    assert asyncio.run(run()).failures == {"connection lost": 1}


def test_rounds_add_up() -> None:
    one, two = Measured(seconds=1.0), Measured(seconds=3.0)
    one.latencies_ns.extend([1_000_000, 3_000_000])
    two.latencies_ns.extend([2_000_000, 4_000_000])
    one.add(two)
    assert one.rate_per_s == 1.0
    assert one.quantile_ms(0.5) == 2.5
