"""Four eyes: what binds or lays open a party is done by two persons.

One proposes an action in full; another one, in another session, approves exactly that, by its hash;
then the first one does it, once, before the request expires. Each step is an entry of the party's
own record, signed by the officer if the agreement holds a key of his, and by the node otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from detente.http import Caller
from detente.record import Draft, Entry, JsonValue, Signer, format_time

from .approval_rules import (
    FOUR_EYES,
    LIFETIME,
    ActionUnusable,
    Approval,
    ApprovalMissing,
    ApprovalRefused,
    Decision,
    NoSuchApproval,
    action_sha256,
    check_decider,
    check_open,
    check_use,
)
from .approval_tables import (
    DECISION,
    DECISION_COLUMNS,
    REQUEST,
    REQUEST_COLUMNS,
    decided,
    read_request,
)
from .officer_context import OfficerContext

CHANNEL: Final = "own/approvals"
TEXT_MAX: Final = 2000
PAGE: Final = 200


class Approvals:
    """Requests for a second person, in the record of a node."""

    def __init__(self, context: OfficerContext) -> None:
        self._context = context
        # From looking at a request to recording what becomes of it.
        self._deciding = asyncio.Lock()

    async def propose(self, caller: Caller, kind: str, action: Mapping[str, JsonValue]) -> Approval:
        """Ask for a second person.

        Args:
            caller: who asks, in a session.
            kind: one of `FOUR_EYES`.
            action: what is to be done, all of it: what is not in it is not approved.

        Raises:
            ActionUnusable: it cannot be bound.
            ApprovalRefused: the caller may not do this even with a second person.
        """
        sha256 = action_sha256(kind, action)
        needed = FOUR_EYES[kind]
        if needed not in caller.scopes:
            raise ApprovalRefused(f"Who proposes this needs {needed}.", where="kind")
        _in_session(caller)
        expires = self._context.clock() + LIFETIME
        entry = await self._append(
            REQUEST,
            caller,
            {
                "kind": kind,
                "action": dict(action),
                "action_sha256": sha256,
                "officer": caller.sub,
                "session": caller.session,
                "expires": format_time(expires),
            },
        )
        return await self.get(_id(entry))

    async def approve(self, caller: Caller, identity: str, sha256: str, text: str = "") -> Approval:
        """Agree, having seen the action whose hash this is.

        Raises:
            NoSuchApproval: there is no such request.
            ApprovalClosed: it is decided or too old.
            ApprovalRefused: the same person or session, or another hash.
        """
        return await self._decide(caller, identity, "approved", sha256, text)

    async def reject(self, caller: Caller, identity: str, text: str = "") -> Approval:
        """Refuse. Raises as `approve`, but for the hash."""
        return await self._decide(caller, identity, "rejected", None, text)

    async def withdraw(self, caller: Caller, identity: str) -> Approval:
        """Take one's own request back, approved or not.

        Raises:
            NoSuchApproval, ApprovalClosed: as `approve`.
            ApprovalRefused: it is another officer's.
        """
        async with self._deciding:
            approval = await self.get(identity)
            if caller.sub != approval.proposer:
                raise ApprovalRefused("Only who asked can withdraw it.", where=identity)
            state = approval.at(self._context.clock())
            check_open(approval, "approved" if state == "approved" else "pending", self._now())
            await self._note(caller, approval, "withdrawn", "")
        return await self.get(identity)

    async def consume(
        self, caller: Caller, identity: str | None, kind: str, action: Mapping[str, JsonValue]
    ) -> Approval:
        """Use an approval up for exactly this action. Do the action after this has returned.

        It is used up even if the action fails then: what was tried is not tried again unseen.

        Args:
            caller: who is about to act: the one who asked.
            identity: of the request; None if the client named none.
            kind: as it was proposed.
            action: what is about to be done, as it was proposed.

        Raises:
            ApprovalMissing: none was named.
            NoSuchApproval: there is no such request.
            ApprovalClosed: it is not approved, used, or too old.
            ApprovalRefused: it is for something or somebody else.
        """
        if not identity:
            raise ApprovalMissing(
                "A second person must approve this first.",
                advice=f"Propose it as {kind!r}, have it approved, and name the request.",
            )
        sha256 = action_sha256(kind, action)
        async with self._deciding:
            approval = await self.get(identity)
            check_use(approval, kind, sha256, caller.sub)
            check_open(approval, "approved", self._now())
            await self._note(caller, approval, "used", "")
        return await self.get(identity)

    async def get(self, identity: str) -> Approval:
        """One request.

        Raises:
            NoSuchApproval: there is none.
        """
        rows = await self._context.record.query(
            f"SELECT {REQUEST_COLUMNS} FROM approvals_requests WHERE id = ?",  # noqa: S608
            (identity,),
        )
        if not rows:
            raise NoSuchApproval("There is no such request.", where=identity[:100])
        (approval,) = await self._with_decisions([read_request(rows[0])])
        return approval

    async def newest(self, before: str = "") -> list[Approval]:
        """At most 200 requests, the newest first; those before one with a certain id (UUIDv7)."""
        rows = await self._context.record.query(
            f"SELECT {REQUEST_COLUMNS} FROM approvals_requests "  # noqa: S608
            f"{'WHERE id < ? ' if before else ''}ORDER BY id DESC LIMIT {PAGE}",
            (before,) if before else (),
        )
        return await self._with_decisions([read_request(row) for row in rows])

    async def _with_decisions(self, approvals: list[Approval]) -> list[Approval]:
        if not approvals:
            return []
        found = {approval.id: approval for approval in approvals}
        marks = ", ".join("?" * len(found))
        rows = await self._context.record.query(
            f"SELECT {DECISION_COLUMNS} FROM approvals_decisions "  # noqa: S608
            f"WHERE request IN ({marks}) ORDER BY position",
            tuple(found),
        )
        for row in rows:
            found[str(row[0])] = decided(found[str(row[0])], row)
        return list(found.values())

    async def _decide(
        self, caller: Caller, identity: str, decision: Decision, sha256: str | None, text: str
    ) -> Approval:
        _in_session(caller)
        if len(text) > TEXT_MAX:
            raise ActionUnusable(f"At most {TEXT_MAX} characters.", where="text")
        async with self._deciding:
            approval = await self.get(identity)
            check_decider(
                approval, caller.sub, caller.session, approval.sha256 if sha256 is None else sha256
            )
            check_open(approval, "pending", self._now())
            await self._note(caller, approval, decision, text)
        return await self.get(identity)

    async def _note(
        self, caller: Caller, approval: Approval, decision: Decision, text: str
    ) -> None:
        body: dict[str, JsonValue] = {
            "of": approval.id,
            "action_sha256": approval.sha256,
            "decision": decision,
            "officer": caller.sub,
            "session": caller.session,
        }
        if text:
            body["text"] = text
        await self._append(DECISION, caller, body)

    async def _append(self, kind: str, caller: Caller, body: Mapping[str, JsonValue]) -> Entry:
        draft = Draft(kind, CHANNEL, (), body)
        (entry,) = await self._context.record.append([(draft, self._signer(caller.sub))])
        return entry

    def _signer(self, officer: str) -> Signer | None:
        """An officer with a key signs with it; an administrator or auditor has none."""
        member = self._context.agreement().terms().member(self._context.party)
        if any(each.holder == officer for each in member.officers):
            return self._context.officer_signer(officer)
        return None

    def _now(self) -> datetime:
        return self._context.clock()


def _in_session(caller: Caller) -> None:
    if not caller.session:
        raise ApprovalRefused("This is done in a session only.")


def _id(entry: Entry) -> str:
    if entry.payload is None:
        raise AssertionError("an entry just recorded is whole")
    identity: UUID = entry.payload.id
    return str(identity)
