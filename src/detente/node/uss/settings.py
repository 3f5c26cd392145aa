"""The settings of a node's USS: exchanges, tokens, the listener that other USSs call."""

# ruff: noqa: RUF009 - `setting` makes a dataclass field, like `dataclasses.field`

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from detente.node.base_settings import BaseSettings
from detente.settings import checks, setting, usual

_PLANNING: Final = "Planning: exchanges"
_USS: Final = "Planning: what other USSs call"
_TOKENS: Final = "Planning: tokens"
_COSTS: Final = "Planning: ways out"
_TEST: Final = "Planning: test mode"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
ONLY: Final = "exchange"
"""Name of an exchange that was given none."""


def split_exchange(text: str) -> tuple[str, str]:
    """Name and URL of `[NAME=]URL`."""
    name, equals, url = text.partition("=")
    if equals and _NAME.fullmatch(name):
        return name, url.rstrip("/")
    return ONLY, text.rstrip("/")


def _exchange(text: str) -> str | None:
    _, url = split_exchange(text)
    wrong = checks.http_url(url)
    if wrong is None and (urlsplit(url).query or urlsplit(url).fragment):
        return f"{url!r} has a query or a fragment."
    return wrong


def _exchange_area(text: str) -> str | None:
    name, equals, path = text.partition("=")
    if not equals or not _NAME.fullmatch(name) or not path:
        return f"{text!r} is not NAME=FILE; a name has lower-case letters, digits and hyphens."
    return None


