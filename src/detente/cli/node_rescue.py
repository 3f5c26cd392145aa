"""Accounts of a node, by whoever has its files."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from detente.cli.node_settings import home_of
from detente.node.accounts import OfficerRefused
from detente.node.agreement_now import AgreementNow
from detente.node.beginning import Invited, invite
from detente.node.context import NodeContext
from detente.node.home import now
from detente.node.officers_desk import open_desk
from detente.node.opening import open_node_record
from detente.node.roles import Role
from detente.node.settings import NodeSettings
from detente.record import LogReadOnly


async def rescue_account(directory: Path, account: str, name: str, roles: Sequence[str]) -> Invited:
    """Invite somebody while the node is stopped.

    Raises:
        OfficerRefused: the account is not there, and it is not said what it shall be.
        LogInUse: the node runs.
        DetenteError: see `open_node_record`.
    """
    home = home_of(directory)
    opened = await open_node_record(home)
    try:
        if opened.mode != "writing":
            raise LogReadOnly(opened.why or "The record cannot be written.", where=str(directory))
        context = NodeContext(
            home.party,
            opened.record,
            AgreementNow(home, opened.record),
            now,
            secrets.token_bytes,
            home,
            NodeSettings(),
        )
        desk, _ = await open_desk(context)
        if desk.officers.find(account) is None and not (name and roles):
            raise OfficerRefused(
                "There is no such account.",
                where=account,
                advice="Give --name and --role to make it.",
            )
        try:
            wanted = frozenset(map(Role, roles))
        except ValueError:
            raise OfficerRefused(
                "There is no such role.", where=", ".join(roles), advice=", ".join(Role)
            ) from None
        invited = await invite(context, desk, account, name, wanted)
        await context.note_security("officer-rescued", None, account=account)
        return invited
    finally:
        await opened.record.close()
