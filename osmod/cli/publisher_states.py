"""The publishers as operators see them: how each is told, what it has not heard, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from osmod.moderation.publishing.overview import Standing, publishers
from osmod.publishers import BadPublisherConfig, publisher_for


@dataclass(frozen=True)
class PublisherState:
    """One publisher.

    Attributes:
      told_by: `webhook`, or the group that a publisher is registered for; empty where there is neither.
      url: of its webhook, without what may be secret in it.
      state: `on`, `disabled`, `resting` (told nothing until a moment, because it failed) or `unusable`.
      why: what is wrong with it, in a sentence.
    """

    standing: Standing
    told_by: str
    url: str
    state: str
    why: str

    def as_dict(self) -> dict[str, Any]:
        """All of it in values that JSON has."""
        one = self.standing
        return {
            "id": one.owner_id,
            "name": one.name,
            "told_by": self.told_by,
            "url": self.url,
            "state": self.state,
            "why": self.why,
            **{state: one.sizes.get(state, 0) for state in ("waiting", "held", "failed")},
            **{
                name: moment.isoformat() if moment else None
                for name, moment in (
                    ("oldest", one.oldest),
                    ("delivered_at", one.delivered_at),
                    ("disabled_at", one.disabled_at),
                    ("paused_until", one.paused_until),
                )
            },
        }


def publisher_states(session: Session, moment: datetime) -> Iterator[PublisherState]:
    """Every publisher, by id."""
    for standing in publishers(session):
        yield _state_of(standing, moment)


def _state_of(one: Standing, moment: datetime) -> PublisherState:
    told_by, url, problem = _how(one)
    if one.disabled_at is not None:
        return PublisherState(one, told_by, url, "disabled", one.reason)
    if problem:
        return PublisherState(one, told_by, url, "unusable", problem)
    if one.paused_until is not None and one.paused_until > moment:
        return PublisherState(one, told_by, url, "resting", f"{one.failures} attempts failed in a row")
    return PublisherState(one, told_by, url, "on", "")


def _how(one: Standing) -> tuple[str, str, str]:
    """By what it is told, where, and why it cannot be."""
    told_by = "webhook" if one.extra.get("webhook") is not None else one.group
    try:
        if told_by != "webhook":
            publisher_for(one.owner_id, one.group, one.extra)
            return told_by, "", ""
        from osmod.publishers.webhook import read_config  # late: it loads httpx

        return told_by, read_config(one.owner_id, one.extra).shown_url, ""
    except BadPublisherConfig as error:
        return told_by, "", str(error)
