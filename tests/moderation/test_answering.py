"""Which score requests may be answered."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.moderation.answering import OpenRequest, check_open, find_request
from osmod.moderation.database import open_session
from osmod.moderation.errors import Conflict
from osmod.moderation.models import CommentScoreRequest, now
from tests.moderation.world import World


def test_an_open_request(world: World) -> None:
    """Names its comment and its scorer."""
    comment, scorer = world.comment(None), world.scorer()
    number = world.add(CommentScoreRequest(comment_id=comment, user_id=scorer, sent_at=now()))
    with open_session(world.engine) as session:
        request = find_request(session, number)
        assert request
        assert OpenRequest(number, comment, scorer) == check_open(session, request)
        assert find_request(session, 99) is None


def test_requests_that_take_no_answer(world: World) -> None:
    """Each says why: answered, no comment, no scorer, none that scores, none that is switched on."""
    comment, scorer, away = (
        world.comment(None),
        world.scorer(),
        world.user(group="moderator", is_active=False),
    )
    person = world.user(group="general")
    refused: list[tuple[dict[str, Any], str]] = [
        (
            {"comment_id": comment, "user_id": scorer, "done_at": now()},
            "was answered before: queue sendComment",
        ),
        ({"user_id": scorer}, "names no comment any more"),
        ({"comment_id": comment}, "names no scorer any more"),
        ({"comment_id": comment, "user_id": person}, "names no scorer any more"),
        ({"comment_id": comment, "user_id": away}, f"user {away}, is switched off"),
    ]
    for columns, said in refused:
        number = world.add(CommentScoreRequest(sent_at=now(), **columns))
        with open_session(world.engine) as session:
            request = find_request(session, number)
            assert request
            with pytest.raises(Conflict, match=f"score request {number}.*{said}"):
                check_open(session, request)
