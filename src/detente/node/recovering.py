"""A node that was restored asks everybody what they hold of its record, until that is known."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Final

from detente.errors import DetenteError

from .context import NodeContext
from .neutral import Neutral, NeutralCalls
from .peers import Peers
from .recovery import recover
from .recovery_http import RecoveryCalls
from .recovery_source import RecoveryPeer

RECOVER_EVERY_S: Final = 15.0

_log = logging.getLogger("detente.node")


async def recover_from_all(
    context: NodeContext,
    peers: Peers,
    neutral: Sequence[Neutral],
    woken: asyncio.Event,
    held: Callable[[str], None],
) -> None:
    """Ask until the record is recovered: now and then, and at once when a peer is heard again.

    Args:
        context: of the node; its record is open for reading.
        peers: the other parties' nodes.
        neutral: neutral witnesses that can be asked.
        woken: set when a peer was heard again; here also when one begins to ask for errands.
        held: told why the record stays held, when that has changed.
    """
    told: str | None = None
    for node in peers:
        node.errands.begun = woken.set
    while True:
        woken.clear()  # whoever is heard from now on may have been silent to what follows
        try:
            done = await recover(
                context.home,
                await who_knows(context, peers, neutral),
                told=lambda what: _log.info("recovery: %s", what),
            )
        except DetenteError as error:
            if str(error) != told:
                told = str(error)
                _log.warning("this record stays held: %s", told)
                held(told)
        else:
            _log.info(
                "recovered: %d leaves, %d of our envelopes, %d of others",
                done.leaves,
                done.own,
                done.theirs,
            )
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(woken.wait(), RECOVER_EVERY_S)


async def who_knows(
    context: NodeContext, peers: Peers, neutral: Sequence[Neutral]
) -> list[RecoveryPeer]:
    """Everybody who may have a signature of ours, and can be asked.

    Raises:
        DetenteError: our newest checkpoint cannot be read.
    """
    newest = await context.record.checkpoint()
    return [
        *(RecoveryCalls(node) for node in peers),
        *(NeutralCalls(each, newest, context.record.origin) for each in neutral),
    ]
