"""An article with any number of comments, in a database of its own, and tasks run on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dramatiq import Message
from sqlalchemy import Connection, Engine, event, insert

from osmod.jobs.inline import InlineBroker
from osmod.moderation.database import open_session
from osmod.moderation.migrations import upgrade
from osmod.moderation.models import (
    Article,
    Base,
    Category,
    Comment,
    CommentFlag,
    CommentScore,
    CommentScoreRequest,
    CommentSummaryScore,
    ModerationRule,
    Tag,
    User,
    now,
)

#: Rows inserted at a time.
BATCH = 5_000
TAGS = ("TOXICITY", "INSULT", "SPAM", "OBSCENE", "THREAT")
PERSON, SCORER = 1, 2
#: Runs a job: `deliver("acceptComments", commentId=1)`.
Deliver = Callable[..., None]


class Scene:
    """A category with articles of `size` comments, `comments` or more in all, each waiting for its scores."""

    def __init__(self, engine: Engine, size: int, comments: int) -> None:
        self.engine = engine
        self.size = size
        articles = max(1, comments // size)
        self.comments = range(1, articles * size + 1)
        upgrade(engine)
        total = len(self.comments)
        self._insert(User, [_user("general"), _user("moderator")])
        self._insert(Category, [{"label": "news", "all_count": total, "unprocessed_count": total}])
        self._insert(Article, [self._article(number) for number in range(articles)])
        self._insert(
            Tag, [{"label": key, "attribute": key, "color": "#fff", "in_summary_score": True} for key in TAGS]
        )
        self._insert(ModerationRule, [_rule(1, 0.5, "Reject"), _rule(2, 0.99, "Accept")])
        self._insert(Comment, [self._comment(number) for number in self.comments])
        asked = [{"comment_id": number, "user_id": SCORER, "sent_at": now()} for number in self.comments]
        self._insert(CommentScoreRequest, asked)

    def with_history(self) -> None:
        """Give the first comment a flag, a moderator's tag (score 1) and a summary score, for tasks about them."""
        self._insert(CommentFlag, [{"comment_id": 1, "source_id": "reader", "label": "flag"}])
        score = {"comment_id": 1, "tag_id": 1, "score": 1.0}
        self._insert(CommentScore, [score | {"source_type": "Moderator", "user_id": PERSON}])
        self._insert(CommentSummaryScore, [score])

    def statements(self, deliver: Deliver, wire_name: str, **arguments: Any) -> int:
        """How many SQL statements a job sends, COMMIT included."""
        with counted(self.engine) as count:
            deliver(wire_name, **arguments)
        return count()

    def _article(self, number: int) -> dict[str, Any]:
        counts = {"all_count": self.size, "unprocessed_count": self.size}
        name = {"source_id": f"a{number}", "title": "An article", "text": "What happened", "url": "x"}
        return {"category_id": 1} | name | counts

    def _comment(self, number: int) -> dict[str, Any]:
        text = {"text": f"<p>Comment {number}: {'words and more words ' * 5}</p>", "author": {"name": "Ann"}}
        article = (number - 1) // self.size + 1
        return {"source_id": f"c{number}", "author_source_id": "ann", "article_id": article} | text

    def _insert(self, model: type[Base], rows: list[dict[str, Any]]) -> None:
        with open_session(self.engine) as session:
            for start in range(0, len(rows), BATCH):
                session.execute(insert(model), rows[start : start + BATCH])
            session.commit()


class OneJob(InlineBroker):
    """Runs one job where it is sent; those that it queues in turn are left out."""

    _busy = False

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Run the job, unless it was queued by one."""
        if self._busy:
            return message
        self._busy = True
        try:
            return super().enqueue(message, delay=delay)
        finally:
            self._busy = False


def answer(comment: int, toxicity: float = 0.8) -> dict[str, Any]:
    """A scorer's answer with two attributes and three spans; from 0.5 on a rule rejects."""
    spans = [{"score": toxicity, "begin": 0, "end": 4}, {"score": 0.1, "begin": 5, "end": 9}]
    scores = {"TOXICITY": spans, "INSULT": [{"score": 0.2, "begin": 0, "end": 4}]}
    data = {"scores": scores, "summaryScores": {"TOXICITY": toxicity, "INSULT": 0.2}}
    return {"commentId": comment, "userId": SCORER, "scoreData": data}


@contextmanager
def counted(engine: Engine) -> Iterator[Callable[[], int]]:
    """Counts the statements sent in the block, COMMITs included; SQLite's BEGIN is none of the database's work."""
    sent: list[str] = []

    def note(_c: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    def commit(_c: Connection) -> None:
        sent.append("COMMIT")

    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", commit)
    try:
        yield lambda: len(sent)
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", commit)


def milliseconds(deliver: Deliver, wire_name: str, clock: Callable[[], float], **arguments: Any) -> float:
    """How long a job takes by a clock of seconds."""
    start = clock()
    deliver(wire_name, **arguments)
    return (clock() - start) * 1_000


def _user(group: str) -> dict[str, Any]:
    return {"group": group, "name": group, "is_active": True, "extra": {"endpointType": "local"}}


def _rule(tag: int, lower: float, action: str) -> dict[str, Any]:
    bounds = {"lower_threshold": lower, "upper_threshold": 1.0}
    return {"tag_id": tag, "action": action, "category_id": 1} | bounds
