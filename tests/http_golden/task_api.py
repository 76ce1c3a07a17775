"""The cases of the task API, which at OSMod's asks nobody for a token and runs everything at once.

Ours asks for one, and queues unless it is told otherwise. So each case is asked three times: as it stands; with a
service's token; and so in the other mode.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.http_golden import conditions as its
from tests.http_golden.case import Case, Fixture
from tests.http_golden.expected import SUCCESS, Expected, Reason, as_osmod, refused
from tests.http_golden.rules import DONE, FORBIDDEN, UNAUTHORIZED, expected_of


def askings(case: Case, fixture: Fixture) -> Iterator[tuple[Case, Expected]]:
    """What is asked for one case, and what is expected each time."""
    if case.server != "tasks" or case.ours or case.method != "POST" or its.task_of(case) is None:
        yield case, expected_of(case, fixture)
        return
    if its.is_broken(case):
        yield case, expected_of(case, fixture)
    elif fixture.group_of(case.caller) not in ("service", "admin"):
        yield case, UNAUTHORIZED if case.caller == "nobody" else FORBIDDEN
    request = {key: told for key, told in case.request.items() if key != "headers"}
    for mode in ("immediate", "queued"):
        asked = replace(case, mode=mode, caller="service", request=request)
        yield asked, _expected(asked, fixture)


def _expected(case: Case, fixture: Fixture) -> Expected:
    task, body = its.task_of(case) or "", case.body
    if its.is_broken(case):
        return expected_of(case, fixture)
    if isinstance(body, dict) and isinstance(body.get("runImmediately"), bool) and case.status == 422:
        return DONE if body["runImmediately"] else replace(DONE, effect=None)
    if case.status in (400, 404, 422):
        return as_osmod(case)
    if not its.is_known(task):
        return refused(400, body={"status": "error", "error": f"unknown task name: {task}"})
    if not its.fits(task, body["data"]):
        return refused(422)
    if case.mode == "queued":
        jobs = [{"task": task, "data": its.as_queued(body["data"])}]
        return Expected(frozenset({200}), SUCCESS, {}, {}, jobs)
    if case.status == 500:
        return replace(refused(404, 409, 422), body=Reason())
    return expected_of(case, fixture)
