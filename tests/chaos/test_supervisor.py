"""`osmod worker`: a process that dies or grows old is replaced, and nothing else stops."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dramatiq.cli import HANDLED_SIGNALS

from osmod.jobs.broker import JobBroker
from osmod.jobs.queue import presence
from osmod.jobs.worker.process import Process
from osmod.jobs.worker.supervised import due_reason
from osmod.jobs.worker.supervisor import Supervisor, main, parse
from tests.chaos import app
from tests.chaos.pools import Pool, SupervisedPool, url_of
from tests.queue_counts import queue_counts
from tests.waiting import until


@pytest.mark.timed
def test_a_dead_process_is_replaced_and_the_other_goes_on(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """After SIGKILL of one process the other's job ends, and there are two again; SIGTERM ends all."""
    pool = pools(url_of(sender), log, "-t", "1", kind=SupervisedPool, processes=2, lease=1500)
    until(lambda: len(presence.workers(sender)) == 2, 20)
    for number in range(4):
        sender.enqueue(app.work.message(f"job-{number}", 1000))
    until(lambda: len({process for _, process, _ in app.events(log, "start")}) == 2, 20)
    dead = pool.signal_worker(signal.SIGKILL).pid
    until(lambda: queue_counts(sender, "default").done == 4, 20)
    until(lambda: len(pool.workers) == 2, 20)

    assert dead not in [worker.pid for worker in pool.workers]
    pool.terminate()
    assert pool.wait(120) == 0


@pytest.mark.timed
def test_a_process_is_recycled_after_so_many_jobs(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """The successor takes over and every job runs once."""
    pool = pools(url_of(sender), log, "-t", "1", "--recycle-jobs", "5", kind=SupervisedPool)
    for number in range(10):
        sender.enqueue(app.work.message(f"job-{number}", 300))
    until(lambda: queue_counts(sender, "default").done == 10, 30)

    assert sorted(name for name, *_ in app.events(log)) == sorted(f"job-{number}" for number in range(10))
    assert len({process for _, process, _ in app.events(log)}) >= 2
    assert "Recycling this process: it ran" in pool.said()
    pool.terminate()
    pool.wait(120)


def test_when_a_process_is_due() -> None:
    """Jobs and memory each have their limit; without one there is none."""
    options = parse(["worker", "--recycle-jobs", "100", "--recycle-memory", "200"])
    assert due_reason(options, 99, 1_048_576 * 199) is None
    assert due_reason(options, 100, 0) == "it ran 100 jobs (limit 100)"
    assert due_reason(options, 0, 1_048_576 * 200) == "it holds 200 MB (limit 200)"
    assert due_reason(parse(["worker"]), 10**9, 10**12) is None


@pytest.fixture
def signals_kept() -> Iterator[None]:
    """The command leaves signals ignored."""
    before = {number: signal.getsignal(number) for number in HANDLED_SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals_kept")
def test_modules_that_cannot_be_imported_end_the_command() -> None:
    """A typing mistake is not retried for ever."""
    assert main(["no.such.module", "-p", "1"]) == 2


def test_a_signal_while_it_ends_does_not_hide_the_exit_code(
    sender: JobBroker, pools: Callable[..., Pool], log: Path, tmp_path: Path
) -> None:
    """It ends as documented, and not by that signal; the file with its process id is gone."""
    number = tmp_path / "pid"
    pool = pools(url_of(sender), log, "-t", "1", "--pid-file", str(number), kind=SupervisedPool)
    until(lambda: pool.workers, 20)

    def told_again() -> bool:
        pool.terminate()
        return pool.poll() is not None

    until(told_again, 20, every=0.002)

    assert pool.wait() in (0, 1)  # 1 if it took longer than a second
    assert not number.exists()


@pytest.mark.usefixtures("signals_kept")
def test_the_exit_code_tells_of_processes_that_did_not_end_in_time() -> None:
    """They end themselves then, with exit code 1; the command's is the same."""
    supervisor = Supervisor(parse(["worker", "-p", "1"]))
    process = supervisor._slots[0].process = Process(sys.exit, 1)
    until(lambda: not process.is_alive())
    supervisor._asked = time.monotonic()

    assert supervisor.run() == 1


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["-p", "0"], "-p 0 would run no job: at least one worker process is needed."),
        (["-t", "0"], "-t 0 would run no job: at least one thread in each process is needed."),
    ],
    ids=["no process", "no thread"],
)
def test_a_worker_that_would_run_nothing_is_refused(
    capsys: pytest.CaptureFixture[str], option: list[str], said: str
) -> None:
    """Exit code 2 and one line, before anything is started."""
    with pytest.raises(SystemExit) as ended:
        parse(option)
    assert 2 == ended.value.code
    assert f"osmod worker: error: {said}\n" == capsys.readouterr().err.splitlines(keepends=True)[-1]


def test_a_queue_that_no_actor_is_in_is_refused(
    sender: JobBroker, pools: Callable[..., Pool], log: Path
) -> None:
    """Exit code 2 and one line that names what there is, however many processes meet it; nothing starts anew."""
    pool = pools(url_of(sender), log, "-Q", "nosuch", kind=SupervisedPool, processes=2)
    assert 2 == pool.wait(120)
    lines = [line for line in pool.said().splitlines() if "nosuch" in line]
    assert 1 == len(lines)
    assert "-Q 'nosuch': no actor is in such a queue; there are default." in lines[0]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("-Q", "default", "defalt"), "-Q 'defalt': no actor is in such a queue; did you mean 'default'?"),
        (("-t", "0"), "-t 0 would run no job: at least one thread in each process is needed."),
    ],
    ids=["a queue", "no thread"],
)
def test_dramatiqs_command_is_refused_the_same(
    sender: JobBroker, pools: Callable[..., Pool], log: Path, option: tuple[str, ...], said: str
) -> None:
    """Its process says so in a plain line, and the command ends with exit code 2 instead of idling."""
    pool = pools(url_of(sender), log, *option)
    assert 2 == pool.wait(120)
    assert [f"Error: {said}"] == [line for line in pool.said().splitlines() if line.startswith("Error")]
    assert "Traceback" not in pool.said()


def test_the_help_says_how_long_a_stop_takes(capsys: pytest.CaptureFixture[str]) -> None:
    """As the README and docs/signals.md say it."""
    with pytest.raises(SystemExit):
        parse(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "never more than the broker's drain (default: 25 seconds)" in said
    assert "10 minutes" not in said
