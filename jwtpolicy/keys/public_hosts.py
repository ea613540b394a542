"""Which IP addresses belong to the public Internet, whatever they are wrapped in."""

from __future__ import annotations

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: The IPv4 address is the last part of these (RFC 6052 section 2.1).
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
#: NAT64 within one network (RFC 8215), which Python calls global in some of its versions.
_LOCAL_NAT64: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
#: Addresses of which Python's older versions say that they are global, and newer ones do not.
_SPECIAL: Final = ipaddress.IPv4Network("192.0.0.0/24")


def is_public(text: str) -> bool:
    """Whether the IP address *text* belongs to the public Internet, and to one machine.

    An IPv4 address within one of IPv6 counts by itself: what a gateway unwraps is connected to.
    """
    try:
        outer = ipaddress.ip_address(text)
    except ValueError:
        return False
    return all(_is_global(address) for address in _wrapped(outer))


def _wrapped(address: Address) -> list[Address]:
    """Return the addresses that *address* stands for: itself, or those in it."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)]
    if address.sixtofour is not None:
        return [address.sixtofour]
    return [address]


def _is_global(address: Address) -> bool:
    # `is_global` alone leaves out groups of machines, and what is reserved for later.
    is_special = address.is_multicast or address.is_reserved or address.is_link_local
    within = _SPECIAL if isinstance(address, ipaddress.IPv4Address) else _LOCAL_NAT64
    return address.is_global and not is_special and address not in within
