"""Addresses and nonces against rules written from the other side."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.http import AddressPolicy, AddressRefused, BaseUrl, NonceStore, UrlRefused

_POLICY = AddressPolicy()
_INSIDE = (
    ("::ffff:0:0", 0),
    ("64:ff9b::", 0),
    ("64:ff9b:1::", 0),
    ("::", 0),
    ("2002::", 80),
    ("2001::", 0),
)
bad_4 = st.one_of(
    *(
        st.ip_addresses(network=network)
        for network in (
            "10.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "224.0.0.0/4",
        )
    )
)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), st.ip_addresses(network="2000::/3")))
def test_what_is_called_is_global_by_pythons_own_list(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    try:
        found = _POLICY.check(str(address))
    except AddressRefused:
        return
    assert found.is_global
    assert not found.is_multicast
    assert not found.is_reserved


@given(bad_4, st.sampled_from(_INSIDE))
def test_a_private_address_inside_another_is_refused(
    address: ipaddress.IPv4Address, around: tuple[str, int]
) -> None:
    start, shift = around
    whole = ipaddress.IPv6Address(int(ipaddress.IPv6Address(start)) | int(address) << shift)
    for text in (str(whole), whole.exploded, str(address)):
        with pytest.raises(AddressRefused):
            _POLICY.check(text)


@given(
    st.text(
        alphabet=st.one_of(st.sampled_from("https:/@?#.[]%\\-0a1x"), st.characters()), max_size=40
    )
)
def test_what_is_taken_for_a_url_means_the_same_to_another_reader(tail: str) -> None:
    for url in (tail, f"https://{tail}", f"https://node.a.example{tail}"):
        try:
            base = BaseUrl.parse(url)
        except UrlRefused:
            continue
        read = urlsplit(url)
        assert (read.scheme, read.hostname, read.port or 443) == ("https", base.host, base.port)
        assert read.username is None
        assert BaseUrl.parse(base.url) == base


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 20), st.integers(-8, 12)), max_size=60))
def test_no_nonce_is_good_twice_however_the_clock_goes(
    steps: list[tuple[int, int, int]],
) -> None:
    store, now_s, spent = NonceStore(), 1000, set[tuple[int, int]]()
    for nonce, life_s, step_s in steps:
        now_s = max(500, now_s + step_s)
        until_s = now_s + life_s
        if store.spend("a", f"{nonce}/{until_s}", until_s, now_s):
            assert (nonce, until_s) not in spent
            spent.add((nonce, until_s))
