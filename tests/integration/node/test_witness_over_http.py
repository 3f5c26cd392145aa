"""Two parties' servers on loopback: each is log and witness to the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.witness_world import (
    LOG_KEYS,
    ORIGIN,
    WITNESS_KEY,
    Leaves,
    Submission,
    clock,
    known,
    note_of,
)

from detente.http import ConnectionLimits, Endpoint, ServerOptions, build_app, serve
from detente.node import (
    WITNESS_STATUSES,
    PeerLog,
    WitnessClient,
    WitnessUnreachable,
    confirm_from_peer,
    http_client,
    tiles_endpoints,
    witness_endpoints,
)
from detente.node.names import origin_digest, witness_digest
from detente.node.witness_http import TOLD_MAX
from detente.record import (
    Answer,
    CosignatureVerifier,
    Cosigned,
    NotNow,
    RecordBehind,
    Refused,
    Witness,
    WitnessForked,
    WitnessRequestMalformed,
    WitnessUnconvinced,
    cosign,
    cosignatures_of,
)

pytestmark = pytest.mark.anyio
KEY = CosignatureVerifier.of(WITNESS_KEY)


@asynccontextmanager
async def serving(endpoints: list[Endpoint]) -> AsyncIterator[str]:
    stop = asyncio.Event()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    app = build_app(endpoints, statuses=WITNESS_STATUSES)
    options = ServerOptions(connections=ConnectionLimits())
    task = asyncio.create_task(serve(app, options, stop=stop, on_ready=url.set_result))
    try:
        yield await url
    finally:
        stop.set()
        await task


class Noted:
    def __init__(self, note: str) -> None:
        self.note = note


class Record:
    """Party A's record, as far as others see it."""

    def __init__(self, directory: Path, leaves: Leaves) -> None:
        self.directory = directory
        self.cosigned: dict[int, str] = {}
        self.leaves: Leaves = ()
        self.grow(leaves)

    def grow(self, leaves: Leaves) -> None:
        self.leaves = leaves
        (self.directory / "checkpoint").write_text(note_of(leaves))

    async def checkpoint(self) -> Noted:
        return Noted(note_of(self.leaves))

    def consistency(self, old: int, new: int) -> list[bytes]:
        return list(Submission(self.leaves[:new], old).request().proof)

    async def add_cosignatures(self, size: int, lines: Any) -> None:
        self.cosigned[size] = note_of(self.leaves[:size]) + "".join(lines)

    async def newest_cosigned(self, witness: CosignatureVerifier) -> str | None:
        return self.cosigned[max(self.cosigned)] if self.cosigned else None

    def endpoints(self) -> list[Endpoint]:
        return tiles_endpoints(
            "/log",
            self.directory,
            witnesses=lambda: (KEY,),
            newest_cosigned=self.newest_cosigned,
            consistency=self.consistency,
        )


class Pair:
    """A's log and B's witness, each on its server, and the clients between them."""

    def __init__(self, tmp_path: Path, http: httpx.AsyncClient) -> None:
        self.http = http
        self.path = tmp_path / "witness"
        Witness.create(self.path, WITNESS_KEY.name, clock=clock, signer=WITNESS_KEY).close()
        self.record = Record(tmp_path, (1, 2, 3))
        self.kept: list[Answer] = []
        self.keep_fails = False
        self.witness = self.open()
        self.client: WitnessClient
        self.peer: PeerLog
        self.witness_url = ""
        self.log_url = ""

    def open(self) -> Witness:
        witness = Witness.open(self.path, clock=clock)
        witness.trust(known(LOG_KEYS[:1]))
        return witness

    async def keep(self, answer: Answer) -> None:
        if self.keep_fails:
            raise RuntimeError("our record cannot be written")
        self.kept.append(answer)

    @asynccontextmanager
    async def serve_witness(self) -> AsyncIterator[None]:
        async with serving(witness_endpoints("/w", self.witness, keep=self.keep)) as url:
            self.witness_url = url + "/w"
            self.client = WitnessClient(self.witness_url + "/", lambda: [KEY], self.http)
            yield

    async def confirm(self, **more: Any) -> None:
        anchors = [answer.note for answer in self.kept if answer.status == 200]
        await confirm_from_peer(self.witness, ORIGIN, self.peer, anchors, **more)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with http_client() as http:
        made = Pair(tmp_path, http)
        async with serving(made.record.endpoints()) as url:
            made.log_url = url + "/log"
            made.peer = PeerLog(made.log_url, http)
            async with made.serve_witness():
                yield made
        made.witness.close()


