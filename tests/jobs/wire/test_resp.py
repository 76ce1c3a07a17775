"""Reading Redis's answers: every kind, in portions of any size, in time linear to their length."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from osmod.jobs.wire.resp import PORTION, Push, Reader, ServerError


def _reader(wire: bytes, portion: int = PORTION) -> Reader:
    """A reader to which a connection delivers `wire` in portions of so many bytes."""
    place = 0

    def receive(most: int = PORTION) -> bytes:
        nonlocal place
        data = wire[place : place + min(portion, most)]
        assert data, "more is asked for than there is"
        place += len(data)
        return data

    def receive_into(target: memoryview) -> int:
        data = receive(len(target))
        target[: len(data)] = data
        return len(data)

    return Reader(receive, receive_into)


KINDS: list[tuple[object, bytes]] = [
    (b"OK", b"+OK\r\n"),
    (12, b":12\r\n"),
    (None, b"$-1\r\n"),
    (None, b"_\r\n"),
    (None, b"*-1\r\n"),
    (b"", b"$0\r\n\r\n"),
    (b"a\r\nb", b"$4\r\na\r\nb\r\n"),
    ([b"a", [1, None]], b"*2\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n"),
    (b"after a push", b">2\r\n+message\r\n+hello\r\n$12\r\nafter a push\r\n"),
    (b"x" * 200_000, b"$200000\r\n" + b"x" * 200_000 + b"\r\n"),
    ([b"y" * 70_000, b"z"], b"*2\r\n$70000\r\n" + b"y" * 70_000 + b"\r\n$1\r\nz\r\n"),
]


@pytest.mark.parametrize("portion", [1, 7, PORTION])
@pytest.mark.parametrize(("expected", "wire"), KINDS, ids=[wire[:12].decode() for _, wire in KINDS])
def test_every_kind_of_answer(expected: object, wire: bytes, portion: int) -> None:
    """However the bytes come, the answer is the same, and the next one is found behind it."""
    reader = _reader(wire + b":7\r\n", portion)
    assert expected == reader.read()
    assert 7 == reader.read()
    assert not reader.waiting()


def test_errors_are_answers() -> None:
    """An error is handed over with its code, for the caller to raise."""
    error = _reader(b"-OOM command not allowed\r\n").read()
    assert isinstance(error, ServerError)
    assert "OOM" == error.code


def test_pushes_are_passed_over() -> None:
    """What was not asked for is no answer."""
    assert not isinstance(_reader(b">1\r\n+x\r\n+y\r\n").read(), Push)


def _seconds(size: int, portion: int) -> float:
    wire = b"$%d\r\n" % size + bytes(size) + b"\r\n"
    reader = _reader(wire, portion)
    began = time.process_time()
    assert size == len(reader.read())
    return time.process_time() - began


def _attempts() -> Iterator[float]:
    for _ in range(5):
        yield _seconds(32_000_000, 16_384) / max(_seconds(4_000_000, 16_384), 0.001)


def test_reading_is_linear() -> None:
    """Eight times as many bytes take about eight times as long, not sixty-four times."""
    assert any(ratio < 20 for ratio in _attempts())
