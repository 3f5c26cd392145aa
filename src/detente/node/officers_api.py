"""Endpoints of accounts: who may log in here, with which roles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from detente.http import Caller, Endpoint, Request, Response, any_of
from detente.record import JsonValue, format_time

from .accounts import Account, OfficerRefused
from .roles import PERMISSION_HELP, PERMISSIONS, ROLE_WORDS, Role

if TYPE_CHECKING:
    from .desk import Desk

TAGS: Final = ("officers",)
MANAGE: Final = any_of("officers.manage step-up")


class OfficerView(msgspec.Struct, kw_only=True):
    """An account."""

    id: str
    name: str
    language: str
    roles: list[str]
    active: bool
    break_glass: bool
    in_agreement: bool
    has_password: bool
    has_app: bool
    security_keys: int
    recovery_codes: int
    subject: str | None
    created: str
    changed: str


class OfficerViews(msgspec.Struct, kw_only=True):
    """Accounts, by id. `second_person`: whether changes need an approval."""

    officers: list[OfficerView]
    second_person: bool


class NewOfficer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new account. What is approved is `{"do": "add"}` with all of it but `approval`."""

    id: str
    name: str
    roles: list[Role]
    language: Literal["en", "fr"] = "en"
    break_glass: bool = False
    approval: str = ""


class OfficerChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What an account is to be. What is approved is `{"do": "change", "id": …}` with all of it
    but `approval`."""

    name: str
    roles: list[Role]
    language: Literal["en", "fr"]
    active: bool
    break_glass: bool
    approval: str = ""


class Subject(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom the OpenID provider calls this officer; null: nobody. What is approved is
    `{"do": "subject", "id": …, "subject": …}`."""

    subject: str | None
    approval: str = ""


