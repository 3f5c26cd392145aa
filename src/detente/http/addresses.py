"""Which hosts and IP addresses may be called. Pure: nothing is resolved here.

A party that may call whatever a peer names can be used against its own network (server-side request
forgery). So a name has one spelling, and every address it stands for is looked at before a
connection is made to exactly that address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import ClassVar, Final
from urllib.parse import urlsplit

from detente.errors import DetenteError

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# RFC 3986 pchar, with escapes, as segments and query; what is written is what is sent and signed.
_PCHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})"
_PATH = re.compile(rf"(?:/{_PCHAR}*)+")
_QUERY = re.compile(rf"(?:{_PCHAR}|[/?])*")
# An escaped dot, slash or backslash is a step upwards to some servers.
_DISGUISED = re.compile(r"%(?:2E|2F|5C|00)")
_URL_CHARACTERS_MAX: Final = 4096


class UrlRefused(DetenteError):
    """A URL, host name or path is not one that may be called, or not written in its one way."""

    code: ClassVar[str] = "egress.url"


class AddressRefused(DetenteError):
    """A host stands for an IP address that must not be called.

    Attributes:
        address: the one that was refused first.
    """

    code: ClassVar[str] = "egress.address_refused"

    def __init__(self, message: str, *, address: str, where: str | None = None) -> None:
        super().__init__(
            message,
            where=where,
            advice="If the peer is on a private network on purpose, allow its range with "
            "`peer-network`.",
        )
        self.address = address


class NetworkRefused(DetenteError):
    """A range of addresses, or a pinned address, cannot be set as it is."""

    code: ClassVar[str] = "egress.network"


# IANA special-purpose registries (RFC 6890 and its updates). A list of our own, because what
# `ipaddress` holds to be global differs from one Python to the next, and because an address that
# carries another one inside is "global" there.
_NOT_PUBLIC_4: Final = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared between carriers"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_GLOBAL_6: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("::1/128", "loopback"),
        ("64:ff9b::/96", "a translation of an IPv4 address"),
        ("64:ff9b:1::/48", "a translation of an IPv4 address"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
    )
)
# No setting opens these: nobody can be reached under them who is meant.
_NEVER: Final = tuple(
    ip_network(network)
    for network in ("0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8")
)
_NAT64: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_PREFIX_MIN: Final = {4: 8, 6: 7}


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Public addresses, and the networks that an operator opens on top.

    Args:
        networks: ranges that are allowed although they are not public, such as that of a VPN or,
            for a trial, `127.0.0.0/8`. At least a /8 (IPv4) or /7 (IPv6).

    Raises:
        NetworkRefused: a range is too wide to have been meant.
    """

    networks: tuple[IpNetwork, ...] = ()

    def __post_init__(self) -> None:
        for network in self.networks:
            if network.prefixlen < _PREFIX_MIN[network.version]:
                raise NetworkRefused(
                    f"The range is wider than a /{_PREFIX_MIN[network.version]}.",
                    where=str(network),
                    advice="Name the network in which the peer is.",
                )

    @classmethod
    def of(cls, networks: Sequence[str]) -> AddressPolicy:
        """From texts such as `10.20.0.0/16`.

        Raises:
            NetworkRefused: one is no range, has bits set beyond its prefix, or is too wide.
        """
        found: list[IpNetwork] = []
        for text in networks:
            try:
                found.append(ip_network(text))
            except ValueError as error:
                raise NetworkRefused(f"It is no range of addresses: {error}.", where=text) from None
        return cls(tuple(found))

    def check(self, address: str, where: str | None = None) -> IpAddress:
        """The address, if it may be called; an IPv4 address inside IPv6 (`::ffff:…`) unwrapped.

        Args:
            address: as a resolver gives it.
            where: the host it stands for, for the message.

        Raises:
            AddressRefused: says what kind of address it is.
        """
        try:
            found = ip_address(address)
        except ValueError:
            raise AddressRefused(
                "What the name stands for is no IP address.", address=address, where=where
            ) from None
        if isinstance(found, IPv6Address) and found.scope_id is not None:
            raise AddressRefused(
                f"{found} is bound to a network interface.", address=address, where=where
            )
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        wrong = self._wrong(found)
        if wrong is not None:
            raise AddressRefused(
                f"{found} is {wrong}; it is not called.", address=address, where=where
            )
        return found

    def _wrong(self, found: IpAddress) -> str | None:
        if any(found in network for network in _NEVER):
            return "no address of a host"
        if any(found in network for network in self.networks):
            inside = _translated(found)
            # Behind a translator the address inside is the one that is called.
            return self._wrong(inside) if inside is not None else None
        if isinstance(found, IPv4Address):
            return next((what for network, what in _NOT_PUBLIC_4 if found in network), None)
        what = next((what for network, what in _NOT_PUBLIC_6 if found in network), None)
        if what is None and found not in _GLOBAL_6:
            return "not assigned to anybody"
        return what


