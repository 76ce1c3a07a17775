"""Jobs of one actor that wait together run in one call; each ends as its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dramatiq
import pytest
from dramatiq import Worker

from osmod.jobs import JobActor, current_jobs, steering, together
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption
from osmod.jobs.inline import InlineBroker
from osmod.jobs.records import JobFilter, get_job
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.jobs.one_server import server as server
from tests.waiting import until


@dataclass(frozen=True)
class Page:
    """What the jobs are about."""

    number: int


class Library:
    """An actor that takes pages together, and a gate before it, so that jobs wait together."""

    def __init__(self, broker: JobBroker, **options: Any) -> None:
        self.broker = broker
        self.calls: list[list[int]] = []
        self.jobs: list[list[str]] = []
        self.bad: set[int] = set()
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.gate = threading.Event()

        @dramatiq.actor(actor_class=JobActor, batch=10, max_retries=0, **options)
        @together(Page)
        def index(pages: Sequence[Page]) -> None:
            numbers = [page.number for page in pages]
            self.calls.append(numbers)
            self.jobs.append([job.id for job in current_jobs()])
            self.reached.set()
            while not self.go_on.wait(0.01):
                pass  # where it can be interrupted
            if self.bad & set(numbers):
                raise ValueError(f"a bad page among {len(numbers)}")

        @dramatiq.actor(actor_name="gate", priority=-10)
        def keep_waiting() -> None:
            self.gate.wait(120)

        self.index = index
        self.keep_waiting = keep_waiting

    def send(self, *numbers: int, **options: Any) -> list[str]:
        """Queue a job a page. Returns their ids."""
        messages = [self.index.message_with_options(kwargs={"number": n}, **options) for n in numbers]
        return [message.message_id for message in self.broker.send_many(messages)]

    def open_once_all_wait(self, number: int) -> None:
        """Let jobs begin once so many are with the worker."""
        work_queue = self.broker.lifecycle.work_queue
        assert work_queue is not None
        until(lambda: work_queue.qsize() == number)
        self.gate.set()

    def states(self, ids: Sequence[str]) -> list[JobState]:
        """Where jobs are."""
        return [job.state for job in (get_job(self.broker, one) for one in ids) if job is not None]

    def run(self, ids: Sequence[str]) -> None:
        """Have a worker of one thread run the jobs that wait."""
        with self.worker(len(ids)):
            self.broker.join("default")

    def worker(self, waiting: int) -> Any:
        """A worker of one thread that begins once so many jobs wait in it."""
        library = self

        class Opened:
            def __enter__(self) -> Worker:
                library.keep_waiting.send()
                self._working = working(library.broker, threads=1)
                worker = self._working.__enter__()
                library.open_once_all_wait(waiting)
                return worker

            def __exit__(self, *error: Any) -> None:
                self._working.__exit__(*error)

        return Opened()


def test_jobs_that_wait_together_run_in_one_call(broker: JobBroker) -> None:
    """In their order, ten at most as the option says, each with its own record."""
    library = Library(broker)
    ids = library.send(*range(12))

    with library.worker(12):
        broker.join("default")

    assert [number for call in library.calls for number in call] == list(range(12))
    assert library.calls[0] == list(range(10))
    assert library.jobs[0] == ids[:10]
    assert set(library.states(ids)) == {JobState.DONE}


def test_a_worker_holds_the_jobs_of_two_calls(broker: JobBroker) -> None:
    """One runs and the next waits, both whole: with more in stock, idle threads would begin calls with the rest."""
    library = Library(broker)
    library.go_on.clear()
    ids = library.send(*range(40))

    with working(broker, threads=4):
        until(lambda: len(_held(broker)) >= 20)
        assert len(_held(broker)) == 20
        library.go_on.set()
        broker.join("default")

    assert set(library.states(ids)) == {JobState.DONE}


def _held(broker: JobBroker) -> list[bytes]:
    held: Any = broker.client.zrange(broker.key_base("default") + b"active", 0, -1)
    return list(held)


def test_one_failure_is_nobody_elses(broker: JobBroker) -> None:
    """The call with all is undone by raising; then each runs by itself, and fails for its own reason."""
    library = Library(broker)
    library.bad = {2}
    ids = library.send(1, 2, 3)

    library.run(ids)

    assert library.calls == [[1, 2, 3], [1], [2], [3]]
    assert library.states(ids) == [JobState.DONE, JobState.FAILED, JobState.DONE]
    failed = get_job(broker, ids[1])
    assert failed is not None
    assert failed.error is not None
    assert failed.error.message == "a bad page among 1"


def test_what_failed_before_runs_alone(broker: JobBroker) -> None:
    """A job on its second try does not spoil the calls of others, nor does one with a time limit of its own."""
    library = Library(broker)
    tried, limited = library.send(1, retries=1), library.send(2, time_limit=5_000)
    ids = [*tried, *limited, *library.send(3, 4)]

    library.run(ids)

    assert library.calls == [[1], [2], [3, 4]]
    assert set(library.states(ids)) == {JobState.DONE}


def test_jobs_of_other_actors_stay_where_they_are(broker: JobBroker) -> None:
    """What is taken along is of the same actor."""
    library = Library(broker)
    other = dramatiq.actor(actor_name="other")(lambda: None)
    ids = [*library.send(1), other.send().message_id, *library.send(2)]

    library.run(ids)

    assert library.calls == [[1, 2]]
    assert set(library.states(ids)) == {JobState.DONE}


def test_a_time_limit_is_the_first_jobs_alone(broker: JobBroker) -> None:
    """The others run again by themselves."""
    library = Library(broker, time_limit=1000)
    library.go_on.clear()
    ids = library.send(1, 2, 3)

    with library.worker(3):
        until(lambda: library.states(ids[:1]) == [JobState.FAILED], 10)
        library.go_on.set()
        broker.join("default")

    assert library.calls == [[1, 2, 3], [2], [3]]
    assert library.states(ids) == [JobState.FAILED, JobState.DONE, JobState.DONE]


def test_cancelled_while_its_call_runs(broker: JobBroker) -> None:
    """What has taken effect is done, whatever was asked meanwhile."""
    library = Library(broker)
    library.go_on.clear()
    ids = library.send(1, 2)

    with library.worker(2):
        library.reached.wait(120)
        steering.cancel(broker, JobFilter(ids=(ids[1],)), by="test")
        until(lambda: ids[1] in broker.custody.unwanted)
        library.go_on.set()
        broker.join("default")

    assert library.calls == [[1, 2]]
    assert library.states(ids) == [JobState.DONE, JobState.DONE]


def test_a_stopping_worker_ends_what_it_took_along(broker: JobBroker) -> None:
    """Jobs that have taken effect are settled before the worker is gone; none is handed back meanwhile."""
    library = Library(broker)
    library.go_on.clear()
    ids = library.send(1, 2, 3)

    with library.worker(3) as worker:
        library.reached.wait(120)
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        until(lambda: broker.lifecycle.stopping)
        assert set(library.states(ids)) == {JobState.ACTIVE}
        library.go_on.set()
        stopping.join()

    assert library.calls == [[1, 2, 3]]
    assert set(library.states(ids)) == {JobState.DONE}


def test_a_stopping_worker_hands_back_what_has_to_run_again(broker: JobBroker) -> None:
    """A call that fails while the worker stops leaves its other jobs to the next worker."""
    library = Library(broker)
    library.go_on.clear()
    library.bad = {2}
    ids = library.send(1, 2, 3)

    with library.worker(3) as worker:
        library.reached.wait(120)
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        until(lambda: broker.lifecycle.stopping)
        library.go_on.set()
        stopping.join()
    assert library.states(ids) == [JobState.DONE, JobState.WAITING, JobState.WAITING]

    with working(broker, threads=1):
        broker.join("default")
    assert library.states(ids) == [JobState.DONE, JobState.FAILED, JobState.DONE]


def test_where_there_is_no_queue_each_runs_by_itself() -> None:
    """In inline mode, and called as a function."""
    calls: list[Sequence[Page]] = []

    @dramatiq.actor(actor_class=JobActor, broker=InlineBroker(), batch=10)
    @together(Page)
    def index(pages: Sequence[Page]) -> None:
        calls.append(pages)

    index.send(number=1)
    index(2)

    assert calls == [[Page(1)], [Page(2)]]


@pytest.mark.parametrize(
    ("batch", "options", "says"),
    [
        (0, {}, "batch=0: expected a whole number from 1 to 1000"),
        (True, {}, "batch=True: expected"),
        (10, {"keep_result": True}, "batch=10: does not go with keep_result"),
        (10, {"rate_limit": "1/second"}, "batch=10: does not go with rate_limit"),
    ],
)
def test_options_that_make_no_sense(
    broker: JobBroker, batch: int, options: dict[str, Any], says: str
) -> None:
    """They are refused as the actor is declared."""
    function = together(Page)(lambda pages: None)
    with pytest.raises(InvalidOption, match=says):
        dramatiq.actor(actor_name="index", actor_class=JobActor, batch=batch, **options)(function)


def test_a_function_of_one_job(broker: JobBroker) -> None:
    """It is said how it becomes one of several."""
    with pytest.raises(InvalidOption, match=r"with @together\(Item\) below @dramatiq\.actor"):
        dramatiq.actor(actor_name="one", actor_class=JobActor, batch=10)(lambda number: None)
