"""`detente constraint list`, `show` and `export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from detente.cli.constraint_answers import Constraint
from detente.cli.constraint_desk import constraint_desk
from detente.cli.constraint_text import UNSETTLED, constraint_lines, constraints_table
from detente.cli.node_client import print_json, say
from detente.cli.plan_desk import Connection, show
from detente.cli.plan_export import Target
from detente.cli.plan_text import NOTHING

if TYPE_CHECKING:
    from detente.interchange import Feature


def list_constraints(
    connection: Connection, *, whose: str | None, ended: bool, as_json: bool
) -> None:
    """List constraints.

    Raises:
        NodeRefused, NodeUnreachable, NotLoggedIn: see these.
    """
    with constraint_desk(connection) as at:
        answer, _ = at.calls.constraints(ended=ended)
    found = _of(answer.constraints, whose)
    if as_json:
        print_json({"constraints": msgspec.to_builtins(found), "unsettled": answer.unsettled})
        return
    if found:
        show(constraints_table(found, at.language))
    else:
        say(NOTHING.to(at.language))
    if answer.unsettled:
        say(UNSETTLED.to(at.language).format(count=answer.unsettled), err=True)


def show_constraint(connection: Connection, *, identity: str, as_json: bool) -> None:
    """Show one constraint. Raises as `list_constraints`."""
    with constraint_desk(connection) as at:
        found, answer = at.calls.constraint(at.id_of(identity))
    if as_json:
        print_json(answer)
        return
    for line in constraint_lines(found, at.language):
        say(line)


def export_constraints(
    connection: Connection,
    *,
    identities: tuple[str, ...],
    form: str | None,
    whose: str | None,
    out: Path | None,
    overwrite: bool,
    geoid: str | None,
    fir: str,
    as_json: bool,
) -> None:
    """Write constraints for other programs; as zones (ED-269) if nothing else is said.

    Raises:
        ExportNotWritten: see it.
        NotWritable: the format has no words for something.
        NodeRefused, NodeUnreachable, NotLoggedIn: see these.
    """
    target = Target.of(out, form, "ed269", overwrite=overwrite, geoid=geoid, fir=fir)
    with constraint_desk(connection) as at:
        if identities:
            found = [at.calls.constraint(at.id_of(each))[0] for each in identities]
        else:
            found = _of(at.calls.constraints()[0].constraints, whose)
    target.write("constraints", [feature_of(each) for each in found], as_json=as_json)


def _of(found: list[Constraint], whose: str | None) -> list[Constraint]:
    return [each for each in found if whose is None or each.ours == (whose == "ours")]


def feature_of(constraint: Constraint) -> Feature:
    """A constraint of a node's as what is written."""
    from detente.f3548 import volume_of
    from detente.interchange import Feature, Kind

    return Feature(
        constraint.id,
        constraint.name,
        Kind.CONSTRAINT,
        tuple(
            volume_of(each, f"volumes[{number}]")
            for number, each in enumerate(constraint.details.volumes)
        ),
        party=constraint.manager,
        geozone=constraint.details.geozone,
    )
