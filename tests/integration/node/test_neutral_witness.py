"""A neutral witness of the agreement: asked by a node that runs, counted, asked after a loss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from tests.integration.node.test_two_nodes import reached, send, text
from tests.support.agreements import World
from tests.support.nodes import HOST, NodeUnderTest, two_nodes, until
from tests.support.program import detente
from tests.support.tls import certificate

from detente.agreement import load_agreement
from detente.http import ServerOptions, build_app, serve_all
from detente.node.home import now
from detente.node.witness_http import WITNESS_STATUSES, witness_endpoints
from detente.record import CosignatureVerifier, KnownLog, Verifier, Witness, generate_key

pytestmark = pytest.mark.anyio

NAME = "witness.example/neutral"
HOST_NAME = "witness.example"
QUICK = ("--witness-every", "0.3")


class Neutral:
    """Somebody else's witness, which knows the logs of both parties."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "neutral.db"
        signer = generate_key(NAME)
        self.vkey = CosignatureVerifier(NAME, signer.public_key).to_vkey()
        self._witness = Witness.create(self._path, NAME, clock=now, signer=signer)
        self.certificate, self._key = certificate(folder, HOST_NAME)

    def name_it(self, world: World) -> None:
        """Enter it in the agreement."""
        with world.document.open("a") as document:
            document.write(
                f'\n[[witnessing.neutral]]\nid = "observers"\nname = "The observers"\n'
                f'vkey = "{self.vkey}"\n'
                f'[witnessing.neutral.address]\nhost = "{HOST_NAME}"\npath = "/sign"\n'
            )

    @asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        """It answers, at a port."""
        app = build_app(witness_endpoints("/sign", self._witness), statuses=WITNESS_STATUSES)
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        options = ServerOptions(
            host=HOST, port=0, tls_cert=self.certificate, tls_key=self._key, shutdown_timeout_s=1
        )
        serving = asyncio.create_task(
            serve_all([(app, options)], stop=stop, on_ready=ready.set_result)
        )
        try:
            (url,) = await ready
            yield int(url.rpartition(":")[2])
        finally:
            stop.set()
            await serving
            self._witness.close()

    def meet(self, origin: str, key: Verifier, checkpoint: str) -> None:
        """Sign for a log from now on."""
        self._witness.trust(KnownLog(origin, (key,)))
        self._witness.confirm(origin, [checkpoint], [], first_contact=True)


async def graded(http: httpx.AsyncClient, identity: str, wanted: str) -> None:
    """Wait until an entry is worth so much; cosignatures are no events."""

    async def there() -> bool:
        entry = await http.get(f"/api/v1/record/entries/{identity}")
        return bool(entry.json()["grade"] == wanted)

    await until(there, every_s=0.1)


async def restored(node: NodeUnderTest, copy: Path, directory: Path) -> None:
    """A node that was killed, from a copy of its record."""
    await node.kill()
    done = await detente("node", "restore", copy, directory, "--keys", node.keys)
    assert done.code == 0, done.err
    node.directory = directory
    await node.start()


async def test_a_neutral_witness_is_asked_counted_and_asked_after_a_loss(tmp_path: Path) -> None:
    neutral = Neutral(tmp_path)
    settings = (*QUICK, "--witness-ca", str(neutral.certificate))
    async with two_nodes(tmp_path, start=(), settings=settings, change=neutral.name_it) as net:
        a, b = net["a"], net["b"]
        ours = load_agreement(net.world.agreement).terms().member("a")
        async with neutral.served() as port:
            a.options += ["--connect-to", f"{HOST_NAME}:443={HOST}:{port}"]
            await asyncio.gather(a.start(), b.start())
            neutral.meet(ours.origin, ours.log, (a.directory / "tiles" / "checkpoint").read_text())
            await net.up()
            made = await detente("node", "backup", a.directory, tmp_path / "copy")
            assert made.code == 0, made.err
            async with await a.login("durand") as http:
                both = await send(http, text("seen by everybody"))
                await reached(a, http, both, "delivered")
                await graded(http, both, "bilateral")

            # Everybody who may have a signature of ours is asked, the neutral witness too.
            await restored(a, tmp_path / "copy", tmp_path / "restored")

            async def goes_on() -> bool:
                try:
                    return bool((await a.status())["mode"] == "writing")
                except (httpx.HTTPError, AssertionError):
                    return False  # it starts anew

            await until(goes_on, every_s=0.1)
            async with await a.login("martin") as http:
                found = await http.get("/api/v1/record/entries", params={"kind": "recovery"})
                (entry,) = found.json()["entries"]
                told = await http.get(f"/api/v1/record/entries/{entry['id']}")
                shown = told.json()["body"]["shown"]
                assert set(shown) == {"b", NAME}
                assert shown[NAME] > 0

                # With the peer away its cosignature alone is on record, and worth what it is worth.
                await net.up()
                await b.stop()
                alone = await send(http, text("seen by the observers only"))
                await graded(http, alone, "third-party")

            # Nobody has the leaves of what it has signed: the record stays held, and says why.
            await restored(a, tmp_path / "copy", tmp_path / "again")
            await b.start()

            async def told_why() -> bool:
                status = await a.status()
                return status["mode"] == "held" and "nobody gives" in (status["why"] or "")

            await until(told_why, every_s=0.1)
            assert NAME in (await a.status())["why"]
