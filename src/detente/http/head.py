"""What is known of a request before its body: the line, the headers, and who is on the other side.

It is a view of the server's own record of the request. What is not asked for is not computed: most
endpoints need one header of it, or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import NameOID

Scope = MutableMapping[str, Any]
"""The record of a request that an ASGI server makes."""

EXTENSION = "detente"
"""Where in the scope's `extensions` our own server leaves the `Connection`."""


@dataclass(frozen=True)
class PeerCertificate:
    """The certificate that the other side of a TLS connection has shown, once it was verified.

    The TLS library has verified the chain against the anchors that it was given. Which of a party's
    keys made the certificate is told by `signed_by`, for certain, and by `issuer_key_id`, which the
    certificate only says.
    """

    der: bytes

    @cached_property
    def _parsed(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the certificate (DER), hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def issuer(self) -> str:
        """Common name of the issuer; "" if it has none, or several."""
        return _common_name(self._parsed.issuer)

    @cached_property
    def subject(self) -> str:
        """Common name of the subject; "" if it has none, or several."""
        return _common_name(self._parsed.subject)

    @cached_property
    def issuer_key_id(self) -> bytes | None:
        """The key identifier of its issuer that the certificate names (RFC 5280 4.2.1.1)."""
        try:
            found = self._parsed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        except x509.ExtensionNotFound:
            return None
        return found.value.key_identifier

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """Names and addresses that it was issued for (subjectAltName), in lower case."""
        try:
            found = self._parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            return ()
        names = found.value.get_values_for_type(x509.DNSName)
        addresses = found.value.get_values_for_type(x509.IPAddress)
        return (*(name.lower() for name in names), *(str(address) for address in addresses))

    @property
    def not_after_us(self) -> int:
        """The end of its validity, microseconds since the Unix epoch."""
        return int(self._parsed.not_valid_after_utc.timestamp() * 1_000_000)

    def signed_by(self, public_key: bytes) -> bool:
        """Whether this Ed25519 key (32 bytes) made the certificate's signature."""
        try:
            key = Ed25519PublicKey.from_public_bytes(public_key)
            key.verify(self._parsed.signature, self._parsed.tbs_certificate_bytes)
        except (InvalidSignature, ValueError):
            return False
        return True


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if len(found) == 1 else ""


class Connection(Protocol):
    """What our own server tells of a connection, and does with it, beyond ASGI."""

    @property
    def peer(self) -> PeerCertificate | None:
        """The certificate of the other side, if it was asked for and shown."""
        ...

    @property
    def stalled(self) -> bool:
        """Whether the client does not take what was written."""
        ...

    def streaming(self, *, small: bool) -> None:
        """A stream begins: notice a dead client; with `small`, let little wait in the kernel."""
        ...

    def cut(self) -> None:
        """Close at once; what was not sent is lost."""
        ...


class RequestHead:
    """A request without its body."""

    __slots__ = ("_headers", "_scope", "authorization")

    def __init__(self, scope: Scope, authorization: bytes | None = None) -> None:
        self._scope = scope
        self._headers: Mapping[str, str] | None = None
        self.authorization = authorization
        """The value of the `Authorization` header, as it was sent."""

    @classmethod
    def of(
        cls,
        method: str = "GET",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        *,
        query: str = "",
        scheme: str = "https",
        peer: PeerCertificate | None = None,
        address: str = "127.0.0.1",
    ) -> RequestHead:
        """One that no server has received: for tests, and for who checks a request elsewhere."""
        raw = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in (headers or {}).items()
        ]
        scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "scheme": scheme,
            "headers": raw,
            "client": (address, 0) if address else None,
            "extensions": {EXTENSION: _Offline(peer)},
        }
        return cls(scope, dict(raw).get(b"authorization"))

    @property
    def method(self) -> str:
        """As it was sent."""
        method: str = self._scope["method"]
        return method

    @property
    def path(self) -> str:
        """As it was sent, percent-encoded, without the query."""
        raw: bytes = self._scope.get("raw_path") or self._scope["path"].encode()
        return raw.decode("latin-1")

    @property
    def query(self) -> str:
        """As it was sent, percent-encoded, without the question mark."""
        raw: bytes = self._scope.get("query_string", b"")
        return raw.decode("latin-1")

    @property
    def scheme(self) -> str:
        """`http` or `https`, as this server received it."""
        scheme: str = self._scope.get("scheme") or "http"
        return scheme

    @property
    def target_uri(self) -> str:
        """The address that was asked for (RFC 9421 `@target-uri`), after the `Host` header."""
        query = self.query
        host = self.headers.get("host", "")
        return f"{self.scheme}://{host}{self.path}" + (f"?{query}" if query else "")

    @property
    def headers(self) -> Mapping[str, str]:
        """All headers, names in lower case; those of one name are joined (RFC 9110 section 5.3)."""
        if self._headers is None:
            found: dict[str, str] = {}
            raw: Sequence[tuple[bytes, bytes]] = self._scope["headers"]
            for name_bytes, value_bytes in raw:
                name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1").strip()
                if name in found:
                    joint = "; " if name == "cookie" else ", "
                    value = f"{found[name]}{joint}{value}"
                found[name] = value
            self._headers = found
        return self._headers

    @property
    def connection(self) -> Connection | None:
        """The connection, when our own server received the request."""
        extensions = self._scope.get("extensions")
        found: Connection | None = extensions.get(EXTENSION) if extensions else None
        return found

    @property
    def peer(self) -> PeerCertificate | None:
        """The certificate that the client showed, verified; None without mutual TLS."""
        connection = self.connection
        return None if connection is None else connection.peer

    @property
    def address(self) -> str:
        """The IP address that the request came from; "" if it is not known."""
        client: tuple[str, int] | None = self._scope.get("client")
        return client[0] if client else ""


class _Offline:
    """The connection of a request that none brought."""

    def __init__(self, peer: PeerCertificate | None) -> None:
        self.peer = peer
        self.stalled = False

    def streaming(self, *, small: bool) -> None:
        pass

    def cut(self) -> None:
        pass
