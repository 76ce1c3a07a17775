"""Endpoint type `openai-moderation`: OpenAI's moderation endpoint, and services that answer as it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter

from osmod.batching import Batcher
from osmod.scorers.config import Config
from osmod.scorers.contract import Question, Scored, Unscorable
from osmod.scorers.endpoint import Endpoint
from osmod.scorers.forms import AttributeName, FewEnough, Probability, of_the_whole

ENDPOINT = "https://api.openai.com/v1/moderations"
MODEL = "omni-moderation-latest"
#: Texts in one request.
BATCH, MOST_BATCH = 32, 1024


class _Result(BaseModel):
    #: Older models have none for newer categories.
    category_scores: Annotated[dict[AttributeName, Probability | None], FewEnough]


class _Answer(BaseModel):
    results: list[_Result]


_ANSWER = TypeAdapter(_Answer)


class OpenaiModerationScorer:
    """Asks for several comments at a time.

    Config: `apiKey` (sent as a bearer token), `endpoint` and `model` (OpenAI's by default), `attributes` ({category:
    ATTRIBUTE}; categories that are not named are left out; without it each has its own name, as in
    HARASSMENT_THREATENING), `batch` (texts in one request, at most), `limits`.
    """

    def __init__(self, user_id: int, fields: Mapping[str, Any]) -> None:
        config = Config(user_id, fields)
        key = config.text("apiKey")
        self._model = config.text("model", MODEL)
        self._attributes = config.names("attributes")
        batch = config.count("batch", BATCH, MOST_BATCH)
        self.limits = replace(config.limits(), batch=batch)
        self._endpoint = Endpoint(
            config.scorer,
            config.url("endpoint", ENDPOINT),
            key=key,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
        self._ask = Batcher(self._ask_for, most=batch, divisible=Unscorable)

    async def score(self, question: Question) -> Scored:
        """Score one comment. See `Scorer`."""
        scores = await self._ask(question.text)
        return of_the_whole(question.text, {self._attribute(name): score for name, score in scores.items()})

    async def _ask_for(self, texts: Sequence[str]) -> list[dict[str, float]]:
        reply = await self._endpoint.ask({"model": self._model, "input": list(texts)}, texts)
        results = reply.read(_ANSWER).results
        if len(results) != len(texts):
            reply.fail(f"answered with {len(results)} results for {len(texts)} texts")
        scores = [
            {
                name: score
                for name, score in result.category_scores.items()
                if score is not None and (not self._attributes or name in self._attributes)
            }
            for result in results
        ]
        if not all(scores):
            reply.fail_unnamed("categories", (name for result in results for name in result.category_scores))
        return scores

    def _attribute(self, category: str) -> str:
        return self._attributes.get(category) or category.upper().replace("/", "_").replace("-", "_")
