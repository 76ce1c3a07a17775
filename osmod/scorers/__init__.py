"""Who scores: one file an endpoint type. `scorer_for` makes a scorer from a user's `extra`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from osmod.scorers.contract import BadScorerConfig, Question, Scorer, ScorerAway, ScorerError
from osmod.scorers.local import LocalScorer


def _perspective(user_id: int, config: Mapping[str, Any]) -> Scorer:
    from osmod.scorers.perspective import (
        PerspectiveScorer,
    )  # late: most processes need no httpx, which is large

    return PerspectiveScorer(user_id, config)


#: What makes a scorer of each `endpointType`, from its user id and config. Raises `BadScorerConfig`.
ENDPOINT_TYPES: Mapping[str, Callable[[int, Mapping[str, Any]], Scorer]] = {
    "local": LocalScorer,
    "perspective-api": _perspective,
}

__all__ = [
    "ENDPOINT_TYPES",
    "BadScorerConfig",
    "Question",
    "Scorer",
    "ScorerAway",
    "ScorerError",
    "scorer_for",
]


def scorer_for(user_id: int, config: Any) -> Scorer:
    """The scorer that `config` (a user's `extra`: an object, or one encoded again as a string) describes.

    The same scorer as long as the config stays the same; a changed config takes effect at the next call.

    Raises:
      BadScorerConfig: `config` describes none.
    """
    return _build(user_id, json.dumps(_decoded(user_id, config)))


@lru_cache(maxsize=64)
def _build(user_id: int, config: str) -> Scorer:
    fields = json.loads(config)
    endpoint_type = fields.get("endpointType")
    build = ENDPOINT_TYPES.get(endpoint_type) if isinstance(endpoint_type, str) else None
    if build is None:
        raise BadScorerConfig(
            f"scorer {user_id}: endpointType {endpoint_type!r} is not known; "
            f"set it in users.extra to one of {', '.join(ENDPOINT_TYPES)}"
        )
    return build(user_id, fields)


def _decoded(user_id: int, config: Any) -> dict[str, Any]:
    if not config:
        raise BadScorerConfig(
            f"scorer {user_id}: users.extra is empty; "
            'give it {"endpointType": …} and what that endpoint type needs, or switch the user off'
        )
    decoded = config
    try:
        while isinstance(decoded, str):
            decoded = json.loads(decoded)
    except (ValueError, RecursionError):
        decoded = None  # said below, with the value as it was found
    if not isinstance(decoded, dict):
        raise BadScorerConfig(
            f"scorer {user_id}: users.extra must be a JSON object, is {config!r:.80}; "
            'store {"endpointType": …} there'
        )
    return decoded
