"""What accounts, sessions and approvals need of a running node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from detente.record import (
    AppendUnknown,
    Clock,
    Draft,
    Entry,
    JsonValue,
    LogReadOnly,
    LogUnavailable,
    Random,
    Signer,
    SqlRow,
    Statement,
    Terms,
)
from detente.record.statements import SqlValue

NOT_STORED: Final = (LogUnavailable, LogReadOnly, AppendUnknown)
"""What a record raises that takes nothing for certain: its disk is full, or its database away."""


class OfficerRecord(Protocol):
    """The record, as far as it is needed here: `PartyRecord` has more."""

    async def append(self, drafts: Sequence[tuple[Draft, Signer | None]]) -> list[Entry]:
        """Sign and record, all or nothing."""
        ...

    async def query(self, sql: str, values: Sequence[SqlValue] = ()) -> list[SqlRow]:
        """Rows of the tables beside the record."""
        ...

    async def execute(self, statements: Sequence[Statement]) -> None:
        """Change tables of the node that are not derived from the record; one transaction."""
        ...


class OfficerAgreement(Protocol):
    """The agreement in force, as far as it is needed here: `Agreement` has more."""

    def terms(self) -> Terms:
        """Who is an officer, with which key."""
        ...


class OfficerContext(Protocol):
    """The running node, as far as it is needed here: `NodeContext` has more."""

    @property
    def party(self) -> str:
        """Whose node it is."""
        ...

    @property
    def record(self) -> OfficerRecord:
        """Its record."""
        ...

    @property
    def agreement(self) -> Callable[[], OfficerAgreement]:
        """Gives the agreement in force."""
        ...

    @property
    def clock(self) -> Clock:
        """The time, in UTC."""
        ...

    @property
    def random(self) -> Random:
        """Random bytes, fit for keys."""
        ...

    def officer_signer(self, holder: str) -> Signer:
        """An officer's private key; raises KeyFileUnusable."""
        ...

    async def note_security(self, what: str, officer: str | None, **facts: JsonValue) -> None:
        """Record a `security` entry; never a secret."""
        ...
