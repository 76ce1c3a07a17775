"""`osmod jobs`, `osmod queues`, `osmod enqueue`, `osmod top`, `osmod audit`: what they print and how they end."""

from __future__ import annotations

import json
import threading

import dramatiq
import pytest
from dramatiq import Actor

import actors  # noqa: F401 - declared before any test's broker is set
from osmod.jobs import current_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.records.reading import get_job
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.jobs.records.conftest import Run
from tests.jobs.records.said import read
from tests.jobs.records.taking import end
from tests.waiting import until


def test_enqueue_prints_the_id_of_the_job(broker: JobBroker, run: Run, accept: Actor[..., None]) -> None:
    """Values are JSON, or text; the sender's spelling is understood."""
    result = run("enqueue", "acceptComments", "commentId=12", "note=by hand", "--priority", "high")

    assert 0 == result.exit_code
    job = get_job(broker, result.stdout.strip())
    assert job is not None
    assert job.raw is not None
    assert {"comment_id": 12, "note": "by hand"} == job.raw.kwargs
    assert -10 == job.priority


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["acceptComment"], "there is no actor 'acceptComment'; did you mean 'acceptComments'?"),
        (["acceptComments"], "acceptComments: commentId is missing"),
        (["acceptComments", "comment_id=x"], "comment_id: Input should be a valid integer (it is 'x')"),
        (
            ["acceptComments", "coment_id=1"],
            "acceptComments has no argument 'coment_id'; it takes comment_id, note.",
        ),
        (["acceptComments", "12"], "'12': expected name=value, such as comment_id=12."),
        (
            ["acceptComments", "comment_id=1", "--priority", "urgent"],
            "priority='urgent': expected one of low, ",
        ),
        (["acceptComments", "comment_id=1", "--delay", "soon"], "--delay: "),
    ],
)
def test_enqueue_refuses_what_the_actor_would(
    broker: JobBroker, run: Run, accept: Actor[..., None], words: list[str], said: str
) -> None:
    """Exit code 2, with what is wrong; nothing is queued."""
    result = run("enqueue", *words)

    assert 2 == result.exit_code
    assert said in result.output
    assert 0 == broker.do_qsize("default")


def test_enqueue_says_when_the_job_is_there_already(run: Run, accept: Actor[..., None]) -> None:
    """The id is that of the one there."""
    first = read(run("enqueue", "acceptComments", "comment_id=12", "--unique", "k", "--json"))
    second = read(run("enqueue", "acceptComments", "comment_id=12", "--unique", "k", "--json"))

    assert {"id": first["id"], "created": True} == first
    assert {"id": first["id"], "created": False} == second


def test_list_shows_jobs_as_calls(run: Run, accept: Actor[..., None]) -> None:
    """Newest first, sensitive arguments masked, only what was asked for."""
    shown = accept.send(12, note="a secret").message_id
    other = accept.send(13).message_id

    result = run("jobs", "list", "comment_id=12", "--state", "waiting", "--since", "1 hour")

    assert 0 == result.exit_code
    assert shown in result.stdout
    assert "acceptComments(comment_id=12, note=•••)" in result.stdout
    assert other not in result.stdout
    assert "secret" not in result.stdout
    assert "No job fits." in run("jobs", "list", "comment_id=99").output


def test_list_goes_on_by_cursor_and_says_when_it_stopped(run: Run, accept: Actor[..., None]) -> None:
    """In JSON, too."""
    sent = {accept.send(number, note=str(number % 2)).message_id for number in range(6)}
    first = read(run("jobs", "list", "--limit", "4", "--json"))
    second = read(run("jobs", "list", "--limit", "4", "--json", "--cursor", first["cursor"]))

    assert sent == {job["id"] for job in first["jobs"] + second["jobs"]}
    assert (None, False) == (second["cursor"], second["cut"])
    assert (
        "Looked at 2 jobs and stopped; look at all with --scan 0."
        in run("jobs", "list", "note=7", "--scan", "2").output
    )
    assert 2 == run("jobs", "list", "--cursor", "x").exit_code


