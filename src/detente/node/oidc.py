"""Log-in with an OpenID provider: authorization code with PKCE, state and nonce.

OpenID Connect Core 1.0 section 3.1, RFC 7636 (S256 only), RFC 9207 when the provider has it. The
provider says who somebody is; what that person may do here is said by the account that an
administrator has given to that subject, and no account is ever made on its own.

Between leaving for the provider and coming back, what must be kept is in a sealed cookie of the
browser, which binds both ends to one browser and takes no memory here. The node itself calls the
issuer's host and no other.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec

from detente.http import (
    BadKey,
    Busy,
    IdTokenRules,
    ProviderKey,
    Unauthorized,
    UnknownProviderKey,
    read_provider_keys,
    verify_id_token,
)
from detente.record import Clock, Random

from .vault import SealBroken, Vault, from_text, to_text

TIMEOUT_S: Final = 5.0
ANSWER_BYTES_MAX: Final = 256 * 1024
FLOW_S: Final = 600
"""A log-in at the provider takes at most so long."""

_FRESH_S: Final = 3600.0
_KEYS_GAP_S: Final = 5.0
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

SECOND_FACTORS: Final = frozenset({"mfa", "otp", "hwk", "swk"})
"""Values of `amr` (RFC 8176) that mean more than a password."""

Purpose = Literal["login", "step-up"]


class ProviderUnavailable(Busy):
    """The OpenID provider gives no usable answer: 503."""

    code: ClassVar[str] = "oidc.provider"


class ProviderRefused(Unauthorized):
    """The provider did not vouch for this person now, or came back to another browser: 401."""

    code: ClassVar[str] = "oidc.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcRules:
    """How a provider is used.

    Attributes:
        issuer: its URL, as it stands in its own document.
        client: our client id.
        secret: our client secret; None for a public client.
        redirect: our address to which it sends browsers back.
        claim: the claim that names the subject. Anything but `sub` may be given to another
            person one day.
        amr: one of these must be in the token's `amr`; empty: not looked at.
        acr: the token's `acr` must be one of these; empty: not looked at.
        scope: what is asked for.
    """

    issuer: str
    client: str
    secret: str | None
    redirect: str
    claim: str = "sub"
    amr: frozenset[str] = SECOND_FACTORS
    acr: tuple[str, ...] = ()
    scope: str = "openid"


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for.

    Attributes:
        issuer: who vouches.
        subject: value of the claim.
        purpose: what the person left for.
        session: public id of the session that is to be proved again; empty for a log-in.
    """

    issuer: str
    subject: str
    purpose: Purpose
    session: str


