"""What needs a second person, and the pure rules of it (four eyes)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal

from detente.errors import DetenteError
from detente.http import BadRequest, Forbidden, NotFound
from detente.record import JsonValue, canonical_json

State = Literal["pending", "approved", "rejected", "withdrawn", "used", "expired"]
Decision = Literal["approved", "rejected", "withdrawn", "used"]

FOUR_EYES: Final[Mapping[str, str]] = {
    "publish": "publish",
    "minutes": "minutes.sign",
    "export": "record.export",
    "log-set": "record.export",
    "erase": "record.erase",
    "keys": "keys.manage",
    "peers": "peers.manage",
    "agreement": "agreement.manage",
    "officers": "officers.manage",
    "tracks": "watch.hold",
}
"""Kinds of action that need a second person, and the permission that the first one needs."""

LIFETIME: Final = timedelta(hours=8)
"""A request is decided and used within a watch, or made again."""

ACTION_BYTES_MAX: Final = 64 * 1024


class ApprovalRefused(Forbidden):
    """A second person has not agreed to exactly this, or may not: 403."""

    code: ClassVar[str] = "approval.refused"


class ApprovalMissing(ApprovalRefused):
    """This needs a second person's approval, and none was named: 403."""

    code: ClassVar[str] = "approval.missing"


class ApprovalClosed(DetenteError):
    """The request has been decided, used, withdrawn, or is too old: 409."""

    code: ClassVar[str] = "approval.closed"


class NoSuchApproval(NotFound):
    """There is no request with this id: 404."""

    code: ClassVar[str] = "approval.unknown"


class ActionUnusable(BadRequest):
    """The action cannot be bound: unknown kind, too large, or without canonical JSON: 400."""

    code: ClassVar[str] = "approval.action"


@dataclass(frozen=True, slots=True)
class Approval:
    """A request for a second person, and what became of it.

    Attributes:
        id: of the entry `approval-request`.
        kind: one of `FOUR_EYES`.
        action: what is to be done, all of it.
        sha256: of the action's canonical JSON with its kind, hexadecimal.
        proposer: account of whoever asks.
        proposer_session: public id of the session it was asked in.
        asked: when.
        expires: until when it can be decided and used.
        state: `expired` is never stored, it is what time makes of `pending` and `approved`.
        decider: account of whoever decided; empty before.
        decided: when; None before.
        text: what the decider said.
    """

    id: str
    kind: str
    action: Mapping[str, JsonValue]
    sha256: str
    proposer: str
    proposer_session: str
    asked: datetime
    expires: datetime
    state: State
    decider: str = ""
    decided: datetime | None = None
    text: str = ""

    def at(self, now: datetime) -> State:
        """Its state at that time."""
        if self.state in ("pending", "approved") and now >= self.expires:
            return "expired"
        return self.state


def action_sha256(kind: str, action: Mapping[str, JsonValue]) -> str:
    """What an approval is bound to: SHA-256 of `{"action":…,"kind":…}` in RFC 8785.

    Raises:
        ActionUnusable: the kind needs no second person, the action is too large or has no
            canonical JSON.
    """
    if kind not in FOUR_EYES:
        raise ActionUnusable(f"One of {', '.join(FOUR_EYES)} is expected.", where="kind")
    try:
        data = canonical_json({"action": dict(action), "kind": kind})
    except (DetenteError, ValueError, RecursionError) as error:
        raise ActionUnusable(f"It has no canonical JSON: {error}", where="action") from None
    if len(data) > ACTION_BYTES_MAX:
        raise ActionUnusable(f"It has more than {ACTION_BYTES_MAX} bytes.", where="action")
    return hashlib.sha256(data).hexdigest()


def check_open(approval: Approval, wanted: State, now: datetime) -> None:
    """Raises ApprovalClosed unless it is in the state `wanted` at that time."""
    state = approval.at(now)
    if state != wanted:
        raise ApprovalClosed(f"The request is {state}, not {wanted}.", where=approval.id)


def check_decider(approval: Approval, officer: str, session: str, sha256: str) -> None:
    """Whether this person may decide, having seen exactly this action.

    Raises:
        ApprovalRefused: the same person, the same session, or another action.
    """
    if officer == approval.proposer:
        raise ApprovalRefused("Another person must decide.", where=approval.id)
    if session == approval.proposer_session:
        raise ApprovalRefused("It must be decided in another session.", where=approval.id)
    if sha256 != approval.sha256:
        raise ApprovalRefused(
            "The hash is not that of the action asked for.",
            where=approval.id,
            advice="Read the request again and decide on what it says.",
        )


def check_use(approval: Approval, kind: str, sha256: str, officer: str) -> None:
    """Whether it covers what is about to be done, and by whom.

    Raises:
        ApprovalRefused: it was given for something else, or to somebody else.
    """
    if approval.proposer != officer:
        raise ApprovalRefused("It was given to another officer.", where=approval.id)
    if approval.kind != kind or approval.sha256 != sha256:
        raise ApprovalRefused(
            "It was given for another action than this one.",
            where=approval.id,
            advice="Ask for exactly what is to be done.",
        )
