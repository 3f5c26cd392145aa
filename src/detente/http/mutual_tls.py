"""Mutual TLS 1.3 of one party: contexts that follow the agreement while they live."""

from __future__ import annotations

import datetime as dt
import os
import ssl
from collections.abc import Callable, Sequence
from typing import Final

from detente.http.certificates import (
    CertificateSigner,
    CertificateUnusable,
    TransportCertificate,
    TrustAnchor,
    anchor_certificate,
    issue_certificate,
)

# Said outright, because what is set by default differs from one Python to the next. Strict: what
# RFC 5280 wants of certificates, which ours fulfil.
VERIFY_FLAGS: Final = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_TRUSTED_FIRST


class TransportIdentity:
    """A party's own end of every connection: its certificate, and what it believes of others.

    Everything made here follows `renew` and `trust`: for connections made from then on.

    Args:
        party: id in the agreement.
        hosts: its own, as the agreement names them.
        signer: its signing key.
        clock: aware wall clock.
        anchors: signing keys of the other parties that are in force.

    Raises:
        CertificateUnusable: see `issue_certificate`.
    """

    def __init__(
        self,
        party: str,
        hosts: Sequence[str],
        signer: CertificateSigner,
        clock: Callable[[], dt.datetime],
        anchors: Sequence[TrustAnchor] = (),
    ) -> None:
        self._party = party
        self._hosts = tuple(hosts)
        self._signer = signer
        self._clock = clock
        self._anchors = tuple(anchors)
        self._certificate = issue_certificate(party, hosts, signer, clock())
        self._inner = self._server()
        # Believes nobody, and has no certificate: what is not replaced in the handshake fails.
        self._outer = _bare_server()
        self._outer.sni_callback = self._choose

    @property
    def anchors(self) -> tuple[TrustAnchor, ...]:
        """Keys that are believed now."""
        return self._anchors

    @property
    def not_after(self) -> dt.datetime:
        """When our certificate ends; `renew` long before that, daily for example."""
        return self._certificate.not_after

    def renew(
        self, signer: CertificateSigner | None = None, hosts: Sequence[str] | None = None
    ) -> None:
        """A new transport key and certificate; by another signing key, for other hosts, if given.

        Clients keep the context they have: give them that of `client_context` anew.

        Raises:
            CertificateUnusable: see `issue_certificate`; the old one stays in use.
        """
        signer = signer or self._signer
        hosts = tuple(hosts) if hosts is not None else self._hosts
        self._certificate = issue_certificate(self._party, hosts, signer, self._clock())
        self._signer, self._hosts = signer, hosts
        self._inner = self._server()

    def trust(self, anchors: Sequence[TrustAnchor]) -> None:
        """Believe these keys, and no others, from the next connection on."""
        self._anchors = tuple(anchors)
        self._inner = self._server()

    def server_context(self) -> ssl.SSLContext:
        """For the listener: always the same, while what it does follows `renew` and `trust`."""
        return self._outer

    def client_context(self, peer: str) -> ssl.SSLContext:
        """For calls to one peer: believes the keys of that party only, as of now.

        Raises:
            CertificateUnusable: no key of that party is believed.
        """
        believed = [anchor for anchor in self._anchors if anchor.party == peer]
        if not believed:
            raise CertificateUnusable("No key of the party is believed.", where=peer)
        context = _bare(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = True
        return _filled(context, self._certificate, believed)

    def _server(self) -> ssl.SSLContext:
        return _filled(_bare_server(), self._certificate, self._anchors)

    def _choose(
        self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _: ssl.SSLContext
    ) -> None:
        # Called in each handshake, with or without a name: what is believed now, and by which
        # certificate, is decided here, and a context in use is never changed.
        connection.context = self._inner


def _bare(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags = VERIFY_FLAGS
    return context


def _bare_server() -> ssl.SSLContext:
    context = _bare(ssl.PROTOCOL_TLS_SERVER)
    # A resumed session would not ask again whether the key is believed.
    context.num_tickets = 0
    return context


def _filled(
    context: ssl.SSLContext, certificate: TransportCertificate, anchors: Sequence[TrustAnchor]
) -> ssl.SSLContext:
    _load(context, certificate.pem)
    for anchor in anchors:
        context.load_verify_locations(cadata=anchor_certificate(anchor))
    return context


def _load(context: ssl.SSLContext, pem: bytes) -> None:
    # `ssl` reads certificates from files only; this one is never on a disk.
    handle = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        with os.fdopen(handle, "wb", closefd=False) as file:
            file.write(pem)
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
