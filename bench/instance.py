"""An instance of the exchange as it is measured: the real program, bound to one core.

    python -m bench.instance SETTINGS.json

SETTINGS.json holds `settings` (fields of the exchange's settings), `core` (or null) and `scan`:
null for the real index, else which linear scan takes its place (`bench.naive`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Literal

import msgspec


class Start(msgspec.Struct):
    """What an instance is started with."""

    settings: dict[str, Any]
    core: int | None = None
    scan: Literal["plain", "vectorised"] | None = None


def main() -> int:
    """Run until SIGTERM."""
    start = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Start)
    if start.core is not None:
        os.sched_setaffinity(0, {start.core})
    from detente.exchange.app import run
    from detente.exchange.settings import PREFIX, ExchangeSettings, cross_check
    from detente.settings import load

    if start.scan is not None:
        from bench import naive

        naive.install(start.scan)
    loaded = load(
        ExchangeSettings,
        prefix=PREFIX,
        command_line=start.settings,
        environment={},
        cross_check=cross_check,
    )
    return run(loaded.settings)


if __name__ == "__main__":
    sys.exit(main())
