"""Jobs from the oldest on: the same as from the newest, the other way round, in pages of any size."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dramatiq
import pytest
from dramatiq import Actor

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.cursors import BadCursor
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.jobs.records.record import JobRecord
from osmod.jobs.states import JobState
from tests.jobs.records.conftest import Run
from tests.jobs.records.said import read
from tests.jobs.records.taking import end, taken

QUESTIONS = {
    "all": JobFilter(),
    "waiting": JobFilter(states=(JobState.WAITING,)),
    "failed": JobFilter(states=(JobState.FAILED,)),
    "delayed": JobFilter(states=(JobState.DELAYED,)),
    "by actor": JobFilter(actor="acceptComments"),
    "by the actor of few": JobFilter(actor="another"),
    "by error": JobFilter(error="ValueError"),
    "by an indexed argument": JobFilter(arguments={"comment_id": 3}),
    "by another argument": JobFilter(arguments={"note": "odd"}),
}


@pytest.fixture
def many(broker: JobBroker, accept: Actor[..., None]) -> None:
    """Jobs in every state, of two actors and several priorities, many of them of one millisecond."""
    other = dramatiq.actor(actor_name="other", queue_name="mail", max_retries=0)(lambda number: None)
    broker.send_many(accept.message(number, note="odd" if number % 2 else "") for number in range(1, 80))
    end(broker, 60, ValueError("no"))
    for priority in ("high", "low", "normal"):
        for number in (3, 4):
            accept.send_with_options(args=(number,), priority=priority)
    for minutes in (3, 1, 2):
        accept.send_with_options(args=(3,), delay=minutes * 60_000)
    broker.send_many(other.message(number) for number in range(5))
    another = dramatiq.actor(actor_name="another")(lambda number: None)
    broker.send_many(another.message(number) for number in range(12))


def pages(broker: JobBroker, wanted: JobFilter, limit: int, *, oldest: bool) -> list[JobRecord]:
    jobs: list[JobRecord] = []
    cursor = None
    while True:
        page = find(broker, wanted, limit=limit, cursor=cursor, oldest=oldest)
        jobs += page.jobs
        cursor = page.cursor
        if cursor is None:
            return jobs


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_the_other_way_round(broker: JobBroker, many: None, limit: int) -> None:
    """Every job once, and none before one that is older."""
    with taken(broker, 2):
        found = {
            question: [pages(broker, wanted, limit, oldest=oldest) for oldest in (False, True)]
            for question, wanted in QUESTIONS.items()
        }

    for question, (newest, oldest) in found.items():
        assert sorted(job.id for job in newest) == sorted(job.id for job in oldest), question
        assert len(newest) == len({job.id for job in oldest}), question
        # The indexes of actors and of arguments know when jobs were sent.
        by_sending = question in ("by actor", "by the actor of few", "by an indexed argument")
        moments = [job.created if by_sending else job.moment for job in oldest]
        in_order = sorted(moments, key=lambda moment: moment or datetime.min.replace(tzinfo=UTC))
        assert moments == in_order, question


def test_times_bound_both_orders(broker: JobBroker, accept: Actor[..., None]) -> None:
    """The oldest since a moment is the first one after it, however many wait."""
    broker.send_many(accept.message(number) for number in range(1, 300))
    for minutes in (10, 0, -10):
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        for wanted in (JobFilter(since=at), JobFilter(until=at)):
            newest = pages(broker, wanted, 100, oldest=False)
            assert {job.id for job in newest} == {job.id for job in pages(broker, wanted, 100, oldest=True)}


def test_a_cursor_goes_on_in_its_own_order(broker: JobBroker, accept: Actor[..., None]) -> None:
    """One of the other order is refused."""
    broker.send_many(accept.message(number) for number in range(1, 4))
    page = find(broker, limit=1, oldest=True)
    with pytest.raises(BadCursor, match="in the other order"):
        find(broker, limit=1, cursor=page.cursor)


def test_the_command_sorts(run: Run, accept: Actor[..., None]) -> None:
    """With `--sort oldest` the job that has waited longest stands first."""
    first = accept.send(1).message_id
    accept.send(2)
    assert first == read(run("jobs", "list", "--sort", "oldest", "--limit", "1", "--json"))["jobs"][0]["id"]
