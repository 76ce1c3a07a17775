"""What a trial came to: counted from the database, and from what the service and the publisher saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dramatiq import Message

from osmod.moderation.models import (
    Comment,
    CommentScoreRequest,
    Decision,
    DecisionDelivery,
    DeliveryState,
    InboxEntry,
    OutboxEntry,
    PublisherStanding,
)
from tests.chaos.counting import in_a_moment
from tests.chaos.load import Accepted
from tests.chaos.targets import Target
from tests.moderation.world import World
from tests.publishers.fake import Received
from tests.publishers.fake import Reply as Acknowledgement

#: Faults of each kind that are printed.
NAMED = 10
#: The states of deliveries that are over.
SETTLED: tuple[DeliveryState, ...] = ("delivered", "superseded")


@dataclass
class Verdict:
    """What came of it. All that is a list names what should not have been.

    Attributes:
      decided: comments accepted, rejected or deferred in the end.
      acts, without_effect: what moderators did; of that what a queue failed for having killed workers.
      unreplicated: of that what was accepted in the moment of a failover and is nowhere.
      replaced: decisions that could not be told before there was a newer one.
      told, repeated: requests to the publisher; those of decisions that it had acknowledged before.
      asked, anew: questions to the service; those that it had answered well before, before that answer was stored.
    """

    comments: int = 0
    decided: int = 0
    scored: int = 0
    acts: int = 0
    without_effect: int = 0
    unreplicated: int = 0
    decisions: int = 0
    delivered: int = 0
    replaced: int = 0
    told: int = 0
    repeated: int = 0
    asked: int = 0
    anew: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    died_of: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    order_broken: list[str] = field(default_factory=list)
    bad_signatures: list[str] = field(default_factory=list)
    asked_twice: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> dict[str, list[str]]:
        """What should not have been, by kind."""
        return {name: found for name, found in vars(self).items() if isinstance(found, list) and found}

    def __str__(self) -> str:
        faults = ", ".join(f"{count} x {name}" for name, count in sorted(self.faults.items()))
        died = ", ".join(f"{count} x {name}" for name, count in sorted(self.died_of.items())) or "none"
        return (
            f"faults: {faults}\n"
            f"comments {self.comments}, decided {self.decided}, scored by all {self.scored}; "
            f"moderators' acts {self.acts} (without effect for having killed workers "
            f"{self.without_effect}, accepted in the moment of a failover and not replicated {self.unreplicated})\n"
            f"decisions {self.decisions}, delivered {self.delivered}, replaced by a newer one {self.replaced}; "
            f"requests to the publisher {self.told}, acknowledged before {self.repeated}\n"
            f"questions to the scorers {self.asked}, answered before {self.anew}, "
            f"asked twice for a stored answer {len(self.asked_twice)}\n"
            f"order broken {len(self.order_broken)}, bad signatures {len(self.bad_signatures)}, "
            f"lost {len(self.lost)}, left unsettled {len(self.unsettled)}, "
            f"failed jobs that should not have {len(self.failed)}; failed for killing workers: {died}"
            + "".join(f"\n{kind}: {one}" for kind, found in self.wrong.items() for one in found[:NAMED])
        )


def judge_comments(verdict: Verdict, world: World, comments: Sequence[int]) -> None:
    """Every comment is decided, its counts are right, nothing is still owed."""
    rows = {row.id: row for row in world.all(Comment)}
    open_requests = Counter(row.comment_id for row in world.all(CommentScoreRequest) if row.done_at is None)
    verdict.comments = len(comments)
    undecided = [one for one in comments if rows[one].is_accepted is None and not rows[one].is_deferred]
    verdict.decided = len(comments) - len(undecided)
    verdict.scored = sum(1 for one in comments if rows[one].is_scored and not open_requests[one])
    verdict.lost += [f"comment {one} was never decided" for one in undecided]
    verdict.unsettled += [f"count of {wrong}" for wrong in world.miscounted()]
    verdict.unsettled += [f"owed job {row.actor} {row.arguments}" for row in world.all(OutboxEntry)]


def judge_acts(
    verdict: Verdict, world: World, target: Target, accepted: dict[str, Accepted], died: set[str]
) -> None:
    """Every act of a moderator that the queue accepted took effect."""
    effective = {row.message_id for row in world.all(InboxEntry)}
    missing = {name for name in accepted if name not in effective}
    unreplicated = {one for one in missing - died if in_a_moment(accepted[one], target.failovers)}
    verdict.acts = len(accepted)
    verdict.without_effect = len(missing & died)
    verdict.unreplicated = len(unreplicated)
    verdict.lost += [f"a moderator's act, job {one}" for one in sorted(missing - died - unreplicated)]


def judge_deliveries(verdict: Verdict, world: World, received: Sequence[Received]) -> None:
    """Every decision was told or replaced by a newer one, in order, signed; comment and decision know of it."""
    decisions = {row.id: row for row in world.all(Decision)}
    comments = {row.id: row for row in world.all(Comment)}
    deliveries = world.all(DecisionDelivery)
    acknowledged = Counter(one.id for one in received if is_acknowledged(one.reply))
    last = {row.comment_id: row.id for row in deliveries}
    owed = Counter(row.decision_id for row in deliveries)
    verdict.decisions, verdict.told = len(decisions), len(received)
    verdict.delivered = sum(1 for row in deliveries if row.state == "delivered")
    verdict.replaced = sum(1 for row in deliveries if row.state == "superseded")
    verdict.repeated = sum(count - 1 for count in acknowledged.values())
    verdict.lost += [f"news of decision {one} owed {owed[one]} times" for one in decisions if owed[one] != 1]
    for row in deliveries:
        which = f"delivery {row.id}, of decision {row.decision_id} on comment {row.comment_id}"
        if row.state not in SETTLED:
            verdict.unsettled.append(f"{which}, is {row.state}, tried again {row.next_attempt_at}")
        elif row.state == "superseded" and row.id == last[row.comment_id]:
            verdict.lost.append(f"{which}, is superseded by nothing newer")
        elif row.state == "delivered" and not acknowledged[row.message_id]:
            verdict.lost.append(f"{which}, is delivered and the publisher never acknowledged it")
        elif row.state == "delivered" and not (
            decisions[row.decision_id].sent_back_to_publisher
            and comments[row.comment_id].sent_back_to_publisher
        ):
            verdict.unsettled.append(f"{which}, is delivered and sentBackToPublisher is not set")
    verdict.unsettled += [
        f"publisher {row.owner_id} is disabled: {row.reason}"
        for row in world.all(PublisherStanding)
        if row.disabled_at
    ]


def judge_requests(verdict: Verdict, received: Sequence[Received]) -> None:
    """As the publisher saw it: signed by us, and never an older decision on a comment after a newer one."""
    newest: dict[int, int] = {}
    for one in received:
        data = one.content["data"]
        comment, number = data["comment"]["id"], data["sequence"]
        if not all(one.known):
            verdict.bad_signatures.append(f"{one.id} on comment {comment}")
        if number < newest.get(comment, 0):
            verdict.order_broken.append(f"comment {comment}: {number} after {newest[comment]}")
        newest[comment] = max(number, newest.get(comment, 0))


def is_acknowledged(reply: Acknowledgement) -> bool:
    """Whether the publisher took what it was told."""
    return 200 <= reply.status < 300 and not reply.resets


def failed_jobs(verdict: Verdict, target: Target) -> set[str]:
    """Note the jobs that failed. Returns the ids of those that were alone in workers when these were killed:
    the queue takes them to be what killed these."""
    died = set()
    for queue in target.queues:
        server, base = target.server_of(queue), f"dramatiq:{{{queue}}}:"
        for job in server.ask("ZRANGE", f"{base}failed", 0, -1):
            message, error = server.ask("HMGET", f"{base}job:{job}", "message", "error")
            failed: Message[Any] = Message.decode(message.encode())
            if str(error).startswith("WorkerDied"):
                died.add(job)
                verdict.died_of[failed.actor_name] += 1
            else:
                verdict.failed.append(f"{failed.actor_name} {failed.kwargs}: {error}")
    return died
