"""From a config of the Perspective API, or of a service that answers as it does, to a scorer."""

from __future__ import annotations

from typing import Any

import pytest

from osmod.scorers import BadScorerConfig, Limits, scorer_for
from osmod.scorers.perspective import ANALYZE, PerspectiveScorer

CONFIG: dict[str, Any] = {
    "endpointType": "perspective-api",
    "endpoint": "https://scorer.example/analyze",
    "attributes": {"TOXICITY": {}},
}


def test_googles_limits_are_the_default_for_google_alone() -> None:
    """A service of one's own has none, unless it is given some."""
    at_google = {"attributes": {"TOXICITY": {}}, "endpoint": ANALYZE}
    assert Limits(1, 60) == PerspectiveScorer(3, at_google).limits
    more = PerspectiveScorer(3, at_google | {"limits": {"perSecond": 50, "perMinute": None}})
    assert Limits(50, None) == more.limits
    assert Limits() == PerspectiveScorer(3, at_google | {"endpoint": "http://own.example"}).limits


@pytest.mark.parametrize(
    "discovery",
    [
        "https://commentanalyzer.googleapis.com/$discovery/rest?version=v1alpha1",
        "https://commentanalyzer.googleapis.com/%24discovery/rest?version=v1alpha1",
        "https://commentanalyzer.googleapis.com/$discovery/rest",
        "http://commentanalyzer.googleapis.com/",
        "https://commentanalyzer.googleapis.com",
        "https://www.googleapis.com/discovery/v1/apis/commentanalyzer/v1alpha1/rest",
    ],
)
def test_the_known_services_discovery_document_stands_for_its_endpoint(discovery: str) -> None:
    """OSMod is configured with a discovery document; it is mapped, never fetched."""
    scorer = PerspectiveScorer(3, {"endpoint": discovery, "attributes": {"TOXICITY": {}}})
    assert scorer._endpoint._url == ANALYZE


def test_other_parameters_of_a_discovery_url_stay() -> None:
    """Only what belongs to discovery is dropped from the query."""
    endpoint = "https://commentanalyzer.googleapis.com/$discovery/rest?version=v1alpha1&quotaUser=osmod"
    scorer = PerspectiveScorer(3, {"endpoint": endpoint, "apiKey": "k", "attributes": {"TOXICITY": {}}})
    assert scorer._endpoint._url == ANALYZE + "?quotaUser=osmod&key=k"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"endpoint": None}, "endpoint in users.extra must be the http(s) URL that comments are posted to"),
        ({"endpoint": 5}, "endpoint in users.extra must be a text, is 5"),
        ({"endpoint": "ftp://example.com/x"}, "is 'ftp://example.com/x'; for the Perspective API that is"),
        ({"endpoint": "http://example.com:x"}, "is 'http://example.com:x'"),
        ({"endpoint": "http://u:secret@/x?key=secret"}, "is 'http:///x'"),
        ({"endpoint": "https://mine.example/$discovery/rest?version=v1"}, "is 'https://mine.example/$disc"),
        ({"apiKey": 12345}, "apiKey in users.extra must be a text, is a int"),
        ({"attributes": None}, "attributes in users.extra must be what to score"),
        ({"attributes": {}}, 'such as {"TOXICITY": {}}, is {}'),
        ({"attributes": ["TOXICITY"]}, "is ['TOXICITY']"),
        ({"attributes": {"TOXICITY": 1}}, "is {'TOXICITY': 1}"),
        ({"languages": "en"}, "languages in users.extra must be a list of texts, such as [\"en\"], is 'en'"),
        ({"doNotStore": "yes"}, "doNotStore in users.extra must be true or false, is 'yes'"),
        (
            {"limits": 5},
            "limits in users.extra must be an object with whole numbers from 1 to 1000000 for per",
        ),
        ({"limits": {"perSecond": 0}}, "is {'perSecond': 0}"),
        ({"limits": {"perHour": 5}}, "is {'perHour': 5}"),
    ],
)
def test_a_bad_config_is_refused_by_field_and_value(changes: dict[str, Any], said: str) -> None:
    """What cannot work is refused before any comment is sent, with the field, its value and the remedy."""
    with pytest.raises(BadScorerConfig) as refused:
        scorer_for(3, CONFIG | changes)
    assert str(refused.value).startswith("scorer 3: ")
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