class _Discovery(msgspec.Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    code_challenge_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool = False
    token_endpoint_auth_methods_supported: list[str] = msgspec.field(
        default_factory=lambda: ["client_secret_basic"]
    )


class _Tokens(msgspec.Struct):
    id_token: str
    token_type: str = ""


class _Flow(msgspec.Struct):
    """What the sealed cookie holds."""

    state: str
    nonce: str
    verifier: str
    purpose: Purpose
    session: str
    until_s: float


class Provider:
    """One OpenID provider, asked when somebody logs in.

    Args:
        rules: how it is used.
        vault: seals what the browser keeps.
        clock: the wall clock.
        random: for state, nonce and verifier.
        tls: by which certificates it is believed; None: the system's.
        transport: of tests.
        monotonic: seconds, for the age of what was fetched.
    """

    def __init__(
        self,
        rules: OidcRules,
        vault: Vault,
        clock: Clock,
        random: Random,
        *,
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rules = rules
        self._vault = vault
        self._clock = clock
        self._random = random
        self._tls = tls
        self._transport = transport
        self._monotonic = monotonic
        self._fetching = asyncio.Lock()
        self._found: _Discovery | None = None
        self._found_s = 0.0
        self._keys: tuple[ProviderKey, ...] = ()
        self._keys_s = 0.0
        _check_url(rules.issuer, "oidc-issuer", query=False)

    async def begin(self, purpose: Purpose = "login", session: str = "") -> tuple[str, str]:
        """Where the browser goes, and the sealed text that it keeps meanwhile.

        Raises:
            ProviderUnavailable: the provider's document cannot be had.
        """
        found = await self._discovery()
        flow = _Flow(
            state=to_text(self._random(24)),
            nonce=to_text(self._random(24)),
            verifier=to_text(self._random(48)),
            purpose=purpose,
            session=session,
            until_s=self._clock().timestamp() + FLOW_S,
        )
        query = {
            "response_type": "code",
            "client_id": self.rules.client,
            "redirect_uri": self.rules.redirect,
            "scope": self.rules.scope,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": to_text(hashlib.sha256(flow.verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        if self.rules.acr:
            query["acr_values"] = " ".join(self.rules.acr)
        if purpose == "step-up":
            query |= {"prompt": "login", "max_age": "0"}
        sealed = self._vault.seal("oidc", self.rules.issuer, msgspec.json.encode(flow))
        joint = "&" if "?" in found.authorization_endpoint else "?"
        return f"{found.authorization_endpoint}{joint}{urlencode(query)}", to_text(sealed)

    async def finish(
        self, kept: str, *, state: str, code: str, issuer: str | None, error: str | None
    ) -> Vouched:
        """Whom the provider vouches for, once the browser has come back.

        Args:
            kept: the sealed text.
            state, code, issuer, error: as the browser brings them (`iss` is of RFC 9207).

        Raises:
            ProviderRefused: it does not vouch for anybody, or not for this browser.
            IdTokenRefused: its token does not hold.
            ProviderUnavailable: it gives no usable answer.
        """
        flow = self._flow(kept)
        if not hmac.compare_digest(flow.state.encode(), state.encode()):
            raise ProviderRefused("This log-in was begun in another browser.")
        found = await self._discovery()
        if issuer != self.rules.issuer and (
            issuer is not None or found.authorization_response_iss_parameter_supported
        ):
            raise ProviderRefused("Another provider has sent the browser back.")
        if error is not None or not code:
            raise ProviderRefused("The provider has refused the log-in.")
        token = await self._exchange(found, code, flow.verifier)
        now_s = self._clock().timestamp()
        rules = IdTokenRules(
            self.rules.issuer,
            self.rules.client,
            flow.nonce,
            # To be proved anew is to be asked after having been sent away.
            max_age_s=now_s - (flow.until_s - FLOW_S) if flow.purpose == "step-up" else None,
        )
        try:
            claims, everything = verify_id_token(token, await self._jwks(found), rules, now_s)
        except UnknownProviderKey:
            keys = await self._jwks(found, anew=True)
            claims, everything = verify_id_token(token, keys, rules, now_s)
        if self.rules.acr and claims.acr not in self.rules.acr:
            raise ProviderRefused("The provider has not asked as strictly as is needed here (acr).")
        if self.rules.amr and self.rules.amr.isdisjoint(claims.amr):
            raise ProviderRefused(
                "The provider has not asked for a second factor (amr).",
                advice="Log in there with a second factor.",
            )
        return Vouched(self.rules.issuer, self._subject(everything), flow.purpose, flow.session)

    def _subject(self, claims: dict[str, Any]) -> str:
        subject = claims.get(self.rules.claim)
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise ProviderRefused(f"The provider's token has no claim {self.rules.claim}.")
        return subject

    def _flow(self, kept: str) -> _Flow:
        try:
            sealed = from_text(kept)
            data = self._vault.open("oidc", self.rules.issuer, sealed)
            flow = msgspec.json.decode(data, type=_Flow)
        except (SealBroken, ValueError):
            raise ProviderRefused("This log-in was not begun in this browser.") from None
        if self._clock().timestamp() >= flow.until_s:
            raise ProviderRefused("This log-in was begun too long ago.", advice="Begin again.")
        return flow

    async def _exchange(self, found: _Discovery, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.rules.redirect,
            "code_verifier": verifier,
        }
        secret = self.rules.secret
        basic = None
        if secret is None:
            form["client_id"] = self.rules.client
        elif "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            # RFC 6749 section 2.3.1: both are form-encoded first.
            basic = (_encoded(self.rules.client), _encoded(secret))
        else:
            form |= {"client_id": self.rules.client, "client_secret": secret}
        status, data = await self._ask("POST", found.token_endpoint, form, basic)
        if 400 <= status < 500:
            raise ProviderRefused("The provider does not know this log-in any more.")
        if status != 200:
            raise ProviderUnavailable(f"The provider answers {status}.", retry_after_s=5)
        try:
            return msgspec.json.decode(data, type=_Tokens).id_token
        except (ValueError, RecursionError):
            raise ProviderUnavailable("The provider's answer has no ID token.") from None

    async def _discovery(self) -> _Discovery:
        async with self._fetching:
            if self._found is not None and self._monotonic() - self._found_s < _FRESH_S:
                return self._found
            url = f"{self.rules.issuer.rstrip('/')}/.well-known/openid-configuration"
            status, data = await self._ask("GET", url)
            try:
                found = msgspec.json.decode(data, type=_Discovery) if status == 200 else None
            except (ValueError, RecursionError):
                found = None
            if found is None or found.issuer != self.rules.issuer:
                raise ProviderUnavailable(
                    "The provider's document cannot be used.", advice="Compare `oidc-issuer`."
                )
            _check_url(found.authorization_endpoint, "authorization_endpoint", query=True)
            for name in ("token_endpoint", "jwks_uri"):
                self._check_host(getattr(found, name), name)
            methods = found.code_challenge_methods_supported
            if methods is not None and "S256" not in methods:
                raise ProviderUnavailable("The provider does not know PKCE with S256.")
            self._found, self._found_s = found, self._monotonic()
            return found

    async def _jwks(self, found: _Discovery, *, anew: bool = False) -> tuple[ProviderKey, ...]:
        async with self._fetching:
            age_s = self._monotonic() - self._keys_s
            if self._keys and age_s < (_KEYS_GAP_S if anew else _FRESH_S):
                return self._keys
            status, data = await self._ask("GET", found.jwks_uri)
            if status != 200:
                raise ProviderUnavailable(f"The provider's keys cannot be had ({status}).")
            try:
                self._keys = read_provider_keys(data, found.jwks_uri)
            except BadKey as error:
                raise ProviderUnavailable(f"The provider's keys: {error.message}") from None
            self._keys_s = self._monotonic()
            return self._keys

    def _check_host(self, url: str, name: str) -> None:
        _check_url(url, name, query=True)
        if urlsplit(url).netloc != urlsplit(self.rules.issuer).netloc:
            raise ProviderUnavailable(
                f"The provider's {name} is at another host, and only the issuer's is called."
            )

    async def _ask(
        self,
        method: str,
        url: str,
        form: dict[str, str] | None = None,
        basic: tuple[str, str] | None = None,
    ) -> tuple[int, bytes]:
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                httpx.AsyncClient(
                    transport=self._transport,
                    verify=self._tls if self._tls is not None else True,
                    timeout=TIMEOUT_S,
                    follow_redirects=False,
                    trust_env=False,
                ) as client,
                client.stream(
                    method, url, data=form, auth=basic, headers={"accept": "application/json"}
                ) as answer,
            ):
                data = bytearray()
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > ANSWER_BYTES_MAX:
                        raise ProviderUnavailable("The provider's answer is too large.")
                return answer.status_code, bytes(data)
        except (httpx.HTTPError, TimeoutError, ssl.SSLError) as error:
            raise ProviderUnavailable(
                f"The provider cannot be reached: {str(error) or type(error).__name__}.",
                retry_after_s=5,
                advice="If it stays so, a break-glass account logs in with its password.",
            ) from None


def _check_url(url: str, name: str, *, query: bool) -> None:
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        secure, parts = False, urlsplit("")
    if (
        not secure
        or not parts.hostname
        or parts.username is not None
        or parts.fragment
        or (parts.query and not query)
    ):
        raise ProviderUnavailable("An https:// address is expected.", advice=f"See {name}.")


def _encoded(text: str) -> str:
    return urlencode({"": text})[1:]
