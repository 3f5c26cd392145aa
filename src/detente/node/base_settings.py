"""The settings of a node but those of planning: officers, peers, storage, load."""

# ruff: noqa: RUF009 - `setting` makes a dataclass field, like `dataclasses.field`

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from detente.settings import checks, setting, usual

_OFFICERS: Final = "Officers' interface"
_LOGIN: Final = "Login"
_PEERS: Final = "Line to the peers"
_STORAGE: Final = "Storage"
_PACE: Final = "Pace"
_LOAD: Final = "Load"
_OBSERVE: Final = "Observation"


def _network(text: str) -> str | None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        return f"{error}."
    return None


def _connect_to(text: str) -> str | None:
    from detente.errors import DetenteError
    from detente.http import ConnectTo

    try:
        ConnectTo.parse(text)
    except DetenteError as error:
        return str(error)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseSettings:
    """What every node needs; see `detente.node.settings.NodeSettings`."""

    api_host: str = usual.host(
        "Address that the officers' interface listens on; 0.0.0.0 or :: for all.",
        _OFFICERS,
        default="127.0.0.1",
    )
    api_port: int = usual.port("Its TCP port; 0 takes any free one.", _OFFICERS, default=8090)
    api_port_file: Path | None = usual.optional_file(
        "File that is told its port once connections are accepted.", _OFFICERS
    )
    api_tls_cert: Path | None = usual.optional_file(
        "PEM certificate with its chain for the officers' interface; with it HTTPS only.",
        _OFFICERS,
    )
    api_tls_key: Path | None = usual.optional_file(
        "PEM private key of that certificate.", _OFFICERS
    )
    public_origin: str | None = setting(
        "Origin under which browsers see the officers' interface, if a proxy is in between: "
        "requests that change something must come from it.",
        default=None,
        group=_OFFICERS,
        check=checks.origin,
        metavar="URL",
    )
    max_streams: int = setting(
        "Streams of events that officers may have open at one time.",
        default=400,
        group=_OFFICERS,
        minimum=1,
    )

    idle_lock: float = setting(
        "Seconds without use after which a session is locked: it still shows the watch, and does "
        "nothing until its officer has logged in again.",
        default=900.0,
        group=_LOGIN,
        above=0,
    )
    session_max: float = setting(
        "Seconds after which a session ends in any case.",
        default=12 * 3600.0,
        group=_LOGIN,
        above=0,
    )
    step_up: float = setting(
        "Seconds for which a renewed proof of identity is good for signing.",
        default=300.0,
        group=_LOGIN,
        above=0,
    )
    oidc_issuer: str | None = setting(
        "Issuer of an OpenID Connect provider that officers log in with.",
        default=None,
        group=_LOGIN,
        check=checks.https_url,
        metavar="URL",
    )
    oidc_client_id: str | None = setting(
        "The node's client id there.", default=None, group=_LOGIN, check=checks.not_blank
    )
    oidc_client_secret_file: Path | None = usual.optional_file(
        "File that holds the client's secret; it must be readable by its owner alone.", _LOGIN
    )
    oidc_claim: str = setting(
        "Claim of the provider's token that holds the officer's id.",
        default="sub",
        group=_LOGIN,
        check=checks.not_blank,
    )
    oidc_ca: Path | None = usual.optional_file(
        "PEM certificates by which the provider is believed, instead of the system's.", _LOGIN
    )

    peer_host: str = usual.host(
        "Address that the line listens on for the peers' nodes.",
        _PEERS,
        default="0.0.0.0",  # noqa: S104 - mutual TLS by the agreement's keys guards it
    )
    peer_port: int = usual.port(
        "Its TCP port; 0 takes any free one. Peers call the address in the agreement.",
        _PEERS,
        default=8443,
    )
    peer_port_file: Path | None = usual.optional_file(
        "File that is told its port once connections are accepted.", _PEERS
    )
    peer_network: tuple[str, ...] = setting(
        "Address range in which peers may be called although it is private or local.",
        default=(),
        group=_PEERS,
        check=_network,
        metavar="CIDR",
    )
    connect_to: tuple[str, ...] = setting(
        "Where a host of the agreement is reached instead of what the DNS says: HOST:PORT=ADDRESS:"
        "PORT. The address must still be one that may be called.",
        default=(),
        group=_PEERS,
        check=_connect_to,
        metavar="MAP",
    )
    witness_ca: Path | None = usual.optional_file(
        "PEM certificates by which the agreement's neutral witnesses are believed, instead of the "
        "system's.",
        _PEERS,
    )
    pull: tuple[str, ...] = setting(
        "Id of a peer that cannot call us, or that we cannot accept calls from: what it has for "
        "us is fetched.",
        default=(),
        group=_PEERS,
        metavar="PARTY",
    )
    max_peer_body_bytes: int = setting(
        "Largest body that a peer may send, in bytes; an envelope and its batch must fit.",
        default=4 << 20,
        group=_PEERS,
        minimum=1 << 20,
    )

    database: str | None = usual.database("the log, if it is not in the directory", _STORAGE)
    free_bytes_min: int = setting(
        "Free bytes on the disk below which the node warns and takes no attachments.",
        default=256 << 20,
        group=_STORAGE,
        minimum=0,
    )

    watch_every: float = setting(
        "Seconds between entries that state how the line is; changes are stated at once.",
        default=60.0,
        group=_PACE,
        above=0,
    )
    witness_every: float = setting(
        "Seconds between checkpoints for which the peers' witnesses are asked.",
        default=10.0,
        group=_PACE,
        above=0,
    )
    shutdown_timeout: int = usual.shutdown_timeout(_PACE, default=10)

    max_in_flight: int = setting(
        "Requests of officers at work at one time; beyond it they are told to come again.",
        default=128,
        group=_LOAD,
        minimum=1,
    )
    rate_limit: float = setting(
        "Requests a second that one officer may make, on average.",
        default=50.0,
        group=_LOAD,
        above=0,
    )
    rate_burst: int = setting(
        "Requests that one officer may make at once.", default=200, group=_LOAD, minimum=1
    )
    max_body_bytes: int = setting(
        "Largest body of an officer's request, attachments apart, in bytes.",
        default=1 << 20,
        group=_LOAD,
        minimum=1024,
    )
    max_attachment_bytes: int = setting(
        "Largest attachment, in bytes.", default=32 << 20, group=_LOAD, minimum=1024
    )

    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "What is logged.", default="info", group=_OBSERVE
    )
    log_format: Literal["json", "text"] = setting(
        "How it is logged, on standard error.", default="json", group=_OBSERVE
    )
    metrics: Literal["off", "loopback", "public"] = setting(
        "Who reads /metrics of the officers' interface without a session: programs on this machine "
        "(loopback; nobody if there is a public-origin, since then a proxy stands in between), or "
        "everybody. Who may see the node's state may read them unless they are off.",
        default="loopback",
        group=_OBSERVE,
    )
