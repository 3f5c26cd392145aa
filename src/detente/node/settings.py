"""The settings of a node: `node.toml`, options of `detente node run`, variables, the manual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detente.settings import Problem, usual

from .uss.settings_checks import plan_problems
from .watch.settings import WatchSettings

PREFIX: Final = "DETENTE_NODE"
NODE_FILE: Final = "node.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings(WatchSettings):
    """One node. Read with `detente.settings.load` and `cross_check`."""


def cross_check(settings: NodeSettings) -> Iterator[Problem]:
    """What no single setting shows."""
    yield from plan_problems(settings)
    yield from usual.tls_pair(settings.api_tls_cert, settings.api_tls_key, "api-")
    if settings.oidc_issuer is not None and settings.oidc_client_id is None:
        yield Problem("--oidc-issuer needs --oidc-client-id.")
    local = settings.api_host in ("127.0.0.1", "::1", "localhost")
    behind = settings.public_origin is not None and settings.public_origin.startswith("https:")
    if not local and settings.api_tls_cert is None and not behind:
        yield Problem(
            "The officers' interface would be served in the open without TLS.",
            where="--api-host",
            advice="Give --api-tls-cert and --api-tls-key, or --public-origin https://… of the "
            "proxy that ends TLS before it.",
        )
