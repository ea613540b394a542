"""Which IP addresses belong to the public Internet, whatever they are wrapped in."""

from __future__ import annotations

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: The IPv4 address is the last part of these (RFC 6052 section 2.1).
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
#: All of IPv6 that is given out for single machines of the Internet (RFC 4291 section 2.4). Python
#: calls some of the rest global, such as addresses of a site, and NAT64 within one network.
_GIVEN_OUT: Final = ipaddress.IPv6Network("2000::/3")
#: For protocols; versions of Python differ in which of these they call global.
_PROTOCOLS: Final = ipaddress.IPv4Network("192.0.0.0/24")


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
    if isinstance(address, ipaddress.IPv6Address):
        return address.is_global and address in _GIVEN_OUT
    # Groups of machines and what is reserved for later are global, too.
    is_single = not (address.is_multicast or address.is_reserved)
    return address.is_global and is_single and address not in _PROTOCOLS


def is_private_by_name(host: str) -> bool:
    """Whether *host* is not on the public Internet, as far as that can be seen without a look-up.

    A name may still lead to any address: what is connected to has to be asked `is_public`.
    """
    name = host.rstrip(".").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return not is_public(name)
