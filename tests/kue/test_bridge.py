"""The bridge between the real Kue and our queue: what a Node program queues runs here, and it is told so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest

from osmod.jobs import current_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.kue.bridge import Bridge
from osmod.kue.keys import KueQueue
from tests.found import only
from tests.jobs.conftest import working
from tests.kue.node import Node, Running
from tests.waiting import until

#: Each starts Node several times, which takes a second.
pytestmark = pytest.mark.parametrize("shared_server", ["valkey"], indirect=True)

Bridging = Callable[[], Bridge]


@pytest.fixture
def bridging(broker: JobBroker, kue: KueQueue) -> Iterator[Bridging]:
    """Starts bridges between the test's two queues."""
    started: list[Bridge] = []

    def start() -> Bridge:
        started.append(Bridge(broker, kue, look_again=0.5))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        assert one.stop(), "the bridge ends when it is told to"
        one.wait()


@pytest.fixture
def actors(broker: JobBroker) -> list[Any]:
    """What the actors of the types below were called with."""
    calls: list[Any] = []

    @dramatiq.actor(actor_name="greet", keep_result=True)
    def greet(name: str, loud: bool = False) -> Any:
        calls.append(name)
        return {"hello": name} if loud else None

    @dramatiq.actor(actor_name="stumble")
    def stumble(times: int) -> None:
        calls.append("stumble")
        if calls.count("stumble") <= times:
            raise ValueError(f"stumbled {calls.count('stumble')}")

    @dramatiq.actor(actor_name="walk:far")
    def walk(steps: int) -> None:
        for step in range(1, steps + 1):
            current_job().progress(step, steps, f"step {step}")
            current_job().log(f"took step {step}")
        calls.append("walked")

    return calls


def events_of(running: Running, job_id: int) -> list[Any]:
    """What a Node process heard of a job, but for `enqueue`, which its own client publishes late at times."""
    said = [one for one in running.lines if isinstance(one, dict) and one["id"] == job_id]
    return [[one["event"], *one["args"]] for one in said if one["event"] != "enqueue"]


def heard(running: Running, job_id: int, event: str) -> bool:
    """Whether a Node process heard this of a job."""
    return any(one[0] == event for one in events_of(running, job_id))


def test_a_job_that_is_done(node: Node, broker: JobBroker, actors: list[Any], bridging: Bridging) -> None:
    """Its sender hears of start and end, and Kue has state, times, result and duration."""
    bridging()
    with working(broker):
        follower = node.start(
            "follow_jobs.js", json.dumps([{"type": "greet", "data": {"name": "Ada", "loud": True}}])
        )
        job_id = only(follower.ids())
        until(lambda: heard(follower, job_id, "complete"), what="its sender hears that it is complete")
    expected = [["start", "greet", None], ["complete", {"hello": "Ada"}, None]]
    assert expected == events_of(follower, job_id)
    job = only(node.run("get_jobs.js", json.dumps([job_id])))
    assert ["Ada"] == actors
    assert ("complete", {"hello": "Ada"}, 100) == (job["state"], job["result"], int(job["progress"]))
    assert {"made": 1, "remaining": 0, "max": 1} == job["attempts"]
    assert job["workerId"].startswith("osmod:")
    assert int(job["created_at"]) <= int(job["started_at"])
    assert 0 <= int(job["duration"]) < 30_000


def test_remove_on_complete(
    node: Node, broker: JobBroker, kue: KueQueue, actors: list[Any], bridging: Bridging
) -> None:
    """Nothing of it is left in Kue but the counters that Kue leaves, and nothing open of ours."""
    job = {"type": "greet", "data": {"name": "Ada"}, "removeOnComplete": True, "ttl": 300_000}
    bridging()
    with working(broker):
        follower = node.start("follow_jobs.js", json.dumps([job]))
        job_id = only(follower.ids())
        until(lambda: heard(follower, job_id, "complete"), what="its sender hears that it is complete")
    counters = {kue.ids, kue.types, kue.work_time, kue.counts}
    until(lambda: {key.decode() for key in kue.client.scan_iter("q:*")} == counters)


def test_a_job_that_fails(node: Node, broker: JobBroker, actors: list[Any], bridging: Bridging) -> None:
    """Each attempt that failed is told, then that it failed; error and log are there."""
    job = {"type": "stumble", "data": {"times": 9}, "attempts": 3}
    bridging()
    with working(broker):
        follower = node.start("follow_jobs.js", json.dumps([job]))
        job_id = only(follower.ids())
        until(lambda: heard(follower, job_id, "failed"), what="its sender hears that it failed")
    without_starts = [one for one in events_of(follower, job_id) if one[0] != "start"]
    assert [
        ["failed attempt", "stumbled 1", 1],
        ["failed attempt", "stumbled 2", 2],
        ["failed", "stumbled 3", None],
    ] == without_starts
    said = only(node.run("get_jobs.js", json.dumps([job_id])))
    assert ("failed", {"made": 3, "remaining": 0, "max": 3}) == (said["state"], said["attempts"])
    assert said["error"].startswith("ValueError: stumbled 3\nTraceback")
    assert [f"ValueError: stumbled {number}" for number in (1, 2, 3)] == said["log"]


