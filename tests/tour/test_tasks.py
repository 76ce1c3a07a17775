"""The tour, for server code: queue a task, see what it did, see one refused, add one of your own.

Each test is one lesson and runs as it stands. Tasks run where they are sent here (`WORKER_RUN_IMMEDIATELY=true`,
no Redis); with a queue the calls are the same, and a worker does the work.
"""

from __future__ import annotations

import dramatiq
import pytest
from sqlalchemy import Engine

import actors
from osmod.moderation.database import open_session
from osmod.moderation.errors import NotFound, Refused
from osmod.moderation.models import Article, Comment, Decision
from osmod.moderation.work import Work
from osmod.task import task
from osmod.task.payload import Id

pytestmark = pytest.mark.usefixtures("run_immediately")


def test_queue_a_decision(engine: Engine) -> None:
    """`send` queues a task; ids travel, never objects. What it did is in the database."""
    from actors import accept_comments

    accept_comments.send(comment_id=1)

    with open_session(engine) as session:
        assert session.get_one(Comment, 1).is_accepted is True
        assert session.get_one(Article, 1).approved_count == 1
        assert session.get_one(Decision, 1).status == "Accept"


def test_the_name_on_the_wire(engine: Engine) -> None:
    """A task has OSMod's name and fields on the wire, so that OSMod's own servers can queue it, too."""
    message = actors.reject_comments.message(commentId=1, userId=None, isBatchAction=False)
    assert "rejectComments" == message.actor_name

    dramatiq.get_broker().enqueue(message)

    with open_session(engine) as session:
        assert session.get_one(Comment, 1).is_accepted is False


def test_a_job_delivered_twice(engine: Engine) -> None:
    """A queue may deliver a job again. The second time nothing happens: the job's id is in the inbox."""
    message = actors.accept_comments.message(comment_id=1)
    dramatiq.get_broker().enqueue(message)
    dramatiq.get_broker().enqueue(message)

    with open_session(engine) as session:
        assert 1 == session.query(Decision).count()


def test_a_refused_job(engine: Engine) -> None:
    """A job that can never be done says what is wrong and changes nothing. In a queue it becomes a dead letter."""
    with pytest.raises(NotFound, match=r"^Comment not found, id: 99$"):
        actors.accept_comments.send(comment_id=99)
    with pytest.raises(Refused, match=r"^acceptComments: comment_id: Input should be a valid integer"):
        actors.accept_comments.send(comment_id="first")

    with open_session(engine) as session:
        assert 0 == session.query(Decision).count()


def test_a_task_of_your_own(engine: Engine) -> None:
    """A function on a `Work` becomes a task: one transaction, once a message, its arguments checked by their types.

    It belongs in a module of its own in `actors/`, which needs to be named nowhere else.
    """

    @task("shoutComment")
    def shout_comment(work: Work, comment_id: Id, mark: str = "!") -> None:
        """Say it louder."""
        comment = work.session.get_one(Comment, comment_id)
        comment.text = comment.text.upper() + mark
        work.enqueue("acceptComments", comment_id=comment_id)  # queued once this is committed

    shout_comment.send(comment_id=1)

    with open_session(engine) as session:
        assert "WELL SAID!" == session.get_one(Comment, 1).text
        assert session.get_one(Comment, 1).is_accepted is True
    with pytest.raises(Refused, match=r"^shoutComment: mark: Input should be a valid string \(it is 3\)$"):
        shout_comment.send(comment_id=1, mark=3)  # type: ignore[arg-type]
