"""Endpoints for log-in with an OpenID provider. A browser goes through them, no script."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from detente.errors import DetenteError
from detente.http import (
    Endpoint,
    HttpError,
    QueryParameter,
    Request,
    Response,
    read_cookies,
)
from detente.words import Words

from .oidc import FLOW_S, Provider, ProviderRefused, Vouched
from .sessions_api import AGENT, COOKIES, NO_STORE, TAGS, client_of, login_cookies, renewed_cookies
from .sign_in import LoggedIn

if TYPE_CHECKING:
    from .desk import Desk

CALLBACK = "/api/v1/session/oidc/callback"
"""To be registered with the provider, after the node's origin."""

_IN = Words("You are logged in.", "Vous êtes connecté.")
_NOT_IN = Words("The log-in did not succeed.", "La connexion a échoué.")
_ON = Words("Go on", "Continuer")


def oidc_endpoints(desk: Desk, provider: Provider) -> list[Endpoint]:
    """Leaving for the provider, and coming back."""
    handlers = _Oidc(desk, provider)
    return [
        Endpoint(
            method="GET",
            path="/api/v1/session/oidc",
            handler=handlers.leave,
            operation_id="logInWithProvider",
            summary="Leave for the OpenID provider, to log in.",
            responses={303: None, 503: None},
            public=True,
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path="/api/v1/session/oidc/proof",
            handler=handlers.leave_again,
            operation_id="proveWithProvider",
            summary="Leave for the OpenID provider, to prove identity again in this session.",
            responses={303: None, 503: None},
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path=CALLBACK,
            handler=handlers.come_back,
            operation_id="comeBackFromProvider",
            summary="Where the provider sends the browser back to. Answers with a page.",
            responses={200: None, 401: None, 503: None},
            query=(
                QueryParameter(name="state", help="As we gave it."),
                QueryParameter(name="code", help="What the provider's token is got with."),
                QueryParameter(name="iss", help="Who sends the browser back (RFC 9207)."),
                QueryParameter(name="error", help="Why the provider refuses."),
            ),
            headers=(AGENT, COOKIES),
            public=True,
            tags=TAGS,
        ),
    ]


class _Oidc:
    def __init__(self, desk: Desk, provider: Provider) -> None:
        self._desk = desk
        self._provider = provider

    async def leave(self, request: Request[None]) -> Response:
        return self._leaving(*await self._provider.begin())

    async def leave_again(self, request: Request[None]) -> Response:
        session = self._desk.session(request.caller)
        return self._leaving(*await self._provider.begin("step-up", session.id))

    def _leaving(self, url: str, kept: str) -> Response:
        cookies = self._desk.cookies
        # The browser comes back from another site, with cookies that are not Strict only.
        keeping = cookies.put(cookies.flow, kept, FLOW_S, site="Lax")
        return Response(303, headers=((b"location", url.encode("ascii")), keeping, NO_STORE))

    async def come_back(self, request: Request[None]) -> Response:
        cookies = self._desk.cookies
        kept = read_cookies(request.headers.get("cookie")).get(cookies.flow, "")
        forget = cookies.put(cookies.flow, "", 0, site="Lax")
        try:
            vouched = await self._provider.finish(
                kept,
                state=request.query.get("state", ""),
                code=request.query.get("code", ""),
                issuer=request.query.get("iss"),
                error=request.query.get("error"),
            )
            headers = await self._vouched(request, vouched)
        except HttpError as error:
            return Response(
                error.status,
                _page(_NOT_IN, error),
                (NO_STORE, forget),
                content_type=b"text/html; charset=utf-8",
                code=error.code,
            )
        # A page, not a redirect: the way here began at another site, and so the browser would
        # keep the new cookie, which is Strict, back from the next stop of the same way.
        return Response(
            200, _page(_IN), (*headers, forget), content_type=b"text/html; charset=utf-8"
        )

    async def _vouched(self, request: Request[None], vouched: Vouched) -> list[tuple[bytes, bytes]]:
        desk = self._desk
        account = desk.officers.of_subject(vouched.issuer, vouched.subject)
        if account is None or not account.active:
            await desk.context.note_security(
                "login-refused",
                None if account is None else account.id,
                address=request.address,
                method="oidc",
            )
            raise ProviderRefused(
                "The provider knows you, and this node has no account for you.",
                advice="Somebody who manages accounts can give your subject to your account.",
            )
        if vouched.purpose == "login":
            client = client_of(desk, request)
            found: LoggedIn = await desk.sign_in.begin(account, "oidc", client, bearer=False)
            return login_cookies(desk, found)
        session = desk.sessions.by_id(vouched.session)
        if session is None or session.officer != account.id or session.bearer:
            raise ProviderRefused("This is not the session that was to be proved again.")
        renewed, token = await desk.sign_in.renew(session, "provider")
        return renewed_cookies(desk, renewed, token)


def _page(said: Words, error: DetenteError | None = None) -> bytes:
    on = '<meta http-equiv="refresh" content="0; url=/">' if error is None else ""
    why = "" if error is None else f"<p>{html.escape(str(error))} [{html.escape(error.code)}]</p>"
    lines = "".join(f'<p lang="{each}">{html.escape(said.to(each))}</p>' for each in ("en", "fr"))
    links = " / ".join(f'<span lang="{each}">{_ON.to(each)}</span>' for each in ("en", "fr"))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{on}<title>Détente</title>'
        f'</head><body><main>{lines}{why}<p><a href="/">{links}</a></p></main></body></html>'
    ).encode()
