"""The options of a job, on actors, on messages and through `enqueue`."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dramatiq
import pytest

from osmod.jobs import enqueue, steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption, UnknownOption
from osmod.jobs.messages.options import parse_backoff, parse_priority
from osmod.jobs.records.filters import JobFilter
from tests.jobs.conftest import working
from tests.queue_counts import QueueCounts, queue_counts
from tests.waiting import until


def _field(broker: JobBroker, message_id: str, field: str) -> bytes | None:
    value: bytes | None = broker.client.hget(f"dramatiq:{{default}}:job:{message_id}", field)
    return value


@pytest.fixture
def noop(broker: JobBroker) -> dramatiq.Actor[..., None]:
    """An actor with one argument."""

    @dramatiq.actor
    def noop(comment_id: int = 0) -> None:
        pass

    return noop


@pytest.mark.parametrize(
    ("number", "value"),
    [(10, "low"), (0, "normal"), (-5, "medium"), (-10, "high"), (-15, "critical"), (3, 3), (-7, -7.0)],
)
def test_priorities_are_kues(number: int, value: object) -> None:
    """Kue's names have Kue's numbers; a number is itself."""
    assert number == parse_priority(value)


@pytest.mark.parametrize("value", ["urgent", 2001, 1.5, None, True, "High"])
def test_other_priorities_are_refused(value: object) -> None:
    """The error names the value and what would do."""
    with pytest.raises(InvalidOption, match="low, normal, medium, high, critical, or a whole number"):
        parse_priority(value)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (("fixed", 700), 700),
        (("fixed", 100), "fixed"),
        (("exponential", 100), "exponential"),
        (("exponential", 500), {"type": "exponential", "delay": 500}),
        (("fixed", 5), {"delay": 5}),
    ],
)
def test_backoffs(expected: tuple[str, int], value: object) -> None:
    """All forms of `backoff`, with 100 ms as the first wait."""
    assert expected == parse_backoff(value, 100)


@pytest.mark.parametrize("value", ["linear", -1, True, {"type": "exponential", "delay": "5"}])
def test_other_backoffs_are_refused(value: object) -> None:
    """The error names the value."""
    with pytest.raises(InvalidOption, match="backoff="):
        parse_backoff(value, 100)


def test_a_misspelt_option_is_refused_with_a_suggestion(noop: dramatiq.Actor[..., None]) -> None:
    """Neither `enqueue` nor `send_with_options` swallows what it does not know."""
    with pytest.raises(UnknownOption, match=r"unknown option 'prioritiy' .*: did you mean 'priority'\?"):
        enqueue(noop, comment_id=1, prioritiy="high")
    with pytest.raises(UnknownOption, match=r"unknown option 'max_retrys' .*: did you mean 'max_retries'\?"):
        noop.send_with_options(max_retrys=3)
    with pytest.raises(UnknownOption, match=r"'prio' .*: did you mean 'priority'\?"):
        noop.send_with_options(prio=3)


def test_options_of_ones_own_middleware_can_be_made_known(
    broker: JobBroker, noop: dramatiq.Actor[..., None]
) -> None:
    """The error says how; `enqueue` then takes them, too."""
    for send in (noop.send_with_options, lambda **options: enqueue(noop, **options)):
        with pytest.raises(UnknownOption, match=r"'trace_id' .* broker\.message_options\.add\('trace_id'\)"):
            send(trace_id="t")
    broker.message_options.add("trace_id")

    assert noop.send_with_options(trace_id="t").options["trace_id"] == "t"
    assert enqueue(noop, trace_id="t").message.options["trace_id"] == "t"


def test_a_missing_argument_is_an_error(broker: JobBroker) -> None:
    """`enqueue` finds out before a worker does."""

    @dramatiq.actor
    def needs(comment_id: int) -> None:
        pass

    with pytest.raises(TypeError, match="comment_id"):
        enqueue(needs, priority="high")


def test_enqueue_passes_arguments_and_options(broker: JobBroker) -> None:
    """What the function takes is an argument; what it does not is an option."""
    got: list[tuple[int, str]] = []

    @dramatiq.actor
    def takes(comment_id: int, priority: str = "") -> None:
        got.append((comment_id, priority))

    sent = enqueue(takes, comment_id=3, priority="mine", attempts=2)
    assert sent.created
    assert sent.message.options["max_retries"] == 1
    with working(broker):
        broker.join("default", timeout=120_000)

    assert got == [(3, "mine")]


def test_due_and_delay_say_when(broker: JobBroker, noop: dramatiq.Actor[..., None]) -> None:
    """A moment or a wait, of any length; a naive moment is refused."""
    moment = datetime.now(UTC) + timedelta(days=400)
    far = enqueue(noop, due=moment)
    near = enqueue(noop, delay=timedelta(minutes=1))

    assert abs(int(_field(broker, far.message_id, "due") or 0) - moment.timestamp() * 1000) < 2
    assert abs(int(_field(broker, near.message_id, "due") or 0) - time.time() * 1000 - 60_000) < 30_000
    with pytest.raises(InvalidOption, match="time zone"):
        enqueue(noop, due=datetime(2030, 1, 1))  # noqa: DTZ001
    with pytest.raises(InvalidOption, match="either delay or due"):
        enqueue(noop, due=moment, delay=1)


def test_attempts_count_all_runs(broker: JobBroker) -> None:
    """Three attempts are three runs; on a message they win over the actor's."""
    runs: list[str] = []

    @dramatiq.actor(attempts=3, backoff=5)
    def fails(name: str) -> None:
        runs.append(name)
        raise RuntimeError("as told")

    enqueue(fails, name="actor's")
    enqueue(fails, name="message's", attempts=1)
    with working(broker):
        until(lambda: queue_counts(broker, "default").failed == 2)

    assert sorted(runs) == ["actor's"] * 3 + ["message's"]


