"""What jobs say of themselves is text: in a terminal it neither acts nor is read as markup."""

from __future__ import annotations

import threading

import dramatiq
import pytest

from osmod.jobs import current_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.states import JobState
from tests.jobs.conftest import working
from tests.jobs.records.conftest import Run
from tests.waiting import until

_ACTING = "\x1b]0;mine\x07[/] \x9b31m\r\x7f"
_SHOWN = r"\x1b]0;mine\x07[/] \x9b31m\r\x7f"


def _speak() -> None:
    current_job().log(_ACTING)
    current_job().progress(1, 2, _ACTING)


def _acts(text: str) -> list[str]:
    return [one for one in text if one != "\n" and not one.isprintable()]


@pytest.mark.parametrize("words", [("list",), ("show", "ID"), ("groups",)])
def test_what_a_failure_says_does_not_act(broker: JobBroker, run: Run, words: tuple[str, ...]) -> None:
    """An error, a log and a progress that came from outside cannot paint over the terminal of who looks at them."""

    @dramatiq.actor(broker=broker, max_retries=0)
    def shout() -> None:
        _speak()
        raise LookupError(_ACTING)

    job = shout.send()
    with working(broker):
        until(lambda: 1 == count(broker, JobFilter(states=(JobState.FAILED,))), 10)
    result = run("jobs", *(job.message_id if one == "ID" else one for one in words))

    assert 0 == result.exit_code
    assert [] == _acts(result.stdout)
    assert _SHOWN in result.stdout


def test_what_a_running_job_says_does_not_act(broker: JobBroker, run: Run) -> None:
    """Nor is a bracket in it markup, over which the command would stumble."""
    spoken, go_on = threading.Event(), threading.Event()

    @dramatiq.actor(broker=broker, max_retries=0)
    def mumble(text: str) -> None:
        _speak()
        spoken.set()
        go_on.wait(120)

    mumble.send(_ACTING)
    with working(broker):
        assert spoken.wait(120)
        result = run("top", "--once")
        go_on.set()

    assert 0 == result.exit_code, result.exception
    assert "mumble" in result.stdout
    assert [] == _acts(result.stdout)
