"""What failed, gathered by actor and error: how much, since when, and where to go on."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta

import dramatiq
import pytest

from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.records import JobFilter, failure_groups, groups
from tests.jobs.records.conftest import Run
from tests.jobs.records.said import read
from tests.jobs.records.taking import end


@pytest.fixture
def failed(broker: JobBroker) -> list[str]:
    """Thirty failures of two actors in two queues, by two classes of error. The ids of the first kind."""
    score = dramatiq.actor(actor_name="score", max_retries=0)(lambda comment_id: None)
    tell = dramatiq.actor(actor_name="tell", queue_name="mail", max_retries=0)(lambda: None)
    for number in range(15):
        score.send(number)
    first = end(broker, 15, TimeoutError("the scorer does not answer"))
    for number in range(10):
        score.send(number)
    end(broker, 10, ValueError("no score: 7"))
    for _ in range(5):
        tell.send()
    end(broker, 5, TimeoutError("no mail"), queue="mail")
    return first


@pytest.mark.parametrize("step", [1, 4, 1000])
def test_largest_first(
    broker: JobBroker, failed: list[str], monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """However few are looked at in one step, each is counted once, with the last one as an example."""
    monkeypatch.setattr(groups, "STEP", step)
    found = failure_groups(broker)
    assert [
        ("default", "score", "TimeoutError", 15),
        ("default", "score", "ValueError", 10),
        ("mail", "tell", "TimeoutError", 5),
    ] == [(one.queue, one.actor, one.error, one.count) for one in found.groups]
    assert (30, False) == (found.looked_at, found.cut)
    example = found.groups[0].example
    assert example is not None
    assert example.error is not None
    assert "the scorer does not answer" == example.error.message
    assert example.id in failed
    assert found.groups[0].oldest <= found.groups[0].newest == example.finished


@pytest.mark.parametrize(("scan", "cut"), [(24, True), (25, False), (26, False)])
def test_as_many_as_may_be_looked_at(broker: JobBroker, failed: list[str], scan: int, cut: bool) -> None:
    """Where that are all there are, nothing was cut."""
    found = failure_groups(broker, JobFilter(queue="default"), scan=scan)
    assert (min(scan, 25), cut) == (found.looked_at, found.cut)


def test_what_is_asked_for(broker: JobBroker, failed: list[str]) -> None:
    """Queue, actor, error and times narrow it; what was retried is gone from it."""
    assert 2 == len(failure_groups(broker, JobFilter(error="TimeoutError")).groups)
    assert 1 == len(failure_groups(broker, JobFilter(actor="tell")).groups)
    assert 1 == len(failure_groups(broker, JobFilter(queue="mail")).groups)
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert [] == failure_groups(broker, JobFilter(since=later)).groups
    assert 3 == len(failure_groups(broker, JobFilter(until=later)).groups)
    steering.retry(broker, JobFilter(error="TimeoutError"))
    assert [10] == [one.count for one in failure_groups(broker).groups]


def test_it_says_when_it_was_cut(broker: JobBroker, failed: list[str]) -> None:
    """Of a million failures the newest are looked at, and the answer says so."""
    found = failure_groups(broker, JobFilter(queue="default"), scan=20)
    assert (True, 20) == (found.cut, found.looked_at)
    assert [("ValueError", 10), ("TimeoutError", 10)] == [(one.error, one.count) for one in found.groups]


def test_the_command_says_what_it_looked_at(broker: JobBroker, failed: list[str], run: Run) -> None:
    """Where it stopped, which jobs those were; what happened last is among them."""
    said = run("jobs", "groups", "--queue", "default", "--scan", "5").output
    assert "5  score × ValueError" in said
    assert "TimeoutError" not in said
    assert (
        "Looked at the newest 5 failed jobs of each queue, 5 in all, and stopped: groups may be larger, and there "
        "may be more of them; look at all with --scan 0.\n"
    ) in said


def test_what_it_prints_can_be_typed(broker: JobBroker, run: Run) -> None:
    """Names that a shell would read as something else are quoted."""
    name = "a$HOME;'b'"
    dramatiq.actor(actor_name=name, max_retries=0)(lambda: None).send()
    end(broker, 1, TimeoutError("no answer"))
    retry = next(line for line in run("jobs", "groups").output.splitlines() if "retry" in line)
    assert ["--queue", "default", "--actor", name, "--error", "TimeoutError"] == shlex.split(retry)[3:]


def test_on_the_command_line(broker: JobBroker, failed: list[str], run: Run) -> None:
    """Each group with its reason, and with commands that do what they say."""
    said = run("jobs", "groups").output
    assert "15  score × TimeoutError" in said
    assert "the scorer does not answer" in said
    retry = next(line.split()[1:] for line in said.splitlines() if "retry" in line and "TimeoutError" in line)
    assert "15 jobs retried" in run(*retry, "--yes").output
    counted = read(run("jobs", "groups", "--json"))
    assert [("ValueError", 10), ("TimeoutError", 5)] == [
        (one["error"], one["count"]) for one in counted["groups"]
    ]
    delete = next(line.split()[1:] for line in said.splitlines() if "delete" in line and "ValueError" in line)
    assert "10 jobs deleted" in run(*delete, "--yes").output


def test_nothing_failed(broker: JobBroker, run: Run) -> None:
    """Said in words."""
    found = run("jobs", "groups")
    assert (0, True) == (found.exit_code, "No job has failed." in found.output)


def test_count(broker: JobBroker, failed: list[str], run: Run) -> None:
    """The number alone, for scripts."""
    assert "25\n" == run("jobs", "count", "--actor", "score").output
    assert {"count": 5} == read(run("jobs", "count", "--queue", "mail", "--json"))


@pytest.mark.only_on("valkey")
def test_two_screens_of_groups_at_most(broker: JobBroker, failed: list[str], run: Run) -> None:
    """Of many groups the largest are shown; how many and how much is left out is said. Programs get all."""
    said = run("jobs", "groups", "--limit", "1")
    assert "15  score × TimeoutError" in said.stdout
    assert 1 == said.stdout.count(" × ")
    assert (
        "2 more groups of 15 jobs not shown: see all with --limit 0, or narrow it by --queue, --actor or --error.\n"
        == said.stderr
    )
    assert 3 == run("jobs", "groups", "--limit", "0").stdout.count(" × ")
    assert 3 == len(read(run("jobs", "groups", "--json"))["groups"])


@pytest.mark.only_on("valkey")
@pytest.mark.parametrize(
    ("sort", "counts"),
    [("largest", [20, 15, 10, 5]), ("oldest", [15, 10, 5, 20]), ("newest", [20, 5, 10, 15])],
)
def test_in_the_order_asked_for(
    broker: JobBroker, failed: list[str], run: Run, sort: str, counts: list[int]
) -> None:
    """The largest, what failed first, or what failed last."""
    tell = broker.get_actor("tell")
    for _ in range(20):
        tell.send()
    end(broker, 20, ValueError("no mail"), queue="mail")
    found = read(run("jobs", "groups", "--sort", sort, "--json"))["groups"]
    assert counts == [one["count"] for one in found]


@pytest.mark.only_on("valkey")
def test_as_many_texts_as_failures(broker: JobBroker, run: Run) -> None:
    """Texts that differ, as by an id in each, are one group: its screen is short."""
    score = dramatiq.actor(actor_name="score", max_retries=0)(lambda comment_id: None)
    for number in range(40):
        score.send(number)
        end(broker, 1, ValueError(f"no score for {number}"))
    said = run("jobs", "groups").stdout
    assert "40  score × ValueError" in said
    assert 5 == len(said.splitlines())
