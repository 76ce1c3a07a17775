"""The commands that act on jobs, made from the table of acts."""

from __future__ import annotations

from typing import Any

import click

from osmod.cli.acting import following
from osmod.cli.job_choice import choosing_jobs
from osmod.cli.naming import meant
from osmod.cli.queue_access import (
    EXIT_CODES,
    confirm,
    counted,
    explaining,
    job_broker,
    nothing_fits,
    print_json,
    rehearsed,
)
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import InvalidOption
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import count
from osmod.jobs.records.naming import unknown
from osmod.jobs.steering.table import Act, Outcome, Parameter


def command_of(act: Act) -> click.Command:
    """The command that does an act: to which jobs, and whether to ask, is said by its options."""

    @choosing_jobs
    @click.option("--all", "every", is_flag=True, help="All jobs on which it can be done.")
    @click.option("--yes", "-y", is_flag=True, help="Do not ask.")
    @explaining
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    def run(
        wanted: JobFilter, every: bool, yes: bool, dry_run: bool, reason: str, as_json: bool, **typed: str
    ) -> None:
        if wanted == JobFilter() and not every:
            raise click.UsageError(f"say which jobs to {act.name}: an id, conditions, or --all.")
        told = {name: _read(act.parameter, text) for name, text in typed.items() if act.parameter}
        broker = job_broker()
        wanted = meant(broker, wanted)
        if dry_run:
            _rehearse(broker, act, wanted, reason, as_json, typed)
            return
        if reason:
            told["reason"] = reason
        if not wanted.ids and not yes:
            _ask(broker, act, wanted, as_json, typed)
        with following(act.past) as course:
            outcome = act.run(broker, wanted, course=course, **told)
        # Jobs may be fit and be left alone all the same, as one whose unique key another has.
        if not outcome.count and not count(broker, act.affected(wanted)):
            _nothing_fits(broker, act, wanted, as_json)
        _print(act, outcome, course.meant, as_json)

    if act.parameter is not None:
        run = _option(act.parameter)(run)
    return click.command(act.name, help=act.sentence, epilog=EXIT_CODES)(run)


def _option(parameter: Parameter) -> Any:
    return click.option(
        f"--{parameter.name}",
        parameter.name,
        required=True,
        metavar=parameter.stands_for,
        help=parameter.sentence,
    )


def _read(parameter: Parameter, text: str) -> Any:
    try:
        return parameter.read(text)
    except InvalidOption as error:
        raise click.UsageError(str(error)) from None


def _rehearse(
    broker: JobBroker, act: Act, wanted: JobFilter, reason: str, as_json: bool, typed: dict[str, str]
) -> None:
    number = act.rehearse(broker, wanted, reason=reason).count
    if not number:
        _nothing_fits(broker, act, wanted, as_json)
    rehearsed(f"{counted(number)} would {act.future.format(**typed)}", number, as_json=as_json)


def _ask(broker: JobBroker, act: Act, wanted: JobFilter, as_json: bool, typed: dict[str, str]) -> None:
    number = count(broker, act.affected(wanted))
    if not number:
        _nothing_fits(broker, act, wanted, as_json)
    confirm(act.would(broker, wanted, number, **typed), number)


def _nothing_fits(broker: JobBroker, act: Act, wanted: JobFilter, as_json: bool) -> None:
    nothing_fits(
        act.fits_no_job,
        *unknown(broker, wanted),
        json={"count": 0} if as_json else None,
    )


def _print(act: Act, outcome: Outcome, found: int, as_json: bool) -> None:
    if as_json:
        print_json(outcome.as_dict())
        return
    click.echo(act.did(outcome, found))
