"""The officers' desk: accounts, sessions, log-in and four eyes of one node, put together.

record = await PartyRecord.open(…, projections=[APPROVAL_PROJECTION], tables=[OFFICER_TABLES])
desk = await Desk.open(context, DeskRules(…), open_vault(keys / VAULT_FILE), guard, origins)
build_app([*desk_endpoints(desk), …], authenticator=desk.authenticator, statuses=OFFICER_STATUSES)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from detente.errors import DetenteError
from detente.http import Caller, RequestHead
from detente.record import JsonValue

from .accounts import Account, OfficerExists
from .approval_rules import ApprovalClosed
from .approvals import Approvals
from .credentials import Credentials
from .officer_context import OfficerContext
from .officers import Officers
from .oidc import Provider
from .passwords import Passwords
from .roles import permissions_of
from .session_authenticator import CookieNames, SessionAuthenticator
from .sessions import NoSession, Session, SessionRules, Sessions
from .sign_in import SignIn, SignInRules
from .vault import SealBroken, Vault
from .webauthn_login import SecurityKeys

VAULT_FILE: Final = "officers.secret"
"""In the directory of the node's keys."""

OFFICER_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    ApprovalClosed: 409,
    OfficerExists: 409,
    SealBroken: 500,
}
"""For `build_app(statuses=…)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRules:
    """How officers log in here.

    Attributes:
        host: domain under which browsers see the node; security keys are bound to it.
        secure: whether browsers see it over TLS.
        sessions: how long sessions last.
        second_factor: whether a password alone never does.
        refusal_s: see `SignInRules`.
    """

    host: str = "localhost"
    secure: bool = True
    sessions: SessionRules = field(default_factory=SessionRules)
    second_factor: bool = True
    refusal_s: float = 0.25


class Desk:
    """What the endpoints of officers, sessions and approvals work with. Made by `open`."""

    def __init__(
        self,
        context: OfficerContext,
        rules: DeskRules,
        officers: Officers,
        sessions: Sessions,
        vault: Vault,
        passwords: Passwords,
        guard: Callable[[RequestHead], None],
        origins: Callable[[], frozenset[str]],
        provider: Provider | None,
        monotonic: Callable[[], float],
    ) -> None:
        security_keys = SecurityKeys(vault, rules.host, origins, context.clock, context.random)
        self.context = context
        self.rules = rules
        self.officers = officers
        self.sessions = sessions
        self.provider = provider
        self.cookies = CookieNames(secure=rules.secure)
        self.approvals = Approvals(context)
        self.authenticator = SessionAuthenticator(sessions, officers, self.cookies, guard)
        self.sign_in = SignIn(
            context,
            officers,
            sessions,
            passwords,
            vault,
            security_keys,
            SignInRules(
                second_factor=rules.second_factor,
                local=provider is None,
                refusal_s=rules.refusal_s,
            ),
            monotonic=monotonic,
        )
        self.credentials = Credentials(
            context,
            officers,
            sessions,
            passwords,
            vault,
            security_keys,
            second_factor=rules.second_factor,
        )

    @classmethod
    async def open(
        cls,
        context: OfficerContext,
        rules: DeskRules,
        vault: Vault,
        guard: Callable[[RequestHead], None],
        origins: Callable[[], frozenset[str]],
        *,
        provider: Provider | None = None,
        passwords: Passwords | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Self:
        """The desk of a node.

        Args:
            context: of the node.
            rules: how officers log in.
            vault: see `open_vault`.
            guard: an `OriginGuard` that knows the node's own origins.
            origins: gives the origins that security keys may answer from.
            provider: an OpenID provider. With it, only break-glass accounts log in by password.
            passwords: how they are hashed, if not as usual.
            monotonic: seconds, for delays between attempts.
        """
        officers = await Officers.open(context.record, context.clock)
        sessions = await Sessions.open(
            context.record, context.clock, context.random, rules.sessions
        )
        return cls(
            context,
            rules,
            officers,
            sessions,
            vault,
            passwords or Passwords(),
            guard,
            origins,
            provider,
            monotonic,
        )

    def holders(self) -> frozenset[str]:
        """Ids of the party's officers in the agreement."""
        member = self.context.agreement().terms().member(self.context.party)
        return frozenset(officer.holder for officer in member.officers)

    def session(self, caller: Caller) -> Session:
        """The session that a caller's request came in.

        Raises:
            NoSession: it has ended meanwhile.
        """
        session = self.sessions.by_id(caller.session)
        if session is None:
            raise NoSession("The session has ended. Log in again.")
        return session

    def scopes_now(self, caller: Caller) -> frozenset[str]:
        """What a caller may do at this moment; nothing once the session has ended.

        For what outlives a request, such as a stream of events.
        """
        session = self.sessions.by_id(caller.session)
        account = None if session is None else self.officers.find(session.officer)
        if session is None or account is None or not account.active:
            return frozenset()
        return session.scopes(account.permissions, self.sessions.rules, self.sessions.now())

    def needs_second_person(self, caller: Caller) -> bool:
        """Whether accounts can be changed by two persons only.

        As soon as somebody else could decide. Those who are blocked count, or whoever blocks them
        would be alone.
        """
        return any(
            account.id != caller.sub and self._could_decide(account)
            for account in self.officers.all()
        )

    async def with_second_person(
        self, caller: Caller, approval: str, action: Mapping[str, JsonValue]
    ) -> None:
        """Use up an approval for a change of accounts, if one is needed.

        Raises:
            ApprovalMissing, ApprovalRefused, ApprovalClosed, NoSuchApproval: see `Approvals`.
        """
        if approval or self.needs_second_person(caller):
            await self.approvals.consume(caller, approval, "officers", action)

    def _could_decide(self, account: Account) -> bool:
        roles = account.roles
        has_way_in = bool(account.password) or bool(self.officers.subjects(account.id))
        return has_way_in and "approvals.decide" in permissions_of(roles)
