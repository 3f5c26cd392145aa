"""Small readers of the command line: outputs of clocks, ranges, times, default channels."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.cli.record_options import INSTANT
from detente.cli.record_proofs import from_chronyc, from_timedatectl
from detente.cli.record_transfer import ranges_in
from detente.cli.record_work import channel_of

TRACKING = """\
Reference ID    : C0000201 (ntp.example)
Stratum         : 3
System time     : 0.000412345 seconds {way} of NTP time
Last offset     : -0.000012 seconds
Root delay      : 0.020000000 seconds
Root dispersion : 0.001500000 seconds
Leap status     : Normal
"""
TIMESYNC = """\
       Server: 192.0.2.1 (ntp.example)
Poll interval: 34min 8s (min: 32s; max 34min 8s)
         Leap: normal
       Offset: {offset}
Root distance: 15.5ms (max: 5s)
"""


@pytest.mark.parametrize(("way", "ahead"), [("slow", -0.412345), ("fast", 0.412345)])
def test_chrony_says_whether_we_are_ahead_or_behind(way: str, ahead: float) -> None:
    read = from_chronyc(TRACKING.format(way=way))
    # Half the delay, and all of the dispersion: chrony's own bound.
    assert read == (ahead, 11.5, "NTP: ntp.example (chrony)")


@pytest.mark.parametrize(
    ("offset", "ahead"), [("+1.250ms", -1.25), ("-300us", 0.3), ("+2s", -2000.0)]
)
def test_systemd_says_what_our_clock_lacks(offset: str, ahead: float) -> None:
    assert from_timedatectl(TIMESYNC.format(offset=offset)) == (
        ahead,
        15.5,
        "NTP: 192.0.2.1 (ntp.example)",
    )


def test_what_no_clock_has_printed_is_not_read() -> None:
    assert from_chronyc("506 Cannot talk to daemon") is None
    assert from_timedatectl("Failed to query server") is None


@given(st.sets(st.integers(0, 60), min_size=1))
def test_ranges_hold_what_was_named_in_order_and_apart(indices: set[int]) -> None:
    found = ranges_in(",".join(map(str, indices)))
    assert [i for low, high in found for i in range(low, high + 1)] == sorted(indices)
    assert all(high + 1 < low for (_, high), (low, _) in pairwise(found))


def test_ranges_may_overlap() -> None:
    assert ranges_in("3, 7-9,8-12, 13") == ((3, 3), (7, 13))


@pytest.mark.parametrize("text", ["", "a", "3-", "9-7", "1-2-3", "-1", "1,,2"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="write indices and ranges"):
        ranges_in(text)


def test_a_day_begins_at_midnight_utc_and_a_time_says_its_zone() -> None:
    convert: Any = INSTANT.convert
    assert convert("2026-11-22", None, None) == datetime(2026, 11, 22, tzinfo=UTC)
    assert convert("2026-11-22T10:00:00+02:00", None, None) == datetime(2026, 11, 22, 8, tzinfo=UTC)
    for wrong in ("2026-11-22T10:00:00", "yesterday"):
        with pytest.raises(click.BadParameter):
            convert(wrong, None, None)


def test_each_set_of_addressees_has_a_channel_of_its_own() -> None:
    assert channel_of(()) == "notes"
    assert channel_of(("c", "b")) == channel_of(("b", "c")) != channel_of(("b",))
