"""Where calls may go: a corpus of ways to be led somewhere else."""

from __future__ import annotations

import pytest

from detente.http import (
    AddressPolicy,
    AddressRefused,
    BaseUrl,
    ConnectTo,
    NetworkRefused,
    UrlRefused,
)
from detente.http.addresses import check_host_name, check_path

PUBLIC = AddressPolicy()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",  # metadata of clouds
        "100.64.0.1",
        "100.100.100.200",  # metadata of a cloud, in the range shared between carriers
        "0.0.0.0",
        "0.1.2.3",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.7",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:a9fe:a9fe",
        "::127.0.0.1",  # IPv4-compatible
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b::808:808",  # even of a public address: who translates it is not known
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
        "2001:db8::1",
        "2001:2::1",
        "2001:10::1",
        "3fff::1",
        "5f00::1",
        "100::1",
        "fc00::1",
        "fd00:ec2::254",  # metadata of a cloud
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%1",
        "fec0::1",
        "ff02::1",
        "4000::1",
        "",
        "localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "1.1.1.1 ",
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        PUBLIC.check(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450::5"])
def test_what_is_public_is_taken(address: str) -> None:
    assert str(PUBLIC.check(address)) == address


def test_an_ipv4_address_inside_ipv6_is_called_as_what_it_is() -> None:
    assert str(PUBLIC.check("::ffff:1.1.1.1")) == "1.1.1.1"


def test_an_operator_can_open_a_network_and_nothing_beside_it() -> None:
    policy = AddressPolicy.of(["10.20.0.0/16", "fd00:1::/32", "127.0.0.0/8"])
    for address in ("10.20.3.4", "fd00:1::5", "127.0.0.1", "::ffff:10.20.0.1", "1.1.1.1"):
        policy.check(address)
    for address in ("10.21.0.1", "fd00:2::1", "192.168.0.1", "::1", "64:ff9b::a14:1"):
        with pytest.raises(AddressRefused, match="peer-network"):
            policy.check(address)


def test_a_translator_that_is_opened_reaches_public_addresses_only() -> None:
    policy = AddressPolicy.of(["64:ff9b::/96"])
    assert str(policy.check("64:ff9b::101:101")) == "64:ff9b::101:101"
    for inside in ("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe"):
        with pytest.raises(AddressRefused):
            policy.check(inside)


def test_some_addresses_are_never_opened() -> None:
    policy = AddressPolicy.of(["0.0.0.0/8", "224.0.0.0/8", "255.0.0.0/8", "ff00::/8", "::/8"])
    for address in ("0.0.0.0", "0.0.0.1", "224.0.0.1", "255.255.255.255", "ff02::1", "::"):
        with pytest.raises(AddressRefused, match="no address of a host"):
            policy.check(address)


@pytest.mark.parametrize(
    "network",
    ["0.0.0.0/0", "0.0.0.0/7", "::/0", "2000::/3", "10.0.0.1/8", "ten", "", "10.0.0.0/33"],
)
def test_a_range_that_was_hardly_meant_is_refused(network: str) -> None:
    with pytest.raises(NetworkRefused):
        AddressPolicy.of([network])


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "node.a.example.",
        ".node.a.example",
        "node..example",
        "Node.a.example",
        "node_a.example",
        "-node.example",
        "node-.example",
        "node.a.example:443",
        "user@node.a.example",
        "node.a.example/",
        "node.a.example\\@evil.example",
        "node.a.example#",
        "node.a.example%00",
        "node.a.example\n",
        " node.a.example",
        "nöde.example",
        "ｎode.example",
        "node。a。example",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "1.2.3",
        "node.example.1",
        "node.0x",
        "[::1]",
        "::1",
        "a" * 64 + ".example",
        ".".join(["a" * 50] * 6),
    ],
)
def test_a_host_that_reads_in_two_ways_is_refused(host: str) -> None:
    with pytest.raises(UrlRefused):
        check_host_name(host)


@pytest.mark.parametrize("host", ["node.a.example", "xn--nde-sna.example", "a1.b-2.example", "1.a"])
def test_plain_names_are_taken(host: str) -> None:
    assert check_host_name(host) == host