async def test_from_first_contact_to_a_cosigned_log(pair: Pair) -> None:
    sent = await pair.client.submit(pair.record)
    assert isinstance(sent.result, NotNow)
    assert sent.result.status == 503
    with pytest.raises(WitnessUnconvinced):
        await pair.confirm()
    await pair.confirm(first_contact=True)
    for leaves in ((1, 2, 3), (1, 2, 3, 4), tuple(range(1, 400))):
        pair.record.grow(leaves)
        sent = await pair.client.submit(pair.record)
        assert isinstance(sent.result, Cosigned)
        (found,) = cosignatures_of(pair.record.cosigned[len(leaves)], [KEY])
        assert found.name == WITNESS_KEY.name
    assert [answer.size for answer in pair.kept] == [3, 4, 399]
    assert await pair.client.last_cosigned(ORIGIN) == pair.kept[-1].note
    assert await pair.client.last_cosigned("c.example/log") is None


async def test_a_log_that_starts_anew_is_told_the_size(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    await pair.client.submit(pair.record)
    pair.record.grow((1, 2, 3, 4, 5))
    forgetful = WitnessClient(pair.witness_url, lambda: [KEY], pair.http)
    sent = await forgetful.submit(pair.record)
    assert isinstance(sent.result, Cosigned)


async def test_a_rewritten_log_is_refused_and_that_is_told_once(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    await pair.client.submit(pair.record)
    pair.record.grow((1, 9, 3, 4))
    for _ in range(2):
        sent = await pair.client.submit(pair.record)
        assert isinstance(sent.result, Refused)
        assert sent.result.status == 422
    pair.record.grow((1, 2, 9))
    sent = await pair.client.submit(pair.record)
    assert isinstance(sent.result, Refused)
    assert sent.result.status == 409
    told = [(answer.status, answer.size) for answer in pair.kept if answer.telling]
    assert told == [(422, 4), (409, 3)]


async def test_an_owner_cannot_fill_our_record_with_forks(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    await pair.client.submit(pair.record)
    for other in range(TOLD_MAX + 5):
        pair.record.grow((1, 9, 3, 100 + other))
        sent = await pair.client.submit(pair.record)
        assert isinstance(sent.result, Refused)
    assert len([answer for answer in pair.kept if answer.telling]) == TOLD_MAX


async def test_a_log_that_was_rolled_back_notices(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    await pair.client.submit(pair.record)
    pair.record.grow((1, 2))
    for _ in range(2):
        with pytest.raises(RecordBehind):
            await pair.client.submit(pair.record)


async def test_an_unknown_key_is_refused_and_not_told(pair: Pair) -> None:
    pair.witness.trust(known(LOG_KEYS[1:2]))
    sent = await pair.client.submit(pair.record)
    assert isinstance(sent.result, Refused)
    assert sent.result.status == 403
    pair.witness.distrust(ORIGIN)
    sent = await pair.client.submit(pair.record)
    assert isinstance(sent.result, Refused)
    assert sent.result.status == 404
    assert pair.kept == []


async def restarted(pair: Pair, work: Callable[[], Awaitable[None]]) -> None:
    pair.witness.close()
    pair.witness = pair.open()
    async with pair.serve_witness():
        await work()


async def test_after_a_restart_the_owner_is_asked_first(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    await pair.client.submit(pair.record)

    async def work() -> None:
        assert isinstance((await pair.client.submit(pair.record)).result, NotNow)
        with pytest.raises(WitnessUnreachable, match="503"):
            await pair.client.last_cosigned(ORIGIN)
        await pair.confirm()
        assert isinstance((await pair.client.submit(pair.record)).result, Cosigned)

    await restarted(pair, work)


async def test_a_restored_witness_does_not_go_back(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    await pair.client.submit(pair.record)
    copy = pair.path.read_bytes()
    pair.record.grow((1, 2, 3, 4, 5))
    await pair.client.submit(pair.record)
    pair.kept.clear()  # our own record was restored, too
    pair.witness.close()
    pair.path.write_bytes(copy)

    async def work() -> None:
        await pair.confirm()
        assert pair.witness.state(ORIGIN).size == 5
        pair.record.grow((1, 2, 3, 6, 7))
        sent = await pair.client.submit(pair.record)
        assert isinstance(sent.result, Refused)

    await restarted(pair, work)


async def test_a_lost_answer_is_proven_and_fetched(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    await pair.client.submit(pair.record)
    pair.record.grow((1, 2, 3, 4, 5))
    # B dies between storing and answering.
    assert pair.witness.add_checkpoint(Submission((1, 2, 3, 4, 5), 3).bytes()).status == 200

    async def work() -> None:
        await pair.confirm()  # A shows size 3, and proves that it is a beginning of 5
        note = await pair.client.last_cosigned(ORIGIN)
        assert note is not None
        assert pair.kept[-1].note == note, "what leaves is anchored first"
        assert cosignatures_of(note, [KEY])

    await restarted(pair, work)


async def test_a_fork_under_our_own_key_is_stored(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    await pair.client.submit(pair.record)
    other = Witness.create(
        pair.path.with_name("twin"), WITNESS_KEY.name, clock=clock, signer=WITNESS_KEY
    )
    with other:
        other.trust(known(LOG_KEYS[:1]))
        other.confirm(ORIGIN, [note_of((7, 8, 9))], first_contact=True)
        twin = other.add_checkpoint(Submission((7, 8, 9), 0).bytes()).note
    pair.record.cosigned = {3: twin}

    async def work() -> None:
        with pytest.raises(WitnessForked):
            await pair.confirm()
        sent = await pair.client.submit(pair.record)
        assert isinstance(sent.result, Refused)

    await restarted(pair, work)
    assert pair.witness.state(ORIGIN).fork is not None


async def test_a_signature_that_cannot_be_anchored_does_not_leave(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    pair.keep_fails = True
    sent = await pair.client.submit(pair.record)
    assert isinstance(sent.result, NotNow)
    assert sent.result.status == 500
    with pytest.raises(WitnessUnreachable, match="500"):
        await pair.client.last_cosigned(ORIGIN)
    assert pair.record.cosigned == {}
    pair.keep_fails = False
    assert isinstance((await pair.client.submit(pair.record)).result, Cosigned)


async def test_the_wire_is_that_of_tlog_witness(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    url = pair.witness_url + "/add-checkpoint"
    answer = await pair.http.post(url, content=Submission((1, 2, 3), 0).bytes())
    assert (answer.status_code, answer.headers["content-type"]) == (
        200,
        "text/plain; charset=utf-8",
    )
    assert answer.text.startswith("— b.example/witness ")
    assert answer.headers["cache-control"] == "no-store"
    answer = await pair.http.post(url, content=Submission((1, 2, 3), 1).bytes())
    assert (answer.status_code, answer.content) == (409, b"3\n")
    assert answer.headers["content-type"] == "text/x.tlog.size"
    assert (await pair.http.post(url, content=b"")).status_code == 400
    assert (await pair.http.get(url)).status_code == 405
    digest = origin_digest(ORIGIN)
    assert (await pair.http.get(f"{pair.witness_url}/cosigned/{digest}")).status_code == 200
    assert (await pair.http.get(f"{pair.witness_url}/cosigned/{digest[:-1]}")).status_code == 404


async def test_only_witnesses_of_the_log_are_looked_up(pair: Pair) -> None:
    await pair.confirm(first_contact=True)
    url = f"{pair.log_url}/cosigned/{witness_digest(KEY)}"
    assert (await pair.http.get(url)).status_code == 404
    await pair.client.submit(pair.record)
    answer = await pair.http.get(url)
    assert (answer.status_code, answer.text) == (200, pair.record.cosigned[3])
    assert (await pair.http.get(url[:-1] + "g")).status_code == 404


# --- hostile witnesses ---------------------------------------------------------------------------


def client_of(
    answer: Callable[[httpx.Request], Coroutine[None, None, httpx.Response]],
) -> httpx.AsyncClient:
    return http_client(httpx.MockTransport(answer))


class Once(httpx.AsyncByteStream):
    def __init__(self, data: str) -> None:
        self.data = data.encode()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.data


class Endless(httpx.AsyncByteStream):
    def __init__(self) -> None:
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += 1
            yield b"x" * 10_000


class Silent(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""


async def test_an_endless_answer_is_cut_off(tmp_path: Path) -> None:
    stream = Endless()

    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=stream)

    async with client_of(answer) as http:
        with pytest.raises(WitnessUnreachable, match="too large"):
            await WitnessClient("http://w", lambda: [KEY], http).submit(Record(tmp_path, (1,)))
    assert stream.sent < 20


async def test_an_answer_that_does_not_come_is_not_awaited(tmp_path: Path) -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Silent())

    async with client_of(answer) as http:
        client = WitnessClient("http://w", lambda: [KEY], http, deadline_s=0.05)
        with pytest.raises(WitnessUnreachable, match="within"):
            await client.submit(Record(tmp_path, (1,)))


async def test_redirects_are_not_followed(tmp_path: Path) -> None:
    asked: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        location = {"location": "http://elsewhere/"}
        return httpx.Response(307, headers=location, stream=Once(""))

    async with client_of(answer) as http:
        with pytest.raises(WitnessUnreachable, match="redirect"):
            await WitnessClient("http://w", lambda: [KEY], http).submit(Record(tmp_path, (1,)))
        with pytest.raises(WitnessUnreachable, match="redirect"):
            await PeerLog("http://w", http).checkpoint()
    assert set(asked) == {"w"}


async def test_a_witness_that_tells_ever_other_sizes_is_left_alone(tmp_path: Path) -> None:
    asked: list[bytes] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(await request.aread())
        return httpx.Response(409, stream=Once(f"{len(asked) % 3 + 1}\n"))

    async with client_of(answer) as http:
        with pytest.raises(WitnessUnreachable, match="other sizes"):
            client = WitnessClient("http://w", lambda: [KEY], http)
            await client.submit(Record(tmp_path, (1, 2, 3, 4)))
    assert len(asked) == 5


async def test_a_wrong_cosignature_is_not_kept(tmp_path: Path) -> None:
    record = Record(tmp_path, (1, 2, 3))
    wrong = cosign(note_of((1, 2)).split("\n\n")[0] + "\n", WITNESS_KEY, 1)

    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Once(wrong))

    async with client_of(answer) as http:
        with pytest.raises(WitnessRequestMalformed):
            await WitnessClient("http://w", lambda: [KEY], http).submit(record)
    assert record.cosigned == {}


async def test_nobody_there_is_said(tmp_path: Path) -> None:
    async with http_client() as http:
        client = WitnessClient("http://127.0.0.1:9", lambda: [KEY], http)
        with pytest.raises(WitnessUnreachable):
            await client.submit(Record(tmp_path, (1,)))


def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:1")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:1")
    client = http_client()
    assert not client.trust_env
    assert not client.follow_redirects
    assert client._mounts == {}
