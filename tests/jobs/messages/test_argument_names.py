"""Names of arguments are checked where a job is sent, by what its actor takes."""

from __future__ import annotations

from typing import Any

import dramatiq
import pytest
from dramatiq import Actor, Message

from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import UnknownArgument
from osmod.task.payload import Id, checked


def queued(broker: JobBroker) -> int:
    return broker.do_qsize("default")


def test_a_misspelt_name_is_refused_by_send(broker: JobBroker) -> None:
    """With what was meant; nothing is queued."""

    @dramatiq.actor(actor_name="acceptComments")
    def declared(comment_id: int, user_id: int | None = None) -> None:
        """Nothing runs here."""

    accept: Actor[..., None] = declared
    said = "acceptComments takes no argument 'comment_idd': did you mean 'comment_id'?"
    with pytest.raises(UnknownArgument) as refused:
        accept.send(comment_idd=1)
    assert said == str(refused.value)
    with pytest.raises(UnknownArgument):
        accept.send_with_options(kwargs={"comment_idd": 1}, delay=1000)
    with pytest.raises(UnknownArgument):
        broker.send_many([accept.message(1), accept.message(comment_idd=1)])
    assert 0 == queued(broker)


def test_what_resembles_nothing_is_told_what_there_is(broker: JobBroker) -> None:
    """And an actor without arguments says that it has none."""
    one = dramatiq.actor(actor_name="one")(lambda comment_id, user_id=0: None)
    none = dramatiq.actor(actor_name="none")(_takes_none)

    with pytest.raises(UnknownArgument, match="one takes no argument 'zzz': it takes comment_id, user_id."):
        one.send_with_options(kwargs={"comment_id": 1, "zzz": 1})
    with pytest.raises(UnknownArgument, match="none takes no argument 'zzz': it takes none."):
        none.send_with_options(kwargs={"zzz": 1})


def test_a_task_takes_both_spellings(broker: JobBroker) -> None:
    """Those that check their payload know OSMod's names, too; other functions know their own alone."""
    checks: Actor[..., None] = dramatiq.actor(actor_name="checks")(checked("checks")(_takes_an_id))
    plain: Actor[..., None] = dramatiq.actor(actor_name="plain")(_takes_an_id)

    checks.send(commentId=1)
    checks.send(comment_id=1)
    with pytest.raises(UnknownArgument, match="did you mean 'comment_id'"):
        plain.send(commentId=1)
    assert 2 == queued(broker)


def test_whatever_may_be_taken_is_sent(broker: JobBroker) -> None:
    """Any name, if the function takes any; positions are not names; an actor may be another process's."""

    @dramatiq.actor
    def anything(**given: Any) -> None:
        """Nothing runs here."""

    anything.send(zzz=1)
    dramatiq.actor(actor_name="two")(lambda a, b: None).send(1, b=2)
    broker.enqueue(Message("default", "elsewhere", (), {"zzz": 1}, {}))
    assert 3 == queued(broker)


def test_an_actor_declared_anew_is_asked_anew(make_broker: Any) -> None:
    """What another function of the same name took says nothing."""
    make_broker()
    dramatiq.actor(actor_name="same")(lambda a: None).send(a=1)
    make_broker()
    same = dramatiq.actor(actor_name="same")(lambda b: None)
    same.send(b=1)
    with pytest.raises(UnknownArgument):
        same.send_with_options(kwargs={"a": 1})


def _takes_an_id(comment_id: Id) -> None:
    """Nothing runs here."""


def _takes_none() -> None:
    """Nothing runs here."""
