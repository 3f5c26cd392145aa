"""`detente verify`: whether an evidence bundle holds, and what it shows."""

from __future__ import annotations

import time
from pathlib import Path

import click

from detente.errors import printable
from detente.formats import GRADES

EXIT_UNUSABLE = 2

_file = click.Path(path_type=Path)


@click.command(short_help="Verify an evidence bundle.")
@click.argument("bundle", type=_file, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--accept",
    type=click.Choice(GRADES),
    default=GRADES[-1],
    show_default=True,
    help="Lowest grade that is good enough.",
)
@click.option("--agreement", metavar="SHA256", help="Hash of the agreement that you expect.")
@click.option("--key", multiple=True, metavar="VKEY", help="A key that you expect in it.")
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Processes; 0: as many as help.",
)
@click.option(
    "--lang",
    type=click.Choice(["en", "fr", "both"]),
    default="both",
    show_default=True,
    help="Language of the report.",
)
@click.option("--html", type=_file, metavar="FILE", help="Write the report as a page, too.")
@click.option(
    "--page",
    type=_file,
    metavar="FILE",
    help="Write a page that verifies bundles in a browser, without a server; needs no BUNDLE.",
)
def verify(
    bundle: Path | None,
    as_json: bool,
    accept: str,
    agreement: str | None,
    key: tuple[str, ...],
    workers: int,
    lang: str,
    html: Path | None,
    page: Path | None,
) -> int:
    """Tell what BUNDLE proves, by whose signatures, and what it does not prove.

    Needs no server, network or database. `python -m detente.verify` does the same with nothing but
    Python and PyNaCl.

    Exit code: 0 proven, 1 refused, 2 no bundle or bad usage.
    """
    from detente.verify import Options, Unusable, verify_bundle
    from detente.verify.page import write_page
    from detente.verify.render import languages_of, reason, to_html, to_json, to_text

    if bundle is None and page is None:
        raise click.UsageError("Missing argument 'BUNDLE'.")
    options = Options(
        accept=accept, agreement=agreement, keys=key, workers=workers, now_s=int(time.time())
    )
    try:
        if page is not None:
            write_page(page)
        if bundle is None:
            return 0
        with _Bar() as bar:
            report = verify_bundle(bundle, options, bar.show)
        languages = languages_of(lang)
        if html is not None:
            html.write_text(to_html(report, languages), encoding="utf-8")
    except (Unusable, ValueError, OSError) as error:
        click.echo(printable(f"error: {reason(error)}"), err=True)
        return EXIT_UNUSABLE
    click.echo(to_json(report) if as_json else to_text(report, languages), nl=as_json)
    return report.exit_code


class _Bar:
    """A progress bar on standard error, where that is a terminal."""

    def __enter__(self) -> _Bar:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._progress = Progress(console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("verifying", total=None)
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def show(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total)
