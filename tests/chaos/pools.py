"""Worker processes under test, run by Dramatiq's own command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
from dramatiq.brokers.redis import RedisBroker

ROOT = Path(__file__).resolve().parents[2]


def url_of(broker: RedisBroker) -> str:
    """Where a broker's Redis is."""
    return f"redis://127.0.0.1:{broker.client.connection_pool.connection_kwargs['port']}/0"


class Pool:
    """`dramatiq tests.chaos.app`, with everything it started."""

    command = "dramatiq"
    module = "tests.chaos.app"

    def __init__(
        self, url: str, log: str | Path, *options: str, processes: int = 1, **settings: object
    ) -> None:
        environment = os.environ | {"CHAOS_URL": url, "CHAOS_LOG": str(log), "PYTHONPATH": str(ROOT)}
        # Of those that are killed something stays behind, as the socket by which processes are forked.
        self._folder = tempfile.TemporaryDirectory(prefix="pool-")
        environment["TMPDIR"] = self._folder.name
        environment |= {f"CHAOS_{name.upper()}": str(value) for name, value in settings.items()}
        self.output = Path(f"{log}.{id(self)}.out")
        with self.output.open("wb") as output:
            self._main = subprocess.Popen(
                [sys.executable, "-m", self.command, self.module, "-p", str(processes), *options],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=output,
                process_group=0,  # so that signals can be sent to all of it
            )

    @property
    def workers(self) -> list[psutil.Process]:
        """Its worker processes."""
        try:
            children = psutil.Process(self._main.pid).children()
            # multiprocessing's own helper is no worker.
            return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]
        except psutil.NoSuchProcess:
            return []

    def signal_worker(self, number: signal.Signals, which: int = 0) -> psutil.Process:
        """Send a signal to one worker process."""
        worker = self.workers[which]
        worker.send_signal(number)
        return worker

    def kill(self) -> None:
        """End all of it at once, as when the machine goes."""
        with suppress(ProcessLookupError):
            os.killpg(self._main.pid, signal.SIGKILL)
        self._main.wait()
        self._folder.cleanup()

    @property
    def main(self) -> int:
        """The process id of the command itself."""
        return self._main.pid

    def terminate(self) -> None:
        """Ask it to stop, as a service manager does."""
        self._main.terminate()

    def wait(self, seconds: float = 30.0) -> int:
        """Wait until it has ended. Returns its exit status."""
        return self._main.wait(seconds)

    def poll(self) -> int | None:
        """Its exit status, or None while it runs."""
        return self._main.poll()

    def said(self) -> str:
        """What it logged."""
        return self.output.read_text()


class ModerationPool(Pool):
    """`dramatiq tests.chaos.moderation`: the project's own actors."""

    module = "tests.chaos.moderation"


class SupervisedPool(Pool):
    """`osmod worker tests.chaos.app`."""

    command = "osmod.jobs.worker.supervisor"


class StockPool(Pool):
    """`dramatiq tests.chaos.stopping`."""

    module = "tests.chaos.stopping"


class OwnPool(SupervisedPool):
    """`osmod worker tests.chaos.stopping`."""

    module = "tests.chaos.stopping"
