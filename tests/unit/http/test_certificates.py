"""Certificates from an agreement's keys: who is let in, who is not, and what follows a change."""

from __future__ import annotations

import datetime as dt
import os
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.support.handshake import Ends, shake_hands

from detente.http import (
    CertificateUnusable,
    TransportIdentity,
    TrustAnchor,
    certified_peer,
)
from detente.http.certificates import VALID_AFTER, anchor_certificate, issue_certificate
from detente.http.mutual_tls import VERIFY_FLAGS
from detente.record import Ed25519Signer

NOW = dt.datetime.now(dt.UTC)
HOST_A, HOST_B = "node.a.example", "node.b.example"


def key(number: int) -> Ed25519Signer:
    return Ed25519Signer(f"key{number}", bytes([number]) * 32)


A, B, B_NEXT, STRANGER = key(1), key(2), key(3), key(9)


def anchor(party: str, signer: Ed25519Signer) -> TrustAnchor:
    return TrustAnchor(party, signer.public_key)


def identity(
    party: str,
    host: str,
    signer: Ed25519Signer,
    *anchors: TrustAnchor,
    now: dt.datetime = NOW,
) -> TransportIdentity:
    return TransportIdentity(party, [host], signer, lambda: now, anchors)


@pytest.fixture
def a() -> TransportIdentity:
    return identity("party-a", HOST_A, A, anchor("party-b", B))


@pytest.fixture
def b() -> TransportIdentity:
    return identity("party-b", HOST_B, B, anchor("party-a", A))


def call(client: TransportIdentity, server: TransportIdentity, host: str | None = HOST_B) -> Ends:
    return shake_hands(client.client_context("party-b"), server.server_context(), host)


def test_two_parties_of_an_agreement_meet(a: TransportIdentity, b: TransportIdentity) -> None:
    ends = call(a, b)
    assert ends.good
    assert ends.server_sees is not None
    assert ends.client_sees is not None
    seen = certified_peer(ends.server_sees, b.anchors)
    assert (seen.party, seen.issuing_key, seen.hosts) == ("party-a", A.public_key, (HOST_A,))
    assert certified_peer(ends.client_sees, a.anchors).party == "party-b"


def test_a_certificate_by_another_key_in_the_peers_name_is_refused(b: TransportIdentity) -> None:
    false_a = identity("party-a", HOST_A, STRANGER, anchor("party-b", B))
    ends = call(false_a, b)
    assert ends.server_sees is None
    assert isinstance(ends.server_error, ssl.SSLCertVerificationError)
    assert ends.client_error is not None
    assert ends.client_error.reason is not None
    assert "UNKNOWN_CA" in ends.client_error.reason


def test_a_server_by_another_key_is_refused(a: TransportIdentity) -> None:
    false_b = identity("party-b", HOST_B, STRANGER, anchor("party-a", A))
    ends = call(a, false_b)
    assert isinstance(ends.client_error, ssl.SSLCertVerificationError)


def test_a_third_party_cannot_stand_for_the_peer(a: TransportIdentity) -> None:
    a.trust([anchor("party-b", B), anchor("party-c", STRANGER)])
    # A good certificate of party C, even for a host of B, is none of B.
    c = identity("party-c", HOST_B, STRANGER, anchor("party-a", A))
    assert isinstance(call(a, c).client_error, ssl.SSLCertVerificationError)
    # Nor does C's key make one in B's name.
    c_as_b = identity("party-b", HOST_B, STRANGER, anchor("party-a", A))
    assert isinstance(call(a, c_as_b).client_error, ssl.SSLCertVerificationError)


def test_a_third_party_cannot_call_in_the_peers_name(b: TransportIdentity) -> None:
    b.trust([anchor("party-a", A), anchor("party-c", STRANGER)])
    c_as_a = identity("party-a", HOST_A, STRANGER, anchor("party-b", B))
    assert isinstance(call(c_as_a, b).server_error, ssl.SSLCertVerificationError)
    c = identity("party-c", HOST_A, STRANGER, anchor("party-b", B))
    ends = call(c, b)
    assert ends.good
    assert ends.server_sees is not None
    assert certified_peer(ends.server_sees, b.anchors).party == "party-c"


