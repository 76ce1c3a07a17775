"""Making scorers, changing how they are asked, switching them on and off. The audit log has each act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from dramatiq import Broker
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from osmod.jobs.broker import JobBroker
from osmod.jobs.steering.audit import audit_log, note
from osmod.moderation.models import User
from osmod.moderation.work import transact
from osmod.operating.scorers import QUEUE
from osmod.scorers import BadScorerConfig, config_of, deadline_of, scorer_for

T = TypeVar("T")


class NoSuchScorer(Exception):
    """There is no scorer with this id."""


class NameTaken(Exception):
    """A scorer has this name. The message names it."""


class Operator:
    """Somebody who changes scorers.

    Every act raises `BadScorerConfig` where a scorer could not be asked as it would be then, `redis.RedisError` where
    the audit log is away; nothing is changed then. Of one that is not there, `NoSuchScorer`.

    Parameters:
      reason: why; the audit log keeps it.
    """

    def __init__(self, engine: Engine, queues: Broker, reason: str = "") -> None:
        self._engine = engine
        self._queues = queues
        self._reason = reason

    def add(self, name: str, extra: Mapping[str, Any]) -> int:
        """Make a scorer that is off, which nobody asks. Returns its id.

        Raises:
          NameTaken: by another scorer, perhaps by this act, sent twice.
        """

        def act(session: Session) -> int:
            same = select(func.min(User.id)).where(User.group == "moderator", User.name == name.strip())
            if (taken := session.scalar(same)) is not None:
                raise NameTaken(
                    f"scorer {taken} has the name {name.strip()!r}: give another, or change that one by "
                    f"`osmod scorers configure {taken}`."
                )
            user = User(group="moderator", name=name.strip(), is_active=False, extra=dict(extra))
            session.add(user)
            session.flush()
            _check(user)
            return user.id

        scorer_id = self._do(act)
        self._note("add scorer", scorer_id)
        return scorer_id

    def configure(self, scorer_id: int, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> bool:
        """Have a scorer asked otherwise from the next comment on. Returns whether it is on.

        Parameters:
          change: gives its new `extra`, from the one that it has; that is empty where it cannot be read.
        """

        def act(session: Session) -> bool:
            user = _locked(session, scorer_id)
            try:
                before = config_of(user.id, user.extra)
            except BadScorerConfig:
                before = {}
            user.extra = dict(change(before))
            _check(user)
            session.flush()
            return user.is_active

        is_active = self._do(act)
        self._note("configure scorer", scorer_id)
        return is_active

    def enable(self, scorer_id: int) -> bool:
        """Have a scorer asked about every comment from now on. False: it was."""

        def act(session: Session) -> bool:
            user = _locked(session, scorer_id)
            _check(user)
            return _switch(session, user, on=True)

        return self._switched("enable scorer", scorer_id, act)

    def disable(self, scorer_id: int) -> bool:
        """Have a scorer asked no more. False: it was not."""
        return self._switched(
            "disable scorer",
            scorer_id,
            lambda session: _switch(session, _locked(session, scorer_id), on=False),
        )

    def _switched(self, what: str, scorer_id: int, act: Callable[[Session], bool]) -> bool:
        if done := self._do(act):
            self._note(what, scorer_id)
        return done

    def _do(self, act: Callable[[Session], T]) -> T:
        if isinstance(self._queues, JobBroker):
            audit_log(self._queues, limit=1)  # meets a Redis that is away before anything is changed
        return cast("T", transact(self._engine, lambda work: act(work.session)).value)

    def _note(self, act: str, scorer_id: int) -> None:
        if isinstance(self._queues, JobBroker):  # where tasks run at once there is no log
            note(self._queues, act, f"scorer={scorer_id}", queue=QUEUE, reason=self._reason)


def _locked(session: Session, scorer_id: int) -> User:
    found = select(User).where(User.id == scorer_id, User.group == "moderator").with_for_update()
    user = session.scalars(found).one_or_none()
    if user is None:
        raise NoSuchScorer(f"there is no scorer {scorer_id}")
    return user


def _check(user: User) -> None:
    scorer_for(user.id, user.extra)
    deadline_of(user.id, user.extra)


def _switch(session: Session, user: User, *, on: bool) -> bool:
    if user.is_active == on:
        return False
    user.is_active = on
    session.flush()
    return True
