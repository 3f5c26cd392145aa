"""`detente node init`: a record, settings, the node's secret, and the first account."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from detente.agreement import Agreement

from .agreement_now import AgreementNow
from .context import NodeContext
from .desk import Desk
from .first_contact import FirstContact
from .home import Home, RecordDirectoryUnusable, begin, now
from .officers_desk import open_desk
from .opening import open_node_record
from .peers import others
from .roles import Role
from .settings import NODE_FILE, NodeSettings
from .whole_files import write_whole

SettingValue = str | int | float | bool | list[str]

_HEAD: Final = """\
# Settings of this node: `key = value`. What there is: `detente node run --help`, and the page
# settings-node.md of the documentation. An option or an environment variable wins over this file.

"""


@dataclass(frozen=True, slots=True)
class Invited:
    """An account that waits for its holder.

    Attributes:
        account: its id.
        token: with which its holder sets a password and a second factor; told once, kept nowhere.
        until: when it ends.
    """

    account: str
    token: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Begun:
    """A node that has been begun.

    Attributes:
        origin: of its log.
        agreement: in force.
        invited: its first administrator.
    """

    origin: str
    agreement: Agreement
    invited: Invited


async def begin_node(
    home: Home, agreement: Path, settings: Mapping[str, SettingValue], admin: str
) -> Begun:
    """Begin a node: its record, `node.toml`, the node's secret and the first account.

    What an interrupted attempt has left is taken up.

    Args:
        home: where; its keys and its witness are there already.
        agreement: directory of the agreement, signed by everybody.
        settings: what goes into `node.toml`, by key.
        admin: id of the first account.

    Raises:
        RecordDirectoryUnusable: there is a node already.
        DetenteError: see `detente.node.home.begin`; the id can be none.
    """
    if (home.directory / NODE_FILE).exists():
        raise RecordDirectoryUnusable("There is a node already.", where=str(home.directory))
    if not (home.directory / "record.json").exists():
        record = await begin(home, agreement)
        FirstContact(home.directory).begin(others(record))
        await record.close()
    opened = await open_node_record(home)
    try:
        agreed = AgreementNow(home, opened.record)
        context = NodeContext(
            home.party, opened.record, agreed, now, secrets.token_bytes, home, NodeSettings()
        )
        desk, _ = await open_desk(context)
        invited = await invite(context, desk, admin, "Administrator", frozenset({Role.ADMIN}))
        write_whole(home.directory / NODE_FILE, (_HEAD + toml_lines(settings)).encode())
        return Begun(opened.record.origin, agreed(), invited)
    finally:
        await opened.record.close()


async def invite(
    context: NodeContext, desk: Desk, identity: str, name: str, roles: frozenset[Role]
) -> Invited:
    """Invite somebody, making the account if it is not there; by whoever has the node's files.

    Raises:
        OfficerRefused: an id or a role that cannot be.
    """
    account = desk.officers.find(identity)
    if account is None:
        account = await desk.officers.add(
            identity, name, roles, desk.holders(), break_glass=Role.ADMIN in roles
        )
        await context.note_security("officer-added", None, account=identity)
    token, invitation = await desk.credentials.invite(account, None)
    return Invited(identity, token, invitation.until)


def toml_lines(settings: Mapping[str, SettingValue]) -> str:
    """Keys and values as TOML, in order."""
    # JSON's texts, numbers, booleans and lists of texts are TOML's.
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in settings.items()
    )
