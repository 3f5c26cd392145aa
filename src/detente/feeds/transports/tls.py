"""TLS to a feed: whom to believe, and who we are."""

from __future__ import annotations

import hashlib
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .errors import FeedAddressUnusable, FeedTlsFailed

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What a TLS feed needs, as PEM files.

    Attributes:
        authorities: certificates that are believed; those of the system if not given.
        certificate, key: our own, where the other side wants one.
        server_name: the name that its certificate must have; that of the address if empty.
        fingerprint: SHA-256 of its certificate (hex, colons allowed). If given, exactly that
            certificate is believed, whatever name it has and whoever signed it: for servers whose
            certificate names no host, as is usual with TAK.
    """

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str = ""
    fingerprint: str = ""


class FeedTls:
    """The client's side of TLS 1.2 and later.

    Raises:
        FeedAddressUnusable: the files cannot be used.
    """

    def __init__(self, files: TlsFiles) -> None:
        self.server_name = files.server_name
        self._fingerprint = files.fingerprint.replace(":", "").lower()
        if self._fingerprint and not _FINGERPRINT.fullmatch(self._fingerprint):
            raise FeedAddressUnusable(
                "The fingerprint is not 64 hex digits.",
                where=files.fingerprint[:100],
                advice="Take it from: openssl x509 -in CERT.pem -noout -fingerprint -sha256.",
            )
        self.context = _context(files, pinned=bool(self._fingerprint))

    def check(self, certificate: bytes | None, where: str) -> None:
        """Whether it is who is meant; to be asked after the handshake, before anything is read.

        Raises:
            FeedTlsFailed: another certificate than the pinned one.
        """
        if not self._fingerprint:
            return
        found = hashlib.sha256(certificate or b"").hexdigest()
        if found != self._fingerprint:
            raise FeedTlsFailed(
                f"Its certificate has the fingerprint {found}, not the one that is set.",
                where=where,
                advice="If the server has a new certificate, have its fingerprint confirmed by "
                "whoever runs it.",
            )


def _context(files: TlsFiles, *, pinned: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if pinned:
        # Exactly one certificate is believed: see `check`.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    where = files.authorities or files.certificate
    try:
        if files.authorities is not None:
            context.load_verify_locations(files.authorities)
        elif not pinned:
            context.load_default_certs()
        where = files.certificate
        if files.certificate is not None:
            context.load_cert_chain(files.certificate, files.key)
    except OSError as error:  # ssl.SSLError is one
        raise FeedAddressUnusable(
            f"The certificate or key cannot be used: {error.strerror or error}.",
            where=str(where),
            advice="Give PEM files, the certificate with its chain.",
        ) from None
    return context
