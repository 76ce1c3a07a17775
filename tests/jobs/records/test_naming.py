"""What was meant by what was typed: either spelling, the beginning of an id, "did you mean"."""

from __future__ import annotations

import pytest
from dramatiq import Actor

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from tests.jobs.records.conftest import Run
from tests.jobs.records.said import read
from tests.jobs.records.taking import end


@pytest.mark.parametrize("spelling", ["acceptComments", "accept_comments"])
def test_an_actor_is_meant_in_either_spelling(
    broker: JobBroker, run: Run, accept: Actor[..., None], spelling: str
) -> None:
    """Where jobs are listed, counted, acted on, gathered and sent."""
    assert 0 == run("enqueue", spelling, "comment_id=1").exit_code
    accept.send(2)
    end(broker, 1, ValueError("no"))

    assert 2 == len(read(run("jobs", "list", "--actor", spelling, "--json"))["jobs"])
    assert "2\n" == run("jobs", "count", "--actor", spelling).stdout
    assert 1 == len(read(run("jobs", "groups", "--actor", spelling, "--json"))["groups"])
    assert "2 jobs deleted\n" == run("jobs", "delete", "--actor", spelling, "--yes").stdout


def test_an_actor_of_another_process_is_meant_so_too(
    broker: JobBroker, run: Run, accept: Actor[..., None]
) -> None:
    """Its name stands in the index."""
    accept.send(1)
    broker.actors.pop("acceptComments")

    assert "1\n" == run("jobs", "count", "--actor", "accept_comments").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--actor", "acceptComment"], "No actor is called 'acceptComment'; did you mean 'acceptComments'?"),
        (["--queue", "defalt"], "No queue is called 'defalt'; did you mean 'default'?"),
        (["--error", "TimeoutEror"], "No error is called 'TimeoutEror'; did you mean 'TimeoutError'?"),
        (["abc"], "'abc' is too short for the beginning of an id: write 6 characters."),
    ],
)
def test_nothing_found_by_an_unknown_name_is_told(
    broker: JobBroker, run: Run, accept: Actor[..., None], words: list[str], said: str
) -> None:
    """With what was meant, by lists, counts and acts; they end as ever."""
    accept.send(1)
    end(broker, 1, TimeoutError("no answer"))

    for command, code in (["list"], 3), (["count"], 0), (["retry", "--yes"], 3):
        result = run("jobs", *command, *words)
        assert said in result.stderr
        assert code == result.exit_code
    assert "did you mean" not in run("jobs", "list", "--error", "TimeoutError", "comment_id=7").stderr


def test_the_beginning_of_an_id_is_enough(broker: JobBroker, run: Run, accept: Actor[..., None]) -> None:
    """Six characters that no other id begins with; more where one does."""
    for job_id in ("abcdef-1", "abcdef-2", "zyxwvu-1"):
        broker.enqueue(accept.message(1).copy(message_id=job_id))

    assert "zyxwvu-1" == read(run("jobs", "show", "zyxwvu", "--json"))["jobs"][0]["id"]
    assert "abcdef-2" == read(run("jobs", "show", "abcdef-2", "--json"))["jobs"][0]["id"]
    assert "1 job cancelled\n" == run("jobs", "cancel", "zyxwvu").stdout
    several = run("jobs", "delete", "abcdef")
    assert 2 == several.exit_code
    assert "several jobs have ids that begin with abcdef: abcdef-1, abcdef-2, …" in several.output
    assert 3 == run("jobs", "show", "zyxwv").exit_code
    assert 3 == run("jobs", "delete", "******").exit_code
    assert 3 == count(broker, JobFilter())


def test_a_whole_id_is_not_looked_for_among_all_keys(
    broker: JobBroker, run: Run, accept: Actor[..., None]
) -> None:
    """Of a whole id there is nothing more to find: no SCAN, however many keys there are."""
    job_id = accept.send(1).message_id
    run("jobs", "delete", job_id)
    broker.client.config_resetstat()
    assert 3 == run("jobs", "show", job_id).exit_code
    assert "cmdstat_scan" not in broker.client.info("commandstats")
