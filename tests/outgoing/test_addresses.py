"""Which addresses may be asked on behalf of a publisher who is not trusted."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from osmod.outgoing.addresses import AddressRefused, PublicResolver, is_public

PUBLIC = (
    *("8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "100.63.0.1", "100.128.0.1"),
    *("2606:4700::1111", "2a00:1450:4001:800::200e", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
)
REFUSED = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
    *("127.0.0.1", "127.255.255.254", "169.254.169.254", "192.0.0.1", "192.0.2.1", "198.18.0.1"),
    *("192.0.0.8", "192.0.0.192", "192.0.0.255", "168.63.129.16", "::ffff:192.0.0.192"),
    *("198.51.100.1", "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254"),
    *("fec0::1", "ff02::1", "2001:db8::1", "2001::1", "3fff::1", "100::1", "5f00::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
    *("64:ff9b:1::a00:1", "2002:7f00:1::1", "2002:a9fe:a9fe::1"),
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    """Hosts of the internet, at the very edges of what is not, too."""
    assert is_public(address)


@pytest.mark.parametrize("address", REFUSED)
def test_refused(address: str) -> None:
    """Whatever may be a host of our own network, or no host at all, however it is written."""
    assert not is_public(address)


async def _resolved(host: str) -> list[str]:
    return [one["host"] for one in await PublicResolver().resolve(host, 443)]


def _known_as(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> list[Any]:
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_name_is_all_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order in which the resolver wants them tried."""
    _known_as(monkeypatch, "2606:4700::1111", "1.1.1.1")
    assert ["2606:4700::1111", "1.1.1.1"] == asyncio.run(_resolved("hook.example"))


def test_one_bad_address_spoils_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that stands for a host of ours, beside others, is not asked at all."""
    _known_as(monkeypatch, "1.1.1.1", "10.0.0.7")
    with pytest.raises(AddressRefused, match="hook.example is 10.0.0.7, which is no address of the public"):
        asyncio.run(_resolved("hook.example"))


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.0.0.1", "localhost"])
def test_other_ways_to_write_the_same(host: str) -> None:
    """What the system reads as an address is judged as what it reads."""
    with pytest.raises(AddressRefused, match=f"{host} is "):
        asyncio.run(_resolved(host))
