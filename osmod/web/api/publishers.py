"""`/publishers/{publisher}/test`: sending a webhook a text, as the command line and the page do."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from osmod.moderation.database import open_session
from osmod.moderation.models import now
from osmod.operating.publisher_trial import LONGEST, try_publisher
from osmod.operating.publishers import PublisherState, publisher_states
from osmod.task import get_engine
from osmod.web.api.answers import answers
from osmod.web.api.queue import Operator, Queue, Reason, Text, known_query, who
from osmod.web.api.shapes.publishers import PublisherTrial
from osmod.web.problems import Problem

router = APIRouter(prefix="/publishers", tags=["publishers"], dependencies=[Depends(known_query)])


class Told(BaseModel):
    """What is sent."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(min_length=1, max_length=LONGEST)


_TRIAL = {
    "publisher": 5,
    "message_id": "test-5e1f0c9a",
    "seconds": 0.12,
    "status": 204,
    "answer": "",
    "problem": "",
}


def known(
    publisher: Annotated[int, Path(description="The id of the user.", ge=1, le=2**63 - 1)],
) -> PublisherState:
    """The publisher that is meant.

    Raises:
      Problem: 404, there is none of this id.
    """
    with open_session(get_engine()) as session:
        for one in publisher_states(session, now()):
            if one.standing.owner_id == publisher:
                return one
    raise Problem(404, f"There is no publisher {publisher}.", field="publisher")


@router.post("/{publisher}/test", **answers(PublisherTrial, _TRIAL, 400, 404, 413))
def send_test(
    caller: Operator,
    broker: Queue,
    state: Annotated[PublisherState, Depends(known)],
    told: Told,
    reason: Reason = "",
) -> dict[str, Any]:
    """Send its webhook a text, here and now, signed, past the order of deliveries; 30 seconds at most.

    Answered 200 whatever the webhook said: `problem` says why it was not acknowledged, and is empty where it was.
    """
    return try_publisher(broker, state, told.text, by=who(caller), reason=reason).as_dict()
