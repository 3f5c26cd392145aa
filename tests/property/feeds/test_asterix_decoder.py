"""Whatever comes, an ASTERIX decoder goes on; what it accepts, libasterix accepts."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import asterix_oracle as oracle

from detente.feeds.asterix import AsterixDecoder, AsterixSettings, PcapDecoder, RadarSite
from detente.feeds.reports import COLUMNS, Reports, Source, joined

pytestmark = pytest.mark.xdist_group("libasterix")

NOON_US = 1_700_000_000_000_000 // 86_400_000_000 * 86_400_000_000 + 43_200_000_000
SITES = (RadarSite(lat_deg=46.9, lng_deg=7.5, height_m=600.0),)
KINDS = ((21, "2.7"), (48, "1.32"), (62, "1.21"))


def decoder(*, datagrams: bool = False) -> AsterixDecoder:
    return AsterixDecoder(
        Source("feed", "asterix"), AsterixSettings(sites=SITES, datagrams=datagrams)
    )


def same(one: Reports, other: Reports) -> bool:
    names = [one.identities[number] for number in one.aircraft]
    return names == [other.identities[number] for number in other.aircraft] and all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in COLUMNS
        if name != "aircraft"
    )


@pytest.fixture(scope="module")
def sample() -> list[bytes]:
    """Data blocks of all categories, mixed."""
    made = [
        block for category, edition in KINDS for block in oracle.blocks(category, edition, 40, 7)
    ]
    random.Random(8).shuffle(made)
    return made


@settings(max_examples=40)
@given(data=st.data())
def test_reports_do_not_depend_on_how_the_stream_was_cut(
    sample: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(sample)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=60)) | {0, len(stream)})
    whole, pieces = decoder(), decoder()
    wanted = whole.feed(stream, NOON_US)
    parts = [pieces.feed(stream[begin:end], NOON_US) for begin, end in itertools.pairwise(cuts)]
    assert len(wanted) > 50
    assert same(joined(parts), wanted)
    assert pieces.counts == whole.counts


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(KINDS))
def test_damaged_blocks_are_accepted_if_and_only_if_libasterix_accepts_them(
    seed: int, kind: tuple[int, str]
) -> None:
    rng = random.Random(seed)
    block = bytearray(next(oracle.blocks(*kind, 1, seed)))
    for _ in range(rng.randint(0, 3)):
        block[rng.randrange(3, len(block))] = rng.getrandbits(8)
    if rng.random() < 0.3:
        del block[rng.randrange(3, len(block)) :]
    block[1:3] = len(block).to_bytes(2, "big")
    one = decoder(datagrams=True)
    one.feed(bytes(block), NOON_US)
    records = oracle.parsed(*kind, bytes(block))
    if records and any(record.is_empty() for record in records):
        records = None  # a record of nothing: the standard has none
    assert one.counts.messages == (len(records) if records else 0)
    if not records:
        assert sum(one.counts.dropped.values()) == 1


@settings(max_examples=150)
@given(
    pieces=st.lists(
        st.one_of(
            st.binary(max_size=300),
            st.binary(max_size=300).map(lambda tail: b"\x15" + len(tail).to_bytes(2, "big") + tail),
            st.binary(max_size=40).map(lambda tail: b"\x3e\x00" + tail),
        ),
        max_size=12,
    ),
    wrap=st.sampled_from([False, True]),
)
def test_garbage_harms_nothing(pieces: list[bytes], wrap: bool) -> None:
    inner = decoder()
    one = PcapDecoder(inner) if wrap else inner
    for piece in pieces:
        reports = one.feed(piece, NOON_US)
        assert (abs(reports.lat_deg) <= 90).all()
        assert ((reports.lng_deg >= -180) & (reports.lng_deg < 180)).all()
    one.close()
    assert one.counts.bytes <= sum(map(len, pieces))
    assert not inner._held
