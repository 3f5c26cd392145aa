"""Command-line options made from declared settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from detente.settings import Setting, declared


def setting_options(cls: type[Any], prefix: str) -> list[click.Parameter]:
    """An option for each setting of `cls`, and `--config`.

    Values are handed on as texts, None where not given: `detente.settings.load` judges them, so a
    bad value is told in the same way wherever it stands.
    """
    options: list[click.Parameter] = [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            help=f"TOML file with settings; an option or a variable wins. [{prefix}_CONFIG]",
        )
    ]
    options.extend(_option(entry) for entry in declared(cls, prefix))
    return options


def _option(entry: Setting) -> click.Option:
    text = f"{entry.declaration.help} [{entry.variable}; default: {entry.default_text()}]"
    if entry.is_flag:
        names = [f"{entry.option}/--no-{entry.key}", entry.field]
        return click.Option(names, default=None, help=text)
    return click.Option(
        [entry.option, entry.field],
        type=str,
        metavar=entry.metavar(),
        multiple=entry.many,
        default=None,
        help=text,
    )
