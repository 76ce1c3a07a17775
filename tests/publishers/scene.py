"""A comment of a publisher's, decided and told at moments of the test's choice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from sqlalchemy import Engine, update

from osmod.loop import run
from osmod.moderation import decisions
from osmod.moderation.database import open_session
from osmod.moderation.models import (
    Base,
    Comment,
    DecisionDelivery,
    DeliveryAttempt,
    PublisherStanding,
    Status,
    User,
    now,
)
from osmod.moderation.publishing import overview
from osmod.moderation.publishing.claiming import Claimed, claim
from osmod.moderation.publishing.settling import Outcome, settle
from osmod.moderation.score_data import ScoreData
from osmod.moderation.scoring import Answer, process_machine_scores
from osmod.moderation.work import Committed, Work
from osmod.task.telling import tell
from tests.moderation.world import World
from tests.publishers.fake import Fake

T = TypeVar("T")

BEGAN = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Scene:
    """A publisher (`owner`), a comment of its, and a clock that stands still until it is moved."""

    def __init__(self, engine: Engine, fake: Fake) -> None:
        self.world = World(engine)
        self.fake = fake
        self.now = BEGAN
        self.owner = self.world.user(group="service", extra={"webhook": fake.webhook})
        self.moderator = self.world.user()
        self.comment = self.more()

    def more(self, **columns: Any) -> int:
        """Another comment of the publisher's."""
        return self.world.comment(self.world.article(), **({"owner_id": self.owner} | columns))

    def decide(self, status: Status, comment_id: int | None = None) -> None:
        """A moderator decides."""
        chosen = comment_id or self.comment
        self.do(lambda work: decisions.decide(work, status, [decisions.Act(chosen, self.moderator)]))

    def score(self, scorer: int, scores: dict[str, float]) -> None:
        """A scorer answers."""
        data = ScoreData(scores={}, summary_scores=scores)
        self.do(lambda work: process_machine_scores(work, [Answer(self.comment, scorer, data)]))

    def do(self, effect: Callable[[Work], T]) -> T:
        """Run an effect in a transaction, at the scene's moment."""

        def at_the_moment(work: Work) -> T:
            work.now = self.now
            return effect(work)

        committed: Committed[T] = self.world.do(at_the_moment)
        return cast("T", committed.value)

    def set_extra(self, user_id: int, extra: Any) -> None:
        """Set a user's `extra`."""

        def effect(work: Work) -> None:
            work.session.get_one(User, user_id).extra = extra

        self.do(effect)

    def age(self, model: type[Base], **columns: Any) -> None:
        """Set columns of every row of a table."""
        with self.world.engine.begin() as connection:
            connection.execute(update(model).values(**columns))

    def claim(self, comment_id: int | None = None) -> Claimed | None:
        """Claim what is due of a comment, as a worker does that dies then."""
        chosen = comment_id or self.comment
        return self.do(lambda work: claim(work.session, [chosen], self.now)).get(chosen)

    def settle(self, claimed: Claimed, outcome: Outcome) -> str | None:
        """Note what came of telling it; gives the state of its delivery."""
        (settled,) = self.do(lambda work: settle(work.session, [(claimed, outcome)], self.now))
        return settled.state

    def tell(self, comment_id: int | None = None) -> list[int]:
        """Do what the job `deliverDecision` does; gives the comments that it queues."""
        return run(tell(comment_id or self.comment, lambda: self.now))

    def later(self, **time: float) -> None:
        """Move the clock."""
        self.now += timedelta(**time)

    def catch_up(self) -> None:
        """Move the clock to right after the real one, by which commands act: however long they took."""
        self.now = max(self.now, now()) + timedelta(seconds=1)

    def sweep(self) -> None:
        """Tell all that is due, as the sweep of each minute has it done."""
        for comment_id in self.due():
            self.tell(comment_id)

    def due(self) -> list[int]:
        """The comments that a sweep finds."""
        with open_session(self.world.engine) as session:
            return overview.due(session, self.now, 100)

    def pass_time(self, until: timedelta) -> None:
        """Sweep each time that something is due, until so long after the beginning."""
        end = BEGAN + until
        for _ in range(1_000):
            waiting = [row.next_attempt_at for row in self.deliveries() if row.state == "waiting"]
            rests = [row.paused_until for row in self.world.all(PublisherStanding) if row.paused_until]
            upcoming = max(min(waiting, default=end), *rests, self.now)
            if not waiting or upcoming > end:
                self.now = end
                return
            self.now = upcoming
            self.sweep()
        raise AssertionError("what is due stays due, whoever looks at it")

    def deliveries(self) -> list[DecisionDelivery]:
        """All there are."""
        return self.world.all(DecisionDelivery)

    def states(self) -> list[str]:
        """Their states, in the order of the decisions."""
        return [row.state for row in self.deliveries()]

    def attempts(self) -> list[DeliveryAttempt]:
        """All that were made."""
        return self.world.all(DeliveryAttempt)

    def standing(self) -> PublisherStanding:
        """How the publisher is doing."""
        return self.world.get(PublisherStanding, self.owner)

    def sent_back(self) -> datetime | None:
        """When the publisher acknowledged a decision on the comment."""
        return self.world.get(Comment, self.comment).sent_back_to_publisher
