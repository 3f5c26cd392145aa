"""What the small USS knows, kept in one file that outlives it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Store:
    """Own intents, what is being changed at the exchange, what others have told, and the logs.

    `intents` and `heard` are OperationalIntent objects (reference and details) by id. `pending` has
    the ids of which the exchange has been asked something whose answer is not known.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "state.json"
        self._events = (directory / "events.jsonl").open("a", encoding="utf-8")
        kept = json.loads(self._path.read_text()) if self._path.exists() else {}
        self.intents: dict[str, Json] = kept.get("intents", {})
        self.pending: set[str] = set(kept.get("pending", []))
        self.heard: dict[str, Json] = kept.get("heard", {})

    def save(self) -> None:
        """Keep it; whoever dies after this finds it again."""
        whole = {"intents": self.intents, "pending": sorted(self.pending), "heard": self.heard}
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(whole))
        os.replace(fresh, self._path)

    def note(self, kind: str, **what: Any) -> None:
        """A line in the log of what happened, with the time (Unix, seconds)."""
        self._events.write(json.dumps({"kind": kind, "at": time.time(), **what}) + "\n")
        self._events.flush()
