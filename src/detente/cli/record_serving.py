"""`detente record witness serve`: our witness and our log's tiles over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import click
import uvloop

from detente.cli.record_home import Home
from detente.cli.record_timestamps import TileSource
from detente.cli.record_witnessing import anchors_of, keep_answer, newest_by
from detente.http import ServerOptions, build_app, serve
from detente.http.server import print_ready
from detente.node import (
    WITNESS_STATUSES,
    PeerLog,
    confirm_from_peer,
    http_client,
    tiles_endpoints,
    witness_endpoints,
)
from detente.record import PartyRecord, TileDirectory, Witness


def serve_record(
    home: Home, options: ServerOptions, peers: Sequence[str], *, first_contact: bool
) -> None:
    """Serve until a signal comes.

    Raises:
        CannotListen: see `detente.http.serve`.
        WitnessUnconvinced, WitnessForked, WitnessUnreachable: see `confirm_from_peer`.
    """
    where = {}
    for peer in peers:
        party, separator, url = peer.partition("=")
        if not separator:
            raise click.UsageError(f"--peer {peer}: write PARTY=URL.")
        where[party] = url

    async def work() -> None:
        async with home.opened(write=True) as record:
            with home.witnessing(record) as witness:
                await _confirm(record, witness, where, first_contact=first_contact)
                await _publish(home, record)
                app = build_app(
                    [
                        *witness_endpoints("/witness", witness, keep=partial(keep_answer, record)),
                        *tiles_endpoints(
                            "/log",
                            home.place.tiles,
                            witnesses=lambda: tuple(record.keyring.witnesses(record.head.size)),
                            newest_cosigned=partial(newest_by, record),
                        ),
                    ],
                    statuses=WITNESS_STATUSES,
                )
                await serve(
                    app, options, on_ready=partial(print_ready, "witness"), handle_signals=True
                )

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())


async def _confirm(
    record: PartyRecord, witness: Witness, where: dict[str, str], *, first_contact: bool
) -> None:
    """Begin to sign for whoever can be asked; of the others say that they must wait."""
    async with http_client() as http:
        for member in record.terms.members:
            if member.id == record.party:
                continue
            anchors = await anchors_of(record, member.origin)
            if member.id in where:
                peer = PeerLog(where[member.id], http)
                await confirm_from_peer(
                    witness, member.origin, peer, anchors[-1:], first_contact=first_contact
                )
            elif anchors and witness.state(member.origin).note:
                # The record and the witness agree; the owner may still show something newer.
                witness.confirm(member.origin, anchors[-1:], anchors[-1:])
            else:
                click.echo(
                    f"note: signs nothing for {member.id} before --peer {member.id}=URL tells "
                    "where its log is served.",
                    err=True,
                )


async def _publish(home: Home, record: PartyRecord) -> None:
    newest = await record.checkpoint()
    await TileDirectory(home.place.tiles).publish_async(TileSource(record), newest.note)
