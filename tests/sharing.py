"""How the tests are shared out among the processes of `pytest -n`: a file at a time, the long ones first.

A file is a unit because its tests share what is costly to start. Tests that start all they need by themselves, and
then mostly wait for it, are units each: a file of them would still run when all else is done.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

#: Files whose tests are handed out one by one, before all others.
ONE_BY_ONE = (
    "tests/demo/test_demo.py",
    "tests/chaos/test_across_processes.py",
    "tests/chaos/test_run.py",
    "tests/chaos/test_silence.py",
    "tests/chaos/test_signals.py",
    "tests/chaos/test_workers.py",
    "tests/chaos/test_supervisor.py",
    "tests/jobs_schedules/test_command.py",
    "tests/jobs_schedules/test_cron_oracle.py",
)
#: The longest of the other files, in the order in which they are begun.
LONG = (
    "tests/chaos/test_cluster.py",
    "tests/chaos/test_sentinel.py",
    "tests/rights/test_wrong_urls.py",
    "tests/rights/test_rights.py",
    "tests/jobs/test_promises.py",
    "tests/golden/test_golden.py",
    "tests/actors/test_hammer.py",
    "tests/test_topologies.py",
)
_FIRST = {name: number for number, name in enumerate([*LONG[:2], *ONE_BY_ONE, *LONG[2:]])}


class _Sharing(LoadScopeScheduling):
    """`--dist loadfile`, but for the files whose tests go one by one."""

    def _split_scope(self, nodeid: str) -> str:
        file = _file(nodeid)
        return nodeid if file in ONE_BY_ONE else file


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
    """In a process that is handed tests, put the long ones first."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _FIRST.get(_file(item.nodeid), len(_FIRST)))


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]
