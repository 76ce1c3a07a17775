"""What the pages show in these tests: jobs in several states, a worker, comments that wait, rules."""

from __future__ import annotations

import time

from sqlalchemy import Engine

from actors import send_comment_for_scoring
from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.minutes import note_minute
from osmod.jobs.queue.presence import give_sign_of_life
from osmod.jobs.records.filters import JobFilter
from osmod.moderation.database import open_session
from osmod.moderation.models import (
    Category,
    CommentScore,
    CommentSummaryScore,
    Decision,
    DecisionDelivery,
    DeliveryAttempt,
    User,
    now,
)
from tests.jobs.records.taking import end
from tests.moderation.world import World
from tests.web.conftest import USERS


def furnish(queue: JobBroker, engine: Engine) -> None:
    """Fill the queue and the database. Pages that show more have it made here."""
    note_minute(queue, ["default"])
    give_sign_of_life(queue, threads=8, running=2, queues=["default"], since=time.time() - 90, first=True)
    for comment_id in range(6):
        send_comment_for_scoring.send(comment_id=comment_id)
    end(queue, 2)
    _fail_one(queue)
    _tell_a_publisher(engine)
    world = World(engine)
    category = world.add(Category(label=LONG_WORD))
    article = world.article(category, title=LONG_WORD)
    tag, long_tag = world.tag("TOXICITY"), world.tag("SEVERE_TOXICITY_OF_A_VERY_LONG_NAME_INDEED_AS_IT_IS")
    for number in range(3):
        score = 0.5 + number / 10
        text = f"You are all fools, and I say so. {LONG_WORD}"
        author = {"name": LONG_WORD}
        comment = world.comment(article, is_scored=True, max_summary_score=score, text=text, author=author)
        world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=score))
        span = {"score": 0.7, "annotation_start": 12, "annotation_end": 17}
        for one in (tag, long_tag):
            world.add(CommentScore(comment_id=comment, tag_id=one, source_type="Machine", **span))
    rule = world.rule(tag, 0.9, 1.0, "Reject", category)
    decided = world.comment(article, is_scored=True, is_moderated=True, is_accepted=False, text=LONG_WORD)
    world.add(Decision(comment_id=decided, status="Reject", source="Rule", moderation_rule_id=rule))


#: What fits no line of a phone.
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
#: The id of a job that failed, was retried, and failed again.
FAILED = "f0e1d2c3-0000-4000-8000-000000000000"


def _fail_one(queue: JobBroker) -> None:
    message = send_comment_for_scoring.message(comment_id=1)
    queue.enqueue(message.copy(message_id=FAILED, options={"priority": "critical"}))
    end(queue, 1, TimeoutError("no answer within 10 seconds"))
    steering.retry(queue, JobFilter(ids=(FAILED,)), by="Ada", reason="it is back")
    steering.prioritise(queue, JobFilter(ids=(FAILED,)), "critical", by="Ada")
    end(queue, 1, TimeoutError("no answer within 10 seconds"))


def _tell_a_publisher(engine: Engine) -> None:
    with open_session(engine) as session:
        webhook = {"url": "https://news.example/hook", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}
        session.get_one(User, USERS["service"]).extra = {"webhook": webhook}
        row = DecisionDelivery(id=1, message_id="m1", comment_id=1, decision_id=1, owner_id=USERS["service"])
        row.sequence, row.event, row.data, row.state = 1, "comment.accepted", {}, "failed"
        session.add(row)
        attempt = DeliveryAttempt(delivery_id=1, at=now(), status=503, milliseconds=12, answer="")
        attempt.error = "it answered 503"
        session.add(attempt)
        session.commit()
