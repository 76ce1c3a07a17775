"""A job of Kue's as a message of ours: what each thing that it says becomes here."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from dramatiq import Actor, Message

from osmod.jobs.messages.arguments import takes
from osmod.jobs.messages.bounds import LATEST, LONGEST
from osmod.jobs.messages.options import PRIORITY_LIMIT

#: The attempts of a job that asks for more are so many.
MOST_ATTEMPTS = 1_000_000
#: What is put into a job's data for Kue's pages, and by kue-scheduler and kue-unique for themselves.
_EXTRA = ("title", "schedule", "timezone", "expiryKey", "dataKey", "unique")
_MESSAGE_ID = r"kue:{}:\d+:\d+:\d+"


class Unusable(ValueError):
    """What a job of Kue's carries cannot be a job here; the message says what it is and what was expected."""


@dataclass(frozen=True)
class KueJob:
    """A claimed job of Kue's, with the texts of its hash; empty where there is none.

    Attributes:
      kind: its type, the name of an actor.
      message_id: what it is called here.
    """

    kind: str
    created_at: str
    data: bytes
    priority: str
    ttl: str
    attempts: str
    max_attempts: str
    backoff: str
    delay: str
    message_id: str

    @classmethod
    def from_row(cls, row: Sequence[bytes]) -> KueJob:
        """The job that a script answered with."""
        kind, created, data, *texts = row
        return cls(_text(kind), _text(created), data, *map(_text, texts))

    def message(self, actor: Actor[Any, Any]) -> Message[Any]:
        """The message to send.

        Its record is kept when it is done, whatever the settings say: it is what Kue is told from, and by what a job
        that is sent again is known. An actor that decides by itself what is worth another try does so here, too.

        Raises:
          Unusable: its data is no JSON object.
        """
        arguments = self._arguments()
        options: dict[str, Any] = {"remove_on_complete": False, "priority": self._priority()}
        if (limit := _number(self.ttl)) > 0:
            options["time_limit"] = int(min(limit, LONGEST))
        if "unique" in actor.options:
            options["unique"] = False  # Kue's users are told what became of each job.
        if "retry_when" not in actor.options:
            options |= self._retries()
        title = arguments.get("title")
        for name in _EXTRA:
            if not takes(actor, name):
                arguments.pop(name, None)
        if isinstance(title, str) and title:
            options["label"] = title[:200]
        return self._as_message(actor, arguments, options)

    def refused(self, actor: Actor[Any, Any], reason: str) -> Message[Any]:
        """A message in its place that fails when it is run, for this reason. It carries none of the arguments."""
        options = {
            "remove_on_complete": False,
            "priority": self._priority(),
            "refused": reason,
            "max_retries": 0,
        }
        return self._as_message(actor, {}, options)

    def _as_message(
        self, actor: Actor[Any, Any], arguments: dict[str, Any], options: dict[str, Any]
    ) -> Message[Any]:
        created = int(max(0, min(LATEST, _number(self.created_at))))
        return Message(actor.queue_name, actor.actor_name, (), arguments, options, self.message_id, created)

    def _arguments(self) -> dict[str, Any]:
        try:
            data = json.loads(self.data or b"{}", parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Unusable(f"data is no JSON ({error}): expected an object of arguments") from None
        if not isinstance(data, dict):
            raise Unusable(f"data is {_KINDS.get(type(data), 'a number')}: expected an object of arguments")
        return data

    def _priority(self) -> int:
        """Kue takes any number, lower first; those that are further off than ours go keep their side."""
        return math.floor(max(-PRIORITY_LIMIT, min(PRIORITY_LIMIT, _number(self.priority))))

    def _retries(self) -> dict[str, Any]:
        left = _number(self.max_attempts or "1") - _number(self.attempts)
        attempts = int(max(1, min(MOST_ATTEMPTS, left)))
        if attempts == 1:
            return {"attempts": 1}
        return {"attempts": attempts, **self._backoff()}

    def _backoff(self) -> dict[str, Any]:
        """Without one Kue tries again at once. One that is a function in JavaScript is the actor's, or Dramatiq's."""
        delay = _span(_number(self.delay))
        if not self.backoff:
            return {"backoff": {"type": "fixed", "delay": 0}}
        if self.backoff == "true":
            return {"backoff": {"type": "fixed", "delay": delay}}
        try:
            wanted = json.loads(self.backoff)
        except (ValueError, RecursionError):
            return {}
        if not isinstance(wanted, dict) or wanted.get("type") not in ("fixed", "exponential"):
            return {}
        first = _span(_number(wanted.get("delay"))) or delay
        found: dict[str, Any] = {"backoff": {"type": wanted["type"], "delay": first}}
        if most := _span(_number(wanted.get("maxDelay"))):
            found["max_backoff"] = most
        return found


def known_by(prefix: str) -> re.Pattern[str]:
    """What the message ids of jobs look like that come from Kue's queue with that prefix."""
    return re.compile(_MESSAGE_ID.format(re.escape(prefix)))


_KINDS = {str: "a text", list: "a list", bool: "true or false", type(None): "null"}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}")


def _number(value: Any) -> float:
    """What JavaScript may have written as a number; 0 for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return 0.0 if math.isnan(number) else number


def _span(millis: float) -> int:
    return int(max(0, min(LONGEST, millis)))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
