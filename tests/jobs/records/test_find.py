"""Which jobs are found, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.records import planning
from osmod.jobs.records.cursors import BadCursor
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import Page, count, find
from osmod.jobs.records.reading import get_job
from osmod.jobs.states import JobState
from osmod.task.payload import checked
from tests.jobs.records.conftest import Run
from tests.jobs.records.said import read
from tests.jobs.records.taking import end, taken
from tests.waiting import until


@pytest.fixture
def accept(broker: JobBroker) -> Actor[..., None]:
    """An actor whose jobs are indexed by the comment."""

    @dramatiq.actor(actor_name="acceptComments", index=("comment_id",), max_retries=0)
    @checked("acceptComments")
    def accept(comment_id: int, user_id: int | None = None) -> None:
        """Nothing runs here."""

    return accept


@pytest.fixture
def tag(broker: JobBroker) -> Actor[..., None]:
    """An actor in another queue whose jobs are not indexed."""

    @dramatiq.actor(actor_name="addTag", queue_name="tags")
    def tag(name: str, user_id: int | None = None) -> None:
        """Nothing runs here."""

    return tag


def ids(page: Page) -> list[str]:
    return [job.id for job in page.jobs]


def later_than(broker: JobBroker, ended: str) -> None:
    """Wait for the millisecond after a job's end to begin."""
    job = get_job(broker, ended)
    assert job is not None
    assert job.finished is not None
    last = round(job.finished.timestamp() * 1000)

    def now() -> int:
        seconds, micros = broker.client.time()
        return int(seconds) * 1000 + int(micros) // 1000

    until(lambda: now() > last)


def test_newest_first_over_queues_priorities_and_states(
    broker: JobBroker, accept: Actor[..., None], tag: Actor[..., None]
) -> None:
    """What happened last comes first, wherever it is."""
    accept.send(1)
    ended = end(broker, 1)[0]
    later_than(broker, ended)
    sent = [
        accept.send_with_options(args=(2,), priority="low").message_id,
        tag.send("spam").message_id,
        accept.send_with_options(args=(3,), priority="critical").message_id,
    ]
    later = accept.send_with_options(args=(4,), delay=60_000).message_id

    found = ids(find(broker))

    # Jobs sent within one millisecond may stand either way.
    assert [later, ended] == [found[0], found[-1]]
    assert set(sent) == set(found[1:-1])


@pytest.mark.parametrize("state", list(JobState)[:6])
def test_by_state(broker: JobBroker, accept: Actor[..., None], state: JobState) -> None:
    """Each job is found in its state, and in no other."""
    failed = accept.send(1).message_id
    end(broker, 1, ValueError("no"))
    done = accept.send(2).message_id
    end(broker, 1)
    cancelled = accept.send(3).message_id
    steering.cancel(broker, JobFilter(ids=(cancelled,)))
    active = accept.send(4).message_id
    with taken(broker, 1):
        waiting = accept.send(5).message_id
        delayed = accept.send_with_options(args=(6,), delay=60_000).message_id
        expected = {
            JobState.WAITING: waiting,
            JobState.DELAYED: delayed,
            JobState.ACTIVE: active,
            JobState.DONE: done,
            JobState.FAILED: failed,
            JobState.CANCELLED: cancelled,
        }[state]

        assert [expected] == ids(find(broker, JobFilter(states=(state,))))
        assert 1 == count(broker, JobFilter(states=(state,)))
        assert [expected] == ids(find(broker, JobFilter(states=(state,), actor="acceptComments")))


def test_by_queue_and_by_actor(broker: JobBroker, accept: Actor[..., None], tag: Actor[..., None]) -> None:
    """Few among many, and many among few."""
    accepted = {accept.send(number).message_id for number in range(30)}
    tagged = tag.send("spam").message_id

    assert [tagged] == ids(find(broker, JobFilter(queue="tags")))
    assert [tagged] == ids(find(broker, JobFilter(actor="addTag")))
    assert accepted == set(ids(find(broker, JobFilter(actor="acceptComments"))))
    assert [] == ids(find(broker, JobFilter(actor="addTag", queue="default")))
    assert 30 == count(broker, JobFilter(actor="acceptComments"))
    assert 31 == count(broker)


