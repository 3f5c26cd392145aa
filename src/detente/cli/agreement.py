"""`detente agreement`: what parties agree upon, from the first draft to the last statement."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.agreement_text import both, cell, fingerprints, show_section, standing_json, tell
from detente.errors import one_line, printable

if TYPE_CHECKING:
    from detente.agreement import Agreement, Standing
    from detente.agreement.statements import Kind

EXIT_FAULTS = 1
EXIT_UNUSABLE = 2

_path = click.Path(path_type=Path)
_party = click.option("--party", required=True, metavar="ID", help="Whose act it is.")
_key = click.option(
    "--key", required=True, type=_path, metavar="FILE", help="Private key that signs."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@click.group(short_help="Draft, check, sign and follow an agreement.")
def agreement() -> None:
    """What parties agree upon: a directory with agreement.toml and what it names.

    It is in force when every party has signed the same hash. See docs/agreement.md.
    """
    import detente.line  # what brings rules must have been loaded
    import detente.node.planning_rules
    import detente.node.watching_rules  # noqa: F401


@agreement.command(short_help="Write a first draft, or the next version's.")
@click.argument("directory", type=_path)
@click.option("--id", "identity", metavar="ID", help="Name of the agreement, such as ab-2026.")
@click.option(
    "--party",
    "parties",
    multiple=True,
    metavar="ID=HOST[:PORT]",
    help="A party and the host of its node; twice or more.",
)
@click.option("--area", metavar="W,S,E,N", help="Sides of the area in degrees.")
@click.option(
    "--from",
    "begins",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day, UTC. [default: the first of next month]",
)
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 36_525))
@click.option(
    "--amend",
    type=_path,
    metavar="OLD",
    help="Copy the agreement in OLD, which is in force, as a draft of its next version.",
)
def draft(
    directory: Path,
    identity: str | None,
    parties: tuple[str, ...],
    area: str | None,
    begins: datetime | None,
    days: int,
    amend: Path | None,
) -> None:
    """Write agreement.toml and area.geojson into DIRECTORY, complete and with comments."""
    from detente.agreement import Box, DraftParty, amend_agreement, draft_agreement

    if amend is not None:
        version = amend_agreement(amend, directory)
        click.echo(f"wrote version {version} to {directory}; change it, then have everybody sign")
        return
    if identity is None or area is None or len(parties) < 2:
        raise click.UsageError("A draft needs --id, --area and --party at least twice.")
    start = begins.replace(tzinfo=UTC) if begins else _next_month(datetime.now(UTC))
    draft_agreement(
        directory,
        identity,
        [DraftParty.parse(text) for text in parties],
        Box.parse(area),
        (start, start + timedelta(days=days)),
    )
    click.echo(f"wrote {directory}/agreement.toml and {directory}/area.geojson")
    click.echo(f"next: replace what stands in ‹ ›, then `detente agreement check {directory}`")


@agreement.command(short_help="Tell everything that is wrong.")
@click.argument("directory", type=_path)
@_json
def check(directory: Path, as_json: bool) -> int:
    """Explain every fault of the agreement in DIRECTORY: file, line, what is wrong, what to do.

    Exit code: 0 no fault, 1 faults, 2 there is no agreement that could be read.
    """
    from detente.agreement import read_agreement

    found, faults = read_agreement(directory)
    if as_json:
        document = {
            "agreement": found.id if found else None,
            "sha256": found.sha256 if found else None,
            "faults": [
                {
                    "file": fault.file,
                    "line": fault.line or None,
                    "code": fault.code,
                    "message": fault.message,
                    "remedy": fault.remedy,
                }
                for fault in faults
            ],
        }
        click.echo(printable(json.dumps(document, ensure_ascii=False, indent=2)))
    else:
        tell(faults)
        if found is not None and not faults:
            click.echo(f"no fault; {found.id} version {found.document.version}")
            click.echo(f"hash {found.sha256}")
    if not faults:
        return 0
    unusable = any(
        fault.file == "agreement.toml" and fault.code in ("file.unusable", "file.missing")
        for fault in faults
        if not fault.line
    )
    return EXIT_UNUSABLE if unusable else EXIT_FAULTS


@agreement.command(short_help="Show it as people read it.")
@click.argument("directory", type=_path)
@click.option("--lang", type=click.Choice(["en", "fr", "both"]), default="both", show_default=True)
@click.option("--html", type=_path, metavar="FILE", help="Write a page with a map.")
@_json
def show(directory: Path, lang: str, html: Path | None, as_json: bool) -> None:
    """Show the agreement in DIRECTORY in English and French, who has signed, and how it stands."""
    from detente.agreement import agreement_page, load_agreement, sections, signatures_section

    found = load_agreement(directory)
    stands = _standing(directory, found)
    if as_json:
        click.echo(printable(json.dumps(standing_json(found, stands), indent=2)))
    elif html is None:
        click.echo(printable(f"{stands.state.words.en} / {stands.state.words.fr}"))
        click.echo(f"hash {found.sha256}")
        whole = [signatures_section(found, stands), *sections(found)]
        for section in whole:
            show_section(section, lang)
    if html is not None:
        from detente.agreement import write_file

        write_file(html, agreement_page(found, stands).encode(), replace=True)
        click.echo(f"wrote {html}", err=True)


@agreement.command(short_help="Tell what changed between two versions.")
@click.argument("old", type=_path)
@click.argument("new", type=_path)
@_json
def diff(old: Path, new: Path, as_json: bool) -> int:
    """Tell what changed from the agreement in OLD to that in NEW, in words.

    Exit code: 0 the same, 1 something changed, 2 one of them cannot be read.
    """
    from rich.console import Console
    from rich.table import Table

    from detente.agreement import diff as compare
    from detente.agreement import load_agreement

    changes = compare(load_agreement(old), load_agreement(new))
    if as_json:
        document = [
            {
                "section": {"en": change.section.en, "fr": change.section.fr},
                "label": {"en": change.label.en, "fr": change.label.fr},
                "old": {"en": change.old.en, "fr": change.old.fr} if change.old else None,
                "new": {"en": change.new.en, "fr": change.new.fr} if change.new else None,
            }
            for change in changes
        ]
        click.echo(printable(json.dumps(document, ensure_ascii=False, indent=2)))
        return EXIT_FAULTS if changes else 0
    if not changes:
        click.echo("nothing changed")
        return 0
    table = Table("where / où", "what / quoi", "was / était", "is / est", show_lines=True)
    for change in changes:
        table.add_row(
            *(
                cell("—" if words is None else both(words.en, words.fr))
                for words in (change.section, change.label, change.old, change.new)
            )
        )
    Console().print(table)
    return EXIT_FAULTS


@agreement.command(short_help="Sign it for a party.")
@click.argument("directory", type=_path)
@click.option("--party", metavar="ID", help="Who signs.")
@click.option("--key", type=_path, metavar="FILE", help="An officer's or the node's private key.")
@click.option(
    "--merge", type=_path, metavar="FILE", help="Take signatures from another copy's file."
)
def sign(directory: Path, party: str | None, key: Path | None, merge: Path | None) -> None:
    """Sign what lies in DIRECTORY, if it has no fault; others' signatures stay.

    What is signed is the hash that is printed: compare it with the other parties by voice.
    """
    from detente.agreement import load_agreement, party_signatures
    from detente.agreement import merge as take
    from detente.agreement import sign as add
    from detente.record import load_key

    if merge is None and (party is None or key is None):
        raise click.UsageError("Signing needs --party and --key.")
    if merge is not None:
        for name in take(directory, merge):
            click.echo(one_line(f"took over the signature by {name}"))
    if party is not None and key is not None:
        click.echo(f"signed {add(directory, load_key(key), party)}")
    missing = [one.party for one in party_signatures(load_agreement(directory)) if one.key is None]
    click.echo(f"not signed yet: {', '.join(missing)}" if missing else "signed by every party")


@agreement.group(short_help="Enrol the keys of a party.")
def enrol() -> None:
    """Enrol keys: each with the proof that somebody holds its private half."""


@enrol.command(short_help="Offer one's own keys.")
@click.argument("directory", type=_path)
@_party
@click.option(
    "--keys",
    "key_directory",
    required=True,
    type=_path,
    metavar="DIR",
    help="What `detente keys party` made.",
)
@click.option("--out", type=_path, metavar="FILE", help="Write a file to send instead.")
def request(directory: Path, party: str, key_directory: Path, out: Path | None) -> None:
    """Write enrolments/ID.json for the agreement in DIRECTORY."""
    from detente.agreement import key_offers, request_enrolment

    with key_offers(key_directory) as offers:
        target, keys = request_enrolment(directory, party, offers, out=out)
    click.echo(f"wrote {target}")
    fingerprints(keys)


@enrol.command(short_help="Take another party's keys in.")
@click.argument("directory", type=_path)
@click.argument("file", type=_path)
@_party
def accept(directory: Path, file: Path, party: str) -> None:
    """Verify FILE, which a party sent, and put it into the agreement in DIRECTORY.

    Compare the fingerprints with that party by voice: a file shows that somebody holds the keys,
    not who.
    """
    from detente.agreement import accept_enrolment

    fingerprints(accept_enrolment(directory, file, party))


@enrol.command("check", short_help="Show whose keys are enrolled.")
@click.argument("directory", type=_path)
def enrol_check(directory: Path) -> None:
    """Verify every enrolment of the agreement in DIRECTORY, and show fingerprints by party."""
    from detente.agreement import load_agreement

    found = load_agreement(directory)
    for party, keys in found.keys.items():
        click.echo(f"party {party}")
        fingerprints(keys)


def _statement(name: str, kind: Kind, summary: str, text: str) -> None:
    @agreement.command(name, short_help=summary, help=text)
    @click.argument("directory", type=_path)
    @_party
    @_key
    @click.option("--reason", required=True, help="In the party's words; the others read it.")
    @click.option(
        "--from",
        "since",
        type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ"]),
        help="From when it shall hold, UTC. [default: now]",
    )
    def command(
        directory: Path, party: str, key: Path, reason: str, since: datetime | None
    ) -> None:
        import secrets

        from detente.agreement import load_agreement, make_statement
        from detente.record import load_key

        path = make_statement(
            directory,
            load_agreement(directory),
            party,
            kind,
            load_key(key),
            reason=reason,
            since=since.replace(tzinfo=UTC) if since else None,
            now=datetime.now(UTC),
            random=secrets.token_bytes,
        )
        click.echo(f"wrote {path}; give it to the other parties")


_statement(
    "suspend",
    "suspension",
    "State that one's party suspends it.",
    "Sign a statement that a party suspends the agreement in DIRECTORY. It says nothing about "
    "whether the line works.",
)
_statement(
    "resume",
    "resumption",
    "State that one's party resumes it.",
    "Sign a statement that a party ends its suspension of the agreement in DIRECTORY.",
)
_statement(
    "leave",
    "withdrawal",
    "State that one's party leaves it.",
    "Sign a statement that a party withdraws from the agreement in DIRECTORY. To come back takes "
    "a new version, signed by all.",
)


def _next_month(now: datetime) -> datetime:
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def _standing(directory: Path, found: Agreement) -> Standing:
    from detente.agreement import read_statements, standing

    return standing(found, read_statements(directory, found), now=datetime.now(UTC))
