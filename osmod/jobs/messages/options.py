"""The options of a job: those of Dramatiq, and those that Kue's users know.

Each may stand on the actor or on the message; the message's wins.

- `priority`: `low normal medium high critical`, or a whole number, lower runs first (Kue's numbers).
- `attempts`: how often the job is tried in all; 1 means no retry.
- `backoff`: the wait before a retry, see `osmod.jobs.queue.retries`. `max_backoff` (ms) is its ceiling.
- `time_limit`: milliseconds that a run may take.
- `unique`, `unique_until`, `unique_for`, `unique_ttl`: that there is one such job, see `osmod.jobs.messages.unique`.
- `batch`: on the actor alone, how many of its jobs run in one call at most, see `osmod.jobs.messages.batches`.
- `concurrency`: on an `async def` actor alone, how many of its jobs run at once in a worker process, without a thread
  each, see `osmod.jobs.actor`.
- `remove_on_complete`: whether the job leaves no record once it is done. Without it the worker that ran it decides.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Set
from typing import Any

from dramatiq import Actor, Message

from osmod.jobs.errors import InvalidOption, UnknownOption
from osmod.jobs.messages.arguments import parameters
from osmod.jobs.messages.batches import check_batch
from osmod.jobs.messages.bounds import LONGEST, check_moment, check_span
from osmod.jobs.messages.concurrency import check_concurrency
from osmod.jobs.messages.indexing import index_entries
from osmod.jobs.messages.unique import UNIQUE_OPTIONS, check_unique, unique_terms

#: Kue's names for priorities, with Kue's numbers.
PRIORITIES = {"low": 10, "normal": 0, "medium": -5, "high": -10, "critical": -15}
#: Numbers beyond this would not leave a queue enough arrival numbers.
PRIORITY_LIMIT = 2000

#: Options that a message may carry, and an actor, beside those of its middleware.
JOB_OPTIONS = frozenset({"attempts", "backoff", "max_backoff", "remove_on_complete", *UNIQUE_OPTIONS})
ACTOR_OPTIONS = JOB_OPTIONS | {"batch", "concurrency"}
#: Options of Dramatiq's own middleware. A process that only sends may be without that middleware.
_STOCK_OPTIONS = frozenset(
    {
        *("max_age", "time_limit", "notify_shutdown", "throws", "on_success", "on_failure"),
        *("max_retries", "min_backoff", "max_backoff", "retry_when", "on_retry_exhausted"),
        *("pipe_ignore", "store_results", "result_ttl"),
    }
)
#: Of a job that failed and was had run again: between which moments it was not to run, in milliseconds of the epoch.
OUT_OF_QUEUE = "out_of_queue"
#: Options that programs put on messages: ours, Dramatiq's, and periodiq's `scheduled_at`. Nobody misspells them.
#: `label` is what people are to see beside a job, `refused` why it is to fail without being run.
_WRITTEN_BY_PROGRAMS = frozenset(
    {
        *("eta", "redis_message_id", "duplicate_of", "retries", "traceback", "error", "requeue_timestamp"),
        *("label", "refused", OUT_OF_QUEUE),
        *("parent", "group_completion_uuid", "group_completion_callbacks", "pipe_target", "scheduled_at"),
    }
)
#: All that a message may carry.
MESSAGE_OPTIONS = JOB_OPTIONS | _STOCK_OPTIONS | _WRITTEN_BY_PROGRAMS | {"priority", "delay"}


def parse_priority(value: Any) -> int:
    """A priority's number: lower runs first.

    Raises:
      InvalidOption: it is neither a name that Kue knows nor a whole number within ±2000.
    """
    if isinstance(value, str):
        if value in PRIORITIES:
            return PRIORITIES[value]
    elif (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) <= PRIORITY_LIMIT
        and value == math.floor(value)
    ):
        return int(value)
    raise InvalidOption(
        f"priority={value!r}: expected one of {', '.join(PRIORITIES)}, or a whole number from "
        f"-{PRIORITY_LIMIT} (first) to {PRIORITY_LIMIT} (last)"
    )


def parse_attempts(value: Any) -> int:
    """How often a job is tried in all.

    Raises:
      InvalidOption: it is not a whole number of at least 1.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidOption(f"attempts={value!r}: expected a whole number of at least 1")
    return value


def parse_backoff(value: Any, first: int) -> tuple[str, int]:
    """A `backoff` option as its kind and the first wait in milliseconds.

    Raises:
      InvalidOption: it is none of the forms that `osmod.jobs.queue.retries` lists.
    """
    kind, delay = value, first
    if isinstance(value, dict):
        kind, delay = value.get("type", "fixed"), value.get("delay", first)
    elif isinstance(value, int) and not isinstance(value, bool):
        kind, delay = "fixed", value
    if (
        kind not in ("fixed", "exponential")
        or not isinstance(delay, int)
        or isinstance(delay, bool)
        or not 0 <= delay <= LONGEST
    ):
        raise InvalidOption(
            f"backoff={value!r}: expected milliseconds (a hundred years at most), 'fixed', 'exponential', "
            "{'type': 'exponential', 'delay': 500}, or on an actor a function of the attempts made"
        )
    return kind, delay


