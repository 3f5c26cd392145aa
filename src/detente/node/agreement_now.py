"""The agreement in force for a record, read once for each version."""

from __future__ import annotations

from detente.agreement import Agreement
from detente.record import PartyRecord

from .home import Home, RecordDirectoryUnusable


class AgreementNow:
    """Gives the agreement that the record says is in force; to be called as a function."""

    def __init__(self, home: Home, record: PartyRecord) -> None:
        """Raises:
        RecordDirectoryUnusable, AgreementUnusable: the copy in the directory is not whole.
        """
        self._home = home
        self._record = record
        self._versions = {each.document.version: each for each in home.agreements()}
        self()

    def __call__(self) -> Agreement:
        """The version in force now.

        Raises:
            RecordDirectoryUnusable: the directory has no copy of it.
        """
        version = self._record.terms.version
        found = self._versions.get(version)
        if found is None:
            self._versions = {each.document.version: each for each in self._home.agreements()}
            found = self._versions.get(version)
        if found is None:
            raise RecordDirectoryUnusable(
                f"Version {version} of the agreement is missing.", where=str(self._home.directory)
            )
        return found
