"""Remote ID of drones (ASTM F3411): broadcast and over the network."""

from __future__ import annotations

from .broadcast import BroadcastDecoder
from .network import NetworkDecoder

__all__ = ["BroadcastDecoder", "NetworkDecoder"]
