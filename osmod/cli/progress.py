"""How far a step has come: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

#: Between two plain lines.
LINE_SECONDS = 2


class Progress:
    """Shows the steps of one run on `console`."""

    #: Called with how many are done by now.
    Report: TypeAlias = Callable[[int], None]

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextlib.contextmanager
    def of(self, step: str, total: int) -> Iterator[Report]:
        """Show a step (a verb such as "scoring") of `total` comments for the length of the block."""
        paints = self._console.is_terminal and not self._console.is_dumb_terminal
        shown = self._bar(step, total) if paints else self._lines(step, total)
        with shown as report:
            yield report

    @contextlib.contextmanager
    def _bar(self, step: str, total: int) -> Iterator[Report]:
        columns = (
            TextColumn("{task.description:>8}"),
            BarColumn(40),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Bar(*columns, console=self._console) as bar:
            task = bar.add_task(step, total=total)
            yield lambda done: bar.update(task, completed=done)

    @contextlib.contextmanager
    def _lines(self, step: str, total: int) -> Iterator[Report]:
        began = last = time.monotonic()

        def report(done: int) -> None:
            nonlocal last
            now = time.monotonic()
            if done >= total or now - last >= LINE_SECONDS:
                last = now
                self._console.print(f"{step:>8} {done:,} of {total:,} ({now - began:.1f} s)")

        yield report
