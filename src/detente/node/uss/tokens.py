"""Tokens for exchanges and other USSs: printed by a command, signed here, or by an OAuth server.

One token for each audience and set of scopes, kept until shortly before it ends. Whoever asks at
the same time waits for the same answer.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Final, Literal, Protocol

import httpx
import msgspec

from detente.errors import DetenteError
from detente.f3548 import TokenSource
from detente.http import TokenSigner
from detente.operations import CommandTokens, TokenCommandFailed

from .settings import PlanSettings

RENEW_BEFORE_S: Final = 60.0
"""A token that lasts no longer than this is asked for anew."""
KEPT_MAX: Final = 4096
ANSWER_BYTES_MAX: Final = 64 * 1024
_OAUTH_TIMEOUT_S: Final = 10.0


class TokenUnavailable(DetenteError):
    """There is no token for an exchange or another USS now."""

    code: ClassVar[str] = "plan.no_token"


class Maker(Protocol):
    """Makes, or fetches, a fresh token each time."""

    async def make(self, audience: str, scope: str) -> str:
        """A token for a host, with scopes separated by spaces.

        Raises:
            TokenUnavailable: there is none.
        """


class _Claims(msgspec.Struct, frozen=True):
    exp: float | None = None


def ends_at_s(token: str) -> float | None:
    """When a token says that it ends, seconds since 1970; None if it does not say. Not verified."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        data = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return msgspec.json.decode(data, type=_Claims).exp
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        return None


class KeptTokens:
    """Keeps what a maker makes for as long as it is good."""

    def __init__(self, maker: Maker, clock_s: Callable[[], float]) -> None:
        """Args:
        maker: gives fresh tokens.
        clock_s: the wall clock, seconds since 1970.
        """
        self._maker = maker
        self._clock_s = clock_s
        self._kept: dict[tuple[str, str], tuple[str, float]] = {}
        self._asked: dict[tuple[str, str], asyncio.Task[str]] = {}

    async def token(self, audience: str, scope: str) -> str:
        """A token that is good for another minute at least, if the maker gives such ones.

        Raises:
            TokenUnavailable: there is none.
        """
        wanted = (audience, scope)
        kept = self._kept.get(wanted)
        if kept is not None and self._clock_s() < kept[1]:
            return kept[0]
        task = self._asked.get(wanted)
        if task is None:
            task = self._asked[wanted] = asyncio.create_task(self._ask(wanted))
            task.add_done_callback(lambda done: self._answered(wanted, done))
        # Whoever stops waiting does not take the answer from the others.
        return await asyncio.shield(task)

    async def _ask(self, wanted: tuple[str, str]) -> str:
        asked_s = self._clock_s()
        token = await self._maker.make(*wanted)
        end_s = ends_at_s(token)
        # A short one is used for half of its life; one that does not say its end, for a minute.
        life_s = RENEW_BEFORE_S if end_s is None else end_s - asked_s
        good_s = max(life_s - RENEW_BEFORE_S, life_s / 2)
        while len(self._kept) >= KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[wanted] = (token, asked_s + good_s)
        return token

    def _answered(self, wanted: tuple[str, str], done: asyncio.Task[str]) -> None:
        self._asked.pop(wanted, None)
        if not done.cancelled():
            done.exception()  # looked at, in case nobody waits any more


class SelfSigned:
    """Signs tokens itself (RS256)."""

    def __init__(
        self, signer: TokenSigner, subject: str, issuer: str, clock_s: Callable[[], float]
    ) -> None:
        self._signer = signer
        self._subject = subject
        self._issuer = issuer
        self._clock_s = clock_s

    async def make(self, audience: str, scope: str) -> str:
        """See `Maker`."""
        return self._signer.issue(
            sub=self._subject,
            audience=audience,
            scopes=scope.split(),
            now_s=self._clock_s(),
            issuer=self._issuer,
        )


class FromCommand:
    """Has a command print them; see `detente.operations.CommandTokens`."""

    def __init__(self, command: str) -> None:
        """Raises:
        TokenCommandFailed: a quotation in it does not end.
        """
        CommandTokens(command)
        self._command = command

    async def make(self, audience: str, scope: str) -> str:
        """See `Maker`."""
        try:
            # It keeps what it was told for ever; here a token must be renewed.
            return await CommandTokens(self._command).token(audience, scope)
        except TokenCommandFailed as error:
            raise TokenUnavailable(error.message, where=error.where, advice=error.advice) from error


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme


