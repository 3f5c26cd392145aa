"""Certificates for mutual TLS, made from the keys of an agreement: no authority stands above them.

Each start makes a P-256 key in memory, and the party's signing key certifies it (X.509, Ed25519)
for the party's hosts. What a peer trusts is built from the public key that the agreement names: a
certificate of that key, which nobody signed, since nobody checks what an anchor says of itself. A
key that leaves the agreement thus takes every certificate with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from detente.errors import DetenteError

VALID_BEFORE: Final = dt.timedelta(days=1)
VALID_AFTER: Final = dt.timedelta(days=30)
"""Generous: a wrong clock is told by signed requests, to the second, and must not end the line."""

_CERTIFICATE_BYTES_MAX: Final = 16 * 1024
# AlgorithmIdentifier of Ed25519 (RFC 8410): SEQUENCE { OID 1.3.101.112 }.
_ED25519_ALGORITHM: Final = bytes.fromhex("300506032b6570")
_ALWAYS: Final = (
    dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
)


class CertificateSigner(Protocol):
    """A party's signing key; the private half may be elsewhere."""

    @property
    def name(self) -> str:
        """Name of the key."""

    @property
    def public_key(self) -> bytes:
        """32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""


class CertificateUnusable(DetenteError):
    """A transport certificate cannot be made, or is none that a party's key has issued."""

    code: ClassVar[str] = "tls.certificate"


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """A signing key of a party, as the agreement names it. A party may have several."""

    party: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class CertifiedPeer:
    """Who a transport certificate is for, and which key says so.

    Attributes:
        party: its id in the agreement.
        issuing_key: 32 bytes; whether it is in force now is for the server to ask on each request.
        hosts: names that the certificate is for.
        serial: tells its certificates apart.
        not_after: end of its validity.
    """

    party: str
    issuing_key: bytes
    hosts: tuple[str, ...]
    serial: int
    not_after: dt.datetime


@dataclass(frozen=True, slots=True)
class TransportCertificate:
    """A certificate and its private key; the key is in memory only.

    Attributes:
        pem: both, secret.
        certificate: DER.
        not_after: when it ends.
    """

    pem: bytes
    certificate: bytes
    not_after: dt.datetime

    def __repr__(self) -> str:
        return f"TransportCertificate(not_after={self.not_after!r})"


def issue_certificate(
    party: str,
    hosts: Sequence[str],
    signer: CertificateSigner,
    now: dt.datetime,
) -> TransportCertificate:
    """A fresh key, and a certificate for it by the party's signing key.

    Valid from one day before `now` to thirty days after.

    Args:
        party: id in the agreement; becomes the issuer.
        hosts: names in the agreement, at least one; all become names of the subject.

    Raises:
        CertificateUnusable: no host, or the signer's signature is not that of its public key.
    """
    if not hosts:
        raise CertificateUnusable("The party has no host to make a certificate for.", where=party)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(party, "transport"))
        .issuer_name(_name(party))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID_BEFORE)
        .not_valid_after(now + VALID_AFTER)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            ),
            critical=False,
        )
        .add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, hosts))), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(_public(signer.public_key)),
            critical=False,
        )
    )
    der = _signed(builder, signer)
    made = x509.load_der_x509_certificate(der)
    pem = made.public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return TransportCertificate(pem, der, made.not_valid_after_utc)


def anchor_certificate(anchor: TrustAnchor) -> bytes:
    """What makes TLS trust the certificates of a key, as DER. The same key gives the same bytes.

    It is a certificate of the key, for direct issue only, valid for ever: the agreement, asked on
    each request, is what ends it. Its signature is zero: that of an anchor is checked by nobody.

    Raises:
        CertificateUnusable: the public key has not 32 bytes.
    """
    public = _public(anchor.public_key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(anchor.party))
        .issuer_name(_name(anchor.party))
        .public_key(public)
        # Tells the anchors of one party apart, and is not secret.
        .serial_number(int.from_bytes(anchor.public_key[:16], "big") | 1)
        .not_valid_before(_ALWAYS[0])
        .not_valid_after(_ALWAYS[1])
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    return _with_signature(_to_be_signed(builder), bytes(64))


def certified_peer(certificate: bytes, anchors: Sequence[TrustAnchor]) -> CertifiedPeer:
    """Whose certificate it is, by the one anchor whose key signed it.

    TLS has checked validity and use already; this asks again which key it was, with the library
    that checks all other signatures.

    Args:
        certificate: DER, of the peer's end of the connection.
        anchors: every key that may have issued it.

    Raises:
        CertificateUnusable: it is no such certificate, or by no anchor.
    """
    return _certified_peer(certificate, tuple(anchors))


@lru_cache(maxsize=256)
def _certified_peer(certificate: bytes, anchors: tuple[TrustAnchor, ...]) -> CertifiedPeer:
    if len(certificate) > _CERTIFICATE_BYTES_MAX:
        raise CertificateUnusable("The certificate is too large.")
    try:
        found = x509.load_der_x509_certificate(certificate)
        algorithm = found.signature_algorithm_oid
        issuers = found.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = tuple(names.get_values_for_type(x509.DNSName))
    except (ValueError, x509.ExtensionNotFound, UnsupportedAlgorithm) as error:
        raise CertificateUnusable(f"It is no transport certificate: {error}.") from None
    if algorithm != SignatureAlgorithmOID.ED25519 or len(issuers) != 1:
        raise CertificateUnusable("It is no transport certificate: not by a party's key.")
    party = str(issuers[0].value)
    for anchor in anchors:
        if anchor.party == party and _is_signed(found, anchor.public_key):
            return CertifiedPeer(
                party, anchor.public_key, hosts, found.serial_number, found.not_valid_after_utc
            )
    raise CertificateUnusable("It is by no key that is believed.", where=party[:80])


def _is_signed(certificate: x509.Certificate, public_key: bytes) -> bool:
    if len(certificate.signature) != 64:
        return False
    try:
        crypto_sign_open(certificate.signature + certificate.tbs_certificate_bytes, public_key)
    except BadSignatureError:
        return False
    return True


def _signed(builder: x509.CertificateBuilder, signer: CertificateSigner) -> bytes:
    content = _to_be_signed(builder)
    signature = signer.sign(content)
    der = _with_signature(content, signature)
    if not _is_signed(x509.load_der_x509_certificate(der), signer.public_key):
        raise CertificateUnusable(
            "The signature is not by the key it is said to be.", where=signer.name
        )
    return der


def _to_be_signed(builder: x509.CertificateBuilder) -> bytes:
    # The builder gives the content only with a signature, by a key it can use itself. One that is
    # thrown away does: the content does not depend on it, but for the algorithm.
    return builder.sign(ed25519.Ed25519PrivateKey.generate(), None).tbs_certificate_bytes


def _with_signature(content: bytes, signature: bytes) -> bytes:
    return _der(0x30, content + _ED25519_ALGORITHM + _der(0x03, b"\0" + signature))


def _der(tag: int, data: bytes) -> bytes:
    if len(data) < 0x80:
        return bytes([tag, len(data)]) + data
    length = len(data).to_bytes((len(data).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + data


def _public(public_key: bytes) -> ed25519.Ed25519PublicKey:
    try:
        return ed25519.Ed25519PublicKey.from_public_bytes(public_key)
    except ValueError:
        raise CertificateUnusable("A signing key has 32 bytes.") from None


def _name(party: str, unit: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, party)]
    if unit is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name(parts)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
