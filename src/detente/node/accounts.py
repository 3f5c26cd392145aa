"""What an account is, what it may not be, and how it stands in its table. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Literal, cast

from detente.errors import DetenteError
from detente.http import BadRequest, NotFound
from detente.record import SqlRow, format_time, parse_time

from .roles import SIGNING_ROLES, Role, permissions_of
from .webauthn_login import SecurityKey

NAME_MAX: Final = 100
_ID: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


class NoSuchOfficer(NotFound):
    """There is no account with this id: 404."""

    code: ClassVar[str] = "officers.unknown"


class OfficerRefused(BadRequest):
    """An account cannot be made or changed like this: 400."""

    code: ClassVar[str] = "officers.refused"


class OfficerExists(DetenteError):
    """There is an account with this id, or for this subject, already: 409."""

    code: ClassVar[str] = "officers.exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may log in.

    Attributes:
        id: of an officer in the agreement, or, for roles that do not sign, any other.
        name: for people.
        language: `en` or `fr`.
        roles: what for.
        active: whether log-in is allowed.
        break_glass: may log in with a password although a provider is configured.
        password: argon2id hash; empty before one is set.
        totp: sealed secret of the authenticator app; None without.
        totp_used: step of the newest code that was accepted.
        totp_next: sealed secret that was shown and not yet confirmed.
        created: when it was made.
        changed: when it was changed last.
    """

    id: str
    name: str
    language: Literal["en", "fr"]
    roles: frozenset[Role]
    active: bool = True
    break_glass: bool = False
    password: str = ""
    totp: bytes | None = None
    totp_used: int = 0
    totp_next: bytes | None = None
    created: datetime
    changed: datetime

    @property
    def permissions(self) -> frozenset[str]:
        """What may be done; nothing when it is not active."""
        return permissions_of(self.roles) if self.active else frozenset()


@dataclass(frozen=True, slots=True)
class Invitation:
    """The right to set a password and a second factor, once.

    Attributes:
        digest: SHA-256 of its token, hexadecimal.
        account: whose.
        until: when it ends.
        totp: sealed secret that was shown.
    """

    digest: str
    account: str
    until: datetime
    totp: bytes | None = None


def check_account(account: Account, holders: frozenset[str]) -> None:
    """Refuse an account that cannot be.

    Args:
        account: as it is to be.
        holders: ids of the party's officers in the agreement.

    Raises:
        OfficerRefused: an id, name or role that cannot be.
    """
    if _ID.fullmatch(account.id) is None:
        raise OfficerRefused(
            "An id has 1 to 32 lower-case letters, digits and hyphens.", where="id"
        )
    name = account.name
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable() or name != name.strip():
        raise OfficerRefused(f"A name has 1 to {NAME_MAX} printable characters.", where="name")
    if not account.roles or Role.PUBLIC in account.roles:
        raise OfficerRefused(
            "An account has one role or more, and not the public's.", where="roles"
        )
    signing = sorted(account.roles & SIGNING_ROLES)
    if signing and account.id not in holders:
        raise OfficerRefused(
            f"The agreement has no officer {account.id}, and who has the role {signing[0]} signs.",
            where="roles",
            advice="Give the account the id of an officer: " + ", ".join(sorted(holders)) + ".",
        )


ACCOUNT_COLUMNS: Final = (
    "id, name, language, roles, active, break_glass, password, totp, totp_used, totp_next, "
    "created, changed"
)
KEY_COLUMNS: Final = "id, account, name, public_key, sign_count, created"


def account_row(account: Account) -> tuple[int | str | bytes | None, ...]:
    """An account as a row of `ACCOUNT_COLUMNS`."""
    return (
        account.id,
        account.name,
        account.language,
        json.dumps(sorted(account.roles)),
        int(account.active),
        int(account.break_glass),
        account.password,
        account.totp,
        account.totp_used,
        account.totp_next,
        format_time(account.created),
        format_time(account.changed),
    )


def account_of(row: SqlRow) -> Account:
    """Inverse of `account_row`."""
    identity, name, language, roles, active, glass, password, totp, used, coming, made, changed = (
        row
    )
    return Account(
        id=str(identity),
        name=str(name),
        language="fr" if language == "fr" else "en",
        roles=frozenset(map(Role, json.loads(str(roles)))),
        active=bool(active),
        break_glass=bool(glass),
        password=str(password),
        totp=cast(bytes | None, totp),
        totp_used=int(cast(int, used)),
        totp_next=cast(bytes | None, coming),
        created=parse_time(str(made)),
        changed=parse_time(str(changed)),
    )


def key_of(row: SqlRow) -> SecurityKey:
    """A security key from a row of `KEY_COLUMNS`."""
    identity, account, name, public_key, sign_count, created = row
    return SecurityKey(
        str(identity),
        str(account),
        str(name),
        cast(bytes, public_key),
        int(cast(int, sign_count)),
        parse_time(str(created)),
    )
