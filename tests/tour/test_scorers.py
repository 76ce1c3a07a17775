"""The tour of scorers: one of your own, from its class to the score in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

import actors
from osmod.moderation.database import open_session
from osmod.moderation.models import Comment, CommentSummaryScore, User
from osmod.scorers import ENDPOINT_TYPES, BadScorerConfig, Limits, Question, Scored

pytestmark = pytest.mark.usefixtures("run_immediately")


class CapitalsScorer:
    """How much of a comment is shouted: the share of capitals among its letters."""

    limits = Limits()

    def __init__(self, user_id: int, config: Mapping[str, Any]) -> None:
        self._attribute = config.get("attribute")
        if not isinstance(self._attribute, str):
            raise BadScorerConfig(f"scorer {user_id}: attribute {self._attribute!r} is no text; name one")

    async def score(self, question: Question) -> Scored:
        """See `osmod.scorers.contract.Scorer`."""
        letters = [character for character in question.text if character.isalpha()]
        share = sum(character.isupper() for character in letters) / max(1, len(letters))
        return Scored(
            {
                "scores": {self._attribute: [{"score": share, "begin": 0, "end": question.text_length}]},
                "summaryScores": {self._attribute: share},
            }
        )


def test_a_scorer_of_your_own(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class, its place in `ENDPOINT_TYPES`, and a user whose `extra` asks for it: it is asked about every comment."""
    monkeypatch.setitem(ENDPOINT_TYPES, "capitals", f"{__name__}:CapitalsScorer")
    with open_session(engine) as session:
        config = {"endpointType": "capitals", "attribute": "SHOUTING"}
        session.add(User(group="moderator", name="Capitals", is_active=True, extra=config))
        session.commit()

    actors.send_comment_for_scoring.send(comment_id=1)

    with open_session(engine) as session:
        assert session.get_one(Comment, 1).is_scored is True
        assert session.query(CommentSummaryScore).one().score == pytest.approx(1 / 8)