class Approved(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is approved is `{"do": "invite", "id": …}`."""

    approval: str = ""


class InvitationView(msgspec.Struct, kw_only=True):
    """An invitation; its token is told this once. Hand it over in person."""

    officer: str
    token: str
    until: str


class RoleView(msgspec.Struct, kw_only=True):
    """A role, in words, and what it may do."""

    role: str
    en: str
    fr: str
    permissions: list[str]


class PermissionView(msgspec.Struct, kw_only=True):
    """A permission and what it allows."""

    permission: str
    allows: str


class Matrix(msgspec.Struct, kw_only=True):
    """Roles and permissions. What is not in it is refused."""

    roles: list[RoleView]
    permissions: list[PermissionView]


def officers_endpoints(desk: Desk) -> list[Endpoint]:
    """Accounts and roles."""
    handlers = _Officers(desk)
    who = {"officer": "id of the account"}
    return [
        Endpoint(
            method="GET",
            path="/api/v1/roles",
            handler=handlers.roles,
            operation_id="listRoles",
            summary="Roles and permissions.",
            responses={200: Matrix},
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path="/api/v1/officers",
            handler=handlers.all,
            operation_id="listOfficers",
            summary="All accounts.",
            responses={200: OfficerViews},
            scopes=any_of("officers.read"),
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path="/api/v1/officers/{officer}",
            handler=handlers.one,
            operation_id="getOfficer",
            summary="An account.",
            responses={200: OfficerView, 404: None},
            scopes=any_of("officers.read"),
            path_help=who,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/officers",
            handler=handlers.add,
            operation_id="addOfficer",
            summary="Make an account. It cannot log in before it is invited.",
            body=NewOfficer,
            responses={201: OfficerView, 400: None, 404: None, 409: None},
            scopes=MANAGE,
            tags=TAGS,
        ),
        Endpoint(
            method="PUT",
            path="/api/v1/officers/{officer}",
            handler=handlers.change,
            operation_id="changeOfficer",
            summary="Change name, roles or standing of an account.",
            body=OfficerChange,
            responses={200: OfficerView, 400: None, 404: None, 409: None},
            scopes=MANAGE,
            path_help=who,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/officers/{officer}/block",
            handler=handlers.block,
            operation_id="blockOfficer",
            summary="Block an account and end its sessions, at once and alone.",
            description="It is opened again by a change, which needs a second person.",
            responses={200: OfficerView, 400: None, 404: None},
            scopes=MANAGE,
            path_help=who,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/officers/{officer}/invitation",
            handler=handlers.invite,
            operation_id="inviteOfficer",
            summary="Invite somebody to set password and second factor, for the first time or "
            "anew.",
            body=Approved,
            responses={201: InvitationView, 404: None, 409: None},
            scopes=MANAGE,
            path_help=who,
            tags=TAGS,
        ),
        Endpoint(
            method="PUT",
            path="/api/v1/officers/{officer}/subject",
            handler=handlers.subject,
            operation_id="setSubject",
            summary="Say which subject of the OpenID provider an account is.",
            body=Subject,
            responses={200: OfficerView, 400: None, 404: None, 409: None},
            scopes=MANAGE,
            path_help=who,
            tags=TAGS,
        ),
    ]


class _Officers:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._officers = desk.officers

    async def roles(self, request: Request[None]) -> Response:
        roles = [
            RoleView(
                role=role,
                en=ROLE_WORDS[role].en,
                fr=ROLE_WORDS[role].fr,
                permissions=sorted(PERMISSIONS[role]),
            )
            for role in Role
        ]
        permissions = [
            PermissionView(permission=name, allows=allows)
            for name, allows in PERMISSION_HELP.items()
        ]
        return Response(200, Matrix(roles=roles, permissions=permissions))

    async def all(self, request: Request[None]) -> Response:
        holders = self._desk.holders()
        views = [self._view(account, holders) for account in self._officers.all()]
        needed = self._desk.needs_second_person(request.caller)
        return Response(200, OfficerViews(officers=views, second_person=needed))

    async def one(self, request: Request[None]) -> Response:
        return Response(200, self._view(self._officers.get(request.path["officer"])))

    async def add(self, request: Request[NewOfficer]) -> Response:
        body, holders = request.body, self._desk.holders()
        action: dict[str, JsonValue] = {
            "do": "add",
            "id": body.id,
            "name": body.name,
            "roles": sorted(set(body.roles)),
            "language": body.language,
            "break_glass": body.break_glass,
        }
        await self._desk.with_second_person(request.caller, body.approval, action)
        async with self._officers.changing:
            account = await self._officers.add(
                body.id,
                body.name,
                body.roles,
                holders,
                language=body.language,
                break_glass=body.break_glass,
            )
        await self._note("officer-added", request.caller, action)
        return Response(201, self._view(account, holders))

    async def change(self, request: Request[OfficerChange]) -> Response:
        body, holders = request.body, self._desk.holders()
        identity = self._officers.get(request.path["officer"]).id
        action: dict[str, JsonValue] = {
            "do": "change",
            "id": identity,
            "name": body.name,
            "roles": sorted(set(body.roles)),
            "language": body.language,
            "active": body.active,
            "break_glass": body.break_glass,
        }
        await self._desk.with_second_person(request.caller, body.approval, action)
        async with self._officers.changing:
            account = replace(
                self._officers.get(identity),
                name=body.name,
                roles=frozenset(body.roles),
                language=body.language,
                active=body.active,
                break_glass=body.break_glass,
            )
            account = await self._officers.change(account, holders)
        if not account.active:
            await self._desk.sessions.end_all(identity)
        await self._note("officer-changed", request.caller, action)
        return Response(200, self._view(account, holders))

    async def block(self, request: Request[None]) -> Response:
        identity = self._officers.get(request.path["officer"]).id
        if identity == request.caller.sub:
            raise OfficerRefused("Nobody blocks himself.", where=identity)
        async with self._officers.changing:
            account = await self._officers.change(
                replace(self._officers.get(identity), active=False)
            )
        ended = await self._desk.sessions.end_all(identity)
        await self._note(
            "officer-blocked", request.caller, {"id": identity, "sessions_ended": ended}
        )
        return Response(200, self._view(account))

    async def invite(self, request: Request[Approved]) -> Response:
        account = self._officers.get(request.path["officer"])
        action: dict[str, JsonValue] = {"do": "invite", "id": account.id}
        await self._desk.with_second_person(request.caller, request.body.approval, action)
        token, invitation = await self._desk.credentials.invite(account, request.caller.sub)
        view = InvitationView(officer=account.id, token=token, until=format_time(invitation.until))
        return Response(201, view, ((b"cache-control", b"no-store"),))

    async def subject(self, request: Request[Subject]) -> Response:
        provider, subject = self._desk.provider, request.body.subject
        account = self._officers.get(request.path["officer"])
        if provider is None:
            raise OfficerRefused("This node has no OpenID provider.")
        if subject is not None and not 1 <= len(subject) <= 255:
            raise OfficerRefused("A subject has 1 to 255 characters.", where="subject")
        action: dict[str, JsonValue] = {"do": "subject", "id": account.id, "subject": subject}
        await self._desk.with_second_person(request.caller, request.body.approval, action)
        async with self._officers.changing:
            await self._officers.set_subject(account.id, provider.rules.issuer, subject)
        await self._note("officer-subject", request.caller, action)
        return Response(200, self._view(account))

    async def _note(self, what: str, caller: Caller, action: dict[str, JsonValue]) -> None:
        facts = {name: value for name, value in action.items() if name not in ("do", "id")}
        await self._desk.context.note_security(
            what,
            caller.sub,
            account=action["id"],
            session=caller.session,
            **facts,
        )

    def _view(self, account: Account, holders: frozenset[str] | None = None) -> OfficerView:
        provider = self._desk.provider
        subjects = dict(self._officers.subjects(account.id))
        return OfficerView(
            id=account.id,
            name=account.name,
            language=account.language,
            roles=sorted(account.roles),
            active=account.active,
            break_glass=account.break_glass,
            in_agreement=account.id in (self._desk.holders() if holders is None else holders),
            has_password=bool(account.password),
            has_app=account.totp is not None,
            security_keys=len(self._officers.keys(account.id)),
            recovery_codes=self._officers.recovery_left(account.id),
            subject=None if provider is None else subjects.get(provider.rules.issuer),
            created=format_time(account.created),
            changed=format_time(account.changed),
        )
