"""Who sends a request: RS256 bearer tokens, verified by one function and remembered.

The rules are those of F3548-21 and RFC 7519, every failure is a 401 with a reason that tells
nothing of the token itself. `verify_token` is the only place of the package that trusts a
signature; the algorithm is pinned, and nothing a token says about where its key may be found is
looked at.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import msgspec
from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jws import JWSRegistry

from detente.http.endpoint import Caller
from detente.http.errors import Busy, Unauthorized
from detente.http.head import RequestHead
from detente.http.keys import JwksSource, VerificationKey

MAX_TOKEN_BYTES = 8 * 1024
MAX_LIFETIME_S = 3600
_ALGORITHM = "RS256"


class KeysUnavailable(Busy):
    """The keys that would tell cannot be fetched, so nothing is known of the token: 503."""

    code: ClassVar[str] = "auth.keys_unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token must say.

    `audiences`: one of them must be in `aud`. `issuers`: `iss` must be one of them; empty allows
    any. `leeway_s` is how far the clocks of issuer and server may disagree.
    """

    audiences: frozenset[str]
    issuers: frozenset[str] = frozenset()
    leeway_s: float = 5.0


class VerifiedToken(NamedTuple):
    """A token that holds, and the span of time it holds in (microseconds, leeway included)."""

    caller: Caller
    good_from_us: int
    good_until_us: int


class _Claims(msgspec.Struct):
    iss: str
    sub: str
    exp: float
    aud: str | list[str]
    scope: str = ""
    nbf: float | None = None
    iat: float | None = None


class _Header(msgspec.Struct):
    alg: str
    kid: str | None = None
    crit: msgspec.Raw | None = None
    b64: msgspec.Raw | None = None


class UnknownKey(Unauthorized):
    """No key at hand has signed this token; a newer set of keys might."""


_claims = msgspec.json.Decoder(_Claims)
_header = msgspec.json.Decoder(_Header)


class _Registry(JWSRegistry):
    max_header_length = 4096
    max_payload_length = MAX_TOKEN_BYTES

    def check_header(self, header: dict[str, object]) -> None:
        """`_read_header` has judged; all other members are ignored, as RFC 7515 section 4 asks."""


_registry = _Registry(algorithms=[_ALGORITHM])


def verify_token(
    token: bytes, keys: Sequence[VerificationKey], rules: TokenRules, now_us: int
) -> VerifiedToken:
    """Verify one compact JWS against `keys` and its claims against `rules` at `now_us`.

    Raises:
        UnknownKey: the token is well-formed, but no key verifies it.
        Unauthorized: anything else is wrong with it.
    """
    header = _read_header(token)
    payload = _verify_signature(token, header.kid, keys)
    try:
        claims = _claims.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = str(error) if isinstance(error, msgspec.ValidationError) else "not JSON"
        raise Unauthorized(f"The token's claims are not usable: {detail}.") from None
    return _judge(claims, rules, now_us)


def _read_header(token: bytes) -> _Header:
    if len(token) > MAX_TOKEN_BYTES:
        raise Unauthorized(f"The token is longer than {MAX_TOKEN_BYTES} bytes.")
    if token.count(b".") != 2:
        raise Unauthorized("The token is not a signed JWT.")
    try:
        header = _header.decode(_base64url(token.partition(b".")[0]))
    except (ValueError, RecursionError):  # msgspec's errors and UnicodeDecodeError are ValueErrors
        raise Unauthorized("The token's header cannot be read.") from None
    if header.alg != _ALGORITHM:
        raise Unauthorized(f"The token is not signed with {_ALGORITHM}.")
    if header.crit is not None or header.b64 is not None:
        raise Unauthorized("The token demands extensions that are not supported.")
    return header


def _base64url(text: bytes) -> bytes:
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _verify_signature(token: bytes, kid: str | None, keys: Sequence[VerificationKey]) -> bytes:
    named = [key for key in keys if kid is not None and key.kid == kid]
    for candidate in named or [key for key in keys if kid is None or key.kid is None]:
        try:
            found = jws.deserialize_compact(token, candidate.key, registry=_registry)
        except BadSignatureError:
            continue
        except (JoseError, ValueError, RecursionError):
            raise Unauthorized("The token is malformed.") from None
        payload = found.payload
        if payload is None:
            raise Unauthorized("The token is malformed.")
        return payload
    raise UnknownKey("The token's signature does not verify with any key this server trusts.")


