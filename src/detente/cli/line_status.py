"""`detente line status`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from detente.cli.line import Connection
from detente.cli.line_connect import EXIT_NOT_SO, desk, print_answer, run, show

UP = ("up", "late", "starting")


def line_status(connection: Connection, *, as_json: bool) -> None:
    """Tell how the lines are.

    Raises:
        NodeRefused, NodeAway: see these.
    """
    from rich.text import Text

    from detente.terminal.showing import link_details
    from detente.terminal.texts import NO_PEERS

    async def work() -> bool:
        async with desk(*connection) as at:
            found = await at.calls.links()
            if as_json:
                print_answer(found)
            elif not found.links:
                show(Text(NO_PEERS.to(at.language)))
            now = datetime.now(UTC)
            for link in () if as_json else found.links:
                show(link_details(link, at.language, now))
            return all(link.state in UP for link in found.links)

    if not run(work):
        sys.exit(EXIT_NOT_SO)
