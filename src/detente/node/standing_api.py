"""How the agreement stands: what each party states, and, apart from that, whether its line works.

A suspension, a resumption and a withdrawal are statements of a party, signed by an officer of the
agreement and put to two persons. No statement changes a line, and no line changes a statement.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final, cast

import msgspec

from detente.agreement import (
    KINDS,
    AgreementRefused,
    Kind,
    Statement,
    recorded_statement,
    standing,
    statement_draft,
)
from detente.errors import DetenteError
from detente.http import BadBody, Endpoint, Request, Response
from detente.record import JsonValue, Signer, format_time

from .agreement_api import MANAGE, READ, TAGS
from .approvals import Approvals
from .context import NodeContext
from .keys_api import Stated, stated
from .status import LinkStatus


class NoOfficerSigns(DetenteError):
    """Neither of the two persons is an officer of the agreement, so nobody can sign: 409."""

    code: ClassVar[str] = "agreement.no_officer"


STANDING_STATUSES: Final[Mapping[type[DetenteError], int]] = {
    AgreementRefused: 422,
    NoOfficerSigns: 409,
}
"""For `build_app(statuses=…)`."""


class StatementView(msgspec.Struct, frozen=True, kw_only=True):
    """What a party states.

    Attributes:
        kind: `suspension`, `resumption` or `withdrawal`.
        party: who states it.
        officer: id of the officer who signed; empty if it was the node.
        reason: in the party's words.
        since: from when it shall hold.
        created: when it was made, by the party's clock.
        index: of the entry in our record.
        about: SHA-256 of the agreement that is meant.
    """

    kind: str
    party: str
    officer: str
    reason: str
    since: str
    created: str
    index: int
    about: str


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the line to a party works now: a fact that no statement changes."""

    peer: str
    state: str


class StandingView(msgspec.Struct, frozen=True, kw_only=True):
    """How the agreement stands.

    Attributes:
        agreement, version, sha256: the version in force.
        state: `not yet`, `in force`, `suspended` or `ended`, by signatures, period and statements.
        begins, until: its period.
        suspended, left: parties that state so, now.
        statements: all that are on record, the newest last.
        lines: how the lines are, which is another matter.
    """

    agreement: str
    version: int
    sha256: str
    state: str
    begins: str
    until: str
    suspended: list[str]
    left: list[str]
    statements: list[StatementView]
    lines: list[LineView]


class StatementBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved as `agreement` is `{"do": "state", "kind": …, "reason": …, "since": …,
    "about": …}`.

    Attributes:
        kind: `suspension`, `resumption` or `withdrawal`.
        reason: in the party's words; the others read it.
        since: from when it shall hold (RFC 3339); at once if null.
        about: SHA-256 of the version in force.
    """

    kind: Kind
    reason: str
    about: str
    since: datetime | None = None
    approval: str = ""

    def action(self) -> dict[str, JsonValue]:
        """What a second person approves."""
        since = None if self.since is None else format_time(self.since)
        return {
            "do": "state",
            "kind": self.kind,
            "reason": self.reason,
            "since": since,
            "about": self.about,
        }


Links = Callable[[], Awaitable[Sequence[LinkStatus]]]


def standing_endpoints(context: NodeContext, approvals: Approvals, links: Links) -> list[Endpoint]:
    """Endpoints about statements.

    Args:
        links: how the lines are.
    """
    api = _Standing(context, approvals, links)
    return [
        Endpoint(
            method="GET",
            path="/api/v1/agreement/standing",
            handler=api.show,
            operation_id="getStanding",
            summary="What each party states about the agreement, and whether its line works.",
            responses={200: StandingView},
            scopes=READ,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/agreement/statements",
            handler=api.state,
            operation_id="stateStanding",
            summary="State that our party suspends, resumes or leaves it (with a second person's "
            "approval).",
            description="One of the two persons must be an officer of the agreement, and signs it.",
            body=StatementBody,
            responses={201: Stated, 403: None, 404: None, 409: None, 422: None, 503: None},
            scopes=MANAGE,
            tags=TAGS,
        ),
    ]


class _Standing:
    def __init__(self, context: NodeContext, approvals: Approvals, links: Links) -> None:
        self._context = context
        self._approvals = approvals
        self._links = links

    async def show(self, request: Request[None]) -> Response:
        agreement = self._context.agreement()
        statements = await self._statements()
        stands = standing(agreement, statements, now=self._context.clock())
        return Response(
            200,
            StandingView(
                agreement=agreement.id,
                version=agreement.document.version,
                sha256=agreement.sha256,
                state=stands.state.value,
                begins=format_time(stands.begins),
                until=format_time(stands.until),
                suspended=sorted(stands.suspended),
                left=sorted(stands.left),
                statements=[_view(each) for each in statements],
                lines=[LineView(peer=each.peer, state=each.state) for each in await self._links()],
            ),
        )

    async def state(self, request: Request[StatementBody]) -> Response:
        body, caller, context = request.body, request.caller, self._context
        if body.since is not None and body.since.tzinfo is None:
            raise BadBody("A time must say its zone.", where="since")
        agreement = context.agreement()
        if body.about != agreement.sha256:
            raise AgreementRefused("It is about another version than the one in force.")
        since = body.since or context.clock()
        before = await self._statements()
        draft = statement_draft(before, agreement, context.party, body.kind, body.reason, since)
        signer = await self._signer(caller.sub, body.approval)
        await self._approvals.consume(caller, body.approval, "agreement", body.action())
        (entry,) = await context.record.append([(draft, signer)])
        return Response(201, stated(entry))

    async def _signer(self, proposer: str, approval: str) -> Signer | None:
        """The key of whichever of the two is an officer of the agreement; None if there are none
        yet, which is refused in its place."""
        decider = (await self._approvals.get(approval)).decider if approval else ""
        if not decider:
            return None
        member = self._context.record.keyring.member(
            self._context.party, self._context.record.head.size
        )
        holders = {officer.holder for officer in member.officers}
        for person in (proposer, decider):
            if person in holders:
                return self._context.officer_signer(person)
        raise NoOfficerSigns(
            "Neither of the two persons is an officer of the agreement.",
            advice="Have it approved by one who is.",
        )

    async def _statements(self) -> list[Statement]:
        """All that are on record, in its order: their own numbers begin anew after a restore."""
        record = self._context.record
        marks = ", ".join("?" * len(KINDS))
        rows = await record.query(
            "SELECT position FROM party_entries "  # noqa: S608
            f"WHERE kind IN ({marks}) AND payload IS NOT NULL ORDER BY position",
            KINDS,
        )
        found = []
        for (position,) in rows:
            entry = await record.entry(cast(int, position))
            payload, envelope = entry.payload, entry.envelope
            if payload is None or envelope is None:
                continue  # erased meanwhile
            author = record.keyring.author(payload.sender, payload.author, entry.index)
            holder = "" if author is None else author.holder
            try:
                made = recorded_statement(envelope, payload, holder)
            except AgreementRefused:
                continue  # a peer may put anything into a statement; the entry is there to be read
            found.append(replace(made, seq=entry.index))
        return found


def _view(each: Statement) -> StatementView:
    return StatementView(
        kind=each.kind,
        party=each.party,
        officer=each.holder,
        reason=each.reason,
        since=format_time(each.since),
        created=format_time(each.created),
        index=each.seq,
        about=each.sha256,
    )
