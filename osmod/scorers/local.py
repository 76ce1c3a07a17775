"""Endpoint type `local`: a model in this process, which needs no network and no key.

alt-profanity-check (a linear model over words) gives one attribute, TOXICITY: the summary is the whole text's
score, and each sentence scored on its own gives a span.

It is crude and biased: "I am a gay man" scores 0.95. It may order the moderators' queue and accept what is
harmless. Let no rule reject by it alone, unless at a very high score (the demo's rules: above 0.99).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from osmod.batching import Batcher
from osmod.scorers import local_model
from osmod.scorers.config import Config
from osmod.scorers.contract import BadScorerConfig, Question, Scored, ScorerError
from osmod.scorers.forms import units

ATTRIBUTE = "TOXICITY"
#: Comments that are scored together, at most; one alone takes a millisecond.
MOST_COMMENTS = 64
#: Sentences scored on their own; in a longer text, neighbours are joined until there are at most as many.
MOST_SPANS = 40

_SENTENCE = re.compile(r"\S.*?(?:(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s|$)|$)", re.MULTILINE)


class LocalScorer:
    """Scores with the model of this process, shared by all local scorers and loaded at the first comment."""

    def __init__(self, user_id: int, config: Mapping[str, Any]) -> None:
        self._name = f"scorer {user_id}"
        self.limits = Config(user_id, config).limits()
        if not local_model.is_installed():
            raise BadScorerConfig(
                f"{self._name}: endpointType 'local' needs the package alt-profanity-check; "
                "run: pip install osmod-worker[local]"
            )

    async def score(self, question: Question) -> Scored:
        """Score one comment. See `Scorer`."""
        places = sentences(question.text)
        parts = [question.text[begin:end] for begin, end in places]
        try:
            summary, *scores = await _predictions(
                [question.text, *parts] if len(parts) > 1 else [question.text]
            )
        except Exception as error:
            raise ScorerError(f"{self._name} (local model) failed: {type(error).__name__} {error}") from error
        spans = [
            {"score": score, "begin": begin, "end": end}
            for score, (begin, end) in zip(
                scores or [summary] * len(parts), _in_utf16(question.text, places), strict=True
            )
        ]
        return Scored({"scores": {ATTRIBUTE: spans}, "summaryScores": {ATTRIBUTE: summary}})


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of `text` begin and end, in characters; lines end sentences, too."""
    matches = _SENTENCE.finditer(text)
    found = [(match.start(), match.start() + len(match.group().rstrip())) for match in matches]
    joined = -(-len(found) // MOST_SPANS) or 1
    groups = (found[first : first + joined] for first in range(0, len(found), joined))
    return [(group[0][0], group[-1][1]) for group in groups]


def _in_utf16(text: str, places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    read, at = 0, 0
    for begin, end in places:
        start = at + units(text[read:begin])
        read, at = end, start + units(text[begin:end])
        yield start, at


async def _predict(comments: Sequence[Sequence[str]]) -> list[list[float]]:
    """For the texts of each comment their scores. The model works on a thread: the event loop has others to serve."""
    texts = [text for parts in comments for text in parts]
    scores = iter(await asyncio.to_thread(local_model.predict, texts))
    return [[next(scores) for _ in parts] for parts in comments]


_predictions = Batcher(_predict, most=MOST_COMMENTS, divisible=Exception)
