"""Where other USSs may be called: hosts of the agreement, checked addresses, nothing else."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from detente.http import AddressPolicy, ConnectTo
from detente.node.uss.reaching import CheckedTransport, NotCalled

pytestmark = pytest.mark.anyio


class Names:
    """A name server of the test's."""

    def __init__(self, **found: list[str]) -> None:
        self.found = {name.replace("_", "."): addresses for name, addresses in found.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.found.get(host, [])


@asynccontextmanager
async def server() -> AsyncIterator[tuple[int, list[str]]]:
    """A server that answers everything, and the Host headers that it was shown."""
    hosts: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().lower().split("\r\n")
                hosts.extend(each[6:] for each in lines if each.startswith("host: "))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1], hosts
    finally:
        listening.close()


def transport(names: Names, **more: object) -> CheckedTransport:
    usual: dict[str, object] = {
        "named": ["http://dss.example:8082"],
        "hosts": lambda: frozenset({"uss.example"}),
        "policy": AddressPolicy(),
        "resolver": names,
    }
    return CheckedTransport(**{**usual, **more})  # type: ignore[arg-type]


async def call(url: str, over: CheckedTransport) -> int:
    async with httpx.AsyncClient(transport=over, trust_env=False) as http:
        return (await http.get(url)).status_code


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://other.example/uss", "no host of a party"),
        ("http://uss.example/uss", "not https"),
        ("https://127.0.0.1/uss", "no host of a party"),
        ("https://uss.example/uss", "private"),
    ],
)
async def test_what_must_not_be_called_is_not(url: str, why: str) -> None:
    names = Names(uss_example=["10.0.0.7"], other_example=["93.184.215.14"])
    with pytest.raises(NotCalled, match=why):
        await call(url, transport(names))


@pytest.mark.parametrize("url", ["http://dss.example:443/x", "http://dss.example:443/"])
async def test_what_is_named_with_tls_is_not_called_without(url: str) -> None:
    async with server() as (port, hosts):
        named = f"https://dss.example:{port}"
        over = transport(Names(dss_example=["127.0.0.1"]), named=[named, "https://dss.example"])
        with pytest.raises(NotCalled, match="not https"):
            await call(url, over)
        with pytest.raises(NotCalled, match="not https"):
            await call(f"http://dss.example:{port}/uss", over)
    assert hosts == []


async def test_one_bad_address_spoils_all() -> None:
    names = Names(uss_example=["93.184.215.14", "169.254.169.254"])
    with pytest.raises(NotCalled, match="link-local"):
        await call("https://uss.example/", transport(names))
    with pytest.raises(NotCalled, match="no address"):
        await call("https://uss.example/", transport(Names()))


async def test_the_address_that_was_looked_at_is_the_one_that_is_called() -> None:
    async with server() as (port, hosts):
        names = Names(uss_example=["127.0.0.1"])
        over = transport(names, policy=AddressPolicy.of(["127.0.0.0/8"]), allow_http=True)
        assert await call(f"http://uss.example:{port}/x", over) == 204
        assert names.asked == ["uss.example"]
        assert hosts == [f"uss.example:{port}"]


async def test_a_host_of_the_agreement_is_reached_where_the_operator_says() -> None:
    async with server() as (port, hosts):
        names = Names()
        over = transport(
            names,
            policy=AddressPolicy.of(["127.0.0.0/8"]),
            connect_to=[ConnectTo.parse(f"uss.example:8444=127.0.0.1:{port}")],
            allow_http=True,
        )
        assert await call("http://uss.example:8444/x", over) == 204
        assert names.asked == []
        assert hosts == ["uss.example:8444"]


async def test_what_the_operator_has_named_is_called_as_it_is_named() -> None:
    async with server() as (port, hosts):
        over = transport(Names(), named=[f"http://127.0.0.1:{port}"])
        assert await call(f"http://127.0.0.1:{port}/dss", over) == 204
        with pytest.raises(NotCalled):  # the same host, and another port
            await call(f"http://127.0.0.1:{port + 1}/dss", transport(Names()))
        assert len(hosts) == 1


async def test_in_tests_anybody_may_be_called() -> None:
    async with server() as (port, hosts):
        over = transport(Names(), allow_any=True)
        assert await call(f"http://127.0.0.1:{port}/uss", over) == 204
        assert len(hosts) == 1


async def test_no_request_searches_for_what_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[str] = []

    class Searching:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            searched.append(name)

    monkeypatch.delitem(sys.modules, "sniffio", raising=False)
    async with server() as (port, _):
        over = transport(Names(), named=[f"http://127.0.0.1:{port}"])
        monkeypatch.setattr(sys, "meta_path", [Searching(), *sys.meta_path])
        async with httpx.AsyncClient(transport=over, trust_env=False) as http:
            assert (await http.get(f"http://127.0.0.1:{port}/")).status_code == 204
            searched.clear()
            assert (await http.get(f"http://127.0.0.1:{port}/")).status_code == 204
    assert searched == []
