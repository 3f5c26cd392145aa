"""What the commands of `detente boundary` do."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from detente.boundaries import (
    CATALOGUE,
    DEFAULT,
    Assembled,
    Boundary,
    BoundarySet,
    BoundarySource,
    BoundaryStore,
    Box,
    Depth,
    Kind,
    OwnStatement,
    Repair,
    attributions,
    compiled,
    exported,
    install,
    installed,
    load_boundaries,
    read_boundaries,
    read_spec,
)
from detente.cli.boundary_text import repair_line, source_lines, sources_table, summary_of_repairs
from detente.errors import DetenteError, one_line, printable


class BoundaryOutputRefused(DetenteError):
    """A picture or an export cannot be written."""

    code: ClassVar[str] = "boundary.output"


def store_at(root: Path | None) -> BoundaryStore:
    """The store in a directory, or the user's."""
    return BoundaryStore.default() if root is None else BoundaryStore(root)


def say(text: str = "") -> None:
    """Print a line that may hold names from files."""
    click.echo(printable(text))


def install_source(name: str, tarball: Path | None, root: Path | None) -> None:
    """`detente boundary install`."""
    store = store_at(root)
    with _bar() as bar:
        task = bar.add_task(f"{name}: fetch and repair", total=None)
        assembled = install(
            name, store, tarball=tarball, step=lambda done: bar.update(task, description=done)
        )
    _compile(assembled.boundaries, store)
    _tell_kept(name, assembled, store)


def import_file(file: Path, root: Path | None, **given: Any) -> None:
    """`detente boundary import`."""
    store = store_at(root)
    assembled = read_boundaries(
        file,
        OwnStatement(
            id=given["identity"],
            uncertainty_m=given["uncertainty_m"],
            uncertainty_ground=given["ground"],
            uncertainty_ground_fr=given["ground_fr"],
            claimant=given["claimant"],
            claimant_field=given["claimant_field"],
            name_field=given["name_field"],
            kind=Kind(given["kind"]),
            depth=Depth(given["depth"]),
            title=given["title"],
            version=given["source_version"],
            licence=given["licence"],
            layer=given["layer"],
            max_change_share=given["max_change"],
        ),
    )
    store.write(given["identity"], assembled)
    _compile(assembled.boundaries, store)
    _tell_kept(given["identity"], assembled, store)


def list_sources(root: Path | None, *, as_json: bool) -> None:
    """`detente boundary list`."""
    store = store_at(root)
    names = dict.fromkeys((DEFAULT, *store.names()))
    found: list[tuple[BoundarySource, int, bool]] = []
    for name in names:
        if name in store.names():
            statement = store.statement(name)
            found.append((statement.source, len(statement.boundaries), False))
        else:
            assembled = installed(name, store)
            found.append((assembled.boundaries[0].source, len(assembled.boundaries), True))
    missing = [entry for entry in CATALOGUE.values() if entry.id not in names]
    if as_json:
        document = {
            "installed": [
                {**msgspec.to_builtins(source), "boundaries": count, "built_in": built_in}
                for source, count, built_in in found
            ],
            "installable": [
                {
                    "id": each.id,
                    "summary": each.summary,
                    "licence": each.licence,
                    "package": f"{each.package.name}@{each.package.version}",
                    "megabytes": each.package.megabytes,
                }
                for each in missing
            ],
        }
        say(json.dumps(document, ensure_ascii=False, indent=2))
        return
    Console().print(sources_table(found))
    for each in missing:
        size = f"{each.package.megabytes:g} MB, {each.licence}"
        say(f"can be installed: {each.id} ({size}): {each.summary}")
    for line in attributions([source for source, _, _ in found]):
        say(line)


def show_boundaries(
    specs: Sequence[str],
    box: str | None,
    root: Path | None,
    *,
    out: Path | None,
    repairs: bool,
    as_json: bool,
) -> None:
    """`detente boundary show`."""
    from detente.cli.boundary_picture import draw, terminal_picture

    store = store_at(root)
    sides = None if box is None else parse_box(box)
    boundaries = [each for spec in specs for each in read_spec(spec, store)]
    # What was repaired and left out is told of one source as a whole.
    whole = installed(specs[0], store) if list(specs) in _wholes(store) else None
    if as_json:
        say(json.dumps(_shown(boundaries, whole), ensure_ascii=False, indent=2))
    else:
        for line in source_lines(boundaries, whole):
            say(line)
        if repairs:
            for each in _repairs(specs, store):
                say(repair_line(each))
        if whole is None or sides is not None:
            say()
            say(terminal_picture(boundaries, sides))
    if out is not None:
        draw(out, boundaries, sides)
        click.echo(f"wrote {out}", err=True)


