"""Requests in a session: the cookie of a browser, or the token of a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from detente.http import Caller, RequestHead, read_cookies

from .officers import Officers
from .sessions import NoSession, Session, Sessions, caller_of

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NO_ACTIVITY: Final = ("/shown",)
"""What a console states by itself. It does not tell that somebody is there."""


class CookieNames:
    """Names and form of this node's cookies.

    Over TLS they have the prefix `__Host-`, which binds them to this host and to TLS. A browser
    does not take that from a node that is tried out over plain HTTP on its own machine.

    Args:
        secure: whether browsers see the node over TLS.
    """

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        prefix = "__Host-" if secure else ""
        self.session: Final = f"{prefix}detente"
        self.device: Final = f"{prefix}detente-device"
        self.flow: Final = f"{prefix}detente-login"

    def put(
        self, name: str, value: str, max_age_s: int, *, site: str = "Strict"
    ) -> tuple[bytes, bytes]:
        """A `Set-Cookie` header: this host only, no scripts; 0 seconds removes it."""
        text = f"{name}={value}; Path=/; HttpOnly; SameSite={site}; Max-Age={max_age_s}"
        return b"set-cookie", (f"{text}; Secure" if self._secure else text).encode("ascii")


class SessionAuthenticator:
    """The `Authenticator` of the officers' interface.

    A request with `Authorization: Bearer` is a script's, whatever cookies it brings. One with a
    cookie that changes something must come from a page of this node. What changes something counts
    as activity of the officer; reading does not, since an open screen reads by itself.

    Args:
        sessions: of this node.
        officers: whose roles count at the moment of the request.
        cookies: of this node.
        guard: lets through what comes from our own pages, and raises `ForeignOrigin` otherwise.
    """

    def __init__(
        self,
        sessions: Sessions,
        officers: Officers,
        cookies: CookieNames,
        guard: Callable[[RequestHead], None],
    ) -> None:
        self._sessions = sessions
        self._officers = officers
        self._cookies = cookies
        self._guard = guard

    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        """Who is calling.

        Raises:
            NoSession: there is no session, or it has ended, or its account is not active.
            ForeignOrigin: a page of another site sends this.
        """
        session = self._session(request)
        account = self._officers.find(session.officer)
        if account is None or not account.active:
            raise NoSession("The account is not active.")
        writes = request.method not in _SAFE
        if writes and not session.bearer:
            self._guard(request)
        now = self._sessions.now()
        if writes and not request.path.endswith(_NO_ACTIVITY):
            session = await self._sessions.touch(session)
        return caller_of(session, account.permissions, self._sessions.rules, now)

    def _session(self, request: RequestHead) -> Session:
        header = request.headers.get("authorization")
        bearer = header is not None
        if header is not None:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer":
                raise NoSession("A bearer token is expected.")
            token = token.strip()
        else:
            token = read_cookies(request.headers.get("cookie")).get(self._cookies.session, "")
        if not token:
            raise NoSession("Log in first.", missing=True)
        session = self._sessions.find(token)
        # A cookie's token is good in a cookie only: a page cannot read it, and nothing else has it.
        if session is None or session.bearer != bearer:
            raise NoSession("The session has ended. Log in again.")
        return session
