"""Where a feed comes from, as one line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from .errors import FeedAddressUnusable


class Scheme(StrEnum):
    """How it comes."""

    TCP = "tcp"
    TLS = "tls"
    UDP = "udp"
    HTTP = "http"
    HTTPS = "https"
    FILE = "file"


_FORMS: Final = (
    "Write tcp://HOST:PORT, tls://HOST:PORT, udp://ADDRESS:PORT (multicast with "
    "?interface=ADDRESS), http(s)://HOST/PATH or file:///PATH."
)
_PORTS: Final = {Scheme.HTTP: 80, Scheme.HTTPS: 443}


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """Where a feed comes from.

    Attributes:
        scheme: how.
        host: name or IP address; for UDP the address that is listened at, or the group that is
            joined. Empty for files.
        port: 0 for files.
        path: of a file, or path and query of HTTP.
        interface: address of our own interface on which a group is joined; "" for any.
    """

    scheme: Scheme
    host: str = ""
    port: int = 0
    path: str = ""
    interface: str = ""

    @classmethod
    def parse(cls, text: str) -> FeedAddress:
        """Read one of the forms `tcp://`, `tls://`, `udp://`, `http://`, `https://`, `file://`.

        Raises:
            FeedAddressUnusable: it is none of them.
        """
        try:
            parts = urlsplit(text)
            scheme = Scheme(parts.scheme)
            port = parts.port
        except ValueError:
            raise _unusable("This is no address of a feed.", text) from None
        if parts.fragment or "@" in parts.netloc or not text.isprintable():
            raise _unusable("The address has a user, a fragment or odd characters.", text)
        if scheme is Scheme.FILE:
            return cls._file(parts.netloc, unquote(parts.path), parts.query, text)
        host = parts.hostname or ""
        port = port or _PORTS.get(scheme, 0)
        if not host or not port:
            raise _unusable("The address lacks its host or its port.", text)
        if scheme in _PORTS:
            query = f"?{parts.query}" if parts.query else ""
            return cls(scheme, host, port, (parts.path or "/") + query)
        if parts.path not in ("", "/"):
            raise _unusable("The address has a path.", text)
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        interface = given.pop("interface", "") if scheme is Scheme.UDP else ""
        if given:
            raise _unusable(f'"{next(iter(given))}" means nothing here.', text)
        if scheme is Scheme.UDP:
            for each in (host, interface):
                if each and not _is_ip(each):
                    raise _unusable(f'"{each}" is no IP address.', text)
        return cls(scheme, host, port, interface=interface)

    @classmethod
    def _file(cls, host: str, path: str, query: str, text: str) -> FeedAddress:
        if host not in ("", "localhost") or query or not path.startswith("/") or "\0" in path:
            raise _unusable("A file is named by its whole path on this machine.", text)
        return cls(Scheme.FILE, path=str(Path(path)))

    @property
    def is_multicast(self) -> bool:
        """Whether it is a group that has to be joined."""
        return self.scheme is Scheme.UDP and ip_address(self.host).is_multicast

    def __str__(self) -> str:
        if self.scheme is Scheme.FILE:
            return f"file://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        tail = f"?interface={self.interface}" if self.interface else self.path
        return f"{self.scheme}://{host}:{self.port}{tail}"


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _unusable(message: str, text: str) -> FeedAddressUnusable:
    return FeedAddressUnusable(message, where=text[:200], advice=_FORMS)
