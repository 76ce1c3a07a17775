"""Acts on jobs over HTTP: the same table as the command line's, confirmed by their number, written down."""

from __future__ import annotations

import pytest

import actors
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.states import JobState
from osmod.jobs.steering import ACTS, audit_log
from tests.found import only
from tests.jobs.records.taking import end
from tests.web.api.jobs.conftest import Ask

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def fail(broker: JobBroker, number: int) -> list[str]:
    for one in range(number):
        actors.accept_comments.send(comment_id=one)
    return end(broker, number, TimeoutError("no answer"))


def test_every_act_of_the_table_is_there(broker: JobBroker, ask: Ask) -> None:
    """For one job and for many; with nothing to do, each says so."""
    for act in ACTS:
        told = f"?{act.parameter.name}=high" if act.parameter else "?"
        assert 404 == ask("POST", f"/jobs/{act.name}{told}&all=true").status_code, act.name
        assert 404 == ask("POST", f"/jobs/nothing-here/{act.name}{told}").status_code, act.name


def test_many_jobs_are_acted_on_once_their_number_is_confirmed(broker: JobBroker, ask: Ask) -> None:
    """Until then nothing is changed, and the answer says how many there are; a wrong number is answered the same."""
    fail(broker, 3)
    path = "/jobs/retry?actor=accept_comments&error=TimeoutError&reason=it is back"

    for asked in (path, f"{path}&confirm=2"):
        refused = ask("POST", asked)
        assert (409, 3) == (refused.status_code, refused.json()["count"])
        assert "3 jobs would be retried." in refused.json()["detail"]
    assert 3 == count(broker, JobFilter(states=(JobState.FAILED,)))

    assert {"count": 3} == ask("POST", f"{path}&confirm=3").json()
    assert 3 == count(broker, JobFilter(states=(JobState.WAITING,)))
    entry = only(audit_log(broker))
    assert ("retry", "service (user 4)", 3, "it is back") == (entry.act, entry.who, entry.count, entry.reason)


def test_a_rehearsal_changes_nothing(broker: JobBroker, ask: Ask) -> None:
    """And stands in the audit log as what it was."""
    fail(broker, 2)
    assert {"count": 2, "dry_run": True} == ask("POST", "/jobs/delete?state=failed&dry_run=true").json()
    assert 2 == count(broker, JobFilter(states=(JobState.FAILED,)))
    assert [True] == [entry.dry_run for entry in audit_log(broker)]


def test_a_condition_that_is_misspelt_never_means_all(broker: JobBroker, ask: Ask) -> None:
    """It is refused, as is no condition at all."""
    fail(broker, 1)
    misspelt = ask("POST", "/jobs/delete?actr=acceptComments&all=true&confirm=1")
    assert (422, "actr") == (misspelt.status_code, misspelt.json()["field"])
    assert (422, "all") == ((none := ask("POST", "/jobs/delete?confirm=1")).status_code, none.json()["field"])
    assert 1 == count(broker, JobFilter())


def test_jobs_named_by_their_ids_need_no_confirmation(broker: JobBroker, ask: Ask) -> None:
    """Nor does one."""
    one, two, three = fail(broker, 3)
    assert {"count": 2} == ask("POST", f"/jobs/retry?id={one}&id={two}").json()
    assert {"count": 1} == ask("POST", f"/jobs/{three[:12]}/retry").json()


def test_one_in_another_state_is_left_alone(broker: JobBroker, ask: Ask) -> None:
    """And the answer says in which."""
    sent = actors.heartbeat.send()
    refused = ask("POST", f"/jobs/{sent.message_id}/retry")
    assert (409, "waiting") == (refused.status_code, refused.json()["state"])
    assert "one can retry jobs that are failed, cancelled" in refused.json()["detail"]


def test_an_act_is_told_what_it_has_to_be(broker: JobBroker, ask: Ask) -> None:
    """A priority in words or a number; none, and one that is none, are refused."""
    sent = actors.heartbeat.send()
    path = f"/jobs/{sent.message_id}/prioritise"
    assert {"count": 1} == ask("POST", f"{path}?to=high").json()
    assert -10 == ask("GET", f"/jobs/{sent.message_id}").json()["priority"]
    assert "priority='urgent'" in ask("POST", f"{path}?to=urgent").json()["detail"]
    assert 422 == ask("POST", path).status_code
    many = ask("POST", "/jobs/prioritise?to=5&state=waiting").json()
    assert "1 job would have priority 5." in many["detail"]


def test_cancelling_says_what_is_being_interrupted(broker: JobBroker, ask: Ask) -> None:
    """Of waiting ones none."""
    sent = actors.heartbeat.send()
    asked = ask("POST", "/jobs/cancel?all=true").json()["detail"]
    assert "1 job would be cancelled, 0 of them interrupted while running." in asked
    done = ask("POST", f"/jobs/{sent.message_id}/cancel").json()
    assert {"count": 1, "cancelled": 1, "interrupting": 0} == done
