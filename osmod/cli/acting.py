"""An act on many jobs, as the command line does it: how far it is, and what was done if it is stopped half-way."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType

import click
from rich.console import Console

from osmod.cli.progress import LINE_SECONDS, Progress
from osmod.cli.queue_access import STOPPED, counted
from osmod.jobs.steering.course import Course, Stopped

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def following(past: str) -> Iterator[Course]:
    """The course of an act in the block. What becomes of jobs is `past`, as in "3 jobs retried".

    Ctrl-C has it stop after the step under way, a second one at once. However it ends before its time, what was done
    is said; by Ctrl-C it ends the command.
    """
    course = Course()
    with contextlib.ExitStack() as shown:
        course.watch = _watching(course, past, shown)
        shown.enter_context(_stopping(course))
        try:
            yield course
        except BaseException as error:
            shown.close()  # So that what is said stands below the bar.
            if course.meant:
                click.echo(_done(course, past), err=True)
            if isinstance(error, Stopped | KeyboardInterrupt):
                if not course.meant:
                    click.echo("Stopped; nothing was changed.", err=True)
                sys.exit(STOPPED)
            raise


@contextlib.contextmanager
def _stopping(course: Course) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        # Before the first step nothing is half done; and whoever asks again does not want to wait for the answer.
        if course.stopping or not course.meant:
            raise KeyboardInterrupt
        course.stopping = True

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watching(course: Course, past: str, shown: contextlib.ExitStack) -> Callable[[], None]:
    """Shows how far the act is, once it has taken its time."""
    began = time.monotonic()
    report: Progress.Report | None = None

    def watch() -> None:
        nonlocal report
        if report is None and time.monotonic() - began > LINE_SECONDS:
            bar = Progress(Console(stderr=True, highlight=False))
            report = shown.enter_context(bar.of(past, course.meant))
        if report is not None:
            report(course.passed)

    return watch


def _done(course: Course, past: str) -> str:
    unknown = f", and perhaps {course.under_way:,} more, of which no answer came" if course.under_way else ""
    return (
        f"Stopped: {course.changed:,} of {counted(course.meant)} {past}{unknown}. The same command goes on with the "
        "rest; `osmod audit` has what was done."
    )
