"""Recovering a restored node while it is stopped, by whoever has its files."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from detente.cli.node_status import ask
from detente.errors import DetenteError
from detente.node.agreement_now import AgreementNow
from detente.node.context import NodeContext
from detente.node.home import find, now
from detente.node.neutral import neutral_witnesses
from detente.node.opening import open_node_record
from detente.node.peers import Peers
from detente.node.reach import settings_with_reach
from detente.node.recovering import who_knows
from detente.node.recovery import Recovery, RecoveryBlocked, recover
from detente.node.settings import NodeSettings

Confirm = Callable[[str, str], None]
"""Asks whether a log's checkpoint may be abandoned, given why; raises if not."""


class NothingToRecover(DetenteError):
    """The node is not one that is held and stopped."""

    code: ClassVar[str] = "client.not_held"


async def recover_node(
    directory: Path,
    settings: NodeSettings,
    told: Callable[[str], None],
    abandon: Confirm | None,
) -> Recovery:
    """Ask everybody what they hold of the record, take it back, and end the state `held`.

    Args:
        directory: of the node.
        settings: of the node.
        told: what is being done.
        abandon: asked before a checkpoint is given up that was seen, that nobody has cosigned and
            whose leaves nobody has; None to leave the record held then.

    Raises:
        NothingToRecover: the node runs, or its record is not held.
        RecoveryBlocked, RecoveryForked: see `recover`.
        DetenteError: the record cannot be opened, or the peers cannot be called.
    """
    if (await ask(directory))[0] is not None:
        raise NothingToRecover(
            "The node runs: it recovers by itself, as far as nothing is to be decided.",
            where=str(directory),
            advice="Stop it first.",
        )
    home = find(directory, settings.database)
    settings = settings_with_reach(directory, settings)
    opened = await open_node_record(home)
    try:
        if opened.mode != "held":
            raise NothingToRecover("The record is not held.", where=str(directory))
        record = opened.record
        agreement = AgreementNow(home, record)
        context = NodeContext(
            home.party, record, agreement, now, secrets.token_bytes, home, settings
        )
        peers = Peers(record, home, agreement, settings, now, secrets.token_bytes)
        try:
            await peers.refresh()
            neutral = neutral_witnesses(agreement(), peers.egress, settings.witness_ca)
            asked = await who_knows(context, peers, neutral)
            try:
                return await recover(home, asked, told=told)
            except RecoveryBlocked as error:
                if abandon is None or not error.abandonable:
                    raise
                abandon(record.origin, error.message)
            return await recover(home, asked, told=told, abandon_uncosigned=True)
        finally:
            await peers.close()
    finally:
        await opened.record.close()
