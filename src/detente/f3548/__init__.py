"""ASTM F3548-21 on the wire: messages, scopes, conversions and clients."""

from detente.f3548 import scopes, types, uss_types
from detente.f3548.calling import (
    AirspaceConflict,
    Exchanged,
    PeerNonsense,
    PeerRefused,
    PeerUnreachable,
    TokenSource,
)
from detente.f3548.client import DssClient, UssClient
from detente.f3548.convert import (
    InvalidMember,
    InvalidVolume,
    entity_id,
    time_of,
    time_us,
    uuid7_time_ms,
    valid_volume,
    valid_volumes,
    vertices_of,
    volume_of,
    volume_on_wire,
)

__all__ = [
    "AirspaceConflict",
    "DssClient",
    "Exchanged",
    "InvalidMember",
    "InvalidVolume",
    "PeerNonsense",
    "PeerRefused",
    "PeerUnreachable",
    "TokenSource",
    "UssClient",
    "entity_id",
    "scopes",
    "time_of",
    "time_us",
    "types",
    "uss_types",
    "uuid7_time_ms",
    "valid_volume",
    "valid_volumes",
    "vertices_of",
    "volume_of",
    "volume_on_wire",
]
