"""Scorers: how asking each goes, trying one with a text of one's own, and having one asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq

from osmod.access.roles import Permission
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.glance import length
from osmod.moderation.database import open_session
from osmod.operating.scorers import ScorerState, reopen, resumed, scorer_states, wake, with_gates
from osmod.operating.trial import Trial, ask, question
from osmod.task import get_engine
from osmod.web.pages.frame.page import NotHere, Page
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import Act, Done, View
from osmod.web.pages.frame.words import score
from osmod.web.pages.jobs import jobs_at
from osmod.web.problems import Problem

page = Page("scorers", "/scorers", "Scorers", Permission.SEE_JOBS)

#: Characters of a text that is tried; attributes that are told of its answer.
LONGEST, ATTRIBUTES = 5_000, 12


@page.fragment("list", Topic.SCORERS)
def scorers(view: View) -> dict[str, Any]:
    """A card a scorer."""
    return {
        "scorers": _scorers(),
        "now": datetime.now(UTC),
        "may_steer": view.may(Permission.STEER_JOBS),
        "failures": jobs_at("actor:askScorer state:failed"),
    }


@page.act("/scorers/{scorer_id}/resume", Permission.STEER_JOBS)
def resume_scorer(form: Act) -> Done:
    """Have it asked again at once."""
    state = _scorer(form.params["scorer_id"])
    broker = dramatiq.get_broker()
    if not isinstance(broker, JobBroker):
        return Done(f"{state.name} was not held up.")
    act = reopen if state.is_held_up else wake
    with open_session(get_engine()) as session:
        woken = act(broker, session, state.id, by=form.by, reason=form.field("reason")[:1_000])
    return Done(f"{state.name} {resumed(state, woken)}.", topics=(Topic.SCORERS, Topic.AUDIT))


@page.act("/scorers/{scorer_id}/test", Permission.STEER_JOBS)
def test_scorer(form: Act) -> Done:
    """Ask it about a text, here and now."""
    text, state = form.field("text"), _scorer(form.params["scorer_id"])
    if not text:
        raise Problem(422, "Write a text to ask it about.", field="text")
    if len(text) > LONGEST:
        raise Problem(422, f"The text has {len(text):,} characters; {LONGEST:,} are taken.", field="text")

    def again(scorer_id: int) -> None:
        broker = dramatiq.get_broker()
        if isinstance(broker, JobBroker):
            with open_session(get_engine()) as session:
                reopen(broker, session, scorer_id, by=form.by, reason="it answered a test")

    trial = ask(state, question(text), again)
    if trial.problem:
        raise Problem(502, f"{state.name}: {trial.problem}", title="No answer")
    return Done(_answered(trial), topics=(Topic.SCORERS, Topic.AUDIT))


def _answered(trial: Trial) -> str:
    """What a scorer answered, in one sentence."""
    name = trial.state.name
    again = " It was held up, and is asked again from now on." if trial.reopened else ""
    if trial.scored is None:
        return f"{name} took the text, and answers later.{again}"
    scores: dict[str, float] = trial.scored.score_data["summaryScores"]
    highest = sorted(scores.items(), key=lambda pair: -pair[1])
    told = ", ".join(f"{attribute} {score(value)}" for attribute, value in highest[:ATTRIBUTES])
    return f"{name} answered in {length(timedelta(seconds=trial.seconds))}: {told or 'no score'}.{again}"


def _scorers() -> list[ScorerState]:
    with open_session(get_engine()) as session:
        states = list(scorer_states(session))
    broker = dramatiq.get_broker()
    return with_gates(broker, states) if isinstance(broker, JobBroker) else states


def _scorer(scorer_id: str) -> ScorerState:
    found = next((one for one in _scorers() if str(one.id) == scorer_id), None)
    if found is None:
        raise NotHere(
            f"There is no scorer {scorer_id[:20]}: it was deleted meanwhile, or its group was changed.",
            ("Scorers", "/ui/scorers"),
        )
    return found
