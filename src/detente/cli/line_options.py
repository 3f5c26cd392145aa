"""What the commands of the line have in common."""

from __future__ import annotations

from pathlib import Path

STATES = ("queued", "delivered", "shown", "acknowledged", "answered")

Connection = tuple[str | None, str | None, Path | None]
"""URL of the node, file of certificates, file of sessions; as options give them."""
