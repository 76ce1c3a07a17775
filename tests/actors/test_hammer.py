"""One article under eight threads: every task at once, some delivered twice, and counts that are exact."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dramatiq
import pytest

from osmod.moderation import decisions, scoring
from osmod.moderation.decisions import Act
from osmod.moderation.models import Article, Comment, CommentFlag, Decision
from osmod.moderation.score_data import ScoreData
from osmod.moderation.scoring import Answer
from osmod.moderation.work import Work
from tests.actors.jobs import Jobs
from tests.moderation.world import World
from tests.waiting import SLACK

THREADS = 8
JOBS = 400
COMMENTS = 12
SECONDS = 10
DECIDING = {
    "acceptComments": "Accept",
    "acceptCommentsAndFlags": "Accept",
    "rejectComments": "Reject",
    "rejectCommentsAndFlags": "Reject",
    "deferComments": "Defer",
}


def job(jobs: Jobs, chance: random.Random, number: int) -> dramatiq.Message[Any]:
    """Any task on any of the comments."""
    comment = chance.randint(1, COMMENTS)
    action = {"commentId": comment, "userId": chance.choice([None, 1]), "isBatchAction": number % 5 == 0}
    flag = {"type": chance.choice(["spam", "recommendation"]), "sourceCommentId": f"c{comment}"}
    reader = {"sourceUserId": f"r{chance.randint(1, 4)}"}
    span = {"score": round(chance.random(), 3), "begin": 0, "end": 4}
    data = {"scores": {f"NEW_{number % 7}": [span]}, "summaryScores": {"TOXICITY": chance.random()}}
    kinds: list[tuple[str, dict[str, Any]]] = [
        *((name, action) for name in (*DECIDING, "highlightComments", "resetComments")),
        ("resolveFlags", {"commentId": comment, "userId": 1}),
        ("reopenFlags", {"commentId": comment, "flagIds": list(range(1, 200)), "userId": 1}),
        ("tagCommentSummaryScores", {"commentId": comment, "tagId": 1, "userId": 1}),
        ("restoreSummaryScore", {"commentId": comment, "tagId": 1, "userId": 1, "isNew": number % 2 == 0}),
        ("processTagAddition", flag | reader),
        ("processTagAddition", flag | reader),
        ("processTagRevocation", flag | reader),
        ("tagComments", {"commentId": comment, "tagId": 1, "userId": 1}),
        ("addTag", {"commentId": comment, "tagId": 1, "annotationStart": 1, "annotationEnd": 3}),
        *(("processMachineScore", {"commentId": comment, "userId": s, "scoreData": data}) for s in (2, 3)),
    ]
    name, arguments = chance.choice(kinds)
    return jobs.message(name, **arguments)


@pytest.mark.only_on("mariadb")
@pytest.mark.parametrize("seed", [1, 2])
def test_one_article(jobs: Jobs, world: World, seed: int) -> None:
    """Mixed tasks on few comments from eight threads: no job fails, none counts twice, all counts are exact."""
    chance = random.Random(seed)
    world.user()
    world.scorer(), world.scorer()
    tag = world.tag("TOXICITY")
    world.rule(tag, 0.8, 1, "Reject")
    world.rule(tag, 0.1, 0.3, "Accept")
    article = world.article(world.category())
    for _ in range(COMMENTS):
        world.asked(world.comment(article), 2, 3)
    messages = [job(jobs, chance, number) for number in range(JOBS)]
    deliveries = messages + chance.sample(messages, JOBS // 8)
    chance.shuffle(deliveries)

    start = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(jobs.broker.process, deliveries))
    took = time.monotonic() - start

    assert [] == world.miscounted()
    assert COMMENTS == world.get(Article, article).all_count
    decisions = world.all(Decision)
    wanted = Counter(DECIDING[m.actor_name] for m in messages if m.actor_name in DECIDING)
    found = Counter(d.status for d in decisions if not _is_by_rule(d))
    assert wanted == found, "each decision job left one decision"
    current = Counter(d.comment_id for d in decisions if d.is_current_decision)
    assert set(current.values()) <= {1}, "never two current decisions"
    newest = {d.comment_id: d.id for d in decisions}
    assert set(newest.values()) == {d.id for d in decisions if d.is_current_decision}
    for comment in world.all(Comment):
        flags = world.all(CommentFlag, comment_id=comment.id)
        assert len(flags) == len({flag.source_id for flag in flags}), "one flag a reader"
        assert sum(not flag.is_resolved for flag in flags) == comment.unresolved_flags_count
    assert took < SLACK * SECONDS


def _is_by_rule(decision: Decision) -> bool:
    return decision.source == "Rule" and decision.moderation_rule_id is not None


@pytest.mark.only_on("mariadb")
def test_one_job_many_times_at_once(jobs: Jobs, world: World) -> None:
    """One job in eight hands at the same moment is done once."""
    comment = world.comment(world.article(world.category()))
    message = jobs.message("acceptComments", commentId=comment)
    together = threading.Barrier(THREADS)

    def deliver(_: int) -> None:
        together.wait()
        jobs.broker.process(message)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(deliver, range(THREADS)))
    assert [True] == [decision.is_current_decision for decision in world.all(Decision)]
    assert [] == world.miscounted()


@pytest.mark.only_on("mariadb")
def test_accepts_under_redelivery(jobs: Jobs, world: World) -> None:
    """N accepts of one comment, each delivered three times from eight threads, leave N decisions, one current."""
    comment = world.comment(world.article(world.category()))
    messages = [jobs.message("acceptComments", commentId=comment) for _ in range(20)] * 3
    random.Random(3).shuffle(messages)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(jobs.broker.process, messages))
    assert 20 == world.size(Decision)
    assert 1 == sum(decision.is_current_decision for decision in world.all(Decision))
    assert [] == world.miscounted()


@pytest.mark.only_on("mariadb")
def test_batches_on_the_same_comments(world: World) -> None:
    """Batches of answers and of acts that share their comments, in any order, from eight threads: none deadlocks.

    Nothing is lost, nothing done twice, and all counts are exact.
    """
    chance = random.Random(7)
    moderator, first, second = world.user(), world.scorer(), world.scorer()
    world.rule(world.tag("TOXICITY"), 0.5, 1, "Reject")
    articles = [world.article(world.category()) for _ in range(3)]
    comments = [world.comment(articles[n % 3]) for n in range(24)]
    for comment in comments:
        world.asked(comment, first, second)
    tries = Counter[int]()

    def answers(number: int) -> None:
        data = {
            "scores": {"TOXICITY": [{"score": 0.9, "begin": 0, "end": 4}]},
            "summaryScores": {"TOXICITY": 0.9},
        }
        said = [
            Answer(comment, scorer, ScoreData.model_validate(data))
            for comment in chance.sample(comments, 10)
            for scorer in (first, second)
        ]
        chance.shuffle(said)

        def effect(work: Work) -> None:
            tries[number] += 1
            scoring.process_machine_scores(work, said)

        world.do(effect)

    def acts(number: int) -> None:
        done = [Act(comment, moderator) for comment in chance.sample(comments, 10)]

        def effect(work: Work) -> None:
            tries[number] += 1
            decisions.decide(work, "Accept", done)

        world.do(effect)

    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(acts if number % 2 else answers, number) for number in range(60)]
        for one in running:
            one.result()

    assert [] == world.miscounted()
    assert {1} == set(tries.values()), "no transaction lost against another one"
    by_moderator = Counter(d.comment_id for d in world.all(Decision) if d.source == "User")
    assert 300 == sum(by_moderator.values())
    current = Counter(d.comment_id for d in world.all(Decision) if d.is_current_decision)
    assert {1} == set(current.values())
