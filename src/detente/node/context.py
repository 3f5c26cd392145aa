"""What every part of a running node is given: whose it is, its record, its agreement, its clock."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from detente.agreement import Agreement
from detente.errors import DetenteError
from detente.record import (
    Clock,
    Draft,
    Ed25519Signer,
    JsonValue,
    KeyFileUnusable,
    PartyRecord,
    Random,
    Signer,
    load_key,
)
from detente.record.ijson import format_time

from .home import OFFICERS, Home, key_files
from .officer_context import NOT_STORED
from .settings import NodeSettings

SECURITY_CHANNEL: Final = "own/security"
WATCH_CHANNEL: Final = "own/watch"
_HELD_MAX: Final = 1000

_log = logging.getLogger("detente.node.security")


@dataclass(slots=True)
class HeldNotes:
    """Security entries that the record could not take yet: its disk was full, or it was held."""

    drafts: deque[Draft] = field(default_factory=lambda: deque(maxlen=_HELD_MAX))
    dropped: int = 0

    def hold(self, draft: Draft) -> None:
        """Keep one; beyond a thousand the oldest goes, counted."""
        if len(self.drafts) == self.drafts.maxlen:
            self.dropped += 1
        self.drafts.append(draft)


@dataclass(frozen=True)
class NodeContext:
    """A node at work.

    Attributes:
        party: whose node it is.
        record: of that party, open.
        agreement: the version in force now; it changes when a new one is recorded.
        clock: the wall clock, aware, UTC.
        random: bytes fit for keys.
        home: the node's directory.
        settings: of this start.
        held: security entries that the record could not take yet.
    """

    party: str
    record: PartyRecord
    agreement: Callable[[], Agreement]
    clock: Clock
    random: Random
    home: Home
    settings: NodeSettings
    held: HeldNotes = field(default_factory=HeldNotes)

    def officer_signer(self, holder: str) -> Signer:
        """The private key of an officer, if it lies with the node and is in force now.

        Args:
            holder: the officer's id in the agreement.

        Raises:
            KeyFileUnusable: it is not here, not readable, or not in force.
        """
        size = self.record.head.size
        wanted = {
            author.key.public_key
            for author in self.record.keyring.authors(self.party, size)
            if author.holder == holder
        }
        if not wanted:
            raise KeyFileUnusable(
                f"No key of {holder} is in force.",
                advice="Keys are enrolled with the agreement, and replaced by rotation.",
            )
        # The file named after the officer is nearly always the one; the others are for rotations.
        named = self.home.keys / OFFICERS / f"{holder}.key"
        files = [named] if named.exists() else []
        for path in [*files, *(each for each in key_files(self.home.keys) if each != named)]:
            signer: Ed25519Signer = load_key(path)
            if signer.public_key in wanted:
                return signer
        raise KeyFileUnusable(
            f"The key of {holder} is not with this node.", where=str(self.home.keys / OFFICERS)
        )

    async def note_security(self, what: str, officer: str | None, **facts: JsonValue) -> None:
        """Record what matters to security: an entry `security` to nobody, channel own/security.

        A record that takes nothing now does not keep anybody out: the entry is logged, kept in
        memory, and recorded with the next one that is taken.

        Args:
            what: such as `login`, `login-refused`, `role-changed`.
            officer: who did it, or whose account it is about; None if that is not known.
            facts: more, in the body beside these; no secrets.
        """
        at = format_time(self.clock())
        body: dict[str, JsonValue] = {"what": what, "at": at, **facts}
        if officer is not None:
            body["officer"] = officer
        _log.info("%s", what, extra={"security": body})
        self.held.hold(Draft("security", SECURITY_CHANNEL, (), body))
        await self.record_held()

    async def record_held(self) -> None:
        """Record the security entries that wait; leave them waiting if that is not possible now."""
        waiting = list(self.held.drafts)
        if not waiting:
            return
        self.held.drafts.clear()
        try:
            await self.record.append([(draft, None) for draft in waiting])
        except NOT_STORED as error:
            _log.warning("%d security entries wait for the record: %s", len(waiting), error)
            self._keep(waiting)
        except DetenteError:
            self._keep(waiting)
            raise

    def _keep(self, waiting: list[Draft]) -> None:
        newer = list(self.held.drafts)
        self.held.drafts.clear()
        for draft in (*waiting, *newer):
            self.held.hold(draft)
