"""The setting of a node's watching: where its file is."""

# ruff: noqa: RUF009 - `setting` makes a dataclass field, like `dataclasses.field`

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from detente.node.uss.settings import PlanSettings
from detente.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings(PlanSettings):
    """What a node needs to watch; without `watch` it does not."""

    watch: Path | None = setting(
        "TOML file that says what is watched: feeds, boundaries, rules, whom alerts are of, how "
        "long raw tracks are kept. Without it nothing is watched. See watching-live.md.",
        default=None,
        group="Watching",
        metavar="FILE",
    )
