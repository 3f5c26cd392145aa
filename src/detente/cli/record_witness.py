"""`detente record witness`: have our log cosigned, and cosign that of others."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from detente.cli.record_options import FILE, PATH, any_host_option, json_option, of_record, run
from detente.errors import printable


@click.group()
def witness() -> None:
    """Have the record witnessed, and witness those of the others.

    By files, for two sides that exchange a stick: A runs `request`, B runs `cosign` on that file
    and gives the answer back, A runs `take`. By network: B runs `serve`, A runs `submit`.
    """


_PARTY = click.option(
    "--party", metavar="ID", help="Whose witness. [default: the other one, if there is one]"
)
_FIRST = click.option(
    "--first-contact",
    is_flag=True,
    help="State that our witness has never signed for that log, and was not restored.",
)


@witness.command()
@of_record
@click.argument("target", metavar="OUT", type=PATH)
@_PARTY
@click.option(
    "--prove",
    metavar="OLD-NEW",
    help="Also prove that our first NEW entries begin with the first OLD: `cosign` asks for it "
    "when an answer of its witness was lost.",
)
def request(
    directory: Path, database: str | None, target: Path, party: str | None, prove: str | None
) -> None:
    """Write a request to cosign our newest checkpoint: for another party's `cosign`."""
    from detente.cli.record_witnessing import write_request
    from detente.node.home import find

    sizes = None
    if prove is not None:
        found = re.fullmatch(r"([0-9]{1,15})-([0-9]{1,15})", prove, re.ASCII)
        if found is None:
            raise click.UsageError(f"--prove {prove}: write two sizes as 3-7.")
        sizes = int(found[1]), int(found[2])

    async def work() -> None:
        async with find(directory, database).opened(write=False) as opened:
            for line in await write_request(opened, target, party, sizes):
                click.echo(line)

    run(work())


@witness.command()
@of_record
@click.argument("source", metavar="REQUEST", type=FILE)
@click.option("--out", type=PATH, metavar="FILE", help="[default: REQUEST.answer]")
@_FIRST
def cosign(
    directory: Path, database: str | None, source: Path, out: Path | None, first_contact: bool
) -> int:
    """Answer another party's request; exit code 1 if our witness refuses.

    What was signed stands in our record (`anchor`) before the answer is written.
    """
    from detente.cli.record_notes import warn_of_witness
    from detente.cli.record_witnessing import answer_request
    from detente.node.home import find

    home = find(directory, database)
    target = out or source.with_name(source.name + ".answer")

    async def work() -> int:
        async with home.opened(write=True) as opened:
            warn_of_witness(opened)
            with home.witnessing(opened) as ours:
                good, text = await answer_request(opened, ours, source, target, first_contact)
        click.echo(printable(text))
        return 0 if good else 1

    return run(work())


@witness.command()
@of_record
@click.argument("answer", metavar="ANSWER", type=FILE)
@click.option(
    "--request", "asked", required=True, type=FILE, metavar="FILE", help="What it answers."
)
def take(directory: Path, database: str | None, answer: Path, asked: Path) -> int:
    """Take over the cosignature in an answer; exit code 1 if it was refused."""
    from detente.cli.record_witnessing import take_file
    from detente.node.home import find

    async def work() -> int:
        async with find(directory, database).opened(write=True) as opened:
            good, text = await take_file(opened, answer, asked)
        click.echo(printable(text))
        return 0 if good else 1

    return run(work())


@witness.command()
@of_record
@click.argument("shown", metavar="NOTE…", type=FILE, nargs=-1, required=True)
@click.option(
    "--proof",
    type=FILE,
    metavar="FILE",
    help="OUT.proof of the owner's `request --prove`, if our witness remembers more than NOTE.",
)
@_FIRST
def confirm(
    directory: Path,
    database: str | None,
    shown: tuple[Path, ...],
    proof: Path | None,
    first_contact: bool,
) -> None:
    """After a restore: remind our witness of what it signed.

    NOTE: the other party's newest checkpoint that bears our cosignature. Our own record's anchors
    are looked at, too.
    """
    from detente.cli.record_notes import warn_of_witness
    from detente.cli.record_witnessing import confirm_notes
    from detente.node.home import find

    home = find(directory, database)

    async def work() -> None:
        async with home.opened(write=False) as opened:
            warn_of_witness(opened)
            with home.witnessing(opened) as ours:
                click.echo(await confirm_notes(opened, ours, shown, proof, first_contact))

    run(work())


@witness.command()
@of_record
@json_option
def status(directory: Path, database: str | None, as_json: bool) -> None:
    """Show how far our log is cosigned by each witness, and theirs by ours."""
    from detente.cli.record_notes import warn_of_witness
    from detente.cli.record_witnessing import standing, standing_facts
    from detente.node.home import find

    home = find(directory, database)

    async def work() -> None:
        async with home.opened(write=False) as opened:
            warn_of_witness(opened)
            with home.witnessing(opened) as ours:
                if as_json:
                    click.echo(json.dumps(await standing_facts(opened, ours)))
                    return
                for line in await standing(opened, ours):
                    click.echo(line)

    run(work())


@witness.command()
@of_record
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8083, show_default=True, type=click.IntRange(0, 65_535))
@click.option("--tls-cert", type=FILE, metavar="FILE", help="Certificate chain, PEM.")
@click.option("--tls-key", type=FILE, metavar="FILE", help="Its private key, PEM.")
@click.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="PARTY=URL",
    help="Where a party serves its log: asked, at the start, what our witness has signed.",
)
@_FIRST
def serve(
    directory: Path,
    database: str | None,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    peers: tuple[str, ...],
    first_contact: bool,
) -> None:
    """Serve our witness (/witness) and our log's tiles (/log) until a signal comes.

    The record is open meanwhile: other commands that write to it have to wait.
    """
    from detente.cli.record_serving import serve_record
    from detente.http import ServerOptions
    from detente.node.home import find

    options = ServerOptions(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key)
    serve_record(find(directory, database), options, peers, first_contact=first_contact)


@witness.command()
@of_record
@click.argument("url", metavar="URL")
@_PARTY
@any_host_option
def submit(
    directory: Path, database: str | None, url: str, party: str | None, allow_any_host: bool
) -> int:
    """Have our newest checkpoint cosigned by the witness at URL; exit code 1 if it refuses."""
    from detente.cli.record_hosts import check_host
    from detente.cli.record_witnessing import submit_to
    from detente.node.home import find

    home = find(directory, database)
    if not allow_any_host:
        check_host(url, home.agreements()[-1], home.party, party)

    async def work() -> int:
        async with home.opened(write=True) as opened:
            good, text = await submit_to(opened, url, party)
        click.echo(printable(text))
        return 0 if good else 1

    return run(work())
