"""`python -m benchmarks.queue`: run the peers in turn, several times, and print or write the tables.

--peers ours,stock,bullmq   which (default: all that are installed)
--install                   install those that are not, with uv and npm, below .osmod/bench
--runs 5  --jobs 20000
--url redis://…             a server to use (default: one of its own, without persistence)
--report docs/benchmarks.md write the tables there
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from benchmarks.queue import ours, report
from benchmarks.queue.measure import Run, run
from benchmarks.queue.peers import PEERS, NotInstalled
from tests.redis_servers import binaries, running


def main() -> int:
    """Parse the command line, measure, report."""
    parser = argparse.ArgumentParser(description="Queue benchmarks.")
    parser.add_argument("--peers", default=",".join(PEERS), help="names, with commas between")
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--url")
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()

    names = [name for name in options.peers.split(",") if name]
    if unknown := set(names) - set(PEERS):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    names = [name for name in names if _installed(name, options.install)]
    with _server(options.url) as url:
        client = redis.Redis.from_url(url)
        subjects: dict[str, tuple[str, bool]] = {name: (name, False) for name in names}
        subjects |= {f"{name}, in bulk": (name, True) for name in names if name in ("ours", "bullmq")}
        runs: dict[str, list[Run]] = {label: [] for label in subjects}
        extras = None
        try:
            _measure(url, client, subjects, runs, options)
            if "ours" in names:
                client.flushall()
                extras = report.Extras(*ours.idle(url), ours.recoveries(url, options.runs), ours.scale())
        except KeyboardInterrupt:
            print("interrupted; these are the figures until now", file=sys.stderr)
        text = report.tables(runs, extras, options, client.info("server") | client.info("persistence"))
    print(text)
    if options.report:
        report.write(options.report, text)
    return 1 if any(one.lost or one.twice for label in runs if "ours" in label for one in runs[label]) else 0


def _measure(
    url: str,
    client: redis.Redis,
    subjects: dict[str, tuple[str, bool]],
    runs: dict[str, list[Run]],
    options: argparse.Namespace,
) -> None:
    # One round after another, so that what the machine does meanwhile hits all alike.
    for number in range(options.runs):
        for label, (name, bulk) in subjects.items():
            client.flushall()
            try:
                one = run(PEERS[name], url, options.jobs, bulk=bulk)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                print(f"run {number + 1}, {label}: failed, {error}", flush=True)
                continue
            runs[label].append(one)
            print(f"run {number + 1}, {label}: {report.sentence(one)}", flush=True)


def _installed(name: str, install: bool) -> bool:
    try:
        if install:
            PEERS[name].install()
        PEERS[name].programs()
    except NotInstalled as reason:
        print(f"skipped: {reason}", file=sys.stderr)
        return False
    return True


@contextmanager
def _server(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    with running(next(iter(binaries().values())), "--appendonly", "no") as server:
        yield server.url


if __name__ == "__main__":
    sys.exit(main())
