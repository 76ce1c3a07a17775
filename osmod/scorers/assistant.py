"""Endpoint type `assistant`: OSMod's assistant protocol, answered at once or later, by a callback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from osmod.scorers.config import Config
from osmod.scorers.contract import Question, Scored, ScorerAway
from osmod.scorers.endpoint import Endpoint
from osmod.scorers.forms import AttributeName, FewEnough, Probability, Span


class _Span(Span):
    score: Probability


class _Answer(BaseModel):
    scores: Annotated[dict[AttributeName, list[_Span]], FewEnough] = Field(default_factory=dict)
    summaries: Annotated[dict[AttributeName, Probability], FewEnough] = Field(
        default_factory=dict, alias="summaryScores"
    )


_ANSWER = TypeAdapter(_Answer)


class AssistantScorer:
    """Posts a comment with its article and the comment that it answers.

    Config: `endpoint`, `apiKey` (sent as the header `Authorization`, as it is), `sync` (whether it is asked to answer
    at once, true by default), `limits`.
    """

    def __init__(self, user_id: int, fields: Mapping[str, Any]) -> None:
        config = Config(user_id, fields)
        key = config.text("apiKey")
        self._sync = config.flag("sync", True)
        self.limits = config.limits()
        self._endpoint = Endpoint(
            config.scorer, config.url("endpoint"), key=key, headers={"Authorization": key} if key else {}
        )

    async def score(self, question: Question) -> Scored | None:
        """Score one comment, or have it scored: whoever does not answer at once does so later. See `Scorer`."""
        reply = await self._endpoint.ask(_request(question, self._sync), _texts(question))
        said = reply.data
        if said is None or (
            isinstance(said, dict) and not said.keys() & {"scores", "summaryScores", "error"}
        ):
            return None
        if isinstance(said, dict) and said.get("error"):
            reply.fail(f"could not score: {said['error']}", ScorerAway)
        answer = reply.read(_ANSWER)
        return Scored(
            {
                "scores": {
                    name: [span.model_dump(exclude_none=True) for span in spans]
                    for name, spans in answer.scores.items()
                },
                "summaryScores": answer.summaries,
            }
        )


def _request(question: Question, sync: bool) -> dict[str, Any]:
    """The body as OSMod sends it."""
    body = {
        "sync": sync,
        "includeSummaryScores": True,
        "comment": {"plainText": question.text, **question.comment},
        "article": question.article,
        "links": question.links,
    }
    return body | ({"inReplyToComment": question.in_reply_to} if question.in_reply_to else {})


def _texts(question: Question) -> list[str]:
    """Whatever people wrote."""
    shown = (question.comment, question.article or {}, question.in_reply_to or {})
    texts = [part[name] for part in shown for name in ("plainText", "htmlText") if part.get(name)]
    return [question.text, *question.context, *texts]
