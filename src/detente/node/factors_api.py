"""Endpoints of invitations, and of one's own password and second factors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from detente.http import Endpoint, Request, Response
from detente.record import format_time

from .credentials import NewApp
from .session_views import KeyQuestion
from .sessions_api import FRESH, NO_STORE

if TYPE_CHECKING:
    from .desk import Desk

TAGS: Final = ("credentials",)


class Token(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An invitation."""

    token: str


class NewAppView(msgspec.Struct, kw_only=True):
    """What to tell an authenticator app; `svg` is `uri` as a QR code."""

    officer: str
    name: str
    secret: str
    uri: str
    svg: str


class Completion(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An invitation, a new password, and the first code of the app."""

    token: str
    password: str
    code: str


class RecoveryCodes(msgspec.Struct, kw_only=True):
    """Codes for a lost telephone, each good once; they are told this once."""

    officer: str
    recovery_codes: list[str]


class NewPassword(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A new password."""

    password: str


class Code(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A code of the new app."""

    code: str


class NewKey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a security key answered, and what to call it."""

    name: str
    answer: dict[str, Any]


class KeyView(msgspec.Struct, kw_only=True):
    """A security key."""

    id: str
    name: str
    registered: str


class Factors(msgspec.Struct, kw_only=True):
    """One's own ways to prove identity."""

    password: bool
    app: bool
    keys: list[KeyView]
    recovery_codes: int


def factors_endpoints(desk: Desk) -> list[Endpoint]:
    """Invitations for whoever holds one; factors for a session in which identity is fresh."""
    handlers = _Factors(desk)

    def own(method: str, path: str, name: str, summary: str, **rest: Any) -> Endpoint:
        return Endpoint(
            method=method,
            path=f"/api/v1/session/{path}",
            handler=getattr(handlers, path_name(name)),
            operation_id=name,
            summary=summary,
            scopes=FRESH,
            tags=TAGS,
            **rest,
        )

    return [
        Endpoint(
            method="POST",
            path="/api/v1/invitation",
            handler=handlers.accept,
            operation_id="acceptInvitation",
            summary="Begin to use an invitation: a secret for an authenticator app.",
            body=Token,
            responses={200: NewAppView, 401: None},
            public=True,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/invitation/complete",
            handler=handlers.complete,
            operation_id="completeInvitation",
            summary="Set password and authenticator app; all that was before is void.",
            body=Completion,
            responses={200: RecoveryCodes, 400: None, 401: None, 503: None},
            public=True,
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path="/api/v1/session/factors",
            handler=handlers.list_factors,
            operation_id="listFactors",
            summary="My ways to prove identity.",
            responses={200: Factors},
            tags=TAGS,
        ),
        own(
            "POST",
            "password",
            "changePassword",
            "Change my password; my other sessions end.",
            body=NewPassword,
            responses={204: None, 400: None},
        ),
        own(
            "POST",
            "app",
            "newApp",
            "A secret for another authenticator app.",
            responses={200: NewAppView},
        ),
        own(
            "POST",
            "app/confirm",
            "confirmApp",
            "Use the app that the secret was told to, and no other.",
            body=Code,
            responses={204: None, 400: None},
        ),
        own(
            "DELETE",
            "app",
            "dropApp",
            "Do without an authenticator app.",
            responses={204: None, 400: None},
        ),
        own(
            "POST",
            "keys/challenge",
            "challengeForNewKey",
            "What to ask a security key that is to be registered.",
            responses={200: KeyQuestion},
        ),
        own(
            "POST",
            "keys",
            "addKey",
            "Register the security key that answered.",
            body=NewKey,
            responses={200: KeyView, 400: None, 409: None},
        ),
        own(
            "DELETE",
            "keys/{key}",
            "dropKey",
            "Forget a security key.",
            responses={204: None, 400: None, 404: None},
            path_help={"key": "its id"},
        ),
        own(
            "POST",
            "recovery-codes",
            "newRecoveryCodes",
            "Ten new recovery codes; the old ones are void.",
            responses={200: RecoveryCodes},
        ),
    ]


def path_name(operation: str) -> str:
    """The method of the handlers that an operation has: `newApp` is `new_app`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation)


class _Factors:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._credentials = desk.credentials

    async def accept(self, request: Request[Token]) -> Response:
        return _told(await self._credentials.accept(request.body.token))

    async def complete(self, request: Request[Completion]) -> Response:
        body = request.body
        account, codes = await self._credentials.complete(body.token, body.password, body.code)
        view = RecoveryCodes(officer=account.id, recovery_codes=codes)
        return Response(200, view, (NO_STORE,))

    async def list_factors(self, request: Request[None]) -> Response:
        officers = self._desk.officers
        account = officers.get(self._desk.session(request.caller).officer)
        view = Factors(
            password=bool(account.password),
            app=account.totp is not None,
            keys=[
                KeyView(id=key.id, name=key.name, registered=format_time(key.created))
                for key in officers.keys(account.id)
            ],
            recovery_codes=officers.recovery_left(account.id),
        )
        return Response(200, view)

    async def change_password(self, request: Request[NewPassword]) -> Response:
        session = self._desk.session(request.caller)
        await self._credentials.change_password(session, request.body.password)
        return Response(204)

    async def new_app(self, request: Request[None]) -> Response:
        return _told(await self._credentials.new_app(request.caller.sub))

    async def confirm_app(self, request: Request[Code]) -> Response:
        await self._credentials.confirm_app(request.caller.sub, request.body.code)
        return Response(204)

    async def drop_app(self, request: Request[None]) -> Response:
        await self._credentials.drop_app(request.caller.sub)
        return Response(204)

    async def challenge_for_new_key(self, request: Request[None]) -> Response:
        question = self._credentials.new_key(self._desk.session(request.caller))
        return Response(200, KeyQuestion(public_key=question), (NO_STORE,))

    async def add_key(self, request: Request[NewKey]) -> Response:
        body, session = request.body, self._desk.session(request.caller)
        key = await self._credentials.add_key(session, body.name, body.answer)
        return Response(200, KeyView(id=key.id, name=key.name, registered=format_time(key.created)))

    async def drop_key(self, request: Request[None]) -> Response:
        await self._credentials.drop_key(request.caller.sub, request.path["key"])
        return Response(204)

    async def new_recovery_codes(self, request: Request[None]) -> Response:
        codes = await self._credentials.new_recovery_codes(request.caller.sub)
        view = RecoveryCodes(officer=request.caller.sub, recovery_codes=codes)
        return Response(200, view, (NO_STORE,))


def _told(app: NewApp) -> Response:
    view = NewAppView(
        officer=app.account.id, name=app.account.name, secret=app.secret, uri=app.uri, svg=app.svg
    )
    return Response(200, view, (NO_STORE,))
