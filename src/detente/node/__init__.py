"""What a party offers to the others, how it speaks to them, and its node.

What is imported from here is loaded when it is first asked for: the commands' help needs settings
alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .context import NodeContext as NodeContext
    from .newest import newest_cosigned as newest_cosigned
    from .publishing import Publishing as Publishing
    from .publishing import TileSource as TileSource
    from .settings import NodeSettings as NodeSettings
    from .tiles_http import TilesUnreadable as TilesUnreadable
    from .tiles_http import tiles_endpoints as tiles_endpoints
    from .witness_client import PeerLog as PeerLog
    from .witness_client import Sent as Sent
    from .witness_client import WitnessClient as WitnessClient
    from .witness_client import WitnessUnreachable as WitnessUnreachable
    from .witness_client import confirm_from_peer as confirm_from_peer
    from .witness_client import http_client as http_client
    from .witness_http import WITNESS_STATUSES as WITNESS_STATUSES
    from .witness_http import witness_endpoints as witness_endpoints
    from .witnessing import anchors_of as anchors_of
    from .witnessing import keep_answer as keep_answer
    from .witnessing import refusal as refusal
    from .witnessing import who_may_ask as who_may_ask

_FOUND_IN: Final = {
    "context": ("NodeContext",),
    "newest": ("newest_cosigned",),
    "publishing": ("Publishing", "TileSource"),
    "settings": ("NodeSettings",),
    "tiles_http": ("TilesUnreadable", "tiles_endpoints"),
    "witness_client": (
        "PeerLog",
        "Sent",
        "WitnessClient",
        "WitnessUnreachable",
        "confirm_from_peer",
        "http_client",
    ),
    "witness_http": ("WITNESS_STATUSES", "witness_endpoints"),
    "witnessing": ("anchors_of", "keep_answer", "refusal", "who_may_ask"),
}
_MODULE_OF: Final = {name: module for module, names in _FOUND_IN.items() for name in names}


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{module}", __name__), name)
