"""`detente line status`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from detente.cli.line_connect import EXIT_NOT_SO, desk, print_answer, run, show
from detente.cli.line_options import Connection

UP = ("up", "late", "starting")


def line_status(
    connection: Connection, *, outages: bool, days: int, peer: str | None, as_json: bool
) -> None:
    """Tell how the lines are, and were.

    Raises:
        NodeRefused, NodeAway: see these.
    """
    from rich.text import Text

    from detente.terminal.showing import link_details, outages_text
    from detente.terminal.texts import NO_PEERS, OUTAGES

    async def work() -> bool:
        async with desk(*connection) as at:
            found = await at.calls.links()
            past = await at.calls.outages(days, peer) if outages else None
            if as_json:
                print_answer(found if past is None else {"links": found.links, "outages": past})
            elif not found.links:
                show(Text(NO_PEERS.to(at.language)))
            now = datetime.now(UTC)
            for link in () if as_json else found.links:
                show(link_details(link, at.language, now))
            if past is not None and not as_json:
                show(Text(f"\n{OUTAGES.to(at.language).format(days=days)}", "bold"))
                show(outages_text(past, at.language))
            return all(link.state in UP for link in found.links)

    if not run(work):
        sys.exit(EXIT_NOT_SO)
