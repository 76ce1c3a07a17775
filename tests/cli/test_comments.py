"""`osmod comments`: where one stands, and sending many for scoring."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from click.testing import CliRunner, Result
from dramatiq import broker as global_broker
from sqlalchemy import Engine

import actors
from osmod.cli import main
from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.find import find
from osmod.jobs.setup import default_middleware
from osmod.jobs.states import JobState
from osmod.jobs.steering.audit import audit_log
from osmod.moderation import choice
from osmod.moderation.models import CommentSummaryScore, Decision, Unscored, now
from osmod.settings import get_settings
from tests.found import only
from tests.moderation.world import World

Command = Callable[..., Result]


@pytest.fixture
def broker(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBroker]:
    """The queue of this process, with the project's actors."""
    made = JobBroker(url=redis_url, middleware=default_middleware(get_settings()))
    for name in actors.__all__:
        made.declare_actor(getattr(actors, name))
    monkeypatch.setattr(global_broker, "global_broker", made)
    yield made
    made.close()


@pytest.fixture
def osmod(settled: Engine, broker: JobBroker) -> Command:
    """Runs `osmod comments …`."""
    return lambda *words: CliRunner().invoke(main, ["comments", *words], prog_name="osmod")


@pytest.fixture
def world(settled: Engine) -> World:
    """A scorer that is asked, and nothing else."""
    made = World(settled)
    config: dict[str, Any] = {"endpointType": "perspective-api", "endpoint": "http://scorer.example"}
    config |= {"attributes": {"TOXICITY": {}}, "limits": {"perSecond": 5, "perMinute": 60}}
    made.user(id=7, group="moderator", name="Perspective", is_active=True, extra=config)
    return made


def sent(broker: JobBroker, *states: JobState) -> list[Any]:
    """The ids of the comments that have jobs; all are of low priority."""
    jobs = find(broker, JobFilter(actor="sendCommentForScoring", states=states), limit=1000).jobs
    assert {job.priority for job in jobs} <= {10}
    return sorted(job.arguments["comment_id"] for job in jobs)


def test_those_without_scores_are_sent_once(osmod: Command, world: World, broker: JobBroker) -> None:
    """Each has a job of low priority; a second run adds none while these wait; the act is written down."""
    article = world.article()
    ids = [world.comment(article) for _ in range(3)]
    world.comment(article, is_scored=True)
    words = ("send-to-scorer", "--article", str(article), "--yes", "--reason", "they were forgotten")

    first = osmod(*words)

    assert (0, "3 comments queued\n") == (first.exit_code, first.stdout)
    assert ids == sent(broker)
    assert "0 comments queued; 3 waited already\n" == osmod(*words).stdout
    assert ids == sent(broker)
    act = only(audit_log(broker))
    assert ("send-to-scorer", f"--article {article}", 3, "they were forgotten") == (
        *(act.act, act.what, act.count),
        act.reason,
    )


@pytest.mark.only_on("valkey")
@pytest.mark.parametrize(
    ("words", "missing", "who"),
    [
        (("send-to-scorer",), True, "who of Perspective (7), Other (8) has not answered"),
        (("send-to-scorer", "--anew"), False, "Perspective (7), Other (8)"),
        (("rescore",), False, "Perspective (7), Other (8)"),
    ],
    ids=["missing", "anew", "rescore"],
)
def test_who_has_answered_is_not_asked_again(
    osmod: Command, world: World, broker: JobBroker, words: tuple[str, ...], missing: bool, who: str
) -> None:
    """What was paid for is not asked for again, unless that is what the command is for, or it is told to."""
    world.user(id=8, group="moderator", name="Other", is_active=True, extra={"endpointType": "local"})
    world.comment(world.article())
    assert (
        f"1 comment would be sent to {who}; nothing was changed\n"
        == osmod(*words, "--all", "--dry-run").stdout
    )
    osmod(*words, "--all", "--yes")
    job = only(find(broker, JobFilter(actor="sendCommentForScoring"), limit=2).jobs)
    assert missing == job.arguments.get("missing", False)


