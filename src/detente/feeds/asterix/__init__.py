"""ASTERIX, EUROCONTROL's format for surveillance data: categories 021, 048 and 062."""

from __future__ import annotations

from .decoder import AsterixDecoder
from .editions import UnknownEdition, known_editions
from .pcap import PcapDecoder, is_pcap
from .radar import BadSite, RadarSite
from .readers import AsterixSettings

__all__ = [
    "AsterixDecoder",
    "AsterixSettings",
    "BadSite",
    "PcapDecoder",
    "RadarSite",
    "UnknownEdition",
    "is_pcap",
    "known_editions",
]
