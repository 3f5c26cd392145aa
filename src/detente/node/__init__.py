"""What a party offers to the others, and how it speaks to them."""

from .newest import newest_cosigned
from .tiles_http import TilesUnreadable, tiles_endpoints
from .witness_client import (
    PeerLog,
    Sent,
    WitnessClient,
    WitnessUnreachable,
    confirm_from_peer,
    http_client,
)
from .witness_http import WITNESS_STATUSES, witness_endpoints

__all__ = [
    "WITNESS_STATUSES",
    "PeerLog",
    "Sent",
    "TilesUnreadable",
    "WitnessClient",
    "WitnessUnreachable",
    "confirm_from_peer",
    "http_client",
    "newest_cosigned",
    "tiles_endpoints",
    "witness_endpoints",
]
