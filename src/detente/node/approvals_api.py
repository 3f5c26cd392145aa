"""Endpoints of four eyes: propose, decide, withdraw. Using an approval belongs to each action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from detente.http import Caller, Endpoint, QueryParameter, Request, Response, any_of
from detente.record import format_time

from .approval_rules import FOUR_EYES, Approval
from .approvals import PAGE

if TYPE_CHECKING:
    from .desk import Desk

TAGS: Final = ("approvals",)
DECIDE: Final = any_of("approvals.decide step-up")


class Proposal(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is to be done, all of it: what is not in it is not approved."""

    kind: str
    action: dict[str, Any]


class Agreement(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The hash of the action that was seen, and a word on it."""

    action_sha256: str
    text: str = ""


class Remark(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Why."""

    text: str = ""


class ApprovalView(msgspec.Struct, kw_only=True):
    """A request for a second person. `mine`: the caller has made it."""

    id: str
    kind: str
    action: dict[str, Any]
    action_sha256: str
    state: str
    officer: str
    asked: str
    expires: str
    decided_by: str | None
    decided: str | None
    text: str
    mine: bool


class ApprovalViews(msgspec.Struct, kw_only=True):
    """Requests, the newest first; `next`: give it as `before` for the next page."""

    approvals: list[ApprovalView]
    next: str | None


def approvals_endpoints(desk: Desk) -> list[Endpoint]:
    """Requests for a second person."""
    handlers = _Approvals(desk)
    which = {"approval": "id of the request"}
    refusals: dict[int, Any] = {404: None, 409: None}
    return [
        Endpoint(
            method="GET",
            path="/api/v1/approvals",
            handler=handlers.list,
            operation_id="listApprovals",
            summary="Requests for a second person.",
            responses={200: ApprovalViews},
            query=(
                QueryParameter(name="state", help="Only those in this state, such as pending."),
                QueryParameter(name="before", help="Only those made before the one with this id."),
            ),
            scopes=any_of("approvals.read"),
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/approvals",
            handler=handlers.propose,
            operation_id="propose",
            summary="Ask for a second person.",
            description=f"`kind` is one of {', '.join(FOUR_EYES)}.",
            body=Proposal,
            responses={201: ApprovalView, 400: None, 409: None},
            scopes=any_of("approvals.propose step-up"),
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path="/api/v1/approvals/{approval}",
            handler=handlers.one,
            operation_id="getApproval",
            summary="A request for a second person.",
            responses={200: ApprovalView, 404: None},
            scopes=any_of("approvals.read"),
            path_help=which,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/approvals/{approval}/approve",
            handler=handlers.approve,
            operation_id="approve",
            summary="Agree to exactly this action, as the second person.",
            body=Agreement,
            responses={200: ApprovalView, **refusals},
            scopes=DECIDE,
            path_help=which,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/approvals/{approval}/reject",
            handler=handlers.reject,
            operation_id="reject",
            summary="Refuse, as the second person.",
            body=Remark,
            responses={200: ApprovalView, **refusals},
            scopes=DECIDE,
            path_help=which,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/approvals/{approval}/withdraw",
            handler=handlers.withdraw,
            operation_id="withdraw",
            summary="Take one's own request back.",
            responses={200: ApprovalView, **refusals},
            scopes=any_of("approvals.propose"),
            path_help=which,
            tags=TAGS,
        ),
    ]


class _Approvals:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._approvals = desk.approvals

    async def list(self, request: Request[None]) -> Response:
        wanted = request.query.get("state")
        page = await self._approvals.newest(request.query.get("before", ""))
        views = [self._view(each, request.caller) for each in page]
        if wanted is not None:
            views = [view for view in views if view.state == wanted]
        following = page[-1].id if len(page) == PAGE else None
        return Response(200, ApprovalViews(approvals=views, next=following))

    async def one(self, request: Request[None]) -> Response:
        return self._answer(
            200, await self._approvals.get(request.path["approval"]), request.caller
        )

    async def propose(self, request: Request[Proposal]) -> Response:
        body = request.body
        found = await self._approvals.propose(request.caller, body.kind, body.action)
        return self._answer(201, found, request.caller)

    async def approve(self, request: Request[Agreement]) -> Response:
        body = request.body
        found = await self._approvals.approve(
            request.caller, request.path["approval"], body.action_sha256, body.text
        )
        return self._answer(200, found, request.caller)

    async def reject(self, request: Request[Remark]) -> Response:
        found = await self._approvals.reject(
            request.caller, request.path["approval"], request.body.text
        )
        return self._answer(200, found, request.caller)

    async def withdraw(self, request: Request[None]) -> Response:
        found = await self._approvals.withdraw(request.caller, request.path["approval"])
        return self._answer(200, found, request.caller)

    def _answer(self, status: int, approval: Approval, caller: Caller) -> Response:
        return Response(status, self._view(approval, caller))

    def _view(self, approval: Approval, caller: Caller) -> ApprovalView:
        decided = approval.decided
        return ApprovalView(
            id=approval.id,
            kind=approval.kind,
            action=dict(approval.action),
            action_sha256=approval.sha256,
            state=approval.at(self._desk.context.clock()),
            officer=approval.proposer,
            asked=format_time(approval.asked),
            expires=format_time(approval.expires),
            decided_by=approval.decider or None,
            decided=None if decided is None else format_time(decided),
            text=approval.text,
            mine=approval.proposer == caller.sub,
        )
