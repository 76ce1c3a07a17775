"""Telling a publisher's webhook a text that was typed, here and now, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from dramatiq import Broker

from osmod.jobs.records.glance import length
from osmod.loop import run
from osmod.moderation.models import now
from osmod.operating.publishers import PublisherState, write_down
from osmod.publishers import BadPublisherConfig, News, NotTold, publisher_for, told_by

#: What a test is called where decisions are `comment.accepted` and so on.
EVENT = "test"
#: Characters of a text.
LONGEST = 1_000


@dataclass(frozen=True)
class Trial:
    """What came of telling one publisher.

    Attributes:
      status: of the answer; None: there was none.
      answer: its beginning, without our secrets.
      message_id: of what was sent; empty: nothing was, as the publisher cannot be told.
      problem: why it was not acknowledged; empty: it was.
    """

    state: PublisherState
    message_id: str = ""
    seconds: float = 0.0
    status: int | None = None
    answer: str = ""
    problem: str = ""

    @property
    def words(self) -> str:
        """What came of it, as part of a sentence."""
        if not self.message_id:
            return f"nothing was sent: {self.problem}"
        took = length(timedelta(seconds=self.seconds))
        return f"{self.problem}, after {took}" if self.problem else f"answered {self.status} in {took}"

    def as_dict(self) -> dict[str, Any]:
        """In values that JSON has."""
        return {
            "publisher": self.state.standing.owner_id,
            "message_id": self.message_id,
            "seconds": round(self.seconds, 3),
            "status": self.status,
            "answer": self.answer,
            "problem": self.problem,
        }


def try_publisher(
    queues: Broker, state: PublisherState, text: str, *, by: str | None = None, reason: str = ""
) -> Trial:
    """Send a publisher's webhook a text, signed as decisions are, once; blocks for 30 seconds at most.

    Nothing but the audit log hears of it: it is no delivery, has no place in the order of any, and neither disables
    a publisher nor has it rest, whatever it answers. One that is disabled or rests is sent it, too.
    """
    one = state.standing
    if state.told_by != "webhook":
        return Trial(state, problem=f"publisher {one.owner_id} has no webhook, and is told decisions only")
    try:
        publisher_for(one.owner_id, one.group, one.extra)
    except BadPublisherConfig as error:
        return Trial(state, problem=str(error))
    write_down(queues, "test publisher", f"publisher {one.owner_id}", 1, by, reason)
    news = News(f"test-{uuid4()}", EVENT, now(), {"text": text})
    began = time.monotonic()
    try:
        told = run(told_by(one.owner_id, one.group, one.extra, news))
    except NotTold as error:
        took = time.monotonic() - began
        return Trial(state, news.id, took, error.status, error.answer, str(error))
    return Trial(state, news.id, time.monotonic() - began, told.status, told.answer)
