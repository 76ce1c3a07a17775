"""Several who send the same comments at the same time, as publishers do that try again too soon."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session

from osmod.moderation import sources
from osmod.moderation.incoming import IncomingComment
from osmod.moderation.models import Article, Category, Comment, CommentSource
from osmod.task.taking_in import Intake
from tests.moderation.world import World
from tests.web.ingest.conftest import comment

THREADS, COMMENTS, BATCH = 4, 60, 10


def test_each_is_stored_once(app: FastAPI, world: World) -> None:
    """Whoever comes first makes comment, article and category; all are told the same ids, and counts are right."""
    sent = [
        IncomingComment.model_validate(
            comment(
                f"c{number}",
                article={"sourceId": f"a{number % 5}", "category": {"sourceId": f"s{number % 2}"}},
            )
        )
        for number in range(COMMENTS)
    ]

    def take_all(seed: int) -> dict[str, int]:
        intake = Intake()
        ids: dict[str, int] = {}
        shuffled = Random(seed).sample(sent, COMMENTS)
        for first in range(0, COMMENTS, BATCH):
            taken = intake.take(shuffled[first : first + BATCH])
            ids |= {source_id: one.comment_id for source_id, one in taken.items()}
        return ids

    with ThreadPoolExecutor(THREADS) as pool:
        told = list(pool.map(take_all, range(THREADS)))
    assert [told[0]] * THREADS == told
    assert {one.source_id: one.id for one in world.all(Comment)} == told[0]
    assert (COMMENTS, 5, 2) == (world.size(CommentSource), world.size(Article), world.size(Category))
    assert [] == world.miscounted()


@pytest.mark.only_on("mariadb")
def test_somebody_else_is_always_a_little_faster(
    app: FastAPI, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch loses against another as often as it has comments, each stored meanwhile, and is stored after all."""
    sent = [IncomingComment.model_validate(comment(f"c{number}")) for number in range(12)]
    faster = sent.copy()
    find = sources.find_comment_ids

    def find_and_lose(session: Session, source_ids: Collection[str]) -> dict[str, int]:
        found = find(session, source_ids)
        if len(source_ids) == len(sent) and faster:
            Intake().take([faster.pop()])
        return found

    Intake().take([IncomingComment.model_validate(comment("first"))])
    monkeypatch.setattr(sources, "find_comment_ids", find_and_lose)
    taken = Intake().take(sent)
    assert ([], len(sent)) == (faster, len(taken))
    assert len(sent) + 1 == world.size(CommentSource)
    assert [] == world.miscounted()
