"""What an actor calls sensitive stands in no line, whoever writes it and however much is asked for."""

from __future__ import annotations

import pytest
from dramatiq import Actor, Message

import actors
from osmod.jobs.messages.arguments import described
from tests.logs.conftest import Logs

TEXT = 'you are\nall "fools" and your café is dirty'
READER = 9087065


@pytest.mark.parametrize("form", ["console", "json"])
def test_nothing_of_a_comment_or_its_reader(logs: Logs, form: str) -> None:
    """Not in arguments, errors, tracebacks, extras, nor in what was cut."""
    logs.setenv(LOG_FORMAT=form)
    job = logs.send("leak", TEXT, reader_id=READER)
    pool = logs.work("-v")
    logs.until_ended(1)

    said = "\n".join(logs.lines(pool))

    assert said.count(job) >= 3
    for secret in ("fools", "you are", "dirty", str(READER)):
        assert secret not in said


@pytest.mark.parametrize("actor", [actors.process_tag_addition, actors.process_tag_revocation])
def test_who_flagged_a_comment_is_nobodys_business(actor: Actor[..., None]) -> None:
    """Nor is what they added; the comment and the kind of flag are shown."""
    said = {"type": "flag", "sourceCommentId": "c1", "sourceUserId": "reader-1", "extra": {"why": "rude"}}
    shown = described(actor, Message("default", actor.actor_name, (), said, {}))

    assert "c1" in shown
    assert "reader-1" not in shown
    if actor is actors.process_tag_addition:
        assert "rude" not in shown
