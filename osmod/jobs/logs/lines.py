"""How log lines look: one form for all libraries, with the job at work in each line, or the request.

structlog gives the lines their form; whoever logs uses `logging` as ever, and `extra=` for fields.
"""

from __future__ import annotations

import json
import logging
from copy import copy
from datetime import UTC, datetime
from typing import Any

from structlog.contextvars import get_contextvars
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict, Processor

from osmod.jobs.logs.saying import on_lines, on_one_line, said, secrets_of
from osmod.jobs.messages.arguments import scrubbed
from osmod.jobs.queue.job import running

#: What `logging` itself puts on records that a queue has carried to another thread; no extra can have these names.
_CARRIED = ("message", "asctime")
#: Fields that the sentence of a line says already, or that only programs read.
_NOT_FOR_PEOPLE = ("outcome", "reason", "thread")


class LineFormatter(ProcessorFormatter):
    """Makes a line of a record: moment, level, sentence, logger, fields, the job at work, process and thread.

    Parameters:
      json: whether it is an object of JSON, or for people.
      colors: whether it has colours, for people.
    """

    def __init__(self, *, json: bool, colors: bool = False) -> None:
        people = ConsoleRenderer(
            colors=colors, pad_event_to=0, sort_keys=False, exception_formatter=plain_traceback
        )
        line: list[Processor] = [JSONRenderer(_as_json)] if json else [_for_people, people]
        super().__init__(
            foreign_pre_chain=[
                *(_when, add_log_level, add_logger_name, ExtraAdder()),
                *(_of_the_request, _of_the_job, _where),
            ],
            processors=[self.remove_processors_meta, *line],
        )

    def format(self, record: logging.LogRecord) -> str:
        """The line. What cannot be filled in is said to be so: `logging` would write a traceback with the values."""
        try:
            record.getMessage()
        except Exception as error:  # noqa: BLE001 - of what a library logs: what its values do when they are shown
            record = copy(record)
            record.msg, record.args = f"{record.msg!r} cannot be filled in ({type(error).__name__})", ()
        return super().format(record)


def _when(_logger: Any, _method: str, event: EventDict) -> EventDict:
    moment = datetime.fromtimestamp(event["_record"].created, UTC)
    return {"timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"), **event}


def _where(_logger: Any, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    for name in _CARRIED:
        event.pop(name, None)
    return {**event, "pid": record.process, "thread": record.threadName}


def _of_the_request(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Name what this thread answers: what was bound in structlog's context."""
    return {**event, **get_contextvars()}


def _of_the_job(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Name the job at work, and take out what its actor calls sensitive.

    What was raised is shown in one line while a job runs, as its record has the traceback; at DEBUG, and where
    nothing runs, at length.
    """
    job, raised = running.get(), event.pop("exc_info", None)
    hidden = secrets_of(job) if job is not None else []
    if raised and job is not None and not logging.getLogger().isEnabledFor(logging.DEBUG):
        event["error"] = said(raised[1], hidden)
    elif raised:
        event["exception"] = logging.Formatter().formatException(raised)
    if job is None:
        return event
    if hidden:
        event = {key: value if key == "_record" else _clean(value, hidden) for key, value in event.items()}
    return {**event, "job": job.message_id, "actor": job.actor_name}


def _clean(value: Any, hidden: list[str]) -> Any:
    text = str(value)
    clean = scrubbed(text, hidden)
    return value if clean == text else clean


def _for_people(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """One line, and nothing twice."""
    for name in _NOT_FOR_PEOPLE:
        event.pop(name, None)
    event["event"] = on_one_line(str(event["event"]))
    event["logger"] = on_one_line(str(event["logger"]))
    if "exception" in event:
        event["exception"] = on_lines(event["exception"])
    return {on_one_line(name): value for name, value in event.items()}


def _as_json(event: dict[str, Any], **options: Any) -> str:
    """An object of JSON. What JSON does not have, in whatever depth, stands as text, with all of its field."""
    try:
        return json.dumps(event, allow_nan=False, **options)
    except (TypeError, ValueError):  # A key that is no text, not a number, itself.
        return json.dumps(
            {
                name: value if isinstance(value, str | int | None) else repr(value)
                for name, value in event.items()
            },
            **options,
        )
