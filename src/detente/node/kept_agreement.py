"""The agreement as it was signed, every version of it, in the directory of a record."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import detente.line  # what brings rules of agreements must have been loaded
import detente.node.planning_rules
import detente.node.watching_rules  # noqa: F401
from detente.agreement import Agreement, load_agreement, party_signatures
from detente.errors import DetenteError
from detente.record import RecordRefused
from detente.record.keys import sync_directory

from .whole_files import write_whole

if TYPE_CHECKING:
    from .home import Home

AGREEMENTS: Final = "agreement"
"""Where the versions are, in the directory of a record."""


class NotInForce(DetenteError):
    """A record is to begin under an agreement that not everybody has signed."""

    code: ClassVar[str] = "cli.not_in_force"


def in_force(directory: Path) -> Agreement:
    """An agreement that everybody has signed.

    Raises:
        NotInForce: names who has not.
        AgreementUnusable: it has faults.
    """
    agreement = load_agreement(directory)
    missing = [found.party for found in party_signatures(agreement) if found.key is None]
    if missing:
        raise NotInForce(
            f"The agreement is not in force: {', '.join(missing)} "
            f"{'has' if len(missing) == 1 else 'have'} not signed it.",
            where=str(directory),
            advice="See `detente agreement sign` and `detente agreement show`.",
        )
    return agreement


def keep_agreement(home: Home, source: Path, version: int) -> None:
    """A copy of an agreement's directory, for as long as the record lasts; whole or not at all."""
    agreement = load_agreement(source)
    files = dict(agreement.files)
    for name in ("agreement.dsse.json", "previous.dsse.json"):
        if (source / name).exists():
            files[name] = (source / name).read_bytes()
    folder = home.directory / AGREEMENTS
    folder.mkdir(mode=0o700, exist_ok=True)
    for left in folder.glob(".*"):  # by an attempt that was interrupted
        before = folder / left.name.removeprefix(".").removesuffix(".before")
        if left.suffix == ".before" and not before.exists():
            left.rename(before)
        else:
            shutil.rmtree(left)
    made = folder / f".{version}"
    for name, data in files.items():
        path = made / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data)
    target = folder / str(version)
    if target.exists():
        target.rename(folder / f".{version}.before")
    made.rename(target)
    sync_directory(folder)
    shutil.rmtree(folder / f".{version}.before", ignore_errors=True)


@contextmanager
def keeping_agreement(home: Home, source: Path, version: int) -> Iterator[None]:
    """`keep_agreement`, undone if what it was for is refused."""
    target = home.directory / AGREEMENTS / str(version)
    new = not target.exists()
    keep_agreement(home, source, version)
    try:
        yield
    except RecordRefused:
        if new:
            shutil.rmtree(target)
        raise
