"""Posting to the outside world, against a server that answers, fails and dawdles as it is told."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress

import pytest

from osmod.loop import run
from osmod.outgoing import connector
from osmod.outgoing.client import Answer, Timeouts, post
from tests.outgoing.asking import ask, refused
from tests.outgoing.saying import saying
from tests.scorers.fake import Fake, Reply
from tests.waiting import until


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


def test_a_connection_that_is_asked_again_at_once_is_kept(fake: Fake) -> None:
    """By the same task, before anything else has run: what tidies up looks when the connection is lent again."""

    async def one_after_another() -> None:
        for _ in range(5):
            await post(fake.url, content=b"{}", private=True)

    asyncio.run(one_after_another())
    assert (5, 1) == (len(fake.asked), len(fake.connections))


def test_connections_that_nobody_uses_are_closed(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, without a further request."""
    monkeypatch.setattr(connector, "KEEP", 0.05)

    async def ask_and_wait() -> None:
        await post(fake.url, content=b"", private=True)
        assert 1 == fake.open
        async with asyncio.timeout(120):
            while fake.open:
                await asyncio.sleep(0.01)

    asyncio.run(ask_and_wait())  # in a loop of its own, whose connections nobody has used before


def test_five_hundred_at_a_time(fake: Fake) -> None:
    """From one process, on one thread; the server holds all of them at once."""
    fake.hold()

    async def many() -> list[Answer]:
        patient = Timeouts(connect=100, read=100, total=200)  # they all connect at once
        asked = [post(fake.url, content=b"", private=True, timeouts=patient) for _ in range(500)]
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
    waits = Timeouts(connect=20, read=0.2 if kind == "timeout" else 20, total=40)
    found = refused(fake.url + "/?key=secret", timeouts=waits, most_bytes=1000)
    assert kind == found[0]
    assert found[1].startswith(said)
    assert "secret" not in found[1]
    assert 200 == ask(fake.url).status


def test_the_whole_has_a_limit() -> None:
    """Also where something is sent all the time."""
    over = threading.Event()
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"") as server:

        def trickle() -> None:
            until(lambda: server.asked and server.asked[-1].endswith(b"{}"), what="it is asked")
            with suppress(OSError):
                while not over.wait(0.01):
                    server.say(b" ")

        trickling = threading.Thread(target=trickle)
        trickling.start()
        said = refused(server.url, timeouts=Timeouts(5, 5, 0.5))
        over.set()
        trickling.join()
    assert ("timeout", "did not answer within 0.5 s") == said


def test_a_server_that_accepts_nobody() -> None:
    """One whose line is full is not waited for as long as an answer."""
    with socket.socket() as full, ExitStack() as line:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):
            waiting = line.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        said = ("timeout", "did not accept a connection within 0.2 s")
        assert said == refused(url, timeouts=Timeouts(0.2, 5, 5))


def test_a_server_that_is_not_there() -> None:
    """A refused connection, a name that nobody knows, and one that does not take what it was offered."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "connect" == refused(f"http://127.0.0.1:{port}/")[0]
    assert "connect" == refused("http://nobody.invalid/")[0]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x/",
        "http://",
        "http://a:b:c/",
        "/x",
        "http://x\n/",
        "https://\udcff",
        "http://xn--/",
        "http://a..b/",
    ],
)
def test_what_is_no_url(url: str) -> None:
    """It is refused before anything is asked."""
    assert "invalid" == refused(url)[0]


def test_what_is_no_header(fake: Fake) -> None:
    """A header that would begin another one is not sent, and none with letters that HTTP has not."""
    assert "invalid" == refused(fake.url, headers={"X": "a\r\nY: b"})[0]
    assert "invalid" == refused(fake.url, headers={"X": "é"})[0]
    assert [] == fake.asked


def test_a_process_ends_without_a_word(fake: Fake) -> None:
    """Also one that was forked amid connections of its parent, which asks by them once more."""
    program = f"""
import os, sys
from tests.outgoing.asking import ask
ask({fake.url!r})
if not (child := os.fork()):
    ask({fake.url!r})
    sys.exit()
assert 0 == os.waitpid(child, 0)[1]
ask({fake.url!r})
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    assert 2 == len(fake.connections)


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
