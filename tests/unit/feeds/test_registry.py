"""Formats by name: each has a decoder, and a place in the documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from detente.feeds import FORMATS, Decoder, Source, UnknownFormat, decoder_for

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_each_format_has_a_decoder_that_takes_nothing_from_rubbish(name: str) -> None:
    decoder = decoder_for(name, Source("roof", name))
    assert isinstance(decoder, Decoder)
    reports = decoder.feed(b"rubbish \x00\xff", 1_763_882_000_000_000)
    assert len(reports) + len(decoder.close()) == 0
    assert decoder.counts.reports == 0


def test_each_format_is_documented() -> None:
    text = "\n".join(path.read_text() for path in DOCS.glob("feeds-*.md"))
    assert [name for name in FORMATS if f"`{name}`" not in text] == []


def test_an_unknown_format_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownFormat, match="beast, cot"):
        decoder_for("morse", Source("roof", "morse"))
