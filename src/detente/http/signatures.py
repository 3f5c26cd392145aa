"""Signed requests between nodes: RFC 9421 with Content-Digest (RFC 9530), in one narrow form.

    Content-Digest: sha-256=:…:
    Signature-Input: line=("@method" "@authority" "@target-uri" "content-digest");
        created=…;keyid="…";alg="ed25519";expires=…;nonce="…";tag="line-v1"
    Signature: line=:…:

What RFC 9421 leaves open is closed here: one signature, these components in this order, all of
these parameters, one spelling. The signature says that the request is fresh and whose it is; what
it carries is proven by the signatures inside.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, cast

from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from detente.errors import DetenteError
from detente.http.nonces import NonceStore

COMPONENTS: Final = ("@method", "@authority", "@target-uri", "content-digest")
LABEL: Final = "line"
NONCE: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_PARAMETERS: Final = frozenset({"created", "expires", "nonce", "keyid", "tag", "alg"})
_FIELD_CHARACTERS_MAX: Final = 2048
_FIELDS: Final = ("content-digest", "signature-input", "signature")


class RequestSigner(Protocol):
    """Signs in the name of a key; the private key may be elsewhere."""

    @property
    def name(self) -> str:
        """Name of the key."""

    @property
    def public_key(self) -> bytes:
        """32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""


class RequestVerifier(Protocol):
    """A public key that is believed."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the message."""


class SignatureRefused(DetenteError):
    """A request is not signed as it has to be, or what was signed is something else."""

    code: ClassVar[str] = "signature.refused"


class SignatureKeyUnknown(SignatureRefused):
    """A request is signed with a key that is not one of the caller's."""

    code: ClassVar[str] = "signature.key"


class SignatureClock(SignatureRefused):
    """A request is well signed, at a time that our clock does not allow.

    Attributes:
        ahead_s: by how much the sender's clock, as the request tells it, is ahead of ours; negative
            if it is behind, or if the request was long on its way.
        now: our time.
    """

    code: ClassVar[str] = "signature.clock"

    def __init__(self, message: str, *, ahead_s: float, now: dt.datetime) -> None:
        super().__init__(
            message, advice="Compare both clocks with a time server; see the time in this answer."
        )
        self.ahead_s = ahead_s
        self.now = now


