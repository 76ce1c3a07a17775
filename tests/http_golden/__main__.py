"""`python -m tests.http_golden DIR [--database-url URL]`: ask every case in DIR of ours and say which differ."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from pathlib import Path

from osmod.embedded import embedded_redis
from osmod.loading import nobody_collects
from tests.golden.scratch import scratch_database
from tests.http_golden.case import FIXTURE, load_cases, load_fixture

#: Differences shown of one case.
SHOWN = 6


def main() -> int:
    """Ask all cases; exit status 1 if any differs, 2 if there are none."""
    arguments = _arguments()
    if not any(path.name != FIXTURE for path in arguments.directory.glob("*.json")):
        print(f"no case files (*.json) in {arguments.directory}", file=sys.stderr)
        return 2
    logging.disable(logging.CRITICAL)  # what is refused is the cases' business
    with (
        scratch_database(arguments.database_url) as url,
        tempfile.TemporaryDirectory(prefix="osmod-http-golden-") as folder,
        embedded_redis(Path(folder)) as redis_url,
    ):
        os.environ |= {"DATABASE_URL": url, "REDIS_URL": redis_url, "WORKER_RUN_IMMEDIATELY": "false"}
        os.environ |= {"API_URL": "http://localhost:8000/api"}
        return _ask_all(arguments.directory)


def _ask_all(folder: Path) -> int:
    # Only now: importing the actors reads the settings.
    with nobody_collects():
        from osmod.moderation.migrations import upgrade
        from osmod.task import get_engine
        from tests.http_golden.run import differences_of
        from tests.http_golden.server import serving

    engine, fixture, cases = get_engine(), load_fixture(folder), load_cases(folder)
    upgrade(engine)
    failed = 0
    with serving(engine, fixture) as server:
        for case in cases:
            if found := list(differences_of(case, fixture, server)):
                failed += 1
                print(f"{case.family}/{case.name}: {_summary(found)}", flush=True)
    engine.dispose()
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _summary(found: list[str]) -> str:
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.http_golden", description=__doc__)
    parser.add_argument(
        "directory", type=Path, help="the folder with the case files; fixture.json beside them, or else ours"
    )
    parser.add_argument(
        "--database-url", help="an empty database (created if it is not there); default: SQLite"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
