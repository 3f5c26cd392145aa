"""Accounts of a node: who may log in, by what, and with which roles.

Whoever has a role that signs is an officer of the agreement, and the account has the officer's id
there: `caller.sub` is the holder of the key. Accounts are few; they are held in memory, and every
change is on disk before it counts, but that something was used up counts at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Literal, Self, cast

from detente.record import Clock, Statement, format_time, parse_time

from .accounts import (
    ACCOUNT_COLUMNS,
    KEY_COLUMNS,
    Account,
    Invitation,
    NoSuchOfficer,
    OfficerExists,
    OfficerRefused,
    account_of,
    account_row,
    check_account,
    key_of,
)
from .officer_context import NOT_STORED, OfficerRecord
from .roles import Role
from .webauthn_login import SecurityKey

ACCOUNTS_MAX: Final = 500
KEYS_MAX: Final = 10

_log = logging.getLogger("detente.node")


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
        for row in await record.query(f"SELECT {ACCOUNT_COLUMNS} FROM officers_accounts"):  # noqa: S608
            account = account_of(row)
            officers._accounts[account.id] = account
        for row in await record.query(f"SELECT {KEY_COLUMNS} FROM officers_keys"):  # noqa: S608
            key = key_of(row)
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
        check_account(account, holders)
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
            check_account(account, holders)
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

    async def use_code(self, identity: str, step: int) -> None:
        """Note that the app's code of a step is used up. It is, even if that cannot be stored.

        A disk that is full keeps nobody out who has to see what goes on.
        """
        account = self._accounts[identity] = replace(self.get(identity), totp_used=step)
        try:
            await self._write(account)
        except NOT_STORED as error:
            _log.warning("a code's use is remembered until the node stops: %s", error)

    async def count_key(self, key: SecurityKey) -> None:
        """Note a security key's new counter; if that cannot be stored, as with `use_code`."""
        self._keys[key.account][key.id] = key
        try:
            await self.put_key(key)
        except NOT_STORED as error:
            _log.warning("a key's counter is remembered until the node stops: %s", error)

    async def _write(self, account: Account) -> None:
        await self._record.execute(
            [
                Statement("DELETE FROM officers_accounts WHERE id = ?", [(account.id,)]),
                Statement(
                    f"INSERT INTO officers_accounts ({ACCOUNT_COLUMNS}) "  # noqa: S608
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [account_row(account)],
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
                    f"INSERT INTO officers_keys ({KEY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
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
