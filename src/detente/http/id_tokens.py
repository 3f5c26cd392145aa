"""ID tokens of an OpenID provider (OpenID Connect Core 1.0 section 3.1.3.7), verified.

As with access tokens: algorithms are pinned, keys come from the provider's own document, and
nothing that a token says about where its key may be found is looked at.
"""

from __future__ import annotations

import hmac
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

import msgspec
from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError, SecurityWarning
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from detente.http.errors import Unauthorized
from detente.http.keys import JWKS_MAX_KEYS, BadKey

ALGORITHMS: Final = ("RS256", "ES256")
"""RS256 is what every provider has (OpenID Connect Core section 15.1)."""

TOKEN_BYTES_MAX: Final = 16 * 1024
_LIFETIME_MAX_S: Final = 24 * 3600


class IdTokenRefused(Unauthorized):
    """An ID token is malformed, not signed by its issuer, or not for this login: 401."""

    code: ClassVar[str] = "auth.id_token"


class ProviderKey(NamedTuple):
    """One public key of a provider, for one algorithm."""

    kid: str | None
    algorithm: str
    key: RSAKey | ECKey


class IdTokenRules(NamedTuple):
    """What a token must say.

    Attributes:
        issuer: `iss`, exactly.
        client: our client id: `aud` holds it, and `azp` is it.
        nonce: of this login.
        leeway_s: how far the clocks of provider and node may disagree.
        max_age_s: how long ago the person may have proved identity to the provider (`auth_time`);
            None if it does not matter.
    """

    issuer: str
    client: str
    nonce: str
    leeway_s: float = 30.0
    max_age_s: float | None = None


class IdToken(msgspec.Struct, frozen=True):
    """The claims that are looked at; `claims` holds all of them."""

    iss: str
    sub: str
    exp: float
    iat: float
    aud: str | list[str]
    nonce: str = ""
    azp: str | None = None
    auth_time: float | None = None
    acr: str | None = None
    amr: list[str] = msgspec.field(default_factory=list)


class _Header(msgspec.Struct):
    alg: str
    kid: str | None = None
    crit: Any = None
    b64: Any = None


class _Registry(JWSRegistry):
    max_header_length = 4096
    max_payload_length = TOKEN_BYTES_MAX

    def check_header(self, header: dict[str, object]) -> None:
        """`_read_header` has judged; all other members are ignored (RFC 7515 section 4)."""


_registry: Final = _Registry(algorithms=list(ALGORITHMS))
_claims: Final = msgspec.json.Decoder(IdToken)
_header: Final = msgspec.json.Decoder(_Header)
_KeyKind = type[RSAKey] | type[ECKey]
_KEYS: Final[Mapping[str, tuple[str, _KeyKind, tuple[str, ...]]]] = {
    "RSA": ("RS256", RSAKey, ("n", "e")),
    "EC": ("ES256", ECKey, ("crv", "x", "y")),
}
_CURVES: Final = {"EC": "P-256"}


class _Jwk(msgspec.Struct):
    kty: str
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    crv: str = ""
    n: str = ""
    e: str = ""
    x: str = ""
    y: str = ""


class _Jwks(msgspec.Struct):
    keys: list[_Jwk]


def read_provider_keys(data: bytes, source: str) -> tuple[ProviderKey, ...]:
    """The keys of a JWKS document that can verify ID tokens; others are passed over.

    Raises:
        BadKey: it is not a JWKS document, holds too many keys, or none that can be used.
    """
    try:
        document = msgspec.json.decode(data, type=_Jwks)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadKey(f"This is not a JWKS document: {error}.", where=source) from None
    if len(document.keys) > JWKS_MAX_KEYS:
        raise BadKey(f"There are more than {JWKS_MAX_KEYS} keys in it.", where=source)
    found = tuple(key for jwk in document.keys if (key := _provider_key(jwk)) is not None)
    if not found:
        raise BadKey(f"There is no key for {', '.join(ALGORITHMS)} in it.", where=source)
    return found


