"""The whole of it, up: what operators do to it, and what must never come of that.

Comments are accepted, a job each. However often a job is begun, each comment gets one decision.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.containers.conftest import PASSWORD
from tests.containers.docker import DockerError
from tests.containers.stack import Stack
from tests.waiting import until

JOBS = 500
LOCK = "BEGIN; SELECT id FROM comments FOR UPDATE; SELECT SLEEP({seconds}); COMMIT"


@pytest.fixture(scope="module")
def stack(new_stack: Callable[..., Stack]) -> Stack:
    """Everything, up and healthy."""
    stack = new_stack("COMPOSE_PROFILES=mysql,redis", f"DATABASE_PASSWORD='{PASSWORD}'")
    stack.compose("up", "--detach", "--build")
    stack.await_health("healthy", "worker", "scheduler")
    return stack


@pytest.fixture
def jobs(stack: Stack) -> Callable[[], None]:
    """Send jobs; what is called at the end waits until all of them are done, each once."""
    before = stack.inside("state")["comments"]
    stack.inside("send", str(before), str(JOBS))
    return lambda: all_done(stack, before + JOBS)


def all_done(stack: Stack, comments: int, seconds: float = 90) -> None:
    """Wait until every comment is decided, once, and the queue holds nothing."""
    done = {"comments": comments, "decided": comments, "decisions": comments}
    nothing = {"waiting": 0, "delayed": 0, "active": 0, "failed": 0}
    seen: dict[str, int] = {}

    def ended() -> bool:
        try:
            seen.update(stack.inside("state"))
        except DockerError:  # what it asks is away
            return False
        return seen == done | nothing

    until(ended, seconds, lambda: f"all done, each once: {seen}", every=1)


def sql(stack: Stack, statement: str, *how: str) -> str:
    """What the database answers to a statement; with `--detach` it is not waited for."""
    client = 'exec mysql --host=127.0.0.1 --user="$MYSQL_USER" --password="$MYSQL_PASSWORD" "$MYSQL_DATABASE"'
    return stack.compose("exec", "--no-TTY", *how, "mysql", "sh", "-c", f'{client} --execute "{statement}"')


def restarts(stack: Stack, service: str) -> int:
    """How often Docker started a container anew."""
    count: int = stack.container(service)["RestartCount"]
    return count


def test_least_rights(stack: Stack) -> None:
    """Nobody in particular, without capabilities, on a root that cannot be written; the licences are there."""
    found = stack.container("worker")
    assert "10001:10001" == found["Config"]["User"]
    assert found["HostConfig"]["ReadonlyRootfs"]
    assert ["ALL"] == found["HostConfig"]["CapDrop"]
    assert "local" == found["HostConfig"]["LogConfig"]["Type"]
    capabilities = stack.compose("exec", "--no-TTY", "worker", "grep", "CapBnd", "/proc/self/status")
    assert "0000000000000000" == capabilities.split()[1]
    licences = stack.compose("exec", "--no-TTY", "worker", "find", "/venv", "-path", "*osmod_worker*/NOTICE")
    assert licences.strip().endswith("NOTICE")


def test_a_health_check_costs_little(stack: Stack) -> None:
    """It runs every ten seconds: a fraction of a second of one processor, its interpreter's start included."""
    asking = "subprocess.run(['osmod', 'check', '--alive', 'worker'], check=True, stdout=subprocess.DEVNULL)"
    code = f"import os, subprocess; {asking}; print(os.times().children_user + os.times().children_system)"
    seconds = float(stack.compose("exec", "--no-TTY", "worker", "python", "-c", code))
    print(f"{seconds:.2f} s of a processor")
    assert seconds < 1


def test_a_wrong_password(stack: Stack) -> None:
    """`migrate` says so in one line, and ends."""
    with pytest.raises(DockerError, match="exit 1") as caught:
        stack.compose("run", "--rm", "--no-deps", "--env", "DATABASE_PASSWORD=wrong", "migrate")
    assert "refuses the login (Access denied for user" in str(caught.value)


def test_a_process_is_killed(stack: Stack, jobs: Callable[[], None]) -> None:
    """Another takes its place; the container goes on."""
    assert 2 == stack.inside("kill-last", "KILL", "forkserver", service="worker")
    jobs()
    assert 0 == restarts(stack, "worker")
    assert any("ended with code -9; starting another" in line for line in stack.log("worker"))


def test_the_worker_is_killed(stack: Stack, jobs: Callable[[], None]) -> None:
    """Docker starts the container anew, and what its processes held is done once their leases are over."""
    before = restarts(stack, "worker")
    killing = "import psutil; [one.kill() for one in psutil.process_iter() if one.pid > 1]"
    stack.compose("exec", "--detach", "worker", "python", "-c", killing)
    jobs()
    assert before + 1 == restarts(stack, "worker")


def test_all_stand_still(stack: Stack, jobs: Callable[[], None]) -> None:
    """Worker and scheduler are unhealthy while they are stopped, and healthy again when they go on."""
    stack.await_health("healthy", "worker", "scheduler")
    for service in ("worker", "scheduler"):
        assert stack.inside("kill", "STOP", "/venv/bin/", service=service)
    began = time.monotonic()
    stack.await_health("unhealthy", "worker", "scheduler", seconds=75)
    print(f"unhealthy after {time.monotonic() - began:.0f} s")
    for service in ("worker", "scheduler"):
        assert stack.inside("kill", "CONT", "/venv/bin/", service=service)
    stack.await_health("healthy", "worker", "scheduler")
    jobs()


def test_a_stop_during_work(stack: Stack) -> None:
    """Rows are locked for longer than the worker waits: what it began goes back, and nothing stays leased."""
    comments = stack.inside("state")["comments"]
    stack.inside("write", str(comments), "40")
    sql(stack, LOCK.format(seconds=33), "--detach")
    until(lambda: "User sleep" in sql(stack, "SHOW PROCESSLIST"), 20, "rows are locked", every=0.2)
    stack.inside("accept", str(comments))
    until(lambda: stack.inside("state")["active"], 20, "jobs run", every=0.2)
    began = time.monotonic()
    stack.compose("stop", "worker")
    print(f"stopped after {time.monotonic() - began:.1f} s")
    assert time.monotonic() - began < 40
    assert 0 == stack.container("worker")["State"]["ExitCode"]
    assert 0 == stack.inside("state")["active"]
    stack.compose("start", "worker")
    all_done(stack, comments + 40)


def test_redis_is_killed(stack: Stack, jobs: Callable[[], None]) -> None:
    """In the midst of work; what it had acknowledged is on its disk."""
    stack.compose("kill", "redis")
    stack.compose("start", "redis")
    jobs()


def test_the_database_is_away(stack: Stack) -> None:
    """For a minute: jobs wait for it, the worker stays healthy."""
    stack.await_health("healthy", "worker")
    comments = stack.inside("state")["comments"]
    stack.inside("send", str(comments), str(JOBS))
    stack.compose("stop", "mysql")
    over = time.monotonic() + 60
    until(lambda: time.monotonic() > over or stack.health("worker") != "healthy", 70, every=1)
    assert "healthy" == stack.health("worker")
    stack.compose("start", "mysql")
    all_done(stack, comments + JOBS)
    assert "healthy" == stack.health("worker")


def test_down(stack: Stack) -> None:
    """With `-v` nothing is left: no container, no volume, no network."""
    assert stack.left()
    stack.down()
    assert "" == stack.left()
