"""The tour of jobs: what can be seen of one, and done to it. Each test is one thing that people ask for."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import dramatiq

import actors  # noqa: F401 - so that the command line finds them declared
from osmod.jobs import current_job, enqueue, events, steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.records import JobFilter, find
from osmod.jobs.states import JobState
from osmod.jobs.steering import audit_log
from osmod.jobs.testing import assert_enqueued, assert_not_enqueued, drain
from tests.tour.seeing import a_worker, osmod, see
from tests.waiting import until


def test_see_a_job(broker: JobBroker) -> None:
    """Every job has a record: what it is, where it is, and when what happened to it."""

    @dramatiq.actor(keep_result=True)
    def greet(name: str) -> str:
        return f"Hello, {name}"

    job_id = greet.send("Ann").message_id

    assert see(broker, job_id).state is JobState.WAITING
    drain()

    job = see(broker, job_id)
    assert job.state is JobState.DONE
    assert job.arguments == {"name": "Ann"}
    assert job.result == "Hello, Ann"
    assert job.attempts_made == 1
    assert job.duration is not None
    assert "greet(name='Ann')" in osmod("jobs", "list")
    assert "Hello, Ann" in osmod("jobs", "show", job_id)


def test_say_how_far_a_job_is(broker: JobBroker) -> None:
    """`current_job()` takes progress and log lines, as often as you like."""
    look = threading.Event()

    @dramatiq.actor
    def recount(articles: int) -> None:
        for done in range(articles):
            current_job().progress(done, articles, "articles counted")
        current_job().log("the last one takes a while")
        look.wait(120)

    job_id = recount.send(1000).message_id
    with a_worker(broker):
        until(lambda: see(broker, job_id).log, 20)
        job = see(broker, job_id)
        look.set()

    assert job.progress is not None
    assert (job.progress.done, job.progress.total) == (999, 1000)
    assert job.progress.message == "articles counted"
    assert job.log[0].text == "the last one takes a while"


def test_retry_what_failed(broker: JobBroker) -> None:
    """A failed job is kept, with its error, until someone acts. Retried, it has all its attempts again."""
    scorer_is_up = threading.Event()

    @dramatiq.actor(max_retries=0, index=("comment_id",))
    def score(comment_id: int) -> None:
        if not scorer_is_up.is_set():
            raise TimeoutError("the scorer does not answer")

    for comment_id in range(3):
        score.send(comment_id)
    drain(raise_errors=False)

    failed = find(broker, JobFilter(error="TimeoutError", arguments={"comment_id": 2})).jobs
    assert [job.arguments for job in failed] == [{"comment_id": 2}]
    assert failed[0].error is not None
    assert failed[0].error.message == "the scorer does not answer"

    scorer_is_up.set()
    assert "3 jobs retried" in osmod("jobs", "retry", "--error", "TimeoutError", "--yes")
    drain()

    assert find(broker, JobFilter(states=(JobState.FAILED,))).jobs == []


def test_cancel_a_job(broker: JobBroker) -> None:
    """A waiting job never starts; a running one is interrupted, as by a time limit."""
    running = threading.Event()

    @dramatiq.actor(queue_name="long")
    def work() -> None:
        running.set()
        while True:
            time.sleep(0.01)

    waiting = work.send_with_options(delay=60_000).message_id
    under_way = work.send().message_id
    with a_worker(broker):
        assert running.wait(120)
        steering.cancel(broker, JobFilter(queue="long"), by="ann")
        until(lambda: see(broker, under_way).state is JobState.CANCELLED, 20)

    assert see(broker, waiting).state is JobState.CANCELLED


def test_do_it_sooner(broker: JobBroker) -> None:
    """A delayed job can be run now, a waiting one be given another priority."""
    ran: list[str] = []
    note = dramatiq.actor(actor_name="note")(ran.append)
    note.send("first sent")
    urgent = note.send("urgent").message_id
    delayed = note.send_with_options(args=("delayed",), delay=timedelta(hours=1).seconds * 1000).message_id

    osmod("jobs", "prioritise", urgent, "--to", "critical")
    osmod("jobs", "promote", delayed)
    drain()

    assert ran == ["urgent", "first sent", "delayed"]


def test_hold_a_queue(broker: JobBroker) -> None:
    """A paused queue takes jobs in and starts none."""
    work = dramatiq.actor(actor_name="work")(lambda: None)

    assert "default is paused" in osmod("queues", "pause", "default")
    work.send()
    assert "paused for" in osmod("queues", "list")
    osmod("queues", "resume", "default")

    assert drain() == 1


def test_one_of_each(broker: JobBroker) -> None:
    """Where a job is unique, sending it again gives the job that is there, until that one has ended."""

    @dramatiq.actor(unique=("article_id",))
    def recount(article_id: int, reason: str = "") -> None:
        """Count an article's comments."""

    first = enqueue(recount, article_id=7)
    again = enqueue(recount, article_id=7, reason="asked twice")

    assert again.message_id == first.message_id
    assert not again.created
    drain()
    assert enqueue(recount, article_id=7).created


def test_keep_a_secret(broker: JobBroker) -> None:
    """Arguments that are nobody's business are masked wherever they are shown."""

    @dramatiq.actor(max_retries=0, sensitive=("text",))
    def score(comment_id: int, text: str) -> None:
        raise ValueError(f"cannot read {text!r}")

    job_id = score.send(12, text="a private letter").message_id
    drain(raise_errors=False)

    page = osmod("jobs", "show", job_id)
    assert "cannot read '•••'" in page
    assert "private" not in page


def test_watch_jobs(broker: JobBroker) -> None:
    """What happens is told to whoever watches, while it happens. `osmod jobs watch` prints it."""
    work = dramatiq.actor(actor_name="work")(lambda: None)
    watching = events(broker, seconds=60)

    work.send()
    drain()

    assert [next(watching).kind.value for _ in range(3)] == ["enqueued", "started", "completed"]


def test_know_who_did_it(broker: JobBroker) -> None:
    """Every act on jobs is written down: who, when, what, how many."""
    work = dramatiq.actor(actor_name="work")(lambda: None)
    for _ in range(5):
        work.send()

    steering.delete(broker, JobFilter(actor="work"), by="ann@desk")

    logged = audit_log(broker)[0]
    assert (logged.who, logged.act, logged.count) == ("ann@desk", "delete", 5)
    assert "ann@desk" in osmod("audit")


def test_send_a_job_by_hand(broker: JobBroker) -> None:
    """`osmod enqueue` checks the arguments first, and prints the job's id."""

    @dramatiq.actor(actor_name="sayHello")
    def say_hello(name: str, times: int = 1) -> None:
        """Greet."""

    job_id = osmod("enqueue", "sayHello", "name=Ann", "times=3").strip()

    assert see(broker, job_id).arguments == {"name": "Ann", "times": 3}
    assert "it takes name, times" in osmod("enqueue", "sayHello", "nam=Ann")


def test_test_code_that_sends_jobs(broker: JobBroker) -> None:
    """`osmod.jobs.testing` has what tests of your code need; it works on a stub broker, too."""
    told: list[int] = []
    tell_publisher = dramatiq.actor(actor_name="tellPublisher")(told.append)

    def accept(comment_id: int) -> None:
        """Stands for your code."""
        tell_publisher.send(comment_id)

    accept(12)

    assert_enqueued(tell_publisher)
    assert_not_enqueued("rejectComments")
    assert drain() == 1
    assert told == [12]
