"""What operators see of scorers that are away or refuse, and how they have them asked again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from dramatiq import Message
from sqlalchemy import Engine

from osmod.cli.checks import check_gates
from osmod.cli.checks.finding import Level
from osmod.jobs.broker import JobBroker
from osmod.jobs.gate import Gate, GateLimits, NotYet, Outcome
from osmod.jobs.records.reading import get_job
from osmod.jobs.states import JobState
from osmod.jobs.steering.audit import audit_log
from osmod.metrics.scorers import of_scorers
from osmod.moderation.models import CommentScoreRequest, now
from osmod.operating import scorers
from osmod.settings import read_settings
from osmod.task.requests import ask_id
from osmod.task.scorer_gates import gate_name
from tests.cli.conftest import Run
from tests.found import only
from tests.moderation.world import World
from tests.scorers.fake import Reply, serving

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]
Command = Callable[..., Result]


@pytest.fixture
def osmod(run: Run, settled: Engine, broker: JobBroker) -> Command:
    """Runs `osmod scorers …`."""
    return lambda *words: run("scorers", *words)


@pytest.fixture
def world(settled: Engine) -> World:
    """Scorers 7, 8 and 9, all on."""
    world = World(settled)
    for scorer in (7, 8, 9):
        scorer_at(world, scorer, "http://127.0.0.1:9/analyze")
    return world


def scorer_at(world: World, scorer: int, url: str) -> None:
    """A scorer that is on."""
    config = {"endpointType": "perspective-api", "endpoint": url, "attributes": {"TOXICITY": {}}}
    world.user(id=scorer, name=f"P{scorer}", group="moderator", is_active=True, extra=config)


def ended(broker: JobBroker, scorer: int, *outcomes: Outcome, waiting: int = 0) -> Gate:
    """Requests that ended so, one after another, and others that wait."""
    gate = Gate(broker, gate_name(scorer), GateLimits(per_minute=100))
    for number, outcome in enumerate(outcomes):
        gate.enter(f"{number}")
        gate.leave(f"{number}", outcome)
    for number in range(waiting):
        with pytest.raises(NotYet):
            gate.enter(f"waiting {number}")
    return gate


AWAY = [Outcome.away("answered 503")] * 5
REFUSED = Outcome.refused("answered 401")


def test_why_one_is_not_asked_is_listed(osmod: Command, world: World, broker: JobBroker) -> None:
    """With since when, what was answered, when it is tried again, and how many wait."""
    ended(broker, 7, *AWAY, waiting=3)
    ended(broker, 8, REFUSED)
    ended(broker, 9, Outcome.paused(90))
    shown = osmod("list").stdout
    lines = [" ".join(line.split()) for line in shown.splitlines()[1:]]
    where = "never http://127.0.0.1:9/analyze"
    for line, form in zip(
        lines,
        (
            f"7 P7 perspective-api open 5 · 3 {where}",
            r"for [\d.]+ m?s: answered 503; tried again in [\d.]+ s",
            f"8 P8 perspective-api refused 1 · · {where}",
            r"for [\d.]+ m?s: answered 401; tried again in (9|10) min",
            f"9 P9 perspective-api paused 1 · · {where}",
            r"it asked for a pause, of which \d+ s are left",
        ),
        strict=True,
    ):
        assert re.fullmatch(form, line), shown
    plain = json.loads(osmod("list", "--json").stdout)["scorers"]
    assert [("open", 3), ("refused", 0), ("closed", 0)] == [
        (one["gate"]["breaker"], one["gate"]["waiting"]) for one in plain
    ]


def test_an_answer_has_it_asked_again(osmod: Command, settled: Engine, broker: JobBroker) -> None:
    """A test that fails changes nothing; one that is answered opens the gate, and both the page and the log say so."""
    world = World(settled)
    with serving() as fake:
        scorer_at(world, 7, fake.url)
        gate = ended(broker, 7, REFUSED)
        fake.answer(Reply(status=401))
        assert 1 == osmod("test", "Fool").exit_code
        assert "refused" == gate.state().breaker

        fake.answer({"attributeScores": {"TOXICITY": {"summaryScore": {"value": 0.5}}}})
        answered = osmod("test", "Fool")
        assert "  · it was held up, and is asked again by the workers from now on\n" in answered.stdout
        assert "closed" == gate.state().breaker
        (trial,) = json.loads(osmod("test", "Fool", "--json").stdout)["trials"]
        assert trial["reopened"] is False
    act = only(audit_log(broker))
    assert ("resume scorer", "scorer=7", "it answered a test") == (act.act, act.what, act.reason)


def test_one_is_resumed_by_hand(osmod: Command, world: World, broker: JobBroker) -> None:
    """Once; what was not held up is left alone, and one that is not there is none."""
    gate = ended(broker, 7, *AWAY)
    assert "P7 (scorer 7) is asked again\n" == osmod("resume", "7", "--reason", "it is up").stdout
    gate.enter("a next one")
    assert "P7 (scorer 7) was not held up\n" == osmod("resume", "7").stdout
    assert {"changed": False, "woken": 0} == json.loads(osmod("resume", "8", "--json").stdout)
    assert [("resume scorer", "it is up")] == [(act.act, act.reason) for act in audit_log(broker)]
    missing = osmod("resume", "10")
    assert (3, "There is no scorer 10.\n") == (missing.exit_code, missing.stderr)


def test_what_waits_comes_at_once(osmod: Command, world: World, broker: JobBroker) -> None:
    """It was to come in ten minutes, when the scorer that refused its key would be tried again.

    So it is where another comment has shown meanwhile that the key is good. What waits for another scorer stays.
    """
    comment = world.comment(world.article())
    asks = {scorer: ask_later(world, broker, comment, scorer) for scorer in (7, 8)}
    ended(broker, 7, REFUSED)
    said = osmod("resume", "7", "--reason", "paid").stdout
    assert "P7 (scorer 7) is asked again; 1 comment that waited has its turn now\n" == said
    assert {7: JobState.WAITING, 8: JobState.DELAYED} == {
        scorer: job.state for scorer, ask in asks.items() if (job := get_job(broker, ask))
    }
    said = osmod("resume", "8", "--json").stdout
    assert {"changed": False, "woken": 1} == json.loads(said)
    assert {"changed": False, "woken": 0} == json.loads(osmod("resume", "8", "--json").stdout)


def test_what_waits_comes_however_many_were_given_up_before(
    osmod: Command, world: World, broker: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those no job waits; their requests stay open, for an answer that comes late."""
    monkeypatch.setattr(scorers, "WOKEN", 2)
    monkeypatch.setattr(scorers, "_STEP", 2)
    article = world.article()
    for _ in range(5):
        world.add(CommentScoreRequest(comment_id=world.comment(article), user_id=7, sent_at=now()))
    asks = [ask_later(world, broker, world.comment(article), 7) for _ in range(3)]
    ended(broker, 7, REFUSED)
    assert "2 comments that waited have their turn now" in osmod("resume", "7").stdout
    states = [job.state for ask in asks if (job := get_job(broker, ask))]
    assert [JobState.WAITING, JobState.WAITING, JobState.DELAYED] == states


