"""`make containers`: an engine, the base images, the tests; then everything is as it was.

`python -m tests.containers [--keep FOLDER] [words for pytest]`. With `--keep` the Debian systems that engine and
images are made of stay in that folder for the next time. Where nothing can be tested the reason is printed, and
the exit code is 0. SIGINT and SIGTERM end the tests and clean up, too.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.containers import engine, images, roots
from tests.containers.docker import Docker
from tests.containers.roots import RootNotMade
from tests.containers.stack import clean_up

FOLDER = Path(__file__).parent
#: Much of what is tested is waiting; meanwhile MySQL can be at work.
PYTEST = ("-v", "-rP", "--tb=short", "-n", "2", "--dist", "loadfile", "--durations=0", "--durations-min=5")


def main() -> int:
    """Run it all; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.containers")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    options, words = parser.parse_known_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        with _docker(options.keep) as docker:
            return _test(docker, words)
    except (engine.NoEngine, RootNotMade) as problem:
        print(f"NOT TESTED HERE: {problem}")
        return 0
    except KeyboardInterrupt:
        print("interrupted, and cleaned up", file=sys.stderr)
        return 130


def _interrupt(number: int, frame: object) -> None:
    # What follows is the cleaning up: nobody is to interrupt that.
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def _docker(keep: Path | None) -> Iterator[Docker]:
    """The engine of this machine, or one of our own with base images of our own."""
    docker = Docker()
    if docker.answers():
        yield docker
        return
    if problem := engine.why_not():
        raise engine.NoEngine(problem)
    with tempfile.TemporaryDirectory(prefix="osmod-containers-") as temporary:
        folder = Path(temporary)
        began = time.monotonic()
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
        made = roots.make_all(keep or folder)
        with engine.running(made.engine, folder) as docker:
            images.make_all(made, folder, docker)
            print(f"engine and base images: {time.monotonic() - began:.0f} s", flush=True)
            yield docker


def _test(docker: Docker, words: list[str]) -> int:
    """Run pytest in a process group of its own: of an interruption it hears from here. Nothing of it stays."""
    tests = subprocess.Popen(
        [sys.executable, "-m", "pytest", str(FOLDER), *PYTEST, *words],
        env=os.environ | docker.environment | {"TEST_CONTAINERS": docker.client},
        start_new_session=True,
    )
    try:
        return tests.wait()
    finally:
        with suppress(ProcessLookupError):  # all have ended
            os.killpg(tests.pid, signal.SIGKILL)
        tests.wait()
        clean_up(docker)


if __name__ == "__main__":
    sys.exit(main())
