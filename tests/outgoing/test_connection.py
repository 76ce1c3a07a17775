"""What counts as an answer in HTTP/1.1, and what a connection is good for after it."""

from __future__ import annotations

import pytest

from tests.outgoing.asking import ask, refused
from tests.outgoing.saying import saying

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{}", OK),
        (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (
            b"one two",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none \r\n3;x=y\r\ntwo\r\n0\r\nX: y\r\n\r\n",
        ),
        (b"until the end", b"HTTP/1.1 200 OK\r\n\r\nuntil the end"),
        (b"old", b"HTTP/1.0 200 OK\r\n\r\nold"),
        (b"{}", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" + OK),
        (b"{}", OK.replace(b" OK", b"")),
    ],
)
def test_an_answer(body: bytes, said: bytes) -> None:
    """With a length, in chunks, until the other side hangs up; after words in between; with no reason."""
    with saying(said) as server:
        answer = ask(server.url)
    assert (200, body) == (answer.status, answer.body)
    assert "x" not in answer.headers


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("reset", b""),
        ("reset", b"SSH-2.0-OpenSSH_9.2\r\n"),
        ("reset", b"HTTP/1.1 200 OK\r\nContent-Len"),
        ("reset", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"),
        ("reset", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        ("reset", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n{}\r\n"),
        ("reset", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}"),
        ("reset", OK + b"and more"),
        ("reset", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000),
        ("reset", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000),
        ("too_long", b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_001),
    ],
)
def test_no_answer(kind: str, said: bytes) -> None:
    """What is cut, has two lengths or none that can be read, is another protocol, or too much."""
    with saying(said) as server:
        assert kind == refused(server.url, most_bytes=100_000)[0]


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, b"HTTP/1.1 200 OK\r\nyyy\r\n\r\n", b"yyy\r\n"]
)
def test_what_was_answered_is_no_part_of_the_sentence(said: bytes) -> None:
    """It may repeat a secret."""
    with saying(said) as server:
        assert "yyy" not in refused(server.url)[1]


def test_the_beginning_may_be_enough() -> None:
    """Of an answer that is too long; the rest is not waited for, nor is the connection used again."""
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n12345", OK) as server:
        assert b"1234" == ask(server.url, most_bytes=4, cut=True).body
        assert b"1234" == ask(server.url, most_bytes=4, cut=True).body
    assert 2 == len(server.asked)


@pytest.mark.parametrize(
    ("connections", "first"),
    [
        (1, OK),
        (2, OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")),
        (2, OK.replace(b"1.1", b"1.0")),
        (2, OK + OK),
    ],
)
def test_whether_a_connection_is_used_again(connections: int, first: bytes) -> None:
    """Not if the server says so, nor if it says more than it was asked: that would be the next one's answer."""
    with saying(first, OK) as server:
        assert [b"{}", b"{}"] == [ask(server.url).body for _ in range(2)]
    assert connections == len(server.asked)


@pytest.mark.parametrize("unasked", [OK.replace(b"{}", b"no"), b"and more"])
def test_what_comes_unasked_answers_nobody(unasked: bytes) -> None:
    """A second answer, late, is not taken for that to the next request."""
    with saying(OK, OK) as server:
        assert b"{}" == ask(server.url).body
        server.say(unasked)
        assert b"{}" == ask(server.url).body
    assert 2 == len(server.asked)


def test_nothing_is_sent_twice() -> None:
    """A server that hangs up in place of an answer, by a connection that was kept, may have done what it was asked."""
    with saying(OK, b"") as server:
        assert b"{}" == ask(server.url).body
        assert "reset" == refused(server.url)[0]
    assert 1 == len(server.asked)


def test_the_head_of_a_request() -> None:
    """Who is asked stands first, the length is the content's, and there is nothing twice."""
    with saying(OK) as server:
        ask(f"{server.url}/a?b#c", headers={"Accept": "x", "X": "y"})
    host = server.url.removeprefix("http://")
    lines = ["POST /a?b HTTP/1.1", f"Host: {host}", "User-Agent: osmod-worker", "Accept-Encoding: identity"]
    lines += ["Accept: x", "X: y", "Content-Length: 2", "", "{}"]
    assert ["\r\n".join(lines).encode()] == server.asked
