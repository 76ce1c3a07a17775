"""Endpoint type `perspective-api`: the Perspective API, and services that answer as it does."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, NoReturn
from urllib.parse import unquote

import httpx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from osmod.scorers.contract import BadScorerConfig, Question, ScorerAway, ScorerError

#: Where the Perspective API scores comments.
ANALYZE = "https://commentanalyzer.googleapis.com/v1alpha1/comments:analyze"
#: What stands for it in OSMod's configurations: its discovery documents, which are not fetched.
DISCOVERY = re.compile(
    r"https?://(?:commentanalyzer\.googleapis\.com(?:/?|/\$discovery/rest)"
    r"|(?:www\.)?googleapis\.com/discovery/v1/apis/commentanalyzer/v1alpha1/rest)"
)
#: Seconds to connect, and seconds without a byte. Well below a task's time limit.
TIMEOUTS = httpx.Timeout(30.0, connect=5.0)
#: Bytes. A longer answer is refused before it fills the memory.
ANSWER_LIMIT = 4 * 1024 * 1024
#: Answers below 500 that whoever asks gets: the key is refused, too slow, too many requests.
_AWAY = (401, 403, 408, 429)

_log = logging.getLogger(__name__)


def _unversioned(name: str) -> str:
    """`TOXICITY@6` is TOXICITY."""
    return name.split("@", 1)[0]


def _checked_name(name: str) -> str:
    """What is left without the version must fit into OSMod's tags."""
    bare = _unversioned(name)
    if not 0 < len(bare.strip()) <= 255 or any(letter > "\uffff" for letter in bare):
        raise ValueError("an attribute's name has 1 to 255 characters, none of them of four bytes")
    return name


Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
Offset = Annotated[int, Field(ge=0, le=2**32 - 1, strict=True)]


class _Score(BaseModel):
    value: Probability


class _Span(BaseModel):
    score: _Score
    begin: Offset | None = None
    end: Offset | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> _Span:
        if self.begin is not None and self.end is not None and self.end < self.begin:
            raise ValueError("the span ends before it begins")
        return self