@pytest.mark.only_on("valkey")
def test_rescoring_leaves_alone_what_is_decided(osmod: Command, world: World, broker: JobBroker) -> None:
    """As OSMod's does; with `--decided` it does not."""
    article = world.article(world.category())
    scored = world.comment(article, is_scored=True)
    decided = world.comment(article, is_scored=True, is_moderated=True, is_accepted=True)
    osmod("rescore", "--category", "1", "--yes")
    assert [scored] == sent(broker)
    osmod("rescore", "--category", "1", "--decided", "--yes")
    assert [scored, decided] == sent(broker)


@pytest.mark.only_on("valkey")
def test_the_count_comes_first(osmod: Command, world: World, broker: JobBroker) -> None:
    """With who would be asked; nobody there to answer is no consent, and a dry run asks nothing."""
    world.comment(world.article())
    asked = osmod("send-to-scorer", "--all")
    said = "1 comment would be sent to Perspective (7)"
    assert (4, f"{said}. Add --yes to do it.\n") == (asked.exit_code, asked.stderr)
    assert f"{said}; nothing was changed\n" == osmod("send-to-scorer", "--all", "--dry-run").stdout
    plain = json.loads(osmod("send-to-scorer", "--all", "--dry-run", "--json").stdout)
    assert {"count": 1, "dry_run": True} == plain
    assert [(1, True), (1, True)] == [(act.count, act.dry_run) for act in audit_log(broker)]
    assert [] == sent(broker)


