"""Looks, before a start, whether the files and keys that planning is set to use can be used."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx

from detente.errors import DetenteError
from detente.http import load_pem_key, tls_context

from .areas import exchange_areas
from .settings import PlanSettings
from .tokens import token_source


def planning_findings(settings: PlanSettings) -> Iterator[tuple[str, str | DetenteError]]:
    """What is good, or what is wrong, with each; nothing if the node does not plan.

    Args:
        settings: checked (`plan_problems`).
    """
    if not settings.plans:
        return

    def exchanges() -> str:
        return ", ".join(f"{each.name} at {each.url}" for each in exchange_areas(settings))

    def tokens() -> str:
        token_source(settings, settings.manager or "", httpx.AsyncClient(), time.time)
        if settings.token_command is not None:
            return f"printed by {settings.token_command}"
        return f"signed here, by {settings.token_key}" if settings.token_key else "by OAuth"

    def callers() -> str:
        found = [load_pem_key(path).source for path in settings.auth_public_key]
        return ", ".join([*found, *([settings.jwks_url] if settings.jwks_url else [])])

    yield _finding("exchanges", exchanges)
    yield _finding("tokens", tokens)
    yield _finding("callers", callers)
    if settings.uss_tls_cert is not None:
        yield _finding("TLS of the USS", lambda: _tls(settings))
    if settings.test_mode:
        yield "for tests only", ", ".join(settings.test_mode)


def _tls(settings: PlanSettings) -> str:
    if settings.uss_tls_cert is None:
        return ""
    tls_context(settings.uss_tls_cert, settings.uss_tls_key)
    return str(settings.uss_tls_cert)


def _finding(what: str, look: Callable[[], str]) -> tuple[str, str | DetenteError]:
    try:
        return what, look()
    except DetenteError as error:
        return what, error
