"""The sessions of a person on this machine.

A session file holds tokens, so it is read and written for its owner only, and replaced as a whole:

    {"format": "detente-sessions/1", "current": "https://node.example",
     "sessions": {"https://node.example": {"officer": "a-1", "token": "…", "ca": null,
                                           "ends": "2026-11-22T20:00:00.000000Z"}}}
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from detente.errors import DetenteError

FORMAT: Final = "detente-sessions/1"
Json = dict[str, Any]


class SessionFileUnusable(DetenteError):
    """The session file is readable by others, damaged, or cannot be written."""

    code: ClassVar[str] = "client.session_file"


@dataclass(frozen=True, slots=True)
class SavedSession:
    """A session with one node.

    Attributes:
        node: base URL of the node, without a slash at its end.
        officer: whose session it is.
        token: that the node has given.
        ca: file of the certificates that the node's is checked against; None for the system's.
        ends: when the session ends (RFC 3339).
    """

    node: str
    officer: str
    token: str
    ca: str | None = None
    ends: str = ""


class SessionFile:
    """The sessions of a person on this machine.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def default(cls) -> SessionFile:
        """`$DETENTE_NODE_SESSION`, or `detente/sessions.json` below the directory of settings."""
        given = os.environ.get("DETENTE_NODE_SESSION")
        if given:
            return cls(Path(given))
        base = os.environ.get("XDG_CONFIG_HOME")
        return cls((Path(base) if base else Path.home() / ".config") / "detente/sessions.json")

    def find(self, node: str | None) -> SavedSession | None:
        """The session with a node, or with the one that was logged in to last.

        Raises:
            SessionFileUnusable: it is readable by others, or damaged.
        """
        content = self._read()
        current = node or content["current"]
        each = content["sessions"].get(current)
        if current is None or each is None:
            return None
        return SavedSession(current, each["officer"], each["token"], each["ca"], each["ends"])

    def current(self) -> str | None:
        """The node that was logged in to last.

        Raises:
            SessionFileUnusable: as `find`.
        """
        found: str | None = self._read()["current"]
        return found

    def save(self, session: SavedSession) -> None:
        """Keep a session; its node is the current one from now on.

        Raises:
            SessionFileUnusable: as `find`, or it cannot be written.
        """
        content = self._read()
        content["current"] = session.node
        content["sessions"][session.node] = {
            "officer": session.officer,
            "token": session.token,
            "ca": session.ca,
            "ends": session.ends,
        }
        self._write(content)

    def forget(self, node: str) -> bool:
        """Remove the session with a node; tells whether there was one.

        Raises:
            SessionFileUnusable: as `save`.
        """
        content = self._read()
        if content["sessions"].pop(node, None) is None:
            return False
        if content["current"] == node:
            content["current"] = next(iter(content["sessions"]), None)
        self._write(content)
        return True

    def _read(self) -> Json:
        where = str(self.path)
        try:
            with self.path.open(encoding="utf-8") as file:
                mode = os.fstat(file.fileno())
                if mode.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or mode.st_uid != os.getuid():
                    raise SessionFileUnusable(
                        "It can be read by others, and holds tokens.",
                        where=where,
                        advice=f"chmod 600 {where}; log out and in again if others may have read.",
                    )
                content = json.load(file)
        except FileNotFoundError:
            return {"format": FORMAT, "current": None, "sessions": {}}
        except (OSError, ValueError) as error:
            raise SessionFileUnusable(
                f"It cannot be read: {error}", where=where, advice="Delete it, and log in again."
            ) from None
        if not _is_content(content):
            raise SessionFileUnusable(
                "It is no session file.", where=where, advice="Delete it, and log in again."
            )
        found: Json = content
        return found

    def _write(self, content: Json) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp makes a file that only its owner can read.
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(content, file, indent=1)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise SessionFileUnusable(
                f"It cannot be written: {error}", where=str(self.path)
            ) from None


def _is_content(content: object) -> bool:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return False
    sessions, current = content.get("sessions"), content.get("current")
    if not isinstance(sessions, dict) or not (current is None or isinstance(current, str)):
        return False
    return all(
        isinstance(each, dict)
        and {"officer", "token", "ca", "ends"} <= each.keys()
        and all(isinstance(each[name], str) for name in ("officer", "token", "ends"))
        and (each["ca"] is None or isinstance(each["ca"], str))
        for each in sessions.values()
    )