def test_the_host_name_must_be_in_the_certificate(
    a: TransportIdentity, b: TransportIdentity
) -> None:
    ends = call(a, b, "other.b.example")
    assert isinstance(ends.client_error, ssl.SSLCertVerificationError)
    assert ends.client_error.verify_code == 62


def test_several_keys_of_a_party_are_in_force_at_once(a: TransportIdentity) -> None:
    a.trust([anchor("party-b", B), anchor("party-b", B_NEXT)])
    for signer in (B, B_NEXT):
        server = identity("party-b", HOST_B, signer, anchor("party-a", A))
        ends = call(a, server)
        assert ends.good
        assert ends.client_sees is not None
        assert certified_peer(ends.client_sees, a.anchors).issuing_key == signer.public_key


def test_a_listener_follows_the_agreement_while_it_runs(
    a: TransportIdentity, b: TransportIdentity
) -> None:
    listening = b.server_context()
    calling = a.client_context("party-b")
    assert shake_hands(calling, listening, HOST_B).good
    b.trust([])
    assert not shake_hands(calling, listening, HOST_B).good
    b.trust([anchor("party-c", STRANGER), anchor("party-a", A)])
    assert shake_hands(calling, listening, HOST_B).good
    # Its own key is replaced: who was told of the new one only, gets the new certificate.
    b.renew(B_NEXT)
    assert not shake_hands(calling, listening, HOST_B).good
    a.trust([anchor("party-b", B_NEXT)])
    assert shake_hands(a.client_context("party-b"), listening, HOST_B).good


def test_what_a_caller_without_a_server_name_meets_is_the_same(b: TransportIdentity) -> None:
    a_ = identity("party-a", HOST_A, A, anchor("party-b", B))
    context = a_.client_context("party-b")
    context.check_hostname = False
    assert shake_hands(context, b.server_context(), None).good
    b.trust([])
    assert not shake_hands(context, b.server_context(), None).good


def test_a_caller_without_a_certificate_is_refused(b: TransportIdentity) -> None:
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    ends = shake_hands(anybody, b.server_context(), HOST_B)
    assert ends.server_error is not None
    assert ends.server_error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE"


def test_only_tls_13_is_spoken(a: TransportIdentity, b: TransportIdentity) -> None:
    older = a.client_context("party-b")
    older.minimum_version = ssl.TLSVersion.TLSv1_2
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    assert shake_hands(older, b.server_context(), HOST_B).server_error is not None


def test_no_session_is_resumed(b: TransportIdentity) -> None:
    assert b.server_context().num_tickets == 0


@pytest.mark.parametrize("days", [-20, -2, 0.9, 20])
def test_clocks_may_be_wrong_by_a_day_behind_or_weeks_ahead(
    days: float, b: TransportIdentity
) -> None:
    # `a` lives `days` from now; OpenSSL judges by the real time: 0.9 days ahead is within the day
    # before which a certificate is valid, and certificates from 20 days ago are still good.
    caller = identity("party-a", HOST_A, A, anchor("party-b", B), now=NOW + dt.timedelta(days=days))
    ends = call(caller, b)
    assert ends.good == (days < 1)
    if not ends.good:
        assert isinstance(ends.server_error, ssl.SSLCertVerificationError)
        assert ends.server_error.verify_code == 9


@pytest.mark.parametrize(
    "flags",
    [
        VERIFY_FLAGS,
        # What `ssl.create_default_context` sets from Python 3.13 on.
        ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_TRUSTED_FIRST,
        ssl.VERIFY_DEFAULT,
    ],
)
def test_the_defaults_of_every_python_come_to_the_same(
    flags: ssl.VerifyFlags, a: TransportIdentity, b: TransportIdentity
) -> None:
    calling = a.client_context("party-b")
    calling.verify_flags = flags
    assert shake_hands(calling, b.server_context(), HOST_B).good
    false_b = identity("party-b", HOST_B, STRANGER, anchor("party-a", A))
    assert not shake_hands(calling, false_b.server_context(), HOST_B).good


