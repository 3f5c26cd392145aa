"""Decoders are ready before the first message comes."""

from __future__ import annotations

from typing import Any

import pytest

from detente.feeds import FORMATS, Source, UnknownFormat, decoder_for, warm_up
from detente.feeds.asterix import _cat021, _cat048, _cat062
from detente.feeds.cot import _protobuf, _scan
from detente.feeds.warming import _SAMPLES


@pytest.mark.parametrize("name", sorted(_SAMPLES))
def test_samples_are_messages(name: str) -> None:
    decoder = decoder_for(name, Source("test", name))
    decoder.feed(_SAMPLES[name], 1_764_000_000_000_000)
    decoder.close()
    assert set(decoder.counts.dropped) <= {"no-site", "unpaired", "not-a-track"}
    assert decoder.counts.messages > 0 or name in ("opensky", "readsb")


def test_afterwards_kernels_are_compiled() -> None:
    warm_up()
    kernels: tuple[Any, ...] = (
        _cat021.read_021,
        _cat048.read_048,
        _cat062.read_062,
        _scan.scan,
        _protobuf.scan_stream,
    )
    assert [len(kernel.signatures) for kernel in kernels] == [1] * 5


def test_formats_are_known_by_name() -> None:
    assert set(_SAMPLES) <= set(FORMATS)
    warm_up(["asterix-pcap", "tak"])
    with pytest.raises(UnknownFormat):
        warm_up(["carrier pigeon"])
