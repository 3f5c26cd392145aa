"""Datagrams in groups of bounded size: what is made of them at once takes memory at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def grouped(
    datagrams: Sequence[bytes], received_us: Sequence[int], bytes_max: int
) -> Iterator[tuple[Sequence[bytes], Sequence[int]]]:
    """Datagrams and when each came, so many octets at a time; at least one datagram.

    Raises:
        ValueError: there are not as many times as datagrams.
    """
    if len(datagrams) != len(received_us):
        raise ValueError(f"{len(datagrams)} datagrams and {len(received_us)} times")
    begin = 0
    size = 0
    for at, datagram in enumerate(datagrams):
        if at > begin and size + len(datagram) > bytes_max:
            yield datagrams[begin:at], received_us[begin:at]
            begin = at
            size = 0
        size += len(datagram)
    if begin < len(datagrams):
        yield datagrams[begin:], received_us[begin:]
