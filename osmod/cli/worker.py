"""`osmod worker`: `dramatiq worker`, with dead processes replaced."""

from __future__ import annotations

import sys

import click

from osmod.settings import get_settings


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def worker(arguments: tuple[str, ...]) -> None:
    """Run workers as `dramatiq worker` does; replace a process that dies, grows or has run enough jobs."""
    from osmod.jobs.worker.supervisor import main, parse  # late: it loads Dramatiq

    if parse([*arguments]).broker == "worker":
        _look_first()
    settings = get_settings()
    log = ["--log-format", settings.log_format]
    if settings.log_level:
        log += ["--log-level", settings.log_level]
    sys.exit(main([*log, *arguments]))


def _look_first() -> None:
    """Say once what each process would."""
    from osmod.jobs.errors import end_process
    from osmod.jobs.inline import NO_QUEUE
    from osmod.jobs.preflight import end_unless_usable

    end_unless_usable()
    if get_settings().run_immediately:
        end_process(f"{NO_QUEUE}.")
