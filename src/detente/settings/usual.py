"""Settings that every server of ours has, declared in one way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .checks import not_blank, postgresql_url
from .declaring import setting
from .problems import Problem


def host(help_: str, group: str, *, default: str) -> Any:
    """An address to listen on."""
    return setting(help_, default=default, group=group, check=not_blank)


def port(help_: str, group: str, *, default: int) -> Any:
    """A TCP port to listen on; 0 is any free one."""
    return setting(help_, default=default, group=group, minimum=0, maximum=65_535)


def optional_file(help_: str, group: str) -> Any:
    """A file that need not be given."""
    return setting(help_, default=None, group=group)


def database(what: str, group: str) -> Any:
    """The URL of a PostgreSQL database that holds `what`; secret."""
    return setting(
        f"postgresql:// URL of {what}. It may hold a password: prefer the environment or the file.",
        default=None,
        group=group,
        check=postgresql_url,
        secret=True,
        metavar="URL",
    )


def shutdown_timeout(group: str, *, default: int) -> Any:
    """What is under way when the server is told to stop."""
    return setting(
        "Seconds that requests at work are given to end on SIGTERM.",
        default=default,
        group=group,
        minimum=1,
    )


def tls_pair(cert: Path | None, key: Path | None, prefix: str = "") -> Iterator[Problem]:
    """A certificate and its key are of use together only; options `--{prefix}tls-cert`, `-key`."""
    if (cert is None) != (key is None):
        yield Problem(f"--{prefix}tls-cert and --{prefix}tls-key must be given together.")
