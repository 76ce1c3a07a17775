"""How the tests are shared out among the processes of `pytest -n`: a file at a time, the long ones first.

A file is a unit because its tests share what is costly to start. Tests that start all they need by themselves, and
then mostly wait for it, are units each: a file of them would still run when all else is done. They are spread among
the files, so that at any time some processes wait and others work.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

#: Files whose tests are units each, those that take the longest first.
ONE_BY_ONE = (
    "tests/docs/test_console.py",
    "tests/demo/test_demo.py",
    "tests/chaos/test_across_processes.py",
    "tests/chaos/test_run.py",
    "tests/chaos/test_silence.py",
    "tests/chaos/test_signals.py",
    "tests/chaos/test_workers.py",
    "tests/chaos/test_supervisor.py",
    "tests/jobs/schedules/test_command.py",
    "tests/jobs/schedules/test_cron_oracle.py",
)
#: The longest of the other files, the longest first.
LONG = (
    "tests/web/test_fuzz.py",
    "tests/docs/test_blocks.py",
    "tests/http_golden/test_http_golden.py",
    "tests/night/test_night.py",
    "tests/kue/test_deaths.py",
    "tests/chaos/test_cluster.py",
    "tests/chaos/test_sentinel.py",
    "tests/rights/test_wrong_urls.py",
    "tests/rights/test_rights.py",
    "tests/rights/test_bridge.py",
    "tests/kue/test_cli.py",
    "tests/kue/test_bridge.py",
    "tests/jobs/test_promises.py",
    "tests/golden/test_golden.py",
    "tests/test_topologies.py",
    "tests/jobs/test_state_machine.py",
    "tests/jobs/schedules/test_week.py",
    "tests/web/ingest/test_routes.py",
    "tests/cli/test_alive.py",
    "tests/jobs/records/test_oldest_first.py",
    "tests/logs/test_failures.py",
    "tests/logs/test_forms.py",
    "tests/jobs/queue/test_interrupts.py",
)
_ORDER = {name: place for place, name in enumerate((*ONE_BY_ONE, *LONG))}


class _Sharing(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """`--dist loadfile`, but for the files whose tests go one by one."""

    def _split_scope(self, nodeid: str) -> str:
        return _unit(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Share out like that unless `--dist` asks for another way."""
    if config.getoption("dist") != "loadfile":
        return None
    config.option.loadscopereorder = (
        False  # by the number of their tests, which says little of how long they take
    )
    return _Sharing(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process that is handed tests, put the units into the order in which they are handed out."""
    if not hasattr(config, "workerinput"):
        return
    units: dict[str, list[pytest.Item]] = {}
    for item in items:
        units.setdefault(_unit(item.nodeid), []).append(item)
    longest_first = sorted(units, key=lambda unit: _ORDER.get(_file(unit), len(_ORDER)))
    alone = [unit for unit in longest_first if _file(unit) in ONE_BY_ONE]
    shared = [unit for unit in longest_first if _file(unit) not in ONE_BY_ONE]
    places = {unit: place / len(kind) for kind in (shared, alone) for place, unit in enumerate(kind)}
    items[:] = [item for unit in sorted(places, key=places.__getitem__) for item in units[unit]]


def _unit(nodeid: str) -> str:
    return nodeid if _file(nodeid) in ONE_BY_ONE else _file(nodeid)


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]
