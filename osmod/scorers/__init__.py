"""Who scores: one file an endpoint type. `scorer_for` makes a scorer from a user's `extra`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from importlib import import_module
from typing import Any

from osmod.extra import decoded
from osmod.scorers.contract import (
    BadAnswer,
    BadScorerConfig,
    KeyRefused,
    Limits,
    Question,
    Scored,
    Scorer,
    ScorerAway,
    ScorerError,
    Throttled,
    Unscorable,
)

#: What makes a scorer of each `endpointType`, from its user id and config: `module:class`, imported when there is such
#: a scorer, as what some need is large. Raises `BadScorerConfig`.
ENDPOINT_TYPES: Mapping[str, str] = {
    "assistant": "osmod.scorers.assistant:AssistantScorer",
    "local": "osmod.scorers.local:LocalScorer",
    "openai-moderation": "osmod.scorers.openai_moderation:OpenaiModerationScorer",
    "perspective-api": "osmod.scorers.perspective:PerspectiveScorer",
    "text-classification": "osmod.scorers.text_classification:TextClassificationScorer",
}

__all__ = [
    "ENDPOINT_TYPES",
    "BadAnswer",
    "BadScorerConfig",
    "KeyRefused",
    "Limits",
    "Question",
    "Scored",
    "Scorer",
    "ScorerAway",
    "ScorerError",
    "Throttled",
    "Unscorable",
    "config_of",
    "deadline_of",
    "scorer_for",
]

#: How long a scorer may stay away, unless its config says otherwise.
DEADLINE = timedelta(hours=1)
#: Seconds: a week.
LONGEST_DEADLINE = 604_800


def scorer_for(user_id: int, config: Any) -> Scorer:
    """The scorer that `config` (a user's `extra`: an object, or one encoded again as a string) describes.

    The same scorer as long as the config stays the same; a changed config takes effect at the next call.

    Raises:
      BadScorerConfig: `config` describes none.
    """
    return _build(user_id, json.dumps(config_of(user_id, config)))


def deadline_of(user_id: int, config: Any) -> timedelta:
    """How long after a request was opened its scorer is given up: `deadline` in `config`, in seconds.

    Raises:
      BadScorerConfig: it is no such number.
    """
    seconds = config_of(user_id, config).get("deadline")
    if seconds is None:
        return DEADLINE
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, (int, float))
        or not 0 < seconds <= LONGEST_DEADLINE
    ):
        raise BadScorerConfig(
            f"scorer {user_id}: deadline in users.extra must be seconds, above 0 and at most {LONGEST_DEADLINE}, "
            f"is {seconds!r:.80}"
        )
    return timedelta(seconds=seconds)


@lru_cache(maxsize=64)
def _build(user_id: int, config: str) -> Scorer:
    fields = json.loads(config)
    endpoint_type = fields.get("endpointType")
    place = ENDPOINT_TYPES.get(endpoint_type) if isinstance(endpoint_type, str) else None
    if place is None:
        raise BadScorerConfig(
            f"scorer {user_id}: endpointType {endpoint_type!r} is not known; "
            f"set it in users.extra to one of {', '.join(ENDPOINT_TYPES)}"
        )
    module, _, name = place.partition(":")
    try:
        build: Callable[[int, Mapping[str, Any]], Scorer] = getattr(import_module(module), name)
        return build(user_id, fields)
    except BadScorerConfig:
        raise
    except Exception as error:
        raise BadScorerConfig(
            f"scorer {user_id}: {place} makes no scorer of users.extra, it fails with {type(error).__name__}; "
            "mend it, or switch the user off"
        ) from error


def config_of(user_id: int, config: Any) -> dict[str, Any]:
    """A user's `extra` as an object, whether it is one or was encoded again as a string.

    Raises:
      BadScorerConfig: it is neither.
    """
    if not config:
        raise BadScorerConfig(
            f"scorer {user_id}: users.extra is empty; "
            'give it {"endpointType": …} and what that endpoint type needs, or switch the user off'
        )
    fields = decoded(config)
    if not isinstance(fields, dict):
        raise BadScorerConfig(
            f"scorer {user_id}: users.extra must be a JSON object, is {_kind(config)}; "
            'store {"endpointType": …} there'
        )
    return fields


def _kind(config: Any) -> str:
    """What it is, without what it says: its key may stand anywhere in it."""
    if isinstance(config, str):
        return f"a text of {len(config)} characters that is none"
    return f"a {type(config).__name__}"
