"""By which ids an exchange of messages is found."""

from __future__ import annotations

import re
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.planning import ExchangeSeen

_SLOW_AND_PLAIN = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)
_IDENTITY = st.uuids(version=4).map(str)
_PIECES = st.one_of(
    _IDENTITY,
    _IDENTITY.map(str.upper),
    st.uuids(version=1).map(str),
    st.sampled_from(["-", "a", "12345678", "-4000-", "x", "-8fff-", "é", '"']),
)


def seen(body: bytes) -> ExchangeSeen:
    return ExchangeSeen("https://a.example/", "POST", "Server", 1, request_body=body)


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_every_uuid_of_version_4_is_found(text: str) -> None:
    body = text.encode()
    plain = {each.decode().lower() for each in _SLOW_AND_PLAIN.findall(body)}
    assert seen(body).entities == tuple(sorted(plain))


@pytest.mark.parametrize(
    "filling",
    [
        pytest.param(b'{"lat":47.1234,"lng":-8.9},', id="geometry"),
        pytest.param(b"abcdef01", id="hexadecimal"),
        pytest.param(b"-", id="hyphens"),
        pytest.param(b"00000000-0000-4000-8000-00000000000x", id="nearly"),
    ],
)
def test_a_body_of_four_mebibytes_is_gone_through_quickly(filling: bytes) -> None:
    identity = str(uuid.uuid4())
    body = filling * ((4 << 20) // len(filling)) + b" " + identity.encode()
    begun_s = time.thread_time()
    assert seen(body).entities == (identity,)
    # With hexadecimal it was more than a second.
    assert time.thread_time() - begun_s < 0.4