def test_progress(node: Node, broker: JobBroker, actors: list[Any], bridging: Bridging) -> None:
    """Progress is told in percent, with what was said beside it; what was logged is in Kue's log."""
    bridging()
    with working(broker):
        follower = node.start("follow_jobs.js", json.dumps([{"type": "walk:far", "data": {"steps": 4}}]))
        job_id = only(follower.ids())
        until(lambda: heard(follower, job_id, "complete"), what="its sender hears that it is complete")
    said = [one for one in events_of(follower, job_id) if one[0] == "progress"]
    assert said == sorted(said)
    assert all(one[2] == f"step {one[1] // 25}" for one in said)
    job = only(node.run("get_jobs.js", json.dumps([job_id])))
    assert [f"took step {step}" for step in (1, 2, 3, 4)] == job["log"]


def test_types_without_an_actor_are_left(
    node: Node, broker: JobBroker, kue: KueQueue, actors: list[Any], bridging: Bridging
) -> None:
    """They wait for whoever works on them."""
    bridging()
    ids = node.run(
        "queue_jobs.js",
        json.dumps([{"type": "theirs", "data": {}}, {"type": "greet", "data": {"name": "A"}}]),
    )
    with working(broker):
        until(lambda: actors, what="ours has run")
    assert b"inactive" == kue.client.hget(kue.job(ids[0]), "state")
    assert 1 == kue.client.llen(kue.bell("theirs"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (12, "data is a number: expected an object of arguments"),
        ({"nmae": "Ada"}, "greet takes no argument 'nmae': did you mean 'name'?"),
    ],
)
def test_data_that_cannot_be_arguments(
    node: Node, broker: JobBroker, actors: list[Any], bridging: Bridging, data: Any, said: str
) -> None:
    """The job fails on both sides, with the reason, and does not keep others from running."""
    bridging()
    jobs = [{"type": "greet", "data": data}, {"type": "greet", "data": {"name": "Ada"}}]
    with working(broker):
        follower = node.start("follow_jobs.js", json.dumps(jobs))
        wrong, right = follower.ids()
        until(
            lambda: heard(follower, right, "complete") and heard(follower, wrong, "failed"), what="both ended"
        )
    assert ["failed", said, None] == events_of(follower, wrong)[-1]
    failed = only(find(broker, JobFilter(states=("failed",))).jobs)  # type: ignore[arg-type]
    assert failed.error is not None
    assert ("JobRefused", said) == (failed.error.kind, failed.error.message)
    assert ["Ada"] == actors


def test_delayed(node: Node, broker: JobBroker, actors: list[Any], bridging: Bridging) -> None:
    """Kue's delayed jobs become due although no process of Kue's promotes them."""
    bridging()
    with working(broker):
        follower = node.start(
            "follow_jobs.js", json.dumps([{"type": "greet", "data": {"name": "Ada"}, "delay": 700}])
        )
        job_id = only(follower.ids())
        until(lambda: heard(follower, job_id, "complete"), what="its sender hears that it is complete")
    assert ["promotion", "start", "complete"] == [one[0] for one in events_of(follower, job_id)]
    said = only(node.run("get_jobs.js", json.dumps([job_id])))
    assert 700 <= int(said["started_at"]) - int(said["created_at"]) < 60_000


def test_cancelled_here(
    node: Node, broker: JobBroker, kue: KueQueue, actors: list[Any], bridging: Bridging
) -> None:
    """It failed for Kue, by whom."""
    from osmod.jobs.steering import cancel

    bridging()
    follower = node.start("follow_jobs.js", json.dumps([{"type": "greet", "data": {"name": "Ada"}}]))
    job_id = only(follower.ids())
    until(lambda: cancel(broker, JobFilter(), by="Grace").cancelled, what="it is here")
    until(lambda: heard(follower, job_id, "failed"), what="its sender hears that it failed")
    assert ["failed", "Cancelled: by Grace", None] == events_of(follower, job_id)[-1]


def test_removed_there(
    node: Node, broker: JobBroker, kue: KueQueue, actors: list[Any], bridging: Bridging
) -> None:
    """What its sender removes while it waits here does not run."""
    bridging()
    job_id = only(node.run("queue_jobs.js", json.dumps([{"type": "greet", "data": {"name": "Ada"}}])))
    until(lambda: kue.client.zcard(kue.held), what="it is here")
    node.run("remove_job.js", job_id)
    until(lambda: find(broker, JobFilter(states=("cancelled",))).jobs, 20, "it is cancelled here")  # type: ignore[arg-type]
    until(lambda: 0 == kue.client.zcard(kue.held), what="nobody waits for its end")
