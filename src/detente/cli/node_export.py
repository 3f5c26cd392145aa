"""`detente node export`: evidence from a node that runs, under four eyes."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import ClassVar, Final

import click

from detente.cli.node_by_two import approval_option, ask_second
from detente.cli.node_client import (
    Json,
    NodeClient,
    connect,
    node_options,
    path_of,
    print_json,
    say,
)
from detente.errors import DetenteError

_LOOK_EVERY_S: Final = 0.3


class ExportFailed(DetenteError):
    """The node could not write a bundle, or what came is not what it wrote."""

    code: ClassVar[str] = "client.export"


@click.command()
@click.argument("out", metavar="OUT.zip", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--purpose", default="", help="Why; it stands in the record.")
@click.option("--items", default="", metavar="A-B,C", help="Indices, with ranges.")
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Repeatable.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Repeatable.")
@click.option("--since", metavar="TIME", help="Created at or after this time.")
@click.option("--until", metavar="TIME", help="Created before this time.")
@click.option(
    "--withhold", multiple=True, metavar="SHA256", help="Leave this file out; repeatable."
)
@approval_option
@click.option("--overwrite", is_flag=True, help="Replace OUT.zip if it is there.")
@node_options
def export(
    out: Path,
    purpose: str,
    items: str,
    channels: tuple[str, ...],
    kinds: tuple[str, ...],
    since: str | None,
    until: str | None,
    withhold: tuple[str, ...],
    approval: str | None,
    overwrite: bool,
    node: str | None,
    ca_file: str | None,
    session_file: Path | None,
    as_json: bool,
) -> None:
    """Write a bundle that anybody can check: once to ask a second person, once with --approval.

    Without any choice it is the whole record. With --approval exactly what was approved is
    exported; nothing needs to be said again.
    """
    chosen = {
        "purpose": purpose,
        "items": items,
        "channels": list(channels),
        "kinds": list(kinds),
        "since": since,
        "until": until,
        "withhold": list(withhold),
    }
    if approval is not None and any(chosen.values()):
        raise click.UsageError("With --approval, what was approved is exported: give no choice.")
    if approval is None and not purpose:
        raise click.UsageError("Give --purpose: why it is exported stands in the record.")
    if out.exists() and not overwrite:
        raise click.UsageError(f"{out} is there already: give --overwrite to replace it.")
    with connect(node, ca_file, session_file) as client:
        if approval is None:
            again = shlex.join(["export", click.format_filename(out)])
            ask_second(client, "export", chosen, again, as_json)
            return
        done = collect(client, approval, out)
    if as_json:
        print_json(done)
        return
    size_mb = done["bytes"] / 1e6
    say(f"wrote {out} ({size_mb:.1f} MB): {done['scope']}, grade {done['grade']}")
    say(f"check it: detente verify {out}")


def collect(client: NodeClient, approval: str, out: Path) -> Json:
    """Have the node export what was approved, and fetch it; what came of it.

    Raises:
        ExportFailed: it could not be written, or something else came.
        NodeRefused: it was not approved, or it has been used up.
        click.UsageError: the request is for something else.
    """
    found = client.get(path_of("approvals", approval))
    if found["kind"] != "export":
        raise click.UsageError("That request is for something else.")
    job = client.post("record/exports", {**found["action"], "approval": found["id"]})
    while job["state"] == "running":
        time.sleep(_LOOK_EVERY_S)
        job = client.get(path_of("jobs", job["id"]))
    if job["state"] != "done":
        raise ExportFailed("The node could not write the bundle.", where=str(job["error"]))
    result: Json = job["result"]
    part = out.with_name(f".{out.name}.part")
    try:
        digest = client.download(path_of("record", "exports", job["id"]), part)
        if digest != result["sha256"]:
            raise ExportFailed("What came is not what the node has written.", where=str(out))
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return result
