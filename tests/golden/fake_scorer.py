"""A scorer that answers as a case tells it to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.scorers.fake import Asked, Fake, Reply, serving


class FakeScorer:
    """Answers POSTs to `/s/<user id>/…` by `script` and keeps what it was asked in `requests`."""

    def __init__(self, fake: Fake) -> None:
        self.script: dict[str, Any] = {}
        self.requests: list[dict[str, Any]] = []
        #: What `SCORER_HOST` stands for.
        self.host = f"127.0.0.1:{fake.port}"
        fake.answer(self._answer)

    def begin(self, script: dict[str, Any]) -> None:
        """Forget what was asked, and answer by `script` from now on."""
        self.script, self.requests = script, []

    def _answer(self, asked: Asked) -> Reply:
        scorer = asked.path.split("/")[2]
        told = self.script[scorer]
        if "discoveryStatus" in told:  # we ask the endpoint at once, where OSMod fails to discover it
            return Reply(status=told["discoveryStatus"])
        answer = told.get("byText", {}).get(asked.json["comment"]["text"], told.get("default"))
        key = asked.query.get("key", [None])[0]
        self.requests.append(
            {"scorer": int(scorer), "key": key, "body": asked.json, "status": answer["status"]}
        )
        return Reply(answer["body"], answer["status"])


@contextmanager
def fake_scorer() -> Iterator[FakeScorer]:
    """A running fake, stopped at the end."""
    with serving() as fake:
        yield FakeScorer(fake)
