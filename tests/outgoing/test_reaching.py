"""Who is reached, and by which way: addresses, proxies, certificates."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from osmod.outgoing import connector
from osmod.outgoing.client import Timeouts
from tests.outgoing.asking import ask, refused
from tests.outgoing.certificates import certificate_for
from tests.outgoing.tunnelling import tunnelling
from tests.scorers.fake import Fake, Reply, serving


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "0x7f.0.0.1"]
)
def test_own_hosts_are_refused_to_strangers(fake: Fake, host: str) -> None:
    """However they are named; nothing is sent to them."""
    kind, said = refused(f"http://{host}:{fake.port}/", private=False)
    assert "address" == kind
    assert "which is no address of the public internet" in said
    assert [] == fake.asked


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("host", ["127.1", "2130706433", "0177.0.0.1"])
def test_addresses_are_written_in_full(fake: Fake, host: str, private: bool) -> None:
    """Nobody need know which one another way to write it stands for."""
    assert "invalid" == refused(f"http://{host}:{fake.port}/", private=private)[0]
    assert [] == fake.asked


def test_the_address_that_was_checked_is_the_one_that_is_asked(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that becomes another one between check and connection leads nowhere else."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        looked_up.append(str(host))
        known = {"hook.example": ["203.0.113.9", "127.0.0.1"][min(looked_up.count("hook.example") - 1, 1)]}
        return real(known.get(host, host), port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr("osmod.outgoing.addresses.is_public", lambda address: address == "203.0.113.9")
    kind, _ = refused(f"http://hook.example:{fake.port}/", private=False, timeouts=Timeouts(connect=0.2))
    assert kind in ("connect", "timeout")
    assert 1 == looked_up.count("hook.example")
    assert [] == fake.asked


class TestProxies:
    """Those of the environment."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.lower(), raising=False)

    def test_it_asks_in_our_place(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        """It may be a host of our own, and resolves the names."""
        monkeypatch.setenv("http_proxy", fake.url.replace("//", "//me:secret@"))
        assert 200 == ask("http://nobody.invalid/x?y=1", private=False).status
        (asked,) = fake.asked
        assert ("nobody.invalid", "/x") == (asked.headers["host"], asked.path)
        assert "Basic bWU6c2VjcmV0" == asked.headers["proxy-authorization"]

    def test_it_is_not_asked_for_own_hosts(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        """A stranger's URL does not get to them by way of a proxy."""
        monkeypatch.setenv("http_proxy", fake.url)
        assert "address" == refused("http://10.0.0.7/", private=False)[0]
        assert [] == fake.asked

    def test_it_refuses(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        """What it says is told as its own; a tunnel that it does not make is no answer of the server's."""
        fake.answer(Reply(status=403))
        monkeypatch.setenv("https_proxy", fake.url)
        assert ("connect", "is not reached through its proxy: 403 Told So") == refused(
            "https://nobody.invalid/"
        )

    def test_some_hosts_are_asked_without(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those of NO_PROXY."""
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert 200 == ask(fake.url).status

    def test_one_that_cannot_be_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is said, without its password."""
        for proxy in ("socks5://me:secret@127.0.0.1:9", "ftp://me:secret@x", "http://me:secret@x:y"):
            monkeypatch.setenv("all_proxy", proxy)
            kind, said = refused("http://nobody.invalid/")
            assert "connect" == kind
            assert "through its proxy: it" in said
            assert "secret" not in said


class TestTls:
    """Whose certificate is believed."""

    @pytest.fixture
    def certificate(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
        path = certificate_for("hook.example", tmp_path)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        connector.make_tls.cache_clear()
        yield context
        connector.make_tls.cache_clear()

    def test_the_name_is_that_of_the_url(
        self, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An address is connected to, but the certificate must be the name's; another name is not believed."""
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *args, **options: real(
                "127.0.0.1" if host.endswith(".example") else host, *args, **options
            ),
        )
        monkeypatch.setattr("osmod.outgoing.addresses.is_public", lambda _: True)
        with serving(tls=certificate) as fake:
            assert 200 == ask(f"https://hook.example:{fake.port}/", private=False).status
            kind, said = refused(f"https://other.example:{fake.port}/", private=False)
            assert "tls" == kind
            assert "certificate" in said

    def test_nobody_vouches_for_it(
        self, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A certificate of one's own is not believed unless SSL_CERT_FILE says so."""
        monkeypatch.delenv("SSL_CERT_FILE")
        with serving(tls=certificate) as fake:
            assert "tls" == refused(fake.url)[0]

    def test_a_proxy_makes_a_tunnel(
        self, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """To the name that is asked for, whose certificate is looked at behind it; the tunnel is kept."""
        monkeypatch.delenv("no_proxy", raising=False)
        with serving(tls=certificate) as fake, tunnelling(fake.port) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//me:secret@"))
            assert [200, 200] == [ask("https://hook.example/").status for _ in range(2)]
            assert 1 == len(fake.connections)
            assert "tls" == refused("https://other.example:8443/")[0]
        asked = [head.splitlines() for head in proxy.asked]
        assert [b"CONNECT hook.example:443 HTTP/1.1", b"CONNECT other.example:8443 HTTP/1.1"] == [
            head[0] for head in asked
        ]
        assert all(b"Proxy-Authorization: Basic bWU6c2VjcmV0" in head for head in asked)
