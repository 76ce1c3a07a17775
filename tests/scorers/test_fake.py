"""The server that other tests believe."""

from __future__ import annotations

from time import monotonic

import httpx
import pytest

from tests.scorers.fake import Asked, Reply, serving


def test_it_answers_as_told_and_remembers() -> None:
    """First what is said of the next requests, then what is said of all; each with all that it was asked."""
    with serving() as fake, httpx.Client(timeout=60) as client:
        fake.answer(lambda asked: {"echo": asked.json})
        fake.next(Reply(status=429, headers={"Retry-After": "2"}), {"first": True}, Reply(body=b"<html>"))
        began = monotonic()
        answers = [client.post(fake.url + "/score?key=a%20b", json={"n": number}) for number in range(4)]
        assert ["2", None, None, None] == [answer.headers.get("Retry-After") for answer in answers]
        assert ["{}", '{"first": true}', "<html>", '{"echo": {"n": 3}}'] == [
            answer.text for answer in answers
        ]
        assert [429, 200, 200, 200] == [answer.status_code for answer in answers]
        asked = fake.asked[0]
        assert ("POST", "/score", {"key": ["a b"]}) == (asked.method, asked.path, asked.query)
        assert [{"n": number} for number in range(4)] == [asked.json for asked in fake.asked]
        assert began <= fake.asked[0].at <= fake.asked[3].at <= monotonic()
        assert 1 == len(fake.connections) == fake.most_in_flight


@pytest.mark.parametrize("cut", [-1, 0, 3])
def test_it_breaks_off(cut: int) -> None:
    """Before the head, after it, or in the middle of the body; the next connection is as good as the first."""
    with serving() as fake, httpx.Client(timeout=60) as client:
        fake.next(Reply(body=b"123456", cut=cut))
        with pytest.raises(httpx.TransportError):
            client.post(fake.url)
        assert 200 == client.post(fake.url).status_code


def test_it_dawdles_and_hangs() -> None:
    """For as long as it is told."""
    with serving() as fake, httpx.Client(timeout=0.2) as client:

        def late(_: Asked) -> Reply:
            return Reply(after=0.05)

        fake.answer(late)
        fake.next(Reply(hangs=True))
        with pytest.raises(httpx.ReadTimeout):
            client.post(fake.url)
        began = monotonic()
        assert 200 == client.post(fake.url, timeout=10).status_code
        assert 0.05 <= monotonic() - began
