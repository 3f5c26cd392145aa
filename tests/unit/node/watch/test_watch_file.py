"""The file that says what a node watches: what it cannot say is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from detente.feeds import (
    AsterixSettings,
    CotSettings,
    DecoderSettings,
    DecoderSettingsUnusable,
    ModeSSettings,
    RadarSite,
    SbsSettings,
)
from detente.feeds.transports import WaitingReports
from detente.http import AddressPolicy
from detente.node.watch.feeds_running import made_feed
from detente.node.watch.watch_file import WatchFileUnusable, read_watch_file

FEED = '[[feed]]\nname = "n"\nformat = "sbs"\naddress = "tcp://127.0.0.1:1"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "watch.toml"
    path.write_text(text)
    return path


def test_what_it_says_is_read(tmp_path: Path) -> None:
    found = read_watch_file(written(tmp_path, f'boundaries = ["country-coder"]\n{FEED}'))
    assert (found.boundaries, found.feed[0].name, found.tracks.keep) == (
        ("country-coder",),
        "n",
        True,
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("boundaries = [", "not TOML"),
        ('boundary = "x"', "unknown field"),
        (FEED + FEED, "one name"),
        (FEED.replace('"n"', '"N o"'), "name"),
        ('boundaries = ["a\\u0000b"]', "boundaries"),
        (f'boundaries = ["{"x" * 251}"]', "boundaries"),
        ("[tracks]\nkeep_days = -1", "keep_days"),
        ("x" * (1 << 21), "larger"),
    ],
    ids=["cut", "field", "twice", "name", "NUL", "long", "negative", "huge"],
)
def test_what_it_cannot_say_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(WatchFileUnusable, match=told):
        read_watch_file(written(tmp_path, text))


SECRET = FEED.replace("tcp://", "tls://")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FEED + 'tls.authorities = "ca.pem"\n', "tls:// and https:// only"),
        (SECRET + 'tls.key = "key.pem"\n', "certificate to this key"),
    ],
    ids=["not encrypted", "key alone"],
)
def test_certificates_that_would_not_count_are_refused(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(WatchFileUnusable, match=told) as refused:
        read_watch_file(written(tmp_path, text))
    assert "feed n: tls" in (refused.value.where or "")
    assert refused.value.advice


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FEED.replace("sbs", "sbz"), "No decoder"),
        (FEED.replace(':1"', '"'), "lacks its host or its port"),
        (SECRET + 'tls.authorities = "none.pem"\n', "No such file"),
    ],
    ids=["format", "address", "certificate"],
)
def test_a_feed_that_cannot_be_is_named(tmp_path: Path, text: str, told: str) -> None:
    (part,) = read_watch_file(written(tmp_path, text)).feed
    policy = AddressPolicy.of(())
    with pytest.raises(WatchFileUnusable, match=told) as refused:
        made_feed(part, tmp_path, policy, WaitingReports(), lambda: 0)
    assert (refused.value.where or "").startswith("feed n")
    assert refused.value.advice


SETTLED = """
[[feed]]
name = "radar"
format = "asterix"
address = "udp://239.2.3.1:8600"
[feed.asterix]
cat021 = "0.26"
origin = [47, 8.0]
[[feed.asterix.sites]]
lat_deg = 46.9
lng_deg = 7.5
height_m = 600
sac = 25
sic = 2

[[feed]]
name = "receiver"
format = "beast"
address = "tcp://127.0.0.1:1"
mode_s = { receiver = [46.9, 7.5], range_m = 400000 }

[[feed]]
name = "lines"
format = "sbs"
address = "tcp://127.0.0.1:2"
sbs.utc_offset_s = 7200

[[feed]]
name = "events"
format = "tak"
address = "tcp://127.0.0.1:3"
cot.message_bytes_max = 4096

[[feed]]
name = "plain"
format = "asterix"
address = "udp://239.2.3.1:8601"
"""


def test_each_feed_has_its_own_settings(tmp_path: Path) -> None:
    found = read_watch_file(written(tmp_path, SETTLED))
    assert {each.name: each.decoders() for each in found.feed} == {
        "radar": DecoderSettings(
            asterix=AsterixSettings(
                cat021="0.26",
                origin=(47.0, 8.0),
                sites=(RadarSite(lat_deg=46.9, lng_deg=7.5, height_m=600.0, sac=25, sic=2),),
            )
        ),
        "receiver": DecoderSettings(mode_s=ModeSSettings(receiver=(46.9, 7.5), range_m=400_000.0)),
        "lines": DecoderSettings(sbs=SbsSettings(utc_offset_s=7200)),
        "events": DecoderSettings(cot=CotSettings(message_bytes_max=4096)),
        "plain": DecoderSettings(),
    }


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("[feed.sbs]\nutc = 1", ("watch.toml: feed n: sbs", "utc", "utc_offset_s")),
        ("[feed.sbs]\nutc_offset_s = 100000", ("watch.toml: feed n: sbs.utc_offset_s", "100000")),
        ("[feed.asterix]\n", ("watch.toml: feed n: asterix", "sbs", "asterix-pcap")),
        ("[feed.mode_s]\nreceiver = [1.0, 2.0]", ("watch.toml: feed n: mode_s", "beast")),
    ],
    ids=["name", "value", "format", "other format"],
)
def test_settings_that_cannot_be_or_are_not_looked_at_are_refused(
    tmp_path: Path, table: str, told: tuple[str, ...]
) -> None:
    with pytest.raises(DecoderSettingsUnusable) as refusal:
        read_watch_file(written(tmp_path, f"{FEED}{table}\n"))
    assert all(part in str(refusal.value) for part in told), refusal.value


@pytest.mark.parametrize(
    ("form", "table", "told"),
    [
        ("beast", "[feed.mode_s]\nbegan = 2026-05-01T09:00:00Z", "mode_s.began"),
        ("asterix", "[feed.asterix]\nday = 2026-05-01", "asterix.day"),
    ],
)
def test_what_is_for_captures_is_refused_of_live_feeds(
    tmp_path: Path, form: str, table: str, told: str
) -> None:
    feed = FEED.replace('"sbs"', f'"{form}"')
    with pytest.raises(DecoderSettingsUnusable, match=f"feed n: {told}: .*live"):
        read_watch_file(written(tmp_path, f"{feed}{table}\n"))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WatchFileUnusable, match="cannot be read"):
        read_watch_file(tmp_path / "none.toml")
