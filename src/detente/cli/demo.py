"""`detente demo`: the main job on real flights."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from detente.cli.session_file import SavedSession, SessionFile

if TYPE_CHECKING:
    from detente.demo.nodes import NodeProcess
    from detente.demo.officers import Session

_USES: Final = {
    "duty": ("line", "line inbox --status exercise", "line status", "node prove"),
    "chief": ("node officer list",),
}
"""Commands worth a try, by the account whose session they use."""


def _count(context: click.Context, parameter: click.Parameter, text: str) -> str:
    if text != "all" and not (text.isascii() and text.isdigit() and int(text) > 0):
        raise click.BadParameter("It is a whole number above 0, or `all`.")
    return text


@click.command(short_help="Two parties announce a real day of flights.")
@click.option(
    "--flights",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Trajectories of the day; `make demo` fetches those of a day over Switzerland.",
)
@click.option(
    "--incursions",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Positions along the border of France and Spain: crossings into Spain are looked for.",
)
@click.option(
    "--spoofed",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Positions of a flight whose receiver was deceived: what can be told of its crossings.",
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
@click.option(
    "--notices",
    default="120",
    show_default=True,
    metavar="N",
    callback=_count,
    help="Tell the other party of the N closest conflicts on the line; `all` for every one.",
)
@click.option(
    "--keep",
    is_flag=True,
    help="Leave the exchange and both nodes running for a look, until Ctrl-C.",
)
def demo(
    flights: Path,
    incursions: Path | None,
    spoofed: Path | None,
    out: Path,
    corridor: str,
    most: int | None,
    notices: str,
    keep: bool,
) -> None:
    """Split a recorded day between two parties; have both announce every flight to an exchange.

    On a 409 a party asks the other one for details, finds the exact conflict, and files again. What
    the two find is held against a direct comparison, and the exchange's log is verified.

    Then each party runs a node, and their officers tell each other of the conflicts, read back and
    acknowledge. In the middle one node is killed, and comes back. What was said stands in the
    records of both, which witness each other; one bundle is checked by our verifier and by others',
    and a forged copy is refused.

    At last recorded flights are held against borders: who crossed which, how deep, for how long,
    and how sure that is; the crossings of the day by two sources side by side, if maritime-10m is
    installed. Pages for the browser show conflicts and crossings, and verify the bundle.
    """
    from rich.console import Console

    from detente.demo import Archives, Options, run_demo
    from detente.operations import parse_corridor

    wanted = None if notices == "all" else int(notices)
    options = Options(
        flights,
        out,
        parse_corridor(corridor),
        Archives(flights, incursions, spoofed),
        most,
        wanted,
        keep,
        _commands if keep else None,
    )
    run_demo(options, Console())
    click.echo(f"to look around: detente record log {out / 'party-a' / 'node'}")


def _commands(node: NodeProcess, officers: Mapping[str, Session]) -> list[str]:
    """Keep the officers' sessions where commands find them; command lines that use them."""
    program = sys.argv[0] if Path(sys.argv[0]).name == "detente" else "detente"
    lines = []
    for name, session in officers.items():
        path = node.who.directory / f"session-{name}.json"
        SessionFile(path).save(SavedSession(node.url, name, session.token, ends=session.ends))
        uses = _USES.get(name, ())
        lines += [f"DETENTE_NODE_SESSION={path} {program} {rest}" for rest in uses]
    return [
        *lines,
        f"{program} node status {node.who.node}",
        f"{program} node login --recovery {node.url} duty",
    ]
