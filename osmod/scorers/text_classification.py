"""Endpoint type `text-classification`: a classifier of one's own, such as toxic-bert, behind a server for models.

Two kinds of servers are known by how they are asked: Hugging Face's Text Embeddings Inference ("tei"), which takes a
list of texts for a pair, so that each text stands in a list of its own; and their toolkit around the pipelines of
transformers ("transformers"), which gives the best label alone unless it is asked for all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter

from osmod.batching import Batcher
from osmod.scorers.config import Config
from osmod.scorers.contract import Question, Scored, Unscorable
from osmod.scorers.endpoint import Endpoint, Reply
from osmod.scorers.forms import AttributeName, Probability, of_the_whole

SERVERS = ("tei", "transformers")
#: Texts in one request; what Text Embeddings Inference takes unless it is told otherwise.
BATCH, MOST_BATCH = 32, 1024


class _Label(BaseModel):
    label: AttributeName
    score: Probability


class _Raw(BaseModel):
    label: AttributeName
    score: Annotated[float, Field(allow_inf_nan=False)]


_LABELS = TypeAdapter(list[list[_Label]])
_RAW = TypeAdapter(list[list[_Raw]])


class TextClassificationScorer:
    """Asks for several comments at a time.

    Config: `endpoint`, `apiKey` (sent as a bearer token), `server` ("tei", the default, or "transformers"),
    `attributes` ({label: ATTRIBUTE}, at least one; labels that are not named are left out), `multiLabel` (whether each
    label has a score of its own, as toxic-bert's do, or all of a text's are 1 together), `truncate` (whether the
    server cuts what is too long for the model, true by default), `batch` (texts in one request, at most), `limits`.
    """

    def __init__(self, user_id: int, fields: Mapping[str, Any]) -> None:
        config = Config(user_id, fields)
        key = config.text("apiKey")
        self._server = config.one_of("server", SERVERS)
        self._attributes = config.names("attributes")
        if not self._attributes:
            config.refuse("attributes", 'what labels mean, such as {"toxic": "TOXICITY"}', self._attributes)
        self._multi_label = config.flag("multiLabel", False)
        self._truncate = config.flag("truncate", True)
        batch = config.count("batch", BATCH, MOST_BATCH)
        self.limits = replace(config.limits(), batch=batch)
        self._endpoint = Endpoint(
            config.scorer,
            config.url("endpoint"),
            key=key,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
        self._ask = Batcher(self._ask_for, most=batch, divisible=Unscorable)

    async def score(self, question: Question) -> Scored:
        """Score one comment. See `Scorer`."""
        return of_the_whole(question.text, await self._ask(question.text))

    async def _ask_for(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """For each text the scores by attribute."""
        reply = await self._endpoint.ask(self._request(texts), texts)
        reply.data = _nested(reply.data, len(texts))
        labels = self._read(reply)
        if len(labels) != len(texts):
            reply.fail(f"answered with {len(labels)} results for {len(texts)} texts")
        scores = [
            {self._attributes[label]: score for label, score in of.items() if label in self._attributes}
            for of in labels
        ]
        if not all(scores):
            reply.fail_unnamed("labels", (label for of in labels for label in of))
        return scores

    def _request(self, texts: Sequence[str]) -> dict[str, Any]:
        if self._server == "tei":
            raw = {"raw_scores": True} if self._multi_label else {}
            return {"inputs": [[text] for text in texts], "truncate": self._truncate, **raw}
        each = {"function_to_apply": "sigmoid"} if self._multi_label else {}
        return {"inputs": list(texts), "parameters": {"top_k": None, "truncation": self._truncate, **each}}

    def _read(self, reply: Reply) -> list[dict[str, float]]:
        if self._server == "tei" and self._multi_label:
            # Its own way, softmax, would share 1 among the labels.
            return [{one.label: _sigmoid(one.score) for one in of} for of in reply.read(_RAW)]
        return [{one.label: one.score for one in of} for of in reply.read(_LABELS)]


def _nested(data: Any, texts: int) -> Any:
    """One list a text, whichever way the server answers: labels of a lone text alone, or the best label of each."""
    if not isinstance(data, list) or not data or not all(isinstance(one, dict) for one in data):
        return data
    return [data] if texts == 1 else [[one] for one in data]


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
