"""Each party of the demonstration witnesses the other: C2SP tlog-witness over loopback HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from detente.demo.records import Side, clock
from detente.errors import DetenteError
from detente.http import ServerOptions, build_app, serve
from detente.node import WITNESS_STATUSES, Sent, WitnessClient, http_client, witness_endpoints
from detente.record import Answer, Cosigned, Draft, KnownLog, Witness


class NotWitnessed(DetenteError):
    """A witness of the demonstration has refused, though nothing was rewritten."""

    code = "demo.not_witnessed"


@dataclass(slots=True)
class Witnessing:
    """A party's record and the witness of the other party that cosigns it.

    Attributes:
        side: whose record.
        url: where the other party's witness answers.
        client: asks it.
        cosigned: how many checkpoints it has cosigned.
    """

    side: Side
    url: str
    client: WitnessClient
    cosigned: int = 0

    async def ask(self) -> Sent:
        """Have the newest checkpoint cosigned.

        Raises:
            NotWitnessed: the witness refuses.
            WitnessUnreachable: it does not answer.
        """
        sent = await self.client.submit(self.side.record)
        if not isinstance(sent.result, Cosigned):
            raise NotWitnessed(
                f"{sent.result.status}: {sent.result.reason}", where=self.side.record.origin
            )
        self.cosigned += 1
        return sent


@asynccontextmanager
async def witnessing(sides: Sequence[Side]) -> AsyncIterator[list[Witnessing]]:
    """Both witnesses, serving while the block runs."""
    one, other = sides
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(http_client())
        group = await stack.enter_async_context(asyncio.TaskGroup())
        stack.callback(stop.set)
        made = []
        for side, witness_of in ((one, other), (other, one)):
            witness = stack.enter_context(
                Witness.open(witness_of.who.keys / "witness.db", clock=clock)
            )
            await _begin(witness, side)
            ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            application = build_app(
                witness_endpoints("/witness", witness, keep=_Keeping(witness_of)),
                statuses=WITNESS_STATUSES,
            )
            group.create_task(
                serve(application, ServerOptions(), stop=stop, on_ready=ready.set_result)
            )
            url = f"{await ready}/witness"
            client = WitnessClient(url, partial(list, [witness.verifier]), http)
            made.append(Witnessing(side, url, client))
        yield made


async def _begin(witness: Witness, side: Side) -> None:
    """The witness knows the other's log, and has never signed for it: both are new."""
    origin = side.record.origin
    log = side.record.terms.member(side.who.id).log
    witness.trust(KnownLog(origin, (log,)))
    newest = await side.record.checkpoint()
    witness.confirm(origin, [newest.note], first_contact=True)


class _Keeping:
    """Records what a witness has signed before the signature leaves: the anchor."""

    def __init__(self, side: Side) -> None:
        self._side = side

    async def __call__(self, answer: Answer) -> None:
        if answer.status == 200:
            draft = Draft("anchor", "witness", (), {"checkpoint": answer.note})
            await self._side.record.append([(draft, None)])
            self._side.count("anchors: checkpoints of the other", 1)