def test_flags_are_said_outright(a: TransportIdentity, b: TransportIdentity) -> None:
    assert a.client_context("party-b").verify_flags == VERIFY_FLAGS
    assert b.server_context().verify_flags == VERIFY_FLAGS


def test_a_peers_certificate_cannot_issue_others(b: TransportIdentity) -> None:
    # The holder of A's transport key makes a certificate below its own.
    upper = issue_certificate("party-a", [HOST_A], A, NOW)
    parent = x509.load_der_x509_certificate(upper.certificate)
    lower = issue_certificate("party-a", [HOST_A], STRANGER, NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    handle = os.memfd_create("chain")
    os.write(handle, lower.pem + parent.public_bytes(Encoding.PEM))
    context.load_cert_chain(f"/proc/self/fd/{handle}")
    os.close(handle)
    assert shake_hands(context, b.server_context(), HOST_B).server_error is not None


def test_each_renewal_is_another_key_and_number() -> None:
    first, second = (issue_certificate("party-a", [HOST_A], A, NOW) for _ in range(2))
    one, two = (x509.load_der_x509_certificate(each.certificate) for each in (first, second))
    assert one.serial_number != two.serial_number
    assert one.public_key() != two.public_key()
    assert first.not_after == (NOW + VALID_AFTER).replace(microsecond=0)


def test_an_anchor_is_the_same_whoever_makes_it_and_differs_by_key() -> None:
    assert anchor_certificate(anchor("party-a", A)) == anchor_certificate(anchor("party-a", A))
    assert anchor_certificate(anchor("party-a", A)) != anchor_certificate(anchor("party-a", B))


def test_the_private_key_is_not_shown() -> None:
    made = issue_certificate("party-a", [HOST_A], A, NOW)
    assert "PRIVATE" not in repr(made)
    assert b"BEGIN PRIVATE KEY" in made.pem


@pytest.mark.parametrize(
    "certificate",
    [
        b"",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x84\xff\xff\xff\xff",
        b"x" * 20_000,
        anchor_certificate(TrustAnchor("party-a", A.public_key)),
    ],
)
def test_what_is_no_transport_certificate_is_refused(certificate: bytes) -> None:
    with pytest.raises(CertificateUnusable):
        certified_peer(certificate, [anchor("party-a", A)])


def test_a_certificate_counts_for_its_own_party_only() -> None:
    made = issue_certificate("party-a", [HOST_A], A, NOW).certificate
    assert certified_peer(made, [anchor("party-b", B), anchor("party-a", A)]).party == "party-a"
    # The same key in force for another party: the name in the certificate decides, and must match.
    with pytest.raises(CertificateUnusable):
        certified_peer(made, [anchor("party-b", A)])
    with pytest.raises(CertificateUnusable):
        certified_peer(made, [anchor("party-a", B)])


class _Liar(Ed25519Signer):
    def sign(self, message: bytes) -> bytes:
        return B.sign(message)


def test_a_signer_that_signs_with_another_key_is_found_out() -> None:
    with pytest.raises(CertificateUnusable, match="not by the key"):
        issue_certificate("party-a", [HOST_A], _Liar("key1", b"\1" * 32), NOW)


def test_a_party_without_hosts_or_keys_has_no_connection(a: TransportIdentity) -> None:
    with pytest.raises(CertificateUnusable, match="no host"):
        issue_certificate("party-a", [], A, NOW)
    with pytest.raises(CertificateUnusable, match="No key"):
        a.client_context("party-c")
    with pytest.raises(CertificateUnusable, match="32 bytes"):
        anchor_certificate(TrustAnchor("party-a", b"short"))


def test_a_renewal_that_fails_leaves_everything_as_it_was(
    a: TransportIdentity, b: TransportIdentity
) -> None:
    with pytest.raises(CertificateUnusable):
        b.renew(_Liar("key1", b"\1" * 32))
    assert call(a, b).good