def _provider_key(jwk: _Jwk) -> ProviderKey | None:
    if jwk.kty not in _KEYS or jwk.use not in (None, "sig"):
        return None
    algorithm, kind, members = _KEYS[jwk.kty]
    if jwk.alg not in (None, algorithm) or jwk.crv != _CURVES.get(jwk.kty, jwk.crv):
        return None
    # Private members and x5c, x5u are left behind.
    values: dict[str, str | list[str]] = {name: str(getattr(jwk, name)) for name in members}
    values["kty"] = jwk.kty
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SecurityWarning)
            key = kind.import_key(values)
    except (JoseError, ValueError, TypeError, SecurityWarning):
        return None
    return ProviderKey(jwk.kid, algorithm, key)


class UnknownProviderKey(IdTokenRefused):
    """No key at hand has signed this token; a newer set of keys might."""


def verify_id_token(
    token: str, keys: Sequence[ProviderKey], rules: IdTokenRules, now_s: float
) -> tuple[IdToken, dict[str, Any]]:
    """An ID token's claims, as far as they are looked at here, and all of them.

    Raises:
        UnknownProviderKey: it is well-formed, but no key verifies it.
        IdTokenRefused: anything else is wrong with it.
    """
    header = _read_header(token)
    payload = _verified(token, header, keys)
    try:
        claims = _claims.decode(payload)
        everything = msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise IdTokenRefused("The ID token's claims are not usable.") from None
    _judge(claims, rules, now_s)
    return claims, everything


def _read_header(token: str) -> _Header:
    if len(token) > TOKEN_BYTES_MAX or not token.isascii() or token.count(".") != 2:
        raise IdTokenRefused("The ID token is not a signed JWT of a usable size.")
    head = token.partition(".")[0]
    try:
        header = _header.decode(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError):
        raise IdTokenRefused("The ID token's header cannot be read.") from None
    if header.alg not in ALGORITHMS:
        raise IdTokenRefused(f"The ID token is not signed with {' or '.join(ALGORITHMS)}.")
    if header.crit is not None or header.b64 is not None:
        raise IdTokenRefused("The ID token demands extensions that are not supported.")
    return header


def _verified(token: str, header: _Header, keys: Sequence[ProviderKey]) -> bytes:
    # A key verifies the algorithm that it is for, and no other.
    fitting = [key for key in keys if key.algorithm == header.alg]
    named = [key for key in fitting if header.kid is not None and key.kid == header.kid]
    for candidate in named or [key for key in fitting if header.kid is None or key.kid is None]:
        try:
            found = jws.deserialize_compact(token, candidate.key, registry=_registry)
        except BadSignatureError:
            continue
        except (JoseError, ValueError, RecursionError):
            break
        if found.payload is not None:
            return found.payload
    raise UnknownProviderKey("The ID token is not signed with a key of its issuer.")


def _judge(claims: IdToken, rules: IdTokenRules, now_s: float) -> None:
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if claims.iss != rules.issuer:
        raise IdTokenRefused("The ID token is another issuer's.")
    if rules.client not in audiences:
        raise IdTokenRefused("The ID token is for another client.")
    if claims.azp != rules.client and (claims.azp is not None or len(audiences) > 1):
        raise IdTokenRefused("The ID token was issued to another client.")
    if not claims.sub or len(claims.sub) > 255:
        raise IdTokenRefused("The ID token's subject is empty or too long.")
    if not hmac.compare_digest(claims.nonce.encode(), rules.nonce.encode()):
        raise IdTokenRefused("The ID token belongs to another login.")
    if claims.exp + rules.leeway_s <= now_s:
        raise IdTokenRefused("The ID token has expired.")
    if claims.iat - rules.leeway_s > now_s or claims.iat < now_s - _LIFETIME_MAX_S:
        raise IdTokenRefused("The ID token was not issued now; compare the clocks.")
    if rules.max_age_s is not None and (
        claims.auth_time is None or claims.auth_time + rules.max_age_s + rules.leeway_s < now_s
    ):
        raise IdTokenRefused("The provider has not asked who you are just now.")
