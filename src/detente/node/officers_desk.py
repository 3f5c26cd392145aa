"""The officers' desk of a node, from its settings: how they log in, and from where."""

from __future__ import annotations

import ssl
import stat
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from detente.http import OriginGuard
from detente.record import KeyFileUnusable

from .context import NodeContext
from .desk import VAULT_FILE, Desk, DeskRules
from .oidc import OidcRules, Provider
from .oidc_api import CALLBACK
from .passwords import Passwords
from .sessions import SessionRules
from .settings import NodeSettings
from .vault import Vault, open_vault


class Origins(OriginGuard):
    """The guard that lets our own pages through, and can say which they are."""

    def __init__(self) -> None:
        super().__init__()
        self._urls: set[str] = set()

    def allow(self, origin: str) -> None:
        """Add one, such as the address that the server was found to listen at."""
        super().allow(origin)
        self._urls.add(origin)

    def all(self) -> frozenset[str]:
        """Those that security keys may answer from."""
        return frozenset(self._urls)


async def open_desk(
    context: NodeContext, passwords: Passwords | None = None
) -> tuple[Desk, Origins]:
    """The desk, and the guard of the officers' interface.

    Args:
        context: of the node.
        passwords: how they are hashed, if not as usual.

    Raises:
        VaultUnusable: the node's secret cannot be read.
        KeyFileUnusable: the secret of the OpenID client is missing, or others may read it.
    """
    settings = context.settings
    vault = open_vault(context.home.keys / VAULT_FILE)
    origins = Origins()
    host = "localhost"
    if settings.public_origin is not None:
        origins.allow(settings.public_origin)
        host = urlsplit(settings.public_origin).hostname or host
    secure = settings.api_tls_cert is not None or (
        settings.public_origin is not None and settings.public_origin.startswith("https:")
    )
    rules = DeskRules(
        host=host,
        secure=secure,
        sessions=SessionRules(
            idle=timedelta(seconds=settings.idle_lock),
            lifetime=timedelta(seconds=settings.session_max),
            step_up=timedelta(seconds=settings.step_up),
        ),
    )
    provider = _provider(context, settings, vault)
    desk = await Desk.open(
        context, rules, vault, origins, origins.all, provider=provider, passwords=passwords
    )
    return desk, origins


def _provider(context: NodeContext, settings: NodeSettings, vault: Vault) -> Provider | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    base = settings.public_origin or f"http://localhost:{settings.api_port}"
    secret = None
    if settings.oidc_client_secret_file is not None:
        secret = _read_secret(settings.oidc_client_secret_file)
    tls = None
    if settings.oidc_ca is not None:
        tls = ssl.create_default_context(cafile=str(settings.oidc_ca))
    rules = OidcRules(
        issuer=settings.oidc_issuer,
        client=settings.oidc_client_id,
        secret=secret,
        redirect=f"{base.rstrip('/')}{CALLBACK}",
        claim=settings.oidc_claim,
    )
    return Provider(rules, vault, context.clock, context.random, tls=tls)


def _read_secret(path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyFileUnusable(
                "Others may read it.", where=str(path), advice=f"`chmod 600 {path}`."
            )
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileUnusable(f"It cannot be read: {error}.", where=str(path)) from None