def refuse_unknown(given: Iterable[str], known: Set[str], subject: str) -> None:
    """Refuse options that nothing understands.

    Raises:
      UnknownOption: names the first of them, and the known one that it resembles.
    """
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known - _WRITTEN_BY_PROGRAMS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(sorted(known))}."
            raise UnknownOption(
                f"unknown option {name!r} for {subject}: {hint} "
                f"An option of your own middleware is made known by broker.message_options.add({name!r})"
            )


def apply_to_actor(actor: Actor[Any, Any]) -> None:
    """Check an actor's options as it is declared, and say them in Dramatiq's words where it has some."""
    actor.priority = parse_priority(actor.priority)
    backoff = actor.options.get("backoff")
    if backoff is not None and not callable(backoff):
        parse_backoff(backoff, 0)
    _check_stock(actor.options)
    if "attempts" in actor.options:
        actor.options.setdefault("max_retries", parse_attempts(actor.options["attempts"]) - 1)
    check_unique(actor.options, f"actor {actor.actor_name!r}", actor)
    check_batch(actor)
    check_concurrency(actor)
    for option in ("index", "sensitive"):
        _check_names(actor, option)


def _check_stock(options: dict[str, Any]) -> None:
    """Refuse what Dramatiq would stumble over only when the job runs, or has failed."""
    for name in ("min_backoff", "max_backoff"):
        if name in options:
            check_span(**{name: options[name]})
    for name in ("time_limit", "max_age"):
        if options.get(name) not in (None, math.inf):
            check_span(**{name: options[name]})
    most = options.get("max_retries")
    if most is not None and (not isinstance(most, (int, float)) or math.isnan(most)):
        raise InvalidOption(f"max_retries={most!r}: expected a whole number, or None for no end")
    throws = options.get("throws") or ()
    kinds = throws if isinstance(throws, tuple) else (throws,)
    if not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds):
        raise InvalidOption(f"throws={throws!r}: expected a class of exceptions, or a tuple of such classes")


def _check_names(actor: Actor[Any, Any], option: str) -> None:
    names, known = actor.options.get(option, ()), parameters(actor)
    if isinstance(names, str):
        raise InvalidOption(f"{option}={names!r}: expected names of arguments, such as ({names!r},)")
    for name in names:
        if known and name not in known:
            raise InvalidOption(
                f"{option}={names!r}: actor {actor.actor_name!r} takes {', '.join(known)}, not {name!r}"
            )


def apply_to_message(message: Message[Any], known: Set[str]) -> None:
    """Check a message's options before it is sent, and say them in Dramatiq's words where it has some."""
    options = message.options
    refuse_unknown(options, known, f"a message of {message.actor_name!r}")
    if not UNIQUE_OPTIONS.isdisjoint(options):
        check_unique(options, f"a message of {message.actor_name!r}", None)
    if callable(options.get("backoff")):
        raise InvalidOption("backoff: a function can only stand on the actor, a message carries values")
    if options.get("backoff") is not None:
        parse_backoff(options["backoff"], 0)
    _check_stock(options)
    if options.get("eta") is not None:
        check_moment("eta", options["eta"])
    if "attempts" in options:
        options.setdefault("max_retries", parse_attempts(options["attempts"]) - 1)


def wire_form(message: Message[Any], actor: Actor[Any, Any] | None, delay: int | None) -> bytes:
    """The terms of a message, which the enqueue script needs beside it; see `lua/enqueue.lua`."""
    options = message.options
    defaults = actor.options if actor is not None else {}
    priority = actor.priority if actor is not None else 0
    due = b""
    extra: dict[str, Any] = {}
    if options:
        if options.get("priority") is not None:
            priority = parse_priority(options["priority"])
        eta = options.get("eta")
        if delay is None and isinstance(eta, (int, float)):
            due = b"a%d" % eta
    if delay is not None:
        due = b"d%d" % max(0, delay)
    if "unique" in defaults or "unique" in options:
        extra = unique_terms(message, actor, defaults)
    remove = options.get("remove_on_complete", defaults.get("remove_on_complete"))
    if remove is not None:
        extra["remove" if remove else "keep"] = 1
    if "index" in defaults:
        extra["index"] = index_entries(actor, message.args, message.kwargs)
    if not (priority or due or extra):
        return b""
    return b"%d %b %b" % (priority, due, json.dumps(extra).encode() if extra else b"")
