"""Run by Python in a container: sends jobs and says what became of them, as JSON.

- `write FIRST COUNT`: so many new comments.
- `accept FIRST`: a job for each comment, but for the first ones.
- `send FIRST COUNT`: both.
- `state`: the jobs by state, the comments and the decisions.
- `kill SIGNAL WORDS`: a signal to the processes of this container whose command lines have these words.
- `kill-last SIGNAL WORDS`: to those of them that have no child.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from typing import Any

import psutil
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import worker
from actors import accept_comments
from osmod.jobs.broker import JobBroker
from osmod.jobs.records import snapshot
from osmod.moderation.database import connect, open_session
from osmod.moderation.models import Article, Comment, Decision
from osmod.settings import get_settings

assert isinstance(worker.broker, JobBroker)
BROKER: JobBroker = worker.broker


def session() -> Session:
    """On the database of the settings."""
    return open_session(connect(get_settings().database_url))


def write(first: int, count: int) -> int:
    """New comments with the source ids `first` and up."""
    title = {"title": "One", "text": "What happened", "url": "https://news.example"}
    with session() as connection:
        article = Article(source_id=f"a{first}", **title)
        connection.add(article)
        connection.flush()
        texts = {"article_id": article.id, "author_source_id": "ann", "text": "Well said", "author": {}}
        numbers = range(first, first + count)
        connection.add_all([Comment(source_id=f"c{number}", **texts) for number in numbers])
        connection.commit()
    return count


def accept(first: int) -> int:
    """A job for each comment, but for the `first` ones."""
    with session() as connection:
        ids = connection.scalars(select(Comment.id).order_by(Comment.id).offset(first)).all()
    BROKER.send_many(accept_comments.message(comment_id=one) for one in ids)
    return len(ids)


def state() -> dict[str, Any]:
    """How the jobs and the decisions stand."""
    with session() as connection:
        comments = connection.scalar(select(func.count()).select_from(Comment))
        decisions = connection.scalars(select(Decision.comment_id)).all()
    jobs: Counter[str] = Counter()
    for queue in snapshot(BROKER).queues:
        jobs.update({one.value: size for one, size in queue.sizes.items()})
    return {
        "comments": comments,
        "decided": len(set(decisions)),
        "decisions": len(decisions),
        **{name: jobs[name] for name in ("waiting", "delayed", "active", "failed")},
    }


def kill(name: str, *words: str, last: bool = False) -> int:
    """How many processes got the signal. With `last`, it is for those without children."""
    hit = 0
    # Read as they are listed: a health check may be gone a moment later.
    listed = psutil.process_iter(["cmdline"])
    found = [one for one in listed if " ".join(words) in " ".join(one.info["cmdline"] or ())]
    for process in [one for one in found if not (last and one.children())]:
        if process.pid != os.getpid():
            process.send_signal(signal.Signals[f"SIG{name}"])
            hit += 1
    return hit


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    match command:
        case "write":
            answer: Any = write(*map(int, arguments))
        case "accept":
            answer = accept(*map(int, arguments))
        case "send":
            answer = write(*map(int, arguments)) and accept(int(arguments[0]))
        case "kill":
            answer = kill(*arguments)
        case "kill-last":
            answer = kill(*arguments, last=True)
        case _:
            answer = state()
    print(json.dumps(answer))