def _translated(found: IpAddress) -> IPv4Address | None:
    if isinstance(found, IPv6Address) and any(found in network for network in _NAT64):
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return None


def check_host_name(host: str) -> str:
    """The host, if it is a DNS name in its one spelling: small ASCII letters, no final dot.

    IP addresses are refused in every notation (decimal, octal, hexadecimal, shortened): a
    certificate is made out to a name. International names are written as `xn--…`.

    Raises:
        UrlRefused: it is not.
    """
    where = repr(host[:80])
    if not host.isascii():
        raise UrlRefused(
            "The name is not in ASCII; international ones begin with xn--.", where=where
        )
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise UrlRefused(
            "This is no host name: labels of small letters, digits and hyphens, with single dots "
            "between.",
            where=where,
        )
    # What ends in a number is an address to some programs (WHATWG URL, inet_aton).
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        raise UrlRefused("This is an IP address, not a name.", where=where)
    return host


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """Where a peer's node is: host, port and the beginning of every path."""

    host: str
    port: int
    prefix: str
    authority: str = field(init=False)

    def __post_init__(self) -> None:
        port = "" if self.port == 443 else f":{self.port}"
        object.__setattr__(self, "authority", f"{self.host}{port}")

    @classmethod
    def parse(cls, url: str) -> BaseUrl:
        """Read `https://host[:port][/prefix]`.

        Raises:
            UrlRefused: another scheme, a user, a query, a fragment, an IP address, an odd path.
        """
        where = url[:200]
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise UrlRefused("This is no URL.", where=where) from None
        if parts.scheme != "https" or not url.startswith("https://"):
            raise UrlRefused("Peers are called over https only.", where=where)
        if "@" in parts.netloc or "?" in url or "#" in url:
            raise UrlRefused("The URL has a user, a query or a fragment.", where=where)
        host, separator, digits = parts.netloc.partition(":")
        if separator and (port is None or port == 0 or digits != str(port)):
            raise UrlRefused("The port is not a plain number from 1 to 65535.", where=where)
        prefix = parts.path.rstrip("/")
        found = cls(check_host_name(host), port or 443, prefix)
        # urlsplit drops line breaks and tabs: what it made must be what was written.
        if url.rstrip("/") not in (found.url, f"https://{host}:443{prefix}"):
            raise UrlRefused("The URL is not in its plain form.", where=where)
        if prefix:
            check_path(prefix)
        return found

    @property
    def url(self) -> str:
        """In its one spelling, without a final slash."""
        return f"https://{self.authority}{self.prefix}"

    def is_under(self, other: BaseUrl) -> bool:
        """Whether it is at that address, or below it."""
        return (self.host, self.port) == (other.host, other.port) and (
            f"{self.prefix}/".startswith(f"{other.prefix}/")
        )

    def target(self, path: str) -> str:
        """Path and query as they stand in the request line.

        Raises:
            UrlRefused: see `check_path`.
        """
        return check_path(self.prefix + path if path.startswith("/") else path)


def check_path(path: str) -> str:
    """A path with an optional query, if it can be read in one way only.

    Raises:
        UrlRefused: it does not begin with a slash, has dot segments, escaped dots or slashes, or
            characters that RFC 3986 does not allow.
    """
    plain, separator, query = path.partition("?")
    segments = plain.split("/")
    if (
        len(path) > _URL_CHARACTERS_MAX
        or not _PATH.fullmatch(plain)
        or plain.startswith("//")
        or "." in segments
        or ".." in segments
        or _DISGUISED.search(plain)
        or (separator and not _QUERY.fullmatch(query))
    ):
        raise UrlRefused("This path can be read in more than one way.", where=repr(path[:80]))
    return path


@dataclass(frozen=True, slots=True)
class ConnectTo:
    """Where a host of the agreement is reached, instead of asking for its addresses.

    Attributes:
        host, port: as the agreement names them.
        address: an IP address.
        at: the TCP port there.
    """

    host: str
    port: int
    address: str
    at: int

    @classmethod
    def parse(cls, text: str) -> ConnectTo:
        """Read `HOST:PORT=ADDRESS:PORT`; an IPv6 address stands in brackets.

        Raises:
            NetworkRefused: it is not of that form.
            UrlRefused: the host is no host name.
        """
        named, _, reached = text.partition("=")
        host, _, port = named.rpartition(":")
        address, _, address_port = reached.rpartition(":")
        inner = address[1:-1] if address.startswith("[") and address.endswith("]") else address
        try:
            found = ip_address(inner)
            numbers = [_port(port), _port(address_port)]
        except ValueError:
            numbers, found = [], None
        if found is None or (found.version == 6) != (inner != address):
            raise NetworkRefused(
                "It is not of the form HOST:PORT=ADDRESS:PORT.",
                where=text[:120],
                advice="Write it like node.a.example:443=10.0.0.7:8443.",
            )
        return cls(check_host_name(host), numbers[0], str(found), numbers[1])


def _port(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text) or int(text) > 65535:
        raise ValueError(text)
    return int(text)
