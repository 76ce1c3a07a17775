"""One trial: comments with decisions, while workers, Redis, the scorers and the publisher fail."""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from dramatiq import QueueJoinTimeout
from sqlalchemy import Engine, func, select

import actors
from osmod.jobs.broker import JobBroker
from osmod.moderation.database import open_session
from osmod.moderation.models import Comment, DecisionDelivery, OutboxEntry
from tests.chaos.comments import verdict as judging
from tests.chaos.comments.acting import Actions
from tests.chaos.comments.ends import SCORERS, Ends, scorer_config, text_of
from tests.chaos.comments.harms import Harms
from tests.chaos.comments.verdict import SETTLED, Verdict
from tests.chaos.comments.watch import Watch
from tests.chaos.pools import Pool
from tests.chaos.targets import LEASE, SingleTarget, Target
from tests.moderation.world import World
from tests.publishers.fake import Fake, publisher
from tests.scorers.fake import serving

#: Articles that the comments are on: few, so that many change the same counts.
ARTICLES = 5
#: Requests at a time that the second scorer takes.
CONCURRENCY = 4
#: What the rules do with a score.
RULES = ((0.0, 0.4, "Accept"), (0.4, 0.6, "Defer"), (0.6, 1.0, "Reject"))


class TrialPool(Pool):
    """`dramatiq tests.chaos.comments.worker`."""

    module = "tests.chaos.comments.worker"


@dataclass(frozen=True)
class Terms:
    """How much of it.

    Attributes:
      rate: comments a second.
      hurry: by what factor the product's own pauses are shorter.
      pauses: the least and most seconds between two faults of the scorers, and of the publisher; three times as many
        between those of machines.
      spell: seconds that most faults of the scorers and the publisher last.
      calm_at: what may be left to do, for each comment, when the faults end.
      faults: seconds for which faults go on when all has been sent, at most: a machine that is busy with other things
        may get nothing done between one and the next.
      patience: seconds without anything being done after which it is all over.
    """

    comments: int
    seed: int
    rate: float = 20.0
    hurry: float = 10.0
    pauses: tuple[float, float] = (0.5, 4.0)
    spell: float = 1.0
    calm_at: float = 0.5
    faults: float = 120.0
    patience: float = 400.0
    kind: type[Target] = SingleTarget


class Trial:
    """Two pools of workers on one target and one database, between a service that scores and a publisher."""

    def __init__(self, engine: Engine, terms: Terms) -> None:
        self._terms = terms
        self._random = Random(terms.seed)
        self._world = World(engine)
        self._target = terms.kind(Random(self._random.random()))
        self._folder = Path(tempfile.mkdtemp(prefix="trial-"))
        self._pools: list[Pool] = []

    def run(self) -> Verdict:
        """Comments, acts and faults; then quiet, and the count."""
        verdict = Verdict()
        with ExitStack() as stack:
            scorer, hears = stack.enter_context(serving()), stack.enter_context(publisher())
            broker = stack.enter_context(self._running())
            ends = Ends(scorer, hears, spell=self._terms.spell, slow=self._terms.spell)
            moderator, comments = self._make(scorer.url, hears)
            acting = Actions(broker, comments, moderator, self._terms.rate, Random(self._random.random()))
            watch = stack.enter_context(Watch(self._world, scorer))
            with acting:
                verdict.faults = self._do_harm(ends, acting)
                self._work_off()
            with suppress(QueueJoinTimeout):  # what is left then is told by what it left undone
                broker.join("default", timeout=120_000)
            watch.look()
            died = judging.failed_jobs(verdict, self._target)
            judging.judge_comments(verdict, self._world, comments)
            judging.judge_acts(verdict, self._world, self._target, acting.acts, died)
            judging.judge_deliveries(verdict, self._world, hears.received)
            judging.judge_requests(verdict, hears.received)
            verdict.asked, verdict.anew = len(scorer.asked), ends.answered_anew
            verdict.asked_twice = watch.asked_twice
        return verdict

    @contextmanager
    def _running(self) -> Iterator[JobBroker]:
        """Servers and workers. Gives a broker to send with."""
        try:
            self._target.start()
            broker = JobBroker(url=self._target.url(), lease=LEASE)
            broker.actors = actors.heartbeat.broker.actors
            broker.declare_queue("default")
            self._pools += [self._pool(0), self._pool(1)]
            yield broker
            broker.close()
        finally:
            for pool in self._pools:
                pool.kill()
            self._target.close()
            shutil.rmtree(self._folder)

    def _pool(self, number: int) -> Pool:
        database = self._world.engine.url.render_as_string(hide_password=False)
        url, log, hurry = self._target.url(number), self._folder / "log", self._terms.hurry
        return TrialPool(url, log, "-t", "8", lease=LEASE, hurry=hurry, database=database)

    def _make(self, scorer: str, hears: Fake) -> tuple[int, list[int]]:
        """A moderator, and comments of a publisher's that two scorers and the rules are for."""
        world = self._world
        owner = world.user(group="service", extra={"webhook": hears.webhook})
        world.scorer(scorer_config(scorer, SCORERS[0]))
        world.scorer(scorer_config(scorer, SCORERS[1], limits={"concurrency": CONCURRENCY}))
        tag = world.tag("TOXICITY")
        for lower, upper, action in RULES:
            world.rule(tag, lower, upper, action)
        articles = [world.article(world.category()) for _ in range(ARTICLES)]
        return world.user(), [
            world.comment(articles[number % ARTICLES], owner_id=owner, text=text_of(number))
            for number in range(self._terms.comments)
        ]

    def _do_harm(self, ends: Ends, acting: Actions) -> Counter[str]:
        """Until all has been sent and most of it is done; then nothing is wrong any more."""
        machines = [self._kill_pool, *self._target.harms()]
        least, most = self._terms.pauses
        everywhere = [
            Harms(machines, (3 * least, 3 * most), Random(self._random.random())),
            Harms(ends.scorer_faults(), (least, most), Random(self._random.random())),
            Harms(ends.publisher_faults(), (least, most), Random(self._random.random())),
        ]
        with ExitStack() as under_way:
            for harms in everywhere:
                under_way.enter_context(harms)
            acting.wait()
            self._work_off(round(self._terms.calm_at * self._terms.comments), self._terms.faults)
        self._target.quiet()
        return sum((harms.done for harms in everywhere), Counter[str]())

    def _kill_pool(self) -> None:
        which = self._random.randrange(len(self._pools))
        self._pools[which].kill()
        self._pools[which] = self._pool(which)

    def _work_off(self, but: int = 0, seconds: float = math.inf) -> None:
        """Wait, so long at most, until no more than so much is left or nothing happens for longer than retries wait."""
        left, since = self._left(), time.monotonic()
        end = since + seconds
        while left > but and time.monotonic() < min(end, since + self._terms.patience):
            time.sleep(0.5)  # whatever is not done in the end is part of the verdict
            if (now := self._left()) != left:
                left, since = now, time.monotonic()

    def _left(self) -> int:
        """Comments that nobody has decided, decisions that are to be told, jobs that are owed."""
        undecided = (
            select(func.count())
            .select_from(Comment)
            .where(Comment.is_accepted.is_(None), Comment.is_deferred.is_(False))
        )
        untold = select(func.count()).where(DecisionDelivery.state.not_in(SETTLED))
        owed = select(func.count()).select_from(OutboxEntry)
        with open_session(self._world.engine) as session:
            return sum(session.scalar(one) or 0 for one in (undecided, untold, owed))
