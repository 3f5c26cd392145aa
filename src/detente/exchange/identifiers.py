"""OVNs, versions and identifiers that the exchange gives out, all from random bytes handed in.

An OVN is proof that its holder has asked the managing USS, so it must not be guessable from
anything public: 192 random bits here, where F3548-21 only asks for 16 characters.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode

from detente.exchange.commands import CLOCK_SKEW_US
from detente.exchange.refusals import NotAllowed
from detente.f3548 import uuid7_time_ms


def new_ovn(random: bytes) -> str:
    """An OVN of 32 URL-safe characters from 24 random bytes."""
    return urlsafe_b64encode(random[:24]).decode("ascii")


def new_version(random: bytes) -> str:
    """A version of a subscription or availability: 16 URL-safe characters from 12 random bytes."""
    return urlsafe_b64encode(random[24:36]).decode("ascii")


def new_uuid4(random: bytes) -> str:
    """A version-4 UUID (RFC 9562) from 16 random bytes."""
    value = bytearray(random[36:52])
    value[6] = value[6] & 0x0F | 0x40
    value[8] = value[8] & 0x3F | 0x80
    h = value.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def requested_ovn(entity_id: str, suffix: str, now_us: int) -> str:
    """The OVN that a client asks for by a suffix (the OVN request extension).

    Raises:
        NotAllowed: the suffix is no version-7 UUID, or its time is not within five minutes of now.
    """
    time_ms = uuid7_time_ms(suffix)
    if time_ms is None:
        raise NotAllowed("this is not a version-7 UUID", where="requested_ovn_suffix")
    if abs(time_ms * 1000 - now_us) > CLOCK_SKEW_US:
        raise NotAllowed(
            "the time inside this UUID is more than five minutes off",
            where="requested_ovn_suffix",
            advice="Make a new one just before the request, and check the clock.",
        )
    return f"{entity_id}_{suffix.lower()}"
