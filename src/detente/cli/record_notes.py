"""What a person is told beside a command's result: nothing is wrong yet, but soon may be."""

from __future__ import annotations

from datetime import datetime

import click

from detente.agreement import Agreement
from detente.record import PartyRecord


def warn_of_witness(record: PartyRecord) -> None:
    """Say that our witness signs with a key that is not believed."""
    if record.keyring.witness_revoked(record.party, record.head.size):
        click.echo(
            "note: our witness's key was revoked and has no successor: its cosignatures count for "
            "nothing. Another time rotate first, then revoke.",
            err=True,
        )


def period_note(agreement: Agreement, at: datetime) -> str | None:
    """What is to be said of an agreement that does not apply at a time."""
    period = agreement.document.period
    if at < period.from_:
        return f"note: the agreement applies from {period.from_.isoformat()} only"
    if at >= period.until:
        return f"note: the agreement's period was over at {period.until.isoformat()}"
    return None
