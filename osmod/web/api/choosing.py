"""Which jobs a request means: the same conditions as the command line's options, as parameters of the query."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Query

from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.naming import AmbiguousId, actor_name, meant
from osmod.jobs.records.typed import moment_of
from osmod.jobs.states import JobState
from osmod.web.api.queue import Queue, Text
from osmod.web.problems import Problem

State = Literal["waiting", "delayed", "active", "done", "failed", "cancelled"]
ActorName = Annotated[
    Text | None,
    Query(
        min_length=1,
        description="Jobs of this actor, in either spelling.",
        examples=["sendCommentForScoring", "accept_comments"],
    ),
]
QueueName = Annotated[
    Text | None, Query(min_length=1, description="Jobs of this queue.", examples=["default"])
]
ErrorName = Annotated[
    Text | None,
    Query(
        min_length=1,
        description="Jobs whose last run failed by this class of error.",
        examples=["TimeoutError"],
    ),
]
When = Annotated[
    Text | None,
    Query(
        description="A moment, ISO 8601, or a length of time ago.",
        examples=["2026-05-01T12:00:00Z", "2 hours"],
    ),
]


def wanted_jobs(
    broker: Queue,
    id: Annotated[
        list[Text], Query(max_length=1_000, description="Jobs of these ids, or of how one begins.")
    ] = [],  # noqa: B006 - FastAPI copies it
    actor: ActorName = None,
    queue: QueueName = None,
    state: Annotated[list[State], Query(max_length=6, description="Jobs in one of these states.")] = [],  # noqa: B006
    error: ErrorName = None,
    since: When = None,
    until: When = None,
    argument: Annotated[
        list[Text],
        Query(
            max_length=20,
            description="Jobs with this argument, as name=value; may be given again.",
            examples=[["comment_id=12"]],
        ),
    ] = [],  # noqa: B006
    parent: Annotated[
        Text | None, Query(description="Jobs that the job of this id sent while it ran.")
    ] = None,
    word: Annotated[
        list[Text],
        Query(
            max_length=20,
            description="Jobs with this text in their actor's name, a value of an argument, or their error; may be "
            "given again.",
        ),
    ] = [],  # noqa: B006
) -> JobFilter:
    """The jobs of which all that is given is true.

    Raises:
      Problem: 422, a value makes no sense, or an id is the beginning of several.
    """
    wanted = JobFilter(
        ids=tuple(id),
        actor=actor,
        queue=queue,
        states=tuple(JobState(one) for one in state),
        error=error,
        since=moment("since", since),
        until=moment("until", until),
        arguments=dict(_pair(one) for one in argument),
        parent=parent,
        words=tuple(word),
    )
    return with_names(broker, wanted)


def failed_jobs(
    broker: Queue, actor: ActorName = None, queue: QueueName = None, error: ErrorName = None
) -> JobFilter:
    """The failures to be gathered."""
    return with_names(broker, JobFilter(actor=actor, queue=queue, error=error))


def with_names(broker: Queue, wanted: JobFilter) -> JobFilter:
    """The jobs that are meant, with the names that actors have and whole ids.

    Raises:
      Problem: 422, an id is the beginning of several.
    """
    try:
        return meant(broker, wanted)
    except AmbiguousId as error:
        raise Problem(422, f"{error}.", field="id") from None


def name_of(broker: Queue, typed: str | None) -> str | None:
    """The name of the actor that is meant, if one is."""
    return actor_name(broker, typed) if typed else None


def moment(name: str, text: str | None) -> datetime | None:
    """The moment that a parameter means.

    Raises:
      Problem: 422, it is none.
    """
    if text is None:
        return None
    try:
        return moment_of(text)
    except ValueError as error:
        raise Problem(422, f"{name}: {error}", field=name) from None


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        detail = f"argument={text[:40]!r}: expected name=value, such as comment_id=12."
        raise Problem(422, detail, field="argument")
    return name, value


Wanted = Annotated[JobFilter, Depends(wanted_jobs)]
Failed = Annotated[JobFilter, Depends(failed_jobs)]