def ask_later(world: World, broker: JobBroker, comment: int, scorer: int) -> str:
    """An open request, and the job that asks, put off for ten minutes. Returns its id."""
    sent_at = now().replace(microsecond=0)
    request = world.add(CommentScoreRequest(comment_id=comment, user_id=scorer, sent_at=sent_at))
    job: Message[Any] = Message(
        queue_name="default",
        actor_name="askScorer",
        args=(),
        kwargs={"request_id": request, "comment_id": comment},
        options={},
        message_id=ask_id(request, sent_at),
    )
    broker.enqueue(job, delay=600_000)
    return job.message_id


def test_without_redis(osmod: Command, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database says is listed, and it is said that the rest is not known."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    result = osmod("list")
    assert (0, 3) == (result.exit_code, result.stdout.count("perspective-api  on "))
    assert result.stderr.startswith("Redis does not answer at redis://127.0.0.1:1: ")
    assert result.stderr.endswith(" How asking the scorers goes is not known.\n")


def test_check_says_what_to_do(osmod: Command, world: World, broker: JobBroker) -> None:
    """A key that is refused is an error, one that is away a warning, a pause a note."""
    ended(broker, 7, REFUSED)
    ended(broker, 8, *AWAY, waiting=1)
    ended(broker, 9, Outcome.paused(90))
    refused, away, paused = check_gates(read_settings())
    assert (Level.ERROR, Level.WARNING, Level.NOTE) == (refused.level, away.level, paused.level)
    assert re.fullmatch(
        r"P7 \(user 7\) has refused its key for [\d.]+ m?s, 0 questions wait for it \(answered 401\): give it another "
        r"by `osmod scorers configure 7 --key`, and see with `osmod scorers test TEXT --scorer 7`, which has it asked "
        r"again\.",
        refused.message,
    )
    assert re.fullmatch(
        r"P8 \(user 8\) has been away for [\d.]+ m?s, 1 question waits for it \(answered 503\): see whether it is up; "
        r"it is tried again by itself, or at once by `osmod scorers resume 8`\.",
        away.message,
    )
    ended(broker, 9).reset()
    assert Level.OK is list(check_gates(read_settings()))[2].level


def test_figures(world: World, broker: JobBroker) -> None:
    """One series a scorer and state; what waits and what is under way."""
    ended(broker, 7, *AWAY, waiting=2)
    ended(broker, 8).enter("under way")
    found: dict[Any, float] = {
        (sample.name, *sample.labels.values()): sample.value
        for metric in of_scorers(broker, world.engine)
        for sample in metric.samples
    }
    assert [0, 1, 0, 0] == [
        found["osmod_scorer_state", "7", "P7", state] for state in ("closed", "open", "half-open", "refused")
    ]
    assert 1 == found["osmod_scorer_state", "8", "P8", "closed"]
    assert (2, 5) == (found["osmod_scorer_waiting", "7", "P7"], found["osmod_scorer_last_minute", "7", "P7"])
    assert 1 == found["osmod_scorer_in_flight", "8", "P8"]
    assert 0 == found["osmod_scorer_paused", "9", "P9"]