@pytest.mark.only_on("valkey")
def test_comments_that_come_meanwhile_need_not_wait(
    osmod: Command, world: World, broker: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jobs are due one after another, at a share of what the scorer with the lowest limits is allowed."""
    monkeypatch.setattr("osmod.cli.comment_sending.LONG", timedelta(seconds=2))
    article = world.article()
    for _ in range(3):
        world.comment(article)
    world.user(id=8, group="moderator", name="Broken", is_active=True)
    said = osmod("send-to-scorer", "--all", "--dry-run").stdout
    assert (
        "3 comments would be sent to who of Perspective (7), Broken (8, which cannot be used) has not answered, over "
        "6.0 s at 50 % of what limits allow; nothing was changed\n" == said
    )
    osmod("send-to-scorer", "--all", "--share", "10", "--yes")
    jobs = find(broker, JobFilter(states=(JobState.DELAYED,)), oldest=True).jobs
    due = sorted(job.due.timestamp() for job in jobs if job.due is not None)
    assert [10, 10] == [round(later - earlier, 1) for earlier, later in pairwise(due)]

    world.comment(article)
    words = ("send-to-scorer", "--article", str(article), "--after", "3", "--share", "10")
    said = osmod(*words, "--dry-run").stdout
    assert re.search(r"% of what limits allow, beginning in [23]\d s, after those sent before; ", said), said
    osmod(*words, "--yes")
    (last, *_) = find(broker, JobFilter(states=(JobState.DELAYED,))).jobs
    assert last.due is not None
    assert (4, 10) == (last.arguments["comment_id"], round(last.due.timestamp() - due[-1], 1))


@pytest.mark.only_on("valkey")
def test_without_limits_all_are_due_at_once(osmod: Command, settled: Engine, broker: JobBroker) -> None:
    """There is nothing to go by."""
    world = World(settled)
    world.scorer({"endpointType": "local"})
    world.comment(None)
    osmod("send-to-scorer", "--all", "--yes")
    assert [1] == sent(broker, JobState.WAITING)


@pytest.mark.only_on("valkey")
@pytest.mark.parametrize(
    ("command", "interruption", "code"),
    [("rescore", KeyboardInterrupt(), 130), ("send-to-scorer --anew", RuntimeError("away"), 1)],
    ids=["Ctrl-C", "error"],
)
def test_what_is_interrupted_can_be_gone_on_with(
    osmod: Command,
    world: World,
    broker: JobBroker,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    interruption: BaseException,
    code: int,
) -> None:
    """It says how far it came and what to type, which sends exactly the rest."""
    monkeypatch.setattr(choice, "WINDOW", 2)
    article = world.article()
    ids = [world.comment(article) for _ in range(5)]
    send_many = broker.send_many

    def once(messages: Any) -> Any:
        monkeypatch.setattr(broker, "send_many", interrupted)
        return send_many(messages)

    def interrupted(messages: Any) -> Any:
        raise interruption

    monkeypatch.setattr(broker, "send_many", once)
    stopped = osmod(*command.split(), "--article", str(article), "--share", "100", "--yes")
    rest = f"osmod comments {command} --article {article} --share 100 --after {ids[1]}"
    assert f"Stopped after 2 of 5 comments; the rest: {rest}\n" in stopped.stderr
    assert code == stopped.exit_code
    assert ids[:2] == sent(broker)

    monkeypatch.setattr(broker, "send_many", send_many)
    went_on = osmod(*rest.split()[2:], "--yes")
    assert "3 comments queued\n" == went_on.stdout
    assert ids == sent(broker)


@pytest.mark.only_on("valkey")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("rescore",), 2, "say which comments: --article, --category, --since, or --all."),
        (("rescore", "--all"), 3, "No comment fits.\n"),
        (("rescore", "--article", "9"), 3, "No comment fits.\nThere is no article 9.\n"),
        (("send-to-scorer", "--category", "9"), 3, "No comment fits.\nThere is no category 9.\n"),
        (("show", "9"), 3, "There is no comment 9.\n"),
    ],
)
def test_nothing_to_be_done(
    osmod: Command, world: World, words: tuple[str, ...], code: int, said: str
) -> None:
    """Says why, with the exit code of it."""
    result = osmod(*words)
    assert code == result.exit_code
    assert said in result.stderr


@pytest.mark.only_on("valkey")
def test_without_a_scorer_nothing_is_sent(osmod: Command, settled: Engine) -> None:
    """For nobody would be asked."""
    World(settled).comment(None)
    result = osmod("send-to-scorer", "--all", "--yes")
    assert 1 == result.exit_code
    assert "Error: no scorer is active: `osmod scorers list` shows those that there are.\n" == result.stderr


@pytest.mark.only_on("valkey")
def test_where_a_comment_stands(osmod: Command, world: World) -> None:
    """Who was asked, the scores, the decisions; as JSON by the names of the API. Never its text."""
    comment = world.comment(world.article(), is_scored=True, text="private")
    world.asked(comment, 7)
    world.add(CommentSummaryScore(comment_id=comment, tag_id=world.tag("TOXICITY"), score=0.25))
    world.add(Decision(comment_id=comment, status="Defer", source="Rule"))
    reason = "scorer 7 (http://scorer.example) answered 503"
    world.add(Unscored(comment_id=comment, scorer_id=7, reason=reason, since=now(), times=0))
    shown = osmod("show", str(comment)).stdout
    for name, value in (
        ("asked Perspective", ", no answer yet"),
        ("TOXICITY", "0.250"),
        ("decision", "Defer by no rule that fits, "),
        ("is", "scored"),
        ("scorer 7 given up", f", not asked again: {reason}"),
    ):
        assert any(line.startswith(f"{name}  ") and value in line for line in shown.splitlines()), name
    (plain,) = json.loads(osmod("show", str(comment), "--json").stdout)["comments"]
    assert (comment, True, {"TOXICITY": 0.25}) == (
        *(plain["commentId"], plain["isScored"]),
        plain["summaryScores"],
    )
    assert [(7, reason, None)] == [(one["scorer"], one["reason"], one["againAt"]) for one in plain["givenUp"]]
    assert "private" not in shown + json.dumps(plain)