def _judge(claims: _Claims, rules: TokenRules, now_us: int) -> VerifiedToken:
    now_s = now_us * 1e-6
    leeway_s = rules.leeway_s
    if not claims.sub:
        raise Unauthorized("The token's sub is empty.")
    if not claims.iss:
        raise Unauthorized("The token's iss is empty.")
    if rules.issuers and claims.iss not in rules.issuers:
        raise Unauthorized("The token's iss is not one this server accepts.")
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if rules.audiences.isdisjoint(audiences):
        wanted = " or ".join(sorted(rules.audiences))
        raise Unauthorized(f"The token's aud is not for this server; it must be {wanted}.")
    if claims.exp + leeway_s <= now_s:
        raise Unauthorized("The token has expired.")
    if claims.exp > now_s + MAX_LIFETIME_S + leeway_s:
        raise Unauthorized("The token's exp is more than one hour ahead.")
    good_from_s = 0.0
    for name, value in (("nbf", claims.nbf), ("iat", claims.iat)):
        if value is None:
            continue
        if value - leeway_s > now_s:
            raise Unauthorized(f"The token's {name} is in the future.")
        good_from_s = max(good_from_s, value - leeway_s)
    caller = Caller(claims.sub, frozenset(claims.scope.split()), claims.iss, int(claims.exp * 1e6))
    return VerifiedToken(caller, int(good_from_s * 1e6), int((claims.exp + leeway_s) * 1e6))


class TokenAuthenticator:
    """Verifies the `Authorization` header of requests; remembers the tokens that held.

    Only tokens that were verified are remembered, so nobody without a key can fill the memory. It
    is emptied when the keys change; a token found in it is still held against the clock.
    """

    def __init__(
        self,
        rules: TokenRules,
        *,
        pem_keys: Sequence[VerificationKey] = (),
        jwks: JwksSource | None = None,
        max_remembered: int = 4096,
    ) -> None:
        self._rules = rules
        self._pem_keys = tuple(pem_keys)
        self._jwks = jwks
        self._max_remembered = max_remembered
        self._remembered: OrderedDict[bytes, VerifiedToken] = OrderedDict()
        self._jwks_keys: tuple[VerificationKey, ...] = ()
        self._keys: tuple[VerificationKey, ...] = self._pem_keys

    def __len__(self) -> int:
        return len(self._remembered)

    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        """Who is calling, by the `Authorization` header.

        Raises:
            Unauthorized: there is no token, or it does not hold.
            KeysUnavailable: the keys have not been fetched, or too long ago.
        """
        header = request.authorization
        if not header:
            raise Unauthorized("A bearer token is required.", missing=True)
        keys = self._current_keys()
        known = self._remembered.get(header)
        if known is not None:
            if known.good_from_us <= now_us < known.good_until_us:
                self._remembered.move_to_end(header)
                return known.caller
            del self._remembered[header]
        scheme, _, token = header.partition(b" ")
        token = token.strip()
        if scheme.lower() != b"bearer" or not token:
            raise Unauthorized("A bearer token is required.", missing=True)
        try:
            verified = verify_token(token, keys, self._rules, now_us)
        except UnknownKey:
            verified = await self._verify_with_newer_keys(token, now_us)
        self._remembered[header] = verified
        if len(self._remembered) > self._max_remembered:
            self._remembered.popitem(last=False)
        return verified.caller

    async def _verify_with_newer_keys(self, token: bytes, now_us: int) -> VerifiedToken:
        if self._jwks is not None:
            await self._jwks.refresh_for_unknown_key()
            if not self._jwks.keys():
                raise KeysUnavailable(
                    "The keys of the token's issuer cannot be fetched.", retry_after_s=5
                )
        return verify_token(token, self._current_keys(), self._rules, now_us)

    def _current_keys(self) -> tuple[VerificationKey, ...]:
        if self._jwks is not None:
            keys = self._jwks.keys()
            if keys is not self._jwks_keys:
                self._jwks_keys = keys
                self._keys = (*self._pem_keys, *keys)
                self._remembered.clear()
        return self._keys