@pytest.mark.parametrize("asked", [12, "12"])
def test_by_argument(
    broker: JobBroker, accept: Actor[..., None], tag: Actor[..., None], asked: int | str
) -> None:
    """Indexed or not, by position or by name, in either spelling; what an operator types is understood."""
    by_position = accept.send(12).message_id
    by_name = accept.send_with_options(kwargs={"commentId": 12, "user_id": 12}).message_id
    accept.send(120, user_id=1)
    tagged = tag.send("12", user_id=12).message_id
    tag.send("x", user_id=112)

    assert {by_position, by_name} == set(ids(find(broker, JobFilter(arguments={"comment_id": asked}))))
    assert {by_position, by_name} == set(ids(find(broker, JobFilter(arguments={"commentId": asked}))))
    assert {by_name, tagged} == set(ids(find(broker, JobFilter(arguments={"user_id": asked}))))
    assert [by_name] == ids(find(broker, JobFilter(arguments={"user_id": asked, "comment_id": asked})))
    assert 2 == count(broker, JobFilter(arguments={"user_id": asked}))


def test_a_text_is_not_a_number_when_asked_for_as_a_number(broker: JobBroker, tag: Actor[..., None]) -> None:
    """12 does not find "12"; "12" does find it."""
    tagged = tag.send("12").message_id

    assert [] == ids(find(broker, JobFilter(arguments={"name": 12})))
    assert [tagged] == ids(find(broker, JobFilter(arguments={"name": "12"})))


def test_by_error_class(broker: JobBroker, accept: Actor[..., None]) -> None:
    """The class's name, wherever the class lives."""
    accept.send(1)
    timed_out = end(broker, 1, TimeoutError("no answer"))[0]
    accept.send(2)
    end(broker, 1, ValueError("TimeoutError: not really"))

    assert [timed_out] == ids(find(broker, JobFilter(error="TimeoutError")))
    assert [] == ids(find(broker, JobFilter(error="TimeoutError", states=(JobState.DONE,))))
    assert 1 == count(broker, JobFilter(error="TimeoutError", actor="acceptComments"))


def test_by_time(broker: JobBroker, accept: Actor[..., None]) -> None:
    """Moments with a time zone; what lies outside is left out, in every state."""
    accept.send(1)
    end(broker, 1)
    accept.send(2)
    delayed = accept.send_with_options(args=(3,), delay=3_600_000).message_id
    now = datetime.now(UTC)
    hour = timedelta(minutes=30)

    assert [delayed] == ids(find(broker, JobFilter(since=now + hour)))
    assert 2 == count(broker, JobFilter(since=now - hour, until=now + hour))
    assert [] == ids(find(broker, JobFilter(until=now - hour)))
    assert [delayed] == ids(find(broker, JobFilter(since=now + hour, actor="acceptComments")))
    assert 1 == count(broker, JobFilter(until=now + hour, states=(JobState.WAITING,)))


def test_a_moment_needs_a_time_zone() -> None:
    """A naive one is refused, saying which."""
    with pytest.raises(ValueError, match="since=2026-01-02T00:00:00: expected a moment with a time zone"):
        JobFilter(since=datetime(2026, 1, 2))  # noqa: DTZ001


def test_pages_hold_every_job_once(
    broker: JobBroker, accept: Actor[..., None], tag: Actor[..., None]
) -> None:
    """The cursor goes on where the page ended, though jobs were sent in the same millisecond."""
    messages = [accept.message(number) for number in range(130)] + [tag.message("x") for _ in range(20)]
    sent = {message.message_id for message in broker.send_many(messages)}
    end(broker, 40)
    seen: list[str] = []
    cursor = None
    while True:
        page = find(broker, limit=17, cursor=cursor)
        seen += ids(page)
        cursor = page.cursor
        if cursor is None:
            break
        # New jobs do not shift the pages after the first.
        accept.send(1000)

    assert sorted(seen) == sorted(set(seen))
    assert sent == set(seen) & sent
    assert not page.cut


