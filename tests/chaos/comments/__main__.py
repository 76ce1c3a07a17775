"""Comments with decisions under faults at both ends: `python -m tests.chaos.comments [--comments N] [--seed N] …`.

Comments of a publisher's are sent for scoring at a steady rate; two scorers answer, rules decide, moderators accept,
reject and defer the same comments meanwhile, several times in a row. All the while, at random and independently of
each other: pools of worker processes are killed and Redis fails in the ways of `tests.chaos.run`; the scorers and the
publisher answer with 500, with 429 with and without `Retry-After`, in bursts, reset connections, are slow, talk
nonsense or are away for a time. The product's own pauses are shorter by `--hurry`.

Once all is quiet it prints what came of it: comments decided, decisions delivered, and what should not have been:
decisions told out of order or with bad signatures, scorers asked about what they had answered and what was stored,
what was lost, is owed still, or failed.

Exit code 1 if there is any of that.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("CHAOS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("CHAOS_LOG", os.devnull)

from sqlalchemy.engine import URL, make_url

from osmod.moderation.database import Patience, connect
from osmod.moderation.migrations import upgrade
from tests import databases
from tests.chaos.comments.trial import Terms, Trial
from tests.chaos.targets import TARGETS

#: SQLite's one lock is had by luck: while many workers want it, whoever only counts may wait for minutes.
PATIENCE = Patience(lock=300)


@contextmanager
def database(kind: str) -> Iterator[URL]:
    """A new database without tables."""
    with tempfile.TemporaryDirectory(prefix="trial-") as folder:
        if kind == "sqlite":
            yield make_url(f"sqlite:///{folder}/osmod.db")
            return
        Path(folder, "mariadb").mkdir()
        with (
            databases.mariadb_server(Path(folder, "mariadb")) as server,
            databases.mariadb_database(server, "trial") as url,
        ):
            yield url


def main() -> int:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description="Comments with decisions under faults at both ends.")
    parser.add_argument("--comments", type=int, default=2000, help="how many (default: 2000)")
    parser.add_argument("--rate", type=float, default=20.0, help="comments a second (default: 20)")
    parser.add_argument("--hurry", type=float, default=10.0, help="how much shorter pauses are (default: 10)")
    parser.add_argument(
        "--faults", type=float, default=120.0, help="for how long after all was sent, at most (default: 120)"
    )
    parser.add_argument("--database", choices=("sqlite", "mariadb"), default="sqlite")
    parser.add_argument("--topology", choices=list(TARGETS), default="single")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="repeat the faults of another run")
    options = parser.parse_args()
    print(f"{options.database}, {options.topology}: seed {options.seed}", flush=True)
    kind = TARGETS[options.topology]
    terms = Terms(
        options.comments, options.seed, options.rate, options.hurry, faults=options.faults, kind=kind
    )
    with database(options.database) as url:
        engine = connect(url.render_as_string(hide_password=False), patience=PATIENCE)
        upgrade(engine)
        began = time.monotonic()
        verdict = Trial(engine, terms).run()
        engine.dispose()
    print(f"{verdict}\n{time.monotonic() - began:.0f} seconds", flush=True)
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
