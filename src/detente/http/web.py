"""What a browser needs: cookies, the check where a request comes from, and headers that protect.

Cookies are those of RFC 6265bis with the prefix `__Host-`: bound to one host, one path, and TLS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from detente.http.errors import Forbidden
from detente.http.head import RequestHead

HeaderField = tuple[bytes, bytes]

API_HEADERS: Final[tuple[HeaderField, ...]] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""For `build_app(headers=…)` of an API that browsers use; an answer's own header goes first."""

STRICT_TRANSPORT: Final[HeaderField] = (b"strict-transport-security", b"max-age=31536000")
"""To be added where the listener, or what stands before it, speaks TLS (RFC 6797)."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*")


class ForeignOrigin(Forbidden):
    """A browser sent this from a page of another site, or hides from which: 403."""

    code: ClassVar[str] = "http.origin"


class OriginGuard:
    """Refuses what a page of another site makes a browser send; for `build_app(guard=…)`.

    A request that changes something passes when its `Origin` is one of ours; when it has none and
    `Sec-Fetch-Site` says `same-origin` or `none`; or when it has neither and brings no cookie, as
    programs do. Requests by GET, HEAD and OPTIONS change nothing and pass.
    """

    def __init__(self, origins: Iterable[str] = ()) -> None:
        self._origins = {_origin(text) for text in origins}

    def allow(self, origin: str) -> None:
        """Add one, such as the address that the server was found to listen at."""
        self._origins.add(_origin(origin))

    def __call__(self, head: RequestHead) -> None:
        """Let the request pass.

        Raises:
            ForeignOrigin: it comes from elsewhere.
        """
        if head.method in _SAFE:
            return
        headers = head.headers
        origin = headers.get("origin")
        if origin is not None:
            if origin.lower() not in self._origins:
                raise ForeignOrigin("The request comes from a page of another site.")
            return
        site = headers.get("sec-fetch-site")
        if site is not None:
            if site not in ("same-origin", "none"):
                raise ForeignOrigin("The request comes from a page of another site.")
            return
        if "cookie" in headers:
            raise ForeignOrigin(
                "A request with a cookie must say by `Origin` which page it comes from.",
                advice="Programs send a token instead of a cookie.",
            )


def _origin(text: str) -> str:
    scheme, separator, rest = text.lower().rstrip("/").partition("://")
    if scheme not in ("http", "https") or not separator or not rest or "/" in rest:
        msg = f"not an origin: {text}"
        raise ValueError(msg)
    default = ":443" if scheme == "https" else ":80"
    return f"{scheme}://{rest.removesuffix(default)}"


def read_cookies(header: str | None) -> Mapping[str, str]:
    """The cookies of a `Cookie` header; one that is there twice is left out: nobody knows which."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for part in (header or "").split(";"):
        name, separator, value = part.strip().partition("=")
        if separator and _COOKIE_NAME.fullmatch(name):
            if name in found:
                twice.add(name)
            found[name] = value.removeprefix('"').removesuffix('"')
    return {name: value for name, value in found.items() if name not in twice}


def session_cookie(name: str, value: str, *, max_age_s: int | None = None) -> HeaderField:
    """A `Set-Cookie` header for a secret: this host only, no scripts, no other sites.

    Args:
        name: begins with `__Host-`.
        value: no blanks, quotes, commas, semicolons or backslashes.
        max_age_s: without it the cookie ends with the browser; 0 removes it.

    Raises:
        ValueError: name or value is not as above.
    """
    if not name.startswith("__Host-") or not _COOKIE_NAME.fullmatch(name):
        msg = f"not the name of a __Host- cookie: {name}"
        raise ValueError(msg)
    if not _COOKIE_VALUE.fullmatch(value):
        msg = "the value has characters that a cookie cannot hold"
        raise ValueError(msg)
    text = f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Strict"
    if max_age_s is not None:
        text += f"; Max-Age={max_age_s}"
    return b"set-cookie", text.encode("ascii")


def end_cookie(name: str) -> HeaderField:
    """A `Set-Cookie` header that removes a cookie of `session_cookie`."""
    return session_cookie(name, "", max_age_s=0)
