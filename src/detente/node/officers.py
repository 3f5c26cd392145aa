"""Accounts of a node: who may log in, by what, and with which roles.

Whoever has a role that signs is an officer of the agreement, and the account has the officer's id
there: `caller.sub` is the holder of the key. Accounts are few; they are held in memory, and every
change is on disk before it counts.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final, Literal, Self, cast

from detente.errors import DetenteError
from detente.http import BadRequest, NotFound
from detente.record import Clock, SqlRow, Statement, format_time, parse_time

from .officer_context import OfficerRecord
from .roles import SIGNING_ROLES, Role, permissions_of
from .webauthn_login import SecurityKey

ACCOUNTS_MAX: Final = 500
KEYS_MAX: Final = 10
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


class Officers:
    """The accounts of a node. Opened with `open`."""

    def __init__(self, record: OfficerRecord, clock: Clock) -> None:
        self._record = record
        self._clock = clock
        self._accounts: dict[str, Account] = {}
        self._keys: dict[str, dict[str, SecurityKey]] = {}
        self._subjects: dict[tuple[str, str], str] = {}
        self._invitations: dict[str, Invitation] = {}
        self._recovery: dict[str, set[str]] = {}
        self.changing = asyncio.Lock()
        """Held from reading to writing by whoever changes something that depends on it."""

    @classmethod
    async def open(cls, record: OfficerRecord, clock: Clock) -> Self:
        """Those in the tables."""
        officers = cls(record, clock)
        for row in await record.query(f"SELECT {_ACCOUNT} FROM officers_accounts"):  # noqa: S608
            account = _account(row)
            officers._accounts[account.id] = account
        for row in await record.query(f"SELECT {_KEY} FROM officers_keys"):  # noqa: S608
            key = _key(row)
            officers._keys.setdefault(key.account, {})[key.id] = key
        for issuer, subject, account_id in await record.query(
            "SELECT issuer, subject, account FROM officers_subjects"
        ):
            officers._subjects[str(issuer), str(subject)] = str(account_id)
        for digest, account_id, until, totp in await record.query(
            "SELECT digest, account, until, totp FROM officers_invitations"
        ):
            officers._invitations[str(digest)] = Invitation(
                str(digest), str(account_id), parse_time(str(until)), cast(bytes | None, totp)
            )
        for account_id, code in await record.query("SELECT account, code FROM officers_recovery"):
            officers._recovery.setdefault(str(account_id), set()).add(str(code))
        return officers

    # --- accounts ----------------------------------------------------------------------------

    def all(self) -> list[Account]:
        """Every account, by id."""
        return [self._accounts[identity] for identity in sorted(self._accounts)]

    def find(self, identity: str) -> Account | None:
        """An account, if it is there."""
        return self._accounts.get(identity)

    def get(self, identity: str) -> Account:
        """An account.

        Raises:
            NoSuchOfficer: it is not there.
        """
        account = self._accounts.get(identity)
        if account is None:
            raise NoSuchOfficer("There is no account with this id.", where=identity[:100])
        return account

    def who_can(self, permission: str) -> list[str]:
        """Ids of the active accounts that have a permission."""
        return [each.id for each in self.all() if permission in each.permissions]

    async def add(
        self,
        identity: str,
        name: str,
        roles: Iterable[Role],
        holders: frozenset[str],
        *,
        language: Literal["en", "fr"] = "en",
        break_glass: bool = False,
    ) -> Account:
        """A new account, which cannot log in before it has been invited.

        Args:
            identity: its id.
            name: for people.
            roles: what for.
            holders: ids of the party's officers in the agreement.
            language: of its holder.
            break_glass: see `Account`.

        Raises:
            OfficerRefused: an id, name or role that cannot be.
            OfficerExists: the id is taken.
        """
        now = self._clock()
        account = Account(
            id=identity,
            name=name,
            language=language,
            roles=frozenset(roles),
            break_glass=break_glass,
            created=now,
            changed=now,
        )
        _check(account, holders)
        if identity in self._accounts:
            raise OfficerExists("There is an account with this id.", where=identity)
        if len(self._accounts) >= ACCOUNTS_MAX:
            raise OfficerRefused(f"There are {ACCOUNTS_MAX} accounts already.")
        await self._write(account)
        return account

    async def change(self, account: Account, holders: frozenset[str] | None = None) -> Account:
        """Put an account in the place of the one with its id.

        Args:
            account: with what is new.
            holders: as `add`; None if neither name nor roles have changed.

        Raises:
            OfficerRefused: an impossible name or role, or nobody could run the node any more.
        """
        before = self.get(account.id)
        if holders is not None:
            _check(account, holders)
        if "officers.manage" in before.permissions - account.permissions and self.who_can(
            "officers.manage"
        ) == [account.id]:
            raise OfficerRefused(
                "Nobody could manage accounts any more.",
                where=account.id,
                advice="Make another administrator first.",
            )
        account = replace(account, changed=self._clock())
        await self._write(account)
        return account

    async def _write(self, account: Account) -> None:
        await self._record.execute(
            [
                Statement("DELETE FROM officers_accounts WHERE id = ?", [(account.id,)]),
                Statement(
                    f"INSERT INTO officers_accounts ({_ACCOUNT}) "  # noqa: S608
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [_account_row(account)],
                ),
            ]
        )
        self._accounts[account.id] = account

    # --- second factors ----------------------------------------------------------------------

    def keys(self, account: str) -> list[SecurityKey]:
        """Security keys of an account, the oldest first."""
        return sorted(self._keys.get(account, {}).values(), key=lambda key: (key.created, key.id))

    def has_second_factor(self, account: Account) -> bool:
        """Whether it has an authenticator app or a security key."""
        return account.totp is not None or bool(self._keys.get(account.id))

    async def put_key(self, key: SecurityKey) -> None:
        """Add a security key, or note its new counter.

        Raises:
            OfficerExists: the key is another account's.
            OfficerRefused: there are too many.
        """
        own = self._keys.setdefault(key.account, {})
        if any(key.id in keys for account, keys in self._keys.items() if account != key.account):
            raise OfficerExists("This security key belongs to another account.", where=key.name)
        if key.id not in own and len(own) >= KEYS_MAX:
            raise OfficerRefused(f"There are {KEYS_MAX} security keys already.")
        await self._record.execute(
            [
                Statement("DELETE FROM officers_keys WHERE id = ?", [(key.id,)]),
                Statement(
                    f"INSERT INTO officers_keys ({_KEY}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
                    [
                        (
                            key.id,
                            key.account,
                            key.name,
                            key.public_key,
                            key.sign_count,
                            format_time(key.created),
                        )
                    ],
                ),
            ]
        )
        own[key.id] = key

    async def drop_key(self, account: str, identity: str) -> None:
        """Forget a security key.

        Raises:
            NoSuchOfficer: it is not there.
        """
        if identity not in self._keys.get(account, {}):
            raise NoSuchOfficer("There is no such security key.", where=identity[:100])
        await self._record.execute(
            [Statement("DELETE FROM officers_keys WHERE id = ?", [(identity,)])]
        )
        del self._keys[account][identity]

    def recovery_left(self, account: str) -> int:
        """How many recovery codes have not been used."""
        return len(self._recovery.get(account, ()))

    def has_recovery(self, account: str, mark: str) -> bool:
        """Whether a recovery code with this mark is left."""
        return mark in self._recovery.get(account, ())

    async def use_recovery(self, account: str, mark: str) -> None:
        """Use a recovery code up."""
        await self._record.execute(
            [
                Statement(
                    "DELETE FROM officers_recovery WHERE account = ? AND code = ?",
                    [(account, mark)],
                )
            ]
        )
        self._recovery.get(account, set()).discard(mark)

    async def set_recovery(self, account: str, marks: Sequence[str]) -> None:
        """Replace the recovery codes."""
        statements = [Statement("DELETE FROM officers_recovery WHERE account = ?", [(account,)])]
        if marks:
            statements.append(
                Statement(
                    "INSERT INTO officers_recovery (account, code) VALUES (?, ?)",
                    [(account, mark) for mark in marks],
                )
            )
        await self._record.execute(statements)
        self._recovery[account] = set(marks)

    # --- subjects of a provider --------------------------------------------------------------

    def of_subject(self, issuer: str, subject: str) -> Account | None:
        """The account of a provider's subject."""
        identity = self._subjects.get((issuer, subject))
        return None if identity is None else self._accounts.get(identity)

    def subjects(self, account: str) -> list[tuple[str, str]]:
        """Issuers and subjects of an account."""
        return sorted(pair for pair, owner in self._subjects.items() if owner == account)

    async def set_subject(self, account: str, issuer: str, subject: str | None) -> None:
        """Say which subject of an issuer an account is; None: none of them.

        Raises:
            OfficerExists: the subject is another account's.
        """
        if subject is not None and self._subjects.get((issuer, subject), account) != account:
            raise OfficerExists("This subject is another account's.", where=subject[:100])
        statements = [
            Statement(
                "DELETE FROM officers_subjects WHERE issuer = ? AND account = ?",
                [(issuer, account)],
            )
        ]
        if subject is not None:
            statements.append(
                Statement(
                    "INSERT INTO officers_subjects (issuer, subject, account) VALUES (?, ?, ?)",
                    [(issuer, subject, account)],
                )
            )
        await self._record.execute(statements)
        self._subjects = {
            pair: owner
            for pair, owner in self._subjects.items()
            if (pair[0], owner) != (issuer, account)
        }
        if subject is not None:
            self._subjects[issuer, subject] = account

    # --- invitations -------------------------------------------------------------------------

    async def invite(self, invitation: Invitation) -> None:
        """Put an invitation in the place of all that the account had."""
        await self._record.execute(
            [
                Statement(
                    "DELETE FROM officers_invitations WHERE account = ?", [(invitation.account,)]
                ),
                Statement(
                    "INSERT INTO officers_invitations (digest, account, until, totp) "
                    "VALUES (?, ?, ?, ?)",
                    [
                        (
                            invitation.digest,
                            invitation.account,
                            format_time(invitation.until),
                            invitation.totp,
                        )
                    ],
                ),
            ]
        )
        self._drop_invitations(invitation.account)
        self._invitations[invitation.digest] = invitation

    def invitation(self, digest: str) -> Invitation | None:
        """An invitation that has not ended."""
        found = self._invitations.get(digest)
        return found if found is not None and self._clock() < found.until else None

    async def end_invitation(self, account: str) -> None:
        """It has been used, or is taken back."""
        await self._record.execute(
            [Statement("DELETE FROM officers_invitations WHERE account = ?", [(account,)])]
        )
        self._drop_invitations(account)

    def _drop_invitations(self, account: str) -> None:
        self._invitations = {
            digest: each for digest, each in self._invitations.items() if each.account != account
        }


def _check(account: Account, holders: frozenset[str]) -> None:
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


_ACCOUNT: Final = (
    "id, name, language, roles, active, break_glass, password, totp, totp_used, totp_next, "
    "created, changed"
)
_KEY: Final = "id, account, name, public_key, sign_count, created"


def _account_row(account: Account) -> tuple[int | str | bytes | None, ...]:
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


def _account(row: SqlRow) -> Account:
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


def _key(row: SqlRow) -> SecurityKey:
    identity, account, name, public_key, sign_count, created = row
    return SecurityKey(
        str(identity),
        str(account),
        str(name),
        cast(bytes, public_key),
        int(cast(int, sign_count)),
        parse_time(str(created)),
    )
