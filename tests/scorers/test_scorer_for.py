"""From a user's `extra` to a scorer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from osmod.scorers import ENDPOINT_TYPES, BadScorerConfig, Limits, scorer_for

CONFIG = {
    "endpointType": "perspective-api",
    "endpoint": "https://scorer.example/analyze",
    "attributes": {"TOXICITY": {}},
}


def test_a_changed_config_takes_effect_at_once() -> None:
    """The same config gives the same scorer; a changed one gives another, without a restart."""
    scorer = scorer_for(1, dict(CONFIG))
    assert scorer_for(1, dict(CONFIG)) is scorer
    assert scorer_for(1, CONFIG | {"userAgent": "new"}) is not scorer
    assert scorer_for(2, CONFIG) is not scorer


def test_a_config_may_be_encoded_twice() -> None:
    """Some of OSMod's rows hold the object as a string of JSON."""
    assert scorer_for(1, json.dumps(json.dumps(CONFIG))) is scorer_for(1, CONFIG)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, 'scorer 1: users.extra is empty; give it {"endpointType": …}'),
        ({}, "scorer 1: users.extra is empty"),
        ("not json", "scorer 1: users.extra must be a JSON object, is a text of 8 characters that is none"),
        ("[" * 100_000, "scorer 1: users.extra must be a JSON object"),
        ([1], "scorer 1: users.extra must be a JSON object, is a list"),
        (
            {"endpointType": "proxxy"},
            "endpointType 'proxxy' is not known; set it in users.extra to one of assistant, local",
        ),
        ({"endpointType": ["local"]}, "endpointType ['local'] is not known"),
        ({"endpoint": "x"}, "endpointType None is not known"),
    ],
)
def test_a_config_without_a_known_endpoint_type_is_refused(config: Any, said: str) -> None:
    """The error says what is there and what to put in its place."""
    with pytest.raises(BadScorerConfig) as refused:
        scorer_for(1, config)
    assert said in str(refused.value)


@pytest.mark.parametrize("endpoint_type", ENDPOINT_TYPES)
def test_every_type_is_there(endpoint_type: str) -> None:
    """What the table names is made, or says what it lacks."""
    attributes: dict[str, Any] = {
        "perspective-api": {"TOXICITY": {}},
        "text-classification": {"x": "TOXICITY"},
    }
    config = {
        "endpointType": endpoint_type,
        "endpoint": "http://scorer.example",
        "attributes": attributes.get(endpoint_type),
    }
    assert replace(scorer_for(1, config).limits, batch=1) == Limits()


def test_a_key_in_a_config_that_is_no_json() -> None:
    """It is in no error."""
    with pytest.raises(BadScorerConfig) as refused:
        scorer_for(1, '{"apiKey": "the key", }')
    assert "the key" not in str(refused.value)
