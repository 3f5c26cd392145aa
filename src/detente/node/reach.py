"""How the peers are reached, where two persons have decided it: `NODE/reach.json`.

It stands above node.toml and the command line, and changes only by four eyes. Whoever can write the
directory can remove the file; the record tells what was decided, by whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final, Self

import msgspec

from detente.errors import DetenteError
from detente.http import AddressPolicy, ConnectTo
from detente.record import JsonValue

from .settings import NodeSettings
from .whole_files import write_whole

REACH_FILE: Final = "reach.json"
_LIST_MAX: Final = 100


class ReachUnusable(DetenteError):
    """How peers are to be reached cannot be meant, or its file cannot be read."""

    code: ClassVar[str] = "node.reach"


class Reach(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the peers are reached.

    Attributes:
        pull: ids of peers that cannot call us: what they have for us is fetched.
        connect_to: HOST:PORT=ADDRESS:PORT, instead of what the DNS says.
        peer_network: address ranges that may be called although they are private or local.
    """

    pull: list[str]
    connect_to: list[str]
    peer_network: list[str]

    @classmethod
    def of(cls, settings: NodeSettings) -> Self:
        """As the settings say."""
        return cls(
            pull=list(settings.pull),
            connect_to=list(settings.connect_to),
            peer_network=list(settings.peer_network),
        )

    def check(self, peers: Sequence[str]) -> None:
        """Whether it can be meant.

        Args:
            peers: ids of the other parties.

        Raises:
            ReachUnusable: it cannot.
        """
        for name, values in self.facts().items():
            if not isinstance(values, list) or len(values) > _LIST_MAX:
                raise ReachUnusable(f"At most {_LIST_MAX}.", where=name)
        for party in self.pull:
            if party not in peers:
                raise ReachUnusable(f"There is no other party {party[:40]!r}.", where="pull")
        try:
            AddressPolicy.of(self.peer_network)
            for text in self.connect_to:
                ConnectTo.parse(text)
        except DetenteError as error:
            raise ReachUnusable(str(error)) from None

    def facts(self) -> dict[str, JsonValue]:
        """As JSON."""
        return {
            "pull": list(self.pull),
            "connect_to": list(self.connect_to),
            "peer_network": list(self.peer_network),
        }


def write_reach(directory: Path, reach: Reach) -> None:
    """Keep it for the next start; raises FileNotWritten."""
    write_whole(directory / REACH_FILE, msgspec.json.encode(reach) + b"\n")


def settings_with_reach(directory: Path, settings: NodeSettings) -> NodeSettings:
    """The settings, with what was decided in place of what they say.

    Raises:
        ReachUnusable: the file is there, and cannot be read.
    """
    path = directory / REACH_FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Reach)
    except FileNotFoundError:
        return settings
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ReachUnusable(f"It cannot be read: {error}.", where=str(path)) from None
    return replace(
        settings,
        pull=tuple(found.pull),
        connect_to=tuple(found.connect_to),
        peer_network=tuple(found.peer_network),
    )
