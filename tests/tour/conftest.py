"""Where the lessons of the tour take place."""

from __future__ import annotations

from collections.abc import Iterator

import dramatiq
import pytest
from dramatiq import broker as global_broker
from sqlalchemy import Engine

import actors
from osmod.jobs.broker import JobBroker
from osmod.jobs.setup import make_broker
from osmod.moderation.database import open_session
from osmod.moderation.models import Article, Comment
from osmod.settings import get_settings
from osmod.task import get_engine


@pytest.fixture
def run_immediately(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the environment of a server without Redis says, and one comment on one article."""
    monkeypatch.setenv("WORKER_RUN_IMMEDIATELY", "true")
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    broker = make_broker(get_settings())
    monkeypatch.setattr(global_broker, "global_broker", broker)
    for name in actors.__all__:
        actor = getattr(actors, name)
        monkeypatch.setattr(actor, "broker", broker)
        broker.actors[actor.actor_name] = actor
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
