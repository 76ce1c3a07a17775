"""Having the handlers of a command's log write in our form: Dramatiq's and periodiq's commands set them up first."""

from __future__ import annotations

import logging
import sys
from typing import Any

from dramatiq.cli import LOGFORMAT

#: `LOG_FORMAT`: lines for people, or an object of JSON a line.
FORMATS = CONSOLE, JSON = ("console", "json")
#: `LOG_LEVEL`.
LEVELS = ("debug", "info", "warning", "error")

#: What Dramatiq says of the outcomes of jobs. `tests/logs` sees to it that it still says so.
DRAMATIQ_SAYS = frozenset(
    {
        "Failed to process message %s with expected exception %s.",
        "Failed to process message %s with unhandled exception.",
        "Rate limit exceeded in message %s: %s.",
        "Message %s was skipped.",
        "Aborting message %r.",
        "Retries exceeded for message %r.",
        "Retrying message %r in %d milliseconds.",
        "Message %r has exceeded its age limit.",
        "Received message for undefined actor %r. Moving it to the DLQ.",
    }
)


def of_command() -> bool:
    """Whether this is a process of Dramatiq's, periodiq's or our command, as far as its log tells."""
    lines: Any = sys.modules.get("osmod.jobs.logs.lines")  # Loaded where a log has our form already.
    ours = lines is not None and any(
        isinstance(one.formatter, lines.LineFormatter) for one in logging.getLogger().handlers
    )
    return ours or bool(_commands_handlers())


def take_over(form: str, level: str = "") -> None:
    """Have a command's own handlers of the root logger write in our form. Those that others added stay as they are.

    A handler is a command's if it writes in Dramatiq's format; where there is none, nothing happens.

    Parameters:
      form: one of `FORMATS`.
      level: one of `LEVELS`; if empty, or if the command was asked for more (`-v`), what the command set stands.
    """
    commands = _commands_handlers()
    if not commands:
        return
    # Late: it takes its time to load, and senders have no use for it.
    from osmod.jobs.logs.lines import LineFormatter

    root = logging.getLogger()
    for handler in commands:
        terminal = isinstance(handler, logging.StreamHandler) and handler.stream.isatty()
        handler.setFormatter(LineFormatter(json=form == JSON, colors=terminal))
    if level and root.level != logging.DEBUG:
        root.setLevel(level.upper())


def _commands_handlers() -> list[logging.Handler]:
    return [
        one
        for one in logging.getLogger().handlers
        if one.formatter is not None and one.formatter._fmt == LOGFORMAT
    ]


def leave_out_dramatiqs() -> None:
    """Write from now on nothing of what Dramatiq says of the outcomes of jobs. Handlers of others get it as before."""
    from osmod.jobs.logs.lines import LineFormatter  # late, as above

    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, LineFormatter):
            handler.addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return not isinstance(record.msg, str) or record.msg not in DRAMATIQ_SAYS
