"""Requests to stop, in a process that does nothing else. What workers do on them: `tests/chaos/test_signals.py`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from osmod.jobs.worker.signals import AT_ONCE, LOOK, _has_yet_to_pass_on
from tests.waiting import until

pytestmark = pytest.mark.timed

#: It never ends by itself: a thread that is no daemon runs on.
PROCESS = """
import os, signal, sys, threading, time
from osmod.jobs.worker.signals import STOPPING, Latch, StopRequests

stop = Latch()
requests = StopRequests(lambda number, frame: (print("stop", flush=True), stop.set()))
requests.patience, let_go = float(sys.argv[1]), sys.argv[2]
requests.let_go = {"hangs": lambda: time.sleep(60), "tells": lambda: print("bye", flush=True)}[let_go]
requests.listen(*STOPPING)
threading.Thread(target=time.sleep, args=(60,)).start()
if sys.argv[3:] == ["fork"]:
    here, there = os.pipe()
    child = os.fork()
    if not child:
        os.write(there, b"up")
        time.sleep(60)
    os.read(here, 2)
    os.kill(child, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
print("ready", flush=True)
while True:
    stop.wait(120)
"""

#: Kills itself while its children have yet to listen. The second has, as all have that are forked later, its end
#: of the pipe by which the first would see that its parent is gone.
ORPHANS = """
import multiprocessing, os, signal, time
from osmod.jobs.worker.signals import STOPPING, Latch, StopRequests

def child(listens):
    while os.getppid() == parent:
        time.sleep(0.01)
    if not listens:
        time.sleep(60)
    stop = Latch()
    StopRequests(lambda number, frame: stop.set()).listen(*STOPPING)
    print(stop.wait(60), flush=True)

parent = os.getpid()
children = [multiprocessing.get_context("fork").Process(target=child, args=(listens,)) for listens in (True, False)]
for one in children:
    one.start()
print(children[1].pid, flush=True)
os.kill(parent, signal.SIGKILL)
"""


class Process:
    """One that runs `PROCESS`."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, *map(str, arguments)], stdout=subprocess.PIPE, text=True
        )

    def heard(self) -> str:
        """The next line that it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def process() -> Iterator[Callable[..., Process]]:
    """Starts such processes; none outlives the test."""
    started: list[Process] = []

    def start(*arguments: object) -> Process:
        started.append(Process(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def test_within_a_second_it_is_the_same_request(process: Callable[..., Process]) -> None:
    """SIGTERM twice at once is one request; one later than a second ends the process, after last words."""
    asked = process(30, "tells")
    assert "ready" == asked.heard()
    asked.process.send_signal(signal.SIGHUP)
    assert "stop" == asked.heard()
    time.sleep(1.4)  # what is tried is the time between them
    for _ in range(2):
        asked.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    asked.process.send_signal(signal.SIGHUP)
    time.sleep(0.8)
    assert asked.process.poll() is None
    asked.process.send_signal(signal.SIGTERM)
    assert "bye" == asked.heard()
    assert 1 == asked.process.wait(120)


def _seconds_to_end(asked: Process) -> float:
    """How long one takes to end that is asked once and hangs."""
    assert "ready" == asked.heard()
    began = time.monotonic()
    asked.process.send_signal(signal.SIGTERM)
    assert 1 == asked.process.wait(120)
    return time.monotonic() - began


def test_nothing_that_hangs_holds_up_the_end(process: Callable[..., Process]) -> None:
    """A process that does not end is ended when patience is over, even if its last words hang, too."""
    patience = 0.2
    # Each has to end; that one or two of them end late may be for want of a free processor.
    took = (_seconds_to_end(process(patience, "hangs")) for _ in range(3))
    assert any(seconds < patience + LOOK + AT_ONCE + 0.5 for seconds in took)


def test_a_forked_process_is_ended_as_any_other(process: Callable[..., Process]) -> None:
    """What a job forks is ended by SIGTERM; the process that forked it was not asked to stop."""
    asked = process(30, "tells", "fork")
    assert "-15" == asked.heard()
    assert "ready" == asked.heard()


def test_a_parent_that_is_gone_before_its_children_listen() -> None:
    """Each of them is asked to stop all the same, and does not wait for those that were forked after it."""
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    other = int(parent.stdout.readline())
    try:
        assert "True" == parent.stdout.readline().strip()
    finally:
        os.kill(other, signal.SIGKILL)
        parent.communicate()


def test_a_parent_that_will_pass_a_signal_on() -> None:
    """It does if the signal waits for it to stop blocking, as Dramatiq's parent does while workers start."""
    code = "import signal as s; s.pthread_sigmask(s.SIG_BLOCK, {s.SIGTERM}); print(flush=True); s.sigwait({s.SIGUSR1})"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert parent.stdout is not None
        parent.stdout.readline()
        assert not _has_yet_to_pass_on(parent.pid, signal.SIGTERM)
        parent.send_signal(signal.SIGTERM)
        until(lambda: _has_yet_to_pass_on(parent.pid, signal.SIGTERM))
        assert not _has_yet_to_pass_on(parent.pid, signal.SIGHUP)
    finally:
        parent.kill()
        parent.communicate()
    assert not _has_yet_to_pass_on(parent.pid, signal.SIGTERM)
