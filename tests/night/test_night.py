"""Five things that go wrong at night, each found by `osmod check` and mended with the commands of the page."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import psutil
import pytest
from dramatiq import broker
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from actors import accept_comments
from osmod.jobs.broker import JobBroker
from osmod.jobs.states import JobState
from osmod.moderation.models import Comment, User
from osmod.moderation.work import Work
from tests.chaos.proxy import Proxy
from tests.docs.sandbox import Sandbox
from tests.moderation.world import World
from tests.night.operator import Operator
from tests.queue_counts import queue_counts
from tests.redis_servers import Server, binary_of, running
from tests.waiting import until

#: Seconds between two looks by a command, each of which is some work.
LOOK = 0.3

pytestmark = [pytest.mark.only_on("mariadb"), pytest.mark.timeout(400)]

_RAISES = """
import dramatiq

@dramatiq.actor(actor_name="digest", max_retries=0)
def digest(number: int) -> None:
    {body}
"""


class Night:
    """An installation at work: a worker, a scheduler, a moderator, comments 1 to 20; and who is on duty."""

    def __init__(self, folder: Path, server: Server, url: URL) -> None:
        assert url.port, "the database is reached through a proxy, which needs its port"
        self.server = server
        self.database = Proxy(url.port, url.host or "127.0.0.1")
        self.sandbox = Sandbox(folder, server)
        through = url.set(host="127.0.0.1", port=self.database.port)
        self.sandbox.environment["DATABASE_URL"] = through.render_as_string(hide_password=False)
        self.sandbox.environment["WORKER_REMOVE_TASK_ON_COMPLETE"] = "false"
        self.operator = Operator(self.sandbox)
        self.queue = JobBroker(url=server.url)
        self.queue.declare_queue("default")
        self.queue.actors = accept_comments.broker.actors

    def furnish(self, engine: Engine) -> None:
        """Have nothing be left of an earlier night, and everything reached; the tables are empty."""
        self.database.refuse = False
        self.server.wake()
        for key in self.server.client.scan_iter("dramatiq:{default}:*", count=10_000):
            self.server.client.delete(key)
        self.world = World(engine)
        self.world.user(id=3)
        article = self.world.article(self.world.category())
        self.comments = [self.world.comment(article) for _ in range(20)]

    def begin(self) -> None:
        """Start what the page says."""
        self.operator.starts("osmod worker -p 2 -t 4")
        self.operator.starts("periodiq worker")

    def send(self, actor: str, count: int, **arguments: object) -> None:
        """Have server code send so many jobs, each of one of the comments unless told otherwise."""
        messages = [
            dramatiq.Message[object](
                "default", actor, (), arguments or {"commentId": self.comments[number % 20]}, {}
            )
            for number in range(count)
        ]
        self.queue.send_many(messages)

    def accepts(self, count: int) -> None:
        """Have moderator 3 accept comments."""
        self.queue.send_many(
            [accept_comments.message(comment_id=self.comments[n % 20], user_id=3) for n in range(count)]
        )

    def until_all_ran(self, seconds: float = 60) -> None:
        """Wait until nothing waits, is delayed or runs."""
        until(lambda: not self.queue.do_qsize("default"), seconds, "everything has run")

    def number(self, state: JobState) -> int:
        """Jobs in a state."""
        return int(getattr(queue_counts(self.queue, "default"), state.value))

    def end(self) -> dict[str, int]:
        """Stop everything."""
        codes = self.sandbox.stop()
        self.database.close()
        self.queue.close()
        return codes


@pytest.fixture(scope="module")
def installation(
    tmp_path_factory: pytest.TempPathFactory, _database: str, request: pytest.FixtureRequest
) -> Iterator[Night]:
    """What all nights have in common, as it takes its time to start: the processes."""
    url = request.getfixturevalue(f"_{_database}").fresh()
    # By default Redis, while its disk is slow, answers up to two seconds before it writes: it is killed here.
    with running(binary_of("redis"), "--appendonly", "yes", "--appendfsync", "always") as server:
        made = Night(tmp_path_factory.mktemp("night"), server, url)
        try:
            made.begin()
            yield made
        finally:
            codes = made.end()
        assert {0} == set(codes.values())


@pytest.fixture
def night(installation: Night, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Night:
    """The evening before: all is well. The operator's commands find the queue's broker as that of the process."""
    monkeypatch.setattr(broker, "global_broker", installation.queue)
    installation.furnish(engine)
    areas = ("redis", "workers", "scheduler", "queues")
    until(lambda: not installation.operator.wakes_to(*areas), 40, "all is well", every=LOOK)
    return installation


def test_the_database_is_away(night: Night) -> None:
    """Its jobs are retried, none fails; they may be run at once when it is back."""
    delayed = "osmod jobs list --state delayed --actor acceptComments"
    night.database.refuse = True
    night.database.reset()
    night.accepts(20)
    retried = until(lambda: night.operator.sees(delayed)["jobs"], 60, every=LOOK)
    (message, *_) = night.operator.wakes_to("database")
    assert "does not answer" in message
    assert 0 == night.number(JobState.FAILED)
    night.database.refuse = False
    for job in retried:
        night.operator.types(f"osmod jobs promote {job['id']}")
    night.until_all_ran()
    assert 0 == night.number(JobState.FAILED)
    assert all(night.world.get(Comment, comment).is_accepted for comment in night.comments)
    assert [] == night.operator.wakes_to("database", "outbox", "queues")


def test_redis_is_restarted(night: Night) -> None:
    """What was acknowledged is there again, and workers go on by themselves."""
    night.operator.types("osmod queues pause default")
    night.accepts(50)
    night.server.kill()
    (message, *_) = night.operator.wakes_to("redis")
    assert "does not answer" in message
    night.server.start()
    until(lambda: not night.operator.wakes_to("redis", "workers"), 30, every=LOOK)
    (message,) = night.operator.wakes_to("queues")
    # Periodic jobs wait, too.
    assert re.fullmatch(
        r"default has been paused for .*, 5\d jobs wait: `osmod queues resume default`\.", message
    )
    assert 0 == night.operator.types("osmod queues resume default").exit_code
    night.until_all_ran()
    assert "All is in order.\n" == night.operator.types("osmod queues check --repair").output


def test_a_scorer_fails_for_two_hundred_jobs(night: Night) -> None:
    """A scorer that somebody misconfigured: the check names it, and its jobs are retried once it is mended."""
    scorer = night.world.scorer({"endpointType": "nonsense"})
    night.send("sendCommentForScoring", 200)
    until(lambda: night.number(JobState.FAILED) == 200, 120)
    (message,) = night.operator.wakes_to("queues")
    assert message.startswith("default: 200 jobs failed (limit 100): `osmod jobs groups --queue default` ")
    (group,) = night.operator.sees("osmod jobs groups")["groups"]
    assert ("sendCommentForScoring", "BadScorerConfig", 200) == (
        group["actor"],
        group["error"],
        group["count"],
    )
    assert "endpointType 'nonsense'" in group["message"]
    failed = group["example"]
    assert "endpointType 'nonsense'" in until(lambda: night.operator.wakes_to("scorers"), 30, every=LOOK)[0]

    def mend(work: Work) -> None:
        user = work.session.get_one(User, scorer)
        user.extra, user.is_active = {"endpointType": "local"}, False

    night.world.do(mend)
    assert "1 job retried\n" == night.operator.types(f"osmod jobs retry {failed}").output
    asked = night.operator.types("osmod jobs retry --state failed --error BadScorerConfig")
    assert (4, "199 jobs would be retried. Add --yes to do it.\n") == (asked.exit_code, asked.output)
    night.operator.types("osmod jobs retry --state failed --error BadScorerConfig --yes")
    night.until_all_ran(120)
    assert [] == night.operator.wakes_to("queues")


def test_a_worker_is_killed(night: Night) -> None:
    """Another process takes its place and its jobs; there is nothing to do but to see that it is so."""
    night.accepts(200)
    first, second = _workers(night.operator)
    psutil.Process(first).send_signal(signal.SIGKILL)
    night.until_all_ran()
    until(lambda: first not in (alive := _workers(night.operator)) and len(alive) == 2, 40, every=LOOK)
    assert second in _workers(night.operator)
    assert [] == night.operator.wakes_to("workers", "queues")
    assert [] == night.operator.sees("osmod jobs list --state active")["jobs"]
    assert "All is in order.\n" == night.operator.types("osmod queues check --repair").output


def test_a_bad_deploy(night: Night) -> None:
    """An actor that raises: paused, deployed as it was before, resumed, retried."""
    _deploy(night, 'raise KeyError("oops")')
    night.send("digest", 150, number=1)
    until(lambda: night.number(JobState.FAILED) == 150, 60)
    assert "150 jobs failed" in night.operator.wakes_to("queues")[0]
    (group,) = night.operator.sees("osmod jobs groups")["groups"]
    assert ("digest", "KeyError", 150, "'oops'") == tuple(
        group[name] for name in ("actor", "error", "count", "message")
    )
    assert "KeyError: 'oops'" in night.operator.types(f"osmod jobs show {group['example']}").output
    night.operator.types("osmod queues pause default")
    night.send("digest", 10, number=1)
    _deploy(night, "return None")
    assert 0 == night.operator.types("osmod queues resume default").exit_code
    night.operator.types("osmod jobs retry --state failed --since '2 hours' --yes")
    night.until_all_ran()
    assert 0 == night.number(JobState.FAILED)
    acts = [line.split()[3] for line in night.operator.types("osmod audit").output.splitlines()[1:]]
    assert ["retry", "resume", "pause"] == acts


def _workers(operator: Operator) -> list[int]:
    """The worker processes that live, by what they say themselves."""
    return [one["process"] for one in operator.sees("osmod workers list")["workers"]]


def _deploy(night: Night, body: str) -> None:
    """New code, and SIGHUP to the worker: every process is replaced."""
    (night.sandbox.folder / "actors" / "digest.py").write_text(_RAISES.format(body=body))
    before = set(_workers(night.operator))
    night.sandbox.service("osmod worker").send_signal(signal.SIGHUP)
    until(lambda: not before & set(alive := _workers(night.operator)) and len(alive) == 2, 60, every=LOOK)
