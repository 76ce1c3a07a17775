"""The commands that act on jobs: one for each act of the table, and none looks for jobs more often than it must."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from dramatiq import Actor

from osmod.cli.job_acts import command_of
from osmod.jobs import steering
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.states import JobState
from osmod.jobs.steering.course import Course
from tests.jobs.records.conftest import Run
from tests.jobs.records.taking import end, taken


def walks(broker: JobBroker) -> int:
    """How many stretches of sets were walked since the server's counts were set to 0."""
    stats: dict[str, Any] = broker.client.info("commandstats")
    return int(stats.get("cmdstat_zrevrange", {"calls": 0})["calls"])


@pytest.mark.parametrize("act", steering.ACTS, ids=lambda act: act.name)
def test_each_act_of_the_table_is_a_command_with_its_help(run: Run, act: steering.Act) -> None:
    """What it does, which jobs it takes, how to ask less."""
    shown = " ".join(run("jobs", act.name, "--help").stdout.split())

    assert act.sentence in shown
    assert all(option in shown for option in ("--error", "--all", "--yes", "--json"))
    assert f"{act.name} " in run("jobs", "--help").stdout


def test_an_act_that_is_added_has_its_command(broker: JobBroker, accept: Actor[..., None]) -> None:
    """With what it has to be told, read from what was typed."""
    met: list[object] = []

    def tag(broker: JobBroker, wanted: JobFilter, *, size: int, by: str | None = None, course: Course) -> int:
        met.append((wanted.actor, size, by))
        return size

    act = steering.Act(
        "tag",
        "Tag waiting jobs.",
        (JobState.WAITING,),
        "be tagged with {size}",
        "tagged",
        tag,
        steering.Parameter("size", "SIZE", "How large.", int),
    )
    accept.send(12)
    words = ["--actor", "acceptComments", "--size", "3"]

    asked = CliRunner().invoke(command_of(act), words)
    done = CliRunner().invoke(command_of(act), [*words, "--yes"])

    assert "1 job would be tagged with 3. Add --yes to do it.\n" == asked.stderr
    assert "3 jobs tagged\n" == done.stdout
    assert [("acceptComments", 3, None)] == met


def test_who_does_not_ask_does_not_count(broker: JobBroker, run: Run, accept: Actor[..., None]) -> None:
    """With `--yes` the jobs are looked for once, by the act itself; with a question, once for its number, too."""
    broker.send_many([accept.message(number) for number in range(50)])
    end(broker, 50, TimeoutError("no answer"))
    words = ("jobs", "retry", "--error", "TimeoutError")

    broker.client.config_resetstat()
    assert 4 == run(*words).exit_code
    assert 1 == walks(broker)

    broker.client.config_resetstat()
    assert "50 jobs retried\n" == run(*words, "--yes").stdout
    assert 1 == walks(broker)


def test_a_cancel_says_how_many_are_running(broker: JobBroker, run: Run, accept: Actor[..., None]) -> None:
    """Before, and after."""
    accept.send(1)
    with taken(broker, 1):
        accept.send(2)
        asked = run("jobs", "cancel", "--all")
        assert "2 jobs would be cancelled, 1 of them interrupted while running. Add --yes to do it.\n" == (
            asked.stderr
        )
        assert "1 job cancelled, 1 job being interrupted\n" == run("jobs", "cancel", "--all", "--yes").stdout


def test_a_job_that_fits_and_is_left_alone_is_no_error(
    broker: JobBroker, run: Run, accept: Actor[..., None]
) -> None:
    """Its unique key is another's by now: none was retried, though one failed."""
    failed = accept.send_with_options(args=(1,), unique="key").message_id
    end(broker, 1, ValueError("bad"))
    accept.send_with_options(args=(1,), unique="key")

    result = run("jobs", "retry", failed)

    said = "0 jobs retried; 1 was left as it is: changed meanwhile, or another job has the unique key\n"
    assert (0, said) == (result.exit_code, result.stdout)


def test_a_priority_that_makes_no_sense_is_refused_before_anything_is_asked(
    broker: JobBroker, run: Run, accept: Actor[..., None]
) -> None:
    """Exit code 2, with what may be given."""
    accept.send(1)

    result = run("jobs", "prioritise", "--to", "urgent", "--all")

    assert 2 == result.exit_code
    assert "priority='urgent': expected one of low, " in result.output
    assert (
        "1 job would have priority -3. Add --yes" in run("jobs", "prioritise", "--to", "-3", "--all").stderr
    )
    assert 1 == count(broker, JobFilter(states=(JobState.WAITING,)))
