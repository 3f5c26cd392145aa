"""The values of a node's /metrics change by what was done, and by nothing else."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
from tests.integration.node.test_two_nodes import events, reached, send, state, text
from tests.support.measured import Measured, measured
from tests.support.nodes import Net, NodeUnderTest, two_nodes, until

from detente.line import State

pytestmark = pytest.mark.anyio

QUIET = ("--witness-every", "3600", "--watch-every", "3600")
"""Nothing is recorded but what the test does, the outage, and changes of how the line is."""
DARK = {"peer-silent", "down-there", "down-here"}


async def test_what_is_done_is_what_the_values_tell(tmp_path: Path) -> None:
    async with (
        two_nodes(tmp_path, settings=QUIET) as net,
        await net["a"].login("durand") as a,
        await net["b"].login("nowak") as b,
    ):
        await net.up()
        await everything_receipted(net)
        for party, other in ("ab", "ba"):
            await until(partial(_has_been_answered, net[party], other))
        begun = {party: await measured(node) for party, node in net.nodes.items()}
        for party, other in ("ab", "ba"):
            assert states(begun[party], other) == {"up"}
            assert begun[party]("line_up", peer=other) == 1
            assert 0 < begun[party]("line_rtt_seconds", peer=other) < 20
            assert begun[party]("writable") == 1
            assert begun[party]("disk_free_bytes") > 0
            assert begun[party]("line_channels_held", peer=other) == 0

        # Queued: the line is cut, and nobody calls it an outage yet.
        for node in net.nodes.values():
            node.proxy.cut()
        identity = await send(a, text("counted"))
        queued = await measured(net["a"])
        assert await state(a, identity) == "queued"
        assert queued("line_waiting", peer="b") == 1
        assert said(queued, "a", since=begun["a"]) == {"message": 1}
        assert said(queued, "b", since=begun["a"]) == {}

        # Interrupted: the state is told under another name.
        await asyncio.gather(*(node.link(*DARK) for node in net.nodes.values()))
        dark = await measured(net["a"])
        assert dark("line_up", peer="b") == 0
        assert states(dark, "b") <= DARK
        for node in net.nodes.values():
            node.proxy.mend()

        # Receipted: both have stated the outage, and given a receipt for what the other has said.
        async def both_stated() -> bool:
            pages = [await measured(node) for node in net.nodes.values()]
            return all(
                said(page, by, since=begun[here]).get("outage") == 1
                for here, page in zip("ab", pages, strict=True)
                for by in "ab"
            )

        await until(both_stated)
        await net.up()
        await everything_receipted(net)
        mended = {party: await measured(node) for party, node in net.nodes.items()}
        for party, page in mended.items():
            by_a, by_b = (said(page, by, since=begun[party]) for by in "ab")
            assert by_a == {"message": 1, "outage": 1, "receipt": 1}
            assert by_b == {"outage": 1, "receipt": 2}
            assert states(page, "b" if party == "a" else "a") == {"up"}

        # Shown and acknowledged, with a receipt for each.
        assert (await b.post(f"/api/v1/line/messages/{identity}/shown")).status_code == 200
        path = f"/api/v1/line/messages/{identity}/acknowledgement"
        assert (await b.post(path, json={})).status_code == 200
        await reached(net["a"], a, identity, "acknowledged")
        await everything_receipted(net)
        for party, node in net.nodes.items():
            page = await measured(node)
            assert said(page, "b", since=mended[party]) == {"shown": 1, "acknowledgement": 1}
            assert said(page, "a", since=mended[party]) == {"receipt": 2}
            # Every entry was counted, each of them once.
            counted = [
                sum(of.all("said_total", "kind", party=by).values())
                for by in "ab"
                for of in (page, begun[party])
            ]
            assert page("entries") - begun[party]("entries") == (
                counted[0] - counted[1] + counted[2] - counted[3]
            )
            assert page("line_refused_total", peer="b" if party == "a" else "a") == 0
            assert page("faults_total") == 0
            assert page("security_waiting") == 0

        # Streams of events that are open.
        await listened_to(net["a"], 0)
        async with events(a), events(a):
            await listened_to(net["a"], 2)
        await listened_to(net["a"], 0)


def said(page: Measured, party: str, *, since: Measured) -> dict[str, float]:
    """How many entries a party has said since then, by kind.

    Without those on how the line is: a node on a busy machine says `late` now and then.
    """
    before = since.all("said_total", "kind", party=party)
    found = page.all("said_total", "kind", party=party)
    return {
        kind: value - before[kind]
        for kind, value in found.items()
        if value != before[kind] and kind != "watch"
    }


def states(page: Measured, peer: str) -> set[str]:
    """The state of the line to a peer; all others are told as well, as 0."""
    found = page.all("line_state", "state", peer=peer)
    assert found.keys() == {each.value for each in State}
    assert sorted(found.values()) == [0] * (len(State) - 1) + [1]
    return {each for each, value in found.items() if value}


async def everything_receipted(net: Net) -> None:
    """Wait until there is a receipt for whatever was said, and all receipts are on both sides."""

    async def nothing_waits() -> bool:
        pages = [await measured(node) for node in net.nodes.values()]
        waiting = [sum(page.all("line_waiting", "peer").values()) for page in pages]
        receipts = [
            [page.all("said_total", "kind", party=by)["receipt"] for page in pages] for by in "ab"
        ]
        return not any(waiting) and all(here == there for here, there in receipts)

    await until(nothing_waits)


async def listened_to(node: NodeUnderTest, listeners: int) -> None:
    """Wait until so many streams of events are open."""

    async def there() -> bool:
        return (await measured(node))("listeners") == listeners

    await until(there)


async def _has_been_answered(node: NodeUnderTest, peer: str) -> bool:
    """Whether a beat of its own has been: a line is up already when the other side was heard."""
    return peer in (await measured(node)).all("line_rtt_seconds", "peer")
