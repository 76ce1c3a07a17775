"""Posting to the outside world, against a server that answers, fails and dawdles as it is told."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from osmod.outgoing import connections
from osmod.outgoing.client import Answer, NoAnswer, Timeouts, post
from osmod.outgoing.loop import run
from tests.outgoing.certificates import certificate_for
from tests.scorers.fake import Fake, Reply, serving
from tests.waiting import until

#: For tests that wait until it is over.
SOON = Timeouts(connect=0.2, read=0.2, total=0.4)


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A server on the loopback address."""
    with serving() as fake:
        yield fake


def ask(url: str, **options: Any) -> Answer:
    return run(post(url, content=b"{}", **{"private": True, **options}))


def refused(url: str, **options: Any) -> tuple[str, str]:
    with pytest.raises(NoAnswer) as error:
        ask(url, **options)
    return error.value.kind, str(error.value)


def test_what_is_sent_and_what_is_answered(fake: Fake) -> None:
    """Body and headers as given, and those that HTTP needs; the answer's headers have lower-case names."""
    fake.answer(Reply(status=202, headers={"X-Seen": "Yes"}, body=b"\xff"))
    url = fake.url.replace("//", "//user:p%40ss@") + "/a%20b?x=1&y"
    answer = ask(url, headers={"content-type": "text/x", "User-Agent": "mine"})
    assert (202, "Yes", b"\xff") == (answer.status, answer.headers["x-seen"], answer.body)
    assert 0 < answer.seconds < 10
    (asked,) = fake.asked
    assert ("POST", "/a%20b", {"x": ["1"]}, b"{}") == (asked.method, asked.path, asked.query, asked.body)
    assert {
        "host": f"127.0.0.1:{fake.port}",
        "content-length": "2",
        "user-agent": "mine",
        "accept": "*/*",
        "accept-encoding": "identity",
        "authorization": "Basic dXNlcjpwQHNz",
        "content-type": "text/x",
    } == asked.headers


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_answers(fake: Fake, status: int) -> None:
    """Nobody is led anywhere."""
    fake.answer(Reply(status=status, headers={"Location": f"{fake.url}/private"}))
    assert status == ask(fake.url).status
    assert 1 == len(fake.asked)


def test_connections_are_kept(fake: Fake) -> None:
    """One after another they share one; those at the same time have one each, which are kept as well."""
    for _ in range(5):
        ask(fake.url)
    assert 1 == len(fake.connections)

    async def together(count: int) -> None:
        await asyncio.gather(*(post(fake.url, content=b"", private=True) for _ in range(count)))

    run(together(3))
    run(together(3))
    assert len(fake.connections) <= 3


def test_a_connection_that_the_server_closed_is_not_used_again(fake: Fake) -> None:
    """Whoever comes later gets a new one, not an error."""
    ask(fake.url)
    fake.hang_up()
    until(lambda: not fake.open, what="the server has closed its side")
    assert 200 == ask(fake.url).status
    assert 2 == len(fake.connections)


def test_connections_that_nobody_uses_are_closed(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, without a further request."""
    monkeypatch.setattr(connections, "KEEP", 0.05)

    async def ask_and_wait() -> None:
        await post(fake.url, content=b"", private=True)
        assert 1 == fake.open
        async with asyncio.timeout(10):
            while fake.open:
                await asyncio.sleep(0.01)

    asyncio.run(ask_and_wait())  # in a loop of its own, whose connections nobody has used before


def test_five_hundred_at_a_time(fake: Fake) -> None:
    """From one process, on one thread; the server holds all of them at once."""
    fake.hold()

    async def many() -> list[Answer]:
        asked = [post(fake.url, content=b"", private=True) for _ in range(500)]
        return await asyncio.gather(*asked)

    async def watched() -> list[Answer]:
        task = asyncio.create_task(many())
        while fake.in_flight < 500 and not task.done():
            await asyncio.sleep(0.01)
        fake.release()
        return await task

    assert [200] * 500 == [answer.status for answer in run(watched())]
    assert 500 == fake.most_in_flight


@pytest.mark.parametrize(
    ("kind", "said", "reply"),
    [
        ("reset", "hung up", Reply(cut=-1)),
        ("reset", "hung up", Reply(cut=0)),
        ("reset", "hung up", Reply(body=b"123456", cut=3)),
        ("timeout", "sent nothing for 0.2 s", Reply(hangs=True)),
        ("timeout", "sent nothing for 0.2 s", Reply(after=5)),
        ("too_long", "answered 200 with more than 1000 bytes", Reply(body=b" " * 1001)),
        ("reset", "hung up", Reply(headers={"Content-Length": "nine"})),
    ],
)
def test_what_is_no_answer(fake: Fake, kind: str, said: str, reply: Reply) -> None:
    """Each has its kind and a sentence; the next request is none the worse for it."""
    fake.next(reply)
    found = refused(fake.url + "/?key=secret", timeouts=SOON, most_bytes=1000)
    assert kind == found[0]
    assert found[1].startswith(said)
    assert "secret" not in found[1]
    assert 200 == ask(fake.url).status


def test_the_whole_has_a_limit(fake: Fake) -> None:
    """Also where something is sent all the time."""
    fake.answer(Reply(hangs=True))
    assert ("timeout", "did not answer within 0.1 s") == refused(fake.url, timeouts=Timeouts(5, 5, 0.1))


def test_a_server_that_is_not_there() -> None:
    """A refused connection, a name that nobody knows, and one that does not take what it was offered."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "connect" == refused(f"http://127.0.0.1:{port}/")[0]
    assert "connect" == refused("http://nobody.invalid/")[0]


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "http://", "http://a:b:c/", "/x", "http://x\n/", "https://\udcff"]
)
def test_what_is_no_url(url: str) -> None:
    """It is refused before anything is asked."""
    assert "invalid" == refused(url)[0]


def test_what_is_no_header(fake: Fake) -> None:
    """A header that would begin another one is not sent."""
    assert "invalid" == refused(fake.url, headers={"X": "a\r\nY: b"})[0]
    assert [] == fake.asked


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"]
)
def test_own_hosts_are_refused_to_strangers(fake: Fake, host: str) -> None:
    """However they are named; nothing is sent to them."""
    kind, said = refused(f"http://{host}:{fake.port}/", private=False)
    assert "address" == kind
    assert "which is no address of the public internet" in said
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
    kind, _ = refused(f"http://hook.example:{fake.port}/", private=False, timeouts=SOON)
    assert kind in ("connect", "timeout")
    assert 1 == looked_up.count("hook.example")
    assert [] == fake.asked


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_has_connections_of_its_own(fake: Fake) -> None:
    """A child opens one anew, and leaves its parent's open."""
    ask(fake.url)
    child = os.fork()
    if not child:
        os._exit(0 if ask(fake.url).status == 200 else 1)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ask(fake.url)
    mine, childs, again = (asked.connection for asked in fake.asked)
    assert mine == again != childs


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

    def test_some_hosts_are_asked_without(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those of NO_PROXY."""
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert 200 == ask(fake.url).status

    def test_one_that_cannot_be_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is said, without its password."""
        monkeypatch.setenv("all_proxy", "socks5://me:secret@127.0.0.1:9")
        kind, said = refused("http://nobody.invalid/")
        assert "connect" == kind
        assert "secret" not in said


class TestTls:
    """Whose certificate is believed."""

    @pytest.fixture
    def certificate(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
        path = certificate_for("hook.example", tmp_path)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        connections._tls.cache_clear()
        yield context
        connections._tls.cache_clear()

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