def test_a_cursor_from_elsewhere_is_refused(broker: JobBroker) -> None:
    """The error names it."""
    with pytest.raises(BadCursor) as raised:
        find(broker, cursor="page2")

    assert "cursor 'page2' is none that a page of jobs came with" == str(raised.value)


def test_a_search_that_was_cut_says_so_and_can_go_on(broker: JobBroker, tag: Actor[..., None]) -> None:
    """Without an index no more jobs are looked at than allowed."""
    oldest = tag.send("x", user_id=7).message_id
    broker.send_many([tag.message("x", user_id=1) for _ in range(50)])
    wanted = JobFilter(arguments={"user_id": 7})

    page = find(broker, wanted, scan=20)

    assert ([], True) == (page.jobs, page.cut)
    assert 20 == page.looked_at
    while page.cursor:
        assert page.cut
        page = find(broker, wanted, scan=20, cursor=page.cursor)
    assert [oldest] == ids(page)
    assert [oldest] == ids(find(broker, wanted, scan=None))


def test_an_index_forgets_jobs_that_are_gone(broker: JobBroker) -> None:
    """However many jobs come and go, no more than about as many entries as live ones stay behind."""

    @dramatiq.actor(actor_name="quick", index=("number",), remove_on_complete=True)
    def quick(number: int) -> None:
        """Nothing runs here."""

    for _ in range(40):
        broker.send_many([quick.message(number) for number in range(50)])
        # As if their time were over.
        broker.client.delete(*broker.client.keys("dramatiq:{default}:job:*"), "dramatiq:{default}:ready")

    for index in ("actor:quick", "argument:number"):
        key = f"dramatiq:{{default}}:index:{index}"
        assert broker.client.zcard(key) < 500
        assert broker.client.pttl(key) > 0


def test_a_page_says_what_it_did_not_read(
    broker: JobBroker, accept: Actor[..., None], monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """Of the jobs of one comment, and of running ones, so many are read at once; all of them if that is asked for."""
    monkeypatch.setattr(planning, "MOST_AT_ONCE", 20)
    broker.send_many(accept.message(comment_id=7) for _ in range(50))
    by_comment = JobFilter(arguments={"comment_id": 7})
    assert (20, 30) == (len(find(broker, by_comment).jobs), find(broker, by_comment).unread)
    assert (50, 0) == (
        len(find(broker, by_comment, scan=None).jobs),
        find(broker, by_comment, scan=None).unread,
    )
    with taken(broker, 50):
        found = run("jobs", "list", "--state", "active")
        assert "30 more jobs that may fit were not looked at; look at all with --scan 0.\n" in found.output
        assert 30 == read(run("jobs", "list", "--state", "active", "--json"))["unread"]
        assert 0 == read(run("jobs", "list", "--state", "active", "--scan", "0", "--json"))["unread"]


def test_an_act_reaches_more_than_a_page_reads(
    broker: JobBroker, accept: Actor[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page reads so many of the jobs of one comment, or of the running ones; an act and its count reach them all."""
    monkeypatch.setattr(planning, "MOST_AT_ONCE", 20)
    broker.send_many(accept.message(comment_id=7) for _ in range(50))
    assert 50 == count(broker, JobFilter(arguments={"comment_id": 7}))
    assert 50 == steering.prioritise(broker, JobFilter(arguments={"comment_id": 7}), "high")
    with taken(broker, 50):
        assert 50 == count(broker, JobFilter(actor="acceptComments", states=(JobState.ACTIVE,)))
        assert 50 == steering.cancel(broker, JobFilter(states=(JobState.ACTIVE,))).interrupting


@pytest.mark.parametrize("name", ["actor", "queue", "error"])
def test_an_empty_name_is_refused(name: str) -> None:
    """It would mean every job wherever nobody looks for it."""
    made: Callable[..., JobFilter] = JobFilter
    with pytest.raises(ValueError, match=f"^{name} is empty: name one, or leave it out$"):
        made(**{name: ""})
