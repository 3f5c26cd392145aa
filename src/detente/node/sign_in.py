"""Log-in and proof of identity: everything between what was typed and a session.

Every refusal of a log-in is the same: the same words, after the same time, whether the account is
not there, not active, the password wrong or the second factor. An attempt that fails uses nothing
up.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, NamedTuple

from detente.http import Busy, Unauthorized
from detente.record import JsonValue

from .accounts import Account
from .officer_context import NOT_STORED, OfficerContext
from .officers import Officers
from .passwords import Passwords
from .second_factor import code_step, recovery_mark
from .sessions import Method, Session, Sessions
from .throttle import LoginThrottled, Throttle, login_keys
from .vault import Vault, from_text, to_text
from .webauthn_login import SecurityKeyRefused, SecurityKeys

DEVICE_S: Final = 180 * 24 * 3600
PROOFS_MAX: Final = 10
"""A session ends when identity could not be proved in it so many times."""

_NOTES_BURST: Final = 30
_NOTES_PER_S: Final = 1 / 60


class LoginRefused(Unauthorized):
    """Officer, password and second factor do not go together, or the account may not log in: 401.

    Which of them is not told.
    """

    code: ClassVar[str] = "auth.login"


class Proof(NamedTuple):
    """What somebody gives to prove who they are; empty where nothing was given.

    Attributes:
        password: as typed.
        code: of an authenticator app.
        recovery: a recovery code.
        assertion: what a security key answered.
    """

    password: str = ""
    code: str = ""
    recovery: str = ""
    assertion: dict[str, Any] | None = None


class Client(NamedTuple):
    """Where a request comes from.

    Attributes:
        address: IP address.
        agent: what the client calls itself.
        device: the mark that an earlier log-in has left in the browser; empty without one.
    """

    address: str = ""
    agent: str = ""
    device: str = ""


class LoggedIn(NamedTuple):
    """A new session, its token, and the mark to leave in the browser."""

    session: Session
    token: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRules:
    """How identity is proved.

    Attributes:
        second_factor: whether a password alone never does.
        local: whether every account may log in with its password; else break-glass ones only.
        refusal_s: refusals are told at multiples of so many seconds after the attempt.
    """

    second_factor: bool = True
    local: bool = True
    refusal_s: float = 0.25


class SignIn:
    """Judges proofs of identity and begins sessions."""

    def __init__(
        self,
        context: OfficerContext,
        officers: Officers,
        sessions: Sessions,
        passwords: Passwords,
        vault: Vault,
        security_keys: SecurityKeys,
        rules: SignInRules,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._officers = officers
        self._sessions = sessions
        self._passwords = passwords
        self._vault = vault
        self._keys = security_keys
        self._monotonic = monotonic
        self._throttle = Throttle()
        self._notes = float(_NOTES_BURST)
        self._notes_s = 0.0
        self._unnoted = 0
        self.rules = rules

    async def log_in(
        self, officer: str, proof: Proof, client: Client, *, bearer: bool = False
    ) -> LoggedIn:
        """Begin a session with a password and a second factor.

        Raises:
            LoginRefused: they do not go together.
            LoginThrottled: too many attempts have failed; come again later.
            Busy: too many are logging in.
        """
        began_s = self._monotonic()
        device = self._device(client.device, officer)
        keys = login_keys(officer, client.address, device)
        try:
            self._throttle.begin(keys, began_s)
        except LoginThrottled:
            await self._note_refusal("login-throttled", officer, client)
            raise
        account = self._officers.find(officer)
        if account is not None and not self._may_log_in(account):
            account = None
        try:
            method = await self._judge(account, proof)
        except Busy:
            self._throttle.give_back(keys)
            raise
        if account is None or method is None:
            await self._pad(began_s)
            await self._note_refusal("login-refused", officer, client)
            raise LoginRefused(
                "Officer, password and second factor do not go together.",
                advice="Somebody who manages accounts can invite you anew.",
            )
        self._throttle.succeed(keys)
        return await self.begin(account, method, client, bearer=bearer)

    async def begin(
        self, account: Account, method: Method, client: Client, *, bearer: bool
    ) -> LoggedIn:
        """A session of somebody whose identity has been proved."""
        session, token = await self._sessions.begin(
            account.id, method, bearer=bearer, address=client.address, agent=client.agent
        )
        glass = method != "oidc" and not self.rules.local
        await self._context.note_security(
            "break-glass-login" if glass else "login",
            account.id,
            session=session.id,
            method=method,
            address=client.address,
        )
        return LoggedIn(session, token, self._new_device(account.id))

    async def prove(self, session: Session, proof: Proof) -> tuple[Session, str]:
        """Prove identity in a session by one factor: it is unlocked, fresh, and has a new token.

        Recovery codes do not count: they are for a lost telephone, not for signing.

        Raises:
            LoginRefused: that did not prove it; after ten times the session ends.
            LoginThrottled: too many attempts have failed; come again later.
            Busy: too many are logging in.
        """
        began_s = self._monotonic()
        keys = [f"device:session {session.id}"]
        count = self._throttle.begin(keys, began_s)
        account = self._officers.find(session.officer)
        try:
            good = await self._judge_one(account, session, proof)
        except Busy:
            self._throttle.give_back(keys)
            raise
        if not good:
            await self._pad(began_s)
            ended = count >= PROOFS_MAX
            if ended:
                await self._sessions.end(session)
            await self._context.note_security(
                "proof-refused",
                session.officer,
                session=session.id,
                attempts=count,
                session_ended=ended,
            )
            raise LoginRefused(
                "The session has ended. Log in again." if ended else "That did not prove it."
            )
        self._throttle.succeed(keys)
        return await self.renew(session, "given")

    async def renew(self, session: Session, how: str) -> tuple[Session, str]:
        """The same session, proved anew."""
        was_locked = session.is_locked(self._sessions.rules, self._context.clock())
        renewed, token = await self._sessions.renew(session)
        await self._context.note_security(
            "unlock" if was_locked else "step-up", session.officer, session=session.id, proof=how
        )
        return renewed, token

    def challenge(self, officer: str, session: str = "") -> dict[str, Any]:
        """What to ask a security key for a log-in, or for a proof in a session.

        Of an account that is not there or has no key, it looks like that of one that has.
        """
        return self._keys.request(officer, session, self._officers.keys(officer))

    # --- judging -----------------------------------------------------------------------------

    def _may_log_in(self, account: Account) -> bool:
        return account.active and (self.rules.local or account.break_glass)

    async def _judge(self, account: Account | None, proof: Proof) -> Method | None:
        """By what identity is proved; None if it is not."""
        hashed = account.password if account is not None else None
        right = await self._passwords.verify(hashed, proof.password)
        if account is None or not right:
            return None
        async with self._officers.changing:
            # It may have changed while the password was being judged.
            account = self._officers.find(account.id)
            if account is None or not self._may_log_in(account) or account.password != hashed:
                return None
            method = await self._second(account, "", proof)
            if method is None:
                if self.rules.second_factor or self._officers.has_second_factor(account):
                    return None
                method = "password"
        if self._passwords.outdated(account.password):
            await self._rehash(account.id, account.password, proof.password)
        return method

    async def _judge_one(self, account: Account | None, session: Session, proof: Proof) -> bool:
        if account is None or not account.active:
            return False
        if proof.password:
            return await self._passwords.verify(account.password, proof.password)
        async with self._officers.changing:
            account = self._officers.get(account.id)
            one = proof._replace(recovery="")
            return await self._second(account, session.id, one) is not None

    async def _second(self, account: Account, session: str, proof: Proof) -> Method | None:
        """By which second factor; it is used up. Called while `officers.changing` is held."""
        if proof.code:
            return "password+code" if await self._use_code(account, proof.code) else None
        if proof.assertion is not None:
            try:
                keys = self._officers.keys(account.id)
                key, count = self._keys.verify(account.id, session, keys, proof.assertion)
            except SecurityKeyRefused:
                return None
            await self._officers.count_key(replace(key, sign_count=count))
            return "password+key"
        if proof.recovery:
            mark = recovery_mark(self._vault, account.id, proof.recovery)
            if not self._officers.has_recovery(account.id, mark):
                return None
            await self._officers.use_recovery(account.id, mark)
            await self._context.note_security(
                "recovery-code-used", account.id, left=self._officers.recovery_left(account.id)
            )
            return "password+recovery"
        return None

    async def _use_code(self, account: Account, code: str) -> bool:
        if account.totp is None:
            return False
        secret = self._vault.open("totp", account.id, account.totp).decode()
        step = code_step(secret, code, self._context.clock().timestamp(), account.totp_used)
        if step is None:
            return False
        await self._officers.use_code(account.id, step)
        return True

    async def _rehash(self, identity: str, before: str, password: str) -> None:
        hashed = await self._passwords.hash(password)
        async with self._officers.changing:
            account = self._officers.find(identity)
            if account is not None and account.password == before:
                with contextlib.suppress(*NOT_STORED):  # the next log-in tries again
                    await self._officers.change(replace(account, password=hashed))

    # --- around it ---------------------------------------------------------------------------

    async def _pad(self, began_s: float) -> None:
        if self.rules.refusal_s <= 0:
            return
        taken = (self._monotonic() - began_s) / self.rules.refusal_s
        await asyncio.sleep((math.ceil(taken) - taken) * self.rules.refusal_s)

    def _new_device(self, officer: str) -> str:
        """The mark of a browser in which this officer has logged in."""
        made = str(int(self._context.clock().timestamp()))
        name = self._context.random(16).hex()
        mark = to_text(self._vault.mark("device", officer, made, name))
        return f"{made}.{name}.{mark}"

    def _device(self, text: str, officer: str) -> str | None:
        """The name in a mark, if we have made it for this officer, and not too long ago."""
        made, _, rest = text.partition(".")
        name, _, mark = rest.partition(".")
        try:
            good = self._vault.same("device", from_text(mark), officer, made, name)
        except ValueError:
            return None
        if not good or self._context.clock().timestamp() - int(made) > DEVICE_S:
            return None
        return name

    async def _note_refusal(self, what: str, officer: str, client: Client) -> None:
        """Strangers must not fill the record: at most one such entry a minute, after thirty."""
        now_s = self._monotonic()
        if self._notes_s:
            self._notes += (now_s - self._notes_s) * _NOTES_PER_S
        self._notes_s = now_s
        self._notes = min(self._notes, float(_NOTES_BURST))
        if self._notes < 1:
            self._unnoted += 1
            return
        self._notes -= 1
        facts: dict[str, JsonValue] = {"address": client.address}
        if self._unnoted:
            facts["unrecorded_before"] = self._unnoted
            self._unnoted = 0
        # What was typed may be a password in the wrong field: only names that are there are told.
        known = officer if self._officers.find(officer) is not None else None
        await self._context.note_security(what, known, **facts)
