"""Asking the scorers, taking in what they answer, and asking again where no answer came."""

from uuid import NAMESPACE_OID, uuid5

import dramatiq

from osmod.jobs.actor import JobActor
from osmod.moderation import scoring
from osmod.moderation.score_data import ScoreData
from osmod.moderation.work import Delivery, Work
from osmod.task import current_delivery, retry, task
from osmod.task.asking import Answer, Asking
from osmod.task.payload import Id, checked

#: About 20 minutes; after that the heartbeat asks again.
SCORER_RETRIES = retry(8, first=5_000, longest=600_000)


@dramatiq.actor(
    actor_class=JobActor, actor_name="sendCommentForScoring", index=("comment_id",), **SCORER_RETRIES
)
@checked("sendCommentForScoring")
def send_comment_for_scoring(comment_id: Id) -> None:
    """Ask every active scorer about a comment. Each answer is a job of its own, queued once an answer."""
    delivery = current_delivery("sendCommentForScoring")
    asking = Asking(comment_id, delivery)
    for answer in asking:
        _queue(comment_id, answer, delivery)
    asking.raise_failures()


@task("processMachineScore")
def process_machine_score(work: Work, comment_id: Id, user_id: Id, score_data: ScoreData) -> None:
    """Store a scorer's answer; the last one that was missing completes the comment."""
    scoring.process_machine_score(work, comment_id, user_id, score_data)


def _queue(comment_id: int, answer: Answer, delivery: Delivery | None) -> None:
    arguments = {"comment_id": comment_id, "user_id": answer.user_id, "score_data": answer.score_data}
    message = process_machine_score.message_with_options(kwargs=arguments)
    if delivery:  # the same id each time, so that an answer asked for twice is taken in once
        message = message.copy(
            message_id=str(uuid5(NAMESPACE_OID, f"{delivery.message_id}/{answer.request_id}"))
        )
    dramatiq.get_broker().enqueue(message)
