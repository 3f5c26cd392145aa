"""Settings as people see them: what is in force, and the table of the manual."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from .declaring import Setting, declared
from .loading import Loaded


def describe(loaded: Loaded[Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    """Name, value and place of every setting, secrets hidden: what `--check` prints."""
    for entry in declared(type(loaded.settings), prefix):
        value = getattr(loaded.settings, entry.field)
        shown = dataclasses.replace(entry, default=value).default_text()
        if entry.many and value:
            shown = ", ".join(str(part) for part in value)
        if entry.declaration.secret and value is not None:
            shown = "(set, not shown)"
        yield entry.key, shown, loaded.where(entry.field)


def markdown_table(cls: type[Any], prefix: str) -> str:
    """Every setting, grouped, as Markdown: for the manual."""
    groups: dict[str, list[Setting]] = {}
    for entry in declared(cls, prefix):
        groups.setdefault(entry.declaration.group, []).append(entry)
    lines: list[str] = []
    for group, entries in groups.items():
        lines += [
            f"## {group}",
            "",
            "| option | environment | file | default | meaning |",
            "|---|---|---|---|---|",
        ]
        for entry in entries:
            option = f"`{entry.option}`"
            if entry.is_flag:
                option += f"<br>`--no-{entry.key}`"
            else:
                option += f" `{entry.metavar()}`".replace("|", "\\|")
            meaning = entry.declaration.help
            if entry.many:
                meaning += " Can be given several times."
            if entry.declaration.secret:
                meaning += " Never shown."
            lines.append(
                f"| {option} | `{entry.variable}` | `{entry.key}` | "
                f"{entry.default_text()} | {meaning} |"
            )
        lines.append("")
    return "\n".join(lines)
