"""Where the lessons of the tour take place."""

from __future__ import annotations

from collections.abc import Iterator

import dramatiq
import pytest
from sqlalchemy import Engine

from osmod.jobs.broker import JobBroker
from osmod.moderation.database import open_session
from osmod.moderation.models import Article, Comment
from osmod.task import get_engine
from tests.immediate import immediately


@pytest.fixture
def run_immediately(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the environment of a server without Redis says, and one comment on one article."""
    immediately(engine, monkeypatch)
    with open_session(engine) as session:
        session.add(Article(source_id="a1", title="News", text="What happened", url="https://news.example"))
        session.flush()
        author = {"author": {"name": "Ann"}, "author_source_id": "ann"}
        session.add(Comment(source_id="c1", article_id=1, text="Well said", **author))
        session.commit()
    yield
    get_engine().dispose()


@pytest.fixture
def broker(redis_url: str) -> Iterator[JobBroker]:
    """A queue of one's own."""
    broker = JobBroker(url=redis_url)
    dramatiq.set_broker(broker)
    yield broker
    broker.close()
