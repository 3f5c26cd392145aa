"""Bodies of the endpoints of sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from detente.record import format_time

from .accounts import Account
from .sessions import Session, SessionRules


class Login(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A password and a second factor: one of `code`, `assertion` and `recovery`."""

    officer: str
    password: str
    code: str = ""
    assertion: dict[str, Any] | None = None
    recovery: str = ""
    bearer: bool = False


class ProofBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One factor: a password, a code, or what a security key answered."""

    password: str = ""
    code: str = ""
    assertion: dict[str, Any] | None = None


class ChallengeFor(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whose security key is to be asked."""

    officer: str


class KeyQuestion(msgspec.Struct, kw_only=True):
    """What `navigator.credentials` wants under `publicKey`."""

    public_key: dict[str, Any]


class SessionView(msgspec.Struct, kw_only=True):
    """A session, as its officer sees it. `token` is told once, to scripts only."""

    id: str
    officer: str
    name: str
    language: str
    roles: list[str]
    permissions: list[str]
    scopes: list[str]
    method: str
    locked: bool
    fresh: bool
    began: str
    proved: str
    locks: str
    ends: str
    idle_s: float
    step_up_s: float
    recovery_codes: int
    token: str | None = None


class SessionRow(msgspec.Struct, kw_only=True):
    """A session, as a list has it."""

    id: str
    officer: str
    method: str
    bearer: bool
    address: str
    agent: str
    began: str
    active: str
    ends: str
    locked: bool
    own: bool


class SessionRows(msgspec.Struct, kw_only=True):
    """Sessions, the oldest first."""

    sessions: list[SessionRow]


class WaysIn(msgspec.Struct, kw_only=True):
    """How one may log in here."""

    party: str
    provider: str | None
    password: bool
    second_factor: bool


def session_view(
    session: Session,
    account: Account,
    rules: SessionRules,
    now: datetime,
    recovery_codes: int,
    token: str | None = None,
) -> SessionView:
    """A session for its officer, at a time."""
    permissions = account.permissions
    return SessionView(
        id=session.id,
        officer=session.officer,
        name=account.name,
        language=account.language,
        roles=sorted(account.roles),
        permissions=sorted(permissions),
        scopes=sorted(session.scopes(permissions, rules, now)),
        method=session.method,
        locked=session.is_locked(rules, now),
        fresh=session.is_fresh(rules, now),
        began=format_time(session.started),
        proved=format_time(session.proved),
        locks=format_time(min(session.active + rules.idle, session.ends(rules))),
        ends=format_time(session.ends(rules)),
        idle_s=rules.idle.total_seconds(),
        step_up_s=rules.step_up.total_seconds(),
        recovery_codes=recovery_codes,
        token=token,
    )


def session_row(session: Session, rules: SessionRules, now: datetime, own: str) -> SessionRow:
    """A session for a list; `own` is the public id of the reader's."""
    return SessionRow(
        id=session.id,
        officer=session.officer,
        method=session.method,
        bearer=session.bearer,
        address=session.address,
        agent=session.agent,
        began=format_time(session.started),
        active=format_time(session.active),
        ends=format_time(session.ends(rules)),
        locked=session.is_locked(rules, now),
        own=session.id == own,
    )
