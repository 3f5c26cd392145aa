"""`detente boundary`: lines that somebody claims: install, import, look at, compare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

KINDS = ("land", "territorial-sea", "fir", "adiz", "agreed-line", "own")
DEPTHS = ("nearest-border", "along-track", "chord")

_file = click.Path(path_type=Path, dir_okay=False)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_box = click.option("--box", metavar="W,S,E,N", help="Only within these sides, degrees.")
_store = click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    envvar="DETENTE_BOUNDARIES",
    show_envvar=True,
    help="Where installed boundaries are. [default: detente/boundaries below the user's data]",
)


@click.group(short_help="Install, import, show and compare boundaries.")
def boundary() -> None:
    """Boundaries: lines that somebody claims, with their source and how sure they are.

    A SPEC is the name of a source (country-coder, maritime-10m, one of your own), a name with
    claimants or codes (maritime-10m:ES,FR), or a file that `detente boundary export` wrote. See
    docs/boundaries.md.
    """


@boundary.command(short_help="Fetch a source that is known by name.")
@click.argument("name")
@click.option("--file", "tarball", type=_file, metavar="TARBALL", help="What `npm pack` made.")
@_store
def install(name: str, tarball: Path | None, store: Path | None) -> None:
    """Fetch NAME with npm, repair it, compile its index and keep both.

    The hash of the package is pinned. --file takes a tarball that was fetched elsewhere.
    """
    from detente.cli.boundary_desk import install_source

    install_source(name, tarball, store)


@boundary.command("import", short_help="Make a source of a file of your own.")
@click.argument("file", type=_file)
@click.option("--id", "identity", required=True, metavar="NAME", help="What it shall be called.")
@click.option(
    "--uncertainty-m",
    type=click.FloatRange(min=0, min_open=True),
    required=True,
    metavar="M",
    help="How far its lines may be from the true ones, 95 %. Only you can know.",
)
@click.option("--ground", default="stated by the user", metavar="TEXT", help="How that is known.")
@click.option("--ground-fr", default="", metavar="TEXT", help="The same in French.")
@click.option("--claimant", default="", metavar="NAME", help="Who claims all of it.")
@click.option("--claimant-field", default="", metavar="FIELD", help="The property that tells.")
@click.option("--name-field", default="", metavar="FIELD", help="The property with the name.")
@click.option("--kind", type=click.Choice(KINDS), default="own", show_default=True)
@click.option("--depth", type=click.Choice(DEPTHS), default="nearest-border", show_default=True)
@click.option("--title", default="", metavar="TEXT", help="[default: the name of the file]")
@click.option("--source-version", default="", metavar="TEXT", help="[default: from its hash]")
@click.option("--licence", default="not stated", metavar="TEXT", show_default=True)
@click.option("--layer", metavar="NAME", help="Of a file with several.")
@click.option(
    "--max-change",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    metavar="SHARE",
    help="Of its area that the repair of a polygon may change; more is refused.",
)
@_store
def import_(file: Path, store: Path | None, **given: Any) -> None:
    """Make a source of FILE: GeoJSON, GeoPackage (.gpkg), Shapefile (.shp) or KML.

    Invalid polygons are repaired and told, or refused by name. Files that `detente boundary export`
    wrote need no import: they state these things themselves.
    """
    from detente.cli.boundary_desk import import_file

    import_file(file, store, **given)


@boundary.command("list", short_help="List what is installed, and what can be.")
@_json
@_store
def list_(as_json: bool, store: Path | None) -> None:
    """List the sources that are installed, and those that can be installed by name."""
    from detente.cli.boundary_desk import list_sources

    list_sources(store, as_json=as_json)


@boundary.command(short_help="Show a source or boundaries, with a picture.")
@click.argument("specs", metavar="SPEC…", nargs=-1, required=True)
@_box
@click.option("--out", type=_file, metavar="FILE", help="Write the picture: .svg or .html.")
@click.option("--repairs", is_flag=True, help="List every repair.")
@_json
@_store
def show(specs: tuple[str, ...], box: str | None, store: Path | None, **given: Any) -> None:
    """Show what SPEC is, where it comes from, how sure it is, and what was repaired.

    With claimants in SPEC, or with --box, a picture is drawn, too; of several sources, their lines
    over each other.
    """
    from detente.cli.boundary_desk import show_boundaries

    show_boundaries(specs, box, store, **given)


@boundary.command(short_help="Tell how far two sources disagree.")
@click.argument("first", metavar="SPEC")
@click.argument("second", metavar="SPEC")
@click.option("--claimant", "claimants", multiple=True, metavar="NAME", help="Whose line.")
@click.option("--neighbour", default="", metavar="NAME", help="Only where this one is beyond it.")
@click.option("--shared", is_flag=True, help="Only where anybody is beyond it: no coast.")
@_box
@click.option(
    "--step-m", type=click.FloatRange(min=1), default=100.0, show_default=True, metavar="M",
    help="Distance of the places that are measured, along the lines.",
)  # fmt: skip
@_json
@_store
def compare(first: str, second: str, box: str | None, store: Path | None, **given: Any) -> None:
    """Measure how far the lines of two sources lie apart, each from the other: median, 95 %, most.

    Without --claimant, of everybody whom both have in the --box.
    """
    from detente.cli.boundary_compare import compare_sources

    compare_sources(first, second, box, store, **given)


@boundary.command(short_help="Write boundaries as GeoJSON for the other party.")
@click.argument("specs", metavar="SPEC…", nargs=-1, required=True)
@click.option("--out", type=_file, required=True, metavar="FILE", help="Ends in .geojson.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
@_store
def export(specs: tuple[str, ...], out: Path, overwrite: bool, store: Path | None) -> None:
    """Write boundaries with their source, uncertainty and licence: a SPEC for whoever gets them."""
    from detente.cli.boundary_desk import export_boundaries

    export_boundaries(specs, out, store, overwrite=overwrite)


@boundary.command(short_help="Remove an installed source.")
@click.argument("name")
@_store
def remove(name: str, store: Path | None) -> None:
    """Remove NAME from what is installed."""
    from detente.cli.boundary_desk import remove_source

    remove_source(name, store)
