"""Running a case: its tasks one after another, as `enqueue(name, data, runImmediately=true)` does in OSMod."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import dramatiq
from sqlalchemy import Engine
from sqlalchemy.orm import Session

import actors
from osmod.moderation.models import CommentScore
from osmod.publishers import update_notifications
from osmod.scorers import BadScorerConfig, ScorerError
from osmod.task.overdue import comments_to_resend
from tests.golden import fixture
from tests.golden.case import Case, Row, Tables
from tests.golden.fake_scorer import FakeScorer

#: How many comments OSMod's heartbeat sends again.
RESEND_LIMIT = 10


@dataclass
class Outcome:
    """What happened: the state before the first task and after each, and the errors by task."""

    before: Tables
    states: list[Tables] = field(default_factory=list)
    errors: dict[int, Exception] = field(default_factory=dict)
    notifications: list[set[tuple[str, str, int]]] = field(default_factory=list)
    requests: list[Row] = field(default_factory=list)


def run(case: Case, engine: Engine, scorer: FakeScorer) -> Outcome:
    """Run one case from its fixture on. The tasks' own errors are part of the outcome."""
    fixture.load(engine, case, scorer.host)
    scorer.begin(case.scorer)
    outcome = Outcome(before=fixture.dump(engine))
    told: set[tuple[str, str, int]] = set()
    update_notifications.publish = lambda broker, changes: told.update(changes)
    for number, task in enumerate(case.tasks):
        told.clear()
        try:
            _run_task(task["name"], task.get("data") or {})
        except (ScorerError, BadScorerConfig):
            pass  # OSMod logs these and the task succeeds; ours is retried or shown as failed
        except Exception as error:  # noqa: BLE001 - whatever a task raises is compared with what OSMod raised
            outcome.errors[number] = error
            _burn_id(engine, case.errors.get(number))
        outcome.states.append(fixture.dump(engine))
        outcome.notifications.append(set(told))
    outcome.requests = scorer.requests
    return outcome


def _run_task(name: str, data: dict[str, Any]) -> None:
    if name == "@heartbeat":
        if data["tick"] % 10 == 0:
            _heartbeat()
    elif name == "@postProcessComment":
        actors.post_process_comment.send(**data)
    else:
        actor: dramatiq.Actor[..., Any] = dramatiq.get_broker().get_actor(name)
        actor.send(**data)


def _heartbeat() -> None:
    for comment_id in comments_to_resend(RESEND_LIMIT):
        actors.send_comment_for_scoring.send(comment_id=comment_id)


def _burn_id(engine: Engine, expected: Row | None) -> None:
    """Use up an id of `comment_scores` where OSMod's failed INSERT did; later tasks name the ids after it."""
    if (
        expected is None
        or "CONSTRAINT" not in expected["message"]
        or "`comment_scores`" not in expected["message"]
    ):
        return
    with Session(engine) as session:
        score = CommentScore(source_type="Moderator", score=0.0)
        session.add(score)
        session.flush()
        session.delete(score)
        session.commit()
