"""CoT events for tests."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

T0_US = 1_764_000_000_000_000
"""2025-11-24T16:00:00Z."""


def event(
    uid: str = "A-1",
    *,
    type_: str = "a-f-A-M-H",
    how: str = "m-g",
    time: str = "2025-11-24T16:00:00.500Z",
    stale: str = "2025-11-24T16:02:00.500Z",
    point: str = 'lat="46.5" lon="7.25" hae="1500.5" ce="10" le="20"',
    detail: str = '<track course="271.5" speed="61.7"/><contact callsign="REGA 1"/>',
    declaration: str = "",
) -> bytes:
    """An event as TAK clients write it."""
    return (
        f'{declaration}<event version="2.0" uid={quoteattr(uid)} type="{type_}" how="{how}" '
        f'time="{time}" start="{time}" stale="{stale}"><point {point}/>'
        f"<detail>{detail}</detail></event>"
    ).encode()


OFFER = event(
    "proto-1",
    type_="t-x-takp-v",
    detail='<TakControl><TakProtocolSupport version="1"/></TakControl>',
    point='lat="0.0" lon="0.0" hae="0.0" ce="999999" le="999999"',
)


def answer(status: str) -> bytes:
    """What a server says to a request."""
    return event(
        "proto-1",
        type_="t-x-takp-r",
        detail=f'<TakControl><TakResponse status="{status}"/></TakControl>',
        point='lat="0.0" lon="0.0" hae="0.0" ce="999999" le="999999"',
    )
