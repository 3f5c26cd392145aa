"""The full screen of `detente line`."""

from __future__ import annotations

import asyncio

from detente.cli.line_connect import http_node, run, saved
from detente.cli.line_options import Connection
from detente.words import Language


def screen(connection: Connection, language: str | None) -> None:
    """Run until the officer leaves.

    Raises:
        NotLoggedIn, NodeAway: before the screen is there; after, the screen says so itself.
    """
    from detente.terminal import LineCalls
    from detente.terminal.app import LineTerminal

    node, ca_file, path = connection
    file, session = saved(node, path)
    api = http_node(file, session, ca_file)
    chosen: Language | None = "fr" if language == "fr" else "en" if language == "en" else None

    async def whole() -> None:
        try:
            calls = LineCalls(api)
            found, ways = await asyncio.gather(calls.session(), calls.ways())
            await LineTerminal(api, found, ways.party, language=chosen).run_async()
        finally:
            await api.close()

    run(whole)
