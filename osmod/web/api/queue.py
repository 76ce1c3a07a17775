"""What the routes on jobs share: the queue, who asks, and which parameters a query may have."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any

import dramatiq
from fastapi import Depends, Path, Query
from pydantic import AfterValidator
from starlette.requests import Request

from osmod.access.callers import Caller
from osmod.access.roles import Permission
from osmod.jobs.broker import JobBroker
from osmod.web.guard import needs
from osmod.web.problems import Problem

#: Whoever may see jobs, and whoever may steer them.
Viewer = Annotated[Caller, needs(Permission.SEE_JOBS)]
Operator = Annotated[Caller, needs(Permission.STEER_JOBS)]


def the_queue() -> JobBroker:
    """The queue of this process.

    Raises:
      Problem: 409, where there is none.
    """
    broker = dramatiq.get_broker()
    if not isinstance(broker, JobBroker):
        detail = "WORKER_RUN_IMMEDIATELY is set: tasks run where they are sent, there is no queue."
        raise Problem(409, detail, title="No queue")
    return broker


Queue = Annotated[JobBroker, Depends(the_queue)]


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is no text") from None
    return text


#: A text that can be sent on: JSON may hold what is none.
Text = Annotated[str, AfterValidator(_encodable)]
JobId = Annotated[Text, Path(description="The job's id, or its first six characters and more.")]
Reason = Annotated[Text, Query(max_length=1_000, description="Why; the audit log keeps it.")]
DryRun = Annotated[bool, Query(description="Count what is meant, and change nothing. The audit log has it.")]
Confirm = Annotated[
    int | None,
    Query(
        ge=0, description="How many are meant, as the answer 409 says: so nothing is done to more than that."
    ),
]


def who(caller: Caller) -> str:
    """A caller as the audit log has it."""
    return f"{caller.name} (user {caller.user_id})" if caller.name else f"user {caller.user_id}"


def known_query(request: Request) -> None:
    """Refuse parameters that a route does not take: a condition that is misspelt would mean all jobs.

    Raises:
      Problem: 422, with what was meant.
    """
    taken = {"token", *_parameters(request.scope["route"].dependant)}
    for name in request.query_params:
        if name not in taken:
            near = get_close_matches(name, taken, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(taken))}."
            raise Problem(422, f"There is no parameter {name[:40]!r} here; {hint}", field=name[:40])


def _parameters(dependant: Any) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for inner in dependant.dependencies:
        yield from _parameters(inner)


def confirmed(confirm: int | None, count: int, sentence: str) -> None:
    """Let an act on so many go on only if they were counted before.

    Raises:
      Problem: 409, with their number.
    """
    if confirm != count:
        detail = f"{sentence} Nothing was changed; repeat it with confirm={count} to do it."
        raise Problem(409, detail, title="Confirmation needed", field="confirm", count=count)
