"""An instance from its start to its end: settings, one owner, limits under pressure, SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.instance import (
    HOST,
    Connection,
    Instance,
    believing,
    gone_afterwards,
    intent_body,
    launch,
    running,
    uuid4_of,
)
from tests.support.program import bearer, client, detente
from tests.support.tls import certificate

from detente.cli import main
from detente.record import generate_key, save_key

OIR = "/dss/v1/operational_intent_references"
SUB = "/dss/v1/subscriptions"

pytestmark = pytest.mark.anyio


def intent(number: int) -> dict[str, Any]:
    """An operational intent at a place of its own, for an hour from now."""
    now_s = int(time.time())
    lat_deg, lng_deg = number // 100 * 0.003 + 46, number % 100 * 0.003 + 7
    return intent_body(lat_deg, lng_deg, start_s=now_s, end_s=now_s + 3600)


async def create(connection: Connection, number: int, *, sub: str = "uss_a") -> int:
    answer = await connection.call("PUT", f"{OIR}/{uuid4_of(number)}", intent(number), sub=sub)
    return answer.status


async def everything(instance: Instance, identifiers: Sequence[str]) -> list[Any]:
    """Each intent and its subscription, as the instance shows them."""
    seen = []
    async with instance.connection() as connection:
        for identifier in identifiers:
            answer = await connection.call("GET", f"{OIR}/{identifier}")
            seen.append(answer)
            if answer.status == 200:
                subscription = answer.body["operational_intent_reference"]["subscription_id"]
                seen.append(await connection.call("GET", f"{SUB}/{subscription}"))
    return seen


@pytest.mark.slow
async def test_sigterm_under_load_finishes_what_was_accepted_and_a_restart_shows_it(
    tmp_path: Path,
) -> None:
    acknowledged: set[str] = set()
    tried: list[str] = []
    refused = 0
    busy = asyncio.Event()

    async def write(instance: Instance) -> None:
        nonlocal refused
        async with instance.connection() as connection:
            while True:
                number = len(tried)
                tried.append(uuid4_of(number))
                try:
                    status = await create(connection, number)
                except (OSError, asyncio.IncompleteReadError):
                    refused += 1
                    return
                assert status in (201, 503)
                if status == 201:
                    acknowledged.add(uuid4_of(number))
                if len(acknowledged) == 300:
                    busy.set()

    storage = ["--data", str(tmp_path / "data")]
    async with running(tmp_path, storage) as instance:
        async with asyncio.TaskGroup() as group:
            for _ in range(16):
                group.create_task(write(instance))
            await busy.wait()
            instance.process.send_signal(signal.SIGTERM)
        assert await instance.process.wait() == 0
        assert refused == 16
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOST, instance.port)

    async with running(tmp_path, storage) as instance:
        before = await everything(instance, tried)
        assert await instance.stop() == 0
    # Exact in both directions: what was not acknowledged was not carried out either.
    found = {
        answer.body["operational_intent_reference"]["id"]
        for answer in before
        if answer.status == 200 and "operational_intent_reference" in answer.body
    }
    assert found == acknowledged

    async with running(tmp_path, storage) as instance:
        assert await everything(instance, tried) == before


async def test_a_data_directory_has_one_owner(tmp_path: Path) -> None:
    storage = ["--data", str(tmp_path / "data")]
    async with running(tmp_path, storage) as instance:
        second = await detente("exchange", "--port", "0", *believing(tmp_path), *storage)
        assert second.code == 2
        assert f"Process {instance.process.pid} is using this log." in second.err
        assert f"where:  {tmp_path / 'data'}" in second.err
        assert "Traceback" not in second.err
        async with instance.connection() as connection:
            assert await create(connection, 1) == 201


def test_check_tells_what_a_start_would_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("not a directory")
    Path("locked").mkdir(mode=0o500)
    save_key(generate_key("log"), Path("log.key"))
    believe = believing(tmp_path)
    trials = [
        ([*believe, "--data", "data"], 0, "Everything is ready for a start."),
        (
            ["--auth-public-key", "absent.pem", "--audience", HOST],
            2,
            "NOT GOOD  token key: absent.pem: The key file cannot be read: No such file",
        ),
        (
            [*believe, "--log-key", "log.key", "--database", "postgresql://nobody@127.0.0.1:9/x"],
            2,
            "NOT GOOD  log: ",
        ),
        (
            [*believe, "--data", "file/data"],
            2,
            f"NOT GOOD  log: {tmp_path / 'file'}: It cannot be written.",
        ),
        (
            [*believe, "--data", "data", "--port-file", "nowhere/port"],
            2,
            "NOT GOOD  port file: nowhere: There is no such directory.",
        ),
        (["--audience", HOST], 2, "No key to verify tokens with is given."),
    ]
    if os.geteuid() != 0:  # root may write anywhere
        trials.append(
            (
                [*believe, "--data", "locked/data"],
                2,
                f"NOT GOOD  log: {tmp_path / 'locked'}: It cannot be written.",
            )
        )
    for arguments, code, said in trials:
        with pytest.raises(SystemExit) as ended:
            main(["exchange", "--check", "--port", "0", *arguments])
        assert ended.value.code == code
        printed = capsys.readouterr()
        assert said in printed.out + printed.err
    assert not Path("data").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--auth-public-key", "absent.pem"], "The key file cannot be read"),
        (["--data", "public.pem"], "It cannot be used: [Errno 17] File exists"),
        (["--port-file", "nowhere/port"], "The port file cannot be written: No such file"),
        (["--tls-cert", "public.pem", "--tls-key", "public.pem"], "TLS certificate and key cannot"),
        (["--host", "192.0.2.1"], "The address cannot be bound"),
        (["--log-key", "public.pem"], "where:  public.pem"),
    ],
)
async def test_a_start_that_must_fail_says_why(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = await detente("exchange", "--port", "0", *believing(tmp_path), *arguments, cwd=tmp_path)
    assert done.code == 2, done
    assert said in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


async def test_the_exchange_speaks_tls(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    port_file = tmp_path / "port"
    async with running(
        tmp_path,
        ["--data", str(tmp_path / "data")],
        *("--tls-cert", str(cert), "--tls-key", str(key), "--port-file", str(port_file)),
    ) as instance:
        assert port_file.read_text() == f"{instance.port}\n"
        trusting = ssl.create_default_context(cafile=cert)
        base = f"https://localhost:{instance.port}"
        async with httpx.AsyncClient(base_url=base, verify=trusting, trust_env=False) as http:
            http.headers["authorization"] = bearer()
            answer = await http.put(f"{OIR}/{uuid4_of(1)}", json=intent(1))
            assert answer.status_code == 201
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get(f"http://localhost:{instance.port}/healthy")
        assert await instance.stop() == 0
        assert not port_file.exists()


async def test_an_option_wins_over_a_variable_and_that_over_the_file(tmp_path: Path) -> None:
    config = tmp_path / "exchange.toml"
    config.write_text(
        f"""
        port = 0
        data = "{tmp_path}/data"
        auth-public-key = ["{believing(tmp_path)[1]}"]
        audience = ["elsewhere.example", "{HOST}"]
        instance-name = "from-file"
        public-endpoint = "https://file.example"
        system-identity = "file.identity"
        heartbeat-every = 60
        """
    )
    variables = {
        "DETENTE_EXCHANGE_CONFIG": str(config),
        "DETENTE_EXCHANGE_INSTANCE_NAME": "from-variable",
        "DETENTE_EXCHANGE_PUBLIC_ENDPOINT": "https://variable.example",
    }
    async with gone_afterwards(
        await launch(tmp_path, ["--instance-name", "from-option"], variables)
    ) as instance:
        scopes = ["interuss.pool_status.read", "interuss.versioning.read_system_versions"]
        async with client(instance, bearer(scopes=scopes)) as http:
            [listed] = (await http.get("/aux/v1/pool/dss_instances")).json()["dss_instances"]
            assert listed["id"] == "from-option"
            assert listed["public_endpoint"] == "https://variable.example"
            assert (await http.get("/versions/file.identity")).status_code == 200
            assert (await http.get("/versions/detente.exchange")).status_code == 404
    config.write_text("prot = 8082\n")
    done = await detente("exchange", variables={"DETENTE_EXCHANGE_CONFIG": str(config)})
    assert done.code == 2
    assert f"{config}, line 1: prot" in done.err
    assert "Did you mean port?" in done.err


BIG = 4 * 1024 * 1024


@asynccontextmanager
async def stalled(instance: Instance, count: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Clients that announce four mebibytes and send half of them, or half of the headers."""
    head = (
        f"PUT {OIR}/{uuid4_of(1)} HTTP/1.1\r\nhost: {HOST}\r\nauthorization: {bearer()}\r\n"
        f"content-length: {BIG}\r\n\r\n"
    ).encode()
    readers, writers = [], []
    for i in range(count):
        reader, writer = await asyncio.open_connection(HOST, instance.port)
        writer.write(head + b" " * (BIG // 2) if i % 2 else head[:-3])
        await writer.drain()
        readers.append(reader)
        writers.append(writer)
    try:
        yield readers
    finally:
        for writer in writers:
            writer.close()


async def test_clients_that_stall_in_a_big_body_hold_nobody(tmp_path: Path) -> None:
    timeouts = ("--body-timeout", "5", "--header-timeout", "5")
    storage = ["--data", str(tmp_path / "data")]
    async with (
        running(tmp_path, storage, *timeouts) as instance,
        stalled(instance, 20) as readers,
        instance.connection() as connection,
    ):
        loop = asyncio.get_running_loop()
        slowest_s = 0.0
        for number in range(100):
            began_s = loop.time()
            assert await create(connection, number) == 201
            slowest_s = max(slowest_s, loop.time() - began_s)
        assert slowest_s < 4  # the deadline of those who stall is longer
        async with asyncio.timeout(30):
            answers = await asyncio.gather(*(reader.read() for reader in readers))
        assert {answer.split(b" ", 2)[1] for answer in answers} == {b"408"}
        assert await create(connection, 100) == 201


async def test_a_body_over_the_limit_is_413_and_the_connection_stays_good(tmp_path: Path) -> None:
    async with (
        running(tmp_path, ["--data", str(tmp_path / "data")]) as instance,
        client(instance) as http,
    ):
        path = f"{OIR}/{uuid4_of(1)}"
        text = httpx.Request("PUT", "http://x", json=intent(1)).content
        too_large = await http.put(path, content=text.ljust(BIG + 1))
        assert too_large.status_code == 413
        assert too_large.json()["code"] == "http.body_too_large"
        assert str(BIG) in too_large.json()["message"]
        assert (await http.put(path, content=text.ljust(BIG))).status_code == 201


async def test_a_client_over_its_rate_is_429_and_others_are_not(tmp_path: Path) -> None:
    limits = ("--rate-limit", "0.5", "--rate-burst", "5")
    async with (
        running(tmp_path, ["--data", str(tmp_path / "data")], *limits) as instance,
        client(instance, bearer("greedy")) as greedy,
        client(instance, bearer("modest")) as modest,
    ):
        answers = [await greedy.get(f"{OIR}/{uuid4_of(1)}") for _ in range(8)]
        assert [answer.status_code for answer in answers[:5]] == [404] * 5
        refused = answers[-1]
        assert refused.status_code == 429
        assert refused.json()["code"] == "http.rate_limited"
        assert 1 <= int(refused.headers["retry-after"]) <= 2
        assert (await modest.get(f"{OIR}/{uuid4_of(1)}")).status_code == 404
        # Another token of the same client is no other client.
        async with client(instance, bearer("greedy")) as again:
            assert (await again.get(f"{OIR}/{uuid4_of(1)}")).status_code == 429


async def test_a_full_queue_is_503_and_the_instance_lives_on(tmp_path: Path) -> None:
    # Signs of life and retention go through the same queue: being refused must not end them.
    tight = ("--max-queue", "1", "--heartbeat-every", "1")
    async with running(tmp_path, ["--data", str(tmp_path / "data")], *tight) as instance:
        numbers = iter(range(1_000_000))
        statuses: dict[int, int] = {}
        beats: set[int] = set()

        async def write(http: httpx.AsyncClient) -> None:
            while len(beats) < 3:
                number = next(numbers)
                answer = await http.put(f"{OIR}/{uuid4_of(number)}", json=intent(number))
                statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
                if answer.status_code == 503:
                    assert answer.json()["code"] == "exchange.overloaded"
                    assert int(answer.headers["retry-after"]) >= 1

        async def look(http: httpx.AsyncClient) -> None:
            while len(beats) < 3:
                [listed] = (await http.get("/aux/v1/pool/dss_instances")).json()["dss_instances"]
                if "most_recent_heartbeat" in listed:
                    beats.add(listed["most_recent_heartbeat"]["index"])

        async with client(instance) as http, asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(look(http))
            for _ in range(24):
                group.create_task(write(http))
        assert set(statuses) == {201, 503}, statuses
        assert instance.process.returncode is None
        assert await instance.stop() == 0
