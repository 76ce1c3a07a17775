"""What the pages show in these tests: jobs in several states, a worker, comments that wait, rules."""

from __future__ import annotations

import time

from sqlalchemy import Engine

from actors import send_comment_for_scoring
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.minutes import note_minute
from osmod.jobs.queue.presence import give_sign_of_life
from osmod.moderation.models import CommentScore, CommentSummaryScore
from tests.jobs.records.taking import end
from tests.moderation.world import World


def furnish(queue: JobBroker, engine: Engine) -> None:
    """Fill the queue and the database. Pages that show more have it made here."""
    note_minute(queue, ["default"])
    give_sign_of_life(queue, threads=8, running=2, queues=["default"], since=time.time() - 90, first=True)
    for comment_id in range(6):
        send_comment_for_scoring.send(comment_id=comment_id)
    end(queue, 2)
    world = World(engine)
    category = world.category()
    article = world.article(category)
    tag = world.tag("TOXICITY")
    for number in range(3):
        score = 0.5 + number / 10
        text = "You are all fools, and I say so."
        comment = world.comment(article, is_scored=True, max_summary_score=score, text=text)
        world.add(CommentSummaryScore(comment_id=comment, tag_id=tag, score=score))
        span = {"score": 0.7, "annotation_start": 12, "annotation_end": 17}
        world.add(CommentScore(comment_id=comment, tag_id=tag, source_type="Machine", **span))
    world.rule(tag, 0.9, 1.0, "Reject")
