"""What the commands of `detente agreement` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from detente.errors import one_line, printable

if TYPE_CHECKING:
    from rich.text import Text

    from detente.agreement import Agreement, EnrolledKey, Fault, Section, Standing


def tell(faults: list[Fault]) -> None:
    """Faults, with place and remedy."""
    for fault in faults:
        place = f"{fault.file}:{fault.line}" if fault.line else fault.file
        click.echo(one_line(f"{place}: {fault.message}"))
        click.echo(one_line(f"    {fault.remedy}  [{fault.code}]"))
    if faults:
        click.echo(f"{len(faults)} fault{'' if len(faults) == 1 else 's'}")


def fingerprints(keys: tuple[EnrolledKey, ...]) -> None:
    """Keys by what people compare."""
    for key in keys:
        click.echo(one_line(f"  {key.fingerprint}  {key.purpose:8}  {key.name}"))


def standing_json(found: Agreement, stands: Standing) -> dict[str, object]:
    """How an agreement stands, for machines."""
    return {
        "agreement": found.id,
        "version": found.document.version,
        "sha256": found.sha256,
        "state": stands.state.value,
        "unsigned": list(stands.unsigned),
        "suspended": {party: one.since.isoformat() for party, one in stands.suspended.items()},
        "left": {party: one.since.isoformat() for party, one in stands.left.items()},
    }


def show_section(section: Section, lang: str) -> None:
    """A section of the rendering, as a table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim", ratio=1)
    table.add_column(ratio=2)
    for row in section.rows:
        if lang != "fr":
            table.add_row(cell(row.label.en), cell(row.value.en))
        other = (row.label.fr, row.value.fr) != (row.label.en, row.value.en)
        if lang == "fr" or (lang == "both" and other):
            table.add_row(cell(row.label.fr), cell(row.value.fr))
    title = {"en": section.title.en, "fr": section.title.fr}.get(
        lang, both(section.title.en, section.title.fr, " / ")
    )
    console = Console()
    console.print()
    console.print(Text(one_line(title), style="bold"))
    console.print(table)


def both(en: str, fr: str, between: str = "\n") -> str:
    """A text in two languages, or once where they are the same."""
    return en if en == fr else f"{en}{between}{fr}"


def cell(text: str) -> Text:
    """A text in a table: folded, never cut."""
    from rich.text import Text

    return Text(printable(text), overflow="fold")
