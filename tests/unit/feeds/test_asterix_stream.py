"""Data blocks in streams, files and datagrams: cut, garbled, of other categories."""

from __future__ import annotations

import random
import struct

import pytest
from tests.support import asterix_blocks as blocks

from detente.feeds.asterix import (
    AsterixDecoder,
    AsterixSettings,
    PcapDecoder,
    is_pcap,
)
from detente.feeds.reports import Source

SOURCE = Source("station", "asterix")
NOON_US = blocks.NOON_US


def decoder(**settings: object) -> AsterixDecoder:
    return AsterixDecoder(SOURCE, AsterixSettings(**settings))  # type: ignore[arg-type]


def test_blocks_come_whole_however_they_are_cut() -> None:
    data = b"".join(blocks.broadcast(address, count=3) for address in range(1, 20))
    whole = decoder()
    wanted = whole.feed(data, NOON_US)
    assert len(wanted) == 57
    for size in (1, 2, 7, 100):
        one = decoder()
        count = 0
        for begin in range(0, len(data), size):
            count += len(one.feed(data[begin : begin + size], NOON_US))
        one.close()
        assert count == 57
        assert one.counts == whole.counts


def test_other_categories_are_passed_over_and_counted() -> None:
    data = blocks.broadcast(1) + blocks.other(34) + blocks.other(65) + blocks.broadcast(2)
    one = decoder()
    assert len(one.feed(data, NOON_US)) == 2
    assert one.counts.dropped == {"category-034": 1, "category-065": 1}
    assert one.counts.messages == 4


def test_an_item_that_is_not_defined_costs_its_block_and_no_more() -> None:
    spare = bytes([0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x20])  # field reference number 45
    data = blocks.broadcast(1) + blocks.wrapped(21, spare + b"\0\0") + blocks.broadcast(2)
    one = decoder()
    reports = one.feed(data, NOON_US)
    assert reports.identities == ("000001", "000002")
    assert one.counts.dropped == {"edition": 1}


def test_a_newer_edition_is_not_misread_by_an_older_one() -> None:
    # I021/040 with five octets is of edition 2.6
    record = blocks.record(1, descriptor=bytes([0x01, 0x01, 0x01, 0x01, 0x00]))
    data = blocks.broadcast(1) + blocks.wrapped(21, record) + blocks.broadcast(2)
    assert len(decoder(cat021="2.6").feed(data, NOON_US)) == 3
    old = decoder(cat021="2.4")
    assert len(old.feed(data, NOON_US)) == 2
    assert old.counts.dropped == {"edition": 1}


def test_octets_lost_or_gained_cost_blocks_and_no_more() -> None:
    rng = random.Random(5)
    data = [blocks.broadcast(address) for address in range(1, 2_000)]
    damaged = [*data[:50], rng.randbytes(37), *data[50:100], data[100][5:], *data[101:]]
    one = decoder()
    reports = one.feed(b"".join(damaged), NOON_US)
    assert 1_700 <= len(reports) <= 1_998
    assert set(reports.identities) <= {f"{address:06x}" for address in range(1, 2_000)}
    assert one.counts.dropped["framing"] >= 2


def test_garbage_for_hours_is_skipped_and_the_feed_goes_on() -> None:
    rng = random.Random(6)
    one = decoder()
    for _ in range(200):
        assert len(one.feed(rng.randbytes(5_000), NOON_US)) == 0
        assert len(one._held) <= 65_540
    good = b"".join(blocks.broadcast(address) for address in range(1, 2_000))
    assert len(one.feed(good, NOON_US)) > 500


def test_what_follows_a_loss_at_the_very_end_is_found_when_the_input_ends() -> None:
    one = decoder()
    data = b"".join(blocks.broadcast(address) for address in range(1, 20))
    assert len(one.feed(b"\x22\x10\x00" + data, NOON_US)) == 0
    assert len(one.close()) == 19
    assert one.counts.dropped == {"framing": 1}


def test_half_a_block_at_the_end_is_counted() -> None:
    one = decoder()
    one.feed(blocks.broadcast(1)[:-1], NOON_US)
    one.close()
    assert one.counts.dropped == {"framing": 1}
    assert len(one.feed(blocks.broadcast(2), NOON_US)) == 1


def test_a_datagram_that_is_cut_does_not_reach_into_the_next() -> None:
    one = decoder(datagrams=True)
    assert len(one.feed(blocks.broadcast(1)[:-2], NOON_US)) == 0
    assert len(one.feed(blocks.broadcast(2) + blocks.broadcast(3), NOON_US)) == 2
    assert one.counts.dropped == {"framing": 1}
    several = [blocks.broadcast(4), b"", b"\x15", blocks.broadcast(5)]
    reports = one.feed_datagrams(several, [NOON_US + step for step in range(4)])
    assert reports.received_us.tolist() == [NOON_US, NOON_US + 3]


def udp(payload: bytes, *, protocol: int = 17, fragment: int = 0, vlan: bool = False) -> bytes:
    head = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, fragment, 64, protocol, 0, b"\x7f\0\0\1",
        b"\x7f\0\0\1",
    )  # fmt: skip
    ports = struct.pack(">HHHH", 8600, 8600, 8 + len(payload), 0)
    tag = b"\x81\x00\0\1" if vlan else b""
    return b"\0" * 12 + tag + b"\x08\x00" + head + ports + payload


def udp6(payload: bytes) -> bytes:
    head = struct.pack(">IHBB", 0x60000000, 8 + len(payload), 17, 64) + b"\0" * 32
    ports = struct.pack(">HHHH", 8600, 8600, 8 + len(payload), 0)
    return b"\0" * 12 + b"\x86\xdd" + head + ports + payload


def pcap(packets: list[bytes], order: str = "<", magic: int = 0xA1B2C3D4) -> bytes:
    out = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65_535, 1)
    for number, packet in enumerate(packets):
        parts = number * (1000 if magic == 0xA1B23C4D else 1)
        out += struct.pack(order + "IIII", NOON_US // 1_000_000, parts, len(packet), len(packet))
        out += packet
    return out


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D])
def test_recordings_give_datagrams_and_when_they_were_heard(order: str, magic: int) -> None:
    packets = [
        udp(blocks.broadcast(1)),
        udp6(blocks.broadcast(2)),
        udp(blocks.broadcast(3), vlan=True),
        udp(b"", protocol=6),
        udp(blocks.broadcast(4), fragment=0x2000),
        b"\0" * 9,
    ]
    data = pcap(packets, order, magic)
    assert is_pcap(data)
    for size in (1, 33, len(data)):
        inner = decoder()
        recording = PcapDecoder(inner)
        heard = [
            recording.feed(data[begin : begin + size], 0) for begin in range(0, len(data), size)
        ]
        recording.close()
        assert [name for each in heard for name in each.identities] == [
            "000001",
            "000002",
            "000003",
        ]
        assert [us - NOON_US for each in heard for us in each.received_us.tolist()] == [0, 1, 2]
        assert recording.counts.dropped == {"not-udp": 2, "fragment": 1}


def test_what_is_no_recording_is_left_alone() -> None:
    for data in (b"no recording, but long enough for one", pcap([])[:20] + b"\x93\0\0\0"):
        recording = PcapDecoder(decoder())
        recording.feed(data, 0)
        recording.feed(b"\0" * 1000, 0)
        recording.close()
        assert sum(recording.counts.dropped.values()) == 1
