"""Cursor on Target (CoT), as TAK clients and servers speak it: XML and protobuf."""

from __future__ import annotations

from .decoder import CotDecoder, CotSettings
from .negotiation import Stage, TakClient

__all__ = ["CotDecoder", "CotSettings", "Stage", "TakClient"]