def test_show_tells_all_of_a_job(broker: JobBroker, run: Run) -> None:
    """As a page, and as JSON."""

    @dramatiq.actor(max_retries=0)
    def work(comment_id: int) -> None:
        current_job().progress(3, 4, "nearly")
        current_job().log("went well so far")
        raise ValueError("then not")

    job_id = work.send(12).message_id
    with working(broker):
        until(lambda: (job := get_job(broker, job_id)) and job.state is JobState.FAILED)

    page = run("jobs", "show", job_id).stdout
    for part in (
        job_id,
        "failed",
        "comment_id",
        "3 of 4  75%  nearly",
        "went well so far",
        "ValueError: then not",
    ):
        assert part in page
    assert "Traceback" in page
    assert "then not" == read(run("jobs", "show", job_id, "--json"))["jobs"][0]["error"]["message"]


def test_show_of_an_unknown_job_ends_with_3(run: Run, broker: JobBroker) -> None:
    """And says what that may mean."""
    result = run("jobs", "show", "nope")

    assert 3 == result.exit_code
    assert "There is no record of a job nope: it was never sent, or is no longer kept.\n" == result.stderr


def test_an_act_on_many_says_the_true_count_and_needs_a_yes(
    broker: JobBroker, run: Run, accept: Actor[..., None]
) -> None:
    """Where nobody can be asked, `--yes` stands for the answer; without it nothing happens."""
    broker.send_many([accept.message(number) for number in range(1200)])
    end(broker, 1200, TimeoutError("no answer"))

    asked = run("jobs", "retry", "--error", "TimeoutError")
    assert 4 == asked.exit_code
    assert "1,200 jobs would be retried. Add --yes to do it.\n" == asked.stderr
    assert 1200 == count(broker, JobFilter(states=(JobState.FAILED,)))

    assert "1,200 jobs retried\n" == run("jobs", "retry", "--error", "TimeoutError", "--yes").stdout
    assert {"count": 1200} == read(run("jobs", "prioritise", "--to", "low", "--all", "--yes", "--json"))
    assert "1,200 jobs cancelled\n" == run("jobs", "cancel", "--all", "--yes").stdout
    assert "1,200 jobs deleted\n" == run("jobs", "delete", "--actor", "acceptComments", "--yes").stdout
    assert 0 == count(broker)


def test_an_act_on_one_job_does_not_ask(broker: JobBroker, run: Run, accept: Actor[..., None]) -> None:
    """Its id is meaning it."""
    job_id = accept.send_with_options(args=(12,), delay=60_000).message_id

    assert "1 job promoted\n" == run("jobs", "promote", job_id).stdout
    assert {"count": 1, "cancelled": 1, "interrupting": 0} == read(run("jobs", "cancel", job_id, "--json"))
    assert "1 job retried\n" == run("jobs", "retry", job_id).stdout
    assert "1 job deleted\n" == run("jobs", "delete", job_id).stdout


@pytest.mark.parametrize("act", ["retry", "cancel", "promote", "delete"])
def test_an_act_on_nothing_ends_with_3_and_one_on_anything_with_2(
    run: Run, broker: JobBroker, act: str
) -> None:
    """No words are not all jobs."""
    nothing = run("jobs", act, "--actor", "nobody", "--yes")
    assert 3 == nothing.exit_code
    assert f"No job fits that one can {act} (" in nothing.stderr

    anything = run("jobs", act, "--yes")
    assert 2 == anything.exit_code
    assert f"say which jobs to {act}: an id, conditions, or --all." in anything.output


@pytest.mark.timed
def test_watch_prints_events(broker: JobBroker, run: Run, accept: Actor[..., None]) -> None:
    """One a line, for as long as asked."""
    sender = threading.Thread(
        target=lambda: (until(lambda: broker.client.exists("dramatiq:{default}:watched")), accept.send(12))
    )
    sender.start()
    result = run("jobs", "watch", "--seconds", "1", "--json")
    sender.join()

    assert ["enqueued"] == [json.loads(line)["event"] for line in result.stdout.splitlines()]


def test_without_a_queue_the_commands_say_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inline mode has no jobs to show."""
    monkeypatch.setenv("WORKER_RUN_IMMEDIATELY", "true")
    monkeypatch.setattr(dramatiq.broker, "global_broker", None)

    result = run("jobs", "list")

    assert 1 == result.exit_code
    assert "WORKER_RUN_IMMEDIATELY is set: tasks run where they are sent, there is no queue." in result.output
