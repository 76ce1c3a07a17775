"""The examples of docs/queueing-from-server-code.md do what the page says, not only run."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import dramatiq
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

import actors
from osmod.jobs.pytest_plugin import QueuedJobs
from osmod.jobs.pytest_plugin import queued_jobs as queued_jobs
from osmod.moderation.errors import BadPayload
from osmod.moderation.models import OutboxEntry, Tag
from osmod.task import get_engine, owe
from tests.docs.blocks import ROOT, blocks_of
from tests.docs.sandbox import FRAMEWORKS
from tests.moderation.world import World

PAGE = ROOT / "docs" / "queueing-from-server-code.md"

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture(autouse=True)
def _frameworks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins for what is not installed, and the broker of the actors, whatever other tests have set."""
    dramatiq.set_broker(actors.accept_comments.broker)
    monkeypatch.syspath_prepend(FRAMEWORKS)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("django", "flask")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def world(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    """The database of this process."""
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return World(engine)


def example(section: str) -> Any:
    """What the one block of a section defines, once it was run."""
    (block,) = (block for block in blocks_of(PAGE) if block.section == section)
    module = ModuleType("example")
    exec(compile(block.text, block.name, "exec"), vars(module))
    return module


def test_fastapi(queued_jobs: QueuedJobs) -> None:
    """Each route queues one job and answers with its id."""
    client = TestClient(example("FastAPI").app)
    for comment_id, act, actor in (
        (1, "accept", "accept_comments"),
        (2, "reject", "reject_comments"),
        (3, "reject-later", "reject_comments"),
    ):
        answer = client.post(f"/comments/{comment_id}/{act}").json()
        message = queued_jobs.assert_enqueued(getattr(actors, actor), comment_id=comment_id)
        assert message.message_id == answer["job"]


def test_django(queued_jobs: QueuedJobs) -> None:
    """After the commit, and never if that does not come."""
    module = example("Django")
    assert b'{"status": "success"}' == module.accept(module.HttpRequest(), 12).content
    queued_jobs.assert_enqueued(actors.accept_comments, comment_id=12)

    def failing() -> None:
        with module.transaction.atomic():
            module.transaction.on_commit(lambda: actors.accept_comments.send(comment_id=13))
            raise LookupError

    with pytest.raises(LookupError):
        failing()
    queued_jobs.assert_not_enqueued(actors.accept_comments, comment_id=13)


def test_flask(queued_jobs: QueuedJobs) -> None:
    """The route queues a job."""
    answer = example("Flask").app.view_functions["accept"](12)
    assert answer["job"] == queued_jobs.assert_enqueued(actors.accept_comments, comment_id=12).message_id


def test_outbox(queued_jobs: QueuedJobs, world: World) -> None:
    """The job is queued with the row, and nothing is left to be queued."""
    example("In a transaction: the outbox")
    assert ["OFF TOPIC"] == [tag.attribute for tag in world.all(Tag)]
    queued_jobs.assert_enqueued(actors.send_comment_for_scoring, comment_id=12)
    assert 0 == world.size(OutboxEntry)
    get_engine().dispose()


def test_outbox_refuses(world: World) -> None:
    """What the actor does not take is refused before the commit."""
    from osmod.moderation.database import open_session

    with (
        open_session(world.engine) as session,
        pytest.raises(BadPayload, match="comment_id: Input should be"),
    ):
        owe(session, actors.accept_comments, comment_id="12")


def test_tests(queued_jobs: QueuedJobs) -> None:
    """The test of the page passes."""
    example("In tests").test_accepting_is_queued(queued_jobs)
