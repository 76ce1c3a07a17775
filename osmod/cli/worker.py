"""`osmod worker`: `dramatiq worker`, with dead processes replaced, and figures shown."""

from __future__ import annotations

import argparse
import os
import sys

import click

from osmod.cli.listening import listening_problem
from osmod.settings import get_settings


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def worker(arguments: tuple[str, ...]) -> None:
    """Run workers as `dramatiq worker` does; replace a process that dies, grows or has run enough jobs."""
    from osmod.jobs.worker.supervisor import main, parse  # late: it loads Dramatiq

    options = parse([*arguments], _add_options)
    for name in ("metrics_port", "metrics_host"):
        if (
            given := getattr(options, name)
        ) is not None:  # the worker processes read it from their environment
            os.environ[f"OSMOD_{name.upper()}"] = str(given)
    if options.broker == "worker":
        _look_first()
    settings = get_settings()
    if settings.metrics_port and (
        problem := listening_problem(settings.metrics_host, settings.metrics_port, "--metrics-")
    ):
        raise click.ClickException(problem)
    log = ["--log-format", settings.log_format]
    if settings.log_level:
        log += ["--log-level", settings.log_level]
    sys.exit(main([*log, *arguments], _add_options, ahead="osmod.ahead"))


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--metrics-port",
        type=int,
        metavar="PORT",
        help="show Prometheus' figures at http://HOST:PORT/metrics, and count jobs by actor for them "
        "(default: OSMOD_METRICS_PORT, else not)",
    )
    parser.add_argument(
        "--metrics-host",
        metavar="HOST",
        help="where to listen for that; no token is asked for (default: OSMOD_METRICS_HOST, else 127.0.0.1)",
    )


def _look_first() -> None:
    """Say once what each process would."""
    from osmod.jobs.errors import end_process
    from osmod.jobs.inline import NO_QUEUE
    from osmod.jobs.preflight import end_unless_usable

    end_unless_usable()
    if get_settings().run_immediately:
        end_process(f"{NO_QUEUE}.")
