"""How officers get their passwords and second factors: by invitation, and in a fresh session."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Final, NamedTuple

from detente.http import BadRequest, Unauthorized

from .accounts import Account, Invitation
from .officer_context import OfficerContext
from .officers import Officers
from .passwords import Passwords, check_new
from .second_factor import (
    code_step,
    enrolment_uri,
    new_recovery_codes,
    new_secret,
    qr_svg,
    recovery_mark,
)
from .sessions import Session, Sessions
from .vault import Vault, to_text
from .webauthn_login import SecurityKey, SecurityKeys

INVITATION: Final = timedelta(hours=48)
KEY_NAME_MAX: Final = 60


class InvitationRefused(Unauthorized):
    """An invitation is not known, has been used, or has ended: 401."""

    code: ClassVar[str] = "auth.invitation"


class FactorRefused(BadRequest):
    """A second factor cannot be added or removed like this: 400."""

    code: ClassVar[str] = "auth.factor"


class NewApp(NamedTuple):
    """What an authenticator app is told.

    Attributes:
        account: for whom.
        secret: base32, to be typed where there is no camera.
        uri: `otpauth:` address.
        svg: the same as a QR code.
    """

    account: Account
    secret: str
    uri: str
    svg: str


class Credentials:
    """Passwords and second factors of the accounts."""

    def __init__(
        self,
        context: OfficerContext,
        officers: Officers,
        sessions: Sessions,
        passwords: Passwords,
        vault: Vault,
        security_keys: SecurityKeys,
        *,
        second_factor: bool,
    ) -> None:
        self._context = context
        self._officers = officers
        self._sessions = sessions
        self._passwords = passwords
        self._vault = vault
        self._keys = security_keys
        self._needed = second_factor

    # --- by invitation -----------------------------------------------------------------------

    async def invite(self, account: Account, by: str | None) -> tuple[str, Invitation]:
        """A token with which somebody sets password and second factor, once, within two days.

        What the account has now stays good until the invitation is used.

        Args:
            account: whose.
            by: who invites; None: whoever has the node's files.
        """
        token = to_text(self._context.random(32))
        invitation = Invitation(_digest(token), account.id, self._context.clock() + INVITATION)
        async with self._officers.changing:
            await self._officers.invite(invitation)
        await self._context.note_security("officer-invited", by, account=account.id)
        return token, invitation

    async def accept(self, token: str) -> NewApp:
        """Begin to use an invitation: the secret for an authenticator app, a new one each time.

        Raises:
            InvitationRefused: it is not good.
        """
        async with self._officers.changing:
            invitation, account = self._invited(token)
            secret = new_secret(self._context.random)
            sealed = self._vault.seal("totp", account.id, secret.encode())
            await self._officers.invite(replace(invitation, totp=sealed))
        return self._new_app(account, secret)

    async def complete(self, token: str, password: str, code: str) -> tuple[Account, list[str]]:
        """Set password and authenticator app; the recovery codes are told this once.

        What the account had before is void: its sessions, its security keys, its old codes.

        Raises:
            InvitationRefused: it is not good.
            PasswordRefused: the password is too easy.
            FactorRefused: the code is not that of the secret told last.
            Busy: too many are logging in.
        """
        _, account = self._invited(token)
        text = check_new(password, account.id, account.name, self._context.party)
        hashed = await self._passwords.hash(text)
        async with self._officers.changing:
            invitation, account = self._invited(token)
            sealed = invitation.totp
            step = None if sealed is None else self._step(account, sealed, code)
            if step is None:
                raise _wrong_code()
            codes = await self._new_codes(account.id)
            for key in self._officers.keys(account.id):
                await self._officers.drop_key(account.id, key.id)
            account = await self._officers.change(
                replace(account, password=hashed, totp=sealed, totp_used=step, totp_next=None)
            )
            await self._officers.end_invitation(account.id)
        await self._sessions.end_all(account.id)
        await self._context.note_security("credentials-set", account.id)
        return account, codes

    # --- in a fresh session ------------------------------------------------------------------

    async def change_password(self, session: Session, password: str) -> None:
        """Set another password; the officer's other sessions end.

        Raises:
            PasswordRefused: it is too easy.
            Busy: too many are logging in.
        """
        account = self._officers.get(session.officer)
        text = check_new(password, account.id, account.name, self._context.party)
        hashed = await self._passwords.hash(text)
        async with self._officers.changing:
            account = self._officers.get(session.officer)
            await self._officers.change(replace(account, password=hashed))
        ended = await self._sessions.end_all(account.id, but=session.id)
        await self._context.note_security(
            "password-changed", account.id, session=session.id, sessions_ended=ended
        )

    async def new_app(self, officer: str) -> NewApp:
        """The secret for another authenticator app, to be confirmed by its first code."""
        async with self._officers.changing:
            account = self._officers.get(officer)
            secret = new_secret(self._context.random)
            sealed = self._vault.seal("totp", officer, secret.encode())
            account = await self._officers.change(replace(account, totp_next=sealed))
        return self._new_app(account, secret)

    async def confirm_app(self, officer: str, code: str) -> None:
        """Use the app that the secret was told to, and no other from now on.

        Raises:
            FactorRefused: the code is not that of the secret told last.
        """
        async with self._officers.changing:
            account = self._officers.get(officer)
            sealed = account.totp_next
            step = None if sealed is None else self._step(account, sealed, code)
            if step is None:
                raise _wrong_code()
            await self._officers.change(
                replace(account, totp=sealed, totp_used=step, totp_next=None)
            )
        await self._context.note_security("second-factor-added", officer, factor="app")

    async def drop_app(self, officer: str) -> None:
        """Do without an authenticator app.

        Raises:
            FactorRefused: no second factor would be left.
        """
        async with self._officers.changing:
            account = self._officers.get(officer)
            if self._needed and not self._officers.keys(officer):
                raise _last_one()
            await self._officers.change(replace(account, totp=None, totp_used=0, totp_next=None))
        await self._context.note_security("second-factor-removed", officer, factor="app")

    def new_key(self, session: Session) -> dict[str, Any]:
        """What to ask a security key that is to be registered."""
        account = self._officers.get(session.officer)
        known = self._officers.keys(account.id)
        return self._keys.registration(account.id, account.name, session.id, known)

    async def add_key(self, session: Session, name: str, answer: dict[str, Any]) -> SecurityKey:
        """Register the security key that answered.

        Raises:
            SecurityKeyRefused: it is no answer to our question.
            FactorRefused: it cannot be called so.
            OfficerRefused, OfficerExists: there are too many, or it is another account's.
        """
        if not 1 <= len(name) <= KEY_NAME_MAX or not name.isprintable():
            raise FactorRefused(f"1 to {KEY_NAME_MAX} printable characters.", where="name")
        async with self._officers.changing:
            key = self._keys.register(session.officer, session.id, name, answer)
            await self._officers.put_key(key)
        await self._context.note_security(
            "second-factor-added", session.officer, factor="key", key=key.id[:16]
        )
        return key

    async def drop_key(self, officer: str, identity: str) -> None:
        """Forget a security key.

        Raises:
            NoSuchOfficer: it is not there.
            FactorRefused: no second factor would be left.
        """
        async with self._officers.changing:
            keys = self._officers.keys(officer)
            last = len(keys) == 1 and keys[0].id == identity
            if self._needed and last and self._officers.get(officer).totp is None:
                raise _last_one()
            await self._officers.drop_key(officer, identity)
        await self._context.note_security(
            "second-factor-removed", officer, factor="key", key=identity[:16]
        )

    async def new_recovery_codes(self, officer: str) -> list[str]:
        """Ten new recovery codes, told this once; the old ones are void."""
        async with self._officers.changing:
            codes = await self._new_codes(officer)
        await self._context.note_security("recovery-codes-made", officer)
        return codes

    async def set_local(self, account: Account, password: str, secret: str) -> list[str]:
        """Set password and authenticator app of an account without an invitation.

        For whoever has the node's files: a first administrator, tests, a demonstration.

        Raises:
            PasswordRefused: the password is too easy.
        """
        text = check_new(password, account.id, account.name, self._context.party)
        hashed = await self._passwords.hash(text)
        async with self._officers.changing:
            sealed = self._vault.seal("totp", account.id, secret.encode())
            account = self._officers.get(account.id)
            await self._officers.change(
                replace(account, password=hashed, totp=sealed, totp_used=0, totp_next=None)
            )
            codes = await self._new_codes(account.id)
        await self._context.note_security("credentials-set", account.id, by="the node's operator")
        return codes

    # --- inside ------------------------------------------------------------------------------

    def _invited(self, token: str) -> tuple[Invitation, Account]:
        invitation = self._officers.invitation(_digest(token))
        account = None if invitation is None else self._officers.find(invitation.account)
        if invitation is None or account is None or not account.active:
            raise InvitationRefused(
                "The invitation is not known, has been used, or has ended.",
                advice="Ask somebody who manages accounts for another one.",
            )
        return invitation, account

    def _new_app(self, account: Account, secret: str) -> NewApp:
        uri = enrolment_uri(secret, account.id, self._context.party)
        return NewApp(account, secret, uri, qr_svg(uri))

    def _step(self, account: Account, sealed: bytes, code: str) -> int | None:
        secret = self._vault.open("totp", account.id, sealed).decode()
        return code_step(secret, code, self._context.clock().timestamp(), 0)

    async def _new_codes(self, officer: str) -> list[str]:
        codes = new_recovery_codes(self._context.random)
        marks = [recovery_mark(self._vault, officer, code) for code in codes]
        await self._officers.set_recovery(officer, marks)
        return codes


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _wrong_code() -> FactorRefused:
    return FactorRefused(
        "The code is not that of the secret told last.",
        where="code",
        advice="Scan the newest code; compare the clocks of telephone and node.",
    )


def _last_one() -> FactorRefused:
    return FactorRefused("No second factor would be left.", advice="Add another one first.")