class _Attribute(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    spans: list[_Span] | None = Field(None, alias="spanScores")
    summary: _Score | None = Field(None, alias="summaryScore")


class _Answer(BaseModel):
    attributes: dict[Annotated[str, AfterValidator(_checked_name)], _Attribute] | None = Field(
        None, alias="attributeScores"
    )


class PerspectiveScorer:
    """Asks one endpoint with one key.

    Config: `endpoint` (the URL of `comments:analyze`, or a discovery document of the Perspective API),
    `apiKey` (sent as the query parameter `key`; without it none is sent), `attributes` ({NAME: {scoreType?,
    scoreThreshold?}}, at least one), `userAgent` (begins the client token).
    """

    def __init__(self, user_id: int, config: Mapping[str, Any]) -> None:
        self._name = f"scorer {user_id}"
        self._key = self._text(config, "apiKey")
        self._user_agent = self._text(config, "userAgent")
        self._attributes = self._checked_attributes(config.get("attributes"))
        self._url = self._analyze_url(self._text(config, "endpoint"))
        self._shown = str(self._url.copy_with(query=None, fragment=None, userinfo=b""))
        if self._key:
            self._url = self._url.copy_set_param("key", self._key)

    def score(self, question: Question) -> dict[str, Any]:
        """Ask the service about one comment. See `Scorer`."""
        status, content = self._post(self._request(question))
        if not 200 <= status < 300:
            away = status >= 500 or status in _AWAY
            self._fail(f"answered {status}{_reason(content)}", ScorerAway if away else ScorerError)
        try:
            answer = json.loads(content, parse_constant=_refuse_constant)
            return _unpacked(question, _Answer.model_validate(answer))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the answer"
            self._fail(f"answered with {where} = {first['input']!r:.80}: {first['msg']}")
        except (ValueError, RecursionError) as error:
            self._fail(f"answered {status} with {content[:80]!r}, which is no JSON ({error})")

    def _request(self, question: Question) -> dict[str, Any]:
        """The body as OSMod sends it; a missing user agent is "undefined" there, too (quirk 13)."""
        return {
            "comment": {"text": question.text},
            "context": {"entries": [{"text": text} for text in question.context]},
            "requestedAttributes": self._attributes,
            "languages": ["en"],
            "clientToken": f"{self._user_agent or 'undefined'}_request{question.request_id}",
            "spanAnnotations": True,
        }

    def _post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        content = bytearray()
        try:
            with _client().stream("POST", self._url, json=body) as response:
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > ANSWER_LIMIT:
                        self._fail(f"answered {response.status_code} with more than {ANSWER_LIMIT} bytes")
                return response.status_code, bytes(content)
        except (httpx.HTTPError, httpx.StreamError, UnicodeError) as error:
            self._fail(f"did not answer: {type(error).__name__} {error}".rstrip(), ScorerAway)

    def _fail(self, what: str, error: type[ScorerError] = ScorerError) -> NoReturn:
        said = what.replace(self._key, "…") if self._key else what
        raise error(f"{self._name} ({self._shown}) {said}") from None

    def _text(self, config: Mapping[str, Any], field: str) -> str:
        value = config.get(field)
        if value is None:
            return ""
        if not isinstance(value, str):
            shown = f"a {type(value).__name__}" if field == "apiKey" else f"{value!r:.80}"
            raise BadScorerConfig(f"{self._name}: {field} in users.extra must be a text, is {shown}")
        return value.strip()

    def _checked_attributes(self, attributes: Any) -> dict[str, Any]:
        well_formed = isinstance(attributes, dict) and all(isinstance(of, dict) for of in attributes.values())
        if not well_formed or not attributes:
            raise BadScorerConfig(
                f"{self._name}: attributes in users.extra must name what to score, "
                f'such as {{"TOXICITY": {{}}}}, is {attributes!r:.80}'
            )
        return dict(attributes)

    def _analyze_url(self, endpoint: str) -> httpx.URL:
        try:
            url = httpx.URL(endpoint)
        except (httpx.InvalidURL, UnicodeError):
            url = httpx.URL()
        bare = unquote(str(url.copy_with(query=None, fragment=None))) if url.host else ""
        if DISCOVERY.fullmatch(bare):
            rest = url.params.remove("version").remove("$alt")
            return httpx.URL(ANALYZE, params=rest) if rest else httpx.URL(ANALYZE)
        if url.scheme not in ("http", "https") or not url.host or "/$discovery/" in bare:
            shown = _without_query(endpoint)
            raise BadScorerConfig(
                f"{self._name}: endpoint in users.extra must be the http(s) URL that comments are posted to, "
                f"is {shown!r}; for the Perspective API that is {ANALYZE}"
            )
        return url


def _unpacked(question: Question, answer: _Answer) -> dict[str, Any]:
    """The answer in the form of a job, as OSMod unpacks it: `ATTRIBUTE@version` is the attribute."""
    scores: dict[str, list[dict[str, Any]]] = {}
    summaries: dict[str, float] = {}
    for versioned, attribute in (answer.attributes or {}).items():
        name = _unversioned(versioned)
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


def _reason(content: bytes) -> str:
    """What the service itself says went wrong: Google's `error.message`, or the beginning of the text."""
    try:
        said = json.loads(content)["error"]["message"]
    except (ValueError, LookupError, TypeError, RecursionError):
        said = content[:200].decode("utf-8", "replace").strip()
    return f": {said!s:.300}" if said else ""


def _without_query(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url.partition("?")[0])[:200]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


class _HideKey(logging.Filter):
    """httpx logs whole URLs: takes the key out of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = re.sub(r"([?&]key=)[^&\s\"']+", r"\1…", record.getMessage())
        record.args = ()
        return True


logging.getLogger("httpx").addFilter(_HideKey())


@cache
def _client() -> httpx.Client:
    """One for all scorers and threads of this process; it keeps connections open between comments."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=30.0)
    return httpx.Client(timeout=TIMEOUTS, limits=limits, follow_redirects=False)


# A forked worker process must not share its parent's connections.
os.register_at_fork(after_in_child=_client.cache_clear)