class SignatureReplayed(SignatureRefused):
    """A request was seen before, or may have been: its nonce is used, or older than our start."""

    code: ClassVar[str] = "signature.replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRules:
    """Both sides' rules for signed requests, in seconds.

    Attributes:
        tag: what the signature is for.
        lifetime_s: from creation to expiry, as signed by us; none longer is accepted.
        skew_s: by how much the clocks may differ.
    """

    tag: str = "line-v1"
    lifetime_s: int = 60
    skew_s: int = 30


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a good signature says."""

    key_name: str
    created: dt.datetime
    nonce: str


def sign_request(
    method: str,
    url: str,
    body: bytes,
    signer: RequestSigner,
    *,
    now: dt.datetime,
    nonce: str,
    rules: SignatureRules = SignatureRules(),
) -> dict[str, str]:
    """The three headers that sign a request; names in small letters.

    Args:
        method: in capitals.
        url: absolute, as it is called: see `PeerClient.url_of`.
        body: all of it; empty if there is none.
        signer: whose name becomes the `keyid`.
        now: aware.
        nonce: never used before: 16 to 64 characters of base64url, such as 128 random bits.

    Raises:
        SignatureRefused: the request cannot be signed: not such a method, URL or nonce.
    """
    if not NONCE.fullmatch(nonce):
        raise SignatureRefused("A nonce has 16 to 64 characters of base64url.")
    message = _Message(method, url, {})
    created = now.replace(microsecond=0)
    machine = HTTPMessageSigner(signature_algorithm=_Ed25519)
    try:
        prepared = machine.prepare(
            message,
            key_id=signer.name,
            created=created,
            expires=created + dt.timedelta(seconds=rules.lifetime_s),
            nonce=nonce,
            label=LABEL,
            tag=rules.tag,
            covered_component_ids=COMPONENTS[:3],
            body=body,
        )
        signature = signer.sign(prepared.signature_base)
        machine.apply(message, prepared, signature)
    except HTTPMessageSignaturesException as error:
        raise SignatureRefused(f"The request cannot be signed: {error}.") from None
    return {name.lower(): value for name, value in message.headers.items()}


def verify_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    authorities: Container[str],
    keys: Callable[[str], RequestVerifier | None],
    nonces: NonceStore,
    sender: str,
    now: dt.datetime,
    started: dt.datetime,
    rules: SignatureRules = SignatureRules(),
) -> SignedRequest:
    """What a request's signature says, if it is good, fresh and seen for the first time.

    Args:
        method: of the request line.
        url: absolute, as it was received: see `RequestHead.target_uri`.
        headers: names in small letters; several fields of a name joined with commas.
        body: all of it; None if the caller has its digest header checked elsewhere, as
            `Endpoint.digest` does.
        authorities: host names of ours, with the port if it is not 443.
        keys: the key of a name, if it is one of the sender's and in force now.
        nonces: of this server.
        sender: the party; only its own nonces count against it.
        now: our time.
        started: when `nonces` began to remember. What was created before is refused.

    Raises:
        SignatureKeyUnknown: the key is not one of the sender's.
        SignatureClock: too old, expired, or from the future; says by how much the clocks differ.
        SignatureReplayed: the nonce was used, or may have been.
        SignatureRefused: anything else; the message says what.
        NonceStoreFull: the sender sends more than is remembered.
    """
    authority = url.removeprefix("https://").partition("/")[0]
    if not url.startswith("https://") or authority not in authorities:
        raise SignatureRefused("The request is for another host.", where=authority[:100])
    fields = {}
    for name in _FIELDS:
        value = headers.get(name)
        if value is None:
            raise SignatureRefused(f"The header {name} is missing.")
        if len(value) > _FIELD_CHARACTERS_MAX:
            raise SignatureRefused(f"The header {name} is too long.")
        fields[name] = value
    resolver = _Keys(keys)
    machine = _Verifier(signature_algorithm=_Ed25519, key_resolver=resolver)
    try:
        found = machine.verify(
            _Message(method, url, fields), max_age=None, expect_tag=rules.tag, body=body
        )
    except InvalidSignature as error:
        if resolver.unknown is not None:
            raise SignatureKeyUnknown(
                f"The key {resolver.unknown[:100]!r} is not one of the caller's that is in force."
            ) from None
        raise SignatureRefused(f"The signature is not good: {error}.") from None
    except HTTPMessageSignaturesException as error:
        raise SignatureRefused(f"The signature cannot be checked: {error}.") from None
    (result,) = found
    parameters = result.parameters
    _check_form(result.covered_components, set(parameters), fields, result.label)
    created, expires = int(parameters["created"]), int(parameters["expires"])
    nonce = str(parameters["nonce"])
    _check_times(created, expires, nonce, now, rules)
    if created < started.timestamp():
        raise SignatureReplayed(
            "The request was signed before this node started; it may have been seen before.",
            advice="Sign it again.",
        )
    until_s = created + rules.lifetime_s + rules.skew_s + 1
    if not nonces.spend(sender, nonce, until_s, now.timestamp()):
        raise SignatureReplayed("A request with this nonce was seen before.", advice="Sign again.")
    return SignedRequest(
        str(parameters["keyid"]), dt.datetime.fromtimestamp(created, dt.UTC), nonce
    )


def _check_form(
    covered: Mapping[str, str], parameters: set[str], fields: Mapping[str, str], label: str
) -> None:
    names = list(covered)
    signed = covered['"@signature-params"']
    if names[:-1] != [f'"{name}"' for name in COMPONENTS]:
        raise SignatureRefused(f"It must cover exactly, in this order: {' '.join(COMPONENTS)}.")
    if parameters != _PARAMETERS:
        raise SignatureRefused(f"Its parameters must be exactly {', '.join(sorted(_PARAMETERS))}.")
    # One spelling: the label is not signed, and the same bytes can be written in several ways.
    if label != LABEL or fields["signature-input"] != f"{LABEL}={signed}":
        raise SignatureRefused("The header signature-input is not in its plain form.")
    if not re.fullmatch(rf"{LABEL}=:[A-Za-z0-9+/]{{85}}[AQgw]==:", fields["signature"]):
        raise SignatureRefused("The header signature is not in its plain form.")
    if not re.fullmatch(r"sha-256=:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=:", covered_digest(covered)):
        raise SignatureRefused("The header content-digest must hold one SHA-256 digest.")


def covered_digest(covered: Mapping[str, str]) -> str:
    """The digest that was signed."""
    return covered['"content-digest"']


def _check_times(
    created: int, expires: int, nonce: str, now: dt.datetime, rules: SignatureRules
) -> None:
    if not NONCE.fullmatch(nonce):
        raise SignatureRefused("Its nonce must have 16 to 64 characters of base64url.")
    if not created < expires <= created + rules.lifetime_s:
        raise SignatureRefused(f"It must expire within {rules.lifetime_s} s of its creation.")
    ahead_s = created - now.timestamp()
    if ahead_s > rules.skew_s:
        raise SignatureClock(
            f"It was signed {ahead_s:.0f} s in our future: the clocks differ.",
            ahead_s=ahead_s,
            now=now,
        )
    if now.timestamp() > expires + rules.skew_s:
        raise SignatureClock(
            f"It was signed {-ahead_s:.0f} s ago: it was long on its way, or the clocks differ.",
            ahead_s=ahead_s,
            now=now,
        )


@dataclass(slots=True)
class _Message:
    """A request as the library reads one."""

    method: str
    url: str
    headers: dict[str, str]


class _Ed25519(HTTPSignatureAlgorithm):
    """Verification by whoever is given as the public key; signing is done outside."""

    algorithm_id = "ed25519"

    def __init__(self, public_key: object = None, private_key: object = None) -> None:
        self._key = cast(RequestVerifier, public_key)

    def verify(self, signature: bytes, message: bytes) -> None:
        if not self._key.verify(message, signature):
            raise InvalidSignature("it is not the key's over this request")


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, keys: Callable[[str], RequestVerifier | None]) -> None:
        self._keys = keys
        self.unknown: str | None = None

    def resolve_public_key(self, key_id: str) -> RequestVerifier | None:
        found = self._keys(key_id)
        if found is None:
            self.unknown = key_id
        return found


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(
        self, sig_input: object, max_age: dt.timedelta | None = None
    ) -> None:
        """Nothing: times are judged by the clock that was given, once the signature is good."""