def _base_url(text: str) -> str | None:
    if text.endswith("/"):
        return f"{text!r} ends in a slash."
    return checks.http_url(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings(BaseSettings):
    """What a node needs to plan; without `exchange` and `base_url` it does not."""

    exchange: tuple[str, ...] = setting(
        "Base URL of a DSS that plans are filed at, without /dss/v1. Several must be named "
        "(lower-case letters, digits, hyphens), and have an exchange-area each, or all but one.",
        default=(),
        group=_PLANNING,
        check=_exchange,
        metavar="[NAME=]URL",
    )
    exchange_area: tuple[str, ...] = setting(
        "GeoJSON file with the area of an exchange, polygons in degrees. A plan is filed at every "
        "exchange whose area it touches, in all of them or in none. Without one: everywhere.",
        default=(),
        group=_PLANNING,
        check=_exchange_area,
        metavar="NAME=FILE",
    )
    manager: str | None = setting(
        "Who we are at the exchanges: the sub of our tokens. The party's id if not given.",
        default=None,
        group=_PLANNING,
        check=checks.not_blank,
        metavar="NAME",
    )
    process_constraints: bool = setting(
        "Take constraints into account: subscribe to them, show them to operators, keep their "
        "OVNs in the key. Needs tokens with the scope utm.constraint_processing.",
        default=True,
        group=_PLANNING,
    )
    exchange_timeout: float = setting(
        "Seconds in which an exchange must have answered.",
        default=10.0,
        group=_PLANNING,
        above=0,
        maximum=120,
    )
    peer_timeout: float = setting(
        "Seconds in which another USS must have answered; F3548-21 expects 1 s of 95 %.",
        default=5.0,
        group=_PLANNING,
        above=0,
        maximum=60,
    )

    positions_lost_after: float = setting(
        "Seconds without a new position after which an operator is told that a flight in use tells "
        "none any more; flights that never told one are left to their operators. 0: never.",
        default=30.0,
        group=_PLANNING,
        minimum=0,
        maximum=3600,
    )
    declare_lost: bool = setting(
        "Declare such a flight Nonconforming, and Contingent after a minute, too.",
        default=False,
        group=_PLANNING,
    )
    settle_after: float = setting(
        "Seconds for which a request without an answer may still arrive at an exchange: before, an "
        "order whose end is not known is not believed to have come to nothing.",
        default=15.0,
        group=_PLANNING,
        minimum=0,
        maximum=3600,
    )

    base_url: str | None = setting(
        "What other USSs call us by: our listener as it is seen from outside, without a final "
        "slash. It is told to the exchanges.",
        default=None,
        group=_USS,
        check=_base_url,
        metavar="URL",
    )
    uss_host: str = usual.host(
        "Address that the listener for other USSs listens on; 0.0.0.0 or :: for all.",
        _USS,
        default="127.0.0.1",
    )
    uss_port: int = usual.port("Its TCP port; 0 takes any free one.", _USS, default=8095)
    uss_port_file: Path | None = usual.optional_file(
        "File that is told its port once connections are accepted.", _USS
    )
    uss_tls_cert: Path | None = usual.optional_file(
        "PEM certificate with its chain for that listener; with it HTTPS only.", _USS
    )
    uss_tls_key: Path | None = usual.optional_file("PEM private key of that certificate.", _USS)
    uss_ca: Path | None = usual.optional_file(
        "PEM certificates by which exchanges, other USSs and the servers of tokens and of their "
        "keys are believed, instead of the system's.",
        _USS,
    )
    auth_public_key: tuple[Path, ...] = setting(
        "PEM file with the RSA public key, or the certificate, that callers' tokens are verified "
        "with.",
        default=(),
        group=_USS,
        metavar="FILE",
    )
    jwks_url: str | None = setting(
        "URL of the JWKS document with the keys of the authorisation server.",
        default=None,
        group=_USS,
        check=checks.http_url,
        metavar="URL",
    )
    audience: tuple[str, ...] = setting(
        "Accepted value of the aud of callers' tokens; the host name of base-url if none is given.",
        default=(),
        group=_USS,
        check=checks.not_blank,
        metavar="NAME",
    )
    issuer: tuple[str, ...] = setting(
        "Accepted value of their iss; any if none is given.",
        default=(),
        group=_USS,
        check=checks.not_blank,
        metavar="NAME",
    )
    uss_requests_per_s: float = setting(
        "Requests a second of one caller (the sub of its token) for details, and as many notices; "
        "for three seconds' worth at once. Beyond, it is answered 429 with Retry-After.",
        default=200.0,
        group=_USS,
        minimum=1,
        maximum=100_000,
    )
    system_identity: str = setting(
        "Name this system answers to at /versioning/versions/{system_identity}.",
        default="detente.node",
        group=_USS,
        check=checks.not_blank,
        metavar="NAME",
    )

    token_command: str | None = setting(
        "Command that prints a token for $DETENTE_AUDIENCE with scope $DETENTE_SCOPE; it is run "
        "again before the token ends. No shell reads it.",
        default=None,
        group=_TOKENS,
        check=checks.not_blank,
        metavar="COMMAND",
    )
    token_key: Path | None = setting(
        "PEM file with an RSA private key: tokens are signed with it (RS256), by the node itself. "
        "For tests and pools without an authorisation server.",
        default=None,
        group=_TOKENS,
        metavar="FILE",
    )
    token_subject: str | None = setting(
        "The sub of tokens signed so; `manager` if not given.",
        default=None,
        group=_TOKENS,
        check=checks.not_blank,
        metavar="NAME",
    )
    token_issuer: str = setting(
        "The iss of tokens signed so.",
        default="detente-node",
        group=_TOKENS,
        check=checks.not_blank,
        metavar="NAME",
    )
    oauth_token_url: str | None = setting(
        "Token endpoint of an OAuth 2.0 server; tokens are got by client credentials, one for each "
        "audience and set of scopes.",
        default=None,
        group=_TOKENS,
        check=checks.http_url,
        metavar="URL",
    )
    oauth_client_id: str | None = setting(
        "The node's client id there.", default=None, group=_TOKENS, check=checks.not_blank
    )
    oauth_client_secret_file: Path | None = usual.optional_file(
        "File that holds the client's secret; it must be readable by its owner alone.", _TOKENS
    )
    oauth_credentials: Literal["header", "body"] = setting(
        "How the client shows id and secret: HTTP Basic, or in the form (RFC 6749 section 2.3.1).",
        default="header",
        group=_TOKENS,
    )

    cost_per_minute_late: float = setting(
        "What a minute of delay costs, against which ways out are compared; any unit.",
        default=1.0,
        group=_COSTS,
        minimum=0,
    )
    cost_per_minute_early: float = setting(
        "What a minute of an earlier start costs.", default=1.0, group=_COSTS, minimum=0
    )
    cost_per_100m_up: float = setting(
        "What 100 m higher cost.", default=2.0, group=_COSTS, minimum=0
    )
    cost_per_100m_down: float = setting(
        "What 100 m lower cost.", default=2.0, group=_COSTS, minimum=0
    )
    cost_per_km_sideways: float = setting(
        "What a kilometre sideways costs.", default=3.0, group=_COSTS, minimum=0
    )
    cost_per_km_longer: float = setting(
        "What a kilometre of longer way costs.", default=2.0, group=_COSTS, minimum=0
    )
    way_delay_minutes: int = setting(
        "Minutes by which a way out may be later than what was asked for, at most. The node asks "
        "exchanges and other USSs for all that is announced so much later: more than is needed "
        "makes refusals slow, and the record large.",
        default=90,
        group=_COSTS,
        minimum=0,
        maximum=1440,
    )
    way_advance_minutes: int = setting(
        "Minutes by which a way out may be earlier, at most.",
        default=90,
        group=_COSTS,
        minimum=0,
        maximum=1440,
    )
    way_aside_km: float = setting(
        "Kilometres to one side that a way out may go, at most.",
        default=10.0,
        group=_COSTS,
        minimum=0,
        maximum=50,
    )
    lowest_m: float | None = setting(
        "Metres above the WGS-84 ellipsoid below which no way out is proposed, such as the highest "
        "ground. Without it nothing is proposed that is lower than planned.",
        default=None,
        group=_COSTS,
        minimum=-1000,
        maximum=100_000,
    )
    highest_m: float | None = setting(
        "Metres above the WGS-84 ellipsoid above which no way out is proposed.",
        default=None,
        group=_COSTS,
        minimum=-1000,
        maximum=100_000,
    )

    allow_http_uss_urls: bool = setting(
        "Call exchanges and other USSs over http, and be called so. For tests only.",
        default=False,
        group=_TEST,
    )
    peer_allow_any: bool = setting(
        "Call any USS that an exchange names, also outside the agreement and on any network. For "
        "tests only: whoever may file at the exchange can then make this node call any address.",
        default=False,
        group=_TEST,
    )
    test_interfaces: bool = setting(
        "Offer the interfaces by which automated tests drive a USS (flight_planning v1). For tests "
        "only: whoever holds a token for them can plan, and clear whole areas.",
        default=False,
        group=_TEST,
    )

    ground: str | None = setting(
        "How high the ground is where tests plan: metres or feet such as `380..450 m AMSL` or "
        "`400 m W84`, or a grid file. Altitudes above the ground or the take-off are converted by "
        "it, to a volume that is large enough for all of it; without it they are not supported.",
        default=None,
        group=_TEST,
        check=checks.not_blank,
        metavar="HEIGHT",
    )
    geoid: str | None = setting(
        "How high mean sea level lies above the ellipsoid there, such as `47.1..47.9 m`, or a grid "
        "file: needed if the ground counts from mean sea level.",
        default=None,
        group=_TEST,
        check=checks.not_blank,
        metavar="HEIGHT",
    )

    @property
    def plans(self) -> bool:
        """Whether the node has a USS at all."""
        return bool(self.exchange) or self.base_url is not None

    @property
    def test_mode(self) -> tuple[str, ...]:
        """Which settings for tests only are on; to be said wherever the node says how it is."""
        named = ("allow_http_uss_urls", "peer_allow_any", "test_interfaces")
        return tuple(name.replace("_", "-") for name in named if getattr(self, name))