@pytest.mark.parametrize(
    "url",
    [
        "http://node.a.example",
        "HTTPS://node.a.example",
        "https:node.a.example",
        "https:/node.a.example",
        "https:///node.a.example",
        "//node.a.example",
        "file:///etc/passwd",
        "https://",
        "https://user@node.a.example",
        "https://user:word@node.a.example",
        "https://evil.example@node.a.example",
        "https://node.a.example:0",
        "https://node.a.example:65536",
        "https://node.a.example:0443",
        "https://node.a.example:+443",
        "https://node.a.example:",
        "https://node.a.example:４４３",
        "https://node.a.example?x",
        "https://node.a.example/?",
        "https://node.a.example#x",
        "https://node.a.example/#",
        "https://node.a.example/a/../b",
        "https://node.a.example/a/./b",
        "https://node.a.example/%2e%2e/b",
        "https://node.a.example/a%2fb",
        "https://node.a.example/a%2Fb",
        "https://node.a.example/a%5Cb",
        "https://node.a.example/a\\b",
        "https://node.a.example//evil.example",
        "https://node.a.example/a b",
        "https://node.a.example/a\tb",
        "https://node.a.ex\nample",
        " https://node.a.example",
        "https://node.a.example/ä",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://node.a.example./",
        "https://[",
    ],
)
def test_a_url_that_is_not_plain_is_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        BaseUrl.parse(url)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://node.a.example", "https://node.a.example"),
        ("https://node.a.example/", "https://node.a.example"),
        ("https://node.a.example:443/x/", "https://node.a.example/x"),
        ("https://node.a.example:8443/x/y", "https://node.a.example:8443/x/y"),
    ],
)
def test_a_plain_url_has_one_spelling(url: str, same: str) -> None:
    assert BaseUrl.parse(url).url == same


def test_below_means_the_same_host_port_and_segments() -> None:
    base = BaseUrl.parse("https://node.a.example/x")
    assert BaseUrl.parse("https://node.a.example/x").is_under(base)
    assert BaseUrl.parse("https://node.a.example:443/x/y").is_under(base)
    for other in ("", "/", "/xy", "/y/x", ":444/x"):
        assert not BaseUrl.parse(f"https://node.a.example{other}").is_under(base)
    assert not BaseUrl.parse("https://node.b.example/x").is_under(base)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "?x",
        "//x",
        "/a//../b",
        "/..",
        "/.",
        "/a/..",
        "/%2e%2e",
        "/%2E",
        "/a%00",
        "/a b",
        "/ä",
        "/a\r\nX: y",
        "/a#b",
        "/a?b#c",
        "/a?ä",
        "/%zz",
        "/%",
        "/" + "a" * 5000,
    ],
)
def test_a_path_that_reads_in_two_ways_is_refused(path: str) -> None:
    with pytest.raises(UrlRefused):
        check_path(path)


@pytest.mark.parametrize("path", ["/", "/line/v1/from/0?limit=5", "/a%20b", "/x:y@z;p=1?q=/?"])
def test_a_plain_path_is_taken(path: str) -> None:
    assert check_path(path) == path


def test_paths_are_below_the_prefix() -> None:
    base = BaseUrl.parse("https://node.a.example/x")
    assert base.target("/line/v1/beat?a=1") == "/x/line/v1/beat?a=1"
    for path in ("line", "https://evil.example/", "@evil.example", "/../y"):
        with pytest.raises(UrlRefused):
            base.target(path)


def test_a_pin_is_read() -> None:
    found = ConnectTo.parse("node.a.example:443=127.0.0.1:8443")
    assert (found.host, found.port, found.address, found.at) == (
        "node.a.example",
        443,
        "127.0.0.1",
        8443,
    )
    assert ConnectTo.parse("node.a.example:443=[::1]:8443").address == "::1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "node.a.example",
        "node.a.example=127.0.0.1:1",
        "node.a.example:443=127.0.0.1",
        "node.a.example:443=other.example:1",
        "node.a.example:443=::1:8443",
        "node.a.example:443=[127.0.0.1]:8443",
        "node.a.example:0=127.0.0.1:8443",
        "node.a.example:443=127.0.0.1:65536",
        "node.a.example:443=127.0.0.1:08443",
        "NODE.a.example:443=127.0.0.1:8443",
        "127.0.0.1:443=127.0.0.1:8443",
    ],
)
def test_a_pin_of_another_form_is_refused(text: str) -> None:
    with pytest.raises((NetworkRefused, UrlRefused)):
        ConnectTo.parse(text)
