"""What `--check` says: every setting with where it comes from, then what was tried."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from detente.errors import DetenteError
from detente.settings import Loaded, describe


def tell_check(
    loaded: Loaded[Any], prefix: str, findings: Iterable[tuple[str, str | DetenteError]]
) -> int:
    """Print it.

    Args:
        prefix: of the settings' variables.
        findings: what was tried, each with what was found, or what is wrong with it.

    Returns:
        The exit code: 0 if everything is good, 2 if not.
    """
    rows = list(describe(loaded, prefix))
    width = max(len(key) for key, _, _ in rows)
    for key, value, where in rows:
        note = "" if where == "default" else f"  ({where})"
        click.echo(f"{key:{width}}  {value}{note}")
    click.echo("")
    faults = 0
    for what, finding in findings:
        if isinstance(finding, DetenteError):
            faults += 1
            click.echo(f"NOT GOOD  {what}: {finding}")
        else:
            click.echo(f"good      {what}: {finding}")
    click.echo("")
    click.echo(f"{faults} thing(s) to put right." if faults else "Everything is ready for a start.")
    return 2 if faults else 0