class ClientCredentials:
    """Gets them from an OAuth 2.0 server by client credentials (RFC 6749 section 4.4)."""

    def __init__(
        self,
        url: str,
        client_id: str,
        secret: str,
        http: httpx.AsyncClient,
        credentials: Literal["header", "body"] = "header",
    ) -> None:
        """Args:
        url: of the token endpoint.
        client_id, secret: of this node there.
        http: carries the requests.
        credentials: where id and secret stand.
        """
        self._url = url
        self._id = client_id
        self._secret = secret
        self._http = http
        self._credentials = credentials

    async def make(self, audience: str, scope: str) -> str:
        """See `Maker`. The audience is asked for as `audience`, as RFC 8693 names it."""
        form = {"grant_type": "client_credentials", "scope": scope, "audience": audience}
        auth = None
        if self._credentials == "body":
            form |= {"client_id": self._id, "client_secret": self._secret}
        else:
            auth = httpx.BasicAuth(self._id, self._secret)
        try:
            async with asyncio.timeout(_OAUTH_TIMEOUT_S):
                return await self._granted(form, auth)
        except TimeoutError:
            raise self._fault(f"no answer within {_OAUTH_TIMEOUT_S:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise self._fault(f"no answer: {str(error) or type(error).__name__}") from error

    async def _granted(self, form: Mapping[str, str], auth: httpx.BasicAuth | None) -> str:
        request = self._http.build_request("POST", self._url, data=dict(form))
        answer = await self._http.send(request, auth=auth, stream=True, follow_redirects=False)
        try:
            data = bytearray()
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > ANSWER_BYTES_MAX:
                    raise self._fault("its answer is too long")
        finally:
            await answer.aclose()
        if answer.status_code != 200:
            # What it says may repeat what it was sent: the secret.
            raise self._fault(f"it answered {answer.status_code}")
        try:
            granted = msgspec.json.decode(bytes(data), type=_Granted)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._fault("its answer is no token") from None
        token = granted.access_token
        if granted.token_type.lower() != "bearer" or not token.isascii() or not token.isprintable():
            raise self._fault("what it gives is no bearer token")
        return token

    def _fault(self, what: str) -> TokenUnavailable:
        return TokenUnavailable(f"The server of tokens gives none: {what}.", where=self._url)


def read_secret(path: Path) -> str:
    """The client's secret.

    Raises:
        TokenUnavailable: it cannot be read, or others can read it as well.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TokenUnavailable(f"The secret cannot be read: {error}", where=str(path)) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise TokenUnavailable(
            "Others can read the file with the secret.",
            where=str(path),
            advice=f"chmod 600 {path}",
        )
    if not text:
        raise TokenUnavailable("The file with the secret is empty.", where=str(path))
    return text


def token_source(
    settings: PlanSettings, manager: str, http: httpx.AsyncClient, clock_s: Callable[[], float]
) -> TokenSource:
    """What the settings say.

    Args:
        settings: checked (`plan_problems`).
        manager: who we are at the exchanges.
        http: carries requests to an OAuth server.
        clock_s: the wall clock, seconds since 1970.

    Raises:
        BadKey, TokenCommandFailed, TokenUnavailable: a key, command or secret cannot be used.
    """
    return KeptTokens(_maker(settings, manager, http, clock_s), clock_s)


def _maker(
    settings: PlanSettings, manager: str, http: httpx.AsyncClient, clock_s: Callable[[], float]
) -> Maker:
    if settings.token_command is not None:
        return FromCommand(settings.token_command)
    if settings.token_key is not None:
        signer = TokenSigner.from_file(settings.token_key)
        subject = settings.token_subject or manager
        return SelfSigned(signer, subject, settings.token_issuer, clock_s)
    if settings.oauth_token_url is None:
        raise TokenUnavailable(
            "No way to get tokens is set.", advice="Give --token-command or another."
        )
    if settings.oauth_client_id is None or settings.oauth_client_secret_file is None:
        raise TokenUnavailable("The client's id or its secret is not set.")
    return ClientCredentials(
        settings.oauth_token_url,
        settings.oauth_client_id,
        read_secret(settings.oauth_client_secret_file),
        http,
        settings.oauth_credentials,
    )
