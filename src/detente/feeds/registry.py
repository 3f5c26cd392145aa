"""Formats by name: which decoder reads what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, TypeAlias

from detente.errors import DetenteError

from .asterix import AsterixDecoder, AsterixSettings, PcapDecoder
from .avr import AvrDecoder
from .beast import BeastDecoder
from .cot import CotDecoder, CotSettings, TakClient
from .decoding import Decoder
from .modes import ModeSSettings
from .opensky import OpenSkyDecoder
from .readsb import ReadsbDecoder
from .readsb_trace import ReadsbTraceDecoder
from .remote_id import BroadcastDecoder, NetworkDecoder
from .reports import Source
from .sbs import SbsDecoder, SbsSettings
from .telemetry import TelemetryDecoder


class UnknownFormat(DetenteError):
    """There is no decoder of that name."""

    code: ClassVar[str] = "feeds.decoder"


@dataclass(frozen=True, slots=True)
class DecoderSettings:
    """What users tell of their feeds, by family of formats; each has defaults that do.

    Attributes:
        mode_s: `beast`, `avr`.
        sbs: `sbs`.
        asterix: `asterix`, `asterix-pcap`.
        cot: `cot`, `tak`.
    """

    mode_s: ModeSSettings = field(default_factory=ModeSSettings)
    sbs: SbsSettings = field(default_factory=SbsSettings)
    asterix: AsterixSettings = field(default_factory=AsterixSettings)
    cot: CotSettings = field(default_factory=CotSettings)


Make: TypeAlias = Callable[[Source, DecoderSettings], Decoder]

FORMATS: Final[Mapping[str, Make]] = {
    "asterix": lambda source, settings: AsterixDecoder(source, settings.asterix),
    "asterix-pcap": lambda source, settings: PcapDecoder(AsterixDecoder(source, settings.asterix)),
    "avr": lambda source, settings: AvrDecoder(source, settings.mode_s),
    "beast": lambda source, settings: BeastDecoder(source, settings.mode_s),
    "cot": lambda source, settings: CotDecoder(source, settings.cot),
    "f3548": lambda source, settings: TelemetryDecoder(source),
    "opensky": lambda source, settings: OpenSkyDecoder(source),
    "readsb": lambda source, settings: ReadsbDecoder(source),
    "readsb-trace": lambda source, settings: ReadsbTraceDecoder(source),
    "remote-id": lambda source, settings: BroadcastDecoder(source),
    "remote-id-network": lambda source, settings: NetworkDecoder(source),
    "sbs": lambda source, settings: SbsDecoder(source, settings.sbs),
    "tak": lambda source, settings: TakClient(CotDecoder(source, settings.cot)),
}
"""Makers of decoders, by the name that users and `Source.format` have."""


def decoder_for(name: str, source: Source, settings: DecoderSettings | None = None) -> Decoder:
    """A new decoder.

    Args:
        name: one of `FORMATS`.
        source: what its reports say they come from.
        settings: see `DecoderSettings`.

    Raises:
        UnknownFormat: there is none of that name.
    """
    make = FORMATS.get(name)
    if make is None:
        raise UnknownFormat(
            f'No decoder is called "{name}".',
            advice=f"There are {', '.join(sorted(FORMATS))}.",
        )
    return make(source, settings or DecoderSettings())
