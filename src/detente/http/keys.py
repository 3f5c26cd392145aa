"""The public keys that tokens are verified with: PEM files, and a JWKS document kept fresh."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, NamedTuple

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import RSAKey

from detente.errors import DetenteError

logger = logging.getLogger(__name__)

MIN_KEY_BITS = 1000
"""Shorter keys are refused. The key of the public F3548 test suites has 1023 bits."""
GOOD_KEY_BITS = 2048
"""Shorter keys are accepted from files, with a warning, and never from a JWKS document."""

JWKS_MAX_BYTES = 256 * 1024
JWKS_MAX_KEYS = 64
JWKS_TIMEOUT_S = 5.0


class BadKey(DetenteError):
    """A key file, or a key document, cannot be used. `where` is the file or the URL."""

    code: ClassVar[str] = "auth.key"


class VerificationKey(NamedTuple):
    """One RSA public key; `kid` is None for a key from a PEM file, which serves any `kid`."""

    kid: str | None
    key: RSAKey
    bits: int
    source: str


def load_pem_key(path: Path) -> VerificationKey:
    """Read an RSA public key, or the key of an X.509 certificate, from a PEM file.

    Raises:
        BadKey: the file cannot be read or holds something else.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadKey(f"The key file cannot be read: {error.strerror}.", where=str(path)) from None
    if b"PRIVATE KEY" in data:
        raise BadKey(
            "This is a private key.",
            where=str(path),
            advice="Give the public half only, and keep the private one with the issuer of tokens.",
        )
    try:
        public: object = (
            x509.load_pem_x509_certificate(data).public_key()
            if b"BEGIN CERTIFICATE" in data
            else load_pem_public_key(data)
        )
    except ValueError:
        raise BadKey(
            "There is no PEM public key or certificate in this file.",
            where=str(path),
            advice="It must begin with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----.",
        ) from None
    if not isinstance(public, RSAPublicKey):
        raise BadKey("The key is not an RSA key; tokens are signed with RS256.", where=str(path))
    if public.key_size < MIN_KEY_BITS:
        raise BadKey(f"The key has only {public.key_size} bits.", where=str(path))
    if public.key_size < GOOD_KEY_BITS:
        logger.warning("%s: the key has only %d bits; use it for tests only", path, public.key_size)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # said above, once, with the file's name
        key = RSAKey.import_key(pem)
    return VerificationKey(None, key, public.key_size, str(path))


class _Jwk(msgspec.Struct):
    kty: str
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    n: str = ""
    e: str = ""


class _Jwks(msgspec.Struct):
    keys: list[_Jwk]


def parse_jwks(data: bytes, source: str) -> list[VerificationKey]:
    """The RS256 verification keys of a JWKS document (RFC 7517); other keys are passed over.

    Raises:
        BadKey: it is not a JWKS document, holds too many keys, or none that can be used.
    """
    try:
        document = msgspec.json.decode(data, type=_Jwks)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadKey(f"This is not a JWKS document: {error}.", where=source) from None
    if len(document.keys) > JWKS_MAX_KEYS:
        raise BadKey(f"There are more than {JWKS_MAX_KEYS} keys in it.", where=source)
    found: list[VerificationKey] = []
    for jwk in document.keys:
        if jwk.kty != "RSA" or jwk.use not in (None, "sig") or jwk.alg not in (None, "RS256"):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", SecurityWarning)
                key = RSAKey.import_key({"kty": "RSA", "n": jwk.n, "e": jwk.e})
        except (JoseError, ValueError, SecurityWarning):
            logger.warning("%s: key %r passed over: malformed or too short", source, jwk.kid)
            continue
        found.append(VerificationKey(jwk.kid, key, key.raw_value.key_size, source))
    if not found:
        raise BadKey("There is no RSA key for RS256 signatures in it.", where=source)
    return found


class JwksSource:
    """The keys of one JWKS URL, fetched each `interval_s` by `run`, and at once for a new key id.

    Keys stay usable for `grace_s` after the last good fetch, so an outage of the issuer does not
    become one of ours. A failed fetch changes nothing. Redirects and proxies from the environment
    are not followed: the address that was configured is the one that is asked. `context` says by
    which certificates it is believed; the system's if not given.
    """

    def __init__(
        self,
        url: str,
        *,
        interval_s: float = 60.0,
        grace_s: float = 3600.0,
        min_gap_s: float = 5.0,
        context: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self._interval_s = interval_s
        self._grace_s = grace_s
        self._min_gap_s = min_gap_s
        self._context = context
        self._transport = transport
        self._monotonic = monotonic
        self._keys: tuple[VerificationKey, ...] = ()
        self._document = b""
        self._fetched_s: float | None = None
        self._asked_s: float | None = None
        self._fetching: asyncio.Task[bool] | None = None
        self.last_error: str | None = None

    def keys(self) -> tuple[VerificationKey, ...]:
        """The keys that are good now; none before the first fetch or after the grace.

        The same tuple comes back for as long as the document does not change.
        """
        if self._fetched_s is None or self._monotonic() - self._fetched_s > self._grace_s:
            return ()
        return self._keys

    async def refresh(self) -> bool:
        """Fetch now, or wait for the fetch under way. False if it failed (see `last_error`)."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch())
        return await asyncio.shield(self._fetching)

    async def refresh_for_unknown_key(self) -> bool:
        """Fetch because a token names a key we lack; False if the last fetch is too fresh.

        The gap keeps made-up key ids from turning this server against the issuer.
        """
        under_way = self._fetching is not None and not self._fetching.done()
        recent = self._asked_s is not None and self._monotonic() - self._asked_s < self._min_gap_s
        if recent and not under_way:
            return False
        return await self.refresh()

    async def run(self) -> None:
        """Refresh for ever; to be run as a task."""
        while True:
            await self.refresh()
            await asyncio.sleep(self._interval_s)

    async def _fetch(self) -> bool:
        self._asked_s = self._monotonic()
        try:
            async with asyncio.timeout(JWKS_TIMEOUT_S):
                document = await self._download()
                if document != self._document:
                    self._keys = tuple(parse_jwks(document, self.url))
                    self._document = document
        except TimeoutError:
            return self._failed(f"no answer within {JWKS_TIMEOUT_S:g} seconds")
        except httpx.HTTPError as error:
            return self._failed(str(error) or type(error).__name__)
        except BadKey as error:
            return self._failed(error.message)
        self._fetched_s = self._monotonic()
        if self.last_error is not None:
            logger.info("JWKS %s: fetched again", self.url)
        self.last_error = None
        return True

    def _failed(self, reason: str) -> bool:
        self.last_error = reason
        logger.warning("JWKS %s could not be fetched: %s", self.url, reason)
        return False

    async def _download(self) -> bytes:
        async with (
            httpx.AsyncClient(
                verify=True if self._context is None else self._context,
                transport=self._transport,
                timeout=JWKS_TIMEOUT_S,
                follow_redirects=False,
                trust_env=False,
            ) as client,
            client.stream("GET", self.url, headers={"accept": "application/json"}) as answer,
        ):
            if answer.status_code != 200:
                raise BadKey(f"the answer was {answer.status_code}, not 200", where=self.url)
            data = bytearray()
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > JWKS_MAX_BYTES:
                    raise BadKey(
                        f"the document is larger than {JWKS_MAX_BYTES} bytes", where=self.url
                    )
            return bytes(data)
