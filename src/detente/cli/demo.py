"""`detente demo`: the main job on real flights."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Two parties announce a real day of flights.")
@click.option(
    "--flights",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Trajectories of the day; `make demo` fetches those of a day over Switzerland.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/demo"),
    show_default=True,
    help="Directory for pages, records, bundle and log. What is in it is replaced.",
)
@click.option(
    "--corridor",
    default="1NM,500ft,60s",
    show_default=True,
    metavar="WIDTH,HEIGHT,TIME",
    help="Room that each flight announces: to each side, above and below, before and after.",
)
@click.option(
    "--most", type=click.IntRange(min=2), metavar="N", help="Take only the first N flights."
)
def demo(flights: Path, out: Path, corridor: str, most: int | None) -> None:
    """Split a recorded day between two parties; have both announce every flight to an exchange.

    On a 409 a party asks the other one for details, finds the exact conflict, and files again. What
    the two find is held against a direct comparison, and the exchange's log is verified. All of it
    goes into the records of both, which witness each other; one bundle is checked by our verifier
    and by others', and a forged copy is refused. Pages for the browser show the conflicts and
    verify the bundle.
    """
    from rich.console import Console

    from detente.demo import Options, run_demo, signatories
    from detente.node.home import Home, describe, keep_agreement
    from detente.operations import parse_corridor

    run_demo(Options(flights, out, parse_corridor(corridor), most), Console())
    # The records are real: the commands that read records find them.
    for party in signatories(out):
        home = Home(party.directory / "record", party.id, party.keys, party.keys)
        keep_agreement(home, out / "agreement", 1)
        describe(home)
    click.echo(f"to look around: detente record log {out / 'party-a' / 'record'}")
