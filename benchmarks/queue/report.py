"""The tables of a benchmark run, as Markdown."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.queue.measure import Run
from osmod.jobs.queue.custody import DEFAULT_LEASE

#: In seconds.
LEASE = DEFAULT_LEASE / 1000


@dataclass(frozen=True)
class Extras:
    """Figures of this queue alone."""

    idle_commands: float
    idle_core: float
    recoveries: list[float]
    scale: dict[int, dict[str, float]]


#: What stands below this line in a report is written by hand, and kept.
BY_HAND = "<!-- written by hand from here on -->"


def write(path: Path, text: str) -> None:
    """Put the tables into a report, in the place of those that it holds."""
    _, mark, rest = path.read_text().partition(BY_HAND) if path.exists() else ("", "", "")
    path.write_text(f"{text}\n{mark}{rest}" if mark else text)


def sentence(one: Run) -> str:
    """One run on one line."""
    return (
        f"sent {one.sent_rate:,.0f}/s, drained {one.drained_rate:,.0f}/s, start {one.wait_median:.2f} / "
        f"{one.wait_95:.2f} / {one.wait_99:.2f} ms, lost {one.lost}, twice {one.twice}"
    )


def tables(
    runs: dict[str, list[Run]], extras: Extras | None, options: argparse.Namespace, server: dict[str, Any]
) -> str:
    """All figures, with what they were measured on."""
    lines = [
        "# Benchmarks",
        "",
        f"`python -m benchmarks.queue`, {datetime.now(UTC):%d %B %Y}; {options.runs} runs of "
        f"{options.jobs:,} no-op jobs each, one peer after another in every round, two worker processes. "
        "Median, smallest and largest.",
        "",
        f"Machine: {os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}. Python "
        f"{platform.python_version()}, dramatiq {version('dramatiq')}, redis-py {version('redis')}, server "
        f"{server.get('valkey_version') or server['redis_version']}, append-only file "
        f"{'on' if server['aof_enabled'] else 'off'}. Absolute figures move with the machine and with what "
        "else runs on it; ratios within one run count.",
        "",
        "| | send, jobs/s | drained, jobs/s | start when idle, ms: median | 95 % | 99 % | lost | twice |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for label, results in ((label, results) for label, results in runs.items() if results):
        cells = [
            label,
            _spread([one.sent_rate for one in results], "{:,.0f}".format),
            _spread([one.drained_rate for one in results], "{:,.0f}".format),
            _spread([one.wait_median for one in results], "{:.2f}".format),
            _spread([one.wait_95 for one in results], "{:.2f}".format),
            _spread([one.wait_99 for one in results], "{:.2f}".format),
            str(sum(one.lost for one in results)),
            str(sum(one.twice for one in results)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *_ratios(runs)]
    if extras is not None:
        lines += ["", *_alone(extras)]
    return "\n".join(lines) + "\n"


def _alone(extras: Extras) -> list[str]:
    lines = [
        "## This queue alone",
        "",
        f"An idle worker process with four queues: {extras.idle_commands:.2f} commands a second (goal 2), "
        f"{extras.idle_core:.2%} of a core (goal 1%).",
        "",
        f"From the SIGKILL of a worker to the start of its job on another, lease {LEASE:.0f} s: "
        f"{_spread(extras.recoveries, '{:.1f} s'.format)}; goal {LEASE + 1:.0f} s.",
        "",
        "| jobs waiting | enqueue, µs | fetch and ack, µs | bytes a job |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {size:,} | {one['enqueue']:.0f} | {one['fetch and ack']:.0f} | {one['bytes']:.0f} |"
        for size, one in extras.scale.items()
    ]
    few, many = extras.scale.values()
    return [*lines, "", *(_growth(what, few[what], many[what]) for what in ("enqueue", "fetch and ack"))]


def _ratios(runs: dict[str, list[Run]]) -> list[str]:
    def median(label: str, rate: str) -> float:
        return statistics.median(getattr(one, rate) for one in runs[label])

    wanted = [
        ("drained", "ours", "stock", "drained_rate", 4.5),
        ("drained", "ours", "bullmq", "drained_rate", 2.0),
        ("drained", "ours", "bee", "drained_rate", 1.4),
        ("sent one by one", "ours", "stock", "sent_rate", 1.2),
        ("sent in bulk against one by one", "ours, in bulk", "stock", "sent_rate", 5.0),
        ("sent in bulk", "ours, in bulk", "bullmq, in bulk", "sent_rate", 1.8),
    ]
    ratios = [
        f"- {what}: {median(mine, rate) / median(theirs, rate):.2f} x {theirs} (goal {goal})"
        for what, mine, theirs, rate, goal in wanted
        if runs.get(mine) and runs.get(theirs)
    ]
    if runs.get("ours"):
        half, most = median("ours", "wait_median"), median("ours", "wait_99")
        ratios.append(
            f"- start at an idle worker: median {half:.2f} ms (goal 1.3), 99 % {most:.2f} ms (goal 3)"
        )
    return ratios


def _growth(what: str, few: float, many: float) -> str:
    return f"- {what}, the larger queue against the smaller: {many / few:.2f} x (goal 1.3)"


def _spread(values: list[float], form: Callable[[float], str]) -> str:
    return f"{form(statistics.median(values))} ({form(min(values))} to {form(max(values))})"
