"""The settings of an exchange. Options, variables, file keys and the manual follow from this."""

# ruff: noqa: RUF009 - `setting` makes a dataclass field, like `dataclasses.field`

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from detente.settings import Problem, checks, setting, usual

PREFIX = "DETENTE_EXCHANGE"
DEFAULT_DATA = Path("data")

_NETWORK = "Network"
_STORAGE = "Storage"
_TOKENS = "Tokens"
_POOL = "Identity and pool"
_VOLUMES = "What requests may contain"
_LOAD = "Load"
_RULES = "Rules"
_RETENTION = "Retention"
_OBSERVE = "Observation"


def _key_name(text: str) -> str | None:
    # Signed notes separate with spaces, key strings with "+".
    if not text or re.search(r"[\s+]", text):
        return f"{text!r} must be a name without spaces and plus signs."
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSettings:
    """One instance of the exchange. Read with `detente.settings.load` and `cross_check`."""

    host: str = usual.host(
        "Address or host name to listen on; 0.0.0.0 or :: for all.", _NETWORK, default="127.0.0.1"
    )
    port: int = usual.port("TCP port to listen on; 0 takes any free one.", _NETWORK, default=8082)
    port_file: Path | None = usual.optional_file(
        "File that is told the port once connections are accepted.", _NETWORK
    )
    tls_cert: Path | None = usual.optional_file(
        "PEM certificate with its chain; with it the exchange speaks HTTPS only (TLS 1.2 and up).",
        _NETWORK,
    )
    tls_key: Path | None = usual.optional_file("PEM private key of the certificate.", _NETWORK)
    max_connections: int = setting(
        "Open connections; beyond it the one idle longest is closed.",
        default=4096,
        group=_NETWORK,
        minimum=1,
    )
    header_timeout: float = setting(
        "Seconds in which the headers of a request must be complete.",
        default=10.0,
        group=_NETWORK,
        above=0,
    )
    body_timeout: float = setting(
        "Seconds in which the body of a request must be complete.",
        default=10.0,
        group=_NETWORK,
        above=0,
    )
    keep_alive: float = setting(
        "Seconds a connection may be idle between requests.",
        default=75.0,
        group=_NETWORK,
        above=0,
    )
    shutdown_timeout: int = usual.shutdown_timeout(_NETWORK, default=30)

    data: Path | None = setting(
        "Directory of the embedded log and its snapshots, made if absent. "
        f"Without --data and --database it is ./{DEFAULT_DATA}.",
        default=None,
        group=_STORAGE,
        metavar="DIR",
    )
    database: str | None = usual.database("the log that the instances of a pool share", _STORAGE)
    snapshot_every: int | None = setting(
        "Entries after which a snapshot of the state is written; off: never.",
        default=100_000,
        group=_STORAGE,
        minimum=1,
    )

    auth_public_key: tuple[Path, ...] = setting(
        "PEM file with the RSA public key, or the certificate, that tokens are verified with.",
        default=(),
        group=_TOKENS,
        metavar="FILE",
    )
    jwks_url: str | None = setting(
        "URL of the JWKS document with the keys of the authorisation server.",
        default=None,
        group=_TOKENS,
        check=checks.http_url,
        metavar="URL",
    )
    jwks_refresh: float = setting(
        "Seconds between two fetches of the JWKS document.", default=60.0, group=_TOKENS, minimum=1
    )
    jwks_grace: float = setting(
        "Seconds for which fetched keys stay good when the document cannot be fetched.",
        default=3600.0,
        group=_TOKENS,
        minimum=0,
    )
    audience: tuple[str, ...] = setting(
        "Accepted value of a token's aud: by convention the host name of this DSS, without scheme "
        "and port.",
        default=(),
        group=_TOKENS,
        check=checks.not_blank,
        metavar="NAME",
    )
    issuer: tuple[str, ...] = setting(
        "Accepted value of a token's iss; any if none is given.",
        default=(),
        group=_TOKENS,
        check=checks.not_blank,
        metavar="NAME",
    )
    token_leeway: float = setting(
        "Seconds by which the clocks of issuer and exchange may disagree.",
        default=5.0,
        group=_TOKENS,
        minimum=0,
        maximum=300,
    )

    instance_name: str = setting(
        "Name of this instance among those of its pool.",
        default="exchange",
        group=_POOL,
        check=checks.not_blank,
    )
    public_endpoint: str = setting(
        "URL under which clients reach this instance, told to the pool.",
        default="",
        group=_POOL,
        check=lambda text: checks.http_url(text) if text else None,
        metavar="URL",
    )
    origin: str = setting(
        "Name of the log in its checkpoints, the same on all instances of a pool.",
        default="detente-exchange",
        group=_POOL,
        check=_key_name,
        metavar="NAME",
    )
    log_key: Path | None = setting(
        "Ed25519 key that signs this instance's checkpoints (`detente keys new --log`). Without it "
        "one is made in the data directory; an instance of a pool must be given one.",
        default=None,
        group=_POOL,
        metavar="FILE",
    )
    log_verifier: tuple[str, ...] = setting(
        "Verifier key (name+hash+key) of an instance of the pool. If any is given, every "
        "checkpoint must be signed by one of them or by this instance.",
        default=(),
        group=_POOL,
        check=checks.not_blank,
        metavar="VKEY",
    )
    heartbeat_every: float | None = setting(
        "Seconds between two signs of life in the log, shown at /aux/v1/pool/dss_instances; off: "
        "none.",
        default=300.0,
        group=_POOL,
        minimum=1,
    )
    system_identity: str = setting(
        "Name this system answers to at /versions/{system_identity}.",
        default="detente.exchange",
        group=_POOL,
        check=checks.not_blank,
        metavar="NAME",
    )

    allow_http_uss_urls: bool = setting(
        "Accept uss_base_url with http. For tests only.", default=False, group=_VOLUMES
    )
    max_area_km2: float = setting(
        "Largest area of one outline, in km2, where no limit of its own is given below.",
        default=2500.0,
        group=_VOLUMES,
        above=0,
    )
    max_area_intents_km2: float | None = setting(
        "The same for operational intents.", default=None, group=_VOLUMES, above=0
    )
    max_area_constraints_km2: float | None = setting(
        "The same for constraints (F3548-21 CstrMaxArea is 10000).",
        default=None,
        group=_VOLUMES,
        above=0,
    )
    max_area_subscriptions_km2: float | None = setting(
        "The same for subscriptions.", default=None, group=_VOLUMES, above=0
    )
    max_area_queries_km2: float | None = setting(
        "The same for areas of interest.", default=None, group=_VOLUMES, above=0
    )
    max_span_km: float | None = setting(
        "Largest distance between two points of one operational intent, constraint, subscription "
        "or area of interest, all its volumes together; off: none. Relevance is decided by the "
        "hull of all volumes, so two small ones far apart would claim all that lies between.",
        default=1000.0,
        group=_VOLUMES,
        above=0,
    )
    max_vertices: int = setting(
        "Vertices in all volumes of one request together (F3548-21 OiMaxVertices).",
        default=10_000,
        group=_VOLUMES,
        minimum=3,
    )
    max_volumes: int = setting("Volumes in one request.", default=1000, group=_VOLUMES, minimum=1)
    max_body_bytes: int = setting(
        "Size of a request's body.", default=4 * 1024 * 1024, group=_VOLUMES, minimum=1024
    )
    max_json_depth: int = setting(
        "Arrays and objects inside one another in a request's body.",
        default=32,
        group=_VOLUMES,
        minimum=10,
        maximum=500,
    )

    rate_limit: float | None = setting(
        "Requests a second for each client (sub); more are answered 429. Off: no limit.",
        default=None,
        group=_LOAD,
        above=0,
    )
    rate_burst: int = setting(
        "Requests a client may send at once before the rate counts.",
        default=100,
        group=_LOAD,
        minimum=1,
    )
    max_in_flight: int = setting(
        "Requests at work at one time; more are answered 503.",
        default=1024,
        group=_LOAD,
        minimum=1,
    )
    max_unfinished_bodies: int = setting(
        "Requests of one client (sub) whose bodies are still on their way; more are answered 429.",
        default=128,
        group=_LOAD,
        minimum=1,
    )
    max_batch: int = setting(
        "Commands decided and made durable in one go.", default=128, group=_LOAD, minimum=1
    )
    max_queue: int = setting(
        "Commands that may wait; more are answered 503.", default=10_000, group=_LOAD, minimum=1
    )
    request_timeout: float | None = setting(
        "Seconds after which a request is answered 503 with an unknown outcome; off: never.",
        default=30.0,
        group=_LOAD,
        above=0,
    )

    relevance_guard_m: float = setting(
        "Metres by which footprints may miss each other and still be relevant. The same on all "
        "instances of a pool.",
        default=1.0,
        group=_RULES,
        minimum=0,
        maximum=10_000,
    )
    enforce_state_transitions: bool = setting(
        "Refuse changes of state that F3548-21 does not know, such as Contingent to Accepted.",
        default=True,
        group=_RULES,
    )
    enforce_down_412: bool = setting(
        "Answer 412 to a USS that is Down and plans, as F3548-21 says.",
        default=True,
        group=_RULES,
    )
    enforce_notify_scopes: bool = setting(
        "Ask for the scope of what a subscription wants to be told of. F3548-21 says so; public "
        "test suites object.",
        default=False,
        group=_RULES,
    )
    subscription_max_duration: float = setting(
        "Seconds a subscription may last (F3548-21 DSSMaxSubscriptionDuration is 24 h).",
        default=86_400.0,
        group=_RULES,
        minimum=60,
    )

    evict_subscriptions_after: float | None = setting(
        "Seconds after its end when a subscription nobody depends on is removed; off: never.",
        default=600.0,
        group=_RETENTION,
        minimum=0,
    )
    evict_intents_after: float | None = setting(
        "Seconds after its end when an operational intent or constraint is removed; off: never.",
        default=None,
        group=_RETENTION,
        minimum=3600,
    )

    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "What is logged: info has one line a request.", default="info", group=_OBSERVE
    )
    log_format: Literal["json", "text"] = setting(
        "JSON lines for machines, or text for people.", default="json", group=_OBSERVE
    )
    metrics: bool = setting(
        "Offer metrics at /metrics, without a token.", default=True, group=_OBSERVE
    )
    tracing: bool = setting(
        "Send OpenTelemetry traces; needs `detente[tracing]`.", default=False, group=_OBSERVE
    )
    otlp_endpoint: str | None = setting(
        "URL of the OTLP/HTTP collector; by default what OTEL_EXPORTER_OTLP_ENDPOINT says.",
        default=None,
        group=_OBSERVE,
        check=checks.http_url,
        metavar="URL",
    )

    @property
    def data_directory(self) -> Path:
        """Where the embedded log is, when no database is given."""
        return self.data if self.data is not None else DEFAULT_DATA

    def area_km2(
        self, kind: Literal["intents", "constraints", "subscriptions", "queries"]
    ) -> float:
        """The area limit that holds for a kind of request."""
        own = {
            "intents": self.max_area_intents_km2,
            "constraints": self.max_area_constraints_km2,
            "subscriptions": self.max_area_subscriptions_km2,
            "queries": self.max_area_queries_km2,
        }[kind]
        return self.max_area_km2 if own is None else own


def cross_check(settings: ExchangeSettings) -> Iterator[Problem]:
    """What no single setting shows."""
    if settings.data is not None and settings.database is not None:
        yield Problem(
            "--data and --database exclude each other.",
            advice="Use --data for one instance, --database for a pool.",
        )
    if not settings.auth_public_key and settings.jwks_url is None:
        yield Problem(
            "No key to verify tokens with is given.",
            advice="Use --auth-public-key or --jwks-url. `detente keys new` makes a pair to try.",
        )
    if not settings.audience:
        yield Problem(
            "No audience is given.",
            advice="Use --audience with this server's host name, e.g. --audience localhost.",
        )
    yield from usual.tls_pair(settings.tls_cert, settings.tls_key)
    if settings.database is not None and settings.log_key is None:
        yield Problem(
            "An instance of a pool needs --log-key: the key it signs its checkpoints with.",
            advice="Make one for each instance with `detente keys new --log`.",
        )