def export_boundaries(
    specs: Sequence[str], out: Path, root: Path | None, *, overwrite: bool
) -> None:
    """`detente boundary export`."""
    if out.suffix.lower() != ".geojson":
        raise BoundaryOutputRefused(
            "Boundaries are written as GeoJSON.",
            where=str(out),
            advice="Let its name end in .geojson.",
        )
    store = store_at(root)
    boundaries = {each.id: each for spec in specs for each in read_spec(spec, store)}
    content = exported(list(boundaries.values()))
    try:
        with out.open("wb" if overwrite else "xb") as file:
            file.write(content)
    except OSError as error:
        raise BoundaryOutputRefused(
            f"It cannot be written: {error.strerror}.",
            where=str(out),
            advice="--overwrite replaces it." if isinstance(error, FileExistsError) else None,
        ) from None
    say(f"wrote {len(boundaries)} boundaries to {out}")
    say(f"sha256 {hashlib.sha256(content).hexdigest()}")
    for line in attributions([each.source for each in boundaries.values()]):
        say(line)


def remove_source(name: str, root: Path | None) -> None:
    """`detente boundary remove`."""
    store = store_at(root)
    store.remove(name)
    say(f"removed {name} from {store.root}")


def load(specs: Sequence[str], root: Path | None) -> BoundarySet:
    """Boundaries with their index; a bar shows while it is compiled."""
    with _bar() as bar:
        task = bar.add_task("index", total=1.0, visible=False)
        return load_boundaries(
            specs,
            store=store_at(root),
            progress=lambda share: bar.update(task, completed=share, visible=True),
        )


def parse_box(text: str) -> Box:
    """`W,S,E,N` in degrees. Raises `click.UsageError`."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise click.UsageError("--box is west,south,east,north in degrees.") from None
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south < north <= 90):
        raise click.UsageError("--box: longitudes in -180..180, south below north, in -90..90.")
    return Box(west, south, east, north)


def _wholes(store: BoundaryStore) -> list[list[str]]:
    return [[name] for name in (DEFAULT, *store.names())]


def _repairs(specs: Sequence[str], store: BoundaryStore) -> list[Repair]:
    """Of the sources that are named, or of the boundaries in them."""
    found = []
    for spec in specs:
        name = spec.partition(":")[0]
        if [name] in _wholes(store):
            shown = {each.id for each in read_spec(spec, store)}
            found += [
                each
                for each in installed(name, store).repairs
                if name == spec or each.boundary in shown
            ]
    return found


def _compile(boundaries: tuple[Boundary, ...], store: BoundaryStore) -> None:
    with _bar() as bar:
        task = bar.add_task("index", total=1.0)
        compiled(boundaries, store, lambda share: bar.update(task, completed=share))


def _bar() -> AbstractContextManager[Progress]:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _tell_kept(name: str, assembled: Assembled, store: BoundaryStore) -> None:
    source = assembled.boundaries[0].source
    say(f"{name}: {len(assembled.boundaries)} boundaries in {store.root / name}")
    for line in summary_of_repairs(assembled):
        say(line)
    say(f"uncertainty {source.uncertainty_m:,.0f} m: {source.uncertainty_ground}")
    say(f"licence {source.licence}")
    for line in attributions([source]):
        say(line)


def _shown(boundaries: Sequence[Boundary], whole: Assembled | None) -> dict[str, Any]:
    sources = dict.fromkeys(each.source for each in boundaries)
    return {
        "sources": [msgspec.to_builtins(each) for each in sources],
        "attribution": list(attributions(list(sources))),
        "boundaries": [
            {
                "id": each.id,
                "claimant": each.claimant,
                "name": one_line(each.name),
                "kind": each.kind.value,
                "depth": each.depth.value,
                "uncertainty_m": each.uncertainty_m,
                "open_uncertainty_m": each.open_uncertainty_m,
                "polygons": len(each.polygons),
                "vertices": sum(len(ring) - 1 for polygon in each.polygons for ring in polygon),
            }
            for each in boundaries
        ],
        "repairs": [] if whole is None else [msgspec.to_builtins(each) for each in whole.repairs],
        "faults": {}
        if whole is None
        else dict(Counter(each.fault.value for each in whole.repairs)),
        "left_out": [] if whole is None else list(whole.left_out),
    }
