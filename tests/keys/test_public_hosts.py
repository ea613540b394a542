"""The public Internet: which addresses are on it, and in which others they are wrapped."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy.keys.public_hosts import is_public

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PUBLIC += ["2002:808:808::1", "193.0.0.1"]
INNER = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"]
INNER += ["100.64.0.1", "192.0.0.1", "192.0.0.9", "192.0.2.1", "198.18.0.1", "224.0.0.1"]
INNER += ["239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0"]
INNER += ["fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "::7f00:1"]
INNER += ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"]
INNER += ["64:ff9b:1::808:808", "2002:7f00:1::1", "2002:a00:1::", "2001:0:7f00:1::1", "100::1"]


@pytest.mark.parametrize("text", PUBLIC)
def test_an_address_of_the_internet_is_public(text: str) -> None:
    """KEY-5."""
    assert is_public(text)


@pytest.mark.parametrize("text", [*INNER, "", "localhost", "8.8.8"])
def test_an_address_of_this_machine_or_network_is_not(text: str) -> None:
    """KEY-5."""
    assert not is_public(text)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_as_what_it_wraps(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    wrapped = [
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x0064_FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | 1),
    ]

    assert {is_public(str(outer)) for outer in wrapped} == {is_public(str(inner))}
