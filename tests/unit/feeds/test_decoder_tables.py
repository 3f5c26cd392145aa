"""Settings of decoders, as a TOML file has them."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest

from detente.feeds import (
    AsterixSettings,
    CotSettings,
    DecoderSettings,
    DecoderSettingsUnusable,
    ModeSSettings,
    RadarSite,
    SbsSettings,
    Timestamps,
    decoder_settings,
)

WHOLE = """
[mode_s]
receiver = [46.9, 7.5]
range_m = 400000
timestamps = "day"
began = 2026-05-01T11:00:00+02:00

[sbs]
utc_offset_s = 7200

[asterix]
cat021 = "0.26"
origin = [47, 8.0]
day = 2026-05-01

[[asterix.sites]]
lat_deg = 46.9
lng_deg = 7
height_m = 600.0
sac = 25
sic = 2

[cot]
message_bytes_max = 4096
"""


def read(text: str) -> DecoderSettings:
    return decoder_settings(tomllib.loads(text), "feeds.toml")


def at(day: str) -> int:
    return round(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_all_that_can_be_said_is_understood() -> None:
    assert read(WHOLE) == DecoderSettings(
        mode_s=ModeSSettings(
            receiver=(46.9, 7.5),
            range_m=400_000.0,
            timestamps=Timestamps.DAY,
            began_us=at("2026-05-01T09:00"),
        ),
        sbs=SbsSettings(utc_offset_s=7200),
        asterix=AsterixSettings(
            cat021="0.26",
            origin=(47.0, 8.0),
            day_us=at("2026-05-01"),
            sites=(RadarSite(lat_deg=46.9, lng_deg=7.0, height_m=600.0, sac=25, sic=2),),
        ),
        cot=CotSettings(message_bytes_max=4096),
    )


def test_what_is_left_out_is_as_without_a_file() -> None:
    assert read("") == DecoderSettings()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[radar]", ("feeds.toml", "radar", "asterix")),
        ("asterix = 1", ("feeds.toml: asterix", "table")),
        ("[asterix]\ncat22 = '1.0'", ("feeds.toml: asterix", "cat22", "cat021")),
        ("[asterix]\ndatagrams = true", ("feeds.toml: asterix", "datagrams")),
        ("[asterix]\ncat021 = '9.9'", ("feeds.toml: asterix", "9.9", "0.26")),
        ("[asterix]\norigin = [91.0, 8.0]", ("feeds.toml: asterix.origin", "91.0")),
        ("[asterix]\norigin = [nan, 8.0]", ("feeds.toml: asterix.origin", "nan")),
        ("[asterix]\nsites = 3", ("feeds.toml: asterix", "sites")),
        ("[asterix]\nsites = [3]", ("feeds.toml: asterix.sites[0]", "table")),
        ("[[asterix.sites]]\nlat = 3", ("feeds.toml: asterix.sites[0]", "lat_deg")),
        ("[[asterix.sites]]\nlat_deg = 3", ("feeds.toml: asterix", "lng_deg", "sites[0]")),
        ("[[asterix.sites]]\nlat_deg = 3\nlng_deg = 4\nheight_m = 1e6", ("asterix", "height")),
        ("[asterix]\nday = '2026-05-01'", ("feeds.toml: asterix.day", "2026-05-01T09:00:00Z")),
        ("[mode_s]\nbegan = 2026-05-01T09:00:00", ("feeds.toml: mode_s.began", "zone")),
        ("[mode_s]\nbegan_us = 3", ("feeds.toml: mode_s", "began_us", "began")),
        ("[mode_s]\ntimestamps = 'sometimes'", ("feeds.toml: mode_s", "sometimes", "timestamps")),
        ("[mode_s]\nreceiver = [46.9]", ("feeds.toml: mode_s", "receiver")),
        ("[mode_s]\nreceiver = [460, 7]", ("feeds.toml: mode_s.receiver", "460")),
        ("[mode_s]\naircraft = 1", ("feeds.toml: mode_s.aircraft", "1")),
        ("[cot]\nmessage_bytes_max = 9", ("feeds.toml: cot", "1024", "message_bytes_max")),
        ("[sbs]\naircraft = 0", ("feeds.toml: sbs.aircraft", "0")),
        ("[sbs]\nutc_offset_s = 100000", ("feeds.toml: sbs.utc_offset_s", "100000")),
        ("[sbs]\nutc_offset_s = 'Europe/Paris'", ("feeds.toml: sbs", "utc_offset_s")),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(text: str, told: tuple[str, ...]) -> None:
    with pytest.raises(DecoderSettingsUnusable) as refusal:
        read(text)
    assert all(part in str(refusal.value) for part in told), refusal.value
