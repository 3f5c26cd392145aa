"""Endpoints of sessions: log in, prove identity again, lock, log out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from detente.http import (
    Endpoint,
    HeaderParameter,
    MissingScope,
    NotFound,
    QueryParameter,
    Request,
    Response,
    any_of,
    read_cookies,
)

from .session_views import (
    ChallengeFor,
    KeyQuestion,
    Login,
    ProofBody,
    SessionRows,
    SessionView,
    WaysIn,
    session_row,
    session_view,
)
from .sessions import Session
from .sign_in import DEVICE_S, Client, LoggedIn, Proof

if TYPE_CHECKING:
    from .desk import Desk

TAGS: Final = ("sessions",)
AGENT: Final = HeaderParameter(name="user-agent", help="Told in the list of sessions.")
COOKIES: Final = HeaderParameter(name="cookie", help="Marks of this browser.")
NO_STORE: Final = (b"cache-control", b"no-store")

Headers = list[tuple[bytes, bytes]]


def sessions_endpoints(desk: Desk) -> list[Endpoint]:
    """Log-in by password, the session of the caller, and the sessions of an account."""
    handlers = _Sessions(desk)
    return [
        Endpoint(
            method="GET",
            path="/api/v1/login",
            handler=handlers.ways,
            operation_id="getWaysIn",
            summary="How one may log in here.",
            responses={200: WaysIn},
            public=True,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/session",
            handler=handlers.log_in,
            operation_id="logIn",
            summary="Log in with a password and a second factor.",
            description="Browsers get a cookie; with `bearer`, scripts get a token to send as "
            "`Authorization: Bearer`. Whatever is wrong, the refusal is the same.",
            body=Login,
            responses={200: SessionView, 401: None, 429: None, 503: None},
            headers=(AGENT, COOKIES),
            public=True,
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/login/challenge",
            handler=handlers.login_challenge,
            operation_id="challengeForLogIn",
            summary="What to ask a security key for a log-in.",
            body=ChallengeFor,
            responses={200: KeyQuestion},
            public=True,
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path="/api/v1/session",
            handler=handlers.show,
            operation_id="getSession",
            summary="Who I am, what I may do now, when this session locks and ends.",
            responses={200: SessionView},
            tags=TAGS,
        ),
        Endpoint(
            method="DELETE",
            path="/api/v1/session",
            handler=handlers.log_out,
            operation_id="logOut",
            summary="End this session.",
            responses={204: None},
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/session/active",
            handler=handlers.active,
            operation_id="stayActive",
            summary="Somebody is using this screen: put the lock off.",
            description="For consoles, at most once a minute while there is input. Reading alone "
            "does not keep a session from locking.",
            responses={204: None},
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/session/lock",
            handler=handlers.lock,
            operation_id="lockSession",
            summary="Lock this session: it reads, and does nothing else.",
            responses={204: None},
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/session/proof/challenge",
            handler=handlers.proof_challenge,
            operation_id="challengeForProof",
            summary="What to ask a security key to prove identity again.",
            responses={200: KeyQuestion},
            tags=TAGS,
        ),
        Endpoint(
            method="POST",
            path="/api/v1/session/proof",
            handler=handlers.prove,
            operation_id="proveIdentity",
            summary="Prove identity again by one factor: unlocks, and makes the session fresh.",
            description="The session gets a new token; the old one is good for ten seconds more.",
            body=ProofBody,
            responses={200: SessionView, 401: None, 429: None, 503: None},
            tags=TAGS,
        ),
        Endpoint(
            method="GET",
            path="/api/v1/sessions",
            handler=handlers.list,
            operation_id="listSessions",
            summary="My sessions, or, with officers.read, those of an account or of all (`*`).",
            responses={200: SessionRows},
            query=(QueryParameter(name="officer", help="An account, or * for all."),),
            tags=TAGS,
        ),
        Endpoint(
            method="DELETE",
            path="/api/v1/sessions/{session}",
            handler=handlers.end,
            operation_id="endSession",
            summary="End a session of mine, or, with officers.manage, anybody's.",
            responses={204: None, 404: None},
            path_help={"session": "its id"},
            tags=TAGS,
        ),
    ]


def client_of(desk: Desk, request: Request[Any]) -> Client:
    """Where a request comes from."""
    cookies = read_cookies(request.headers.get("cookie"))
    return Client(
        request.address,
        request.headers.get("user-agent", ""),
        cookies.get(desk.cookies.device, ""),
    )


def login_cookies(desk: Desk, logged_in: LoggedIn) -> Headers:
    """What a browser is given after a log-in."""
    lifetime_s = int(desk.rules.sessions.lifetime.total_seconds())
    return [
        NO_STORE,
        desk.cookies.put(desk.cookies.session, logged_in.token, lifetime_s),
        desk.cookies.put(desk.cookies.device, logged_in.device, DEVICE_S),
    ]


def renewed_cookies(desk: Desk, session: Session, token: str) -> Headers:
    """What a browser is given after its session was renewed."""
    left = session.ends(desk.rules.sessions) - desk.sessions.now()
    return [NO_STORE, desk.cookies.put(desk.cookies.session, token, int(left.total_seconds()))]


class _Sessions:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ways(self, request: Request[None]) -> Response:
        provider = self._desk.provider
        view = WaysIn(
            party=self._desk.context.party,
            provider=None if provider is None else provider.rules.issuer,
            password=self._desk.sign_in.rules.local,
            second_factor=self._desk.rules.second_factor,
        )
        return Response(200, view)

    async def log_in(self, request: Request[Login]) -> Response:
        body = request.body
        proof = Proof(body.password, body.code, body.recovery, body.assertion)
        client = client_of(self._desk, request)
        found = await self._desk.sign_in.log_in(body.officer, proof, client, bearer=body.bearer)
        if body.bearer:
            return Response(200, self._view(found.session, found.token), (NO_STORE,))
        return Response(200, self._view(found.session), login_cookies(self._desk, found))

    async def login_challenge(self, request: Request[ChallengeFor]) -> Response:
        question = self._desk.sign_in.challenge(request.body.officer)
        return Response(200, KeyQuestion(public_key=question), (NO_STORE,))

    async def show(self, request: Request[None]) -> Response:
        return Response(200, self._view(self._desk.session(request.caller)))

    async def log_out(self, request: Request[None]) -> Response:
        session = self._desk.session(request.caller)
        await self._desk.sessions.end(session)
        await self._desk.context.note_security("logout", session.officer, session=session.id)
        cookies = self._desk.cookies
        return Response(204, headers=(NO_STORE, cookies.put(cookies.session, "", 0)))

    async def active(self, request: Request[None]) -> Response:
        return Response(204)  # whatever changes something counts as activity, this as well

    async def lock(self, request: Request[None]) -> Response:
        session = self._desk.session(request.caller)
        await self._desk.sessions.lock(session)
        await self._desk.context.note_security("lock", session.officer, session=session.id)
        return Response(204)

    async def proof_challenge(self, request: Request[None]) -> Response:
        session = self._desk.session(request.caller)
        question = self._desk.sign_in.challenge(session.officer, session.id)
        return Response(200, KeyQuestion(public_key=question), (NO_STORE,))

    async def prove(self, request: Request[ProofBody]) -> Response:
        body = request.body
        session = self._desk.session(request.caller)
        proof = Proof(body.password, body.code, assertion=body.assertion)
        renewed, token = await self._desk.sign_in.prove(session, proof)
        if renewed.bearer:
            return Response(200, self._view(renewed, token), (NO_STORE,))
        return Response(200, self._view(renewed), renewed_cookies(self._desk, renewed, token))

    async def list(self, request: Request[None]) -> Response:
        caller = request.caller
        wanted = request.query.get("officer", caller.sub)
        if wanted != caller.sub and "officers.read" not in caller.scopes:
            raise MissingScope("To see the sessions of others, officers.read is needed.")
        found = self._desk.sessions.of(None if wanted == "*" else wanted)
        now, rules = self._desk.sessions.now(), self._desk.sessions.rules
        rows = [session_row(session, rules, now, caller.session) for session in found]
        return Response(200, SessionRows(sessions=rows))

    async def end(self, request: Request[None]) -> Response:
        caller = request.caller
        session = self._desk.sessions.by_id(request.path["session"])
        if session is None or (
            session.officer != caller.sub and "officers.manage" not in caller.scopes
        ):
            raise NotFound("There is no such session of yours.")
        await self._desk.sessions.end(session)
        await self._desk.context.note_security(
            "session-ended", caller.sub, session=session.id, account=session.officer
        )
        return Response(204)

    def _view(self, session: Session, token: str | None = None) -> SessionView:
        account = self._desk.officers.get(session.officer)
        return session_view(
            session,
            account,
            self._desk.sessions.rules,
            self._desk.sessions.now(),
            self._desk.officers.recovery_left(account.id),
            token,
        )


FRESH: Final = any_of("step-up")
"""For what may be done only just after a proof of identity."""
