"""One run of one peer: how fast it takes jobs in and runs them, how soon an idle worker starts one."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.queue.peers import APPS, ROOT, Peer

#: Seconds after which a run that does not end is given up.
PATIENCE = 180.0
#: Seconds to look for jobs run twice once all have run.
AFTERMATH = 2.0


@dataclass(frozen=True)
class Run:
    """What one run gave. Rates are jobs a second, waits milliseconds."""

    sent_rate: float
    drained_rate: float
    wait_median: float
    wait_95: float
    wait_99: float
    lost: int
    twice: int


class Files:
    """Where the jobs of a run leave their marks."""

    def __init__(self, folder: Path) -> None:
        self.done, self.waits = folder / "done", folder / "waits"
        self.done.touch()
        self.waits.touch()

    def count(self) -> int:
        """Jobs that ran."""
        return self.done.stat().st_size

    def waited(self) -> list[float]:
        """How long spaced jobs waited, in milliseconds, shortest first."""
        return sorted(int(line) / 1e6 for line in self.waits.read_text().split())


def run(peer: Peer, url: str, jobs: int, *, bulk: bool = False) -> Run:
    """Send `jobs` jobs, start two worker processes and watch them; then send them spaced jobs, idle."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        files = Files(Path(folder))
        environment = _environment(peer, url, files)
        arguments = [str(jobs), *(["bulk"] if bulk else [])]
        sent = subprocess.run(
            [*peer.send, *arguments], cwd=APPS, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        with _workers(peer, environment):
            drained = _drained(files, jobs)
            time.sleep(AFTERMATH)
            ran = files.count()
            subprocess.run([*peer.send, "spaced"], cwd=APPS, env=environment, check=True, timeout=PATIENCE)
            time.sleep(AFTERMATH)
        waits = files.waited() or [float("nan")]
        return Run(
            sent_rate=float(sent.stdout.split()[-1]),
            drained_rate=drained,
            wait_median=_quantile(waits, 0.5),
            wait_95=_quantile(waits, 0.95),
            wait_99=_quantile(waits, 0.99),
            lost=max(0, jobs - ran),
            twice=max(0, ran - jobs),
        )


def _environment(peer: Peer, url: str, files: Files) -> dict[str, str]:
    environment = os.environ | {
        "REDIS_URL": url,
        "BENCH_DONE": str(files.done),
        "BENCH_WAITS": str(files.waits),
        "PATH": f"{peer.programs()}{os.pathsep}{os.environ['PATH']}",
        "NODE_PATH": str(ROOT / ".osmod" / "bench" / "node" / "node_modules"),
    }
    if not peer.packages:
        environment["PYTHONPATH"] = str(ROOT)
    return environment


@contextmanager
def _workers(peer: Peer, environment: dict[str, str]) -> Iterator[None]:
    processes = [
        subprocess.Popen(
            peer.work,
            cwd=APPS,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(peer.workers)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _drained(files: Files, jobs: int) -> float:
    """Jobs a second between the first one seen and the last."""
    deadline = time.monotonic() + PATIENCE
    while not (first := files.count()) and time.monotonic() < deadline:
        time.sleep(0.002)
    began = time.perf_counter()
    while files.count() < jobs and time.monotonic() < deadline:
        time.sleep(0.002)
    return (files.count() - first) / (time.perf_counter() - began)


def _quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]
