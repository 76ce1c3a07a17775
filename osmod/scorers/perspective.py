"""Endpoint type `perspective-api`: the Perspective API, and services that answer as it does."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import unquote

import httpx
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from osmod.outgoing.urls import shown
from osmod.scorers.config import Config
from osmod.scorers.contract import UNLIMITED, KeyRefused, Limits, Question, Scored, Unscorable
from osmod.scorers.endpoint import Endpoint
from osmod.scorers.forms import AttributeName, FewEnough, Probability, Span, unversioned

#: Where the Perspective API scores comments.
ANALYZE = "https://commentanalyzer.googleapis.com/v1alpha1/comments:analyze"
#: What stands for it in OSMod's configurations: its discovery documents, which are not fetched.
DISCOVERY = re.compile(
    r"https?://(?:commentanalyzer\.googleapis\.com(?:/?|/\$discovery/rest)"
    r"|(?:www\.)?googleapis\.com/discovery/v1/apis/commentanalyzer/v1alpha1/rest)"
)
#: What Google gives a key that has not asked for more.
GOOGLES_LIMITS = Limits(per_second=1, per_minute=60)
#: Bytes of text, in UTF-8, that Perspective takes.
MOST_BYTES = 20_480

_log = logging.getLogger(__name__)


class _Score(BaseModel):
    value: Probability


class _Span(Span):
    score: _Score


class _Attribute(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    spans: list[_Span] | None = Field(None, alias="spanScores")
    summary: _Score | None = Field(None, alias="summaryScore")


class _Answer(BaseModel):
    attributes: Annotated[dict[AttributeName, _Attribute], FewEnough] | None = Field(
        None, alias="attributeScores"
    )


_ANSWER = TypeAdapter(_Answer)


class PerspectiveScorer:
    """Asks one endpoint with one key.

    Config: `endpoint` (the URL of `comments:analyze`, or a discovery document of the Perspective API),
    `apiKey` (sent as the query parameter `key`; without it none is sent), `attributes` ({NAME: {scoreType?,
    scoreThreshold?}}, at least one), `userAgent` (begins the client token), `languages` (["en"] by default),
    `doNotStore` (whether the service is told to forget the comment), `limits`.
    """

    def __init__(self, user_id: int, fields: Mapping[str, Any]) -> None:
        config = Config(user_id, fields)
        key = config.text("apiKey")
        self._user_agent = config.text("userAgent")
        self._attributes = _checked_attributes(config)
        self._languages = config.texts("languages", ["en"])
        self._do_not_store = config.flag("doNotStore", False)
        url = _analyze_url(config)
        self.limits = config.limits(GOOGLES_LIMITS if url.host == httpx.URL(ANALYZE).host else UNLIMITED)
        if key:
            url = url.copy_set_param("key", key)
        self._endpoint = Endpoint(config.scorer, url, key=key)

    async def score(self, question: Question) -> Scored:
        """Ask the service about one comment. See `Scorer`."""
        text = _beginning(question.text)
        try:
            reply = await self._endpoint.ask(self._request(question, text), (text, *question.context))
        except Unscorable as error:
            if "API_KEY_INVALID" in error.body:  # Google's 400
                raise KeyRefused(str(error), error.body) from None
            raise
        scored = _unpacked(question, reply.read(_ANSWER))
        if text != question.text:
            size = {"bytes": len(_utf8(text)), "of": len(_utf8(question.text))}
            scored["extra"] = {"truncated": size}
        return Scored(scored)

    def _request(self, question: Question, text: str) -> dict[str, Any]:
        """The body as OSMod sends it; a missing user agent is "undefined" there, too (quirk 13)."""
        return {
            "comment": {"text": text},
            "context": {"entries": [{"text": _beginning(text)} for text in question.context]},
            "requestedAttributes": self._attributes,
            "languages": self._languages,
            "clientToken": f"{self._user_agent or 'undefined'}_request{question.request_id}",
            "spanAnnotations": True,
        } | ({"doNotStore": True} if self._do_not_store else {})


def _checked_attributes(config: Config) -> dict[str, Any]:
    attributes = config.value("attributes")
    well_formed = isinstance(attributes, dict) and all(isinstance(of, dict) for of in attributes.values())
    if not well_formed or not attributes:
        config.refuse("attributes", 'what to score, such as {"TOXICITY": {}}', attributes)
    return dict(attributes)


def _analyze_url(config: Config) -> httpx.URL:
    remedy = f"for the Perspective API that is {ANALYZE}"
    url = config.url("endpoint", remedy=remedy)
    bare = unquote(str(url.copy_with(query=None, fragment=None)))
    if DISCOVERY.fullmatch(bare):
        rest = url.params.remove("version").remove("$alt")
        return httpx.URL(ANALYZE, params=rest) if rest else httpx.URL(ANALYZE)
    if "/$discovery/" in bare:
        config.refuse("endpoint", "the http(s) URL that comments are posted to", shown(str(url)), remedy)
    return url


def _beginning(text: str) -> str:
    """As much of a text as the service takes, in whole characters."""
    encoded = _utf8(text)
    return text if len(encoded) <= MOST_BYTES else encoded[:MOST_BYTES].decode("utf-8", "ignore")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _unpacked(question: Question, answer: _Answer) -> dict[str, Any]:
    """The answer in the form of a job, as OSMod unpacks it: `ATTRIBUTE@version` is the attribute."""
    scores: dict[str, list[dict[str, Any]]] = {}
    summaries: dict[str, float] = {}
    for versioned, attribute in (answer.attributes or {}).items():
        name = unversioned(versioned)
        if attribute.spans:
            scores[name] = [_span(span) for span in attribute.spans]
        if attribute.summary is None:
            _log.error(
                "Request %s: Strangely there are no summary scores for %s", question.request_id, versioned
            )
            continue
        summaries[name] = attribute.summary.value
        # OSMod lays the span over the text with its tags, which the scorer did not see (quirk 13).
        whole = {"score": attribute.summary.value, "begin": 0, "end": question.text_length}
        scores.setdefault(name, [whole])
    return {"scores": scores, "summaryScores": summaries}


def _span(span: _Span) -> dict[str, Any]:
    bounds = {"begin": span.begin, "end": span.end}
    return {"score": span.score.value} | {name: at for name, at in bounds.items() if at is not None}
