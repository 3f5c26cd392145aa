"""What loads slowly is loaded by those only who need it: every command pays for the rest."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SLOW = ("numba", "shapely", "pyproj", "psycopg")


@pytest.mark.parametrize(
    "module",
    ["detente.agreement", "detente.record", "detente.node.home", "detente.cli.root"],
)
def test_geometry_and_database_driver_are_not_loaded_at_once(module: str) -> None:
    program = f"import {module}, sys; print([n for n in {_SLOW!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


def test_the_database_is_there_for_those_who_ask() -> None:
    import detente.record
    from detente.record import PostgresLog, PostgresSettings

    assert PostgresLog.__module__ == "detente.record.postgres"
    assert PostgresSettings().schema
    with pytest.raises(AttributeError, match="no attribute 'NoSuchThing'"):
        _ = getattr(detente.record, "NoSuchThing")  # noqa: B009
