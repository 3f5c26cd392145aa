"""`detente record witness serve`: our witness and our log's tiles over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import click
import uvloop

from detente.cli.record_notes import warn_of_witness
from detente.cli.record_work import StatementUnusable
from detente.errors import one_line
from detente.http import ServerOptions, build_app, print_ready, serve
from detente.node import (
    WITNESS_STATUSES,
    PeerLog,
    Publishing,
    WitnessUnreachable,
    anchors_of,
    confirm_from_peer,
    http_client,
    keep_answer,
    newest_cosigned,
    tiles_endpoints,
    who_may_ask,
    witness_endpoints,
)
from detente.node.home import Home
from detente.record import (
    Answer,
    PartyRecord,
    TilesUnusable,
    Witness,
    WitnessForked,
    WitnessUnavailable,
    WitnessUnconvinced,
)

ASK_AGAIN_S: Final = 15.0
"""Before a party that could not be asked, or did not convince, is asked again."""


def serve_record(
    home: Home, options: ServerOptions, peers: Sequence[str], *, first_contact: bool
) -> None:
    """Serve until a signal comes.

    Raises:
        CannotListen: see `detente.http.serve`.
        StatementUnusable: `peers` names no other party.
    """

    async def work() -> None:
        async with home.opened(write=True) as record:
            warn_of_witness(record)
            with home.witnessing(record) as witness:
                where = _peers(record, peers)
                publishing = Publishing(home.place.tiles, record)
                await publishing.now()
                app = build_app(
                    [
                        *witness_endpoints(
                            "/witness", witness, keep=_Keeping(record, publishing).keep
                        ),
                        *tiles_endpoints(
                            "/log",
                            home.place.tiles,
                            witnesses=lambda: who_may_ask(record),
                            newest_cosigned=partial(newest_cosigned, record),
                            consistency=record.consistency,
                        ),
                    ],
                    statuses=WITNESS_STATUSES,
                )
                asking = _Asking(record, witness, where, first_contact)
                await asking.once()
                later = asyncio.create_task(asking.again())
                try:
                    await serve(
                        app, options, on_ready=partial(print_ready, "witness"), handle_signals=True
                    )
                finally:
                    later.cancel()
                    await asyncio.wait({later})
                if not later.cancelled():
                    later.result()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())


def _peers(record: PartyRecord, given: Sequence[str]) -> dict[str, str]:
    """Where the other parties serve their logs, by origin.

    Raises:
        StatementUnusable: one is not written `PARTY=URL`, or is no other party.
    """
    others = {m.id: m.origin for m in record.terms.members if m.id != record.party}
    where = {}
    for text in given:
        party, _, url = text.partition("=")
        if party not in others or not url:
            raise StatementUnusable(
                f"{text} is not PARTY=URL of another party.",
                where="--peer",
                advice="Other parties: " + ", ".join(others) + ".",
            )
        where[others[party]] = url
    for party, origin in others.items():
        if origin not in where:
            _say(
                f"signs nothing for {party}: --peer {party}=URL tells where its log is served. "
                "Only its owner can show what our witness has signed of it"
            )
    return where


class _Asking:
    """Confirms our witness with the owners of logs, each by itself.

    Our own anchors do not speak for an owner: a backup that set the witness back may have set them
    back as well. And one party that does not answer keeps nobody else waiting.
    """

    def __init__(
        self, record: PartyRecord, witness: Witness, where: dict[str, str], first_contact: bool
    ) -> None:
        self._record = record
        self._witness = witness
        self._where = where
        self._first_contact = first_contact
        self._told: dict[str, str] = {}

    async def once(self) -> None:
        """Ask each that has not convinced our witness yet."""
        async with http_client() as http:
            for origin, url in list(self._where.items()):
                try:
                    await self._ask(origin, PeerLog(url, http))
                except WitnessForked as error:
                    _say(str(error))
                except (WitnessUnconvinced, WitnessUnreachable, WitnessUnavailable) as error:
                    if self._told.get(origin) != str(error):
                        self._told[origin] = str(error)
                        _say(f"signs nothing for {origin} yet, and asks again: {error}")
                    continue
                else:
                    _say(f"signs for {origin}")
                del self._where[origin]

    async def _ask(self, origin: str, peer: PeerLog) -> None:
        anchors = await anchors_of(self._record, origin)
        await confirm_from_peer(
            self._witness, origin, peer, anchors[-1:], first_contact=self._first_contact
        )

    async def again(self) -> None:
        """Ask the rest from time to time, until there is none."""
        while self._where:
            await asyncio.sleep(ASK_AGAIN_S)
            await self.once()


def _say(text: str) -> None:
    click.echo(one_line(f"note: {text}"), err=True)


class _Keeping:
    """Records what our witness answered, and publishes it with the log."""

    def __init__(self, record: PartyRecord, publishing: Publishing) -> None:
        self._record = record
        self._publishing = publishing

    async def keep(self, answer: Answer) -> None:
        """Record what our witness answered; what is served holds it from then on."""
        await keep_answer(self._record, answer)
        try:
            await self._publishing.now()
        except TilesUnusable as error:
            # It is on record. The next answer, or the next start, publishes it.
            _say(f"the log that is served stays behind: {error}")