def test_backoff_can_be_a_function_and_has_a_ceiling(broker: JobBroker) -> None:
    """The function gets the attempts made; nothing waits longer than `max_backoff`."""
    asked: list[int] = []

    def backoff(attempts: int) -> int:
        asked.append(attempts)
        return 1_000_000

    @dramatiq.actor(attempts=3, backoff=backoff, max_backoff=10)
    def fails() -> None:
        raise RuntimeError("as told")

    fails.send()
    with working(broker):
        until(lambda: queue_counts(broker, "default").failed == 1)

    assert asked == [1, 2]


def test_time_limits_interrupt(make_broker: Callable[..., JobBroker]) -> None:
    """`time_limit` ends a run that takes longer."""
    broker = make_broker()
    broker.emit_after("process_boot")

    @dramatiq.actor(attempts=1)
    def endless() -> None:
        while True:
            time.sleep(0.01)

    enqueue(endless, time_limit=100)
    with working(broker):
        until(lambda: queue_counts(broker, "default").failed == 1, 10)


def test_unique_gives_the_job_that_is_there(broker: JobBroker, noop: dramatiq.Actor[..., None]) -> None:
    """While a job has the key, another send is that job; once it is done the key is free."""
    first = enqueue(noop, comment_id=1, unique="score-1")
    second = enqueue(noop, comment_id=1, unique="score-1")
    other = enqueue(noop, comment_id=2, unique="score-2", delay=60_000)

    assert (first.created, second.created, other.created) == (True, False, True)
    assert second.message_id == first.message_id
    assert queue_counts(broker, "default").waiting == 1
    with working(broker):
        until(lambda: queue_counts(broker, "default").done == 1)
    assert enqueue(noop, comment_id=1, unique="score-1").created
    assert not enqueue(noop, comment_id=2, unique="score-2").created
    steering.cancel(broker, JobFilter(ids=(other.message_id,)))
    assert enqueue(noop, comment_id=2, unique="score-2").created


def test_unique_works_with_removal_and_failure(broker: JobBroker) -> None:
    """The key is free again after a job that leaves no record, and after one that failed."""

    @dramatiq.actor(attempts=1, remove_on_complete=True)
    def maybe(fails: bool) -> None:
        if fails:
            raise RuntimeError("as told")

    for fails in (False, True):
        enqueue(maybe, fails=fails, unique="key")
        with working(broker):
            broker.join("default", timeout=120_000)
        assert not broker.client.exists("dramatiq:{default}:unique:key")


def test_remove_on_complete_keeps_no_record_but_the_count(broker: JobBroker) -> None:
    """The job's data is gone; that there was one is counted; sending it again stays one job."""
    ran: list[int] = []
    actor = dramatiq.actor(actor_name="note")(ran.append)
    message = actor.send_with_options(args=(1,), remove_on_complete=True)
    with working(broker):
        broker.join("default", timeout=120_000)
        broker.enqueue(actor.message(1).copy(message_id=message.message_id))
        broker.join("default", timeout=120_000)

    record = broker.client.hgetall(f"dramatiq:{{default}}:job:{message.message_id}")
    assert record[b"state"] == b"removed"
    assert b"message" not in record
    assert queue_counts(broker, "default").done == 0
    assert broker.client.hget("dramatiq:{default}:meta", "done") == b"1"
    assert ran == [1]


@pytest.mark.promise("P12", absent="pausing a queue")
def test_pause_starts_nothing_and_resume_goes_on(broker: JobBroker, noop: dramatiq.Actor[..., None]) -> None:
    """P12: jobs are taken in and wait; a purge touches this queue alone."""
    other = dramatiq.actor(actor_name="other", queue_name="other")(lambda: None)
    with working(broker):
        steering.pause(broker, "default")
        noop.send()
        other.send()
        until(lambda: queue_counts(broker, "other").done == 1)
        assert queue_counts(broker, "default").waiting == 1
        assert queue_counts(broker, "default").paused
        steering.resume(broker, "default")
        until(lambda: queue_counts(broker, "default").done == 1, 2)
    assert steering.purge(broker, "default") == 1
    assert (QueueCounts(), QueueCounts(done=1)) == (
        queue_counts(broker, "default"),
        queue_counts(broker, "other"),
    )

    noop.send()
    broker.flush("default")
    assert (QueueCounts(), QueueCounts(done=1)) == (
        queue_counts(broker, "default"),
        queue_counts(broker, "other"),
    )
