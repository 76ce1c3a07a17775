"""`python -m tests.golden DIR [--database-url URL]`: run every case file in DIR and say which differ."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from osmod.loading import nobody_collects
from tests.golden.scratch import scratch_database

#: Differences shown of one case.
SHOWN = 12


def main() -> int:
    """Run the cases; exit status 1 if any differs."""
    arguments = _arguments()
    cases = sorted(arguments.directory.glob("*.json"))
    if not cases:
        print(f"no case files (*.json) in {arguments.directory}", file=sys.stderr)
        return 2
    with scratch_database(arguments.database_url) as url:
        as_osmod = {"WORKER_RULES_OVERRIDE_MODERATORS": "true", "WORKER_DEFER_UNSCORED": "false"}
        os.environ |= {"DATABASE_URL": url, "WORKER_RUN_IMMEDIATELY": "true", **as_osmod}
        failed = _run_all(cases)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _run_all(paths: list[Path]) -> int:
    # Only now: importing the actors reads the settings.
    with nobody_collects():
        from osmod.moderation.migrations import upgrade
        from osmod.task import get_engine
        from tests.golden.case import Case
        from tests.golden.compare import differences
        from tests.golden.fake_scorer import fake_scorer
        from tests.golden.run import run

    engine = get_engine()
    upgrade(engine)
    failed = 0
    with fake_scorer() as scorer:
        for path in paths:
            case = Case.load(path)
            found = list(differences(case, run(case, engine, scorer)))
            if found:
                failed += 1
                print(f"{case.name}: {_summary(found)}", flush=True)
    engine.dispose()
    return failed


def _summary(found: list[str]) -> str:
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("directory", type=Path, help="the folder with the case files")
    parser.add_argument(
        "--database-url", help="an empty database (created if it is not there); default: SQLite"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
