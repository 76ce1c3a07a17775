"""When there is one job and not two."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs import enqueue, steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.reading import get_job
from osmod.jobs.states import JobState
from osmod.jobs.steering import invariants
from tests.jobs.conftest import working
from tests.jobs.records.taking import end, taken
from tests.waiting import until


@pytest.fixture
def score(broker: JobBroker) -> Actor[..., None]:
    """An actor of which there is one job a comment."""

    @dramatiq.actor(actor_name="score", unique=("comment_id",), max_retries=0)
    def score(comment_id: int, again: bool = False) -> None:
        """Nothing runs here."""

    return score


def locks(broker: JobBroker) -> list[str]:
    return sorted(key.decode().partition("unique:")[2] for key in broker.client.scan_iter("*unique:*"))


def test_a_second_job_is_the_one_already_there(broker: JobBroker, score: Actor[..., None]) -> None:
    """By the chosen argument alone, however it was sent; and the answer says so."""
    first = enqueue(score, comment_id=12)
    second = enqueue(score, comment_id=12, again=True)
    third = score.send(12)
    other = enqueue(score, comment_id=13)

    assert (True, False, True) == (first.created, second.created, other.created)
    assert first.message_id == second.message_id == third.message_id
    assert first.message_id == third.options["duplicate_of"]
    assert 2 == broker.do_qsize("default")
    assert ['score:{"comment_id":12}', 'score:{"comment_id":13}'] == locks(broker)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("error", [None, ValueError("no")])
def test_the_key_is_free_after_the_end(
    broker: JobBroker, score: Actor[..., None], keep: bool, error: Exception | None
) -> None:
    """Done or failed, with a record or without."""
    first = enqueue(score, comment_id=12, remove_on_complete=not keep)
    end(broker, 1, error)

    assert [] == locks(broker)
    again = enqueue(score, comment_id=12)
    assert again.created
    assert again.message_id != first.message_id


def test_the_key_is_held_while_it_runs_and_until_it_was_retried(broker: JobBroker) -> None:
    """A job between two attempts is not over."""
    tries: list[int] = []

    @dramatiq.actor(unique=True, max_retries=1, min_backoff=1, max_backoff=1)
    def work() -> None:
        tries.append(1)
        assert not enqueue(work).created
        if len(tries) == 1:
            raise ValueError("once")

    message = work.send()
    with working(broker):
        until(lambda: (job := get_job(broker, message.message_id)) and job.state is JobState.DONE)

    assert 2 == len(tries)
    assert enqueue(work).created


def test_the_key_is_free_after_cancelling_and_deleting(broker: JobBroker, score: Actor[..., None]) -> None:
    """Whatever ended the job."""
    first = enqueue(score, comment_id=12)
    steering.cancel(broker, JobFilter(ids=(first.message_id,)))
    second = enqueue(score, comment_id=12)
    steering.delete(broker, JobFilter(ids=(second.message_id,)))

    assert second.created
    assert enqueue(score, comment_id=12).created


def test_a_failed_job_is_not_retried_beside_another_of_its_key(
    broker: JobBroker, score: Actor[..., None]
) -> None:
    """It is left as it is while the other one lives, and takes the key again after it."""
    failed = enqueue(score, comment_id=12).message_id
    end(broker, 1, ValueError("no"))
    enqueue(score, comment_id=12)

    assert 0 == steering.retry(broker, JobFilter(ids=(failed,)))
    end(broker, 1)
    assert 1 == steering.retry(broker, JobFilter(ids=(failed,)))
    assert not enqueue(score, comment_id=12).created


def test_unique_while_waiting(broker: JobBroker) -> None:
    """One may wait while one runs."""
    actor = dramatiq.actor(actor_name="refresh", unique=True, unique_until="started")(lambda: None)
    enqueue(actor)
    assert not enqueue(actor).created
    with taken(broker, 1) as (consumer, jobs):
        assert enqueue(actor).created
        assert not enqueue(actor).created
        consumer.ack(jobs[0])

    assert not enqueue(actor).created


@pytest.mark.parametrize("period", ["5 minutes", timedelta(minutes=5), 300_000])
def test_unique_for_a_period(broker: JobBroker, period: Any) -> None:
    """Whatever becomes of the job; the answer names it even when no record of it is left."""
    actor = dramatiq.actor(actor_name="digest", unique=True, unique_for=period)(lambda: None)
    first = enqueue(actor, remove_on_complete=True)
    end(broker, 1)

    second = enqueue(actor)

    assert (False, first.message_id) == (second.created, second.message_id)
    assert 290_000 < broker.client.pttl("dramatiq:{default}:unique:digest:{}") <= 300_000
    assert [] == invariants.check(broker)


def test_a_key_always_expires_but_not_before_its_job_is_due(
    broker: JobBroker, score: Actor[..., None]
) -> None:
    """A delay counts on top."""
    enqueue(score, comment_id=1)
    enqueue(score, comment_id=2, delay=timedelta(days=3))

    assert 86_000_000 < broker.client.pttl('dramatiq:{default}:unique:score:{"comment_id":1}') <= 86_400_000
    assert broker.client.pttl('dramatiq:{default}:unique:score:{"comment_id":2}') > 3 * 86_400_000


def test_eight_senders_at_once_make_one_job(broker: JobBroker, score: Actor[..., None]) -> None:
    """The key is taken in the step that stores the job."""
    created: list[bool] = []
    barrier = threading.Barrier(8)

    def send() -> None:
        barrier.wait()
        created.extend(enqueue(score, comment_id=12).created for _ in range(5))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == sum(created)
    assert 1 == broker.do_qsize("default")


def test_a_message_has_the_last_word(broker: JobBroker, score: Actor[..., None]) -> None:
    """Another key, or none."""
    enqueue(score, comment_id=12)

    assert enqueue(score, comment_id=12, unique=False).created
    assert enqueue(score, comment_id=12, unique="by hand").created
    assert not enqueue(score, comment_id=99, unique="by hand").created


def test_secrets_do_not_stand_in_keys(broker: JobBroker) -> None:
    """A key of sensitive arguments is a digest."""

    @dramatiq.actor(unique=("text",), sensitive=("text",))
    def score(text: str) -> None:
        """Nothing runs here."""

    enqueue(score, text="you are all fools")

    assert not enqueue(score, text="you are all fools").created
    assert "fools" not in str(locks(broker))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"unique": ("comment",)},
            "unique=('comment',): actor 'score' takes comment_id, again, not 'comment'",
        ),
        ({"unique": ""}, "unique='': expected a key, True, or names of arguments"),
        ({"unique": 5}, "unique=5: expected a key, True, or names of arguments"),
        ({"unique_until": "later"}, "unique_until='later': expected 'done' or 'started'"),
        ({"unique_for": 0}, "unique_for=0: expected a length of time such as '5 minutes'"),
        ({"unique_ttl": 0}, "unique_ttl=0: expected milliseconds, at least 1"),
        ({"index": "comment_id"}, "index='comment_id': expected names of arguments, such as ('comment_id',)"),
        ({"sensitive": ("txt",)}, "sensitive=('txt',): actor 'score' takes comment_id, again, not 'txt'"),
    ],
)
def test_options_that_make_no_sense_are_refused_where_the_actor_is_declared(
    broker: JobBroker, options: dict[str, Any], said: str
) -> None:
    """The message names the option and what it takes."""

    def score(comment_id: int, again: bool = False) -> None:
        """Nothing runs here."""

    with pytest.raises(InvalidOption) as raised:
        dramatiq.actor(actor_name="score", **options)(score)

    assert said == str(raised.value)
