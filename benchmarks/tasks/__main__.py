"""`python -m benchmarks.tasks [--baseline REV]`: what a task costs, and how many a second there can be.

Directly, without a queue: by threads, and by the size of the article. Through the queue and workers: one hot article
beside a hundred cool ones, and by threads. Each with SQLite and with MariaDB, and with the code of another revision in
turns, if one is named. After each run all counts are counted anew. Milliseconds are of processor time.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from contextlib import ExitStack
from statistics import median
from typing import Any

from benchmarks.databases import DATABASES, NewDatabase, databases
from benchmarks.moderation.scene import Scene
from benchmarks.tasks.calls import CALLS
from benchmarks.tasks.direct import WARM_UP
from benchmarks.tasks.trees import Tree, trees
from osmod.moderation.database import connect, open_session
from osmod.moderation.recounting import recount

PARTS = ("tasks", "threads", "sizes", "hot", "queued")
#: Comments of the articles that are measured, hot and cool ones.
MANY = 1_000
COOL = 100
HEAD = ("revision", "a second", "statements", "worker ms", "database ms", "redis ms")


class Bench:
    """The runs of one database, each on comments that none was on before."""

    def __init__(self, new: NewDatabase, revisions: list[Tree], options: argparse.Namespace) -> None:
        self._new, self._trees, self._options = new, revisions, options
        self._stack = ExitStack()

    def compare(self, title: str, module: str, size: int, articles: int = 1, **what: Any) -> None:
        """Print a line for each revision: the median of some rounds, in which they take turns."""
        rounds = self._options.rounds
        jobs = self._options.jobs + (WARM_UP if module == "direct" else 0)
        scene = self._scene(size, max(size * articles, jobs * rounds * len(self._trees)))
        comments = list(scene.comments)
        random.Random(15).shuffle(comments)
        found: dict[str, list[dict[str, float]]] = defaultdict(list)
        for _ in range(rounds):
            for tree in self._trees:
                mine, comments = comments[:jobs], comments[jobs:]
                url = scene.engine.url.render_as_string(hide_password=False)
                found[tree.name].append(tree.run(module, url=url, comments=mine, **what))
                self._check(scene, f"{title}, {tree.name}")
        for name, results in found.items():
            self._print(title, name, results)

    def close(self) -> None:
        """Drop the databases."""
        self._stack.close()

    def _scene(self, size: int, comments: int) -> Scene:
        self._stack.close()  # one at a time
        url = self._stack.enter_context(self._new())
        engine = connect(url)
        self._stack.callback(engine.dispose)
        return Scene(engine, size, comments)

    def _check(self, scene: Scene, run: str) -> None:
        with open_session(scene.engine) as session:
            wrong = list(recount(session, dry_run=True))
        if wrong:
            raise SystemExit(f"counts are wrong after {run}: {wrong[:3]}")

    def _print(self, title: str, name: str, results: list[dict[str, float]]) -> None:
        keys = {key: median(result.get(key, 0.0) for result in results) for key in results[0]}
        spent = (f"{keys.get(key, 0.0) * 1_000:12.2f}" for key in ("python", "database", "redis"))
        figures = f"{keys['rate']:10.0f}{keys['statements']:12.1f}" + "".join(spent)
        print(f"{title:42}{name[:10]:>10}{figures}", flush=True)


def main() -> None:
    """Measure and print."""
    options = _arguments()
    with trees(options.baseline) as revisions, databases(options.databases) as made:
        for database, new_database in made.items():
            print(
                f"\n{database}\n\n{'':42}{HEAD[0]:>10}{HEAD[1]:>10}" + "".join(f"{h:>12}" for h in HEAD[2:])
            )
            bench = Bench(new_database, revisions, options)
            try:
                for part in options.parts:
                    _PARTS[part](bench, options)
            finally:
                bench.close()
    print("\nAll counts were right after each run.")


def _tasks(bench: Bench, options: argparse.Namespace) -> None:
    for task in options.tasks:
        bench.compare(task, "direct", MANY, task=task, threads=1)


def _threads(bench: Bench, options: argparse.Namespace) -> None:
    for threads in options.threads:
        title = f"{options.tasks[0]}, {threads} threads"
        bench.compare(title, "direct", 1, task=options.tasks[0], threads=threads)


def _sizes(bench: Bench, options: argparse.Namespace) -> None:
    for size in options.sizes:
        title = f"{options.tasks[0]}, article of {size:,}"
        bench.compare(title, "direct", size, task=options.tasks[0], threads=1)


def _hot(bench: Bench, options: argparse.Namespace) -> None:
    comments = options.jobs * options.rounds * 2
    for articles, title in ((1, "one hot article"), (COOL, f"{COOL} cool ones")):
        of_each = max(1, comments // articles)
        processes = {"processes": 2, "threads": 8}
        bench.compare(
            f"queued -p 2 -t 8, {title}", "queued", of_each, articles, task=options.tasks[0], **processes
        )


def _queued(bench: Bench, options: argparse.Namespace) -> None:
    for threads in options.threads:
        title = f"queued -p 2 -t {threads}, {options.tasks[0]}"
        bench.compare(title, "queued", MANY, task=options.tasks[0], processes=2, threads=threads)


_PARTS = {"tasks": _tasks, "threads": _threads, "sizes": _sizes, "hot": _hot, "queued": _queued}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tasks", description=__doc__)
    parser.add_argument(
        "--baseline",
        metavar="REV",
        help="measure this revision, too, in turns; one from before a migration on MariaDB only",
    )
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="default: all")
    parser.add_argument(
        "--tasks",
        nargs="+",
        choices=CALLS,
        default=list(CALLS),
        help="the first of them is measured by threads, sizes and through the queue (default: all)",
    )
    parser.add_argument("--threads", type=int, nargs="+", default=(1, 2, 4, 8))
    parser.add_argument("--sizes", type=int, nargs="+", default=(1, 1_000, 100_000), help="of the article")
    parser.add_argument("--jobs", type=int, default=400, help="of each run (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="the median of so many (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
