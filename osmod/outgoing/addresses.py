"""Which addresses are somebody else's, on the public internet, and which may be a host of our own network."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import ThreadedResolver
from aiohttp.abc import ResolveResult

#: The only part of IPv6 in which hosts of the internet are, and what in it is for examples alone.
_UNICAST, _EXAMPLES = IPv6Network("2000::/3"), IPv6Network("3fff::/20")
#: Addresses that carry one of IPv4 in their last bits, for gateways between the two.
_NAT64 = IPv6Network("64:ff9b::/96")
#: Gateways that no longer exist; what is for protocols, not hosts, where Oracle's cloud tells a machine its keys; and
#: where Azure does, at an address that looks like any other. Python's own list lacks them, or some of the second.
_NO_HOSTS = tuple(map(IPv4Network, ("192.88.99.0/24", "192.0.0.0/24", "168.63.129.16/32")))


class AddressRefused(Exception):
    """A name stands for an address that must not be asked. The message names both."""


def is_public(address: str) -> bool:
    """Whether an address can only be a host of the public internet.

    False for private, shared, loopback, link-local, multicast, reserved and unspecified ones, also where they are
    wrapped into one of IPv6 (mapped, NAT64, 6to4).
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour or (_last_bits(ip) if ip in _NAT64 else None)
        if wrapped is None:
            return ip in _UNICAST and ip.is_global and ip not in _EXAMPLES
        ip = wrapped
    is_host = not any(ip in network for network in _NO_HOSTS)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and is_host


def refuse_own(host: str) -> None:
    """Refuse an address that is not public; a name may stand for any.

    Raises:
      AddressRefused: it is one.
    """
    try:
        ip_address(host)
    except ValueError:
        return
    _refuse_own(host, host)


class PublicResolver(ThreadedResolver):
    """What names stand for. Who connects takes these very addresses: no name becomes another in between.

    aiohttp asks it about names alone: see `refuse_own` for addresses.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name, best first.

        Raises:
          AddressRefused: one of them is not public.
          OSError: the name is not known.
        """
        found = await super().resolve(host, port, family)
        for one in found:
            _refuse_own(host, one["host"])
        return found


def _refuse_own(host: str, address: str) -> None:
    if not is_public(address):
        raise AddressRefused(f"{host} is {address}, which is no address of the public internet")


def _last_bits(ip: IPv6Address) -> IPv4Address:
    return IPv4Address(int(ip) & 0xFFFFFFFF)
