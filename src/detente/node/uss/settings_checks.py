"""What is wrong with the settings of a node's USS that no single one of them shows."""

from __future__ import annotations

from collections.abc import Iterator

from detente.settings import Problem, usual

from .settings import PlanSettings, split_exchange


def plan_problems(settings: PlanSettings) -> Iterator[Problem]:
    """What no single setting of planning shows."""
    yield from usual.tls_pair(settings.uss_tls_cert, settings.uss_tls_key, "uss-")
    names = [split_exchange(text)[0] for text in settings.exchange]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(
            f"Two exchanges are named {name!r}.",
            where="--exchange",
            advice="Give each a name: --exchange north=https://… --exchange south=https://…",
        )
    areas = [text.partition("=")[0] for text in settings.exchange_area]
    for name in areas:
        if name not in names:
            yield Problem(
                f"There is no exchange {name!r}.",
                where="--exchange-area",
                advice=f"Exchanges: {', '.join(names) or 'none'}.",
            )
    if settings.plans:
        yield from _whole(settings)
        yield from _open_urls(settings)


def _whole(settings: PlanSettings) -> Iterator[Problem]:
    if settings.base_url is None:
        yield Problem(
            "--exchange needs --base-url: what other USSs call us by.",
            advice="It is the listener of --uss-port as it is seen from outside.",
        )
    if not settings.exchange:
        yield Problem("--base-url needs --exchange: where plans are filed.")
    ways = {
        "--token-command": settings.token_command,
        "--token-key": settings.token_key,
        "--oauth-token-url": settings.oauth_token_url,
    }
    given = [name for name, value in ways.items() if value is not None]
    if len(given) != 1:
        yield Problem(
            "There must be one way to get tokens for exchanges and other USSs"
            + (f", not {len(given)}." if given else "."),
            where=" ".join(given) or None,
            advice=f"Give one of {', '.join(ways)}.",
        )
    if settings.oauth_token_url is not None and (
        settings.oauth_client_id is None or settings.oauth_client_secret_file is None
    ):
        yield Problem("--oauth-token-url needs --oauth-client-id and --oauth-client-secret-file.")
    if not settings.auth_public_key and settings.jwks_url is None:
        yield Problem(
            "No key to verify callers' tokens with is given.",
            advice="Use --auth-public-key or --jwks-url.",
        )


def _open_urls(settings: PlanSettings) -> Iterator[Problem]:
    if settings.allow_http_uss_urls:
        return
    urls = {"--exchange": [split_exchange(text)[1] for text in settings.exchange]}
    urls["--base-url"] = [settings.base_url] if settings.base_url else []
    for where, found in urls.items():
        for url in found:
            if url.startswith("http:"):
                yield Problem(
                    f"{url} is not https.",
                    where=where,
                    advice="Use https, or --allow-http-uss-urls for a test.",
                )
